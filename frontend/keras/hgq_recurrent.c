/* HGQ2's QSimpleRNN and QGRU: Keras's cells of quantised weights, with quantisers between their operations. */
#include "frontend/keras/hgq.h"

/* A function of the cell, and the quantiser in front of it or behind it. */
struct quantised_function {
    struct keras_reader *reader;
    const struct keras_layer *layer;
    struct hgq_site site; /* conf NULL: no quantiser */
    struct hgq_quantizer quantizer;
    struct layer_function function;
    bool in_front;
};

static struct hgq_site site_in_cell(struct keras_reader *reader, const struct keras_layer *layer, const char *name) {
    return hgq_site_inside(reader, layer, name, arena_printf(reader->arena, "cell/%s", name),
                           arena_printf(reader->arena, "%s_conf", name));
}

static valref apply(const struct layer *nodes, const char *part, valref x, const void *user) {
    const struct quantised_function *by = user;
    struct keras_layer inside = *by->layer;
    inside.nodes = *nodes;
    if (!by->in_front) x = layer_apply(nodes, part, &by->function, x);
    x = hgq_quantize_by(by->reader, &inside, &by->site, &by->quantizer, x);
    return by->in_front ? layer_apply(nodes, part, &by->function, x) : x;
}

/* The function in front of a quantiser of the cell of that name; NULL and a diagnosis where there is none. */
static struct quantised_function *quantised(struct keras_reader *reader, const struct keras_layer *layer,
                                            const char *name, struct layer_function function) {
    struct quantised_function *by = ARENA_NEW(reader->arena, struct quantised_function);
    *by = (struct quantised_function){reader, layer, site_in_cell(reader, layer, name), {.k = NULL}, function, false};
    if (by->site.conf) return hgq_quantizer_read(reader, layer, &by->site, &by->quantizer) < 0 ? NULL : by;
    keras_error(reader, layer, name, NULL, "the configuration has no quantiser for it");
    return NULL;
}

static struct layer_function as_function(const struct quantised_function *by) {
    return (struct layer_function){.op = OP_COUNT, .apply = apply, .user = by};
}

static const struct layer_function nothing = {.op = OP_COUNT};

/* Kernels and bias, in place. */
static int read_constants(struct keras_reader *reader, const struct keras_layer *layer,
                          struct keras_variables *variables) {
    static const char *const names[] = {"kq", "rkq", "bq"};
    const struct keras_place place = keras_place_inside(reader, layer->place, "cell", NULL);
    if (keras_variables_read(reader, layer, &place, variables) < 0) return -1;
    for (int i = 0; i < variables->count && i < 3; i++) {
        const struct hgq_site site = site_in_cell(reader, layer, names[i]);
        if (hgq_quantize_constant(reader, layer, &site, &variables->at[i]) < 0) return -1;
    }
    return 0;
}

/* The state as a step begins with it. Of a simple cell HGQ2 writes the quantiser and not that it is enabled, so it
 * loads another network than was trained. */
static int quantise_state(struct keras_reader *reader, const struct keras_layer *layer, struct recurrent *recurrent) {
    const struct hgq_site site = site_in_cell(reader, layer, "sq");
    if (!site.conf && recurrent->kind == RECURRENT_SIMPLE) return 0;
    if (recurrent->kind == RECURRENT_SIMPLE && !keras_flag(layer->config, "enable_sq", false))
        return keras_error(reader, layer, "sq_conf", "train with enable_sq=False: what paq gives is quantised already",
                           "HGQ2 loads such files without the state's quantiser, with other numbers than in training");
    const struct quantised_function *state = quantised(reader, layer, "sq", nothing);
    if (!state) return -1;
    recurrent->state = as_function(state);
    return 0;
}

/* A simple cell quantises the sum, and then comes the function. */
static int quantise_simple(struct keras_reader *reader, const struct keras_layer *layer, struct recurrent *recurrent) {
    struct quantised_function *candidate = quantised(reader, layer, "paq", recurrent->candidate);
    if (!candidate) return -1;
    candidate->in_front = true;
    recurrent->candidate = as_function(candidate);
    return 0;
}

/* The widths of one of two blocks of columns, where columns have widths of their own. */
static int take_block(struct keras_reader *reader, const struct keras_layer *layer, struct quantised_function *by,
                      int block, int64_t units) {
    struct hgq_quantizer *quantizer = &by->quantizer;
    struct shape *shape = &quantizer->shape;
    if (quantizer->identity || quantizer->count == 1) return 0;
    if (shape->rank < 1 || shape->dim[shape->rank - 1] != 2 * units || quantizer->count != (size_t)(2 * units))
        return keras_error(reader, layer, by->site.name, NULL, "the quantiser's shape does not fit two gates");
    shape->dim[shape->rank - 1] = units;
    quantizer->count /= 2;
    quantizer->k += block * units;
    quantizer->i += block * units;
    quantizer->f += block * units;
    return 0;
}

static int quantise_gated(struct keras_reader *reader, const struct keras_layer *layer, struct recurrent *recurrent) {
    struct quantised_function *candidate = quantised(reader, layer, "paq", recurrent->candidate),
                              *kept = quantised(reader, layer, "rhq", nothing), *gates[2];
    struct layer_function *reset = ARENA_NEW(reader->arena, struct layer_function);
    for (int block = 0; block < 2; block++) {
        gates[block] = quantised(reader, layer, "praq", recurrent->gate);
        if (!gates[block] || take_block(reader, layer, gates[block], block, recurrent->units) < 0) return -1;
    }
    if (!candidate || !kept) return -1;
    recurrent->candidate = as_function(candidate);
    recurrent->kept = as_function(kept);
    recurrent->gate = as_function(gates[0]);
    *reset = as_function(gates[1]);
    recurrent->reset = reset;
    return 0;
}

valref hgq_read_recurrent(struct keras_reader *reader, struct keras_layer *layer) {
    struct keras_variables variables;
    struct recurrent recurrent;
    const struct hgq_site input = site_in_cell(reader, layer, "iq");
    if (keras_flag(layer->config, "enable_oq", false))
        return keras_refuse(reader, layer, "enable_oq", "quantise in a layer behind it",
                            "HGQ2's recurrent layers have no output quantiser");
    if (read_constants(reader, layer, &variables) < 0 ||
        keras_recurrent_read(reader, layer, variables.at, variables.count, &recurrent) < 0 ||
        quantise_state(reader, layer, &recurrent) < 0 ||
        (recurrent.kind == RECURRENT_SIMPLE ? quantise_simple : quantise_gated)(reader, layer, &recurrent) < 0)
        return NO_VALUE;
    layer->inputs[0] = hgq_quantize(reader, layer, &input, layer->inputs[0]);
    return keras_recurrent_append(reader, layer, &recurrent);
}
