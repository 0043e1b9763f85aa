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
    const struct layer_function *reset;    /* GRU: of r where it is another one than z's, or NULL */
    struct layer_function kept;            /* GRU: of the state's part of the candidate: of h U + b, which r multiplies,
                                              or of r * h; OP_COUNT: none */
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

/* ---- padding.c: along one axis; `part` names what is made ---- */

/* Whether a value of this shape may be made: diagnosed where it has no elements or too many. */
bool layer_fits(const struct layer *layer, const struct shape *shape);
/* `before` and `after` times `number`; negative: so many elements are cut off. The node is called PART_AXIS. */
valref layer_pad(const struct layer *layer, const char *part, valref x, int axis, int64_t before, int64_t after,
                 float number);
/* Instead of a number elements of x: mirrored at the last one, the last one, or those of the other end. */
enum padding { PADDING_REFLECT, PADDING_EDGE, PADDING_WRAP };
valref layer_pad_repeating(const struct layer *layer, const char *part, valref x, int axis, int64_t before,
                           int64_t after, enum padding padding);
valref layer_gather(const struct layer *layer, const char *part, valref x, int axis, const int64_t *indices,
                    int64_t count);
/* The value itself where all is taken as it stands. */
valref layer_slice(const struct layer *layer, const char *part, valref x, int axis, int64_t start, int64_t step,
                   int64_t count);

/* ---- spatial.c: windows over the spatial axes of [batch, channels, spatial...] or, channels_last, of
 * [batch, spatial..., channels] ---- */

enum { SPATIAL_MAX = 3 };

struct spatial {
    int count; /* spatial axes, 1 .. SPATIAL_MAX; lists are by spatial axis */
    bool channels_last;
    int64_t size[SPATIAL_MAX];                        /* elements of a window */
    int64_t step[SPATIAL_MAX], dilation[SPATIAL_MAX]; /* from window to window, from element to element; 1 or more */
    int64_t before[SPATIAL_MAX], after[SPATIAL_MAX];  /* padding; of a convolution negative: cut off */
    int64_t beyond[SPATIAL_MAX]; /* how much of `after` a mean never counts: where pooling rounds up */
};

int spatial_axis(const struct spatial *spatial, int i);       /* of the operand */
int64_t spatial_extent(const struct spatial *spatial, int i); /* of a window, dilated */
/* Padding so that there is a window for every `step` elements: what Keras and ONNX call same. An odd one more goes
 * behind, or in front (SAME_LOWER). Convolutions and pooling, not transposed ones. */
void spatial_pad_same(struct spatial *spatial, const struct shape *x, bool more_before);
/* Pooling that rounds the number of windows up: one more at the end, as long as it does not begin in the padding. */
void spatial_round_up(struct spatial *spatial, const struct shape *x);
/* Whether sizes, steps, dilations and padding are numbers to count with, which the two above need: diagnosed. */
bool spatial_check_numbers(const struct layer *layer, const struct spatial *spatial);
/* Private to layers/: whether numbers and shape go together, and the windows along one axis. */
bool spatial_check(const struct layer *layer, const struct spatial *spatial, const struct shape *x);
valref spatial_window(const struct layer *layer, const struct spatial *spatial, int i, valref x);

/* ---- resize.c: along one axis at a time ---- */

/* Element i of the result is the sum of weights[i * taps + t] times element indices[i * taps + t], plus offsets[i]. */
struct resampling {
    int64_t count;
    int taps;
    int64_t *indices;
    float *weights, *offsets; /* NULL: one tap, as it is; nothing is added */
};
valref layer_resample(const struct layer *layer, valref x, int axis, const struct resampling *resampling);

enum resize_method { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC };
/* Where element i of the result stands in the operand, in elements. */
enum resize_coordinates {
    RESIZE_HALF_PIXEL, /* (i + 0.5) / scale - 0.5 */
    RESIZE_HALF_PIXEL_SYMMETRIC,
    RESIZE_PYTORCH_HALF_PIXEL,
    RESIZE_ALIGN_CORNERS,
    RESIZE_ASYMMETRIC, /* i / scale */
    RESIZE_HALF_PIXEL_FOR_NEAREST,
    RESIZE_CROP
};
enum resize_rounding { RESIZE_PREFER_FLOOR, RESIZE_PREFER_CEIL, RESIZE_FLOOR, RESIZE_CEIL };
struct resize {
    enum resize_method method;
    enum resize_coordinates coordinates;
    enum resize_rounding rounding; /* of the nearest */
    float scale;
    int64_t count;        /* of the result */
    float cubic;          /* -0.75 or -0.5 */
    bool exclude_outside; /* of the operand: weights of such elements go to the others */
    float start, end;     /* RESIZE_CROP: parts of the axis */
    float extrapolation;  /* RESIZE_CROP: what stands outside of the operand */
};
/* As ONNX defines Resize; Keras's nearest is RESIZE_ASYMMETRIC rounded RESIZE_FLOOR, its bilinear RESIZE_HALF_PIXEL. */
valref layer_resize(const struct layer *layer, valref x, int axis, const struct resize *resize);

/* ---- normalisation.c: by what an event's own numbers are ---- */

/* Over the axes of a set of bits, which stay as 1. */
valref layer_mean(const struct layer *layer, const char *part, valref x, unsigned axes);
struct event_normalisation {
    unsigned axes; /* over which mean and variance are taken, as bits */
    bool centred;  /* the mean is taken off first; else the variance is the mean square */
    float epsilon;
    bool epsilon_on_deviation; /* added to the standard deviation, not to the variance */
    valref scale, bias;        /* broadcast to x; NO_VALUE: none */
};
struct event_statistics {
    valref mean, inverse_deviation; /* NO_VALUE where it is not centred */
};
/* (x - mean) / sqrt(variance + epsilon) * scale + bias; statistics may be NULL. */
valref layer_normalise(const struct layer *layer, const struct event_normalisation *normalisation, valref x,
                       struct event_statistics *statistics);
struct channel_normalisation {
    int axis;     /* of the channels */
    int64_t size; /* neighbours that count, (size - 1) / 2 of them in front */
    float alpha, beta, bias;
};
/* x / (bias + alpha / size * sum of the neighbours' squares)^beta: local response normalisation. */
valref layer_normalise_channels(const struct layer *layer, const struct channel_normalisation *normalisation, valref x);

/* ---- einsum.c ---- */

enum { EINSUM_OPERANDS_MAX = 8 };
/* Sums of products by numpy's notation: "bij,bjk->bik", "...ij,jk"; blanks are allowed. */
valref layer_einsum(const struct layer *layer, const char *equation, const valref *operands, uint32_t count);

/* ---- convolution.c ---- */

struct convolution {
    struct spatial spatial;
    int64_t groups; /* 1 or more; of a depthwise one as many as channels */
};

/* kernel: [spatial..., channels of a group, filters], the filters of a group side by side: that of Keras as it is, a
 * depthwise one of [spatial..., channels, multiplier] in the shape [spatial..., 1, channels * multiplier]. bias:
 * [filters], or NO_VALUE for none. Either may be computed. */
valref layer_convolution(const struct layer *layer, const struct convolution *convolution, valref x, valref kernel,
                         valref bias);
/* The elements of windows, padded with zeros, as a kernel of all channels has them: [batch, places..., elements times
 * channels]. */
valref layer_columns(const struct layer *layer, const struct spatial *spatial, valref x);
/* Every element of x times the kernel, `step` apart, added up. Along each axis (length - 1) * step + extent elements
 * come out, less `before` and `after`, which are cut off; negative: zeros are added (output padding: `after` less
 * that). The kernel is [spatial..., channels of a group, filters] too: that of Keras with its last two axes exchanged.
 */
valref layer_transposed_convolution(const struct layer *layer, const struct convolution *convolution, valref x,
                                    valref kernel, valref bias);

/* ---- pooling.c ---- */

int64_t spatial_windows(const struct spatial *spatial, int i, int64_t length); /* along an axis of that length */
/* Padding is left out; a window that lies in it altogether is refused. */
valref layer_max_pool(const struct layer *layer, const struct spatial *spatial, valref x);
/* Where on the axis an element of a window stands; of one in the padding the nearest of the window that does not, so
 * that the order of elements remains. */
int64_t pool_element(const struct spatial *spatial, int i, int64_t length, int64_t window, int64_t element);
/* Padding counts as zeros, or is left out. */
valref layer_average_pool(const struct layer *layer, const struct spatial *spatial, bool count_padding, valref x);
valref layer_sum_pool(const struct layer *layer, const struct spatial *spatial, valref x);
/* Over all spatial axes, which stay as 1 or go; op: OP_REDUCE_MAX or OP_REDUCE_SUM. */
valref layer_global_pool(const struct layer *layer, enum op op, bool channels_last, bool keep_axes, valref x);
valref layer_global_average_pool(const struct layer *layer, bool channels_last, bool keep_axes, valref x);

#endif
