/* The design: datapaths of scalar wires, appended operands first. Wires are values, never changed in
 * place: a pass that rewrites builds a new datapath from the old one. */
#include "ir/datapath_private.h"

#include <string.h>

const char *const wire_op_names[WIRE_OP_COUNT] = {
    [WIRE_INPUT] = "input", [WIRE_CONSTANT] = "constant", [WIRE_SUM] = "sum",
    [WIRE_LESS] = "less",   [WIRE_EQUAL] = "equal",       [WIRE_SELECT] = "select",
    [WIRE_TABLE] = "table", [WIRE_CLAMP] = "clamp",       [WIRE_SHIFT_RIGHT] = "shift_right",
    [WIRE_WRAP] = "wrap",   [WIRE_AND] = "and",           [WIRE_OR] = "or",
    [WIRE_XOR] = "xor",     [WIRE_NOT] = "not",           [WIRE_BEAT] = "beat",
    [WIRE_FIRST] = "first", [WIRE_STATE] = "state",       [WIRE_ITEM] = "item",
    [WIRE_DELAY] = "delay",
};

const char *const resource_names[RESOURCE_COUNT] = {[RESOURCE_BLOCK_RAM] = "block_ram"};

int wire_op_operands(enum wire_op op) {
    switch (op) {
    case WIRE_INPUT:
    case WIRE_BEAT:
    case WIRE_FIRST:
    case WIRE_CONSTANT: return 0;
    case WIRE_SUM: return -1;
    case WIRE_TABLE:
    case WIRE_CLAMP:
    case WIRE_SHIFT_RIGHT:
    case WIRE_WRAP:
    case WIRE_ITEM:
    case WIRE_DELAY:
    case WIRE_NOT: return 1;
    case WIRE_SELECT: return 3;
    default: return 2;
    }
}

struct design *design_new(const struct graph *graph, const char *name) {
    struct arena *arena = arena_new(graph->context);
    struct design *design = ARENA_NEW(arena, struct design);
    design->context = graph->context;
    design->arena = arena;
    design->graph = graph;
    design->name = arena_strdup(arena, name ? name : "");
    design->input_registers = design->output_registers = true;
    design->beats = design->interval = 1;
    return design;
}

void design_free(struct design *design) {
    if (!design) return;
    arena_free(design->datapath.arena);
    arena_free(design->arena);
}

int wire_width(const struct wire *wire) {
    return format_for((struct interval){wire->lo, wire->hi}, 0).width;
}

bool wire_is_by_beat(const struct datapath *datapath, const struct wire *wire) {
    return wire->op == WIRE_TABLE && datapath->wires[wire->operands[0].wire.id].op == WIRE_BEAT;
}

bool wire_is_source(const struct wire *wire) {
    return wire->op == WIRE_INPUT || wire->op == WIRE_BEAT || wire->op == WIRE_FIRST;
}

bool wire_is_signed(const struct wire *wire) {
    return wire->lo < 0;
}

int wire_read_cycle(const struct wire *wire) {
    return wire->cycle - wire->latency;
}

int wire_last_cycle(const struct design *design, const struct wire *wire) {
    return wire->every_beat ? wire->cycle + design->beats - 1 : wire->cycle;
}

static void check_operands(struct design *design, const struct datapath *datapath, const struct wire *wire) {
    int wanted = wire_op_operands(wire->op);
    if (wanted >= 0 && wire->operand_count != (uint32_t)wanted)
        context_bug(design->context, "wire %u: '%s' has %u operands", datapath->wire_count, wire_op_names[wire->op],
                    wire->operand_count);
    for (uint32_t i = 0; i < wire->operand_count; i++)
        if (wire->operands[i].wire.id >= datapath->wire_count)
            context_bug(design->context, "wire %u reads wire %u, which does not come before it", datapath->wire_count,
                        wire->operands[i].wire.id);
    if (wire->op != WIRE_TABLE) return;
    const struct table *table = wire->table < datapath->table_count ? &datapath->tables[wire->table] : NULL;
    const struct wire *index = &datapath->wires[wire->operands[0].wire.id];
    if (!table || index->lo < table->first || (int128)index->hi - table->first >= table->count)
        context_bug(design->context, "wire %u: the table does not cover its operand", datapath->wire_count);
}

struct arena *datapath_arena(struct design *design, struct datapath *datapath) {
    if (!datapath->arena) datapath->arena = arena_new(design->context);
    return datapath->arena;
}

static void datapath_reserve(struct datapath *datapath) {
    if (datapath->wire_count < datapath->wire_capacity) return;
    size_t old = datapath->wire_capacity, capacity = old ? 2 * old : 64;
    datapath->wires =
        arena_extend(datapath->arena, datapath->wires, old * sizeof(struct wire), capacity * sizeof(struct wire));
    datapath->forms = arena_extend(datapath->arena, datapath->forms, old * sizeof(struct linear_form),
                                   capacity * sizeof(struct linear_form));
    datapath->wire_capacity = (uint32_t)capacity;
}

/* Inputs say themselves when they come. */
static bool in_every_beat(const struct datapath *datapath, const struct wire *wire) {
    if (wire->op == WIRE_INPUT) return wire->every_beat;
    if (wire->op == WIRE_BEAT || wire->op == WIRE_FIRST || wire->op == WIRE_STATE) return true;
    for (uint32_t i = 0; wire->op != WIRE_ITEM && i < wire->operand_count; i++)
        if (datapath->wires[wire->operands[i].wire.id].every_beat) return true;
    return false;
}

wireref datapath_append(struct design *design, struct datapath *datapath, const struct wire *wire) {
    context_check(design->context);
    check_operands(design, datapath, wire);
    struct arena *arena = datapath_arena(design, datapath);
    struct wire added = *wire;
    added.every_beat = in_every_beat(datapath, wire);
    datapath_reserve(datapath);
    added.operands = arena_copy(arena, wire->operands, wire->operand_count * sizeof *wire->operands);
    struct interval interval = wire_interval(datapath, &added), linear;
    if (datapath_form(arena, datapath, &added, &linear)) {
        interval.lo = linear.lo > interval.lo ? linear.lo : interval.lo;
        interval.hi = linear.hi < interval.hi ? linear.hi : interval.hi;
    }
    if (interval.lo < INT64_MIN || interval.hi > INT64_MAX)
        context_bug(design->context, "wire %u ('%s') needs more than 64 bits", datapath->wire_count,
                    wire_op_names[wire->op]);
    added.lo = (int64_t)interval.lo;
    added.hi = (int64_t)interval.hi;
    datapath->wires[datapath->wire_count] = added;
    return (wireref){datapath->wire_count++};
}

wireref datapath_declare(struct design *design, struct datapath *datapath, const struct wire *wire) {
    struct arena *arena = datapath_arena(design, datapath);
    datapath_reserve(datapath);
    struct wire added = *wire;
    added.every_beat = in_every_beat(datapath, wire);
    datapath_form_of_itself(arena, datapath);
    datapath->wires[datapath->wire_count] = added;
    return (wireref){datapath->wire_count++};
}

void wire_add_origin(struct design *design, struct wire *wire, noderef node) {
    bool is_known =
        node.id == UINT32_MAX || node.id == wire->origin.id || (wire->also && wire->also->node.id == node.id);
    if (is_known) return;
    if (wire->origin.id == UINT32_MAX) {
        wire->origin = node;
        return;
    }
    struct origin_list *added = ARENA_NEW(design->arena, struct origin_list);
    *added = (struct origin_list){node, wire->also};
    wire->also = added;
}

void datapath_carry(struct datapath *datapath, wireref state, wireref next) {
    datapath->wires[state.id].next = next;
}

void datapath_map_states(struct datapath *datapath, const wireref *map) {
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        if (datapath->wires[i].op == WIRE_STATE) datapath->wires[i].next = map[datapath->wires[i].next.id];
}

wireref datapath_source(const struct datapath *datapath, wireref wire, int *beats) {
    for (*beats = 0; datapath->wires[wire.id].op == WIRE_ITEM; wire = datapath->wires[wire.id].operands[0].wire)
        *beats += datapath->wires[wire.id].amount;
    return wire;
}

wireref datapath_undelayed(const struct datapath *datapath, wireref wire) {
    while (datapath->wires[wire.id].op == WIRE_DELAY) wire = datapath->wires[wire.id].operands[0].wire;
    return wire;
}

bool datapath_find_table(const struct datapath *datapath, const struct table *table, uint32_t *id) {
    for (*id = 0; *id < datapath->table_count; ++*id) {
        const struct table *old = &datapath->tables[*id];
        if (old->first == table->first && old->count == table->count &&
            memcmp(old->entries, table->entries, table->count * sizeof *table->entries) == 0)
            return true;
    }
    return false;
}

uint32_t datapath_table(struct design *design, struct datapath *datapath, const struct table *table) {
    uint32_t id;
    return datapath_find_table(datapath, table, &id) ? id : datapath_add_table(design, datapath, table);
}

uint32_t datapath_add_table(struct design *design, struct datapath *datapath, const struct table *table) {
    struct arena *arena = datapath_arena(design, datapath);
    if (datapath->table_count == datapath->table_capacity) {
        size_t old = datapath->table_capacity, capacity = old ? 2 * old : 16;
        datapath->tables =
            arena_extend(arena, datapath->tables, old * sizeof(struct table), capacity * sizeof(struct table));
        datapath->table_capacity = (uint32_t)capacity;
    }
    struct table *added = &datapath->tables[datapath->table_count];
    *added = *table;
    added->entries = arena_copy(arena, table->entries, table->count * sizeof *table->entries);
    return datapath->table_count++;
}

void datapath_probe(struct design *design, struct datapath *datapath, struct probe probe) {
    if (datapath->probe_count == datapath->probe_capacity) {
        size_t old = datapath->probe_capacity, capacity = old ? 2 * old : 64;
        datapath->probes =
            arena_extend(design->arena, datapath->probes, old * sizeof(struct probe), capacity * sizeof(struct probe));
        datapath->probe_capacity = (uint32_t)capacity;
    }
    datapath->probes[datapath->probe_count++] = probe;
}

static void mark_used(const struct datapath *datapath, const struct design *design, bool *used) {
    for (uint32_t port = 0; port < design->output_count; port++)
        for (uint32_t e = 0; e < design->outputs[port].element_count; e++)
            used[design->outputs[port].elements[e].wire.id] = true;
    for (uint32_t port = 0; port < design->input_count; port++)
        for (uint32_t e = 0; e < design->inputs[port].element_count; e++)
            used[design->inputs[port].elements[e].wire.id] = true;
    for (bool again = true; again;) { /* what a state carries on may come after it */
        again = false;
        for (uint32_t i = datapath->wire_count; i-- > 0;) {
            const struct wire *wire = &datapath->wires[i];
            for (uint32_t k = 0; used[i] && k < wire->operand_count; k++) used[wire->operands[k].wire.id] = true;
            if (!used[i] || wire->op != WIRE_STATE || used[wire->next.id]) continue;
            used[wire->next.id] = again = true;
        }
    }
}

static void renumber_ports(struct port *ports, uint32_t count, const wireref *map) {
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t e = 0; e < ports[i].element_count; e++)
            ports[i].elements[e].wire = map[ports[i].elements[e].wire.id];
}

/* ---- probes that lose their wires ---- */

struct absorption {
    const struct datapath *old;
    const wireref *map;
    const bool *used;  /* wires of the new datapath */
    uint32_t *probe;   /* by old wire: the first probe on it that stays, + 1 */
    uint32_t *heir;    /* by old wire: the nearest wire behind it that has one, + 1 */
    uint32_t *carrier; /* by old wire: the first sum that is nothing but it, shifted, and a constant, + 1 */
};

static bool stays(const struct absorption *absorption, wireref old) {
    wireref new = absorption->map[old.id];
    return new.id != UINT32_MAX && absorption->used[new.id];
}

static void find_heirs(const struct absorption *absorption) {
    for (uint32_t i = absorption->old->wire_count; i-- > 0;) {
        const struct wire *wire = &absorption->old->wires[i];
        uint32_t heir = absorption->probe[i] ? i + 1 : absorption->heir[i];
        bool carries = wire->op == WIRE_SUM && wire->operand_count == 1 &&
                       (stays(absorption, (wireref){i}) || absorption->carrier[i]);
        if (carries) absorption->carrier[wire->operands[0].wire.id] = i + 1;
        for (uint32_t k = 0; heir && k < wire->operand_count; k++) {
            uint32_t *of = &absorption->heir[wire->operands[k].wire.id];
            *of = *of && *of < heir ? *of : heir;
        }
    }
}

/* The same value, read off a sum s = c +- (wire << k) instead of the wire; false where numbers get too large. */
static bool move_probe(struct probe *probe, uint32_t to, const struct wire *sum) {
    struct term term = sum->operands[0];
    int128 offset = (int128)probe->offset * ((int128)1 << term.shift);
    offset = sum->constant + (term.negative ? -offset : offset);
    if (offset < INT64_MIN || offset > INT64_MAX) return false;
    probe->wire.id = to;
    probe->offset = (int64_t)offset;
    probe->shift -= term.shift;
    probe->negative ^= term.negative;
    return true;
}

/* The probe in the new datapath, or absorbed. */
static void settle_probe(const struct absorption *absorption, const struct probe *probes, struct probe *probe) {
    uint32_t heir = absorption->heir[probe->wire.id];
    struct probe moved = *probe;
    bool follows = true;
    while (follows && !stays(absorption, moved.wire)) {
        uint32_t carrier = absorption->carrier[moved.wire.id];
        follows = carrier && move_probe(&moved, carrier - 1, &absorption->old->wires[carrier - 1]);
    }
    if (follows) {
        *probe = moved;
        probe->wire = absorption->map[moved.wire.id];
        return;
    }
    probe->wire = NO_WIRE;
    probe->absorber = heir ? probes[absorption->probe[heir - 1] - 1].value : NO_VALUE;
}

void design_absorb_probes(struct design *design, const struct datapath *old, const wireref *map) {
    struct datapath *datapath = &design->datapath;
    struct arena *scratch = arena_new(design->context);
    size_t count = (size_t)old->wire_count + 1;
    bool *used = ARENA_ARRAY(scratch, bool, datapath->wire_count + 1);
    struct absorption absorption = {.old = old,
                                    .map = map,
                                    .used = used,
                                    .probe = ARENA_ARRAY(scratch, uint32_t, count),
                                    .heir = ARENA_ARRAY(scratch, uint32_t, count),
                                    .carrier = ARENA_ARRAY(scratch, uint32_t, count)};
    mark_used(datapath, design, used);
    for (uint32_t i = datapath->probe_count; i-- > 0;) {
        wireref wire = datapath->probes[i].wire;
        if (wire.id != UINT32_MAX && stays(&absorption, wire)) absorption.probe[wire.id] = i + 1;
    }
    find_heirs(&absorption);
    struct probe *before = arena_copy(scratch, datapath->probes, datapath->probe_count * sizeof *before);
    for (uint32_t i = 0; i < datapath->probe_count; i++)
        if (datapath->probes[i].wire.id != UINT32_MAX) settle_probe(&absorption, before, &datapath->probes[i]);
    arena_free(scratch);
}

int64_t probe_value(const struct probe *probe, int64_t wire) {
    uint64_t difference = (uint64_t)wire - (uint64_t)probe->offset;
    int64_t value = probe->shift >= 0 ? (int64_t)(difference << probe->shift) : (int64_t)difference >> -probe->shift;
    return probe->negative ? (int64_t) - (uint64_t)value : value;
}

void design_compact(struct design *design) {
    struct datapath old = design->datapath, *new = &design->datapath;
    struct arena *scratch = arena_new(design->context);
    bool *used = ARENA_ARRAY(scratch, bool, old.wire_count + 1);
    wireref *map = ARENA_ARRAY(scratch, wireref, old.wire_count + 1);
    mark_used(&old, design, used);
    *new =
        (struct datapath){.probes = old.probes, .probe_count = old.probe_count, .probe_capacity = old.probe_capacity};
    for (uint32_t i = 0; i < old.wire_count; i++) {
        map[i] = NO_WIRE;
        struct wire wire = old.wires[i];
        if (!used[i]) continue;
        if (wire.op == WIRE_TABLE) wire.table = datapath_table(design, new, &old.tables[wire.table]);
        for (uint32_t k = 0; k < wire.operand_count; k++) wire.operands[k].wire = map[wire.operands[k].wire.id];
        map[i] = datapath_append(design, new, &wire);
    }
    datapath_map_states(new, map);
    renumber_ports(design->inputs, design->input_count, map);
    renumber_ports(design->outputs, design->output_count, map);
    for (uint32_t i = 0; i < new->probe_count; i++) {
        if (new->probes[i].wire.id == UINT32_MAX) continue;
        new->probes[i].wire = map[new->probes[i].wire.id];
        if (new->probes[i].wire.id == UINT32_MAX) new->probes[i].absorber = NO_VALUE; /* nobody read it */
    }
    arena_free(old.arena);
    arena_free(scratch);
}
