/* What passes on datapaths share: a pass builds a new datapath, wire by wire, and puts it in the
 * place of the old one. */
#include "passes/rewrite.h"

#include <stdlib.h>
#include <string.h>

struct interval term_interval(const struct datapath *datapath, struct term term) {
    const struct wire *wire = &datapath->wires[term.wire.id];
    int128 factor = (int128)1 << abs(term.shift);
    struct interval x = {wire->lo * factor, wire->hi * factor};
    if (term.shift < 0) x = (struct interval){-(-(int128)wire->lo >> -term.shift), (int128)wire->hi >> -term.shift};
    return term.negative ? (struct interval){-x.hi, -x.lo} : x;
}

void term_list_push(struct arena *arena, struct term_list *list, struct term term) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 4;
        list->terms = arena_grow(arena, list->terms, list->capacity * sizeof term, capacity * sizeof term);
        list->capacity = capacity;
    }
    list->terms[list->count++] = term;
}

bool sum_is_safe(const struct datapath *datapath, const struct term *terms, uint32_t count, int128 constant) {
    const int128 limit = INT64_MAX;
    int128 most = constant > 0 ? constant : 0, least = constant < 0 ? constant : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct wire *wire = &datapath->wires[terms[i].wire.id];
        if (terms[i].shift > 62 && (wire->lo || wire->hi)) return false;
        struct interval x = term_interval(datapath, terms[i]);
        most += x.hi > 0 ? x.hi : 0;
        least += x.lo < 0 ? x.lo : 0;
        if (most > limit || least < -limit - 1) return false;
    }
    return most <= limit && least >= -limit - 1;
}

/* An operand whose interval got wider than the table: values that it never takes read the ends. */
static uint32_t table_covering(struct design *design, struct datapath *to, const struct table *table,
                               const struct wire *index) {
    int64_t last = table->first + (int64_t)table->count - 1;
    if (index->lo >= table->first && index->hi <= last) return datapath_table(design, to, table);
    struct table wide = {.first = index->lo < table->first ? index->lo : table->first};
    wide.count = (uint32_t)((index->hi > last ? index->hi : last) - wide.first + 1);
    wide.entries = ARENA_ARRAY(datapath_arena(design, to), int64_t, wide.count);
    for (uint32_t i = 0; i < wide.count; i++) {
        int64_t m = wide.first + (int64_t)i;
        wide.entries[i] = table->entries[m < table->first ? 0 : m > last ? table->count - 1 : m - table->first];
    }
    return datapath_table(design, to, &wide);
}

struct wire wire_mapped(struct design *design, const struct datapath *from, struct datapath *to,
                        const struct wire *wire, const wireref *map) {
    struct wire copy = *wire;
    copy.operands =
        arena_copy(datapath_arena(design, to), wire->operands, wire->operand_count * sizeof *wire->operands);
    for (uint32_t i = 0; i < copy.operand_count; i++) copy.operands[i].wire = map[copy.operands[i].wire.id];
    if (copy.op == WIRE_TABLE)
        copy.table = table_covering(design, to, &from->tables[copy.table], &to->wires[copy.operands[0].wire.id]);
    return copy;
}

static void map_ports(struct port *ports, uint32_t count, const wireref *map) {
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t e = 0; e < ports[i].element_count; e++)
            ports[i].elements[e].wire = map[ports[i].elements[e].wire.id];
}

void datapath_replace(struct design *design, const struct datapath *replacement, const wireref *map) {
    struct datapath *datapath = &design->datapath, old = *datapath;
    *datapath = *replacement;
    datapath_map_states(datapath, map);
    datapath->probes = old.probes;
    datapath->probe_count = old.probe_count;
    datapath->probe_capacity = old.probe_capacity;
    map_ports(design->inputs, design->input_count, map);
    map_ports(design->outputs, design->output_count, map);
    design_absorb_probes(design, &old, map);
    arena_free(old.arena);
    design_compact(design);
}
