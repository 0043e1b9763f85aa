/* Sums into sums: a sum that only one sum reads (a bias, a rounding constant, a residual) becomes
 * part of it, and a sum of one term (a negation, an offset, 2x - 1 of a bit) part of every sum that
 * reads it. Before trees of three-term adders also shared pairs that their readers have room for. It
 * happens only where every partial sum still fits 64 bits. */
#include "passes/rewrite.h"

#include <string.h>

struct merge {
    struct design *design;
    struct arena *scratch;
    struct datapath *from, to;
    wireref *map;
    uint32_t *uses, *reader; /* by operands of sums; the last of them */
    bool *elsewhere;         /* read by something that is no sum */
    bool *pairs;             /* given up into each of its readers */
    bool *apart;             /* a sum that takes no other in */
    struct term_list *forms; /* of sums: terms in the new datapath */
};

/* A sum that adds to a state: no more than that may stand in its one beat. And one to which a few bits are added by the
 * beat: behind another they cost a LUT each, as a term of it an adder of its width. */
static bool keeps_apart(const struct datapath *datapath, const struct wire *sum, uint32_t operand) {
    const struct wire *wire = &datapath->wires[operand];
    if (sum->op != WIRE_SUM) return false;
    return wire->op == WIRE_STATE || (wire_is_by_beat(datapath, wire) && 2 * wire_width(wire) <= wire_width(sum));
}

static void count_uses(struct merge *m) {
    const struct datapath *datapath = m->from;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++) {
            uint32_t operand = datapath->wires[i].operands[k].wire.id;
            if (datapath->wires[i].op == WIRE_SUM) {
                m->uses[operand]++;
                m->reader[operand] = i;
            } else
                m->elsewhere[operand] = true;
            m->apart[i] |= keeps_apart(datapath, &datapath->wires[i], operand);
        }
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        if (datapath->wires[i].op == WIRE_STATE) m->elsewhere[datapath->wires[i].next.id] = true;
    for (uint32_t p = 0; p < m->design->output_count; p++)
        for (uint32_t e = 0; e < m->design->outputs[p].element_count; e++)
            m->elsewhere[m->design->outputs[p].elements[e].wire.id] = true;
}

static bool is_single(const struct merge *m, uint32_t wire) {
    return m->uses[wire] == 1 && !m->elsewhere[wire];
}

static bool is_inlined(const struct merge *m, uint32_t wire) {
    return m->from->wires[wire].op == WIRE_SUM && (m->pairs[wire] || m->forms[wire].count <= 1 || is_single(m, wire));
}

/* Of this reader; a sum of one term costs nothing wherever it is. */
static bool is_part(const struct merge *m, const struct wire *reader, uint32_t wire) {
    return is_inlined(m, wire) && (!m->apart[reader - m->from->wires] || m->forms[wire].count <= 1);
}

/* A sum that begins with another one that nobody else reads goes on in its list, so that chains of sums cost what they
 * have and not what each of them has. */
static bool goes_on(const struct merge *m, const struct wire *wire) {
    const struct term *first = &wire->operands[0];
    return wire->operand_count && is_single(m, first->wire.id) && is_part(m, wire, first->wire.id) && !first->shift &&
           !first->negative;
}

/* The sum over wires that are not inlined; into `form`, terms in the scratch arena. */
static void expand(struct merge *m, const struct wire *wire, struct term_list *form) {
    uint32_t from = goes_on(m, wire);
    *form = from ? m->forms[wire->operands[0].wire.id] : (struct term_list){0};
    form->constant += wire->constant;
    for (uint32_t i = from; i < wire->operand_count; i++) {
        struct term outer = wire->operands[i];
        if (!is_part(m, wire, outer.wire.id)) {
            outer.wire = m->map[outer.wire.id];
            term_list_push(m->scratch, form, outer);
            continue;
        }
        const struct term_list *inner = &m->forms[outer.wire.id];
        int128 constant = inner->constant * ((int128)1 << outer.shift);
        form->constant += outer.negative ? -constant : constant;
        for (uint32_t k = 0; k < inner->count; k++) {
            struct term term = inner->terms[k];
            term.shift = (int8_t)(term.shift + outer.shift);
            term.negative ^= outer.negative;
            term_list_push(m->scratch, form, term);
        }
    }
}

/* Of merged sums the one with the most terms names the origin. */
static void choose_origin(const struct merge *m, const struct wire *wire, struct wire *merged) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        uint32_t operand = wire->operands[i].wire.id;
        if (is_part(m, wire, operand) && !m->pairs[operand] && m->forms[operand].count > most) {
            most = m->forms[operand].count;
            merged->origin = m->to.wires[m->map[operand].id].origin;
            merged->element = m->to.wires[m->map[operand].id].element;
        }
    }
}

/* The sum itself is read no more, whatever it then looks like. */
static bool is_given_to_reader(const struct merge *m, uint32_t id) {
    return is_single(m, id) && !m->apart[m->reader[id]];
}

/* Sums that it takes in were part of other nodes. */
static void add_origins(struct merge *m, const struct wire *wire, struct wire *merged) {
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        uint32_t operand = wire->operands[i].wire.id;
        if (!is_part(m, wire, operand) || !is_given_to_reader(m, operand)) continue;
        const struct wire *part = &m->to.wires[m->map[operand].id];
        wire_add_origin(m->design, merged, part->origin);
        for (const struct origin_list *also = part->also; also; also = also->next)
            wire_add_origin(m->design, merged, also->node);
    }
    wire_add_origin(m->design, merged, wire->origin);
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
            add_origins(m, wire, &copy);
            if (!is_given_to_reader(m, id)) {
                copy.operands = form->terms;
                copy.operand_count = form->count;
                copy.constant = (int64_t)form->constant;
            }
        } else
            *form = (struct term_list){.terms = copy.operands, .count = copy.operand_count, .constant = copy.constant};
    }
    m->map[id] = datapath_append(m->design, &m->to, &copy);
}

/* ---- pairs that cost more than they save ---- */

/* In adders of three terms a sum of an even number has room for one more. A shared pair whose readers
 * all have room is better given up: its adder goes, and none comes. */
struct room {
    uint32_t *terms;        /* of each sum, with what merges into it */
    uint32_t *first, *next; /* readers of a wire: operand slots, by wire and by slot; 0: none, else slot + 1 */
    uint32_t *reader;       /* by slot */
};

static struct room find_room(const struct merge *m, struct arena *scratch) {
    const struct datapath *datapath = m->from;
    size_t wires = (size_t)datapath->wire_count + 1, slots = 0;
    for (uint32_t i = 0; i < datapath->wire_count; i++) slots += datapath->wires[i].operand_count;
    struct room room = {ARENA_ARRAY(scratch, uint32_t, wires), ARENA_ARRAY(scratch, uint32_t, wires),
                        ARENA_ARRAY(scratch, uint32_t, slots + 1), ARENA_ARRAY(scratch, uint32_t, slots + 1)};
    uint32_t slot = 0;
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        room.terms[i] = datapath->wires[i].operand_count;
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++, slot++) {
            uint32_t operand = datapath->wires[i].operands[k].wire.id;
            if (datapath->wires[i].op == WIRE_SUM && datapath->wires[operand].op == WIRE_SUM && is_single(m, operand))
                room.terms[i] += room.terms[operand] - 1;
            room.reader[slot] = i;
            room.next[slot] = room.first[operand];
            room.first[operand] = slot + 1;
        }
    }
    return room;
}

static bool is_given_up(const struct merge *m, const struct room *room, uint32_t id) {
    const struct wire *wire = &m->from->wires[id];
    int room_needed = 0;
    if (wire->op != WIRE_SUM || wire->constant || wire->operand_count != 2 || room->terms[id] != 2 ||
        m->elsewhere[id] || m->uses[id] < 2)
        return false;
    for (uint32_t at = room->first[id]; at; at = room->next[at - 1]) {
        uint32_t reader = room->reader[at - 1];
        bool twice = room->next[at - 1] && room->reader[room->next[at - 1] - 1] == reader;
        if (m->pairs[reader] || is_single(m, reader) || twice || room->terms[reader] % 2) return false;
        room_needed += 2; /* bits by which an adder of three terms is wider */
    }
    return room_needed < wire_width(wire);
}

static void choose_pairs(struct merge *m, struct arena *scratch) {
    struct room room = find_room(m, scratch);
    for (uint32_t i = m->from->wire_count; i-- > 0;) {
        if (!is_given_up(m, &room, i)) continue;
        m->pairs[i] = true;
        for (uint32_t at = room.first[i]; at; at = room.next[at - 1]) room.terms[room.reader[at - 1]]++;
    }
}

static void merge(struct design *design, bool pairs) {
    struct arena *scratch = arena_new(design->context);
    struct merge m = {.design = design, .scratch = scratch, .from = &design->datapath};
    size_t count = m.from->wire_count + 1;
    m.map = ARENA_ARRAY(scratch, wireref, count);
    m.uses = ARENA_ARRAY(scratch, uint32_t, count);
    m.reader = ARENA_ARRAY(scratch, uint32_t, count);
    m.elsewhere = ARENA_ARRAY(scratch, bool, count);
    m.pairs = ARENA_ARRAY(scratch, bool, count);
    m.apart = ARENA_ARRAY(scratch, bool, count);
    m.forms = ARENA_ARRAY(scratch, struct term_list, count);
    count_uses(&m);
    if (pairs) choose_pairs(&m, scratch);
    for (uint32_t i = 0; i < m.from->wire_count; i++) merge_one(&m, i);
    datapath_replace(design, &m.to, m.map);
    arena_free(scratch);
}

void merge_sums(struct design *design) {
    merge(design, false);
}

void merge_pairs(struct design *design) {
    merge(design, true);
}
