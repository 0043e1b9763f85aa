/* Sums into sums: a sum that only one sum reads (a bias, a rounding constant, a residual) becomes
 * part of it, and a sum of one term (a negation, an offset, 2x - 1 of a bit) part of every sum that
 * reads it. It happens only where every partial sum still fits 64 bits. */
#include "passes/lower.h"

#include <string.h>

struct merge {
    struct design *design;
    struct datapath *from, to;
    wireref *map;
    uint32_t *uses;          /* by operands of sums */
    bool *elsewhere;         /* read by something that is no sum */
    struct term_list *forms; /* of sums: terms in the new datapath */
};

static void count_uses(struct merge *m) {
    const struct datapath *datapath = m->from;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++) {
            uint32_t operand = datapath->wires[i].operands[k].wire.id;
            if (datapath->wires[i].op == WIRE_SUM)
                m->uses[operand]++;
            else
                m->elsewhere[operand] = true;
        }
    for (uint32_t p = 0; p < m->design->output_count; p++)
        for (uint32_t e = 0; e < m->design->outputs[p].element_count; e++)
            m->elsewhere[m->design->outputs[p].elements[e].wire.id] = true;
}

static bool is_inlined(const struct merge *m, uint32_t wire) {
    return m->from->wires[wire].op == WIRE_SUM &&
           (m->forms[wire].count <= 1 || (m->uses[wire] == 1 && !m->elsewhere[wire]));
}

/* The sum over wires that are not inlined; into `form`, terms in the design's arena. */
static void expand(struct merge *m, const struct wire *wire, struct term_list *form) {
    uint32_t size = 0;
    for (uint32_t i = 0; i < wire->operand_count; i++)
        size += is_inlined(m, wire->operands[i].wire.id) ? m->forms[wire->operands[i].wire.id].count : 1;
    *form = (struct term_list){.terms = ARENA_ARRAY(m->design->arena, struct term, size + 1), .constant = wire->constant};
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term outer = wire->operands[i];
        if (!is_inlined(m, outer.wire.id)) {
            outer.wire = m->map[outer.wire.id];
            form->terms[form->count++] = outer;
            continue;
        }
        const struct term_list *inner = &m->forms[outer.wire.id];
        int128 constant = inner->constant * ((int128)1 << outer.shift);
        form->constant += outer.negative ? -constant : constant;
        for (uint32_t k = 0; k < inner->count; k++) {
            struct term term = inner->terms[k];
            term.shift = (uint8_t)(term.shift + outer.shift);
            term.negative ^= outer.negative;
            form->terms[form->count++] = term;
        }
    }
}

/* Of merged sums the one with the most terms names the origin. */
static void choose_origin(const struct merge *m, const struct wire *wire, struct wire *merged) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        uint32_t operand = wire->operands[i].wire.id;
        if (is_inlined(m, operand) && m->forms[operand].count > most) {
            most = m->forms[operand].count;
            merged->origin = m->to.wires[m->map[operand].id].origin;
            merged->element = m->to.wires[m->map[operand].id].element;
        }
    }
}

static void merge_one(struct merge *m, uint32_t id) {
    const struct wire *wire = &m->from->wires[id];
    struct wire copy = wire_mapped(m->design, m->from, &m->to, wire, m->map);
    if (wire->op == WIRE_SUM) {
        struct term_list *form = &m->forms[id];
        expand(m, wire, form);
        bool fits = form->constant >= INT64_MIN && form->constant <= INT64_MAX;
        if (fits && sum_is_safe(&m->to, form->terms, form->count, form->constant)) {
            choose_origin(m, wire, &copy);
            copy.operands = form->terms;
            copy.operand_count = form->count;
            copy.constant = (int64_t)form->constant;
        } else
            *form = (struct term_list){.terms = copy.operands, .count = copy.operand_count, .constant = copy.constant};
    }
    m->map[id] = datapath_append(m->design, &m->to, &copy);
}

void merge_sums(struct design *design) {
    struct merge m = {.design = design, .from = &design->blocks[0].datapath};
    struct arena *scratch = arena_new(design->context);
    size_t count = m.from->wire_count + 1;
    m.map = ARENA_ARRAY(scratch, wireref, count);
    m.uses = ARENA_ARRAY(scratch, uint32_t, count);
    m.elsewhere = ARENA_ARRAY(scratch, bool, count);
    m.forms = ARENA_ARRAY(scratch, struct term_list, count);
    count_uses(&m);
    for (uint32_t i = 0; i < m.from->wire_count; i++)
        merge_one(&m, i);
    datapath_replace(design, &m.to, m.map);
    arena_free(scratch);
}
