/* Tensors, single assignment (graph.c, graph_edit.c, readers.c). */
#ifndef BXC_IR_GRAPH_H
#define BXC_IR_GRAPH_H

#include "ir/attributes.h"
#include "ir/context.h"

typedef struct {
    uint32_t id;
} valref;
typedef struct {
    uint32_t id;
} noderef;
#define NO_VALUE ((valref){UINT32_MAX})
#define NO_NODE ((noderef){UINT32_MAX})
enum { BODY_DEPTH_MAX = 8 }; /* bodies within bodies, that are read */

struct value {
    const char *name; /* from the model, or NULL */
    enum value_kind kind;
    struct shape shape;
    struct formats formats;     /* integers */
    struct intervals intervals; /* integers */
    noderef definition;
    uint32_t first_reader; /* readers.c; 0: none */
};

struct graph;
struct analysis; /* range.c */

struct node {
    enum op op;
    const char *name;      /* from the model, or made by the pass that made it; never NULL */
    const char *source_op; /* the operator in the model's own words, or NULL */
    uint32_t input_count;
    valref *inputs;
    valref result; /* the first one: results are values in a row */
    uint32_t result_count;
    union attributes attributes;
    struct graph *body; /* scan, map: the node's own; whoever walks a graph recurses */
    bool dead;          /* removed; swept by graph_compact */
    uint32_t reads;     /* where its operands stand in the graph's list of readers */
};

struct graph_output {
    const char *name;
    valref value;
    struct meaning meaning; /* integer graphs, seldom */
};

struct read;
struct graph {
    struct bxc_context *context;
    struct arena *arena;
    const char *name;   /* a legal identifier is derived from it at code generation */
    const char *source; /* the file it was read from, for diagnostics; not printed */
    int opset;
    struct node *nodes; /* in an order in which operands come first */
    uint32_t node_count, node_capacity;
    struct value *values;
    uint32_t value_count, value_capacity;
    struct graph_output *outputs;
    uint32_t output_count, output_capacity;
    struct read *reads; /* every operand of every node (readers.c) */
    uint32_t read_count, read_capacity;
    struct analysis *open; /* between graph_open and graph_close, else NULL */
};

struct graph *graph_new(struct bxc_context *context, const char *name);
void graph_free(struct graph *graph);
struct graph *graph_clone(const struct graph *graph);

struct node *graph_node(const struct graph *graph, noderef node);
struct value *graph_value(const struct graph *graph, valref value);
struct node *graph_definition(const struct graph *graph, valref value);
bool valref_equal(valref a, valref b);
valref node_result(const struct node *node, uint32_t index);
/* Constants' data, or NULL when the value is not a constant of that kind. */
const float *graph_reals(const struct graph *graph, valref value);
const int64_t *graph_integers(const struct graph *graph, valref value);
size_t graph_elements(const struct graph *graph, valref value); /* of its shape */
struct format graph_format(const struct graph *graph, valref value, size_t element);
struct interval graph_interval(const struct graph *graph, valref value, size_t element);
struct location graph_location(const struct graph *graph, const struct node *node);

/* Appends a node and infers its result (kind, shape, formats, intervals). attributes may be NULL
 * where the family has none. Names and everything that attributes point to are copied. NO_VALUE and a diagnosis when
 * inference refuses. */
valref graph_append(struct graph *graph, enum op op, const char *name, const valref *inputs, uint32_t input_count,
                    const union attributes *attributes);
/* The same for a node with a body, which becomes the node's when it is appended, and with one result an output of the
 * body where its family says so. */
valref graph_append_with_body(struct graph *graph, enum op op, const char *name, const valref *inputs,
                              uint32_t input_count, const union attributes *attributes, struct graph *body);
valref graph_append_input(struct graph *graph, const char *name, struct shape shape);
valref graph_append_integer_input(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                                  enum rounding rounding, enum overflow overflow);
valref graph_append_reals(struct graph *graph, const char *name, struct shape shape, const float *reals);
/* The same for numbers that are in the graph's arena, and stay as they are. */
valref graph_append_own_reals(struct graph *graph, const char *name, struct shape shape, float *reals);
/* Integers with formats (VALUE_INTEGER); an empty formats gives VALUE_INDEX. */
valref graph_append_integers(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                             const int64_t *integers);
void graph_append_output(struct graph *graph, const char *name, valref value);
void graph_name_value(struct graph *graph, valref value, const char *name);
/* Every reader of `old`, outputs included, reads the replacement instead, but for what defines that. */
void graph_replace(struct graph *graph, valref old, valref replacement);
/* The same without outputs: they are the value still. */
void graph_put_behind(struct graph *graph, valref value, valref behind);
/* A new operand of a node; whoever writes to `inputs` instead leaves the graph's readers wrong. */
void graph_set_operand(struct graph *graph, struct node *node, uint32_t slot, valref value);
/* Drops dead and unused nodes (inputs stay), sorts operands first, renumbers. Returns whether any went. */
bool graph_compact(struct graph *graph);
/* Writes bodies out, once a trip: "cell.2.sum" is the node 'sum' of the body of 'cell' in its third trip. -1 and a
 * diagnosis where that would be too many nodes (unroll.c). */
int graph_unroll(struct graph *graph);
/* The model's inputs, in order. */
struct value_list {
    uint32_t count;
    valref *at;
};
struct value_list graph_inputs(const struct graph *graph, struct arena *arena);
const char *graph_input_name(const struct graph *graph, valref input); /* the model's for its value, else the node's */
/* For what makes nodes: the operands of one more, and those of all. */
void readers_add_node(struct graph *graph, uint32_t node);
void readers_find(struct graph *graph);
bool readers_are_right(const struct graph *graph); /* what graph_verify asks */
/* The operands of live nodes that are this value, in the order of the nodes. */
struct reader_list {
    uint32_t count;
    struct value_reader {
        noderef node;
        uint32_t slot;
    } * at;
};
struct reader_list graph_readers(const struct graph *graph, valref value, struct arena *arena);
/* Users of a value among live nodes; *output tells whether it is a graph output too. */
uint32_t graph_use_count(const struct graph *graph, valref value, bool *output);
/* The live node whose one operand is the value, and nobody else's is; else NO_NODE. *output likewise. */
noderef graph_sole_reader(const struct graph *graph, valref value, bool *output);

#endif
