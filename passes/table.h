/* The passes' entry points, for the table in passes.c and for tests. */
#ifndef BXC_PASSES_TABLE_H
#define BXC_PASSES_TABLE_H

#include "passes/passes.h"

/* fold_constants.c, for passes that make new constants: evaluates and compacts; -1 and a diagnosis. */
int fold_constants(struct graph *graph, bool *changed);

int pass_unroll(struct program *program, bool *changed);
int pass_fold_constants(struct program *program, bool *changed);
int pass_clean(struct program *program, bool *changed);
int pass_softmax(struct program *program, bool *changed);
int pass_fold_batch_norm(struct program *program, bool *changed);
int pass_prune(struct program *program, bool *changed);
int pass_dead_neurons(struct program *program, bool *changed);
int pass_quant_to_narrow(struct program *program, bool *changed);
int pass_quantise(struct program *program, bool *changed);
int pass_expand_softmax(struct program *program, bool *changed);
int pass_ports(struct program *program, bool *changed);
int pass_integerise(struct program *program, bool *changed);
int pass_simplify(struct program *program, bool *changed);
int pass_lower(struct program *program, bool *changed);
int pass_share(struct program *program, bool *changed);
int pass_trees(struct program *program, bool *changed);
int pass_pipeline(struct program *program, bool *changed);
int pass_delays(struct program *program, bool *changed);

#endif
