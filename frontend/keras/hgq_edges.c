/* Layers of HGQ2 that have no weights: a little trained network for each edge between their inputs and outputs. Its one
 * input is quantised, so it is a table, for which it is evaluated here, as Keras does, with every number there is. */
#include "frontend/keras/hgq.h"

#include "ir/eval.h"

#include <string.h>

/* ---- the networks, in a graph of their own ---- */

/* Of the lines of Keras's EinsumDense that they are made of, number `at`. */
static struct keras_place place_of(const struct keras_reader *reader, const struct keras_layer *layer, int at) {
    const char *folder = "module/layers/einsum_dense";
    return keras_place_inside(reader, layer->place, at ? arena_printf(reader->arena, "%s_%d", folder, at) : folder,
                              NULL);
}

static char unused_letter(const struct hgq_edges *edges, char from) {
    while (strchr(edges->letters, from) || strchr(edges->weights, from)) from++;
    return from;
}

/* One hidden layer, or the last one, which has one number for each edge. */
static valref append_layer(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                           int at, valref x) {
    struct arena *arena = reader->arena;
    cJSON *config, *inner = hgq_inner_layer(reader, "keras.layers", "EinsumDense", &config);
    const char *all = edges->letters, *own = edges->weights;
    char in = unused_letter(edges, 'p'), out = unused_letter(edges, (char)(in + 1));
    bool last = at == edges->hidden;
    cJSON_AddStringToObject(config, "equation",
                            last ? arena_printf(arena, "%s%c,%s%c->%s", all, in, own, in, all)
                                 : arena_printf(arena, "%s%c,%s%c%c->%s%c", all, in, own, in, out, all, out));
    if (edges->has_bias)
        cJSON_AddStringToObject(config, "bias_axes", last ? own : arena_printf(arena, "%s%c", own, out));
    if (!last) hgq_lend(layer, config, "activation", "subnn_activation");
    return keras_layer_read_inner(reader, layer, inner, arena_printf(arena, "network_%d", at),
                                  place_of(reader, layer, at), x);
}

/* How often the number goes in: HGQ2 has weights for as many as a hidden layer has numbers, where it goes in once, and
 * multiplies it by their sum. */
static int64_t copies_of(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges) {
    struct keras_variable kernel;
    int axis = (int)strlen(edges->weights);
    const char *path = arena_printf(reader->arena, "%s/vars/0", place_of(reader, layer, 0).group);
    if (keras_hdf5_variable(&reader->weights, path, &kernel) < 0) return -1;
    if (kernel.values && kernel.shape.rank == axis + (edges->hidden > 0 ? 2 : 1)) return kernel.shape.dim[axis];
    return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                       "the weights have no network of these axes at '%s'", path);
}

/* Before anything is computed that takes minutes, or GB. */
static int check_size(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                      const struct hgq_functions *functions, int64_t copies) {
    static const double products_max = 4e9, numbers_max = 1 << 26;
    double numbers = (double)functions->count * (double)functions->stride;
    double wide = (double)(copies > edges->width ? copies : edges->width);
    if (functions->shape.rank == SHAPE_RANK_MAX)
        return keras_error(reader, layer, NULL, NULL, "its edges have %d axes", functions->shape.rank);
    if (numbers * (double)copies <= numbers_max && numbers * wide * wide * (edges->hidden + 1) <= products_max)
        return 0;
    return keras_error(reader, layer, "iq", "train with fewer bits in front of the tables",
                       "%zu tables of %zu numbers, by networks of %d layers of %d, are too much to compute",
                       functions->count, functions->stride, edges->hidden + 1, edges->width);
}

static valref append_networks(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct hgq_edges *edges, const struct hgq_functions *functions, int64_t copies) {
    struct keras_layer inside = *layer;
    inside.nodes.graph = reader->graph;
    struct shape shape = functions->shape;
    shape.dim[shape.rank++] = copies;
    valref value = graph_append_input(reader->graph, "x", shape);
    for (int at = 0; at <= edges->hidden && !valref_equal(value, NO_VALUE); at++)
        value = append_layer(reader, layer, edges, at, value);
    if (valref_equal(value, NO_VALUE) || !edges->normalise) return value;
    return edges->normalise(reader, &inside, value, edges->user);
}

/* Event i has the i-th argument of every function. */
static int run(struct keras_reader *reader, const struct graph *networks, struct hgq_functions *functions,
               int64_t copies) {
    size_t count = functions->count, events = functions->stride;
    float *in = ARENA_ARRAY(reader->arena, float, events *count *(size_t)copies), *at = in,
          *out = ARENA_ARRAY(reader->arena, float, events *count);
    for (size_t i = 0; i < events; i++)
        for (size_t f = 0; f < count; f++)
            for (int64_t copy = 0; copy < copies; copy++) *at++ = hgq_argument(functions, f, i);
    if (graph_run_reals(networks, events, (const float *const[]){in}, (float *const[]){out}) < 0) return -1;
    for (size_t i = 0; i < events; i++)
        for (size_t f = 0; f < count; f++) functions->values[f * events + i] = (double)out[i * count + f];
    return 0;
}

static int evaluate(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                    struct hgq_functions *functions) {
    int64_t copies = copies_of(reader, layer, edges);
    if (copies < 1 || check_size(reader, layer, edges, functions, copies) < 0) return -1;
    struct graph *outside = reader->graph, *networks = graph_new(reader->context, layer->name);
    networks->source = outside->source;
    reader->graph = networks;
    valref value = append_networks(reader, layer, edges, functions, copies);
    reader->graph = outside;
    int status = -1;
    if (!valref_equal(value, NO_VALUE) &&
        shape_elements(layer_shape(&(struct layer){.graph = networks}, value)) != functions->count)
        keras_error(reader, layer, NULL, "are these the weights of this very model?",
                    "its networks do not give one number for each edge");
    else if (!valref_equal(value, NO_VALUE)) {
        graph_append_output(networks, "y", value);
        status = run(reader, networks, functions, copies);
    }
    graph_free(networks);
    return status;
}

/* ---- the tables ---- */

/* Edges that share network and format share the table. */
static int functions_for(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                         const struct hgq_quantizer *argument, struct hgq_functions *out) {
    struct shape own = edges->shape, shape;
    for (int axis = 0; axis < own.rank; axis++)
        if (!(edges->own >> axis & 1)) own.dim[axis] = 1;
    if (!shape_broadcast(&own, &argument->shape, &shape) || shape.rank != edges->shape.rank)
        return keras_error(reader, layer, "iq", NULL, "the quantiser's shape does not fit the edges");
    return hgq_functions_new(reader, layer, "table", argument, shape, out);
}

valref hgq_look_up_edges(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                         valref value) {
    const struct hgq_site in = hgq_site(reader, layer, "iq"), out = hgq_site(reader, layer, "toq");
    struct hgq_quantizer argument;
    struct hgq_functions functions;
    if (!in.conf || !keras_flag(layer->config, "enable_iq", true))
        return keras_refuse(reader, layer, "enable_iq", "train with enable_iq=True",
                            "without a quantiser in front of it a network of one number is no table");
    value = hgq_quantize(reader, layer, &in, value);
    if (valref_equal(value, NO_VALUE) || hgq_quantizer_read_plain(reader, layer, &in, &argument) < 0 ||
        functions_for(reader, layer, edges, &argument, &functions) < 0 ||
        evaluate(reader, layer, edges, &functions) < 0)
        return NO_VALUE;
    value = hgq_look_up(reader, layer, "table", &functions, value);
    return hgq_quantize(reader, layer, &out, value);
}
