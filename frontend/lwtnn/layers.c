/* Layers that treat every step of a sequence by itself, convolutions and embeddings. lwtnn keeps matrices as [outputs,
 * inputs], row by row, and tells their inputs from what comes before. */
#include "frontend/lwtnn/lwtnn.h"

#include <string.h>

static int64_t inputs_of(const struct lwtnn_layer *layer, valref x) {
    const struct shape *shape = layer_shape(&layer->layer, x);
    return shape->dim[shape->rank - 1];
}

static const char *member_path(const struct lwtnn_layer *layer, const char *member) {
    return native_path(&layer->reader->json, layer->path, member);
}

/* rows x columns become columns x rows. */
static const float *transposed(struct arena *arena, const float *numbers, int64_t rows, int64_t columns) {
    float *out = ARENA_ARRAY(arena, float, rows *columns + 1);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) out[c * rows + r] = numbers[r * columns + c];
    return out;
}

/* ---- matrices and biases ---- */

static int read_matrix(const struct lwtnn_layer *layer, const char *path, const cJSON *json, int64_t inputs,
                       const float **matrix, int64_t *outputs) {
    const struct lwtnn_reader *reader = layer->reader;
    size_t count;
    const float *numbers = lwtnn_numbers(reader, path, json, &count);
    if (!numbers) return -1;
    if (!count || count % (size_t)inputs)
        return native_fail(&reader->json, path, "%zu numbers are no matrix of %lld inputs", count, (long long)inputs);
    *outputs = (int64_t)count / inputs;
    *matrix = transposed(reader->json.arena, numbers, *outputs, inputs);
    return 0;
}

static bool is_empty(const cJSON *list) {
    return !list || (cJSON_IsArray(list) && !list->child) || (cJSON_IsString(list) && !*list->valuestring);
}

int lwtnn_component_read(const struct lwtnn_layer *layer, const char *path, const cJSON *json, int64_t inputs,
                         struct lwtnn_component *component) {
    const struct lwtnn_reader *reader = layer->reader;
    const cJSON *bias = native_member(json, "bias"), *recurrent = native_member(json, "U");
    int64_t columns;
    size_t count;
    *component = (struct lwtnn_component){.outputs = inputs};
    if (!is_empty(native_member(json, "weights")) &&
        read_matrix(layer, native_path(&reader->json, path, "weights"), native_member(json, "weights"), inputs,
                    &component->kernel, &component->outputs) < 0)
        return -1;
    path = native_path(&reader->json, path, is_empty(recurrent) ? "bias" : "U");
    if (!is_empty(recurrent) &&
        (read_matrix(layer, path, recurrent, component->outputs, &component->recurrent, &columns) < 0 ||
         columns != component->outputs))
        return native_fail(&reader->json, path, "U is no matrix of %lld units", (long long)component->outputs);
    if (is_empty(bias)) return 0;
    component->bias = lwtnn_numbers(reader, path, bias, &count);
    if (component->bias && (int64_t)count != component->outputs)
        return native_fail(&reader->json, path, "%zu biases for %lld outputs", count, (long long)component->outputs);
    return component->bias ? 0 : -1;
}

int lwtnn_named_component(const struct lwtnn_layer *layer, const char *name, int64_t inputs, bool recurrent,
                          struct lwtnn_component *component) {
    const struct lwtnn_reader *reader = layer->reader;
    const char *path = arena_printf(reader->json.arena, "%s.components.%s", layer->path, name);
    const cJSON *json = native_member(native_member(layer->json, "components"), name);
    if (!cJSON_IsObject(json)) return native_fail(&reader->json, path, "component '%s' is missing", name);
    if (lwtnn_component_read(layer, path, json, inputs, component) < 0) return -1;
    if (component->kernel && component->bias && (!recurrent || component->recurrent)) return 0;
    return native_fail(&reader->json, path, "weights, bias%s of component '%s' are missing", recurrent ? " or U" : "",
                       name);
}

static valref append_bias(const struct lwtnn_layer *layer, const char *part, valref x, const float *bias, int64_t count,
                          enum op op) {
    if (!bias) return x;
    const char *name = arena_printf(layer->reader->json.arena, "%s.numbers", part);
    return layer_node(&layer->layer, op, part,
                      (const valref[]){x, layer_reals(&layer->layer, name, (struct shape){1, {count}}, bias)}, 2, NULL);
}

/* x times the kernel, and the bias. */
static valref append_dense(const struct lwtnn_layer *layer, const char *part, valref x,
                           const struct lwtnn_component *component) {
    struct arena *arena = layer->reader->json.arena;
    const char *product = part ? part : "product";
    if (component->kernel) {
        struct shape shape = {2, {inputs_of(layer, x), component->outputs}};
        valref kernel =
            layer_reals(&layer->layer, arena_printf(arena, "%s.weights", product), shape, component->kernel);
        x = layer_node(&layer->layer, OP_MATMUL, product, (const valref[]){x, kernel}, 2, NULL);
    }
    return append_bias(layer, part ? arena_printf(arena, "%s.bias", part) : "bias", x, component->bias,
                       component->outputs, OP_ADD);
}

/* ---- architectures ---- */

static valref read_dense(const struct lwtnn_layer *layer, valref x) {
    struct lwtnn_component component;
    struct layer_function function;
    if (lwtnn_component_read(layer, layer->path, layer->json, inputs_of(layer, x), &component) < 0 ||
        lwtnn_function(layer, "activation", &function) < 0)
        return NO_VALUE;
    return layer_apply(&layer->layer, "activation", &function, append_dense(layer, NULL, x, &component));
}

/* weights * (x + bias), one of each for every input. */
static valref read_normalization(const struct lwtnn_layer *layer, valref x) {
    static const char *const names[] = {"bias", "weights"};
    static const enum op ops[] = {OP_ADD, OP_MUL};
    int64_t inputs = inputs_of(layer, x);
    for (int i = 0; i < 2; i++) {
        size_t count;
        const char *path = member_path(layer, names[i]);
        const float *numbers = lwtnn_numbers(layer->reader, path, native_member(layer->json, names[i]), &count);
        if (numbers && (int64_t)count != inputs) {
            native_fail(&layer->reader->json, path, "%zu numbers for %lld inputs", count, (long long)inputs);
            return NO_VALUE;
        }
        x = numbers ? append_bias(layer, names[i], x, numbers, inputs, ops[i]) : NO_VALUE;
        if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    }
    return x;
}

/* carry * activation(t) + (1 - carry) * x */
static valref read_highway(const struct lwtnn_layer *layer, valref x) {
    static const float one = 1;
    const struct layer *of = &layer->layer;
    struct lwtnn_component t, carry;
    struct layer_function function;
    int64_t inputs = inputs_of(layer, x);
    if (lwtnn_named_component(layer, "t", inputs, false, &t) < 0 ||
        lwtnn_named_component(layer, "carry", inputs, false, &carry) < 0 ||
        lwtnn_function(layer, "activation", &function) < 0)
        return NO_VALUE;
    if (t.outputs != inputs || carry.outputs != inputs)
        return layer_refuse(of, NULL, "a highway of %lld inputs has other outputs", (long long)inputs);
    valref gate = append_dense(layer, "carry", x, &carry);
    gate = layer_node(of, OP_SIGMOID, "carry.sigmoid", &gate, 1, NULL);
    valref way = layer_apply(of, "t.activation", &function, append_dense(layer, "t", x, &t));
    valref rest = layer_node(of, OP_SUB, "rest",
                             (const valref[]){layer_reals(of, "one", (struct shape){0}, &one), gate}, 2, NULL);
    way = layer_node(of, OP_MUL, "taken", (const valref[]){gate, way}, 2, NULL);
    rest = layer_node(of, OP_MUL, "kept", (const valref[]){rest, x}, 2, NULL);
    return layer_node(of, OP_ADD, NULL, (const valref[]){way, rest}, 2, NULL);
}

/* The largest of what several matrices give. */
static valref read_maxout(const struct lwtnn_layer *layer, valref x) {
    const struct lwtnn_reader *reader = layer->reader;
    const cJSON *list = native_member(layer->json, "sublayers"), *sublayer;
    const char *path = member_path(layer, "sublayers");
    struct shape shape = *layer_shape(&layer->layer, x);
    size_t count, i = 0;
    if (native_array(&reader->json, path, list, &count) < 0) return NO_VALUE;
    if (!count) native_fail(&reader->json, path, "a maxout of nothing");
    valref *all = ARENA_ARRAY(reader->json.arena, valref, count + 1);
    int64_t outputs = -1;
    cJSON_ArrayForEach (sublayer, list) {
        struct lwtnn_component component;
        const char *at = arena_printf(reader->json.arena, "%s[%zu]", path, i);
        if (lwtnn_component_read(layer, at, sublayer, inputs_of(layer, x), &component) < 0) return NO_VALUE;
        if (outputs >= 0 && component.outputs != outputs)
            return layer_refuse(&layer->layer, NULL, "its matrices have %lld and %lld outputs", (long long)outputs,
                                (long long)component.outputs);
        outputs = shape.dim[shape.rank - 1] = component.outputs;
        const char *part = arena_printf(reader->json.arena, "sublayer_%zu", i);
        all[i] = append_dense(layer, part, x, &component);
        struct shape longer = {shape.rank + 1, {0}};
        memcpy(longer.dim, shape.dim, sizeof shape.dim);
        longer.dim[shape.rank] = 1;
        all[i] = layer_reshape(&layer->layer, arena_printf(reader->json.arena, "%s.column", part), all[i], longer);
        i++;
    }
    const union attributes axis = {.axis = {.axis = shape.rank}};
    valref joined = count ? layer_node(&layer->layer, OP_CONCAT, "sublayers", all, (uint32_t)count, &axis) : NO_VALUE;
    return layer_node(&layer->layer, OP_REDUCE_MAX, NULL, &joined, 1, &axis);
}

/* ---- convolution: weights are [outputs, inputs, kernel] ---- */

static int read_padding(const struct lwtnn_layer *layer, struct spatial *spatial) {
    const struct lwtnn_reader *reader = layer->reader;
    const char *path = member_path(layer, "padding"), *name;
    int64_t field = (spatial->size[0] - 1) * spatial->dilation[0];
    if (native_text(&reader->json, path, native_member(layer->json, "padding"), &name) < 0) return -1;
    if (!strcmp(name, "valid")) return 0;
    if (!strcmp(name, "causal"))
        spatial->before[0] = field;
    else if (!strcmp(name, "same"))
        spatial->before[0] = (field + 1) / 2; /* more in front where the kernel is even */
    else
        return native_fail(&reader->json, path, "padding '%s' is none of valid, same and causal", name);
    spatial->after[0] = field - spatial->before[0];
    return 0;
}

static const float *convolution_kernel(struct arena *arena, const float *weights, int64_t outputs, int64_t inputs,
                                       int64_t size) {
    float *kernel = ARENA_ARRAY(arena, float, outputs *inputs *size + 1);
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t i = 0; i < inputs; i++)
            for (int64_t k = 0; k < size; k++)
                kernel[(k * inputs + i) * outputs + o] = weights[(o * inputs + i) * size + k];
    return kernel;
}

static valref read_conv1d(const struct lwtnn_layer *layer, valref x) {
    const struct lwtnn_reader *reader = layer->reader;
    struct convolution convolution = {.groups = 1, .spatial = {.count = 1, .channels_last = true, .step = {1}}};
    int64_t inputs = inputs_of(layer, x);
    struct layer_function function;
    size_t count, filters;
    const float *weights =
        lwtnn_numbers(reader, member_path(layer, "weights"), native_member(layer->json, "weights"), &count);
    const float *bias = lwtnn_numbers(reader, member_path(layer, "bias"), native_member(layer->json, "bias"), &filters);
    if (!weights || !bias || lwtnn_function(layer, "activation", &function) < 0 ||
        lwtnn_whole(reader, member_path(layer, "dilation_rate"), native_member(layer->json, "dilation_rate"), 1,
                    LWTNN_STEPS_MAX, &convolution.spatial.dilation[0]) < 0)
        return NO_VALUE;
    int64_t of_one = (int64_t)filters * inputs;
    if (!count || !of_one || (int64_t)count % of_one)
        return layer_refuse(&layer->layer, NULL, "%zu weights are no kernel of %zu filters and %lld inputs", count,
                            filters, (long long)inputs);
    if (function.apply)
        return layer_refuse(&layer->layer, NULL, "lwtnn takes a softmax behind a convolution along the steps");
    convolution.spatial.size[0] = (int64_t)count / of_one;
    if (read_padding(layer, &convolution.spatial) < 0) return NO_VALUE;
    struct shape shape = {3, {convolution.spatial.size[0], inputs, (int64_t)filters}};
    const float *kernel = convolution_kernel(reader->json.arena, weights, shape.dim[2], inputs, shape.dim[0]);
    valref value =
        layer_convolution(&layer->layer, &convolution, x, layer_reals(&layer->layer, "weights", shape, kernel),
                          layer_reals(&layer->layer, "bias.numbers", (struct shape){1, {shape.dim[2]}}, bias));
    return layer_apply(&layer->layer, "activation", &function, value);
}

/* ---- embedding: one input, a category, becomes a column of its matrix ---- */

/* 1 where x is the category, for each of them: max(0, 1 - |x - category|). Whole numbers have no others. */
static valref categories(const struct lwtnn_layer *layer, const char *part, valref x, int64_t count) {
    struct arena *arena = layer->reader->json.arena;
    const struct layer *of = &layer->layer;
    static const float one = 1;
    float *all = ARENA_ARRAY(arena, float, count + 1);
    for (int64_t c = 0; c < count; c++) all[c] = (float)c;
    const char *distance = arena_printf(arena, "%s.distance", part);
    valref numbers = layer_reals(of, arena_printf(arena, "%s.categories", part), (struct shape){1, {count}}, all);
    x = layer_node(of, OP_SUB, arena_printf(arena, "%s.difference", part), (const valref[]){x, numbers}, 2, NULL);
    x = layer_node(of, OP_LEAKY_RELU, distance, &x, 1, &(union attributes){.activation = {.alpha = -1}});
    numbers = layer_reals(of, arena_printf(arena, "%s.one", part), (struct shape){0}, &one);
    x = layer_node(of, OP_SUB, arena_printf(arena, "%s.nearness", part), (const valref[]){numbers, x}, 2, NULL);
    return layer_node(of, OP_RELU, arena_printf(arena, "%s.is", part), &x, 1, NULL);
}

static valref read_sublayer(const struct lwtnn_layer *layer, const char *path, const cJSON *json, const char *part,
                            valref x) {
    const struct lwtnn_reader *reader = layer->reader;
    const struct layer *of = &layer->layer;
    int64_t inputs = inputs_of(layer, x), index, outputs, axis = layer_shape(of, x)->rank - 1;
    size_t count;
    const float *weights =
        lwtnn_numbers(reader, native_path(&reader->json, path, "weights"), native_member(json, "weights"), &count);
    if (!weights ||
        lwtnn_whole(reader, native_path(&reader->json, path, "index"), native_member(json, "index"), 0, inputs - 1,
                    &index) < 0 ||
        lwtnn_whole(reader, native_path(&reader->json, path, "n_out"), native_member(json, "n_out"), 1,
                    LWTNN_NUMBERS_MAX, &outputs) < 0)
        return NO_VALUE;
    if (!count || (int64_t)count % outputs)
        return layer_refuse(of, NULL, "%zu weights are no matrix of %lld outputs", count, (long long)outputs);
    struct arena *arena = reader->json.arena;
    const struct shape shape = {2, {(int64_t)count / outputs, outputs}};
    valref parts[3], own = layer_slice(of, arena_printf(arena, "%s.input", part), x, (int)axis, index, 1, 1);
    valref matrix = layer_reals(of, arena_printf(arena, "%s.weights", part), shape,
                                transposed(arena, weights, outputs, shape.dim[0]));
    uint32_t joined = 0;
    if (index > 0) parts[joined++] = layer_slice(of, arena_printf(arena, "%s.front", part), x, (int)axis, 0, 1, index);
    parts[joined++] = layer_node(of, OP_MATMUL, arena_printf(arena, "%s.column", part),
                                 (const valref[]){categories(layer, part, own, shape.dim[0]), matrix}, 2, NULL);
    if (index + 1 < inputs)
        parts[joined++] =
            layer_slice(of, arena_printf(arena, "%s.behind", part), x, (int)axis, index + 1, 1, inputs - index - 1);
    if (joined == 1) return parts[0];
    return layer_node(of, OP_CONCAT, part, parts, joined, &(union attributes){.axis = {.axis = axis}});
}

static valref read_embedding(const struct lwtnn_layer *layer, valref x) {
    const struct lwtnn_reader *reader = layer->reader;
    const cJSON *list = native_member(layer->json, "sublayers"), *sublayer;
    const char *path = member_path(layer, "sublayers");
    size_t count, i = 0;
    if (native_array(&reader->json, path, list, &count) < 0) return NO_VALUE;
    cJSON_ArrayForEach (sublayer, list) {
        const char *part = arena_printf(reader->json.arena, "embedding_%zu", i);
        x = read_sublayer(layer, arena_printf(reader->json.arena, "%s[%zu]", path, i++), sublayer, part, x);
        if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    }
    return x;
}

/* ---- by name ---- */

static const struct architecture {
    const char *name;
    valref (*read)(const struct lwtnn_layer *layer, valref x);
    bool sequential;
} architectures[] = {
    {"dense", read_dense, false},
    {"normalization", read_normalization, false},
    {"maxout", read_maxout, false},
    {"highway", read_highway, false},
    {"lstm", lwtnn_recurrent_read, true},
    {"gru", lwtnn_recurrent_read, true},
    {"simplernn", lwtnn_recurrent_read, true},
    {"conv1d", read_conv1d, true},
    {"embedding", read_embedding, true},
};

static const struct architecture *architecture_find(const char *name) {
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (!strcmp(architectures[i].name, name)) return &architectures[i];
    return NULL;
}

bool lwtnn_is_sequential(const char *architecture) {
    const struct architecture *known = architecture_find(architecture);
    return known && known->sequential;
}

valref lwtnn_layer_read(const struct lwtnn_layer *layer, valref x) {
    const struct architecture *known = architecture_find(layer->architecture);
    if (known) return known->read(layer, x);
    native_fail(&layer->reader->json, layer->path, "architecture '%s' is none of lwtnn's", layer->architecture);
    return NO_VALUE;
}

const struct reader_operator lwtnn_operators[] = {
    {"lwtnn", "dense", "matmul, add"},
    {"lwtnn", "normalization", "add, mul"},
    {"lwtnn", "maxout", "matmul, add, concat, reduce_max"},
    {"lwtnn", "highway", "matmul, add, sigmoid, sub, mul"},
    {"lwtnn", "lstm", "scan"},
    {"lwtnn", "gru", "scan"},
    {"lwtnn", "simplernn", "scan"},
    {"lwtnn", "conv1d", "window, matmul, add"},
    {"lwtnn", "embedding", "sub, leaky_relu, relu, matmul, concat"},
    {"lwtnn", "concatenate", "concat"},
    {"lwtnn", "add", "add"},
    {"lwtnn", "sum", "reduce_sum"},
    {"lwtnn", "time_distributed", "matmul"},
    {NULL, NULL, NULL},
};
