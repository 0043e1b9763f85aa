/* Inside the reader of lwtnn's JSON: what its files share. Facts: lwtnn 2.14, parse_json.cxx, generic/Stack.tcc and
 * generic/Graph.tcc. */
#ifndef BXC_FRONTEND_LWTNN_H
#define BXC_FRONTEND_LWTNN_H

#include "frontend/frontend.h"
#include "frontend/layers/layers.h"
#include "frontend/native/native.h"

#include <cjson/cJSON.h>

enum { LWTNN_NODES_MAX = 1 << 12, LWTNN_NUMBERS_MAX = 1 << 24, LWTNN_STEPS_MAX = 1 << 16 };

struct lwtnn_reader {
    struct json json;
    struct graph *graph;
    struct name_map names; /* of nodes */
    const struct frontend_options *options;
    const cJSON *root, *layers;
};

/* One entry of "layers" where it is used. */
struct lwtnn_layer {
    struct lwtnn_reader *reader;
    const cJSON *json;
    const char *path; /* "layers[3]" */
    const char *architecture;
    struct layer layer;
};

/* ---- model.c ---- */

struct layer lwtnn_layer_named(struct lwtnn_reader *reader, const char *name, const char *source_op);
/* steps: 0 for a vector. */
valref lwtnn_append_input(struct lwtnn_reader *reader, const char *name, const char *path, const cJSON *variables,
                          int64_t steps);
/* Sequences are of any length in lwtnn, and of one in hardware; 0 and a diagnosis where it is not said. */
int64_t lwtnn_steps_of(const struct lwtnn_reader *reader, const char *input);
const char *lwtnn_architecture_of(const struct lwtnn_reader *reader, const char *path, const cJSON *layer);
/* A layer on a value, called after its architecture and the number of what uses it. */
valref lwtnn_use_layer(struct lwtnn_reader *reader, int64_t index, int64_t user, valref x);
valref lwtnn_last_step(const struct layer *layer, valref sequence);
int lwtnn_append_output(struct lwtnn_reader *reader, const char *path, const char *name, const cJSON *labels,
                        valref value);

/* ---- nodes.c ---- */

int lwtnn_graph_read(struct lwtnn_reader *reader);

/* ---- numbers.c: texts count as numbers, as boost's property trees read them ---- */

/* -1 and a diagnosis where it is missing or no number of binary32. */
int lwtnn_number(const struct lwtnn_reader *reader, const char *path, const cJSON *item, double *number);
/* A list of any length; NULL and a diagnosis. */
float *lwtnn_numbers(const struct lwtnn_reader *reader, const char *path, const cJSON *item, size_t *count);
int lwtnn_whole(const struct lwtnn_reader *reader, const char *path, const cJSON *item, int64_t low, int64_t high,
                int64_t *number);

/* ---- activation.c ---- */

/* The function that a member of the layer names; -1 and a diagnosis where there is none. */
int lwtnn_function(const struct lwtnn_layer *layer, const char *member, struct layer_function *function);

/* ---- layers.c, recurrent.c: each on [1, inputs] or [1, steps, inputs] ---- */

/* Whether it works along the steps of a sequence (lwtnn: RecurrentStack). */
bool lwtnn_is_sequential(const char *architecture);
valref lwtnn_layer_read(const struct lwtnn_layer *layer, valref x);
valref lwtnn_recurrent_read(const struct lwtnn_layer *layer, valref x);

/* {weights: [outputs, inputs], bias: [outputs], U: [outputs, outputs]}, transposed; bias and U may be missing. */
struct lwtnn_component {
    const float *kernel, *bias, *recurrent;
    int64_t outputs;
};
int lwtnn_component_read(const struct lwtnn_layer *layer, const char *path, const cJSON *json, int64_t inputs,
                         struct lwtnn_component *component);
/* "components.NAME"; with a bias, and U where it is needed. */
int lwtnn_named_component(const struct lwtnn_layer *layer, const char *name, int64_t inputs, bool recurrent,
                          struct lwtnn_component *component);

#endif
