/* HGQ2's attention: layers of HGQ2 that are made of it, as it would make them, and two products between them. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

struct projection {
    const char *what, *folder;        /* "query", "query_dense" */
    const char *equation, *bias_axes; /* NULL: no bias */
    bool quantises_input, quantises_output;
    bool is_dense; /* though others of the layer are tables */
};

/* Layers whose names end so are made of tables. */
static bool is_of_tables(const struct keras_layer *layer) {
    return text_ends_with(layer->class_name, "T");
}

static void lend_networks(const struct keras_layer *layer, cJSON *config) {
    static const char *const same[] = {"n_hl",      "d_hl",     "subnn_activation", "batch_norm",
                                       "bn_center", "bn_scale", "bn_epsilon"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) hgq_lend(layer, config, same[i], same[i]);
    hgq_lend(layer, config, "toq_conf", "qkvo_toq_conf");
}

static valref project(struct keras_reader *reader, const struct keras_layer *layer, const struct projection *projection,
                      valref value) {
    bool tables = is_of_tables(layer) && !projection->is_dense;
    cJSON *config, *inner = hgq_inner_layer(reader, "hgq.layers", tables ? "QEinsumDenseT" : "QEinsumDense", &config);
    cJSON_AddStringToObject(config, "equation", projection->equation);
    if (projection->bias_axes) cJSON_AddStringToObject(config, "bias_axes", projection->bias_axes);
    cJSON_AddBoolToObject(config, "enable_iq", projection->quantises_input);
    cJSON_AddBoolToObject(config, "enable_oq", projection->quantises_output);
    hgq_lend(layer, config, "iq_conf", "qkvo_iq_conf");
    hgq_lend(layer, config, "kq_conf", "qkvo_kq_conf");
    hgq_lend(layer, config, "bq_conf", "qkvo_bq_conf");
    hgq_lend(layer, config, "oq_conf", "qkvo_oq_conf");
    if (tables) lend_networks(layer, config);
    return keras_layer_read_inner(reader, layer, inner, projection->what,
                                  keras_place_inside(reader, layer->place, projection->folder, NULL), value);
}

static valref attend(struct keras_reader *reader, const struct keras_layer *layer, valref scores, double scale) {
    cJSON *config, *inner = hgq_inner_layer(reader, "hgq.layers", "QSoftmax", &config);
    cJSON *axes = cJSON_AddArrayToObject(config, "axes");
    cJSON_AddItemToArray(axes, cJSON_CreateNumber(-1));
    cJSON_AddBoolToObject(config, "enable_iq", false);
    cJSON_AddBoolToObject(config, "enable_oq", true);
    cJSON_AddNumberToObject(config, "input_scaler", scale);
    hgq_lend(layer, config, "stable", "stable_softmax");
    hgq_lend(layer, config, "exp_iq_conf", "softmax_exp_iq_conf");
    hgq_lend(layer, config, "exp_oq_conf", "softmax_exp_oq_conf");
    hgq_lend(layer, config, "inv_iq_conf", "softmax_inv_iq_conf");
    hgq_lend(layer, config, "inv_oq_conf", "softmax_inv_oq_conf");
    hgq_lend(layer, config, "oq_conf", "softmax_oq_conf");
    return keras_layer_read_inner(reader, layer, inner, "softmax",
                                  keras_place_inside(reader, layer->place, "_softmax", NULL), scores);
}

/* ---- what it is called on ---- */

struct tensors {
    valref query, value, key;
};

static int refuse_arguments(struct keras_reader *reader, const struct keras_layer *layer) {
    static const char *const masks[] = {"query_mask", "value_mask", "key_mask", "attention_mask"};
    for (int i = 0; i < 4; i++)
        if (keras_argument(layer, 3 + i, masks[i]))
            return keras_error(reader, layer, masks[i], "leave masks away", "masks are not read");
    if (keras_flag(layer->keywords, "use_causal_mask", false))
        return keras_error(reader, layer, "use_causal_mask", "leave masks away", "masks are not read");
    if (keras_flag(layer->keywords, "return_attention_scores", false))
        return keras_error(reader, layer, "return_attention_scores", "take the output alone",
                           "the scores are not read as an output");
    return 0;
}

static int refuse_members(struct keras_reader *reader, const struct keras_layer *layer) {
    if (keras_flag(layer->config, "use_gate", false) || keras_member(layer->config, "sliding_window"))
        return keras_error(reader, layer, NULL, NULL, "attention with a gate or a sliding window is not read");
    if (keras_flag(layer->config, "enable_oq", false))
        return keras_error(reader, layer, "enable_oq", "quantise what reads it",
                           "a quantiser of its own behind attention's output is not read");
    const cJSON *axes = keras_member(layer->config, "attention_axes"),
                *shape = keras_member(layer->config, "output_shape");
    bool is_first = !axes || (cJSON_GetArraySize(axes) == 1 && axes->child->valuedouble == 1);
    if (!is_first || cJSON_GetArraySize(shape) > 1)
        return keras_error(reader, layer, "attention_axes", NULL, "attention along several axes is not read");
    return 0;
}

static int find_tensors(struct keras_reader *reader, const struct keras_layer *layer, struct tensors *out) {
    const cJSON *value = keras_argument(layer, 1, "value"), *key = keras_argument(layer, 2, "key");
    out->query = keras_argument_tensor(layer, keras_argument(layer, 0, "query"));
    out->value = value ? keras_argument_tensor(layer, value) : out->query;
    out->key = key ? keras_argument_tensor(layer, key) : out->value;
    const valref all[] = {out->query, out->value, out->key};
    for (int i = 0; i < 3; i++)
        if (valref_equal(all[i], NO_VALUE) || layer_shape(&layer->nodes, all[i])->rank != 3)
            return keras_error(reader, layer, NULL, "call it on tensors of items and features",
                               "it is called on something else than tensors of two axes");
    return 0;
}

/* ---- the layer ---- */

/* Keras shares the quantiser of inputs that are projected together; the file has it where the key is. */
static int quantise_together(struct keras_reader *reader, const struct keras_layer *layer, const char *fuse,
                             struct tensors *tensors) {
    struct hgq_site site = hgq_site_inside(reader, layer, "key.iq", "key_dense/iq", "qkvo_iq_conf");
    if (!site.conf || !keras_flag(layer->config, "enable_iq", true)) return 0;
    bool same = valref_equal(tensors->key, tensors->value), all = valref_equal(tensors->key, tensors->query);
    tensors->key = hgq_quantize(reader, layer, &site, tensors->key);
    site.name = "value.iq";
    tensors->value = same ? tensors->key : hgq_quantize(reader, layer, &site, tensors->value);
    site.name = "query.iq";
    if (strcmp(fuse, "qkv") == 0)
        tensors->query = all ? tensors->key : hgq_quantize(reader, layer, &site, tensors->query);
    return valref_equal(tensors->key, NO_VALUE) || valref_equal(tensors->value, NO_VALUE) ||
                   valref_equal(tensors->query, NO_VALUE)
               ? -1
               : 0;
}

static valref attention(struct keras_reader *reader, const struct keras_layer *layer, struct tensors tensors) {
    const char *fuse = keras_text(layer->config, "fuse");
    bool quantises = keras_flag(layer->config, "enable_iq", true),
         has_bias = keras_flag(layer->config, "use_bias", true);
    bool together = fuse && strcmp(fuse, "none") != 0;
    if (together && quantise_together(reader, layer, fuse, &tensors) < 0) return NO_VALUE;
    const char *bias = has_bias ? "de" : NULL, *in = "abc,cde->abde";
    const struct projection query = {"query", "query_dense", in, bias, quantises && !(together && fuse[0] == 'q'),
                                     true,    false},
                            key = {"key", "key_dense", in, NULL, quantises && !together, true, false},
                            value = {"value", "value_dense", in, bias, quantises && !together, true, false},
                            output = {"output", "output_dense", "abcd,cde->abe", has_bias ? "e" : NULL, true,
                                      false,    false};
    double size = keras_number(layer->config, "key_dim", 1);
    valref of_query = project(reader, layer, &query, tensors.query), of_key = project(reader, layer, &key, tensors.key),
           of_value = project(reader, layer, &value, tensors.value);
    struct layer scores = layer->nodes, mixed = layer->nodes;
    scores.name = arena_printf(reader->arena, "%s.scores", layer->name);
    mixed.name = arena_printf(reader->arena, "%s.mixed", layer->name);
    valref score = layer_einsum(&scores, "aecd,abcd->acbe", (const valref[]){of_key, of_query}, 2);
    if (valref_equal(score, NO_VALUE) || valref_equal(of_value, NO_VALUE)) return NO_VALUE;
    score = attend(reader, layer, score, 1 / sqrt(size));
    if (valref_equal(score, NO_VALUE)) return NO_VALUE;
    valref mix = layer_einsum(&mixed, "acbe,aecd->abcd", (const valref[]){score, of_value}, 2);
    return valref_equal(mix, NO_VALUE) ? NO_VALUE : project(reader, layer, &output, mix);
}

valref hgq_read_attention(struct keras_reader *reader, struct keras_layer *layer) {
    struct tensors tensors;
    if (refuse_arguments(reader, layer) < 0 || refuse_members(reader, layer) < 0 ||
        find_tensors(reader, layer, &tensors) < 0)
        return NO_VALUE;
    return attention(reader, layer, tensors);
}

/* Keys and values are projected along their items first. */
valref hgq_read_linformer(struct keras_reader *reader, struct keras_layer *layer) {
    struct tensors tensors;
    const char *mode = keras_text(layer->config, "lin_kv_proj_mode");
    bool shared = keras_flag(layer->config, "share_kv_proj", false);
    bool dense = !mode || strcmp(mode, "dense") == 0;
    if (!dense && !(is_of_tables(layer) && strcmp(mode, "dense_t") == 0))
        return keras_refuse(reader, layer, "lin_kv_proj_mode", NULL, "projection by '%s' is not read", mode);
    if (refuse_arguments(reader, layer) < 0 || refuse_members(reader, layer) < 0 ||
        find_tensors(reader, layer, &tensors) < 0)
        return NO_VALUE;
    const char *equation = "abc,bd->adc";
    const struct projection key = {"lin_key", "_lin_k_proj", equation, NULL, true, false, dense},
                            value = {"lin_value", shared ? "_lin_k_proj" : "_lin_v_proj", equation, NULL, true, false,
                                     dense};
    tensors.key = project(reader, layer, &key, tensors.key);
    tensors.value = project(reader, layer, &value, tensors.value);
    if (valref_equal(tensors.key, NO_VALUE) || valref_equal(tensors.value, NO_VALUE)) return NO_VALUE;
    return attention(reader, layer, tensors);
}
