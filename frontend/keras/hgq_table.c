/* HGQ2's layers of tables, sums of functions of one number each: QDenseT, QEinsumDenseT and the convolutions. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

enum { HIDDEN_MAX = 16, WIDTH_MAX = 1 << 12 };

static int read_networks(struct keras_reader *reader, const struct keras_layer *layer, struct hgq_edges *out) {
    double hidden = keras_number(layer->config, "n_hl", 1), width = keras_number(layer->config, "d_hl", 8);
    if (!(hidden >= 0 && hidden <= HIDDEN_MAX && hidden == floor(hidden)))
        return keras_error(reader, layer, "n_hl", NULL, "networks of %g hidden layers are not read", hidden);
    if (!(width >= 1 && width <= WIDTH_MAX && width == floor(width)))
        return keras_error(reader, layer, "d_hl", NULL, "hidden layers of %g numbers are not read", width);
    out->hidden = (int)hidden;
    out->width = (int)width;
    return 0;
}

/* The value along a new axis `axis` so often. */
static valref spread(const struct keras_layer *layer, const char *part, valref value, int axis, int64_t count) {
    struct shape shape = *layer_shape(&layer->nodes, value);
    if (count > 1 << 24 || shape.rank == SHAPE_RANK_MAX)
        return layer_refuse(&layer->nodes, NULL, "its edges have too many axes");
    memmove(shape.dim + axis + 1, shape.dim + axis, (size_t)(shape.rank - axis) * sizeof *shape.dim);
    shape.dim[axis] = 1;
    shape.rank++;
    value = layer_reshape(&layer->nodes, arena_printf(layer->nodes.arena, "%s.axis", part), value, shape);
    shape.dim[axis] = count;
    if (count == 1 || !layer_fits(&layer->nodes, &shape)) return count == 1 ? value : NO_VALUE;
    return layer_gather(&layer->nodes, part, value, axis, ARENA_ARRAY(layer->nodes.arena, int64_t, count), count);
}

static valref divide(const struct keras_layer *layer, valref value, int64_t inputs) {
    float root = (float)sqrt((double)inputs);
    const valref operands[2] = {value, layer_reals(&layer->nodes, "root", (struct shape){0}, &root)};
    return layer_node(&layer->nodes, OP_DIV, "divided", operands, 2, NULL);
}

/* Over the axes, which go. */
static valref sum_along(const struct keras_layer *layer, valref value, unsigned axes) {
    for (int axis = SHAPE_RANK_MAX - 1; axis > 0 && !valref_equal(value, NO_VALUE); axis--) {
        const union attributes attributes = {.axis = {.axis = axis}};
        const char *part = axes & ((1u << axis) - 1) ? arena_printf(layer->nodes.arena, "sum_%d", axis) : NULL;
        if (axes >> axis & 1) value = layer_node(&layer->nodes, OP_REDUCE_SUM, part, &value, 1, &attributes);
    }
    return value;
}

/* ---- QDenseT: of the last axis ---- */

/* Keras's own, and 1 over the root of the number of inputs. */
static valref normalise_dense(struct keras_reader *reader, const struct keras_layer *layer, valref value,
                              const void *user) {
    cJSON *config, *inner = hgq_inner_layer(reader, "keras.layers", "BatchNormalization", &config);
    (void)user;
    cJSON_AddNumberToObject(config, "axis", -1);
    hgq_lend(layer, config, "center", "bn_center");
    hgq_lend(layer, config, "scale", "bn_scale");
    hgq_lend(layer, config, "epsilon", "bn_epsilon");
    const struct shape *shape = layer_shape(&layer->nodes, value);
    int64_t inputs = shape->dim[shape->rank - 2];
    value = keras_layer_read_inner(reader, layer, inner, "normalised",
                                   keras_place_inside(reader, layer->place, "bn_module", NULL), value);
    return valref_equal(value, NO_VALUE) ? NO_VALUE : divide(layer, value, inputs);
}

static valref append_dense(struct keras_reader *reader, const struct keras_layer *layer, const char *count,
                           valref value) {
    struct hgq_edges edges = {.letters = "...io", .weights = "io"};
    double outputs = keras_number(layer->config, count, 0);
    if (!(outputs >= 1 && outputs <= 1 << 24)) return keras_refuse(reader, layer, count, NULL, "it has no outputs");
    if (valref_equal(value, NO_VALUE) || read_networks(reader, layer, &edges) < 0) return NO_VALUE;
    int inputs = layer_shape(&layer->nodes, value)->rank - 1; /* the axis */
    value = spread(layer, "edges", value, inputs + 1, (int64_t)outputs);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    edges.shape = *layer_shape(&layer->nodes, value);
    edges.own = 3u << inputs;
    edges.has_bias = keras_flag(layer->config, "use_bias", true);
    if (keras_flag(layer->config, "batch_norm", false)) edges.normalise = normalise_dense;
    value = sum_along(layer, hgq_look_up_edges(reader, layer, &edges, value), 1u << inputs);
    return hgq_activated(reader, layer, value);
}

valref hgq_read_dense_table(struct keras_reader *reader, struct keras_layer *layer) {
    if (keras_shape(layer, 0)->rank < 2) return keras_refuse(reader, layer, NULL, NULL, "the input has no features");
    return append_dense(reader, layer, "n_out", layer->inputs[0]);
}

/* ---- QConvT1D, QConvT2D: of the elements of windows ---- */

valref hgq_read_convolution_table(struct keras_reader *reader, struct keras_layer *layer) {
    struct spatial spatial;
    if (keras_channels_first(reader, layer))
        return keras_refuse(reader, layer, "data_format", "train with channels_last",
                            "HGQ2 has no tables of channels_first");
    if (keras_number(layer->config, "groups", 1) != 1)
        return keras_refuse(reader, layer, "groups", NULL, "HGQ2 has no tables of groups");
    if (keras_read_spatial(reader, layer, "kernel_size", &spatial) < 0 ||
        keras_pad_spatial(reader, layer, &spatial) < 0)
        return NO_VALUE;
    return append_dense(reader, layer, "filters", layer_columns(&layer->nodes, &spatial, layer->inputs[0]));
}

/* ---- QEinsumDenseT ---- */

/* The parts of "bnc,cC->bnC", and of the edges: "bncC", those of the input first. */
struct equation {
    const char *input, *kernel, *output, *edges;
};

/* "..." as so many letters that the equation has not. */
static const char *without_ellipsis(struct arena *arena, const char *part, const char *equation, int elided) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *dots = strstr(part, "...");
    struct strbuf out = strbuf_new(arena);
    if (!dots) return part;
    strbuf_printf(&out, "%.*s", (int)(dots - part), part);
    for (const char *letter = letters; *letter && elided > 0; letter++)
        if (!strchr(equation, *letter)) strbuf_printf(&out, "%c", *letter), elided--;
    strbuf_printf(&out, "%s", dots + 3);
    return out.data ? out.data : "";
}

static int read_equation(struct keras_reader *reader, const struct keras_layer *layer, struct equation *out) {
    struct arena *arena = reader->arena;
    const char *text = keras_text(layer->config, "equation"), *comma = text ? strchr(text, ',') : NULL,
               *arrow = text ? strstr(text, "->") : NULL;
    int rank = keras_shape(layer, 0)->rank;
    if (!comma || !arrow || comma > arrow || strchr(comma + 1, ','))
        return keras_error(reader, layer, "equation", NULL, "equation '%s' is none of two operands",
                           text ? text : "(none)");
    out->input = arena_strndup(arena, text, (size_t)(comma - text));
    int elided = strstr(out->input, "...") ? rank - (int)strlen(out->input) + 3 : 0;
    out->input = without_ellipsis(arena, out->input, text, elided);
    out->kernel = arena_strndup(arena, comma + 1, (size_t)(arrow - comma - 1));
    out->output = without_ellipsis(arena, arrow + 2, text, elided);
    struct strbuf edges = strbuf_new(arena);
    strbuf_printf(&edges, "%s", out->input);
    for (const char *letter = out->kernel; *letter; letter++)
        if (!strchr(out->input, *letter)) strbuf_printf(&edges, "%c", *letter);
    out->edges = edges.data ? edges.data : "";
    return 0;
}

static int refuse_equation(struct keras_reader *reader, const struct keras_layer *layer) {
    return keras_error(reader, layer, "equation", NULL, "equation '%s' is none of an input of %d axes",
                       keras_text(layer->config, "equation"), keras_shape(layer, 0)->rank);
}

/* Each letter once in each part; what the output has is an edge's; the first axis stays first. */
static int check_equation(struct keras_reader *reader, const struct keras_layer *layer, const struct equation *parts) {
    const char *const all[] = {parts->input, parts->kernel, parts->output};
    size_t rank = (size_t)keras_shape(layer, 0)->rank;
    for (int i = 0; i < 3; i++)
        for (const char *at = all[i]; *at; at++)
            if (strchr("., ->", *at) || strchr(at + 1, *at)) return refuse_equation(reader, layer);
    for (const char *at = parts->output; *at; at++)
        if (!strchr(parts->edges, *at)) return refuse_equation(reader, layer);
    for (const char *at = parts->kernel; *at; at++)
        if (!strchr(parts->input, *at) && !strchr(parts->output, *at)) return refuse_equation(reader, layer);
    if (rank < 1 || strlen(parts->input) != rank || parts->output[0] != parts->input[0] ||
        strchr(parts->kernel, parts->input[0]) || strlen(parts->edges) >= SHAPE_RANK_MAX)
        return refuse_equation(reader, layer);
    return 0;
}

static unsigned bits_of(const char *letters, const char *set) {
    unsigned bits = 0;
    for (int i = 0; letters[i]; i++)
        if (strchr(set, letters[i])) bits |= 1u << i;
    return bits;
}

/* The dimensions of the kernel's letters, from the first line of the networks. */
static int kernel_shape(struct keras_reader *reader, const struct keras_layer *layer, const struct equation *parts,
                        struct shape *out) {
    struct keras_variable kernel;
    const char *path = arena_printf(reader->arena, "%s/module/layers/einsum_dense/vars/0", layer->place.group);
    int rank = (int)strlen(parts->kernel);
    if (keras_hdf5_variable(&reader->weights, path, &kernel) < 0) return -1;
    if (!kernel.values || kernel.shape.rank <= rank)
        return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                           "the weights have no networks at '%s'", path);
    *out = kernel.shape;
    out->rank = rank;
    for (int i = 0; i < rank; i++) {
        const char *at = strchr(parts->input, parts->kernel[i]);
        if (at && keras_shape(layer, 0)->dim[at - parts->input] != out->dim[i])
            return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                               "the weights do not fit the input along '%c'", parts->kernel[i]);
    }
    return 0;
}

/* What HGQ2 does behind the networks: (x * scale + offset) / root of the number of inputs. */
struct normalisation {
    struct shape shape;
    const float *scale, *offset;
    int64_t inputs;
};

static valref normalise_einsum(struct keras_reader *reader, const struct keras_layer *layer, valref value,
                               const void *user) {
    const struct normalisation *by = user;
    (void)reader;
    const valref scaled[2] = {value, layer_reals(&layer->nodes, "scale", by->shape, by->scale)};
    const valref shifted[2] = {layer_node(&layer->nodes, OP_MUL, "scaled", scaled, 2, NULL),
                               layer_reals(&layer->nodes, "offset", by->shape, by->offset)};
    return divide(layer, layer_node(&layer->nodes, OP_ADD, "shifted", shifted, 2, NULL), by->inputs);
}

/* The axes of the normalisation, as HGQ2 finds them; the last letters that are left are those of the output. */
static const char *normalised_axes(struct keras_reader *reader, const struct keras_layer *layer,
                                   const struct equation *parts) {
    const char *axes = keras_text(layer->config, "normalize_axes"), *bias = keras_text(layer->config, "bias_axes");
    struct strbuf out = strbuf_new(reader->arena);
    if (axes || (bias && *bias)) return axes ? axes : bias;
    for (const char *at = parts->kernel; *at; at++)
        if (strchr(parts->output, *at)) strbuf_printf(&out, "%c", *at);
    return out.data ? out.data : "";
}

/* In binary32: gamma / sqrt(var + epsilon), and beta - mean * that. */
static int read_normalisation(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct equation *parts, const struct shape *edges, struct normalisation *out) {
    bool has_gamma = keras_flag(layer->config, "bn_scale", true),
         has_beta = keras_flag(layer->config, "bn_center", true);
    struct keras_variables variables;
    int count = 2 + has_gamma + has_beta;
    unsigned axes = bits_of(parts->edges, normalised_axes(reader, layer, parts));
    if (keras_variables_read(reader, layer, &layer->place, &variables) < 0) return -1;
    out->shape = *edges;
    for (int axis = 0; axis < edges->rank; axis++)
        if (!(axes >> axis & 1)) out->shape.dim[axis] = 1;
    size_t elements = shape_elements(&out->shape);
    for (int i = 0; i < count; i++)
        if (variables.count < count || shape_elements(&variables.at[i].shape) != elements)
            return keras_error(reader, layer, "normalize_axes", "are these the weights of this very model?",
                               "the batch normalisation does not fit the edges");
    const float *gamma = variables.at[0].values, *beta = variables.at[has_gamma].values,
                *mean = variables.at[count - 2].values, *variance = variables.at[count - 1].values;
    float epsilon = (float)keras_number(layer->config, "bn_epsilon", 1e-3),
          *scale = ARENA_ARRAY(reader->arena, float, elements), *offset = ARENA_ARRAY(reader->arena, float, elements);
    for (size_t e = 0; e < elements; e++) {
        scale[e] = (has_gamma ? gamma[e] : 1.0f) / sqrtf(variance[e] + epsilon);
        offset[e] = -mean[e] * scale[e];
        if (has_beta) offset[e] += beta[e];
    }
    out->scale = scale;
    out->offset = offset;
    return 0;
}

/* The sums' axes stand as the edges' do, and go to where the output has them. */
static valref in_output_order(const struct keras_layer *layer, const struct equation *parts, valref value) {
    int permutation[SHAPE_RANK_MAX] = {0}, rank = 0;
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    for (const char *out = parts->output; *out; out++, rank++)
        for (const char *at = parts->edges; *at != *out; at++) permutation[rank] += strchr(parts->output, *at) != NULL;
    return layer_transpose(&layer->nodes, "transposed", value, permutation);
}

valref hgq_read_einsum_dense_table(struct keras_reader *reader, struct keras_layer *layer) {
    struct equation parts = {.input = ""};
    struct shape kernel;
    struct normalisation normalisation = {.inputs = 1};
    struct hgq_edges edges = {.user = &normalisation};
    if (read_equation(reader, layer, &parts) < 0 || check_equation(reader, layer, &parts) < 0 ||
        kernel_shape(reader, layer, &parts, &kernel) < 0 || read_networks(reader, layer, &edges) < 0)
        return NO_VALUE;
    valref value = layer->inputs[0];
    for (int i = 0; parts.kernel[i]; i++)
        if (!strchr(parts.input, parts.kernel[i]) && !valref_equal(value, NO_VALUE))
            value = spread(layer, arena_printf(reader->arena, "edges_%c", parts.kernel[i]), value,
                           layer_shape(&layer->nodes, value)->rank, kernel.dim[i]);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    bool normalised = keras_flag(layer->config, "batch_norm", false);
    edges.shape = *layer_shape(&layer->nodes, value);
    edges.letters = parts.edges;
    edges.weights = parts.kernel;
    edges.own = bits_of(parts.edges, parts.kernel);
    edges.has_bias = keras_text(layer->config, "bias_axes") && !normalised;
    unsigned summed = bits_of(parts.edges, parts.edges) & ~bits_of(parts.edges, parts.output);
    for (int axis = 0; axis < edges.shape.rank; axis++)
        if (summed >> axis & 1) normalisation.inputs *= edges.shape.dim[axis];
    if (normalised && read_normalisation(reader, layer, &parts, &edges.shape, &normalisation) < 0) return NO_VALUE;
    if (normalised) edges.normalise = normalise_einsum;
    value = sum_along(layer, hgq_look_up_edges(reader, layer, &edges, value), summed);
    return hgq_activated(reader, layer, in_output_order(layer, &parts, value));
}
