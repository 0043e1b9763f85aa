/* Items in beats: lane l of a value is one wire an element, which in beat b is that element of item b * lanes + l. The
 * operators are lowered item by item as ever; since all items of a lane read the same wires, they become the same
 * wires, and where the items differ (formats or constants by position, a last beat with fewer of them) the beat
 * chooses. Values once an event and values in every beat meet in four ways: an item of a beat; a value that is held
 * over the beats; elements that are shifted out one item after the other; and sums and maxima over the beats. */
#include "passes/lower_beats.h"
#include "ir/geometry.h"

#include <string.h>

static const struct beat_plan *plan_of(const struct lower *lower) {
    return &lower->beats->plan;
}

static size_t element_count(const struct lower *lower, valref value) {
    return shape_elements(&graph_value(lower->graph, value)->shape);
}

static int beat_of(const struct lower *lower, uint32_t item) {
    return (int)(item / plan_of(lower)->lanes);
}

/* ---- from once an event to every beat ---- */

/* In the first beat `initial`, later what `next` was in the beat before; NO_WIRE: itself. */
static wireref state_wire(struct lower *lower, wireref initial, struct interval interval, wireref next) {
    struct format format = format_for(interval, 0);
    struct term operands[2] = {{.wire = lower_first_beat(lower)}, {.wire = initial}};
    struct wire state = {.op = WIRE_STATE,
                         .operands = operands,
                         .operand_count = 2,
                         .lo = format_min(format),
                         .hi = format_max(format),
                         .origin = lower->origin,
                         .element = lower->element,
                         .cycle = -1};
    wireref made = datapath_append(lower->design, lower->datapath, &state);
    datapath_carry(lower->datapath, made, next.id == UINT32_MAX ? made : next);
    return made;
}

static struct interval interval_of(const struct lower *lower, wireref wire) {
    return (struct interval){lower->datapath->wires[wire.id].lo, lower->datapath->wires[wire.id].hi};
}

/* Terms once an event, one a beat: all are taken in the first beat, and each is handed on to the beat before it. */
static struct term shifted_out(struct lower *lower, const struct term *terms) {
    struct interval all = {0, 0};
    wireref next = NO_WIRE;
    for (uint32_t b = beat_count(lower); b-- > 0;) {
        if (terms[b].wire.id == UINT32_MAX) continue;
        wireref wire = lower_plain(lower, terms[b]);
        bool is_last = next.id == UINT32_MAX;
        all = is_last ? interval_of(lower, wire) : interval_join(all, interval_of(lower, wire));
        next = state_wire(lower, wire, all, next);
    }
    return (struct term){.wire = next};
}

static bool all_constants(const struct lower *lower, const struct term *terms) {
    int64_t constant;
    for (uint32_t b = 0; b < beat_count(lower); b++)
        if (terms[b].wire.id != UINT32_MAX && !lower_is_constant(lower, terms[b], &constant)) return false;
    return true;
}

/* The same term in every beat is one that is held. */
static struct term held(struct lower *lower, struct term term) {
    int64_t constant;
    if (lower_is_constant(lower, term, &constant)) return term;
    term.wire = state_wire(lower, term.wire, interval_of(lower, term.wire), NO_WIRE);
    return term;
}

/* ---- from every beat to once an event ---- */

/* Of a wire, where its term lies in `known`. */
static struct interval known_of_wire(struct term term, struct interval known) {
    if (term.negative) known = (struct interval){-known.hi, -known.lo};
    int128 down = (int128)1 << (term.shift < 0 ? -term.shift : 0);
    if (term.shift < 0) return (struct interval){known.lo * down, known.hi * down};
    int128 up = ((int128)1 << term.shift) - 1;
    return (struct interval){(known.lo + up) >> term.shift, known.hi >> term.shift};
}

static struct term item_of(struct lower *lower, struct term term, int beat, struct interval known) {
    int64_t constant;
    const struct wire *wire = &lower->datapath->wires[term.wire.id];
    if (lower_is_constant(lower, term, &constant) || !wire->every_beat) return term;
    struct interval of_wire = known_of_wire(term, known);
    if (known.lo == known.hi) return lower_constant(lower, (int64_t)known.lo);
    struct term operand = {.wire = term.wire};
    struct wire item = {.op = WIRE_ITEM,
                        .operands = &operand,
                        .operand_count = 1,
                        .amount = beat,
                        .lo = of_wire.lo > wire->lo ? (int64_t)of_wire.lo : wire->lo,
                        .hi = of_wire.hi < wire->hi ? (int64_t)of_wire.hi : wire->hi};
    term.wire = lower_wire(lower, item);
    return term;
}

struct term *lower_collected(struct lower *lower, valref value) {
    const uint32_t *item = lower->beats ? plan_of(lower)->item[value.id] : NULL;
    if (!item) return lower->elements[value.id];
    struct term **collected = &lower->beats->collected[value.id];
    if (*collected) return *collected;
    size_t count = element_count(lower, value);
    *collected = ARENA_ARRAY(lower->scratch, struct term, count + 1);
    for (size_t e = 0; e < count; e++)
        (*collected)[e] = item_of(lower, lower->elements[value.id][e], beat_of(lower, item[e]),
                                  graph_interval(lower->graph, value, e));
    return *collected;
}

static struct term shift_or_look_up(struct lower *lower, struct term *terms) {
    return all_constants(lower, terms) ? lower_choice_by_beat(lower, terms) : shifted_out(lower, terms);
}

/* A whole operand of a node that is served by items. */
static struct term *spread_operand(struct lower *lower, const struct node *node, uint32_t operand) {
    valref value = node->inputs[operand];
    size_t count = element_count(lower, value);
    bool constant = graph_integers(lower->graph, value) != NULL;
    /* a product with a constant is cheaper made for each of its values than with their table */
    if (constant && (node->op == OP_MUL || node->op == OP_MATMUL)) return lower->elements[value.id];
    uint32_t *read_for = beats_read_for(plan_of(lower), lower->graph, node, operand, lower->scratch);
    if (constant && !read_for) return lower->elements[value.id];
    struct term *out = ARENA_ARRAY(lower->scratch, struct term, count + 1);
    if (read_for) {
        lower_join_lanes(lower, value, read_for, lower->elements[value.id], out, shift_or_look_up);
        return out;
    }
    struct term **kept = &lower->beats->held[value.id];
    if (!*kept) {
        for (size_t e = 0; e < count; e++) out[e] = held(lower, lower->elements[value.id][e]);
        *kept = out;
    }
    return *kept;
}

/* ---- over the items ---- */

/* Both end with what is carried from beat to beat as the result needs it, modulo its bits. */
static wireref accumulate_sum(struct lower *lower, struct term term, struct interval known) {
    struct format format = format_for(known, 0);
    wireref zero = lower_constant(lower, 0).wire, state = state_wire(lower, zero, known, NO_WIRE);
    struct term_list list = {0};
    term_list_add(lower, &list, (struct term){.wire = state}, 1, 0);
    term_list_add(lower, &list, term, 1, 0);
    wireref sum = lower_wrap(lower, lower_plain(lower, lower_sum(lower, &list)), format.width, format.is_signed);
    datapath_carry(lower->datapath, state, sum);
    return sum;
}

static wireref accumulate_maximum(struct lower *lower, struct term term) {
    wireref x = lower_plain(lower, term);
    struct format format = format_for(interval_of(lower, x), 0);
    wireref least = lower_constant(lower, format_min(format)).wire;
    wireref state = state_wire(lower, least, interval_of(lower, x), NO_WIRE);
    struct term larger = lower_apply(lower, WIRE_LESS, state, x);
    wireref most = lower_select(lower, larger.wire, (struct term){.wire = x}, (struct term){.wire = state}).wire;
    datapath_carry(lower->datapath, state, most);
    return most;
}

static struct term over_items(struct lower *lower, const struct axis_reduction *reduction, size_t result) {
    const struct beat_plan *plan = plan_of(lower);
    valref x = lower->node->inputs[0];
    struct interval known = graph_interval(lower->graph, lower->node->result, result);
    struct term *terms = ARENA_ARRAY(lower->scratch, struct term, plan->beats);
    uint32_t *elements = ARENA_ARRAY(lower->scratch, uint32_t, reduction->length);
    int fraction = lower_reduced_fraction(lower, reduction, result);
    if (known.lo == known.hi) return lower_constant(lower, (int64_t)known.lo);
    for (uint32_t b = 0; b < plan->beats; b++) {
        uint32_t count = 0;
        for (size_t k = 0; k < reduction->length; k++) {
            uint32_t element = (uint32_t)reduction_element(reduction, result, k);
            if (beat_of(lower, plan->item[x.id][element]) == (int)b) elements[count++] = element;
        }
        terms[b] = lower_reduced(lower, elements, count, fraction);
    }
    struct term term = lower_choice_by_beat(lower, terms);
    bool is_sum = lower->node->op == OP_REDUCE_SUM;
    wireref carried = is_sum ? accumulate_sum(lower, term, known) : accumulate_maximum(lower, term);
    return item_of(lower, (struct term){.wire = carried}, (int)plan->beats - 1, known);
}

static void lower_over_items(struct lower *lower, struct term *out) {
    const struct value *x = graph_value(lower->graph, lower->node->inputs[0]);
    struct axis_reduction reduction = reduction_geometry(&x->shape, lower->node->attributes.axis.axis);
    for (size_t e = 0; e < reduction.outer * reduction.inner && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        out[e] = over_items(lower, &reduction, e);
    }
}

/* ---- nodes ---- */

/* The wires of an input whose items arrive in beats: one a slot. */
static void lower_beat_port(struct lower *lower, uint32_t port, const uint32_t *item, struct term *out) {
    struct lane_walk walk = lower_lanes(lower, lower->node->result, item);
    for (uint32_t slot = 0; lower_next_lane(lower, &walk); slot++) {
        struct interval all = {0, 0}; /* which every format holds */
        for (uint32_t b = 0; b < beat_count(lower); b++)
            if (has_item(&walk, b))
                all = interval_join(all, format_interval(graph_format(lower->graph, walk.value, walk.at[b])));
        struct wire wire = {.op = WIRE_INPUT,
                            .table = port,
                            .every_beat = true,
                            .amount = (int32_t)slot,
                            .lo = (int64_t)all.lo,
                            .hi = (int64_t)all.hi};
        lower->element = walk.at[0];
        wireref made = wire.lo == wire.hi ? lower_constant(lower, 0).wire : lower_wire(lower, wire);
        for (uint32_t b = 0; b < beat_count(lower); b++)
            if (has_item(&walk, b)) out[walk.at[b]].wire = made;
    }
}

/* Whether the value is an input whose items arrive in beats. */
static bool lower_in_beats(const struct lower *lower, valref value) {
    return lower->beats && lower->beats->arrives[value.id];
}

bool lower_port_in_beats(struct lower *lower, uint32_t port, struct term *out) {
    valref value = lower->node->result;
    if (!lower_in_beats(lower, value)) return false;
    lower_beat_port(lower, port, plan_of(lower)->item[value.id], out);
    lower->beats->arrived[value.id] = arena_copy(lower->scratch, out, element_count(lower, value) * sizeof *out);
    return true;
}

const struct term *lower_place_port(struct lower *lower, struct port *port) {
    if (!lower_in_beats(lower, port->value)) return lower_collected(lower, port->value);
    struct lane_walk walk = lower_lanes(lower, port->value, plan_of(lower)->item[port->value.id]);
    for (port->slots = 0; lower_next_lane(lower, &walk); port->slots++)
        for (uint32_t b = 0; b < beat_count(lower); b++)
            if (has_item(&walk, b)) {
                port->elements[walk.at[b]].slot = port->slots;
                port->elements[walk.at[b]].beat = b;
            }
    port->beats = beat_count(lower);
    return lower->beats->arrived[port->value.id];
}

bool lower_is_by_items(const struct lower *lower, valref value) {
    return lower->beats && !lower->in_body && plan_of(lower)->item[value.id];
}

int lower_beat(const struct lower *lower, valref value, size_t element) {
    return lower_is_by_items(lower, value) ? beat_of(lower, plan_of(lower)->item[value.id][element]) : 0;
}

/* A port that is there as a whole, and whose items are served by beats. */
static void shift_out_port(struct lower *lower, valref value) {
    struct term *out = ARENA_ARRAY(lower->scratch, struct term, element_count(lower, value) + 1);
    lower_join_lanes(lower, value, plan_of(lower)->item[value.id], lower->elements[value.id], out, shift_or_look_up);
    lower->beats->collected[value.id] = lower->elements[value.id];
    lower->elements[value.id] = out;
}

static void (*instead_of(const struct node *node, enum service service))(struct lower *, struct term *) {
    if (service == SERVED_OVER_ITEMS) return lower_over_items;
    return service == SERVED_BY_ITEMS && node->op == OP_NARROW ? lower_quantizer_by_items : NULL;
}

static void add_probes(struct lower *lower, valref value) {
    for (uint32_t e = 0; e < element_count(lower, value); e++)
        lower_probe(lower, value, e, lower->elements[value.id][e]);
}

void lower_node_in_beats(struct lower *lower, const struct node *node) {
    const struct beat_plan *plan = plan_of(lower);
    enum service service = plan->service[node - lower->graph->nodes];
    struct term **kept = ARENA_ARRAY(lower->scratch, struct term *, node->input_count + 1);
    lower->origin = (noderef){(uint32_t)(node - lower->graph->nodes)};
    lower->node = node;
    for (uint32_t i = 0; i < node->input_count; i++) kept[i] = lower->elements[node->inputs[i].id];
    for (uint32_t i = 0; i < node->input_count; i++) {
        struct term **operand = &lower->elements[node->inputs[i].id];
        lower->element = 0;
        if (service == SERVED_WHOLE)
            *operand = lower_collected(lower, node->inputs[i]);
        else if (!plan->item[node->inputs[i].id] && *operand == kept[i])
            *operand = spread_operand(lower, node, i);
    }
    lower_node_as(lower, node, instead_of(node, service));
    for (uint32_t i = 0; i < node->input_count; i++) lower->elements[node->inputs[i].id] = kept[i];
    const uint32_t *item = plan->item[node->result.id];
    struct term *elements = lower->elements[node->result.id];
    if (!item || lower->failed) return;
    bool arrives_whole = service != SERVED_BY_ITEMS && !lower_in_beats(lower, node->result);
    if (!arrives_whole) lower_join_lanes(lower, node->result, item, elements, elements, lower_choice_by_beat);
    if (service == SERVED_BY_ITEMS) lower_finish_lanes(lower, node->result, item, elements);
    add_probes(lower, node->result);
    if (arrives_whole) shift_out_port(lower, node->result);
}

int lower_beats_new(struct lower *lower, const struct program *program) {
    struct beat_plan plan;
    if (beats_plan(program, lower->scratch, &plan) < 0) return -1;
    if (plan.beats < 2) return 0;
    lower->beats = ARENA_NEW(lower->scratch, struct lower_beats);
    *lower->beats = (struct lower_beats){.plan = plan, .beat = NO_WIRE, .first = NO_WIRE};
    lower->beats->collected = ARENA_ARRAY(lower->scratch, struct term *, lower->graph->value_count + 1);
    const struct value_list inputs = graph_inputs(lower->graph, lower->scratch);
    lower->beats->arrives = ARENA_ARRAY(lower->scratch, bool, lower->graph->value_count + 1);
    for (uint32_t i = 0; i < inputs.count; i++) lower->beats->arrives[inputs.at[i].id] = plan.in_beats[i];
    lower->beats->arrived = ARENA_ARRAY(lower->scratch, struct term *, lower->graph->value_count + 1);
    lower->beats->held = ARENA_ARRAY(lower->scratch, struct term *, lower->graph->value_count + 1);
    lower->design->beats = lower->design->interval = (int)plan.beats;
    return 0;
}
