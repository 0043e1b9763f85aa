/* What the families of operators share. Private to ir/. */
#ifndef BXC_IR_OPS_FAMILIES_H
#define BXC_IR_OPS_FAMILIES_H

#include "ir/ops.h"
#include "ir/vector.h"

extern const struct op_family ports_family, arithmetic_family, linear_family, activation_family, reduction_family,
    movement_family, quantizer_family, lookup_family, loop_family, scaling_family;

enum {
    REAL_ELEMENTS_MAX = 1 << 28,
    INTEGER_ELEMENTS_MAX = 1 << 22, /* each may have a format and an interval of its own */
    FRACTION_MAX = 1000             /* of a format, either sign: 2^-fraction stays a double */
};

/* A field's operators; of static storage where fields are. */
#define OPS(...) ((const enum op[]){__VA_ARGS__, OP_COUNT})
/* A diagnosis at a node; gives -1. */
#define REFUSE(graph, node, help, ...)                                                                                 \
    diag_error(&(graph)->context->diagnostics, graph_location((graph), (node)), (help), __VA_ARGS__)

/* ---- operands and results (ops.c) ---- */

/* Checks number, existence and kind of the operands: all real or all integer as the op allows;
 * *integer tells which. -1 and a diagnosis otherwise. */
int op_check_operands(const struct graph *graph, const struct node *node, bool *integer);
/* Checks rank, dimensions and element count, sets the result's shape and kind, drops its formats
 * and intervals. */
int op_set_shape(const struct graph *graph, const struct node *node, struct value *result, const struct shape *shape,
                 bool integer);
/* Attribute formats must broadcast to the shape, and have widths of at most 64 bits (63 unsigned). */
int op_check_formats(const struct graph *graph, const struct node *node, const struct formats *formats,
                     const struct shape *shape);
/* Sets formats and intervals in their canonical form: one for all where all are equal. */
void op_set_formats(struct graph *graph, struct value *result, const struct format *per_element);
void op_set_intervals(struct graph *graph, struct value *result, const struct interval *per_element);
/* Both from intervals and fractions, one an element: how exact operators end. Refuses more than 64 bits. */
int op_set_exact(struct graph *graph, const struct node *node, struct value *result, const struct interval *per_element,
                 const int *fractions);
int op_refuse_width(const struct graph *graph, const struct node *node, size_t element);
/* Elements of `narrow` that the elements of `wide` read; NULL when the shapes have the same dimensions. */
const uint32_t *op_broadcast_map(struct arena *arena, const struct shape *wide, const struct shape *narrow);

static inline struct value *op_operand(const struct graph *graph, const struct node *node, uint32_t index) {
    return &graph->values[node->inputs[index].id];
}

static inline struct value *op_result(const struct graph *graph, const struct node *node) {
    return &graph->values[node->result.id];
}

static inline size_t op_mapped(const uint32_t *map, size_t element) {
    return map ? map[element] : element;
}

/* A format from a broadcast set, and an interval of a value, without the checks of graph_format. */
static inline struct format op_formats_at(const struct formats *formats, const struct shape *shape, size_t element) {
    return formats->shape.rank == 0 ? formats->at[0] : formats->at[shape_project(shape, element, &formats->shape)];
}

static inline struct format op_format(const struct value *value, size_t element) {
    return op_formats_at(&value->formats, &value->shape, element);
}

static inline struct interval op_interval(const struct value *value, size_t element) {
    return value->intervals.at[value->intervals.count == 1 ? 0 : element];
}

/* ---- linear forms of elements (range.c) ---- */

/* For each element of a result, in their order: begun, added to, ended. What is not linear is a source for its
 * readers. */
void linear_begin(struct analysis *analysis);
void linear_end(struct analysis *analysis, const struct node *node, size_t element);
/* factor << shift times an element of an operand. */
void linear_add(struct analysis *analysis, const struct node *node, uint32_t operand, size_t element, int64_t factor,
                int shift);
/* a * b << shift, elements of the two operands: linear where one of them is constant. */
void linear_add_product(struct analysis *analysis, const struct node *node, size_t a, size_t b, int shift);
void linear_fails(struct analysis *analysis);
const struct graph *linear_graph(const struct analysis *analysis);
struct arena *linear_scratch(const struct analysis *analysis);

/* ---- bodies (eval.c) ---- */

/* The blocks of a body's inputs and outputs, elements x EVENT_LANES as operands have them, and a run between. */
void *evaluator_body_input(struct evaluator_state *body, uint32_t input);
void evaluator_body_run(struct evaluator_state *body, int lanes);
const void *evaluator_body_output(const struct evaluator_state *body, uint32_t output, size_t *element_stride,
                                  size_t *lane_stride);

/* ---- intervals in 128 bits: false when they leave them ---- */

static inline bool op_shift_left(int128 value, int shift, int128 *out) {
    const int128 limit = (int128)1 << 120;
    *out = 0;
    if (value == 0) return true;
    if (shift < 0 || shift >= 120 || value > (limit >> shift) || value < -(limit >> shift)) return false;
    *out = value * ((int128)1 << shift);
    return true;
}

static inline bool op_shift_interval(struct interval a, int shift, struct interval *out) {
    return op_shift_left(a.lo, shift, &out->lo) && op_shift_left(a.hi, shift, &out->hi);
}

static inline bool op_add_interval(struct interval a, struct interval b, struct interval *out) {
    return !__builtin_add_overflow(a.lo, b.lo, &out->lo) && !__builtin_add_overflow(a.hi, b.hi, &out->hi);
}

/* Operands are within 64 bits, so the products fit. */
struct interval op_multiply_interval(struct interval a, struct interval b);
static inline bool op_fits_64(struct interval a) {
    return a.lo >= INT64_MIN && a.hi <= INT64_MAX;
}

/* ---- what families know about each other's operands ---- */

/* The shape of a matrix product; false with a reason when the operands do not go together. */
bool product_shape(const struct shape *left, const struct shape *right, struct shape *out, const char **why);
/* Whether element of a value is a constant zero, which takes no part in a product. */
static inline bool op_is_zero(const int64_t *constant, size_t element) {
    return constant && constant[element] == 0;
}

/* ---- rows of meanings (meaning.c) ---- */

bool always_monotone(const struct op_step *step, size_t element);
/* The constant of a step of two operands. */
float other_number(const struct op_step *step, size_t element);
/* A part with a number for each element, which is to be filled in. */
float *add_part(struct exact_form *form, enum part_kind kind, const char *result, const char *constant, size_t elements,
                struct arena *arena);

/* ---- real ranges (meaning.c) ---- */

struct real_range range_of_nothing(void);
struct real_range range_boundless(void);
void range_include(struct real_range *range, double x);
bool range_has_zero(struct real_range range);
/* Of a function that is monotone in each of its operands. */
struct real_range range_corners(struct real_range a, struct real_range b, double (*of)(double, double));
double range_times(double a, double b);

/* ---- rows of one element's lanes ---- */

static inline const float *real_row(const struct real_operand *operand, size_t element, float *spare) {
    const float *row = operand->data + element * operand->element_stride;
    if (operand->lane_stride) return row;
    for (int lane = 0; lane < EVENT_LANES; lane++) spare[lane] = *row;
    return spare;
}

static inline const int64_t *integer_row(const struct integer_operand *operand, size_t element, int64_t *spare) {
    const int64_t *row = operand->data + element * operand->element_stride;
    if (operand->lane_stride) return row;
    for (int lane = 0; lane < EVENT_LANES; lane++) spare[lane] = *row;
    return spare;
}

/* Shifts left modulo 2^64; results that fit come out right whatever the parts did. */
static inline uint64_t op_shifted(int64_t value, unsigned shift) {
    return shift >= 64 ? 0 : (uint64_t)value << shift;
}

#endif
