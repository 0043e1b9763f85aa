/* Lowering: what passes/lower.c offers to the families, passes/lower_<family>.c. Private to them.
 *
 * An element of a tensor becomes a term: a wire, shifted left and perhaps negated. */
#ifndef BXC_PASSES_LOWER_H
#define BXC_PASSES_LOWER_H

#include "ir/geometry.h"
#include "passes/rewrite.h"

struct lower_beats; /* lower_beats.c */
struct block_rams;  /* lower_block_ram.c */

struct lower {
    struct design *design;
    struct lower_beats *beats;     /* NULL: an event's items are served all at once */
    struct block_rams *block_rams; /* NULL: tables are logic */
    const struct graph *graph;
    struct datapath *datapath;
    struct arena *scratch;
    struct term **elements;  /* by value: one term an element */
    uint32_t *ports;         /* by node: which of the graph's inputs it is */
    const struct node *node; /* being lowered */
    noderef origin;          /* in a body, the node that owns it */
    bool in_body;
    uint32_t element; /* of its result */
    bool failed;      /* a node was diagnosed */
    uint32_t *slots;  /* hash of wires, so that equal ones are made once */
    uint32_t slot_count;
};

/* ---- lower.c ---- */
wireref lower_wire(struct lower *lower, struct wire wire); /* an equal wire when there is one */
struct term lower_operand(const struct lower *lower, uint32_t input, size_t element);
/* factor * term, as signed digits, and shifted left; constants go to the constant. */
void term_list_add(struct lower *lower, struct term_list *list, struct term term, int64_t factor, int shift);
/* The sum as one term; diagnoses a sum whose parts leave 64 bits. */
struct term lower_sum(struct lower *lower, const struct term_list *list);
struct term lower_constant(struct lower *lower, int64_t constant);
bool lower_is_constant(const struct lower *lower, struct term term, int64_t *constant);
wireref lower_plain(struct lower *lower, struct term term); /* a wire that is the term's value */
struct term lower_apply(struct lower *lower, enum wire_op op, wireref a, wireref b); /* a two-operand operator */
struct term lower_select(struct lower *lower, wireref condition, struct term a, struct term b);
wireref lower_shift_right(struct lower *lower, wireref a, int amount);
wireref lower_wrap(struct lower *lower, wireref a, int bits, bool is_signed);
wireref lower_sign(struct lower *lower, wireref a); /* 1 when negative */
struct term lower_clamp(struct lower *lower, struct term term, int128 lo, int128 hi);
/* tables[..](term): entry for every value of the wire; beyond the table's ends its end entries. */
struct term lower_table(struct lower *lower, struct term term, const struct table *table);
/* Whether that of the wire, by its own values, was made already. */
bool lower_has_table(const struct lower *lower, wireref index, const struct table *table);
/* The graph knows more of a value than its wire says (a - max(a) is not above 0): takes the bits that are not needed
 * off it. */
struct term lower_known(struct lower *lower, struct term term, struct interval known);
void lower_probe(struct lower *lower, valref value, uint32_t element, struct term term); /* finds it again below */
int lower_refuse(struct lower *lower, const char *why);

/* ---- one a family: fills out[element of the result] ---- */
void lower_ports(struct lower *lower, struct term *out);
void lower_arithmetic(struct lower *lower, struct term *out);
void lower_relu(struct lower *lower, struct term *out);
void lower_linear(struct lower *lower, struct term *out);
void lower_reduction(struct lower *lower, struct term *out);
void lower_movement(struct lower *lower, struct term *out);
void lower_quantizer(struct lower *lower, struct term *out);
void lower_lookup(struct lower *lower, struct term *out);
void lower_loop(struct lower *lower, struct term *out); /* and its further results */
/* lower.c: fills elements of the node's results. */
void lower_node(struct lower *lower, const struct node *node);
/* The same, its result made by `instead` where that is not NULL. */
void lower_node_as(struct lower *lower, const struct node *node, void (*instead)(struct lower *, struct term *));

/* lower_quantizer.c: an element of the result of a narrowing. */
struct term lower_narrow(struct lower *lower, uint32_t element);
/* A mode that asks for the sign, when the wire's sign is known; or a cheaper mode that is the same. */
enum rounding lower_rounding_of(const struct wire *wire, enum rounding rounding);
/* What makes the floor the rounding; -1: the rounding looks at more than that. drop > 0 */
int128 lower_added_before_floor(enum rounding rounding, int drop);

/* lower_reduction.c: at what fraction an element of the result is reduced, and what from. */
int lower_reduced_fraction(const struct lower *lower, const struct axis_reduction *reduction, size_t result);
struct term lower_reduced(struct lower *lower, const uint32_t *elements, uint32_t count, int fraction);

/* ---- lower_beats.c: items served one after the other, as the plan of passes/beats.h says ---- */
int lower_beats_new(struct lower *lower, const struct program *program); /* lower->beats, NULL when there is no plan */
void lower_node_in_beats(struct lower *lower, const struct node *node);
struct term *lower_collected(struct lower *lower, valref value); /* its elements once an event */
bool lower_is_by_items(const struct lower *lower, valref value);
int lower_beat(const struct lower *lower, valref value, size_t element); /* in which an element is there */
/* Of an input that arrives in beats; false, and nothing done, of all others. */
bool lower_port_in_beats(struct lower *lower, uint32_t port, struct term *out);
/* The elements of an input's port as they are there at it; of one in beats, where and when each arrives. */
const struct term *lower_place_port(struct lower *lower, struct port *port);

/* lower_arithmetic.c: a * b, shifted left, into the list, whatever they are. */
void term_list_add_product(struct lower *lower, struct term_list *list, struct term a, struct term b, int shift);

#endif
