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
/* Quantises a constant in place. */
int hgq_quantize_constant(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_site *site,
                          struct keras_variable *variable);
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

/* ---- hgq_lookup.c ---- */

struct hgq_lookup {
    const char *name;                     /* of the node: "inv" */
    const struct hgq_quantizer *argument; /* what stands in front of it */
    struct shape shape;                   /* of the functions: broadcasts to the value, and takes the argument's */
    float (*function)(const void *user, size_t f, float x);
    const void *user;
};
/* The value, which the argument's quantiser gave, through a function for each of its elements. */
valref hgq_look_up(struct keras_reader *reader, const struct keras_layer *layer, const struct hgq_lookup *lookup,
                   valref value);

#endif
