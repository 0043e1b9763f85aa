/* The HLS emitter's own header. Every tensor is an array of one fixed-point type that holds all its
 * elements' formats, its container; elements stand in it for the same real numbers, so that only narrow,
 * look-ups and ports see the formats of single elements. */
#ifndef BXC_CODEGEN_HLS_H
#define BXC_CODEGEN_HLS_H

#include "codegen/codegen.h"

/* A port's elements as one array: numbers where all have one fraction, else stored integers. */
struct hls_port {
    const char *name, *type; /* "x", "jets_x_t" */
    const char *shift;       /* array of the zeros that the inner array's stored integers have more; NULL: none */
    struct format format;
    bool integers; /* the elements have fractions of their own */
};

struct hls_writer {
    const struct emission *emission;
    const struct graph *graph;
    struct arena *arena;
    struct names *names;
    struct layout *layout;
    struct hls_port *ports;    /* inputs, then outputs */
    struct strbuf weights;     /* <name>_weights.h */
    struct strbuf layers;      /* functions of <name>.cpp */
    struct strbuf top;         /* body of the top function */
    const char **value_names;  /* by value id: the array that holds it; constants NULL until they are read */
    const char **type_names;   /* by value id */
    struct format *containers; /* by value id; width 0: not yet known */
    size_t probes;             /* numbers that a build with BXC_PROBES gives (probes.c) */
};

typedef int (*hls_emitter)(struct hls_writer *writer, const struct node *node);
extern const hls_emitter hls_emitters[OP_COUNT];
int hls_emit_nodes(struct hls_writer *writer); /* of the writer's graph; -1 and diagnoses */

int hls_emit_elementwise(struct hls_writer *writer, const struct node *node);
int hls_emit_matmul(struct hls_writer *writer, const struct node *node);
int hls_emit_relu(struct hls_writer *writer, const struct node *node);
int hls_emit_reduce(struct hls_writer *writer, const struct node *node);
int hls_emit_reshape(struct hls_writer *writer, const struct node *node);
int hls_emit_copies(struct hls_writer *writer, const struct node *node);
int hls_emit_gather(struct hls_writer *writer, const struct node *node);
int hls_emit_narrow(struct hls_writer *writer, const struct node *node);
int hls_emit_table(struct hls_writer *writer, const struct node *node);
int hls_emit_threshold(struct hls_writer *writer, const struct node *node);
int hls_emit_loop(struct hls_writer *writer, const struct node *node);
int hls_emit_constant(struct hls_writer *writer, const struct node *node);
int hls_emit_input(struct hls_writer *writer, const struct node *node);

/* ---- writer.c ---- */
size_t hls_elements(const struct hls_writer *writer, valref value);
const struct shape *hls_shape(const struct hls_writer *writer, valref value);
/* The fractions that an array's one format has to hold. */
struct hls_grid {
    bool any;
    int finest, coarsest; /* 0 where there is none */
};
void hls_grid_add(struct hls_grid *grid, int fraction);
/* Those of the products that a matmul's elements add up, where these are always 0 (linear.c). */
void hls_grid_add_products(const struct hls_writer *writer, const struct node *node, struct hls_grid *grid);
/* The one format that holds every element, and every term of its sum: of up to 64 bits where elements lie near each
 * other. -1 and a diagnosis when it needs more than HLS_ARRAY_BITS. */
enum { HLS_ARRAY_BITS = 120, HLS_PRODUCT_BITS = 126 /* of what two arrays' types make */ };
int hls_container(struct hls_writer *writer, const struct node *node, valref value, struct format *out);
/* Of the type that the types of a product's operands make. */
int hls_product_bits(const struct hls_writer *writer, const struct node *node);
const char *hls_type(struct arena *arena, struct format format); /* "bxc_fixed<16, 6>" */
const char *hls_name(struct hls_writer *writer, valref value);   /* writes a constant when it is first read */
/* "x", "a", "b", "c_MatMul_0_weights" */
const char *hls_operand(struct hls_writer *writer, const struct node *node, uint32_t input);
/* Opens a layer's function, after typedef and buffer of its result; -1 when the container is too wide. */
int hls_open(struct hls_writer *writer, const struct node *node);
/* Type and container of a value, and the name of its array; -1 when the container is too wide. */
int hls_declare(struct hls_writer *writer, const struct node *node, valref value, const char *name);
/* Each operand that is no constant, with a comma behind it: as a parameter or as the array that is handed over. */
void hls_each_variable(struct hls_writer *writer, const struct node *node, struct strbuf *out, bool parameters);
void hls_close(struct hls_writer *writer);
/* A whole layer that is one call: template arguments, array arguments. */
int hls_call(struct hls_writer *writer, const struct node *node, const char *function, const char *parameters,
             const char *arrays);
/* static const TYPE name[count]: stored integers m of m * 2^-format.fraction, written as the numbers they are. Beyond
 * 64 bits each is one of 64 times a power of two. */
const char *hls_numbers(struct hls_writer *writer, const struct node *node, const char *what, struct format type,
                        const int128 *values, size_t count);
const char *hls_integers(struct hls_writer *writer, const char *owner, const char *what, const int64_t *values,
                         size_t count);
/* Element `element` of `value`, stored integer m, as a stored integer of the container. */
int128 hls_in_container(const struct hls_writer *writer, valref value, size_t element, struct format container,
                        int64_t m);

/* ---- ports.c ---- */
const struct port_layout *hls_port_layout(const struct hls_writer *writer, uint32_t index); /* inputs first */
uint32_t hls_port_count(const struct hls_writer *writer);
/* Decides how an output leaves; inputs are decided as their nodes are met. */
void hls_plan_outputs(struct hls_writer *writer);

/* ---- probes.c ---- */
/* at the end of the top; returns how many numbers */
size_t hls_print_probes(struct hls_writer *writer, struct strbuf *out);

/* ---- testbench.c: main.cpp, testbench.cpp, vectors.txt ---- */
int hls_add_testbenches(struct hls_writer *writer);

/* ---- build.c: header, Makefile, scripts ---- */
int hls_emit_build(struct hls_writer *writer);
void hls_add_file(struct hls_writer *writer, const char *name, const struct strbuf *text);
int hls_add_template(struct hls_writer *writer, const char *template, const char *name,
                     const struct template_key *keys);

#endif
