/* Whether a port can carry the codes of the quantiser that all readers of its input see (port_quantiser.c): what stands
 * in front of it goes into scale and zero point of the port's meaning. Where the port's x / scale + zero point does not
 * give the codes of the model's own arithmetic for every number of binary32, the port computes the model's own steps.
 * Of a quantiser of two codes scale and zero point say its threshold, which is found by bisection of the model's own
 * arithmetic. */
#include "passes/integerise.h"
#include "ir/port.h"

#include <math.h>
#include <string.h>

/* ---- its codes as the port's ---- */

enum { INFINITE = 0x7F800000 };

/* Numbers of binary32 in their order, infinities at the ends. */
static float number_at(int64_t key) {
    uint32_t bits = key >= 0 ? (uint32_t)key : 0x80000000u | (uint32_t)-key;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static bool quant_fits(const struct port_quantiser *q, size_t e) {
    const struct quantizer_attributes *attributes = &q->node.attributes.quantizer;
    float scale = q->parameters[1][e], zero_point = q->parameters[2][e], bits = q->parameters[3][e];
    return scale > 0 && isfinite(scale) && bits > 0 && bits <= 32 && floorf(bits) == bits &&
           fabsf(zero_point) < 0x1p24f && floorf(zero_point) == zero_point &&
           !(attributes->narrow && (!attributes->is_signed || zero_point != 0)) && !(attributes->is_signed && bits < 2);
}

/* Whether the model's quantiser of two codes gives the upper one. */
static bool is_upper(const struct lowered *chain, size_t element, int64_t key) {
    return chain_evaluate(chain, element, (double)number_at(key)) >= 0;
}

/* The last number of binary32 on the upper side, next to the lower one; false where there is but one side. */
static bool find_threshold(const struct lowered *chain, size_t element, float *threshold, bool *rising) {
    int64_t upper = INFINITE, lower = -INFINITE;
    *rising = is_upper(chain, element, upper);
    if (*rising == is_upper(chain, element, lower)) return false;
    if (!*rising) upper = -INFINITE, lower = INFINITE;
    while (upper - lower > 1 || lower - upper > 1) {
        int64_t middle = lower + (upper - lower) / 2;
        if (is_upper(chain, element, middle))
            upper = middle;
        else
            lower = middle;
    }
    *threshold = number_at(upper);
    return isfinite(*threshold);
}

/* x / scale is 1 or -1 at the threshold, and then 1 is taken as it is and -1 with 2 added, which is exact; the bit is
 * set on the upper side. A threshold of 0 has no such scale: there the bit is the sign, 0 on the upper side. */
static bool two_codes_mean(const struct port_quantiser *q, const struct lowered *chain, size_t e,
                           const struct meaning *meaning) {
    float threshold;
    bool rising;
    if (!find_threshold(chain, e, &threshold, &rising)) return false;
    double size = threshold == 0 ? 1 : fabs((double)threshold);
    meaning->scale[e] = rising ? size : -size;
    meaning->zero_point[e] = threshold == 0 || (threshold > 0) == rising ? 0 : 2;
    q->formats[e] = (struct format){threshold == 0, 1, 0};
    return true;
}

bool port_quantiser_is_sign(const struct port_quantiser *q) {
    for (size_t e = 0; e < q->count; e++) {
        double zero_point, scale = meaning_scale(&q->meaning, &q->shape, e, &zero_point);
        if (!q->two_codes || !q->formats[e].is_signed || scale != 1 || zero_point != 0) return false;
    }
    return true;
}

static bool codes_mean(const struct port_quantiser *q, const struct lowered *chain, size_t e,
                       const struct meaning *meaning) {
    bool quant = q->node.op == OP_QUANT;
    double gain, offset, scale = quant ? (double)q->parameters[1][e] : 1,
                         zero_point = quant ? (double)q->parameters[2][e] : 0;
    if ((quant && !quant_fits(q, e)) || !chain_affine(chain, e, &gain, &offset)) return false;
    meaning->scale[e] = (double)(float)(scale / gain);
    meaning->zero_point[e] = (double)(float)(zero_point + offset / scale);
    return isnormal(meaning->scale[e]) && isfinite(meaning->zero_point[e]);
}

/* What its codes stand for, steps included; false when no scale and zero point say it. */
static bool find_meaning(struct port_quantiser *q, struct arena *arena) {
    const struct lowered chain = {.steps = q->steps, .step_count = q->step_count};
    struct meaning meaning = {q->shape, ARENA_ARRAY(arena, double, q->count), ARENA_ARRAY(arena, double, q->count)};
    for (size_t e = 0; e < q->count; e++)
        if (!(q->two_codes ? two_codes_mean : codes_mean)(q, &chain, e, &meaning)) return false;
    meaning_compact(&meaning);
    q->meaning = meaning;
    return true;
}

void port_quantiser_rule(const struct port_quantiser *q, size_t element, struct format *format,
                         enum overflow *overflow) {
    const struct quantizer_attributes *attributes = &q->node.attributes.quantizer;
    bool quant = q->node.op == OP_QUANT;
    *format =
        quant ? (struct format){attributes->is_signed, (int16_t)q->parameters[3][element], 0} : q->formats[element];
    *overflow = !quant ? attributes->overflow : attributes->narrow ? OVERFLOW_SATURATE_SYMMETRIC : OVERFLOW_SATURATE;
}

/* ---- the model's own steps as the port's ---- */

bool numbers_are(const float *numbers, size_t count, float number) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] != number) return false;
    return true;
}

/* One that changes no number is left out. */
static void add_port_step(struct port_quantiser *q, enum port_operation operation, const float *constants, float sign,
                          struct arena *arena) {
    if (numbers_are(constants, q->count, operation == PORT_ADD ? 0 : 1)) return;
    struct port_step *step = &q->port_steps.at[q->port_steps.count++];
    bool uniform = numbers_are(constants, q->count, constants[0]);
    *step = (struct port_step){operation, uniform ? (struct shape){0} : q->shape, ARENA_ARRAY(arena, float, q->count)};
    for (size_t e = 0; e < q->count; e++) step->constants[e] = sign * constants[e];
}

/* x - c is x + (-c) and c - x is x * -1 + c, exactly. */
static void find_steps(struct port_quantiser *q, struct arena *arena) {
    float *minus_one = ARENA_ARRAY(arena, float, q->count);
    for (size_t e = 0; e < q->count; e++) minus_one[e] = -1;
    q->port_steps = (struct port_steps){.at = ARENA_ARRAY(arena, struct port_step, 2 * PORT_STEPS_MAX + 2)};
    for (uint32_t s = 0; s < q->step_count; s++) {
        const struct op_step *step = &q->steps[s];
        const float *constants = step->constants[1 - step->slot];
        bool reversed = step->node->op == OP_SUB && step->slot == 1;
        enum port_operation operation = step->node->op == OP_MUL   ? PORT_MULTIPLY
                                        : step->node->op == OP_DIV ? PORT_DIVIDE
                                                                   : PORT_ADD;
        if (reversed) add_port_step(q, PORT_MULTIPLY, minus_one, 1, arena);
        add_port_step(q, operation, constants, step->node->op == OP_SUB && !reversed ? -1 : 1, arena);
    }
    if (q->node.op != OP_QUANT) return;
    add_port_step(q, PORT_DIVIDE, q->parameters[1], 1, arena);
    add_port_step(q, PORT_ADD, q->parameters[2], 1, arena);
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

static bool model_code(const struct comparison *c, float x, int64_t *code) {
    double real = chain_evaluate(&c->chain, c->element, (double)x);
    if (!c->q->two_codes && !quantisation_code(&c->codes, c->element, real, code)) return false;
    if (c->q->two_codes) *code = format_min(c->q->formats[c->element]) + (real >= 0);
    if (c->q->node.op == OP_QUANT) *code += (int64_t)c->q->parameters[2][c->element];
    return true;
}

static struct codes codes_at(struct comparison *c, int64_t key) {
    struct codes codes = {0, 0};
    float x = number_at(key);
    bool known = model_code(c, x, &codes.model) && port_read_floats(c->port, 1, 0, &x, &codes.carried) == 0;
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
    if (c->differ || c->left < 0 || hi - lo <= 1 || (at_lo.model == at_hi.model && at_lo.carried == at_hi.carried))
        return;
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
    struct input_attributes *input = &graph_definition(graph, port)->attributes.input;
    double zero_point, scale = meaning_scale(&q->meaning, &q->shape, e, &zero_point);
    input->meaning = (struct meaning){.scale = arena_copy(graph->arena, &scale, sizeof scale),
                                      .zero_point = arena_copy(graph->arena, &zero_point, sizeof zero_point)};
    input->steps = port_steps_copy(graph->arena, &q->port_steps);
    for (uint32_t s = 0; s < input->steps.count; s++) {
        struct port_step *step = &input->steps.at[s];
        step->constants += shape_project(&q->shape, e, &step->shape);
        step->shape = (struct shape){0};
    }
    return port_reader_new(graph, port, graph->arena);
}

static bool same_element(const struct port_quantiser *q, size_t a, size_t b) {
    for (uint32_t s = 0; s < q->step_count; s++) {
        const float *constants = q->steps[s].constants[1 - q->steps[s].slot];
        if (constants[a] != constants[b]) return false;
    }
    for (uint32_t k = 1; k <= q->parameter_count; k++)
        if (q->parameters[k][a] != q->parameters[k][b]) return false;
    return !op_narrows(q->node.op) || format_equal(q->formats[a], q->formats[b]);
}

static void compare_element(struct comparison *c, size_t e) {
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

/* Whether port and model have the same codes for all numbers, or may have: there were too many to try. */
static bool same_codes(struct comparison *c, struct bxc_context *context, const struct port_quantiser *q) {
    enum { TRIES_MAX = 20 * 1000 * 1000 };
    *c = (struct comparison){
        .context = context, .q = q, .chain = {.steps = q->steps, .step_count = q->step_count}, .left = TRIES_MAX};
    c->codes = (struct quantisation){.node = &q->node, .count = q->count, .formats = q->formats};
    for (int k = 1; k < 4; k++) c->codes.parameters[k] = q->parameters[k];
    for (size_t e = 0; e < q->count && !c->differ && c->left >= 0; e++) compare_element(c, e);
    return !c->differ;
}

const char *port_quantiser_refusal(struct bxc_context *context, struct port_quantiser *q, struct arena *arena) {
    enum overflow overflow = q->node.attributes.quantizer.overflow;
    struct comparison c;
    if (!find_meaning(q, arena)) return "no scale and zero point say what its codes stand for";
    if (op_narrows(q->node.op) && overflow != OVERFLOW_SATURATE && overflow != OVERFLOW_SATURATE_SYMMETRIC)
        return "it wraps, and far outside its range the roundings of binary32 differ";
    if (!same_codes(&c, context, q) && !q->two_codes) {
        find_steps(q, arena);
        same_codes(&c, context, q);
    }
    if (c.differ)
        return arena_printf(arena,
                            "the model makes the code %lld of %.9g at element %zu, its port in binary32 the code %lld",
                            (long long)c.model, (double)c.where, c.element, (long long)c.carried);
    return c.left < 0 ? "it has more codes than can be compared" : NULL;
}
