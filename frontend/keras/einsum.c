/* EinsumDense, and attention, which is made of such products. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

static valref product(const struct layer *nodes, const char *equation, valref a, valref b) {
    return layer_einsum(nodes, equation, (const valref[]){a, b}, 2);
}

valref keras_read_einsum_dense(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"kernel", "bias"};
    struct keras_variables variables;
    const char *equation = keras_text(layer->config, "equation"), *axes = keras_text(layer->config, "bias_axes");
    bool has_bias = axes && *axes;
    if (!equation) return keras_refuse(reader, layer, "equation", NULL, "the layer has no equation");
    if (keras_variables_expect(reader, layer, &layer->place, names, has_bias ? 2 : 1, &variables) < 0) return NO_VALUE;
    valref kernel = layer_reals(&layer->nodes, "kernel", variables.at[0].shape, variables.at[0].values);
    valref value = product(&layer->nodes, equation, layer->inputs[0], kernel);
    value = keras_add_bias(layer, value, &variables.at[1]);
    return keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
}

/* ---- MultiHeadAttention: queries of [batch, a, features], keys and values of [batch, b, features] ---- */

/* A product with weights of a part of the layer, and its bias; NAME.PART are its nodes. */
static valref project(struct keras_reader *reader, const struct keras_layer *layer, const char *part,
                      const char *folder, const char *equation, valref value, bool has_bias) {
    static const char *const names[] = {"kernel", "bias"};
    struct keras_variables variables;
    struct keras_place place = keras_place_inside(reader, layer->place, folder, part);
    if (!reader->by_name && reader->weights.file && !keras_hdf5_has(&reader->weights, place.group)) /* of Keras 2 */
        place = keras_place_inside(reader, layer->place, arena_printf(reader->arena, "_%s", folder), part);
    if (keras_variables_expect(reader, layer, &place, names, has_bias ? 2 : 1, &variables) < 0) return NO_VALUE;
    if (variables.at[0].shape.rank != 3)
        return keras_refuse(reader, layer, NULL, NULL, "the weights of '%s' have %d axes, not 3", part,
                            variables.at[0].shape.rank);
    struct keras_layer inner = *layer;
    inner.nodes.name = arena_printf(reader->arena, "%s.%s", layer->name, part);
    valref kernel = layer_reals(&inner.nodes, "kernel", variables.at[0].shape, variables.at[0].values);
    return keras_add_bias(&inner, product(&inner.nodes, equation, value, kernel), &variables.at[1]);
}

/* Softmax of what queries and keys have in common, over the keys; then that mean of the values. */
static valref attend(struct keras_reader *reader, const struct keras_layer *layer, valref query, valref key,
                     valref value) {
    if (valref_equal(query, NO_VALUE) || valref_equal(key, NO_VALUE)) return NO_VALUE;
    struct layer scores = layer->nodes, mean = layer->nodes;
    scores.name = arena_printf(reader->arena, "%s.scores", layer->name);
    mean.name = arena_printf(reader->arena, "%s.mean", layer->name);
    float share = 1 / sqrtf((float)layer_shape(&layer->nodes, query)->dim[3]);
    valref operands[2] = {query, layer_reals(&layer->nodes, "share", (struct shape){0}, &share)};
    query = layer_node(&layer->nodes, OP_MUL, "scaled", operands, 2, NULL);
    valref weights = product(&scores, "aecd,abcd->acbe", key, query);
    weights = layer_node(&layer->nodes, OP_SOFTMAX, "softmax", &weights, 1, &(union attributes){.axis = {.axis = 3}});
    return product(&mean, "acbe,aecd->abcd", weights, value);
}

static int check_attention(struct keras_reader *reader, const struct keras_layer *layer) {
    static const char *const unread[] = {"attention_mask", "use_causal_mask", "return_attention_scores",
                                         "query_mask",     "value_mask",      "key_mask"};
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++) {
        const cJSON *given = keras_member(layer->keywords, unread[i]);
        if (given && !cJSON_IsFalse(given))
            return keras_error(reader, layer, unread[i], "call it without", "%s is not read", unread[i]);
    }
    for (int i = 0; i < layer->input_count; i++)
        if (keras_shape(layer, i)->rank != 3)
            return keras_error(reader, layer, NULL, NULL,
                               "tensors of [batch, items, features] are read, not of %d axes",
                               keras_shape(layer, i)->rank);
    int64_t axes[SHAPE_RANK_MAX];
    int count = keras_integers(reader, layer, "attention_axes", axes, SHAPE_RANK_MAX);
    if (count < 0 || count > 1 || (count == 1 && axes[0] != 1))
        return keras_error(reader, layer, "attention_axes", NULL, "attention along axis 1 alone is read");
    if (keras_flag(layer->config, "use_gate", false))
        return keras_error(reader, layer, "use_gate", NULL, "attention with a gate is not read");
    return 0;
}

valref keras_read_multi_head_attention(struct keras_reader *reader, struct keras_layer *layer) {
    bool bias = keras_flag(layer->config, "use_bias", true);
    valref query = keras_argument_tensor(layer, keras_argument(layer, 0, "query")),
           value = keras_argument_tensor(layer, keras_argument(layer, 1, "value")),
           key = keras_argument_tensor(layer, keras_argument(layer, 2, "key"));
    if (check_attention(reader, layer) < 0) return NO_VALUE;
    if (valref_equal(query, NO_VALUE) || valref_equal(value, NO_VALUE))
        return keras_refuse(reader, layer, NULL, NULL, "it is not called on a query and a value");
    if (valref_equal(key, NO_VALUE)) key = value;
    query = project(reader, layer, "query", "query_dense", "abc,cde->abde", query, bias);
    key = project(reader, layer, "key", "key_dense", "abc,cde->abde", key, bias);
    value = project(reader, layer, "value", "value_dense", "abc,cde->abde", value, bias);
    value = attend(reader, layer, query, key, value);
    return project(reader, layer, "attention_output", "output_dense", "abcd,cde->abe", value, bias);
}
