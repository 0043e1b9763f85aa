/* A GraphDef while its nodes are found and joined (nodes.c, switches.c). */
#ifndef BXC_FRONTEND_TENSORFLOW_MODEL_H
#define BXC_FRONTEND_TENSORFLOW_MODEL_H

#include "frontend/tensorflow/tensorflow.h"

struct tf_model {
    struct bxc_context *context;
    struct arena *arena;
    const char *path;
    const Tensorflow__GraphDef *definition;
    size_t count;
    struct tf_node *nodes; /* in the order of the file */
    struct name_map by_name;
    char **outputs; /* nodes; NULL: a frozen graph, which does not say what they are */
    size_t output_count;
    const struct tf_operator *more; /* of the format that is told as a GraphDef, up to one without name; NULL: none */
};

/* The graph of definition, outputs and path; NULL after diagnoses. Where an attribute "_source" of a node has a text,
 * that is its operator in the model's own words. */
struct graph *tf_read_graph(struct tf_model *model, const struct frontend_options *options);

/* Where an operand comes from: the node and which of its outputs; NULL: of no node of the graph. */
struct tf_node *tf_operand(const struct tf_model *model, const char *operand, uint32_t *output);
bool tf_is_control(const char *operand); /* "^name": an order, and no operand */

/* Nodes with their operands' names, and as many outputs as are read; -1 after a diagnosis. */
int tf_find_nodes(struct tf_model *model);
/* The same, where calls of functions and branches that a constant decides are written out before (functions.c). */
int tf_find_called_nodes(struct tf_model *model);
/* What a constant says: 0, 1, or -1 for what is none. */
int tf_constant_predicate(const struct tf_model *model, const char *operand);
/* Who is read, and who depends on an input. */
void tf_find_readers(struct tf_model *model);
extern const char tf_loop_help[];

/* Switches become their operand and merges the one operand that is alive, where what decides is constant: the phase of
 * learning, which is inference. -1 after a diagnosis. */
int tf_resolve_switches(struct tf_model *model);

#endif
