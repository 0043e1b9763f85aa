/* A graph over blocks of events. */
#ifndef BXC_IR_EVAL_H
#define BXC_IR_EVAL_H

#include "ir/graph.h"

struct evaluator;       /* plans for a graph; immutable, shared by threads */
struct evaluator_state; /* the buffers of one thread */
enum { EVENT_LANES = 64 };

struct evaluator *evaluator_new(const struct graph *graph, struct arena *arena);
struct evaluator_state *evaluator_state_new(const struct evaluator *evaluator); /* malloc; NULL when out */
/* The same outside parallel regions: freed with the arena if nobody did before; to the nearest guard when out. */
struct evaluator_state *evaluator_state_in(const struct evaluator *evaluator, struct arena *arena);
void evaluator_state_free(struct evaluator_state *state);
/* Runs up to EVENT_LANES events of a graph in real arithmetic. inputs[i]: events x elements of the
 * i-th input, row-major; outputs likewise. Thread-safe between states. */
void evaluator_run_reals(const struct evaluator *evaluator, struct evaluator_state *state, int lanes,
                         const float *const *inputs, float *const *outputs);
void evaluator_run_integers(const struct evaluator *evaluator, struct evaluator_state *state, int lanes,
                            const int64_t *const *inputs, int64_t *const *outputs);
/* After a run: the block of any value of the graph, elements x EVENT_LANES (probes). */
const float *evaluator_reals(const struct evaluator_state *state, valref value);
const int64_t *evaluator_integers(const struct evaluator_state *state, valref value);
/* How many events at a time: so many that their numbers at the ports take some tens of MB, at most. */
size_t graph_block_events(const struct graph *graph);
/* Any number of events at once, blocks in parallel by OpenMP (context->threads). */
int graph_run_reals(const struct graph *graph, size_t events, const float *const *inputs, float *const *outputs);
int graph_run_integers(const struct graph *graph, size_t events, const int64_t *const *inputs, int64_t *const *outputs);

#endif
