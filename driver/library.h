/* What the files of the public interface share. Private to driver/. */
#ifndef BXC_DRIVER_LIBRARY_H
#define BXC_DRIVER_LIBRARY_H

#include "driver/bxc.h"
#include "sim/sim.h"

/* ---- tensors.c ---- */
struct tensors {
    size_t count;
    struct bxc_tensor *at;
};
/* All that they say is copied to the arena. */
struct tensors tensors_of_inputs(const struct graph *graph, struct arena *arena);
struct tensors tensors_of_outputs(const struct graph *graph, struct arena *arena);
struct tensors tensors_of_layers(const struct graph *graph, struct arena *arena); /* inner values, in order */

/* ---- model.c ---- */
/* graph_run_reals behind a guard. */
int evaluate_guarded(const struct graph *graph, size_t events, const float *const *inputs, float *const *outputs);

/* ---- verdict.c ---- */
/* Everything of it that is public, with an arena of its own. */
struct bxc_verdict *verdict_public(struct bxc_context *context, const struct verdict *verdict);

#endif
