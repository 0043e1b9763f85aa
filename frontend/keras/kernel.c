/* The kernel and bias of a layer behind what the layer does to them: QKeras's quantisers, and a batch normalisation
 * that is folded into them first. */
#include "frontend/keras/qkeras.h"

#include <math.h>
#include <string.h>

static int find(const struct keras_variables *variables, const char *name) {
    for (int i = 0; i < variables->count; i++)
        if (variables->names[i] && strcmp(variables->names[i], name) == 0) return i;
    return -1;
}

/* gamma and beta where there are any, mean and variance: by their names, or by their order in a part of the layer. */
struct normalisation {
    const float *gamma, *beta, *mean, *variance;
};

static int read_normalisation(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct keras_variables *variables, int64_t channels, struct normalisation *out) {
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    const struct keras_place place = keras_place_inside(reader, layer->place, "batchnorm", NULL);
    const bool has[] = {keras_flag(layer->config, "scale", true), keras_flag(layer->config, "center", true), true,
                        true};
    const float **to[] = {&out->gamma, &out->beta, &out->mean, &out->variance};
    struct keras_variables inner = *variables;
    if (!reader->by_name && keras_variables_read(reader, layer, &place, &inner) < 0) return -1;
    for (int i = 0, next = 0; i < 4; i++) {
        if (!has[i]) continue;
        int at = reader->by_name ? find(&inner, names[i]) : next++;
        if (at < 0 || at >= inner.count || !keras_is_vector(&inner.at[at], channels))
            return keras_error(reader, layer, NULL, NULL, "the weights have no %s of %lld numbers", names[i],
                               (long long)channels);
        *to[i] = inner.at[at].values;
    }
    return 0;
}

/* kernel * inverse, (bias - mean) * inverse + beta, inverse = gamma / sqrt(variance + epsilon); columns stand last. */
static void fold(struct keras_variable *kernel, struct keras_variable *bias, const struct normalisation *by,
                 float epsilon) {
    size_t columns = (size_t)bias->shape.dim[0], count = shape_elements(&kernel->shape);
    for (size_t c = 0; c < columns; c++) {
        float inverse = 1 / sqrtf(by->variance[c] + epsilon);
        if (by->gamma) inverse *= by->gamma[c];
        for (size_t e = c; e < count; e += columns) kernel->values[e] *= inverse;
        float centred = bias->values[c] - by->mean[c], scaled = inverse * centred;
        bias->values[c] = scaled + (by->beta ? by->beta[c] : 0);
    }
}

static int fold_normalisation(struct keras_reader *reader, const struct keras_layer *layer,
                              const struct keras_variables *variables, struct keras_variable *kernel,
                              struct keras_variable *bias) {
    struct normalisation by = {NULL, NULL, NULL, NULL};
    int64_t columns = kernel->shape.dim[kernel->shape.rank - 1];
    if (read_normalisation(reader, layer, variables, columns, &by) < 0) return -1;
    if (!bias->values) *bias = (struct keras_variable){{1, {columns}}, ARENA_ARRAY(reader->arena, float, columns)};
    fold(kernel, bias, &by, (float)keras_number(layer->config, "epsilon", 1e-3));
    return 0;
}

/* The kernels' own names, then "bias" where the layer has one. */
static int collect(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_kernel *kinds,
                   int count, bool folded, struct keras_variables *variables, struct keras_variable *bias) {
    const char *names[KERAS_VARIABLES_MAX];
    bool has_bias = keras_flag(layer->config, "use_bias", true);
    for (int i = 0; i < count; i++) names[i] = kinds[i].name;
    names[count] = "bias";
    *bias = (struct keras_variable){.values = NULL};
    if (!folded) {
        if (keras_variables_expect(reader, layer, &layer->place, names, count + has_bias, variables) < 0) return -1;
    } else {
        if (keras_variables_read(reader, layer, &layer->place, variables) < 0) return -1;
        if (variables->count < count + has_bias)
            return keras_error(reader, layer, NULL, NULL, "the weights have no kernel or no bias");
    }
    if (has_bias) *bias = variables->at[count];
    return 0;
}

int keras_read_kernels(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_kernel *kinds,
                       int count, struct keras_variable *kernels, struct keras_variable *bias) {
    struct keras_variables variables;
    bool folded = text_ends_with(layer->class_name, "Batchnorm");
    if (collect(reader, layer, kinds, count, folded, &variables, bias) < 0) return -1;
    for (int i = 0; i < count; i++) {
        kernels[i] = variables.at[i];
        if (kernels[i].shape.rank != kinds[i].rank)
            return keras_error(reader, layer, NULL, "are these the weights of this very model?",
                               "the %s has %d axes, not %d", kinds[i].name, kernels[i].shape.rank, kinds[i].rank);
    }
    const struct shape *last = &kernels[count - 1].shape;
    if (bias->values && bias->shape.rank != 1)
        return keras_error(reader, layer, NULL, NULL, "the bias has %d axes", bias->shape.rank);
    if (folded && bias->values && !keras_is_vector(bias, last->dim[last->rank - 1]))
        return keras_error(reader, layer, NULL, NULL, "the weights have no bias of %lld numbers",
                           (long long)last->dim[last->rank - 1]);
    if (folded && fold_normalisation(reader, layer, &variables, &kernels[0], bias) < 0) return -1;
    for (int i = 0; i < count; i++)
        if (qkeras_constant(reader, layer, kinds[i].quantizer, true, &kernels[i]) < 0) return -1;
    return qkeras_constant(reader, layer, "bias_quantizer", false, bias);
}
