/* What nodes hold beside their operands: one typed struct a family of operators (ir/ops/<family>.c), and what those and
 * values are made of. */
#ifndef BXC_IR_ATTRIBUTES_H
#define BXC_IR_ATTRIBUTES_H

#include "ir/fixed.h"
#include "ir/shape.h"

enum value_kind { VALUE_REAL, VALUE_INTEGER, VALUE_INDEX, VALUE_BOOLEAN };

/* Formats broadcast to the value's shape: one (rank 0), per axis, or per element. */
struct formats {
    struct shape shape;
    struct format *at; /* NULL: none */
};

struct intervals { /* one per element, or one for all */
    size_t count;
    struct interval *at; /* NULL: dropped, or not an integer */
};

/* What an integer stands for where its scale is not a power of two; only ports and comparison
 * with floats read it: real = (m * 2^-fraction - zero_point) * scale. Broadcasts as formats. */
struct meaning {
    struct shape shape;
    double *scale, *zero_point; /* NULL: none */
};

enum op {
#define OP(id, ...) OP_##id,
#include "ir/ops.def"
#undef OP
    OP_COUNT
};

/* One unary function of integers: entries[m - first], for m in [first, first + count). */
struct table {
    int64_t first;
    uint32_t count;
    int64_t *entries;
};

/* values[number of thresholds t with m >= t]; thresholds ascend. */
struct staircase {
    uint32_t count;
    int64_t *thresholds; /* count */
    int64_t *values;     /* count + 1 */
};

/* What a port does to a number of binary32 before it rounds it: one operation, rounded to binary32. */
enum port_operation { PORT_ADD, PORT_MULTIPLY, PORT_DIVIDE, PORT_OPERATION_COUNT };
extern const char *const port_operation_names[PORT_OPERATION_COUNT]; /* "add", "mul", "div" */
struct port_step {
    enum port_operation operation;
    struct shape shape; /* broadcasts as formats */
    float *constants;   /* not 0 where they multiply or divide */
};
struct port_steps {
    uint32_t count;
    struct port_step *at;
};

/* Attributes: one typed struct a family (ir/ops/<family>.c). */
struct input_attributes {
    struct shape shape;
    enum rounding rounding; /* how a real number becomes the port's integer; integer graphs */
    enum overflow overflow;
    struct formats formats;  /* the port's; integer graphs */
    struct meaning meaning;  /* integer graphs, seldom */
    struct port_steps steps; /* in place of x / scale + zero_point; only beside a meaning */
};
struct constant_attributes {
    struct formats formats; /* VALUE_INTEGER */
    enum value_kind kind;
    struct shape shape;
    float *reals;      /* VALUE_REAL */
    int64_t *integers; /* every other kind */
};
struct activation_attributes {
    float alpha, beta; /* leaky_relu slope; hard_sigmoid; clip: lower, upper bound */
};
struct axis_attributes { /* softmax, argmax, reduce_*, concat, gather */
    int64_t axis;        /* normalised: 0 <= axis < rank */
    bool keep_dimensions, select_last;
};
struct transpose_attributes {
    int permutation[SHAPE_RANK_MAX];
};
struct reshape_attributes {
    struct shape shape;
};
struct slice_attributes { /* for each axis of the operand */
    int64_t start[SHAPE_RANK_MAX], step[SHAPE_RANK_MAX], count[SHAPE_RANK_MAX];
};
struct gather_attributes { /* static indices along one axis; indices replace that axis by `shape` */
    int64_t axis;
    struct shape shape;
    int64_t *indices;
};
struct window_attributes { /* element k of window w along the axis is element w * step + k * dilation */
    int64_t axis, size, step, dilation;
};
struct normalization_attributes {
    float epsilon;
};
struct quantizer_attributes { /* narrow, quant, bipolar_quant, float_quant, trunc_quant */
    enum rounding rounding;
    enum overflow overflow; /* narrow */
    struct formats formats; /* narrow: the result's, in both arithmetics */
    bool is_signed, narrow; /* quant, trunc_quant */
    bool binary32;          /* narrow: integers must round what binary32 gives, whatever hardware that takes */
    int version;            /* trunc_quant: 1 or 2 */
};

/* Attributes of a length of their own. All begin with their count. */
struct integer_list {
    uint32_t count;
    int64_t *at;
};
struct real_list {
    uint32_t count;
    double *at;
};
struct name_list {
    uint32_t count;
    const char **at;
};
struct shape_list {
    uint32_t count;
    struct shape *at;
};

struct loop_attributes { /* scan, map: a body run once an item */
    int64_t trips;
    int carried; /* operands first: where carried values start; the body's first inputs and outputs */
    int sliced;  /* operands after them: those of which each trip reads one item; the others it reads whole */
    struct integer_list axes;     /* of the items in each sliced operand, then in each stacked result */
    struct integer_list reversed; /* 1: from the last item to the first; one for each of them, or empty: none */
};

/* A number of an argument's format has as its function's value the one at its place: the least argument's is first. */
struct lookup_attributes {    /* table, threshold: one a tensor, a channel or an element; lookup: a list */
    struct shape shape;       /* broadcasts to the operand's */
    struct table *tables;     /* OP_TABLE */
    struct staircase *stairs; /* OP_THRESHOLD */
    struct formats formats;   /* the result's */
    struct formats arguments; /* OP_LOOKUP: what each function is a function of, [functions] */
    struct real_list values;  /* OP_LOOKUP: as many for each function, and none less than its format has numbers */
};

union attributes {
    struct input_attributes input;
    struct constant_attributes constant;
    struct activation_attributes activation;
    struct axis_attributes axis;
    struct transpose_attributes transpose;
    struct reshape_attributes reshape;
    struct slice_attributes slice;
    struct gather_attributes gather;
    struct window_attributes window;
    struct normalization_attributes normalization;
    struct quantizer_attributes quantizer;
    struct lookup_attributes lookup;
    struct loop_attributes loop;
};

/* Scale of element e of a value of this shape; 1 and zero point 0 without meaning. */
double meaning_scale(const struct meaning *meaning, const struct shape *shape, size_t element, double *zero_point);
/* formats helper: one format for all. */
struct formats formats_uniform(struct arena *arena, struct format format);
/* One format for all where all are equal. */
struct formats formats_compact(struct arena *arena, const struct shape *shape, const struct format *per_element);
struct formats formats_copy(struct arena *arena, const struct formats *formats);
struct meaning meaning_copy(struct arena *arena, const struct meaning *meaning);
struct port_steps port_steps_copy(struct arena *arena, const struct port_steps *steps);
/* attributes.c: a deep copy, by the operator's field table. */
union attributes attributes_copy(struct arena *arena, enum op op, const union attributes *attributes);

#endif
