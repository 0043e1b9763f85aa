/* What an operator means to those who do not know it by name: one row an operator in its family (ops/<family>.c). A
 * row left empty means nothing of the kind, which is a diagnosis where it is needed. */
#ifndef BXC_IR_MEANING_H
#define BXC_IR_MEANING_H

#include "ir/graph.h"

/* ---- as a function of one number (step.c) ---- */

/* An operator whose operands are constants, but for one. */
struct op_step {
    const struct node *node;
    uint32_t slot;             /* the operand that is none */
    const float *constants[5]; /* the others, by element of the result */
};

/* What exact arithmetic makes of a step: parts, one behind the other. */
enum part_kind {
    PART_ADD,
    PART_MULTIPLY,
    PART_LIMIT, /* to lower .. upper, either of which may be infinite */
    PART_LEAKY, /* x < 0 ? lower * x : x */
    PART_GATE   /* 0 within lower .. upper, of which lower may be infinite; outside x, `shift` nearer to it */
};
struct exact_part {
    enum part_kind kind;
    const char *result;   /* "<node>.<result>"; NULL: the last one has the node's name */
    const char *constant; /* likewise */
    const float *numbers; /* to add or multiply; one for all elements, or by element of the result */
    bool uniform;
    float lower, upper, shift;
};
enum { PARTS_MAX = 3 };
struct exact_form {
    struct exact_part parts[PARTS_MAX];
    int count;
    const char *inexact; /* what binary32 computes instead; NULL: the same, where 24 bits suffice */
};

struct real_range {
    double lo, hi;
};

/* ---- as an operator that integers have too ---- */

/* What an element of the result is made of. */
enum op_terms {
    TERMS_NONE,
    TERMS_MOVED,    /* it is an element of an operand */
    TERMS_SUM,      /* elements added or subtracted */
    TERMS_PRODUCT,  /* two elements multiplied */
    TERMS_PRODUCTS, /* a sum of products */
    TERMS_LARGEST,  /* the largest of elements */
    TERMS_INDEX     /* which of them that is: a class, say, and no number with a scale */
};

enum op_digits {
    DIGITS_EXACT,   /* what the arithmetic gives */
    DIGITS_ROUNDED, /* those of the format or the function that the node brings along */
    DIGITS_SCALED   /* an integer times a scale that the node brings along */
};

/* What a number among the attributes is to the operand. */
enum op_number { NUMBER_NONE, NUMBER_FACTOR, NUMBER_SUMMAND /* or a limit */, NUMBER_OF_CURVE /* that a table has */ };

struct op_meaning {
    enum op_terms terms;
    enum op_digits digits;
    bool quantiser;             /* its first operand is a number that is rounded, all others say how */
    const char *advice;         /* where integers cannot do it */
    enum op_number alpha, beta; /* of the attributes of activations */

    bool whole;          /* its values are whole numbers */
    bool first_only;     /* a step of its first operand alone */
    bool by_channel;     /* all operands but the first run along axis 1; else they broadcast */
    bool transcendental; /* its values, or those of a step within, are no numbers of binary64 */
    /* The step's value in binary32, one rounding an operation, as the operator's definition is; and in binary64, for
     * tables of what is transcendental. Either NULL: the other does. Both NULL: no step. */
    float (*binary32)(const struct op_step *step, size_t element, float x);
    double (*binary64)(const struct op_step *step, size_t element, double x);
    bool (*monotone)(const struct op_step *step, size_t element); /* NULL: not */
    bool (*affine)(const struct op_step *step, size_t element, double *gain, double *offset);
    /* False where a number forbids it; elements are the result's, of that many. */
    bool (*exact)(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form);
    const struct real_range *image; /* no value lies outside, whatever the operand */
    double settles;                 /* operands further from 0 change it by less than 2^-10; 0: it never settles */
};
const struct op_meaning *op_meaning(enum op op);

/* Predicates over rows. */
bool op_is_step(enum op op);
bool op_is_affine(enum op op);         /* with constants for all operands but one */
bool op_is_transcendental(enum op op); /* a step of which a table is made */
bool op_is_stepped(enum op op);        /* a step of one number that arithmetic does not make: a staircase, or a table */
bool op_is_curved(enum op op);         /* that, or made of such */
bool op_is_quantiser(enum op op);      /* the model's, or a narrow */
bool op_is_movement(enum op op);       /* elements go elsewhere unchanged */
bool op_moves_one(enum op op);         /* those of one operand */
bool op_is_product(enum op op);        /* or a sum of such */
bool op_is_sum(enum op op);            /* or a product: what must be wide enough for its operands */
bool op_gives_index(enum op op);       /* a class */
bool op_narrows(enum op op);           /* a quantiser to formats of its own */
bool op_rounds(enum op op);            /* in integers: a narrowing or a look-up */
bool op_is_lookup(enum op op);         /* a function of one integer, written by its values or its steps */
/* In integers, of operands that are integers times scales, the result is such too. */
bool op_keeps_scale(enum op op);
bool op_gives_probability(enum op op);

/* Whether the operator is a step when all its operands but one are constant, and which one that is. */
bool step_slot(const struct node *node, bool (*is_constant)(const void *user, valref value), const void *user,
               uint32_t *slot);
/* The same in a graph. */
bool graph_step_slot(const struct graph *graph, const struct node *node, uint32_t *slot);
/* The element of an operand that an element of a step's result reads. */
size_t step_operand_element(const struct graph *graph, const struct node *node, uint32_t operand, size_t element);
/* A constant's numbers, one an element of a shape that it broadcasts to; NULL when it is not constant. */
const float *spread_constant(const struct graph *graph, valref value, const struct shape *shape, struct arena *arena);
/* A constant operand's numbers by element of the result. */
const float *step_constant(const struct graph *graph, const struct node *node, uint32_t operand, const float *reals,
                           struct arena *arena);
/* With all constants of the graph's; false when one of them is none. */
bool graph_step(const struct graph *graph, const struct node *node, uint32_t slot, struct arena *arena,
                struct op_step *out);
float step_binary32(const struct op_step *step, size_t element, float x);
double step_binary64(const struct op_step *step, size_t element, double x);
bool step_is_monotone(const struct op_step *step, size_t element);
/* Gain and offset; false when it has none. */
bool step_affine(const struct op_step *step, size_t element, double *gain, double *offset);
bool step_exact(const struct op_step *step, size_t elements, struct arena *arena, struct exact_form *form);

#endif
