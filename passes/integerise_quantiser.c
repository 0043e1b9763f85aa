/* Quantisers at the line: what stands between the integer in front of a quantiser and its codes becomes a narrowing, or
 * a function of it, written as a table or as a staircase. */
#include "passes/integerise.h"

#include "ir/geometry.h"
#include "target/function.h"

#include <math.h>
#include <string.h>

/* ---- the function of the integer ---- */

struct operand {
    struct integerise *state;
    const struct lowered *chain;
    const struct quantisation *quantisation;
};

static bool operand_value(const void *user, size_t element, int128 m, int64_t *out) {
    const struct operand *operand = user;
    double real = base_real(operand->state->integer, &operand->chain->base, element, m);
    return quantisation_code(operand->quantisation, element, chain_evaluate(operand->chain, element, real), out);
}

/* Monotone over the interval: each step is, and the quantiser neither wraps nor zeroes at its ends. */
static bool is_monotone(const struct operand *operand, size_t element, struct interval interval) {
    const struct quantisation *q = operand->quantisation;
    for (uint32_t s = 0; s < operand->chain->step_count; s++)
        if (!step_is_monotone(&operand->chain->steps[s], element)) return false;
    int128 ends[2] = {interval.lo, interval.hi};
    for (int i = 0; i < 2; i++) {
        double real = chain_evaluate(operand->chain, element,
                                     base_real(operand->state->integer, &operand->chain->base, element, ends[i]));
        if (!quantisation_clamps(q, element, real)) return false;
    }
    return true;
}

/* ---- groups: elements that share their function share its table ---- */

static bool same_parameters(const struct operand *operand, size_t a, size_t b) {
    const struct lowered *chain = operand->chain;
    const struct quantisation *q = operand->quantisation;
    if (graph_format(operand->state->integer, chain->base.value, a).fraction !=
        graph_format(operand->state->integer, chain->base.value, b).fraction)
        return false;
    if (!format_equal(q->formats[a], q->formats[b]) ||
        (chain->base.scale && chain->base.scale[a] != chain->base.scale[b]))
        return false;
    for (int k = 1; k < 6; k++)
        if (q->parameters[k] && q->parameters[k][a] != q->parameters[k][b]) return false;
    for (uint32_t s = 0; s < chain->step_count; s++)
        for (int k = 0; k < 5; k++) {
            const float *constants = chain->steps[s].constants[k];
            if (constants && memcmp(&constants[a], &constants[b], sizeof(float)) != 0) return false;
        }
    return true;
}

struct groups {
    uint32_t *of;  /* one an element */
    size_t *first; /* an element of each group */
    struct interval *interval;
    uint32_t count;
};

static struct groups groups_find(const struct operand *operand, struct arena *arena) {
    size_t count = operand->quantisation->count;
    struct groups groups = {ARENA_ARRAY(arena, uint32_t, count), ARENA_ARRAY(arena, size_t, count),
                            ARENA_ARRAY(arena, struct interval, count), 0};
    for (size_t i = 0; i < count; i++) {
        struct interval own = graph_interval(operand->state->integer, operand->chain->base.value, i);
        uint32_t g = 0;
        while (g < groups.count && !same_parameters(operand, i, groups.first[g])) g++;
        groups.of[i] = g;
        if (g == groups.count) {
            groups.first[g] = i;
            groups.interval[g] = own;
            groups.count++;
        }
        if (own.lo < groups.interval[g].lo) groups.interval[g].lo = own.lo;
        if (own.hi > groups.interval[g].hi) groups.interval[g].hi = own.hi;
    }
    return groups;
}

/* ---- the functions ---- */

/* Of all groups; as steps where they are monotone, else value by value. */
struct functions {
    bool possible, missing;
    bool by_steps, by_values; /* whether all can be written so */
    double luts;              /* of hardware, estimated */
    double limit;             /* above which they are not wanted */
    struct table *tables;     /* by group; no entries: not found so */
    struct staircase *stairs; /* by group; no values: not found so */
};

/* As far as the ends of the interval tell. */
static struct function_size largest_size(const struct operand *operand, size_t element, struct interval interval,
                                         bool monotone) {
    int128 steps = interval.hi - interval.lo;
    int64_t lo, hi;
    if (monotone && operand_value(operand, element, interval.lo, &lo) &&
        operand_value(operand, element, interval.hi, &hi)) {
        int128 values = (int128)hi - lo;
        values = values < 0 ? -values : values;
        steps = values < steps ? values : steps;
    }
    return (struct function_size){.steps = steps < INT64_MAX ? (int64_t)steps : INT64_MAX,
                                  .index_bits = format_for((struct interval){0, interval.hi - interval.lo}, 0).width,
                                  .operand_bits = format_for(interval, 0).width,
                                  .entry_bits = operand->quantisation->formats[element].width,
                                  .of_sum = true};
}

static void find_group(const struct operand *operand, const struct groups *groups, uint32_t g, double users,
                       struct functions *out, struct arena *arena) {
    const struct integer_function function = {operand_value, operand};
    const struct interval interval = groups->interval[g];
    const size_t element = groups->first[g];
    const bool monotone = is_monotone(operand, element, interval), few = interval.hi - interval.lo < TABLE_ENTRIES_MAX;
    struct function_size size = largest_size(operand, element, interval, monotone);
    int status = -1;
    out->by_steps = out->by_steps && monotone;
    out->by_values = out->by_values && few;
    if (out->luts + users * (double)function_luts(&size) <= out->limit && (out->by_steps || out->by_values))
        status = monotone ? staircase_find(&function, element, interval, arena, &out->stairs[g])
                          : table_find(&function, element, interval, arena, &out->tables[g]);
    if (status == 0) size.steps = monotone ? out->stairs[g].count : table_staircase(&out->tables[g], arena).count;
    out->luts += users * (double)function_luts(&size);
    out->missing = status == -2;
    out->possible = status == 0;
}

static struct functions functions_find(const struct operand *operand, const struct groups *groups, double limit,
                                       struct arena *arena) {
    struct functions out = {.possible = true,
                            .by_steps = true,
                            .by_values = true,
                            .limit = limit,
                            .tables = ARENA_ARRAY(arena, struct table, groups->count),
                            .stairs = ARENA_ARRAY(arena, struct staircase, groups->count)};
    double *users = ARENA_ARRAY(arena, double, groups->count);
    for (size_t i = 0; i < operand->quantisation->count; i++) users[groups->of[i]]++;
    for (uint32_t g = 0; g < groups->count && out.possible; g++) find_group(operand, groups, g, users[g], &out, arena);
    return out;
}

/* How they are written, which the emulator, C and HLS C++ follow: what form they get in hardware is lowering's to
 * choose. A look-up is one step where a staircase is as many comparisons as it has steps, so a short table is better;
 * but than one comparison nothing is. */
static bool written_by_values(const struct groups *groups, const struct functions *functions) {
    enum { SHORT = 1024, A_STEP = 32 };
    if (!functions->by_steps || !functions->by_values) return functions->by_values;
    bool is_short = true;
    for (uint32_t g = 0; g < groups->count && is_short; g++) {
        int128 values = groups->interval[g].hi - groups->interval[g].lo + 1, steps = functions->stairs[g].count;
        is_short = values == 1 || (values <= SHORT && values <= A_STEP * (steps - 1));
    }
    return is_short;
}

/* The smallest shape that the groups allow: axes along which all elements share become 1. */
static struct shape groups_shape(const struct groups *groups, const struct shape *shape) {
    struct shape out = *shape;
    size_t count = shape_elements(shape);
    for (int axis = 0; axis < shape->rank; axis++) {
        struct shape candidate = out;
        candidate.dim[axis] = 1;
        bool same = true;
        const struct axis_reduction along = reduction_geometry(shape, axis);
        for (size_t i = 0; same && i < count; i++)
            same = groups->of[i] == groups->of[i - reduction_index(&along, i) * along.inner];
        if (same) out = candidate;
    }
    return groups->count == 1 ? (struct shape){0} : out;
}

static struct lookup_attributes lookup_attributes(struct integerise *state, const struct operand *operand,
                                                  const struct groups *groups, const struct functions *functions,
                                                  bool by_values) {
    const struct shape shape = graph_value(state->real, operand->quantisation->node->result)->shape;
    struct lookup_attributes out = {.shape = groups_shape(groups, &shape),
                                    .formats = formats_compact(state->scratch, &shape, operand->quantisation->formats)};
    size_t count = shape_elements(&out.shape), elements = shape_elements(&shape);
    if (by_values)
        out.tables = ARENA_ARRAY(state->scratch, struct table, count);
    else
        out.stairs = ARENA_ARRAY(state->scratch, struct staircase, count);
    for (uint32_t g = 0; by_values && g < groups->count; g++)
        if (!functions->tables[g].entries)
            functions->tables[g] = staircase_table(&functions->stairs[g], groups->interval[g], state->scratch);
    for (size_t i = 0; i < elements; i++) {
        size_t index = shape_project(&shape, i, &out.shape);
        if (by_values)
            out.tables[index] = functions->tables[groups->of[i]];
        else
            out.stairs[index] = functions->stairs[groups->of[i]];
    }
    return out;
}

static const char *doubt_of_lookup(struct integerise *state, const struct operand *operand) {
    const struct exact *base = &operand->chain->base;
    if (base->doubt) return base->doubt;
    const char *name = operand->quantisation->node->name;
    if (chain_is_transcendental(operand->chain))
        return arena_printf(state->program->arena, "'%s' is a table of a transcendental function, correctly rounded",
                            name);
    if (base->scale || operand->quantisation->scale)
        return arena_printf(state->program->arena, "'%s' has a scale that is no power of two", name);
    return NULL;
}

static int append_lookup(struct integerise *state, const struct operand *operand, const struct groups *groups,
                         const struct functions *functions) {
    const struct quantisation *q = operand->quantisation;
    bool by_values = written_by_values(groups, functions);
    union attributes attributes = {.lookup = lookup_attributes(state, operand, groups, functions, by_values)};
    valref result = graph_append(state->integer, by_values ? OP_TABLE : OP_THRESHOLD, q->node->name,
                                 &operand->chain->base.value, 1, &attributes);
    result = cross_name(state, result, q->node, true);
    if (result.id == UINT32_MAX) return -1;
    cross_set(state, q->node, result, q->scale, doubt_of_lookup(state, operand));
    return 0;
}

/* ---- codes that are the integer itself, or that and a constant ---- */

/* What is added to the integer, by group; false where that is not all. */
static bool codes_follow(const struct operand *operand, const struct groups *groups, int64_t *added) {
    enum { WORTH_TRYING = 1 << 16 };
    const struct exact *base = &operand->chain->base;
    if (base->scale) return false;
    for (uint32_t g = 0; g < groups->count; g++) {
        const struct interval interval = groups->interval[g];
        size_t element = groups->first[g];
        int64_t code;
        if (interval.hi - interval.lo > WORTH_TRYING ||
            graph_format(operand->state->integer, base->value, element).fraction !=
                operand->quantisation->formats[element].fraction ||
            !operand_value(operand, element, interval.lo, &code))
            return false;
        added[g] = code - (int64_t)interval.lo;
        for (int128 m = interval.lo; m <= interval.hi; m++)
            if (!operand_value(operand, element, m, &code) || code != (int64_t)m + added[g]) return false;
    }
    return true;
}

/* Codes are as they were: nothing is made of them but the constant added. */
static int append_following(struct integerise *state, const struct operand *operand, const struct groups *groups,
                            const int64_t *added) {
    const struct quantisation *q = operand->quantisation;
    valref operands[2] = {operand->chain->base.value, NO_VALUE};
    const struct shape shape = graph_value(state->integer, operands[0])->shape;
    int64_t *constants = ARENA_ARRAY(state->scratch, int64_t, q->count);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, q->count);
    bool any = false;
    for (size_t i = 0; i < q->count; i++) {
        constants[i] = added[groups->of[i]];
        formats[i] = format_for((struct interval){constants[i], constants[i]}, q->formats[i].fraction);
        any = any || constants[i];
    }
    if (any) {
        operands[1] = graph_append_integers(state->integer, arena_printf(state->scratch, "%s.added", q->node->name),
                                            shape, formats_compact(state->scratch, &shape, formats), constants);
        operands[0] =
            cross_name(state, graph_append(state->integer, OP_ADD, q->node->name, operands, 2, NULL), q->node, true);
    }
    if (operands[0].id == UINT32_MAX) return -1;
    cross_set(state, q->node, operands[0], q->scale, doubt_of_lookup(state, operand));
    return 0;
}

static int append_narrow(struct integerise *state, const struct quantisation *q) {
    struct exact operand;
    if (exact_of(state, q->node->inputs[0], q->node, &operand) < 0) return -1;
    if (!scales_take_off(state, q->node, &operand)) return refuse_scales(state, q->node);
    union attributes attributes = q->node->attributes;
    attributes.quantizer.binary32 = false;
    valref result = graph_append(state->integer, OP_NARROW, q->node->name, &operand.value, 1, &attributes);
    result = cross_name(state, result, q->node, true);
    if (result.id == UINT32_MAX) return -1;
    cross_set(state, q->node, result, NULL, doubt_of_sums(state, q->node, result, operand.doubt));
    return 0;
}

static int refuse_quantiser(struct integerise *state, const struct node *node, const struct functions *functions) {
    if (functions->missing)
        return cross_refuse(state, node, "see what its operand can be at the ends of its range",
                            "'%s' would round a number that is not finite or has no code", node->name);
    return cross_refuse(
        state, node,
        "put a narrower quantiser (at most 12 bits) in front of the function, or one with fewer steps behind it",
        "what '%s' rounds is neither exact in integers, nor monotone with at most %d steps, nor a table of at most %d "
        "entries",
        node->name, STAIRCASE_STEPS_MAX, TABLE_ENTRIES_MAX);
}

/* Exact arithmetic is preferred where binary32 agrees with it; else a function of the integer must cost much more, or
 * there must be none where the model's own arithmetic is to be met in every bit. */
static int choose(struct integerise *state, const struct operand *operand) {
    /* how much dearer a function of the integer may be than arithmetic that differs from binary32 */
    enum { DISAGREEMENT = 2, DISAGREEMENT_OF_SCALES = 8 };
    const struct quantisation *q = operand->quantisation;
    double cost;
    bool binary32 = false,
         arithmetic = op_narrows(q->node->op) && chain_exact_cost(state, operand->chain, &cost, &binary32);
    if (arithmetic && operand->chain->step_count == 0 && !operand->chain->base.scale) return append_narrow(state, q);
    struct groups groups = groups_find(operand, state->scratch);
    int64_t *added = ARENA_ARRAY(state->scratch, int64_t, groups.count);
    if (codes_follow(operand, &groups, added)) return append_following(state, operand, &groups, added);
    double limit = INFINITY;
    const bool differs = !binary32 || operand->chain->base.scale;
    if (arithmetic && !(differs && q->node->attributes.quantizer.binary32))
        limit = cost * (operand->chain->base.scale ? DISAGREEMENT_OF_SCALES : binary32 ? 1 : DISAGREEMENT);
    struct functions functions = functions_find(operand, &groups, limit, state->scratch);
    if (functions.possible && functions.luts <= limit) return append_lookup(state, operand, &groups, &functions);
    return arithmetic ? append_narrow(state, q) : refuse_quantiser(state, q->node, &functions);
}

/* ---- quantised constants ---- */

static int lower_constant(struct integerise *state, const struct quantisation *q, const struct lowered *operand) {
    const struct node *node = q->node;
    const struct shape *shape = &graph_value(state->real, node->result)->shape;
    const struct shape *own = &graph_value(state->real, node->inputs[0])->shape;
    int64_t *codes = ARENA_ARRAY(state->scratch, int64_t, q->count);
    float *reals = ARENA_ARRAY(state->scratch, float, q->count);
    double *scale = q->scale ? ARENA_ARRAY(state->scratch, double, q->count) : NULL;
    for (size_t i = 0; i < q->count; i++) {
        if (!quantisation_code(q, i, (double)operand->reals[shape_project(shape, i, own)], &codes[i]))
            return cross_refuse(state, node, "constants must be finite numbers",
                                "constant in front of '%s' holds a number that is not finite", node->name);
        double grid = fixed_to_real(codes[i], q->formats[i].fraction);
        if (scale) scale[i] = ldexp(q->scale[i], -q->formats[i].fraction); /* that of the codes themselves */
        reals[i] = scale ? (float)codes[i] * (float)scale[i] : (float)grid;
    }
    state->lowered[node->result.id] = (struct lowered){.kind = LOWERED_CONSTANT,
                                                       .reals = reals,
                                                       .codes = scale ? codes : NULL,
                                                       .scale = scale,
                                                       .exact.value = NO_VALUE};
    return 0;
}

int cross_quantiser(struct integerise *state, const struct node *node) {
    struct quantisation q;
    if (!quantisation_of(state->real, node, state->scratch, &q))
        return cross_refuse(
            state, node, "use positive finite scales, whole zero points and at most 48 bits, all constant",
            "'%s' has a scale, zero point or bit width that is not constant or out of range", node->name);
    struct lowered chain = state->lowered[node->inputs[0].id];
    if (chain.kind == LOWERED_NOT) return -1;
    if (chain.kind == LOWERED_CONSTANT) return lower_constant(state, &q, &chain);
    if (chain.kind == LOWERED_INTEGER) chain.base = chain.exact;
    struct operand operand = {state, &chain, &q};
    return choose(state, &operand);
}
