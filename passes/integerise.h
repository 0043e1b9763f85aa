/* Private to quant_to_narrow.c, ports.c, port_*.c, quantise_staircase.c, integerise*.c and staircase.c:
 * how the line is crossed.
 *
 * Every value v of the real graph is lowered to one of
 *   constant: real numbers, or codes with a scale that is no power of two;
 *   integer:  a value of the integer graph; v = m * 2^-fraction * scale, element by element, exactly;
 *   chain:    such an integer and elementwise operators with constants (steps) between it and v, which wait
 *             for what reads them: a quantiser makes a table, a staircase or exact arithmetic of them, an
 *             output a meaning, everything else exact arithmetic. */
#ifndef BXC_PASSES_INTEGERISE_H
#define BXC_PASSES_INTEGERISE_H

#include "ir/quantisation.h"
#include "passes/passes.h"

/* ---- integerise_chain.c: elementwise operators with constants ---- */

/* An integer and what it means. doubt: why binary32 might give another number (node and reason), or NULL. */
struct exact {
    valref value;
    const double *scale; /* per element; NULL: 1 */
    const char *doubt;
};

enum lowered_kind { LOWERED_NOT, LOWERED_CONSTANT, LOWERED_INTEGER, LOWERED_CHAIN };

struct lowered {
    enum lowered_kind kind;
    const float *reals;          /* constant: what binary32 has */
    const int64_t *codes;        /* constant of a quantiser with a scale */
    const double *scale;         /* its */
    struct exact exact;          /* constant, chain: made when needed, else value is NO_VALUE */
    struct exact base;           /* chain: where it starts; elements as the value's */
    const struct op_step *steps; /* in order */
    struct step_room *room;      /* behind them, of chains with the same beginning (integerise_chain.c) */
    uint32_t step_count;
};

struct integerise {
    struct program *program;
    const struct graph *real;
    struct graph *integer;
    struct arena *scratch;
    struct lowered *lowered; /* one a value of the real graph */
};

/* Whether the operator is a step of what is lowered, and which operand is no constant. */
bool chain_slot(const struct integerise *state, const struct node *node, uint32_t *slot);
/* Appends the node to the chain of its operand. */
int chain_extend(struct integerise *state, const struct node *node, uint32_t slot);
bool chain_is_transcendental(const struct lowered *chain);
/* The chain's result for the stored integer m of its base: in binary32 in the model's order, or in binary64 when
 * one of its functions is transcendental. */
double chain_evaluate(const struct lowered *chain, size_t element, double real);
double base_real(const struct graph *integer, const struct exact *base, size_t element, int128 m);
/* Gain and offset of a chain; false when one of its steps has none. */
bool chain_affine(const struct lowered *chain, size_t element, double *gain, double *offset);
/* Moves the per-element data of chains as a movement operator does: result element e is element source[e]. */
const struct op_step *steps_moved(struct integerise *state, const struct lowered *chain, const uint32_t *source,
                                  size_t count);

/* ---- integerise_exact.c: operators that map to integer ones ---- */

/* The exact integers of a real value: made from constants and chains when needed. -1 and a diagnosis. */
int exact_of(struct integerise *state, valref value, const struct node *reader, struct exact *out);
/* The odd integer and the fraction of a binary32 number: number = integer * 2^-fraction; 0 and 0 for zero. */
int64_t dyadic(float number, int *fraction);
/* A constant "<node>.<what>" of such numbers. */
valref dyadic_constant(struct integerise *state, const struct node *node, const char *what, const struct shape *shape,
                       const float *reals);
/* An operator of two values, whatever waits in front of them made exact first. */
int exact_binary(struct integerise *state, const struct node *node, struct exact *out);
const char *doubt_reason(struct integerise *state, const struct node *node, const char *why);
int cross_exact(struct integerise *state, const struct node *node);
int refuse_scales(struct integerise *state, const struct node *node);
/* Why binary32 may round the result of an elementwise operator: what its operands inherit, or more than 24 bits. */
const char *doubt_of_sums(struct integerise *state, const struct node *node, valref value, const char *inherited);

/* ---- integerise_arithmetic.c: chains as exact arithmetic ---- */

/* Whether exact arithmetic can be had of a step with so many elements. */
bool step_has_exact_form(const struct integerise *state, const struct op_step *step, size_t count);
/* The last step of a value's chain, its operand made exact first; -1 and a diagnosis that names the reader. */
int exact_chain(struct integerise *state, valref value, const struct node *reader, struct exact *out);
/* What exact arithmetic would cost for a chain in estimated LUTs; false when it cannot be had.
 * *binary32: whether binary32 makes no rounding error on the way. */
bool chain_exact_cost(struct integerise *state, const struct lowered *chain, double *cost, bool *binary32);

/* ---- integerise_scales.c ---- */

enum {
    INTEGER_BITS_MAX = 62,
    INTEGER_ARRAY_BITS = 116 /* HLS C++ has 120 of an array, and 126 of two that are multiplied */
};
/* Operands of a node, and for each of their elements the group whose elements must get one scale. */
struct scale_join {
    const struct node *node;
    struct exact *operands;
    uint32_t operand_count;
    const uint32_t *const *groups;
    uint32_t group_count;
    bool to_one; /* the scale is 1 */
    int room;    /* bits for the sum of a group */
};
/* Multiplies the operands' integers so that each group has one scale; false when the room does not allow it. */
bool scales_join(struct integerise *state, const struct scale_join *join);
/* The same to scale 1, element by element. */
bool scales_take_off(struct integerise *state, const struct node *node, struct exact *operand);

/* ---- integerise_fit.c ---- */

/* Rounds the operands of a node's operator whose result has no room; whether it did, which is told with how far off
 * they may be (times their scales; NULL: 1). Not where all are as the model gave them and have no scale: 3 * 5 stays 15
 * there, or the node is refused. prefix: of the names of what it adds. */
bool operands_fit(struct integerise *state, const struct node *node, enum op op, const char *prefix, valref *operands,
                  uint32_t count, const double *const *scales);
/* The same for those of a concatenation, which needs one grid where languages have arrays of one type. */
bool concat_fit(struct integerise *state, const struct node *node, valref *operands, const double *const *scales);
/* A value with no finer fraction than given for each element; told as above. */
valref value_fit(struct integerise *state, const struct node *node, const char *name, valref value,
                 const int *fractions, const double *scale);

/* ---- integerise_movement.c ---- */
int cross_movement(struct integerise *state, const struct node *node);

/* ---- integerise_quantiser.c ---- */
int cross_quantiser(struct integerise *state, const struct node *node);
/* The port of an input whose only reader is a quantiser with a scale; false when the port cannot carry its codes. */
bool quantiser_fits_port(const struct graph *graph, const struct node *quantiser, struct arena *arena,
                         struct quantisation *out);

/* ---- port_quantiser.c: the quantiser that all readers of an input see ---- */

enum { PORT_STEPS_MAX = 16 };
/* element -> steps -> quantiser, all parameters by element of the input; numbers are owned by the arena of the search.
 */
struct port_quantiser {
    const struct node *seen; /* the first of them, as the model has it */
    struct node node;        /* what makes the codes: the same, or of one with two codes a narrowing to a bit */
    bool two_codes;
    struct shape shape;
    size_t count;
    struct op_step steps[PORT_STEPS_MAX]; /* arithmetic with constants in front of it */
    uint32_t step_count;
    float *parameters[4]; /* of a Quant: operands 1 to 3; of two codes: the scale */
    uint32_t parameter_count;
    struct format *formats; /* of a narrowing */
    bool *known;            /* elements that somebody reads */
    valref *nodes;          /* results of all arithmetic and quantisers on the way */
    uint32_t node_count, routes;
    bool elsewhere;               /* another place or form than the graph has it in */
    struct meaning meaning;       /* of its codes, steps included; by port_quantiser_refusal */
    struct port_steps port_steps; /* the model's own, where x / scale + zero_point gives other codes; likewise */
};
/* False when a reader is something else, or sees another one. */
bool port_quantiser_find(const struct graph *graph, valref input, struct arena *arena, struct port_quantiser *out);
/* Puts it right behind the input; the movements read its result. */
int port_quantiser_bring(struct graph *graph, valref input, const struct port_quantiser *quantiser);
/* ---- port_concat.c ---- */
/* A quantiser behind a concatenation of inputs stands in front of it, once an operand, with the arithmetic between. */
int port_split_concatenations(struct program *program, struct arena *scratch, bool *changed);

/* ---- port_codes.c: a port that carries its codes ---- */
bool numbers_are(const float *numbers, size_t count, float number); /* all of them */
/* Why a port cannot carry its codes, or NULL; finds their meaning and the port's steps. */
const char *port_quantiser_refusal(struct bxc_context *context, struct port_quantiser *quantiser, struct arena *arena);
/* Whether all its codes are two, which the sign of the number tells. */
bool port_quantiser_is_sign(const struct port_quantiser *quantiser);
void port_quantiser_rule(const struct port_quantiser *quantiser, size_t element, struct format *format,
                         enum overflow *overflow);

/* ---- integerise_ports.c ---- */
/* One scale and zero point for all where all are equal. */
void meaning_compact(struct meaning *meaning);
/* The one reader of a value, as its first operand and no output; or NULL. */
const struct node *only_reader(const struct graph *graph, valref value);
int cross_input(struct integerise *state, const struct node *node);
int cross_output(struct integerise *state, const struct graph_output *output);

/* ---- staircase.c: functions of one integer, found value by value or by bisection ---- */

struct integer_function {
    /* False when the function has no value there (NaN). */
    bool (*value)(const void *user, size_t element, int128 m, int64_t *out);
    const void *user;
};
enum { STAIRCASE_STEPS_MAX = 1 << 16, TABLE_ENTRIES_MAX = 1 << 14 };
/* All of a monotone function's steps over the interval; -1 when there are more than STAIRCASE_STEPS_MAX, -2 when a
 * value is missing. */
int staircase_find(const struct integer_function *function, size_t element, struct interval interval,
                   struct arena *arena, struct staircase *out);
int table_find(const struct integer_function *function, size_t element, struct interval interval, struct arena *arena,
               struct table *out);

/* ---- integerise.c ---- */
valref cross_name(struct integerise *state, valref result, const struct node *node, bool main_result);
void cross_set(struct integerise *state, const struct node *node, valref value, const double *scale, const char *doubt);
int cross_refuse(struct integerise *state, const struct node *node, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
