/* What the files of the Keras reader share. */
#ifndef BXC_FRONTEND_KERAS_H
#define BXC_FRONTEND_KERAS_H

#include "frontend/frontend.h"
#include "frontend/layers/layers.h"
#include "frontend/name_map.h"

#include <cjson/cJSON.h>

/* ---- hdf5.c: HDF5 files from memory ---- */

struct keras_hdf5 {
    struct bxc_context *context;
    struct arena *arena; /* of the reading; the file is closed with it */
    const char *path;    /* of the file, for diagnoses */
    int64_t file;        /* hid_t */
};
/* what: the file's part in diagnoses, or NULL. HDF5 has one thread at a time in it until the arena is freed. */
int keras_hdf5_open(struct keras_hdf5 *hdf5, const void *image, size_t length, const char *what);
/* The file of an image in memory; negative: it is none. */
int64_t keras_hdf5_open_image(const void *image, size_t length);
/* ---- hdf5_probe.c: false where reading the image ends HDF5, or takes for ever ---- */
bool keras_hdf5_survives(const void *image, size_t length);
bool keras_hdf5_has(const struct keras_hdf5 *hdf5, const char *path);
/* One variable: binary32 whatever its type in the file. */
struct keras_variable {
    struct shape shape;
    float *values; /* NULL: the file has none of that name */
};
/* values stay NULL, without a diagnosis, when there is no such variable; -1 when it cannot be read. */
int keras_hdf5_variable(const struct keras_hdf5 *hdf5, const char *path, struct keras_variable *out);
/* An attribute of a group: texts, or one. *count is 0 where there is none; -1 and a diagnosis. */
int keras_hdf5_texts(const struct keras_hdf5 *hdf5, const char *group, const char *attribute, const char ***texts,
                     size_t *count);

/* ---- the model while it is read ---- */

/* Where the variables of a layer are. By number: "layers/dense_1". By name: the group of a layer of the outermost
 * model, "model_weights/dense_1", and what the names of its variables must have among their parts. */
enum { KERAS_INSIDE_MAX = 12 };
struct keras_place {
    const char *group;
    const char *inside[KERAS_INSIDE_MAX];
    int inside_count;
};

struct keras_reader {
    struct bxc_context *context;
    struct arena *arena; /* ends with the reading */
    const char *path;
    const struct frontend_options *options; /* or NULL */
    struct graph *graph;
    int version;               /* of Keras that wrote the file: 2 or 3 */
    struct keras_hdf5 weights; /* file 0: none */
    bool by_name;              /* variables have names (HDF5 of Keras 2), not numbers */
    const char *root;          /* by name: the group of all layers, with a '/' behind it, or "" */
    struct name_map names;     /* of nodes */
    struct name_map placed;    /* layers whose variables are found (model.c) */
    uint32_t calls;            /* of layers, so far */
};

/* One call of a layer while it is read. */
struct keras_layer {
    const char *class_name, *name; /* of nodes: no other call has it */
    const struct keras_class *known;
    const cJSON *config;
    struct keras_place place;
    valref *inputs; /* tensors of its first argument, or of all positional ones; at least one */
    int input_count;
    const cJSON *arguments, *keywords; /* as Keras 3 writes them, or NULL */
    const struct keras_scope *scope;   /* where they are looked up */
    struct layer nodes;                /* for frontend/layers/ */
    valref *results;                   /* of a layer with several; else NULL */
    int result_count;
};

/* ---- layers.c: the classes, and one call of a layer ---- */

struct keras_class {
    const char *domain, *name; /* "keras", "ops", "hgq", "qkeras" */
    valref (*read)(struct keras_reader *reader, struct keras_layer *layer);
    int inputs_min, inputs_max;
    const char *keys;    /* of its configuration that are read or change nothing, blank before and after each;
                            NULL: not checked */
    const char *becomes; /* operators of the IR */
};
extern const struct keras_class keras_classes[]; /* ends with a NULL name */

/* NULL: not known. layer: its object in the model's configuration. */
const struct keras_class *keras_class_of(const struct keras_reader *reader, const cJSON *layer);
/* Diagnoses a layer whose class is not known; -1. */
int keras_refuse_class(const struct keras_reader *reader, const cJSON *layer, const char *name);
int keras_error(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                const char *help, const char *format, ...) PRINTF_LIKE(5, 6);
/* The same, for what gives a value: always NO_VALUE. */
valref keras_refuse(const struct keras_reader *reader, const struct keras_layer *layer, const char *attribute,
                    const char *help, const char *format, ...) PRINTF_LIKE(5, 6);
/* The layer's (first) result, or NO_VALUE and a diagnosis. The layer has its name, place, class and inputs. */
valref keras_layer_read(struct keras_reader *reader, struct keras_layer *layer);
/* A layer that stands in the configuration of another (a wrapper's, an activation); what: its part of the name. */
valref keras_layer_read_inner(struct keras_reader *reader, const struct keras_layer *outer, const cJSON *inner,
                              const char *what, struct keras_place place, valref input);
const char *keras_unique_name(struct keras_reader *reader, const char *name);
const struct shape *keras_shape(const struct keras_layer *layer, int input);

/* ---- config.c: members of configurations ---- */

const cJSON *keras_member(const cJSON *object, const char *key); /* NULL when there is none, or null */
const char *keras_text(const cJSON *object, const char *key);    /* NULL when there is none */
bool keras_flag(const cJSON *object, const char *key, bool fallback);
double keras_number(const cJSON *object, const char *key, double fallback);
/* Whole numbers: one or a list, at most `most` of them; how many, 0 where there is none, -1 and a diagnosis. */
int keras_integers(const struct keras_reader *reader, const struct keras_layer *layer, const char *key, int64_t *out,
                   int most);
/* The same where one number stands for all of `count`. fallback: for what is not there. */
int keras_integer_each(const struct keras_reader *reader, const struct keras_layer *layer, const char *key,
                       int64_t fallback, int64_t *out, int count);
/* An axis counted with the batch, which it may not be; -1 and a diagnosis. */
int keras_axis(const struct keras_reader *reader, const struct keras_layer *layer, const char *key, double axis,
               int rank);
/* Whether channels stand behind the batch. */
bool keras_channels_first(const struct keras_reader *reader, const struct keras_layer *layer);

/* ---- words.c: configurations of Keras 2 in the words of Keras 3 ---- */

void keras_use_words_of_3(cJSON *model);

/* ---- source.c: configuration and weights of a file ---- */

/* Sets version, weights, by_name and root; the configuration, released with the arena; NULL and a diagnosis. */
cJSON *keras_source_open(struct keras_reader *reader, const void *data, size_t length,
                         const struct frontend_options *options);

/* ---- call.c: what a layer is called on ---- */

/* What layers of one model gave, by layer, call and result. */
struct keras_scope {
    struct name_map tensors;
};
struct keras_scope keras_scope_new(struct keras_reader *reader);
/* The results of one call; count 0: it failed, which is diagnosed. */
void keras_scope_add(struct keras_scope *scope, const char *layer, int node, const valref *values, int count);
enum keras_found { KERAS_FOUND, KERAS_LATER, KERAS_FAILED };
enum keras_found keras_scope_find(const struct keras_scope *scope, const char *layer, int node, int tensor,
                                  valref *value);
/* Whether JSON is a tensor of the model (of Keras 3's form), and which. */
bool keras_is_tensor(const cJSON *json, const char **layer, int *node, int *tensor);
/* ["layer", node, tensor] */
bool keras_is_reference(const cJSON *json, const char **layer, int *node, int *tensor);
/* How many tensors there are in the JSON. */
int keras_count_tensors(const cJSON *json);
/* Appends them in order to a list that has room. */
enum keras_found keras_find_tensors(const struct keras_scope *scope, const cJSON *json, valref *list, int *count);
/* An argument of the call, by position or by name; NULL: not given, or null. */
const cJSON *keras_argument(const struct keras_layer *layer, int position, const char *name);
/* Its value, if it is a tensor; else NO_VALUE. */
valref keras_argument_tensor(const struct keras_layer *layer, const cJSON *argument);

/* ---- model.c ---- */

bool keras_is_model(const char *class_name);
/* A model within a model (class Functional, Sequential or Model). */
valref keras_read_model(struct keras_reader *reader, struct keras_layer *layer);

/* ---- weights.c: the variables of a layer ---- */

enum { KERAS_VARIABLES_MAX = 16 };
struct keras_variables {
    struct keras_variable at[KERAS_VARIABLES_MAX];
    const char *names[KERAS_VARIABLES_MAX]; /* "kernel"; NULL where they go by numbers */
    int count;
};
/* A part of a layer that keeps variables: its folder in files by number, and its name in those by name (NULL: they have
 * no such part). */
struct keras_place keras_place_inside(const struct keras_reader *reader, struct keras_place place, const char *folder,
                                      const char *name);
/* Those at the place, in the file's order. */
int keras_variables_read(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_place *place,
                         struct keras_variables *out);
/* Those of the layer, of which there must be `count`; names: for diagnoses. */
int keras_variables_expect(struct keras_reader *reader, const struct keras_layer *layer,
                           const struct keras_place *place, const char *const *names, int count,
                           struct keras_variables *out);
bool keras_is_vector(const struct keras_variable *variable, int64_t length);

/* ---- activation.c ---- */

/* The function of that name (or object of a configuration) as nodes; nothing for "linear". */
valref keras_activate(struct keras_reader *reader, const struct keras_layer *layer, const cJSON *activation,
                      valref value);

/* The function of that name for the gates of recurrent layers; -1 and a diagnosis. */
int keras_gate(struct keras_reader *reader, const struct keras_layer *layer, const char *key, const char *otherwise,
               struct layer_function *out);

/* ---- dense.c ---- */

/* The value plus the bias, which has no values where the layer has none. */
valref keras_add_bias(const struct keras_layer *layer, valref value, const struct keras_variable *bias);

/* ---- kernel.c ---- */

struct keras_kernel {
    const char *name, *quantizer; /* for diagnoses; the member of the configuration that is its quantiser, if any */
    int rank;
};
/* The kernels and the bias (without values where the layer has none), normalised and quantised as the layer does. */
int keras_read_kernels(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_kernel *kinds,
                       int count, struct keras_variable *kernels, struct keras_variable *bias);

/* ---- convolution.c ---- */

/* Sizes, steps and dilations; size: the member that holds the windows' sizes. */
int keras_read_spatial(struct keras_reader *reader, const struct keras_layer *layer, const char *size,
                       struct spatial *out);
int keras_pad_spatial(struct keras_reader *reader, const struct keras_layer *layer, struct spatial *spatial);
/* Whether the kernel's first axes are the window; -1 and a diagnosis. */
int keras_check_window(struct keras_reader *reader, const struct keras_layer *layer, const struct spatial *spatial,
                       const struct keras_variable *kernel);
/* The kernel of a depthwise convolution, [spatial..., channels, multiplier], as one of as many groups as channels. */
int keras_as_depthwise(struct keras_reader *reader, const struct keras_layer *layer, struct convolution *convolution,
                       struct keras_variable *kernel);

/* ---- normalisation.c ---- */

/* The input normalised by gamma and beta where the layer has them, mean and variance. */
valref keras_normalise_batch(struct keras_reader *reader, struct keras_layer *layer,
                             const struct keras_variables *variables);

/* ---- recurrent.c ---- */

/* The cell of a layer with these weights: kernel, recurrent kernel and bias, if it has one. */
int keras_recurrent_read(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_variable *at,
                         int count, struct recurrent *out);
/* What the layer gives of its first input: the sequence or the last state, and all states if it says so. */
valref keras_recurrent_append(struct keras_reader *reader, struct keras_layer *layer,
                              const struct recurrent *recurrent);

/* ---- one function a class (layers.def) ---- */

#define KERAS_LAYER(domain, name, function, minimum, maximum, keys, becomes)                                           \
    valref function(struct keras_reader *reader, struct keras_layer *layer);
#include "frontend/keras/layers.def"
#undef KERAS_LAYER

#endif
