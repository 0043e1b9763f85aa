/* The quantiser that all readers of an input see behind movements and arithmetic with constants, element by element of
 * the input. Its codes can be the port's (port_codes.c): movements go behind it.
 *
 * Batch normalisation counts as its four operations, in its order. Of a quantiser of two codes one bit is brought in
 * front, which side of its threshold the input lies on; the two codes stay the model's. */
#include "passes/integerise.h"
#include "ir/geometry.h"
#include "ir/ops.h"

#include <math.h>

/* ---- from the input to the quantisers ---- */

struct route {
    valref value;                /* where it has come to */
    uint32_t *source;            /* the input's element that each of its elements is */
    const struct op_step *steps; /* constants by element of the input; shared by routes */
    uint32_t step_count;
};

/* An operand that is to be looked at: models may be longer than a stack is deep. */
struct waiting {
    noderef reader;
    uint32_t slot;
    const struct route *route;
    struct waiting *next;
};

struct search {
    const struct graph *graph;
    struct arena *arena;
    struct port_quantiser *out;
    struct waiting *waiting;
};

/* Moved back to the input; elements that come twice must agree. NULL when they do not. */
static const float *moved_back(const struct search *search, const struct route *route, const float *spread) {
    float *back = ARENA_ARRAY(search->arena, float, search->out->count);
    bool *known = ARENA_ARRAY(search->arena, bool, search->out->count);
    for (size_t i = 0; i < graph_elements(search->graph, route->value); i++) {
        uint32_t element = route->source[i];
        if (known[element] && back[element] != spread[i]) return NULL;
        back[element] = spread[i];
        known[element] = true;
    }
    return back;
}

/* All that reads the value is to be looked at, the first next; false where it is an output, or nobody reads it. */
static bool arrive(struct search *search, struct route route) {
    const struct reader_list readers = graph_readers(search->graph, route.value, search->arena);
    const struct route *here = arena_copy(search->arena, &route, sizeof route);
    bool output;
    (void)graph_use_count(search->graph, route.value, &output);
    if (readers.count == 0 || output) return false;
    for (uint32_t i = readers.count; i-- > 0;) {
        struct waiting *waiting = ARENA_NEW(search->arena, struct waiting);
        *waiting = (struct waiting){readers.at[i].node, readers.at[i].slot, here, search->waiting};
        search->waiting = waiting;
    }
    return true;
}

/* NULL where the route has as many as it can have. */
static struct op_step *new_step(const struct search *search, struct route *route) {
    if (route->step_count == PORT_STEPS_MAX) return NULL;
    struct op_step *steps = ARENA_ARRAY(search->arena, struct op_step, route->step_count + 1);
    for (uint32_t s = 0; s < route->step_count; s++) steps[s] = route->steps[s];
    route->steps = steps;
    return &steps[route->step_count++];
}

static void take_along(struct search *search, const struct node *node) {
    struct port_quantiser *out = search->out;
    for (uint32_t i = 0; i < out->node_count; i++)
        if (valref_equal(out->nodes[i], node->result)) return;
    out->nodes[out->node_count++] = node->result;
}

static bool follow_movement(struct search *search, const struct node *node, struct route route) {
    const struct movement *map = movement_map(search->graph, node, search->arena);
    size_t count = graph_elements(search->graph, node->result);
    uint32_t *source = ARENA_ARRAY(search->arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) source[i] = route.source[map[i].element];
    route.source = source;
    route.value = node->result;
    search->out->elsewhere = true;
    return arrive(search, route);
}

/* Numbers by element of the operand as the route's by element of the input; false when they do not agree. */
static bool append_step_to(struct search *search, struct route *route, const struct op_step *step, uint32_t operand) {
    const float *constants = moved_back(search, route, step->constants[operand]);
    struct op_step *own = constants ? new_step(search, route) : NULL;
    if (!own) return false;
    *own = *step;
    own->constants[operand] = constants;
    return true;
}

static bool is_affine(const struct op_step *step, size_t elements) {
    double gain, offset;
    for (size_t e = 0; e < elements; e++)
        if (!step_affine(step, e, &gain, &offset)) return false;
    return true;
}

static bool follow_arithmetic(struct search *search, const struct node *node, uint32_t slot, struct route route) {
    const struct shape *shape = &graph_value(search->graph, node->result)->shape;
    struct op_step step;
    if (!shape_equal(shape, &graph_value(search->graph, route.value)->shape) ||
        !graph_step(search->graph, node, slot, search->arena, &step) || !is_affine(&step, shape_elements(shape)))
        return false;
    step.node = arena_copy(search->arena, node, sizeof *node);
    if (!append_step_to(search, &route, &step, 1 - slot)) return false;
    take_along(search, node);
    route.value = node->result;
    return arrive(search, route);
}

/* One operation of several that a node stands for, with a constant on its right. */
static bool add_step(struct search *search, struct route *route, const struct node *node, enum op op, const char *what,
                     const float *spread) {
    struct node *own = ARENA_NEW(search->arena, struct node);
    *own = (struct node){
        .op = op, .name = arena_printf(search->arena, "%s%s", node->name, what), .source_op = node->source_op};
    return append_step_to(search, route, &(struct op_step){.node = own, .constants = {[1] = spread}}, 1);
}

/* scale * (x - mean) / deviation + bias, one rounding an operation (ir/ops/linear.c) */
static bool follow_batch_norm(struct search *search, const struct node *node, struct route route) {
    size_t count = graph_elements(search->graph, node->result);
    struct op_step step;
    if (!graph_step(search->graph, node, 0, search->arena, &step)) return false;
    float *deviation = ARENA_ARRAY(search->arena, float, count);
    for (size_t i = 0; i < count; i++)
        deviation[i] = sqrtf(step.constants[4][i] + node->attributes.normalization.epsilon);
    if (!add_step(search, &route, node, OP_SUB, ".centred", step.constants[3]) ||
        !add_step(search, &route, node, OP_MUL, ".scaled", step.constants[1]) ||
        !add_step(search, &route, node, OP_DIV, ".normalised", deviation) ||
        !add_step(search, &route, node, OP_ADD, "", step.constants[2]))
        return false;
    take_along(search, node);
    search->out->elsewhere = true;
    route.value = node->result;
    return arrive(search, route);
}

/* ---- quantisers of two codes ---- */

static bool is_all(const struct graph *graph, valref constant, float number) {
    const float *reals = graph_reals(graph, constant);
    return reals && numbers_are(reals, graph_elements(graph, constant), number);
}

/* A Quant of one signed bit divides by its scale before it looks at the sign. */
static bool has_two_codes(const struct graph *graph, const struct node *node) {
    if (node->op == OP_BIPOLAR_QUANT) return true;
    return node->op == OP_QUANT && node->attributes.quantizer.is_signed && is_all(graph, node->inputs[3], 1) &&
           is_all(graph, node->inputs[2], 0);
}

/* One bit, by truncating; its format is found with its threshold (port_codes.c). */
static struct node bit_of(const struct search *search, const struct node *node) {
    struct node bit = {.op = OP_NARROW, .result = node->result, .source_op = node->source_op};
    bit.name = arena_printf(search->arena, "%s.bit", node->name);
    bit.attributes.quantizer = (struct quantizer_attributes){.rounding = ROUND_TRUNCATE, .overflow = OVERFLOW_SATURATE};
    bit.attributes.quantizer.formats = formats_uniform(search->arena, (struct format){false, 1, 0});
    return bit;
}

/* ---- many quantisers as one ---- */

static bool is_alike(const struct node *a, const struct node *b) {
    const struct quantizer_attributes *p = &a->attributes.quantizer, *q = &b->attributes.quantizer;
    return a->op == b->op && p->rounding == q->rounding && p->overflow == q->overflow && p->is_signed == q->is_signed &&
           p->narrow == q->narrow;
}

static void begin(struct search *search, const struct node *node, const struct route *route) {
    struct port_quantiser *out = search->out;
    out->node = *node;
    out->step_count = route->step_count;
    for (uint32_t s = 0; s < out->step_count; s++) {
        out->steps[s] = route->steps[s];
        out->steps[s].constants[1 - out->steps[s].slot] = ARENA_ARRAY(search->arena, float, out->count);
    }
    out->parameter_count = node->op == OP_QUANT ? 3 : out->two_codes ? 1 : 0;
    for (int k = 0; k < 4; k++) out->parameters[k] = ARENA_ARRAY(search->arena, float, out->count);
    out->formats = ARENA_ARRAY(search->arena, struct format, out->count);
    out->known = ARENA_ARRAY(search->arena, bool, out->count);
}

static bool same_steps(const struct port_quantiser *out, const struct route *route) {
    if (out->step_count != route->step_count) return false;
    for (uint32_t s = 0; s < out->step_count; s++)
        if (out->steps[s].node->op != route->steps[s].node->op || out->steps[s].slot != route->steps[s].slot)
            return false;
    return true;
}

/* What a route makes of one element, which another may have told already. */
static bool merge_number(const struct port_quantiser *out, size_t element, const float *into, float number) {
    float *numbers = (float *)(uintptr_t)into;
    if (out->known[element]) return numbers[element] == number;
    numbers[element] = number;
    return true;
}

static bool merge_element(struct search *search, const struct node *node, const struct route *route,
                          const float *const *parameters, size_t i) {
    struct port_quantiser *out = search->out;
    uint32_t element = route->source[i];
    for (uint32_t s = 0; s < out->step_count; s++) {
        uint32_t k = 1 - out->steps[s].slot;
        if (!merge_number(out, element, out->steps[s].constants[k], route->steps[s].constants[k][element]))
            return false;
    }
    for (uint32_t k = 1; k <= out->parameter_count; k++)
        if (!merge_number(out, element, out->parameters[k], parameters[k][i])) return false;
    if (op_narrows(node->op)) {
        const struct formats *formats = &node->attributes.quantizer.formats;
        struct format own =
            formats->at[shape_project(&graph_value(search->graph, node->result)->shape, i, &formats->shape)];
        if (out->known[element] && !format_equal(out->formats[element], own)) return false;
        out->formats[element] = own;
    }
    out->known[element] = true;
    return true;
}

static bool merge(struct search *search, const struct node *node, const struct route *route,
                  const float *const *parameters) {
    bool first = search->out->routes++ == 0;
    if (first) begin(search, node, route);
    if (!first && (!is_alike(&search->out->node, node) || !same_steps(search->out, route))) return false;
    for (size_t i = 0; i < graph_elements(search->graph, route->value); i++)
        if (!merge_element(search, node, route, parameters, i)) return false;
    return true;
}

static bool end_at(struct search *search, const struct node *node, const struct route *at) {
    const struct shape *shape = &graph_value(search->graph, node->result)->shape;
    const bool two_codes = has_two_codes(search->graph, node);
    const float *parameters[4] = {0};
    struct route route = *at;
    if ((node->op != OP_QUANT && !op_narrows(node->op) && !two_codes) ||
        !shape_equal(shape, &graph_value(search->graph, route.value)->shape))
        return false;
    for (uint32_t k = 1; k < node->input_count; k++)
        if (!(parameters[k] = spread_constant(search->graph, node->inputs[k], shape, search->arena))) return false;
    if (search->out->routes && two_codes != search->out->two_codes) return false;
    search->out->two_codes = two_codes;
    search->out->elsewhere = search->out->elsewhere || two_codes;
    if (two_codes && node->op == OP_QUANT && !add_step(search, &route, node, OP_DIV, "", parameters[1])) return false;
    const struct node codes = two_codes ? bit_of(search, node) : *node;
    if (search->out->routes == 0) search->out->seen = arena_copy(search->arena, node, sizeof *node);
    if (!merge(search, &codes, &route, parameters)) return false;
    take_along(search, node);
    return true;
}

static bool follow_reader(struct search *search, const struct node *node, uint32_t slot, const struct route *route) {
    if (op_is_quantiser(node->op)) return slot == 0 && end_at(search, node, route);
    if (op_moves_one(node->op)) return follow_movement(search, node, *route);
    if (node->op == OP_BATCH_NORM) return slot == 0 && follow_batch_norm(search, node, *route);
    return op_is_affine(node->op) && node->input_count == 2 && follow_arithmetic(search, node, slot, *route);
}

static bool follow(struct search *search) {
    while (search->waiting) {
        const struct waiting *next = search->waiting;
        search->waiting = next->next;
        if (!follow_reader(search, graph_node(search->graph, next->reader), next->slot, next->route)) return false;
    }
    return true;
}

/* Elements that nobody reads are treated as the first that somebody reads. */
static bool fill_unread(struct port_quantiser *out) {
    size_t first = 0;
    while (first < out->count && !out->known[first]) first++;
    if (first == out->count) return false;
    for (size_t e = 0; e < out->count; e++) {
        if (out->known[e]) continue;
        for (uint32_t s = 0; s < out->step_count; s++) {
            const float *constants = out->steps[s].constants[1 - out->steps[s].slot];
            (void)merge_number(out, e, constants, constants[first]);
        }
        for (int k = 1; k < 4; k++) out->parameters[k][e] = out->parameters[k][first];
        out->formats[e] = out->formats[first];
    }
    return true;
}

bool port_quantiser_find(const struct graph *graph, valref input, struct arena *arena, struct port_quantiser *out) {
    size_t count = graph_elements(graph, input);
    *out = (struct port_quantiser){.shape = graph_value(graph, input)->shape, .count = count};
    out->nodes = ARENA_ARRAY(arena, valref, graph->node_count);
    struct search search = {.graph = graph, .arena = arena, .out = out};
    struct route route = {.value = input, .source = ARENA_ARRAY(arena, uint32_t, count)};
    for (size_t i = 0; i < count; i++) route.source[i] = (uint32_t)i;
    return arrive(&search, route) && follow(&search) && fill_unread(out);
}

/* ---- one quantiser in front ---- */

static valref append_constant(struct graph *graph, const char *name, const struct shape *shape, const float *numbers) {
    bool uniform = true;
    for (size_t e = 1; e < shape_elements(shape); e++) uniform = uniform && numbers[e] == numbers[0];
    return graph_append_reals(graph, name, uniform ? (struct shape){0} : *shape, numbers);
}

static valref append_named(struct graph *graph, const struct node *node, const valref *operands, uint32_t count,
                           const union attributes *attributes) {
    valref result = graph_append(graph, node->op, node->name, operands, count, attributes);
    if (result.id != UINT32_MAX) graph_definition(graph, result)->source_op = node->source_op;
    return result;
}

static valref append_step(struct graph *graph, const struct port_quantiser *q, const struct op_step *step,
                          valref value) {
    valref operands[2] = {value, value};
    operands[1 - step->slot] = append_constant(graph, arena_printf(graph->arena, "%s.constant", step->node->name),
                                               &q->shape, step->constants[1 - step->slot]);
    return append_named(graph, step->node, operands, 2, &step->node->attributes);
}

/* The operands that are no chain's: constants by element. */
static void append_parameters(struct graph *graph, const struct port_quantiser *q, valref operands[4]) {
    static const char *const what[4] = {"", "scale", "zero_point", "bits"};
    for (uint32_t k = 1; k <= q->parameter_count; k++)
        operands[k] = append_constant(graph, arena_printf(graph->arena, "%s.%s", q->seen->name, what[k]), &q->shape,
                                      q->parameters[k]);
}

static valref append_arithmetic(struct graph *graph, const struct port_quantiser *q, enum op op, const char *what,
                                const float *constants, valref value) {
    const struct node node = {
        .op = op, .name = arena_printf(graph->arena, "%s.%s", q->seen->name, what), .source_op = q->seen->source_op};
    const struct op_step step = {.node = &node, .constants = {[1] = constants}};
    return value.id == UINT32_MAX ? value : append_step(graph, q, &step, value);
}

/* What the port's meaning does, then the bit, then the model's quantiser, which sees +1 or -1. */
static valref append_two_codes(struct graph *graph, const struct port_quantiser *q, valref value) {
    float *numbers[4];
    for (int k = 0; k < 4; k++) numbers[k] = ARENA_ARRAY(graph->arena, float, q->count);
    bool meant = false;
    for (size_t e = 0; e < q->count; e++) {
        double zero_point, scale = meaning_scale(&q->meaning, &q->shape, e, &zero_point);
        numbers[0][e] = (float)scale, numbers[1][e] = (float)zero_point, numbers[2][e] = 2;
        numbers[3][e] = q->formats[e].is_signed ? -1 : 1;
        meant = meant || scale != 1 || zero_point != 0;
    }
    if (meant) value = append_arithmetic(graph, q, OP_DIV, "scaled", numbers[0], value);
    if (meant) value = append_arithmetic(graph, q, OP_ADD, "shifted", numbers[1], value);
    if (value.id == UINT32_MAX) return value;
    union attributes attributes = q->node.attributes;
    attributes.quantizer.formats = formats_compact(graph->arena, &q->shape, q->formats);
    value = append_named(graph, &q->node, &value, 1, &attributes);
    if (value.id != UINT32_MAX) value = append_arithmetic(graph, q, OP_MUL, "doubled", numbers[2], value);
    value = append_arithmetic(graph, q, OP_SUB, "sides", numbers[3], value);
    if (value.id == UINT32_MAX) return value;
    const struct node two = {.op = OP_BIPOLAR_QUANT, .name = q->seen->name, .source_op = q->seen->source_op};
    valref operands[4] = {value};
    append_parameters(graph, q, operands);
    return append_named(graph, &two, operands, 2, &(union attributes){0});
}

static valref append_quantiser(struct graph *graph, const struct port_quantiser *q, valref value) {
    valref operands[4] = {value};
    union attributes attributes = q->node.attributes;
    append_parameters(graph, q, operands);
    if (op_narrows(q->node.op)) attributes.quantizer.formats = formats_compact(graph->arena, &q->shape, q->formats);
    return append_named(graph, &q->node, operands, 1 + q->parameter_count, &attributes);
}

static valref append_all(struct graph *graph, const struct port_quantiser *q, valref value) {
    if (q->two_codes) return append_two_codes(graph, q, value);
    for (uint32_t s = 0; s < q->step_count && value.id != UINT32_MAX; s++)
        value = append_step(graph, q, &q->steps[s], value);
    return value.id == UINT32_MAX ? value : append_quantiser(graph, q, value);
}

/* What is done in front now is passed over where it was. */
static void pass_over(struct graph *graph, valref old) {
    struct node *node = graph_definition(graph, old);
    uint32_t slot = graph_reals(graph, node->inputs[0]) ? 1 : 0;
    valref operand = node->inputs[slot];
    node->dead = true;
    graph_replace(graph, old, operand);
}

int port_quantiser_bring(struct graph *graph, valref input, const struct port_quantiser *q) {
    uint32_t old_count = graph->node_count;
    valref value = append_all(graph, q, input);
    if (value.id == UINT32_MAX) return -1;
    struct reader_list readers = graph_readers(graph, input, graph->arena);
    for (uint32_t i = 0; i < readers.count; i++) {
        const struct value_reader *reader = &readers.at[i];
        if (reader->node.id < old_count) graph_set_operand(graph, graph_node(graph, reader->node), reader->slot, value);
    }
    for (uint32_t i = 0; i < q->node_count; i++) pass_over(graph, q->nodes[i]);
    return 0;
}
