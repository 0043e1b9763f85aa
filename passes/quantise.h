/* What the files of quantisation share: ranges of real values, and choices of formats. */
#ifndef BXC_PASSES_QUANTISE_H
#define BXC_PASSES_QUANTISE_H

#include "ir/meaning.h"
#include "passes/passes.h"

/* ---- seen.c: what calibration shows of one number ---- */
enum { SEEN_BINS = 64 };
struct seen {
    struct real_range range;
    uint16_t count[SEEN_BINS]; /* by size, zeros left out */
};
struct seen seen_nothing(void);
void seen_include(struct seen *seen, float x);
bool seen_at_rest(const struct seen *seen); /* it never moved: nothing is known of its size */
/* The range without numbers of single events that are far larger than all others; *outliers: there were such. */
struct real_range seen_range(const struct seen *seen, bool *outliers);

/* ---- real_ranges.c: how large a real value gets, element by element ---- */
struct real_ranges {
    bool calibrated;        /* seen on calibration events; else bounds by interval arithmetic */
    struct real_range **at; /* by value; NULL: unknown */
    uint32_t value_count;   /* of the graph when they were found */
};
/* Of a value, or of what the narrow that quantise put behind it narrows. */
const struct real_range *real_range_of(const struct graph *graph, const struct real_ranges *ranges, valref value);
/* In `arena`. -1 and a diagnosis by node name where a bound is infinite. */
int real_ranges_find(struct program *program, struct arena *arena, struct real_ranges *out);

/* ---- layer_precision.c: what the configuration asks of a node ---- */
/* wanted: enum option_use, the fields that the caller takes. */
struct precision layer_precision(struct program *program, const struct graph *graph, const struct node *node,
                                 unsigned wanted);

/* ---- quantise_formats.c: from ranges to formats ---- */
/* The smallest e with |x| <= 2^e for all of the range; INT_MIN/2 for a range of zeros. */
int range_exponent(struct real_range range);
/* A format of `bits` bits for the range, with a sign only where it is needed; the last step of
 * the range may saturate. */
struct format format_for_range(struct real_range range, int bits);
/* Formats of a value by channel along an axis, or for all of it; channels: -1 where no axis has them. */
struct formats formats_for_value(struct arena *arena, const struct shape *shape, int channels,
                                 const struct real_range *ranges, int bits, enum granularity granularity);
/* The nearest number of so many significant bits. */
double significant(double x, int bits);
/* The nearest multiple of 2^-fraction. */
double on_grid(double x, int fraction);

/* ---- quantise_constants.c: weights, biases and other constants of float layers ---- */
int quantise_weights(struct program *program, const struct real_ranges *ranges, noderef matmul);
int quantise_other_constants(struct program *program, const struct real_ranges *ranges, noderef node);

/* ---- quantise_batch_norm.c ---- */
/* Every batch normalisation with constant parameters becomes a product and a sum; the graph is in order after it. */
int split_batch_norms(struct program *program);

/* ---- quantise_inverse_root.c ---- */
/* Inverse roots of numbers of very different sizes are computed of mantissas. Whether there were such: ranges of what
 * was put there must be found again. */
bool split_inverse_roots(struct program *program, const struct real_ranges *ranges);

/* ---- quantise_staircase.c ---- */
/* Whether the line keeps the operator waiting for a quantiser: one operand is *slot, all others are constants. */
bool waits_for_quantiser(const struct graph *graph, const struct node *node, uint32_t *slot);

/* Whether a step of operand `slot` is monotone in every element. */
bool step_node_is_monotone(const struct graph *graph, const struct node *node, uint32_t slot);

/* Of a function of one number, all of whose readers round it by a quantiser; operand: the range of what it reads. */
bool staircase_is_possible(const struct graph *graph, const struct node *function, struct real_range operand,
                           struct arena *arena);

#endif
