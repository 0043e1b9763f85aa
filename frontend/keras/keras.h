/* What the files of the Keras reader share. */
#ifndef BXC_FRONTEND_KERAS_H
#define BXC_FRONTEND_KERAS_H

#include "frontend/frontend.h"

#include <cjson/cJSON.h>

/* One variable of the model: binary32 whatever its type in the file. */
struct keras_variable {
    struct shape shape;
    float *values; /* NULL: the file has none of that name */
};

/* One reading of a .keras file. */
struct keras_reader {
    struct bxc_context *context;
    struct arena *arena; /* ends with the reading */
    const char *path;
    struct graph *graph;
    int64_t weights;      /* HDF5 file handle */
    const cJSON *layers;  /* of the configuration */
    struct keras_tensor { /* what layers gave, by layer name */
        const char *layer;
        valref value;
    } * tensors;
    uint32_t tensor_count, tensor_capacity;
};

/* One layer while it is read. */
struct keras_layer {
    const char *class_name, *name;
    const cJSON *config;
    const char *group; /* its folder in the HDF5 file: "layers/q_dense_1" */
    valref *inputs;    /* at least one; exactly one where the class has one */
    int input_count;
};

/* ---- archive.c ---- */
/* The content of one entry of the zip, with a terminating 0. NULL and a diagnosis otherwise. */
char *keras_archive_entry(struct bxc_context *context, struct arena *arena, const char *path, const void *data,
                          size_t length, const char *entry, size_t *entry_length);

/* ---- weights.c ---- */
int keras_weights_open(struct keras_reader *reader, const void *image, size_t length);
/* values stay NULL, without a diagnosis, when there is no such variable; -1 when it cannot be read. */
int keras_weights_read(struct keras_reader *reader, const char *path, struct keras_variable *out);

/* ---- quantizer.c: HGQ2's quantisers (NUMERICS) ---- */
struct keras_quantizer {
    struct shape shape; /* of the widths: broadcasts to what is quantised */
    size_t count;
    int *k, *i, *f; /* whole numbers, rounded half to even */
    enum rounding rounding;
    enum overflow overflow;
    bool only_rounds; /* a weight's WRAP: neither wraps nor zeroes (kbi: with RND only) */
};
/* name: "iq", "kq", "bq", "oq"; number: which of the layer's inputs, where each has an "iq" of its own; else -1. */
int keras_quantizer_read(struct keras_reader *reader, const struct keras_layer *layer, const char *name, int number,
                         struct keras_quantizer *out);
/* Quantises constants of this shape in place. */
void keras_quantize_constant(const struct keras_quantizer *quantizer, const struct shape *shape, float *values);
/* Appends the quantiser as a narrow. */
valref keras_quantize_value(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                            const struct keras_quantizer *quantizer, valref value);

/* ---- sums.c ---- */
valref keras_read_sum(struct keras_reader *reader, const struct keras_layer *layer);
valref keras_read_mean_pow2(struct keras_reader *reader, const struct keras_layer *layer);
valref keras_read_add(struct keras_reader *reader, const struct keras_layer *layer);

/* ---- layers.c ---- */
int keras_error(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                const char *help, const char *format, ...) PRINTF_LIKE(5, 6);
bool keras_layer_known(const char *class_name);
bool keras_layer_has_several_inputs(const char *class_name);
/* The input of that number behind its quantiser "iq" (where the layer has one for each, behind the one of that number);
 * as it is where there is none. NO_VALUE and a diagnosis. */
valref keras_layer_input(struct keras_reader *reader, const struct keras_layer *layer, int number);
/* The value behind the layer's quantiser "oq", if it has one. NO_VALUE passes. */
valref keras_layer_output(struct keras_reader *reader, const struct keras_layer *layer, valref value);
/* The layer's result, or NO_VALUE and a diagnosis. */
valref keras_layer_read(struct keras_reader *reader, const struct keras_layer *layer);
const char *keras_text(const cJSON *object, const char *key); /* NULL when there is none */
bool keras_flag(const cJSON *object, const char *key, bool fallback);

#endif
