/* The quantiser that all readers of an input see behind movements and arithmetic with constants, element by element of
 * the input. Its codes can be the port's: movements go behind it, and what normalises in front of it goes into scale and
 * zero point of the port's meaning, where the port's x / scale + zero point gives the codes of the model's own arithmetic
 * for every number of binary32. */
#include "passes/integerise.h"

#include <math.h>
#include <string.h>

/* ---- from the input to the quantisers ---- */

struct route {
    valref value;     /* where it has come to */
    uint32_t *source; /* the input's element that each of its elements is */
    struct step steps[PORT_STEPS_MAX]; /* constants by element of the input */
    uint32_t step_count;
};

struct search {
    const struct graph *graph;
    struct arena *arena;
    struct port_quantiser *out;
};

static bool follow(struct search *search, const struct route *route);

static size_t elements_of(const struct graph *graph, valref value) { return shape_elements(&graph_value(graph, value)->shape); }

/* Moved back to the input; elements that come twice must agree. NULL when they do not. */
static const float *moved_back(const struct search *search, const struct route *route, const float *spread) {
    float *back = ARENA_ARRAY(search->arena, float, search->out->count);
    bool *known = ARENA_ARRAY(search->arena, bool, search->out->count);
    for (size_t i = 0; i < elements_of(search->graph, route->value); i++) {
        uint32_t element = route->source[i];
        if (known[element] && back[element] != spread[i]) return NULL;
        back[element] = spread[i];
        known[element] = true;
    }
    return back;
}

static void take_along(struct search *search, const struct node *node) {
    struct port_quantiser *out = search->out;
    for (uint32_t i = 0; i < out->node_count; i++)
        if (valref_equal(out->nodes[i], node->result)) return;
    out->nodes[out->node_count++] = node->result;
}

static bool follow_movement(struct search *search, const struct node *node, struct route route) {
    const struct movement *map = movement_map(search->graph, node, search->arena);
    size_t count = elements_of(search->graph, node->result);
    uint32_t *source = ARENA_ARRAY(search->arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) source[i] = route.source[map[i].element];
    route.source = source;
    route.value = node->result;
    search->out->moved = true;
    return follow(search, &route);
}

static bool follow_arithmetic(struct search *search, const struct node *node, uint32_t slot, struct route route) {
    const struct shape *shape = &graph_value(search->graph, node->result)->shape;
    const float *spread = spread_constant(search->graph, node->inputs[1 - slot], shape, search->arena);
    if (!spread || !shape_equal(shape, &graph_value(search->graph, route.value)->shape) ||
        route.step_count == PORT_STEPS_MAX || (node->op == OP_DIV && slot == 1))
        return false;
    struct step *step = &route.steps[route.step_count++];
    *step = (struct step){.node = arena_copy(search->arena, node, sizeof *node), .slot = slot};
    step->constants[1 - slot] = moved_back(search, &route, spread);
    if (!step->constants[1 - slot]) return false;
    take_along(search, node);
    route.value = node->result;
    return follow(search, &route);
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
    memcpy(out->steps, route->steps, sizeof out->steps);
    out->step_count = route->step_count;
    for (uint32_t s = 0; s < out->step_count; s++)
        out->steps[s].constants[1 - out->steps[s].slot] = ARENA_ARRAY(search->arena, float, out->count);
    for (int k = 0; k < 4; k++) out->parameters[k] = ARENA_ARRAY(search->arena, float, out->count);
    out->formats = ARENA_ARRAY(search->arena, struct format, out->count);
    out->known = ARENA_ARRAY(search->arena, bool, out->count);
}

static bool same_steps(const struct port_quantiser *out, const struct route *route) {
    if (out->step_count != route->step_count) return false;
    for (uint32_t s = 0; s < out->step_count; s++)
        if (out->steps[s].node->op != route->steps[s].node->op || out->steps[s].slot != route->steps[s].slot) return false;
    return true;
}

/* What a route makes of one element, which another may have told already. */
static bool merge_number(const struct port_quantiser *out, size_t element, const float *into, float number) {
    float *numbers = (float *)(uintptr_t)into;
    if (out->known[element]) return numbers[element] == number;
    numbers[element] = number;
    return true;
}

static bool merge_element(struct search *search, const struct node *node, const struct route *route, const float *const *parameters, size_t i) {
    struct port_quantiser *out = search->out;
    uint32_t element = route->source[i];
    for (uint32_t s = 0; s < out->step_count; s++) {
        uint32_t k = 1 - out->steps[s].slot;
        if (!merge_number(out, element, out->steps[s].constants[k], route->steps[s].constants[k][element])) return false;
    }
    for (uint32_t k = 1; k < node->input_count; k++)
        if (!merge_number(out, element, out->parameters[k], parameters[k][i])) return false;
    if (node->op == OP_NARROW) {
        const struct formats *formats = &node->attributes.quantizer.formats;
        struct format own = formats->at[shape_project(&graph_value(search->graph, node->result)->shape, i, &formats->shape)];
        if (out->known[element] && !format_equal(out->formats[element], own)) return false;
        out->formats[element] = own;
    }
    out->known[element] = true;
    return true;
}

static bool arrive(struct search *search, const struct node *node, const struct route *route) {
    const struct shape *shape = &graph_value(search->graph, node->result)->shape;
    const float *parameters[4] = {0};
    if ((node->op != OP_QUANT && node->op != OP_NARROW) || !shape_equal(shape, &graph_value(search->graph, route->value)->shape)) return false;
    for (uint32_t k = 1; k < node->input_count; k++)
        if (!(parameters[k] = spread_constant(search->graph, node->inputs[k], shape, search->arena))) return false;
    bool first = search->out->routes++ == 0;
    if (first) begin(search, node, route);
    if (!first && (!is_alike(&search->out->node, node) || !same_steps(search->out, route))) return false;
    for (size_t i = 0; i < shape_elements(shape); i++)
        if (!merge_element(search, node, route, parameters, i)) return false;
    take_along(search, node);
    return true;
}

static bool follow_reader(struct search *search, const struct node *node, uint32_t slot, const struct route *route) {
    switch (node->op) {
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_SLICE:
    case OP_GATHER: return slot == 0 && follow_movement(search, node, *route);
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_DIV: return follow_arithmetic(search, node, slot, *route);
    default: return slot == 0 && op_is_quantiser(node->op) && arrive(search, node, route);
    }
}

static bool follow(struct search *search, const struct route *route) {
    const struct graph *graph = search->graph;
    bool output;
    if (graph_use_count(graph, route->value, &output) == 0 || output) return false;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t k = 0; !graph->nodes[n].dead && k < graph->nodes[n].input_count; k++)
            if (valref_equal(graph->nodes[n].inputs[k], route->value) && !follow_reader(search, &graph->nodes[n], k, route)) return false;
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
    size_t count = elements_of(graph, input);
    *out = (struct port_quantiser){.shape = graph_value(graph, input)->shape, .count = count};
    out->nodes = ARENA_ARRAY(arena, valref, graph->node_count);
    struct search search = {graph, arena, out};
    struct route route = {.value = input, .source = ARENA_ARRAY(arena, uint32_t, count)};
    for (size_t i = 0; i < count; i++) route.source[i] = (uint32_t)i;
    return follow(&search, &route) && fill_unread(out);
}

/* ---- one quantiser in front ---- */

static valref append_constant(struct graph *graph, const char *name, const struct shape *shape, const float *numbers) {
    bool uniform = true;
    for (size_t e = 1; e < shape_elements(shape); e++) uniform = uniform && numbers[e] == numbers[0];
    return graph_append_reals(graph, name, uniform ? (struct shape){0} : *shape, numbers);
}

static valref append_step(struct graph *graph, const struct port_quantiser *q, const struct step *step, valref value) {
    valref operands[2] = {value, value};
    operands[1 - step->slot] = append_constant(graph, arena_printf(graph->arena, "%s.constant", step->node->name), &q->shape,
                                               step->constants[1 - step->slot]);
    valref result = graph_append(graph, step->node->op, step->node->name, operands, 2, &step->node->attributes);
    if (result.id != UINT32_MAX) graph_definition(graph, result)->source_op = step->node->source_op;
    return result;
}

static valref append_quantiser(struct graph *graph, const struct port_quantiser *q, valref value) {
    static const char *const what[4] = {"", "scale", "zero_point", "bits"};
    valref operands[4] = {value};
    union attributes attributes = q->node.attributes;
    for (uint32_t k = 1; k < q->node.input_count; k++)
        operands[k] = append_constant(graph, arena_printf(graph->arena, "%s.%s", q->node.name, what[k]), &q->shape, q->parameters[k]);
    if (q->node.op == OP_NARROW) attributes.quantizer.formats = formats_compact(graph->arena, &q->shape, q->formats);
    valref result = graph_append(graph, q->node.op, q->node.name, operands, q->node.input_count, &attributes);
    if (result.id != UINT32_MAX) graph_definition(graph, result)->source_op = q->node.source_op;
    return result;
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
    valref value = input;
    for (uint32_t s = 0; s < q->step_count && value.id != UINT32_MAX; s++) value = append_step(graph, q, &q->steps[s], value);
    if (value.id != UINT32_MAX) value = append_quantiser(graph, q, value);
    if (value.id == UINT32_MAX) return -1;
    for (uint32_t n = 0; n < old_count; n++)
        for (uint32_t k = 0; !graph->nodes[n].dead && k < graph->nodes[n].input_count; k++)
            if (valref_equal(graph->nodes[n].inputs[k], input)) graph->nodes[n].inputs[k] = value;
    for (uint32_t i = 0; i < q->node_count; i++) pass_over(graph, q->nodes[i]);
    return 0;
}

/* ---- its codes as the port's ---- */

static bool quant_fits(const struct port_quantiser *q, size_t e) {
    const struct quantizer_attributes *attributes = &q->node.attributes.quantizer;
    float scale = q->parameters[1][e], zero_point = q->parameters[2][e], bits = q->parameters[3][e];
    return scale > 0 && isfinite(scale) && bits > 0 && bits <= 32 && floorf(bits) == bits && fabsf(zero_point) < 0x1p24f &&
           floorf(zero_point) == zero_point && !(attributes->narrow && (!attributes->is_signed || zero_point != 0)) &&
           !(attributes->is_signed && bits < 2);
}

bool port_quantiser_means(struct port_quantiser *q, struct arena *arena) {
    const struct lowered chain = {.steps = q->steps, .step_count = q->step_count};
    struct meaning meaning = {q->shape, ARENA_ARRAY(arena, double, q->count), ARENA_ARRAY(arena, double, q->count)};
    for (size_t e = 0; e < q->count; e++) {
        bool quant = q->node.op == OP_QUANT;
        double gain, offset, scale = quant ? (double)q->parameters[1][e] : 1, zero_point = quant ? (double)q->parameters[2][e] : 0;
        if ((quant && !quant_fits(q, e)) || !chain_affine(&chain, e, &gain, &offset)) return false;
        meaning.scale[e] = (double)(float)(scale / gain);
        meaning.zero_point[e] = (double)(float)(zero_point + offset / scale);
        if (!isnormal(meaning.scale[e]) || !isfinite(meaning.zero_point[e])) return false;
    }
    meaning_compact(&meaning);
    q->meaning = meaning;
    return true;
}

void port_quantiser_rule(const struct port_quantiser *q, size_t element, struct format *format, enum overflow *overflow) {
    const struct quantizer_attributes *attributes = &q->node.attributes.quantizer;
    bool quant = q->node.op == OP_QUANT;
    *format = quant ? (struct format){attributes->is_signed, (int16_t)q->parameters[3][element], 0} : q->formats[element];
    *overflow = !quant ? attributes->overflow : attributes->narrow ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE;
}

/* ---- whether they are the same for every number ---- */

struct comparison {
    struct bxc_context *context;
    const struct port_quantiser *q;
    struct quantisation codes;
    struct lowered chain;
    size_t element;
    const struct port_reader *port;
    long left; /* numbers that may be tried still */
    float where;
    int64_t model, carried;
    bool differ;
};

struct codes {
    int64_t model, carried;
};

/* Numbers of binary32 in their order, infinities at the ends. */
static float number_at(int64_t key) {
    uint32_t bits = key >= 0 ? (uint32_t)key : 0x80000000u | (uint32_t)-key;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static struct codes codes_at(struct comparison *c, int64_t key) {
    struct codes codes = {0, 0};
    float x = number_at(key);
    bool known = quantisation_code(&c->codes, c->element, chain_evaluate(&c->chain, c->element, (double)x), &codes.model) &&
                 port_read_floats(c->port, 1, 0, &x, &codes.carried) == 0;
    if (c->q->node.op == OP_QUANT) codes.model += (int64_t)c->q->parameters[2][c->element];
    c->left--;
    if (!c->differ && (!known || codes.model != codes.carried)) {
        c->differ = true;
        c->where = x;
        c->model = codes.model;
        c->carried = codes.carried;
    }
    return codes;
}

/* Both are monotone: where neither changes from end to end, they are constant between. */
static void compare_between(struct comparison *c, int64_t lo, struct codes at_lo, int64_t hi, struct codes at_hi) {
    if (c->differ || c->left < 0 || hi - lo <= 1 || (at_lo.model == at_hi.model && at_lo.carried == at_hi.carried)) return;
    int64_t middle = lo + (hi - lo) / 2;
    struct codes at_middle = codes_at(c, middle);
    compare_between(c, lo, at_lo, middle, at_middle);
    compare_between(c, middle, at_middle, hi, at_hi);
}

/* A port of one element. */
static const struct port_reader *port_of_element(struct graph *graph, const struct port_quantiser *q, size_t e) {
    struct format format;
    enum overflow overflow;
    port_quantiser_rule(q, e, &format, &overflow);
    valref port = graph_append_integer_input(graph, "x", (struct shape){0}, formats_uniform(graph->arena, format),
                                             q->node.attributes.quantizer.rounding, overflow);
    if (port.id == UINT32_MAX) return NULL;
    double zero_point, scale = meaning_scale(&q->meaning, &q->shape, e, &zero_point);
    graph_definition(graph, port)->attributes.input.meaning =
        (struct meaning){.scale = arena_copy(graph->arena, &scale, sizeof scale),
                         .zero_point = arena_copy(graph->arena, &zero_point, sizeof zero_point)};
    return port_reader_new(graph, port, graph->arena);
}

static bool same_element(const struct port_quantiser *q, size_t a, size_t b) {
    for (uint32_t s = 0; s < q->step_count; s++) {
        const float *constants = q->steps[s].constants[1 - q->steps[s].slot];
        if (constants[a] != constants[b]) return false;
    }
    for (uint32_t k = 1; k < q->node.input_count; k++)
        if (q->parameters[k][a] != q->parameters[k][b]) return false;
    return q->node.op != OP_NARROW || format_equal(q->formats[a], q->formats[b]);
}

static void compare_element(struct comparison *c, size_t e) {
    enum { INFINITE = 0x7F800000 };
    for (size_t earlier = 0; earlier < e; earlier++)
        if (same_element(c->q, earlier, e)) return;
    struct graph *graph = graph_new(c->context, "port");
    c->element = e;
    c->port = port_of_element(graph, c->q, e);
    if (c->port) {
        struct codes lo = codes_at(c, -(int64_t)INFINITE), hi = codes_at(c, INFINITE);
        compare_between(c, -(int64_t)INFINITE, lo, INFINITE, hi);
    } else
        c->differ = true;
    graph_free(graph);
}

const char *port_quantiser_refusal(struct bxc_context *context, struct port_quantiser *q, struct arena *arena) {
    enum { TRIES_MAX = 20 * 1000 * 1000 };
    enum overflow overflow = q->node.attributes.quantizer.overflow;
    if (!port_quantiser_means(q, arena)) return "no scale and zero point say what its codes stand for";
    if (q->node.op == OP_NARROW && overflow != OVERFLOW_SATURATE && overflow != OVERFLOW_SATURATE_SYMMETRIC)
        return "it wraps, and far outside its range the roundings of binary32 differ";
    struct comparison c = {.context = context, .q = q, .chain = {.steps = q->steps, .step_count = q->step_count}, .left = TRIES_MAX};
    c.codes = (struct quantisation){.node = &q->node, .count = q->count, .formats = q->formats};
    for (int k = 1; k < 4; k++) c.codes.parameters[k] = q->parameters[k];
    for (size_t e = 0; e < q->count && !c.differ && c.left >= 0; e++) compare_element(&c, e);
    if (c.differ)
        return arena_printf(arena, "the model makes the code %lld of %.9g at element %zu, x / scale + zero point in binary32 the code %lld",
                            (long long)c.model, (double)c.where, c.element, (long long)c.carried);
    return c.left < 0 ? "it has more codes than can be compared" : NULL;
}
