/* Layers that several formats have, made of the operators of the IR. A reader says what the layer is; what it
 * computes stands here once for all readers.
 *
 * Functions give NO_VALUE after a diagnosis, and pass a NO_VALUE among their operands on in silence. Shapes carry
 * the batch as an axis of 1, where the reader has it. */
#ifndef BXC_FRONTEND_LAYERS_H
#define BXC_FRONTEND_LAYERS_H

#include "ir/graph.h"

struct layer {
    struct graph *graph;
    struct arena *arena;   /* of the reader; lives as long as the reading */
    const char *name;      /* its nodes are called "NAME" or "NAME.PART" */
    const char *source_op; /* the model's word for it, which diagnoses name; or NULL */
    /* Makes a name of a node that no other has; NULL: they are unique by themselves. */
    const char *(*unique)(void *reader, const char *name);
    void *reader;
};

/* ---- layer.c ---- */

/* Appends the node NAME.PART, or NAME where part is NULL. */
valref layer_node(const struct layer *layer, enum op op, const char *part, const valref *inputs, uint32_t input_count,
                  const union attributes *attributes);
/* A constant NAME.PART. */
valref layer_reals(const struct layer *layer, const char *part, struct shape shape, const float *reals);
/* The value itself where it has the shape, or the order, already. */
valref layer_reshape(const struct layer *layer, const char *part, valref value, struct shape shape);
valref layer_transpose(const struct layer *layer, const char *part, valref value, const int *permutation);
const struct shape *layer_shape(const struct layer *layer, valref value);
/* Diagnoses at the layer; always NO_VALUE. help may be NULL. */
valref layer_refuse(const struct layer *layer, const char *help, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- function.c ---- */

/* A function of one number: an operator of the family `activation`, OP_COUNT for x itself, or what `apply` makes. */
struct layer_function {
    enum op op;
    float alpha, beta;
    valref (*apply)(const struct layer *layer, const char *part, valref x, const void *user); /* or NULL: op */
    const void *user;
};
/* Named as layer_node names; part may be NULL. */
valref layer_apply(const struct layer *layer, const char *part, const struct layer_function *function, valref x);

/* ---- recurrent.c ---- */

enum recurrent_kind { RECURRENT_SIMPLE, RECURRENT_GRU, RECURRENT_LSTM };
enum peephole { PEEPHOLE_INPUT, PEEPHOLE_OUTPUT, PEEPHOLE_FORGET, PEEPHOLE_COUNT };

/* One direction of a recurrent layer; x is [batch, steps, inputs], or [steps, batch, inputs]. Weights are values of the
 * graph outside, constants or what quantises some. */
struct recurrent {
    enum recurrent_kind kind;
    int64_t units;
    /* The order of the weights' blocks of columns: of LSTM i(nput), f(orget), c(andidate), o(utput); of GRU z (update),
     * r(eset), h (candidate). Keras has "ifco" and "zrh", ONNX "iofc" and "zrh", PyTorch "ifco" and "rzh". */
    const char *gates;
    valref kernel;                         /* [inputs, gates * units] */
    valref recurrent_kernel;               /* [units, gates * units] */
    valref bias, recurrent_bias;           /* [gates * units], or NO_VALUE; one that is the sum of both is `bias` */
    valref peepholes[PEEPHOLE_COUNT];      /* LSTM: [units], or NO_VALUE */
    valref initial_hidden, initial_cell;   /* [batch, units]; NO_VALUE: zeros */
    struct layer_function gate, candidate; /* of i, f, o, z and r; of what is written to the state (Keras:
                                              recurrent_activation, activation; ONNX: f, g). A simple one has the
                                              candidate's alone. */
    struct layer_function output;          /* LSTM: of the cell (Keras: activation; ONNX: h) */
    struct layer_function state;           /* of the hidden state as each step begins; OP_COUNT: none */
    bool reset_after;                      /* GRU: r * (h U + b), linear_before_reset; else (r * h) U + b */
    bool input_forget;                     /* LSTM: f is 1 - i */
    float clip;                            /* sums in front of gate and candidate are within +-clip; 0: not limited */
    int time_axis;                         /* of x and of the sequence: 0 or 1 */
    bool backwards;                        /* from the last step to the first */
    bool sequence_backwards;               /* the last step that is computed stands first in the sequence */
};
/* What an optional part that is left out means, and the defaults of all formats: sigmoid, tanh, time axis 1. */
struct recurrent recurrent_new(enum recurrent_kind kind);

struct recurrent_result {
    valref sequence; /* hidden states of all steps, as x lies: [batch, steps, units] or [steps, batch, units] */
    valref hidden;   /* after the last step that is computed: [batch, units] */
    valref cell;     /* LSTM, likewise */
};
struct recurrent_result layer_recurrent(const struct layer *layer, const struct recurrent *recurrent, valref x);

#endif
