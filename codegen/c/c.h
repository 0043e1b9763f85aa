/* The C99 emitter's own header: what its files share. One node of the quantised graph becomes one
 * static function; c_emitters says which emitter writes it. */
#ifndef BXC_CODEGEN_C_H
#define BXC_CODEGEN_C_H

#include "codegen/codegen.h"

/* Helper functions that the emitted file may need; each is written once, when used (helpers.c). */
enum c_helper {
    C_HELPER_ROUND = 0,     /* + enum rounding, 32-bit; + 16: 64-bit */
    C_HELPER_OVERFLOW = 32, /* + enum overflow * 2 + unsigned; + 8: 64-bit */
    C_HELPER_SHIFT = 48,    /* + enum overflow: left shifts that may leave 64 bits */
    C_HELPER_JAM = 52,
    C_HELPER_REAL = 53,
    C_HELPER_COUNT = 54
};

struct c_writer {
    const struct emission *emission;
    const struct graph *graph;
    struct arena *arena;
    struct names *names;
    struct layout *layout;
    struct strbuf body;       /* constants and functions, in order */
    struct strbuf layer;      /* the function being written; constants that it asks for come before it */
    struct strbuf run;        /* calls in the entry point */
    const char **value_names; /* by value id: array that holds it; NULL: not yet (c_value_name) */
    bool helpers[C_HELPER_COUNT];
    size_t probes; /* numbers that a build with BXC_PROBES gives (probes.c) */
};

typedef int (*c_emitter)(struct c_writer *writer, const struct node *node);
extern const c_emitter c_emitters[OP_COUNT];
int c_emit_nodes(struct c_writer *writer); /* of the writer's graph; -1 and diagnoses */

int c_emit_add(struct c_writer *writer, const struct node *node);
int c_emit_mul(struct c_writer *writer, const struct node *node);
int c_emit_matmul(struct c_writer *writer, const struct node *node);
int c_emit_relu(struct c_writer *writer, const struct node *node);
int c_emit_reduce(struct c_writer *writer, const struct node *node);
int c_emit_argmax(struct c_writer *writer, const struct node *node);
int c_emit_reshape(struct c_writer *writer, const struct node *node);
int c_emit_copies(struct c_writer *writer, const struct node *node);
int c_emit_gather(struct c_writer *writer, const struct node *node);
int c_emit_narrow(struct c_writer *writer, const struct node *node);
int c_emit_table(struct c_writer *writer, const struct node *node);
int c_emit_threshold(struct c_writer *writer, const struct node *node);
int c_emit_loop(struct c_writer *writer, const struct node *node);
int c_emit_constant(struct c_writer *writer, const struct node *node);
int c_emit_input(struct c_writer *writer, const struct node *node);

/* ---- writer.c ---- */
/* Opens and closes the function of a node and adds its call; parameters are those of c_operand. */
void c_function_open(struct c_writer *writer, const struct node *node);
/* Each operand that is no constant, with a comma behind it: as a parameter or as the array that is handed over. */
void c_each_variable(struct c_writer *writer, const struct node *node, struct strbuf *out, bool parameters);
void c_print_title(struct c_writer *writer, const struct node *node); /* a comment over the function */
void c_function_close(struct c_writer *writer, const struct node *node);
/* The array that holds a value; a constant is written when it is first asked for. */
const char *c_value_name(struct c_writer *writer, valref value);
/* "x", "a", "c_MatMul_0_weights" */
const char *c_operand(struct c_writer *writer, const struct node *node, uint32_t input);
const char *c_value_type(const struct c_writer *writer, valref value); /* "int32_t" */
const char *c_literal(struct arena *arena, int64_t value);
/* A static const array of the narrowest type, named after the node. Returns its name. */
const char *c_array(struct c_writer *writer, const struct node *node, const char *what, const int64_t *values,
                    size_t count);
const char *c_narrowest_type(const int64_t *values, size_t count);
size_t c_elements(const struct c_writer *writer, valref value);
int128 c_largest(const struct c_writer *writer, valref value, size_t element); /* of |m| */

/* A number for each element of a result: one literal when all are equal, else an array. */
struct c_numbers {
    bool uniform;
    int64_t value;
    const char *array;
};
struct c_numbers c_numbers(struct c_writer *writer, const struct node *node, const char *what, const int64_t *values,
                           size_t count);
const char *c_number(const struct c_writer *writer, const struct c_numbers *numbers, const char *index);
/* " * 4", " * name_scale[i]", or "" when all are 1. */
const char *c_times(const struct c_writer *writer, const struct c_numbers *numbers, const char *index);
/* The factor that takes element `element` of `value` to this fraction; -1 and a diagnosis beyond 62 bits. */
int c_align(const struct c_writer *writer, const struct node *node, valref value, size_t element, int fraction,
            int64_t *factor);
/* The type in which a sum whose terms' magnitudes add up to at most `bound` is computed: int32_t,
 * int64_t, or uint64_t, whose wrapping is exact because the result fits. */
const char *c_sum_type(int128 bound);

/* ---- helpers.c ---- */
const char *c_helper(struct c_writer *writer, int helper); /* marks it used, returns its name */
void c_print_helpers(const struct c_writer *writer, struct strbuf *out);

/* ---- probes.c ---- */
size_t c_print_probes(struct c_writer *writer, struct strbuf *out); /* at the end of run; returns how many numbers */

/* ---- interface.c ---- */
void c_print_header(const struct c_writer *writer, struct strbuf *out);
void c_print_entries(struct c_writer *writer, struct strbuf *out); /* run, run_float, run_double */
int c_print_main(const struct c_writer *writer, struct strbuf *out);

#endif
