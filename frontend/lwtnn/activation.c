/* Activations: a name, or {"function": name, "alpha": number}. */
#include "frontend/lwtnn/lwtnn.h"

#include <string.h>

/* Over the last axis: of a layer's outputs. */
static valref softmax(const struct layer *layer, const char *part, valref x, const void *user) {
    (void)user;
    const union attributes attributes = {.axis = {.axis = layer_shape(layer, x)->rank - 1}};
    return layer_node(layer, OP_SOFTMAX, part, &x, 1, &attributes);
}

static const struct lwtnn_activation {
    const char *name;
    struct layer_function function;
    bool has_alpha; /* which must be given, except for elu */
} activations[] = {
    {"linear", {.op = OP_COUNT}, false},
    {"sigmoid", {.op = OP_SIGMOID}, false},
    {"sigmoid_legacy", {.op = OP_SIGMOID}, false},
    {"rectified", {.op = OP_RELU}, false},
    {"rectified_legacy", {.op = OP_RELU}, false},
    {"tanh", {.op = OP_TANH}, false},
    {"tanh_legacy", {.op = OP_TANH}, false},
    {"hard_sigmoid", {.op = OP_HARD_SIGMOID, .alpha = 0.2f, .beta = 0.5f}, false},
    {"hard_sigmoid_legacy", {.op = OP_HARD_SIGMOID, .alpha = 0.2f, .beta = 0.5f}, false},
    {"softmax", {.op = OP_COUNT, .apply = softmax}, false},
    {"abs", {.op = OP_LEAKY_RELU, .alpha = -1}, false},
    {"elu", {.op = OP_ELU, .alpha = 1}, true},
    {"leakyrelu", {.op = OP_LEAKY_RELU}, true},
    {"swish", {.op = OP_SWISH}, true},
};

static const struct lwtnn_activation *find(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (!strcmp(activations[i].name, name)) return &activations[i];
    return NULL;
}

int lwtnn_function(const struct lwtnn_layer *layer, const char *member, struct layer_function *function) {
    const struct lwtnn_reader *reader = layer->reader;
    const cJSON *json = native_member(layer->json, member);
    const char *path = native_path(&reader->json, layer->path, member), *name;
    bool is_object = cJSON_IsObject(json);
    if (native_text(&reader->json, path, is_object ? native_member(json, "function") : json, &name) < 0) return -1;
    const struct lwtnn_activation *activation = find(name);
    if (!activation) return native_fail(&reader->json, path, "activation '%s' is none of lwtnn's", name);
    *function = activation->function;
    if (!activation->has_alpha) return 0;
    if (!is_object && activation->function.op == OP_ELU) return 0;
    if (!is_object) return native_fail(&reader->json, path, "%s needs a number alpha", name);
    double alpha;
    path = native_path(&reader->json, path, "alpha");
    if (lwtnn_number(reader, path, native_member(json, "alpha"), &alpha) < 0) return -1;
    function->alpha = (float)alpha;
    return 0;
}
