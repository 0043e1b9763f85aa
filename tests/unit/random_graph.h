/* Random integer graphs of every operator, format, rounding and overflow, for tests of emitters. */
#ifndef BXC_RANDOM_GRAPH_H
#define BXC_RANDOM_GRAPH_H

#include "ir/ops.h"

struct random_graph {
    uint64_t state;
    struct graph *graph;
    valref pool[256];
    int pool_count;
    int width_limit, fraction_limit; /* of declared formats */
};

static inline uint64_t random_next(struct random_graph *random) { /* splitmix64 */
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int random_below(struct random_graph *random, int limit) {
    return (int)(random_next(random) % (uint64_t)limit);
}

static inline int random_between(struct random_graph *random, int lo, int hi) {
    return lo + random_below(random, hi - lo + 1);
}

static inline struct format random_format(struct random_graph *random) {
    struct format format = {.is_signed = random_below(random, 3) != 0};
    format.width = (int16_t)random_between(random, random_below(random, 8) ? 1 : 0,
                                           random_below(random, 4) ? 9 : random->width_limit);
    if (!format.is_signed && format.width > 63) format.width = 63;
    format.fraction =
        (int16_t)(random_below(random, 5) ? random_between(random, -2, 8)
                                          : random_between(random, -random->fraction_limit, random->fraction_limit));
    return format;
}

/* One format for all, or one an element. */
static inline struct formats random_formats(struct random_graph *random, struct shape shape) {
    struct graph *graph = random->graph;
    struct formats formats = formats_uniform(graph->arena, random_format(random));
    if (random_below(random, 2)) return formats;
    size_t count = shape_elements(&shape);
    struct format base = random_format(random);
    formats.shape = shape;
    formats.at = ARENA_ARRAY(graph->arena, struct format, count);
    for (size_t i = 0; i < count; i++) {
        formats.at[i] = random_format(random);
        formats.at[i].fraction = (int16_t)(base.fraction + random_between(random, -3, 3));
    }
    return formats;
}

static inline int64_t random_in_format(struct random_graph *random, struct format format) {
    int64_t lo = format_min(format), hi = format_max(format);
    switch (random_below(random, 6)) {
    case 0: return lo;
    case 1: return hi;
    case 2: return 0;
    default: break;
    }
    uint64_t span = (uint64_t)hi - (uint64_t)lo;
    return (int64_t)((uint64_t)lo + (span == UINT64_MAX ? random_next(random) : random_next(random) % (span + 1)));
}

static inline struct shape random_shape(struct random_graph *random) {
    static const struct shape shapes[] = {{.rank = 2, .dim = {1, 4}},    {.rank = 2, .dim = {1, 6}},
                                          {.rank = 3, .dim = {1, 2, 3}}, {.rank = 3, .dim = {2, 3, 4}},
                                          {.rank = 2, .dim = {4, 6}},    {.rank = 1, .dim = {4}},
                                          {.rank = 2, .dim = {2, 1}}};
    return shapes[random_below(random, (int)(sizeof shapes / sizeof *shapes))];
}

static inline valref random_pick(struct random_graph *random) {
    int newest = random_below(random, 2) ? random->pool_count / 2 : 0;
    return random->pool[random_between(random, newest, random->pool_count - 1)];
}

static inline struct shape random_shape_of(const struct random_graph *random, valref value) {
    return graph_value(random->graph, value)->shape;
}

static inline valref random_constant(struct random_graph *random, const char *name, struct shape shape) {
    struct formats formats = random_formats(random, shape);
    size_t count = shape_elements(&shape);
    int64_t *integers = ARENA_ARRAY(random->graph->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        struct format format = formats.at[formats.shape.rank ? i : 0];
        integers[i] = random_below(random, 3) ? random_in_format(random, format) : 0;
    }
    return graph_append_integers(random->graph, name, shape, formats, integers);
}

/* A narrow to few bits; also what keeps intervals small enough for the rest. */
static inline valref random_narrow(struct random_graph *random, const char *name, valref x) {
    union attributes attributes = {.quantizer = {.rounding = (enum rounding)random_below(random, ROUNDING_COUNT),
                                                 .overflow = (enum overflow)random_below(random, OVERFLOW_COUNT),
                                                 .formats = random_formats(random, random_shape_of(random, x))}};
    return graph_append(random->graph, OP_NARROW, name, &x, 1, &attributes);
}

static inline valref random_lookup(struct random_graph *random, const char *name, valref x, bool table) {
    struct graph *graph = random->graph;
    struct shape shape = random_shape_of(random, x);
    struct interval all = graph_interval(graph, x, 0);
    for (size_t i = 1; i < shape_elements(&shape); i++) {
        struct interval one = graph_interval(graph, x, i);
        all.lo = one.lo < all.lo ? one.lo : all.lo;
        all.hi = one.hi > all.hi ? one.hi : all.hi;
    }
    if (all.hi - all.lo > 2000) return NO_VALUE;
    union attributes attributes = {.lookup = {.formats = formats_uniform(graph->arena, random_format(random))}};
    struct lookup_attributes *lookup = &attributes.lookup;
    if (random_below(random, 2)) lookup->shape = shape;
    size_t groups = shape_elements(&lookup->shape);
    lookup->tables = ARENA_ARRAY(graph->arena, struct table, groups);
    lookup->stairs = ARENA_ARRAY(graph->arena, struct staircase, groups);
    for (size_t i = 0; i < groups; i++) {
        uint32_t count =
            (uint32_t)(table ? (int)(all.hi - all.lo + 3) : random_below(random, random_below(random, 3) ? 6 : 60));
        if (!table && count > all.hi - all.lo + 3) count = (uint32_t)(all.hi - all.lo + 3); /* thresholds ascend */
        int64_t *values = ARENA_ARRAY(graph->arena, int64_t, count + 1),
                *thresholds = ARENA_ARRAY(graph->arena, int64_t, count + 1);
        for (uint32_t k = 0; k <= count; k++) {
            values[k] = random_in_format(random, lookup->formats.at[0]);
            thresholds[k] = (int64_t)all.lo - 2 + (int64_t)((all.hi - all.lo + 4) * k / (count + 1));
        }
        lookup->tables[i] = (struct table){.first = (int64_t)all.lo - 1, .count = count, .entries = values};
        lookup->stairs[i] = (struct staircase){.count = count, .thresholds = thresholds, .values = values};
    }
    if (table)
        lookup->stairs = NULL;
    else
        lookup->tables = NULL;
    return graph_append(graph, table ? OP_TABLE : OP_THRESHOLD, name, &x, 1, &attributes);
}

static inline valref random_axis_op(struct random_graph *random, enum op op, const char *name, valref x) {
    struct shape shape = random_shape_of(random, x);
    if (shape.rank == 0) return NO_VALUE;
    union attributes attributes = {.axis = {.axis = random_below(random, shape.rank),
                                            .keep_dimensions = random_below(random, 2),
                                            .select_last = op == OP_ARGMAX && random_below(random, 2)}};
    valref operands[2] = {x, x};
    if (op == OP_CONCAT) {
        attributes.axis.keep_dimensions = false;
        valref other = random_pick(random);
        if (shape_equal(&graph_value(random->graph, other)->shape, &shape)) operands[1] = other;
    }
    return graph_append(random->graph, op, name, operands, op == OP_CONCAT ? 2 : 1, &attributes);
}

static inline valref random_move(struct random_graph *random, enum op op, const char *name, valref x) {
    struct shape shape = random_shape_of(random, x);
    union attributes attributes = {0};
    if (shape.rank == 0) return NO_VALUE;
    if (op == OP_RESHAPE) {
        attributes.reshape.shape = (struct shape){.rank = 2, .dim = {1, (int64_t)shape_elements(&shape)}};
    } else if (op == OP_TRANSPOSE) {
        int turn = random_below(random, shape.rank);
        for (int axis = 0; axis < shape.rank; axis++)
            attributes.transpose.permutation[axis] = (axis + turn) % shape.rank;
    } else if (op == OP_SLICE) {
        for (int axis = 0; axis < shape.rank; axis++) {
            attributes.slice.count[axis] = random_between(random, 1, (int)shape.dim[axis]);
            attributes.slice.step[axis] = 1;
            attributes.slice.start[axis] =
                random_below(random, (int)(shape.dim[axis] - attributes.slice.count[axis] + 1));
            if (random_below(random, 3)) continue;
            attributes.slice.start[axis] += attributes.slice.count[axis] - 1;
            attributes.slice.step[axis] = -1;
        }
    } else if (op == OP_WINDOW) {
        struct window_attributes *window = &attributes.window;
        window->axis = random_below(random, shape.rank);
        window->step = random_between(random, 1, 2);
        window->dilation = random_between(random, 1, 2);
        window->size = random_between(random, 1, (int)((shape.dim[window->axis] - 1) / window->dilation + 1));
        if (shape.rank > 5) return NO_VALUE;
    } else {
        attributes.gather.axis = random_below(random, shape.rank);
        attributes.gather.shape = (struct shape){.rank = 1, .dim = {3}};
        attributes.gather.indices = ARENA_ARRAY(random->graph->arena, int64_t, 3);
        for (int i = 0; i < 3; i++)
            attributes.gather.indices[i] = random_below(random, (int)shape.dim[attributes.gather.axis]);
    }
    return graph_append(random->graph, op, name, &x, 1, &attributes);
}

static inline valref random_matmul(struct random_graph *random, const char *name, valref x) {
    struct shape shape = random_shape_of(random, x);
    char weights[64];
    snprintf(weights, sizeof weights, "%s.weights", name);
    if (shape.rank < 1) return NO_VALUE;
    valref operands[2] = {x, NO_VALUE};
    int64_t depth = shape.dim[shape.rank - 1];
    int kind = random_below(random, 8);
    struct shape other = {.rank = 2, .dim = {depth, random_below(random, 6) ? 5 : 40}};
    if (kind == 0 && shape.rank >= 2) { /* constant on the left */
        operands[1] = x;
        operands[0] =
            random_constant(random, weights, (struct shape){.rank = 2, .dim = {3, shape.dim[shape.rank - 2]}});
    } else if (kind == 1) { /* two variables, when some fit */
        for (int i = 0; i < random->pool_count; i++) {
            struct shape candidate = random_shape_of(random, random->pool[i]);
            if (candidate.rank == 2 && candidate.dim[0] == depth) operands[1] = random->pool[i];
        }
        if (operands[1].id == UINT32_MAX) operands[1] = random_constant(random, weights, other);
    } else {
        operands[1] = random_constant(random, weights, other);
    }
    return graph_append(random->graph, OP_MATMUL, name, operands, 2, NULL);
}

static inline valref random_step(struct random_graph *random, enum op op, const char *name) {
    valref x = random_pick(random);
    valref pair[2] = {x, random_pick(random)};
    switch (op) {
    case OP_NARROW: return random_narrow(random, name, x);
    case OP_TABLE:
    case OP_THRESHOLD: return random_lookup(random, name, x, op == OP_TABLE);
    case OP_ARGMAX:
    case OP_REDUCE_MAX:
    case OP_REDUCE_SUM:
    case OP_CONCAT: return random_axis_op(random, op, name, x);
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_SLICE:
    case OP_GATHER:
    case OP_WINDOW: return random_move(random, op, name, x);
    case OP_MATMUL: return random_matmul(random, name, x);
    case OP_RELU: return graph_append(random->graph, op, name, &x, 1, NULL);
    default: break;
    }
    struct shape a = random_shape_of(random, pair[0]), b = random_shape_of(random, pair[1]), out;
    if (!shape_broadcast(&a, &b, &out)) {
        char constant[64];
        snprintf(constant, sizeof constant, "%s.constant", name);
        pair[1] =
            random_constant(random, constant, random_below(random, 2) ? a : (struct shape){.rank = 1, .dim = {1}});
    }
    return graph_append(random->graph, op, name, pair, 2, NULL);
}

static inline valref random_named_step(struct random_graph *random, int number) {
    static const enum op ops[] = {OP_NARROW,     OP_MATMUL,     OP_NARROW, OP_ADD,       OP_SUB,       OP_NARROW,
                                  OP_MUL,        OP_RELU,       OP_NARROW, OP_TABLE,     OP_THRESHOLD, OP_ARGMAX,
                                  OP_REDUCE_MAX, OP_REDUCE_SUM, OP_CONCAT, OP_RESHAPE,   OP_TRANSPOSE, OP_SLICE,
                                  OP_GATHER,     OP_NARROW,     OP_TABLE,  OP_THRESHOLD, OP_WINDOW};
    enum op op = ops[random_below(random, (int)(sizeof ops / sizeof *ops))];
    char name[32];
    snprintf(name, sizeof name, "%s_%d", op_info(op)->name, number);
    valref made = random_step(random, op, name);
    if (made.id == UINT32_MAX || shape_elements(&graph_value(random->graph, made)->shape) > 200) return NO_VALUE;
    return random->pool[random->pool_count++] = made;
}

/* ---- a scan or map, its body made of the same steps ---- */

struct random_loop {
    struct random_graph inner;
    valref operands[8];
    uint32_t count;
    union attributes attributes;
    int64_t axes[8], reversed[8];
};

static inline void random_body_input(struct random_loop *loop, valref operand, struct shape shape,
                                     struct formats formats) {
    static const char *const names[] = {"h", "x y", "int", "item", "w", "h", "trip", "i"}; /* one of them twice */
    loop->inner.pool[loop->inner.pool_count++] = graph_append_integer_input(
        loop->inner.graph, names[loop->count], shape, formats_copy(loop->inner.graph->arena, &formats), ROUND_HALF_EVEN,
        OVERFLOW_SATURATE);
    loop->operands[loop->count++] = operand;
}

/* With room for more than what it begins as. */
static inline void random_carried(struct random_graph *random, struct random_loop *loop) {
    valref start = random_pick(random);
    struct shape shape = random_shape_of(random, start);
    size_t count = shape_elements(&shape);
    struct formats formats = {.shape = shape, .at = ARENA_ARRAY(random->graph->arena, struct format, count)};
    if (count > 24) return;
    for (size_t e = 0; e < count; e++) {
        struct format format = graph_format(random->graph, start, e);
        int more = format.width + 2 - format.is_signed;
        formats.at[e] = (struct format){true, (int16_t)(more > 60 ? 64 : more), format.fraction};
    }
    random_body_input(loop, start, shape, formats_compact(random->graph->arena, &shape, formats.at));
    loop->attributes.loop.carried++;
}

static inline void random_place(struct random_graph *random, struct random_loop *loop, int64_t axis) {
    loop->axes[loop->attributes.loop.axes.count++] = axis;
    loop->reversed[loop->attributes.loop.reversed.count++] = random_below(random, 2);
}

/* All items in one format. */
static inline void random_sliced(struct random_graph *random, struct random_loop *loop) {
    valref whole = random_pick(random);
    struct shape shape = random_shape_of(random, whole);
    if (shape.rank == 0) return;
    int axis = random_below(random, shape.rank);
    bool first = loop->attributes.loop.sliced == 0;
    if (first ? shape.dim[axis] > 4 : shape.dim[axis] != loop->attributes.loop.trips) return;
    const struct formats formats = formats_uniform(random->graph->arena, random_format(random));
    union attributes narrow = {
        .quantizer = {.rounding = ROUND_TRUNCATE, .overflow = OVERFLOW_WRAP, .formats = formats}};
    whole = graph_append(random->graph, OP_NARROW, "items", &whole, 1, &narrow);
    if (whole.id == UINT32_MAX) return;
    loop->attributes.loop.trips = shape.dim[axis];
    loop->attributes.loop.sliced++;
    random_place(random, loop, axis);
    for (int i = axis; i + 1 < shape.rank; i++) shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
    random_body_input(loop, whole, shape, formats);
}

/* What comes back is a value of its shape, or what was carried, in the declared format. */
static inline bool random_carry_back(struct random_loop *loop, uint32_t index) {
    struct random_graph *inner = &loop->inner;
    valref declared = inner->pool[index], back = inner->pool[random_below(inner, loop->attributes.loop.carried)];
    struct shape shape = random_shape_of(inner, declared);
    if (!shape_equal(&graph_value(inner->graph, back)->shape, &shape)) back = declared;
    for (int i = (int)loop->count; i < inner->pool_count; i++)
        if (shape_equal(&graph_value(inner->graph, inner->pool[i])->shape, &shape) && random_below(inner, 2))
            back = inner->pool[i];
    union attributes attributes = {.quantizer = {.rounding = (enum rounding)random_below(inner, ROUNDING_COUNT),
                                                 .overflow = (enum overflow)random_below(inner, OVERFLOW_COUNT),
                                                 .formats = graph_value(inner->graph, declared)->formats}};
    back = graph_append(inner->graph, OP_NARROW, "back", &back, 1, &attributes);
    if (back.id != UINT32_MAX) graph_append_output(inner->graph, "h", back);
    return back.id != UINT32_MAX;
}

static inline void random_loop(struct random_graph *random, int depth);

static inline bool random_body(struct random_loop *loop, int depth) {
    struct random_graph *inner = &loop->inner;
    for (int i = random_between(inner, 1, 8); i > 0; i--) random_named_step(inner, i);
    if (depth < 2 && random_below(inner, 2)) random_loop(inner, depth + 1);
    for (uint32_t i = 0; i < (uint32_t)loop->attributes.loop.carried; i++)
        if (!random_carry_back(loop, i)) return false;
    int stacked = random_below(inner, 3) + (loop->attributes.loop.carried == 0);
    for (int i = 0; i < stacked; i++) {
        valref given = random_pick(inner);
        struct shape shape = random_shape_of(inner, given);
        if (shape.rank > 3 || shape_elements(&shape) > 30) given = inner->pool[inner->pool_count - 1];
        graph_append_output(inner->graph, "y", given);
        random_place(inner, loop, random_below(inner, random_shape_of(inner, given).rank + 1));
    }
    return true;
}

/* Its results are picked by steps that follow. */
static inline void random_loop(struct random_graph *random, int depth) {
    struct random_loop loop = {.inner = *random};
    struct loop_attributes *attributes = &loop.attributes.loop;
    enum op op = random_below(random, 2) ? OP_SCAN : OP_MAP;
    loop.inner.graph = graph_new(random->graph->context, "body");
    loop.inner.pool_count = 0;
    attributes->trips = random_between(random, 1, 3);
    attributes->axes.at = loop.axes;
    attributes->reversed.at = loop.reversed;
    for (int i = op == OP_SCAN ? random_between(random, 1, 2) : 0; i > 0; i--) random_carried(random, &loop);
    for (int i = random_below(random, 8); i > 0 && attributes->sliced < 2; i--) random_sliced(random, &loop);
    valref whole = random_pick(random);
    if (loop.count == 0 || random_below(random, 2))
        random_body_input(&loop, whole, random_shape_of(random, whole), graph_value(random->graph, whole)->formats);
    bool made = random_body(&loop, depth);
    if (made) graph_compact(loop.inner.graph);
    valref result = made ? graph_append_with_body(random->graph, op, depth ? "inner" : "loop", loop.operands,
                                                  loop.count, &loop.attributes, loop.inner.graph)
                         : NO_VALUE;
    if (result.id == UINT32_MAX) {
        graph_free(loop.inner.graph);
        return;
    }
    const struct node *node = graph_definition(random->graph, result);
    for (uint32_t r = 0; r < node->result_count; r++)
        if (graph_elements(random->graph, node_result(node, r)) <= 200)
            random->pool[random->pool_count++] = node_result(node, r);
}

/* A graph of about `steps` nodes; steps that inference refuses are left out. Two of three have a loop. */
static inline struct graph *random_graph_new(struct bxc_context *context, uint64_t seed, int steps, int width_limit,
                                             int fraction_limit) {
    struct random_graph random = {.state = seed, .width_limit = width_limit, .fraction_limit = fraction_limit};
    random.graph = graph_new(context, "random");
    for (int i = 0; i < 3; i++) {
        struct shape shape = random_shape(&random);
        random.pool[random.pool_count++] = graph_append_integer_input(
            random.graph, i ? i == 1 ? "exp" : "x y" : "input", shape, random_formats(&random, shape),
            (enum rounding)random_below(&random, ROUNDING_COUNT), (enum overflow)random_below(&random, OVERFLOW_COUNT));
    }
    for (int i = 0; i < steps && random.pool_count < 200; i++) {
        if (i == steps / 2 && seed % 3) random_loop(&random, 0);
        random_named_step(&random, i);
    }
    for (int i = 3; i < random.pool_count; i++) {
        bool output;
        char name[32];
        snprintf(name, sizeof name, "out%d", i);
        if (graph_use_count(random.graph, random.pool[i], &output) == 0)
            graph_append_output(random.graph, name, random.pool[i]);
    }
    graph_compact(random.graph);
    return random.graph;
}

/* A number that takes many cycles, to which values of the graph are added in the end: until then they are kept. */
static inline void random_deep_end(struct graph *graph, uint64_t seed) {
    struct random_graph random = {.state = seed, .graph = graph, .width_limit = 12, .fraction_limit = 4};
    const struct value_list inputs = graph_inputs(graph, graph->arena);
    const struct formats narrow = formats_uniform(graph->arena, (struct format){true, 9, 2});
    union attributes quantizer = {.quantizer = {.overflow = OVERFLOW_WRAP, .formats = narrow}};
    valref deep = graph_append(graph, OP_NARROW, "deep", &inputs.at[0], 1, &quantizer);
    for (int axis = graph_value(graph, deep)->shape.rank - 1; axis >= 0 && random_below(&random, 4); axis--) {
        union attributes sum = {.axis = {.axis = axis, .keep_dimensions = true}};
        deep = graph_append(graph, OP_REDUCE_SUM, "deep_sum", &deep, 1, &sum);
    }
    for (int i = random_between(&random, 6, 14); i > 0; i--) {
        deep = graph_append(graph, OP_MUL, "deep_square", (valref[]){deep, deep}, 2, NULL);
        deep = graph_append(graph, OP_NARROW, "deep_narrow", &deep, 1, &quantizer);
    }
    uint32_t values = graph->value_count;
    for (uint32_t v = 0; v < values; v++) {
        struct shape a = graph_value(graph, (valref){v})->shape, b = graph_value(graph, deep)->shape, out;
        enum op op = graph_definition(graph, (valref){v})->op;
        if (op == OP_CONSTANT || random_below(&random, 3) || !shape_broadcast(&a, &b, &out)) continue;
        if (shape_elements(&out) > 200) continue;
        valref sum = graph_append(graph, OP_ADD, "late", (valref[]){{v}, deep}, 2, NULL);
        if (sum.id != UINT32_MAX) graph_append_output(graph, "late", sum);
    }
    graph_compact(graph);
}

#endif
