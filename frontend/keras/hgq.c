/* What HGQ2's layers have in common: constants and values behind the layer's own quantisers. */
#include "frontend/keras/hgq.h"

int hgq_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                 struct keras_variable *variable) {
    const struct hgq_site site = hgq_site(reader, layer, name);
    return hgq_quantize_constant(reader, layer, &site, variable);
}

/* Layers of several inputs have a quantiser for each. */
static struct hgq_site site_of_input(struct keras_reader *reader, const struct keras_layer *layer, int number) {
    struct arena *arena = reader->arena;
    if (layer->known->inputs_max == 1) return hgq_site(reader, layer, "iq");
    const char *folder = arena_printf(arena, "%s/iq/quantizers/quantizer", layer->place.group);
    return (struct hgq_site){.name = arena_printf(arena, "iq_%d", number),
                             .conf = cJSON_GetArrayItem(keras_member(layer->config, "iq_confs"), number),
                             .folder = number ? arena_printf(arena, "%s_%d", folder, number) : folder};
}

valref hgq_input(struct keras_reader *reader, const struct keras_layer *layer, int number) {
    if (!keras_flag(layer->config, "enable_iq", true)) return layer->inputs[number];
    const struct hgq_site site = site_of_input(reader, layer, number);
    if (!site.conf) return keras_refuse(reader, layer, site.name, NULL, "the configuration has no quantiser for it");
    return hgq_quantize(reader, layer, &site, layer->inputs[number]);
}

int hgq_inputs(struct keras_reader *reader, struct keras_layer *layer) {
    for (int i = 0; i < layer->input_count; i++) {
        layer->inputs[i] = hgq_input(reader, layer, i);
        if (valref_equal(layer->inputs[i], NO_VALUE)) return -1;
    }
    return 0;
}

valref hgq_output(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    if (!keras_flag(layer->config, "enable_oq", false)) return value;
    const struct hgq_site site = hgq_site(reader, layer, "oq");
    return hgq_quantize(reader, layer, &site, value);
}

valref hgq_activated(struct keras_reader *reader, const struct keras_layer *layer, valref value) {
    value = keras_activate(reader, layer, keras_member(layer->config, "activation"), value);
    return hgq_output(reader, layer, value);
}

static int read_tensors(struct keras_reader *reader, const struct keras_layer *layer, struct keras_variables *out) {
    struct keras_variables all;
    if (keras_variables_read(reader, layer, &layer->place, &all) < 0) return -1;
    *out = (struct keras_variables){.count = 0};
    for (int i = 0; i < all.count; i++)
        if (all.at[i].shape.rank > 0) out->at[out->count++] = all.at[i];
    return 0;
}

int hgq_count_variables(struct keras_reader *reader, const struct keras_layer *layer) {
    struct keras_variables tensors;
    return read_tensors(reader, layer, &tensors) < 0 ? -1 : tensors.count;
}

int hgq_variables(struct keras_reader *reader, const struct keras_layer *layer, const char *const *names, int count,
                  struct keras_variables *out) {
    if (read_tensors(reader, layer, out) < 0) return -1;
    if (out->count == count) return 0;
    if (out->count < count)
        return keras_error(reader, layer, NULL, "is the configuration of this very model?",
                           "the weights have no %s in '%s/vars'", names[out->count], layer->place.group);
    return keras_error(reader, layer, NULL, NULL, "%d variables in '%s/vars' are more than %s", out->count,
                       layer->place.group, count ? names[count - 1] : "none");
}

/* ---- layers that are made of layers ---- */

static void release(void *object) {
    cJSON_Delete(object);
}

cJSON *hgq_inner_layer(struct keras_reader *reader, const char *module, const char *class_name, cJSON **config) {
    cJSON *inner = cJSON_CreateObject();
    arena_defer(reader->arena, release, inner);
    cJSON_AddStringToObject(inner, "module", module);
    cJSON_AddStringToObject(inner, "class_name", class_name);
    *config = cJSON_AddObjectToObject(inner, "config");
    return inner;
}

void hgq_lend(const struct keras_layer *layer, cJSON *config, const char *name, const char *member) {
    cJSON *item = cJSON_GetObjectItemCaseSensitive(layer->config, member);
    if (item) cJSON_AddItemReferenceToObject(config, name, item);
}
