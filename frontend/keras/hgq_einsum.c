/* HGQ2's layers that are a sum of products by an equation: QEinsumDense, also with a batch normalisation within it, and
 * QEinsum of several tensors. */
#include "frontend/keras/hgq.h"

#include <math.h>
#include <string.h>

/* "bnc,cC->bnC" in its parts; "..." stays what it is. */
struct parts {
    const char *equation, *input, *kernel, *output;
};

static int find_parts(struct keras_reader *reader, const struct keras_layer *layer, struct parts *out) {
    const char *equation = keras_text(layer->config, "equation"), *comma = equation ? strchr(equation, ',') : NULL,
               *arrow = equation ? strstr(equation, "->") : NULL;
    if (!comma || !arrow || comma > arrow || strchr(comma + 1, ','))
        return keras_error(reader, layer, "equation", NULL, "equation '%s' is none of two operands",
                           equation ? equation : "(none)");
    *out = (struct parts){equation, arena_strndup(reader->arena, equation, (size_t)(comma - equation)),
                          arena_strndup(reader->arena, comma + 1, (size_t)(arrow - comma - 1)), arrow + 2};
    return 0;
}

/* input times kernel, plus the bias, activation, output quantiser; bias may have no values. */
static valref append_product(struct keras_reader *reader, struct keras_layer *layer, const struct parts *parts,
                             const struct keras_variable *kernel, const struct keras_variable *bias) {
    if (hgq_inputs(reader, layer) < 0) return NO_VALUE;
    const valref operands[2] = {layer->inputs[0], layer_reals(&layer->nodes, "kernel", kernel->shape, kernel->values)};
    valref value = layer_einsum(&layer->nodes, parts->equation, operands, 2);
    if (valref_equal(value, NO_VALUE)) return NO_VALUE;
    const struct shape *shape = layer_shape(&layer->nodes, value);
    struct shape wide;
    if (bias->values && (!shape_broadcast(shape, &bias->shape, &wide) || !shape_equal(shape, &wide)))
        return keras_refuse(reader, layer, "bias_axes", NULL, "the bias does not fit what it is added to");
    return hgq_activated(reader, layer, keras_add_bias(layer, value, bias));
}

valref hgq_read_einsum_dense(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"kernel", "bias"};
    struct parts parts;
    struct keras_variables variables;
    const char *axes = keras_text(layer->config, "bias_axes");
    bool has_bias = axes && *axes;
    if (find_parts(reader, layer, &parts) < 0 ||
        hgq_variables(reader, layer, names, has_bias ? 2 : 1, &variables) < 0 ||
        hgq_constant(reader, layer, "kq", &variables.at[0]) < 0 ||
        (has_bias && hgq_constant(reader, layer, "bq", &variables.at[1]) < 0))
        return NO_VALUE;
    const struct keras_variable none = {.values = NULL};
    return append_product(reader, layer, &parts, &variables.at[0], has_bias ? &variables.at[1] : &none);
}

/* ---- with a batch normalisation ---- */

/* Letters of `letters` that `set` has, in their order. */
static const char *letters_in(struct arena *arena, const char *letters, const char *set) {
    struct strbuf out = strbuf_new(arena);
    for (; *letters; letters++)
        if (strchr(set, *letters)) strbuf_printf(&out, "%c", *letters);
    return out.data ? out.data : "";
}

/* The index among numbers whose axes have `own` letters of the one that element e of the shape with `letters` reads. */
static size_t element_by_letters(const struct shape *shape, const char *letters, size_t e,
                                 const struct shape *own_shape, const char *own) {
    size_t index = 0;
    for (int i = 0; i < own_shape->rank; i++) {
        size_t at = e;
        for (int axis = shape->rank - 1; axis >= 0; axis--) {
            if (letters[axis] == own[i]) index = index * (size_t)own_shape->dim[i] + at % (size_t)shape->dim[axis];
            at /= (size_t)shape->dim[axis];
        }
    }
    return index;
}

/* How the numbers of the normalisation stand against the output: from their first letter on, others as 1. */
static struct shape cast_shape(const struct shape *own, const char *normalised, const char *output) {
    struct shape shape = {0};
    int at = 0;
    for (; *output; output++) {
        bool is_own = strchr(normalised, *output);
        if (!is_own && shape.rank == 0) continue;
        if (shape.rank == SHAPE_RANK_MAX) break;
        shape.dim[shape.rank++] = is_own && at < own->rank ? own->dim[at++] : 1;
    }
    return shape;
}

struct fused_normalisation {
    const struct keras_variable *gamma, *mean, *variance;
    const char *letters; /* of their axes, as the kernel has them */
};

/* In binary32, as HGQ2 has it: s = gamma / sqrt(var + 1e-7), kernel * s, bias - mean * s; the constant is Keras's own
 * and not the layer's epsilon. */
static int fuse(struct keras_reader *reader, const struct keras_layer *layer, const struct parts *parts,
                struct keras_variable *kernel, struct keras_variable *bias, const struct fused_normalisation *by) {
    size_t count = shape_elements(&by->mean->shape);
    struct keras_variable shift = {cast_shape(&by->mean->shape, by->letters, parts->output),
                                   ARENA_ARRAY(reader->arena, float, count)};
    float *scale = ARENA_ARRAY(reader->arena, float, count);
    for (size_t c = 0; c < count; c++) {
        float deviation = sqrtf(by->variance->values[c] + 1e-7f);
        scale[c] = (by->gamma ? by->gamma->values[c] : 1.0f) / deviation;
        shift.values[c] = by->mean->values[c] * scale[c];
    }
    for (size_t e = 0; e < shape_elements(&kernel->shape); e++)
        kernel->values[e] *= scale[element_by_letters(&kernel->shape, parts->kernel, e, &by->mean->shape, by->letters)];
    struct shape wide;
    if (shape_elements(&shift.shape) != count || !shape_broadcast(&bias->shape, &shift.shape, &wide) ||
        !shape_equal(&bias->shape, &wide))
        return keras_error(reader, layer, "normalize_axes", NULL, "the bias does not fit the batch normalisation");
    for (size_t e = 0; e < shape_elements(&wide); e++)
        bias->values[e] -= shift.values[shape_project(&wide, e, &shift.shape)];
    return 0;
}

static bool axes_fit(const struct shape *shape, const char *letters, const struct shape *kernel,
                     const char *kernel_letters) {
    if (strlen(letters) != (size_t)shape->rank || strlen(kernel_letters) != (size_t)kernel->rank) return false;
    for (int i = 0; i < shape->rank; i++)
        if (kernel->dim[strchr(kernel_letters, letters[i]) - kernel_letters] != shape->dim[i]) return false;
    return true;
}

static int read_normalisation(struct keras_reader *reader, const struct keras_layer *layer, const struct parts *parts,
                              const struct keras_variables *variables, struct fused_normalisation *out) {
    const char *axes = keras_text(layer->config, "normalize_axes");
    bool has_gamma = variables->count == 5;
    if (!axes) axes = keras_text(layer->config, "bias_axes");
    *out = (struct fused_normalisation){has_gamma ? &variables->at[2] : NULL, &variables->at[variables->count - 2],
                                        &variables->at[variables->count - 1],
                                        letters_in(reader->arena, parts->kernel, axes ? axes : "")};
    if (!*out->letters || !shape_equal(&out->mean->shape, &out->variance->shape) ||
        (has_gamma && !shape_equal(&out->mean->shape, &out->gamma->shape)) ||
        !axes_fit(&out->mean->shape, out->letters, &variables->at[0].shape, parts->kernel))
        return keras_error(reader, layer, "normalize_axes", NULL, "mean and variance do not fit the kernel's axes '%s'",
                           out->letters);
    return 0;
}

/* HGQ2's configurations do not say whether there is a gamma. */
static int read_fused(struct keras_reader *reader, const struct keras_layer *layer, struct keras_variables *out) {
    static const char *const names[] = {"kernel", "bias", "gamma", "mean", "variance"}, *const without[] = {
                                                                                            "kernel", "bias", "mean",
                                                                                            "variance"};
    bool has_gamma = hgq_count_variables(reader, layer) != 4;
    return hgq_variables(reader, layer, has_gamma ? names : without, has_gamma ? 5 : 4, out);
}

valref hgq_read_einsum_dense_batchnorm(struct keras_reader *reader, struct keras_layer *layer) {
    struct parts parts;
    struct keras_variables variables;
    struct fused_normalisation normalisation;
    if (find_parts(reader, layer, &parts) < 0 || read_fused(reader, layer, &variables) < 0 ||
        read_normalisation(reader, layer, &parts, &variables, &normalisation) < 0)
        return NO_VALUE;
    struct keras_variable *kernel = &variables.at[0], *bias = &variables.at[1];
    if (fuse(reader, layer, &parts, kernel, bias, &normalisation) < 0 ||
        hgq_constant(reader, layer, "kq", kernel) < 0 || hgq_constant(reader, layer, "bq", bias) < 0)
        return NO_VALUE;
    return append_product(reader, layer, &parts, kernel, bias);
}

/* ---- of tensors ---- */

valref hgq_read_einsum(struct keras_reader *reader, struct keras_layer *layer) {
    const char *equation = keras_text(layer->config, "equation");
    if (!equation) return keras_refuse(reader, layer, "equation", NULL, "it has no equation");
    if (hgq_inputs(reader, layer) < 0) return NO_VALUE;
    return hgq_output(reader, layer,
                      layer_einsum(&layer->nodes, equation, layer->inputs, (uint32_t)layer->input_count));
}
