/* What the readers of HGQ2's layers share. */
#ifndef BXC_FRONTEND_HGQ_H
#define BXC_FRONTEND_HGQ_H

#include "frontend/keras/keras.h"

/* ---- hgq_quantizer.c: HGQ2's quantisers (NUMERICS) ---- */

/* Where a quantiser stands: in a configuration, and in the file of weights. */
struct hgq_site {
    const char *name;   /* "iq"; its nodes are called "LAYER.iq" */
    const cJSON *conf;  /* its own configuration; NULL: there is none, and numbers stay as they are */
    const char *folder; /* "layers/q_dense/iq" */
    /* PQuantML's quantisers have no configuration: of HGQ_GIVEN_MODES these modes and HGQ2's variables, of
     * HGQ_GIVEN_ALL k, i and f at "FOLDER/vars", which are never of no width at all. */
    enum { HGQ_CONFIGURED, HGQ_GIVEN_MODES, HGQ_GIVEN_ALL } given;
    const char *rounding, *overflow;
    bool of_weight;
};
struct hgq_quantizer {
    struct shape shape; /* of the widths: broadcasts to what is quantised */
    size_t count;
    int *k, *i, *f; /* whole numbers, rounded half to even */
    enum rounding rounding;
    enum overflow overflow;
    bool only_rounds;      /* a weight's WRAP: neither wraps nor zeroes (kbi: with RND only) */
    bool identity;         /* of type dummy */
    float scaler;          /* numbers are divided by it before, and multiplied by it behind */
    float factor, summand; /* affine, after that */
};
/* "iq" at "<layer>/iq", by the member "iq_conf". */
struct hgq_site hgq_site(struct keras_reader *reader, const struct keras_layer *layer, const char *name);
/* The same in a folder of the layer, by a member of another name. */
struct hgq_site hgq_site_inside(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                                const char *folder, const char *member);
int hgq_quantizer_read(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       struct hgq_quantizer *out);
/* The same, of one that gives numbers of its formats and nothing else: -1 and a diagnosis otherwise. */
int hgq_quantizer_read_plain(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                             struct hgq_quantizer *out);
/* Appends the quantiser to a value. NO_VALUE passes. */
valref hgq_quantize(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                    valref value);
/* The same by a quantiser that is read already. */
valref hgq_quantize_by(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                       const struct hgq_quantizer *quantizer, valref value);
/* Quantises a constant in place. */
int hgq_quantize_constant(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                          struct keras_variable *variable);
/* A kernel of two axes for the input's features, a bias of as many numbers as it has columns. */
int hgq_check_kernel(struct keras_reader *reader, const struct keras_layer *layer, const struct keras_variable *kernel,
                     const struct keras_variable *bias);
/* The format of element e of a quantiser, of width 0 for the constant 0. */
struct format hgq_format(const struct hgq_quantizer *quantizer, size_t e);

/* ---- hgq.c: what HGQ2's layers have in common ---- */

/* The input of that number behind its quantiser "iq" (where the layer has one for each, behind the one of that number);
 * as it is where there is none. NO_VALUE and a diagnosis. */
valref hgq_input(struct keras_reader *reader, const struct keras_layer *layer, int number);
/* Puts all inputs behind their quantisers. */
int hgq_inputs(struct keras_reader *reader, struct keras_layer *layer);
/* The value behind the layer's activation and its quantiser "oq", if it has them. NO_VALUE passes. */
valref hgq_activated(struct keras_reader *reader, const struct keras_layer *layer, valref value);
/* The value behind the layer's quantiser "oq", if it has one. NO_VALUE passes. */
valref hgq_output(struct keras_reader *reader, const struct keras_layer *layer, valref value);
/* A constant of the layer behind its quantiser of that name. */
int hgq_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                 struct keras_variable *variable);
/* The variables of the layer that are no single numbers, which belong to the training: `count` of them, which names
 * tell in diagnoses. */
int hgq_variables(struct keras_reader *reader, const struct keras_layer *layer, const char *const *names, int count,
                  struct keras_variables *out);
int hgq_count_variables(struct keras_reader *reader, const struct keras_layer *layer); /* -1 and a diagnosis */

/* A layer within it, as the file would have it: its class and its configuration, which is to be filled. */
cJSON *hgq_inner_layer(struct keras_reader *reader, const char *module, const char *class_name, cJSON **config);
/* The outer layer's member, under another name. */
void hgq_lend(const struct keras_layer *layer, cJSON *config, const char *name, const char *member);

/* ---- hgq_lookup.c: functions of a quantised number by all of their values ---- */

struct hgq_functions {
    struct shape shape;     /* broadcasts to the value, and takes the argument's */
    size_t count, stride;   /* functions, and room for so many values of each */
    struct format *formats; /* of their arguments */
    double *values;         /* [count][stride], from the least argument on */
};
/* Room for the values of functions of what the quantiser gives; name: of the node ("inv"). */
int hgq_functions_new(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                      const struct hgq_quantizer *argument, struct shape shape, struct hgq_functions *out);
/* Number i, below `stride`, of what function f can be asked for; behind the last one that again. */
float hgq_argument(const struct hgq_functions *functions, size_t f, size_t i);
/* The value, which the quantiser gave, through a function for each of its elements; equal ones are kept once. */
valref hgq_look_up(struct keras_reader *reader, const struct keras_layer *layer, const char *name,
                   struct hgq_functions *functions, valref value);

/* ---- hgq_edges.c: a trained network of one number for every edge between two layers, as a table ---- */

struct hgq_edges {
    struct shape shape;  /* of all edges of an event, the batch in front as 1 */
    unsigned own;        /* the axes along which edges have networks of their own, as bits */
    int hidden, width;   /* how many hidden layers of how many numbers */
    const char *letters; /* of all axes; "..." stands for leading ones */
    const char *weights; /* those of them that `own` has, as the weights have them */
    bool has_bias;
    /* Appends what is done to the networks' results in front of the table's quantiser; NULL: nothing. */
    valref (*normalise)(struct keras_reader *reader, const struct keras_layer *layer, valref value, const void *user);
    const void *user;
};
/* The value, of the shape of the edges: through quantiser "iq", the networks and quantiser "toq". */
valref hgq_look_up_edges(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_edges *edges,
                         valref value);

#endif
