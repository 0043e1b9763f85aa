/* Runs a graph over blocks of EVENT_LANES events. An evaluator is the plan: which nodes, in which
 * order, with what their families prepared. A state holds one block of every value, so that any of
 * them can be looked at after a run.
 *
 * Blocks are elements x EVENT_LANES: an operator works on rows of lanes, and so in vectors. Every
 * lane is always computed; those without an event repeat the first one. Constants stay where the
 * graph has them, and a reshape shares its operand's numbers. What depends on constants alone is
 * computed once, by the plan, which keeps one number an element: its readers take it as a constant. */
#include "ir/ops/families.h"
#include "ir/eval.h"
#include "ir/verify.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct step {
    const struct node *node;
    const struct op_family *family;
    const void *plan;
    struct evaluator *body; /* of the node's body, or NULL */
    uint32_t first_operand; /* among all operands of all steps */
};

struct evaluator {
    const struct graph *graph;
    bool integer;
    struct step *steps;
    uint32_t step_count, operand_count;
    const void **constants; /* by value: one number an element, where no input moves it; else NULL */
    size_t *offsets;   /* a value's block in the state, in numbers; of one that the plan computed its place among them;
                          SIZE_MAX: none */
    size_t numbers;    /* in all blocks */
    uint32_t computed; /* values, by the plan */
    valref *inputs;
    uint32_t input_count;
};

/* Integers are the larger numbers: one buffer serves both. */
struct evaluator_state {
    const struct evaluator *evaluator;
    void *blocks;
    union {
        struct real_operand *reals;
        struct integer_operand *integers;
    } operands;                      /* of all steps */
    struct evaluator_state **bodies; /* one a step, or NULL */
    void **asked;                    /* blocks of what the plan computed, as far as somebody asked for them */
    struct evaluator_state **owner;  /* in an arena that frees it if nobody did before; or NULL */
};

/* ---- states ---- */

static size_t number_size(const struct evaluator *evaluator) {
    return evaluator->integer ? sizeof(int64_t) : sizeof(float);
}

static const void *block_of(const struct evaluator_state *state, valref value) {
    const struct evaluator *evaluator = state->evaluator;
    size_t offset = evaluator->offsets[value.id];
    if (offset == SIZE_MAX) return NULL;
    return (char *)state->blocks + offset * number_size(evaluator);
}

/* Where a value's numbers lie, and how. */
static void point_at(const struct evaluator_state *state, valref value, const void **data, size_t *element_stride,
                     size_t *lane_stride) {
    const void *constant = state->evaluator->constants[value.id];
    *data = constant ? constant : block_of(state, value);
    *element_stride = constant ? 1 : EVENT_LANES;
    *lane_stride = constant ? 0 : 1;
}

static void point_operands(struct evaluator_state *state, const struct step *step) {
    for (uint32_t i = 0; i < step->node->input_count; i++) {
        uint32_t at = step->first_operand + i;
        const void *data;
        size_t element_stride, lane_stride;
        point_at(state, step->node->inputs[i], &data, &element_stride, &lane_stride);
        if (state->evaluator->integer)
            state->operands.integers[at] = (struct integer_operand){data, element_stride, lane_stride};
        else
            state->operands.reals[at] = (struct real_operand){data, element_stride, lane_stride};
    }
}

struct evaluator_state *evaluator_state_new(const struct evaluator *evaluator) {
    enum { ALIGNMENT = 64 };
    size_t size = number_size(evaluator);
    struct evaluator_state *state = calloc(1, sizeof *state);
    if (!state || evaluator->numbers > (SIZE_MAX / 2) / size) {
        free(state);
        return NULL;
    }
    state->evaluator = evaluator;
    size_t bytes = (evaluator->numbers * size + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    state->blocks = aligned_alloc(ALIGNMENT, bytes);
    state->operands.integers = calloc(evaluator->operand_count + 1, sizeof *state->operands.integers);
    state->bodies = calloc(evaluator->step_count + 1, sizeof *state->bodies);
    state->asked = calloc((size_t)evaluator->computed + 1, sizeof *state->asked);
    bool complete = state->blocks && state->operands.integers && state->bodies && state->asked;
    for (uint32_t i = 0; complete && i < evaluator->step_count; i++)
        if (evaluator->steps[i].body)
            complete = (state->bodies[i] = evaluator_state_new(evaluator->steps[i].body)) != NULL;
    if (!complete) {
        evaluator_state_free(state);
        return NULL;
    }
    memset(state->blocks, 0, bytes);
    for (uint32_t i = 0; i < evaluator->step_count; i++) point_operands(state, &evaluator->steps[i]);
    return state;
}

static void release_state(void *owner) {
    evaluator_state_free(*(struct evaluator_state **)owner);
}

struct evaluator_state *evaluator_state_in(const struct evaluator *evaluator, struct arena *arena) {
    struct evaluator_state **owner = ARENA_NEW(arena, struct evaluator_state *);
    arena_defer(arena, release_state, owner);
    *owner = evaluator_state_new(evaluator);
    if (!*owner) context_out_of_memory(arena_context(arena));
    (*owner)->owner = owner;
    return *owner;
}

void evaluator_state_free(struct evaluator_state *state) {
    if (!state) return;
    if (state->owner) *state->owner = NULL;
    for (uint32_t i = 0; state->bodies && i < state->evaluator->step_count; i++) evaluator_state_free(state->bodies[i]);
    for (uint32_t i = 0; state->asked && i < state->evaluator->computed; i++) free(state->asked[i]);
    free(state->asked);
    free(state->bodies);
    free(state->blocks);
    free(state->operands.integers);
    free(state);
}

/* ---- looking ---- */

static void *spread(const struct evaluator *evaluator, valref value) {
    const char *numbers = evaluator->constants[value.id];
    size_t size = number_size(evaluator), elements = shape_elements(&evaluator->graph->values[value.id].shape);
    char *block = malloc(elements * EVENT_LANES * size);
    if (!block) context_out_of_memory(evaluator->graph->context);
    for (size_t i = 0; i < elements * EVENT_LANES; i++)
        memcpy(block + i * size, numbers + i / EVENT_LANES * size, size);
    return block;
}

/* NULL for constants of the graph, which has their numbers. */
static const void *look_at(const struct evaluator_state *state, valref value) {
    const struct evaluator *evaluator = state->evaluator;
    size_t offset = evaluator->offsets[value.id];
    if (offset == SIZE_MAX || !evaluator->constants[value.id]) return block_of(state, value);
    if (!state->asked[offset]) state->asked[offset] = spread(evaluator, value);
    return state->asked[offset];
}

const float *evaluator_reals(const struct evaluator_state *state, valref value) {
    return state->evaluator->integer ? NULL : look_at(state, value);
}

const int64_t *evaluator_integers(const struct evaluator_state *state, valref value) {
    return state->evaluator->integer ? look_at(state, value) : NULL;
}

/* ---- a run ---- */

static void run_steps(struct evaluator_state *state, int lanes) {
    const struct evaluator *evaluator = state->evaluator;
    for (uint32_t i = 0; i < evaluator->step_count; i++) {
        const struct step *step = &evaluator->steps[i];
        struct evaluation evaluation = {.graph = evaluator->graph,
                                        .node = step->node,
                                        .plan = step->plan,
                                        .lanes = lanes,
                                        .body = state->bodies[i]};
        void *result = (void *)(uintptr_t)block_of(state, step->node->result);
        if (evaluator->integer) {
            evaluation.integers = state->operands.integers + step->first_operand;
            evaluation.integer_result = result;
            step->family->eval_integer(&evaluation);
        } else {
            evaluation.reals = state->operands.reals + step->first_operand;
            evaluation.real_result = result;
            step->family->eval_real(&evaluation);
        }
    }
}

/* ---- plans ---- */

static const void *constant_data(const struct constant_attributes *constant, bool integer) {
    return integer ? (const void *)constant->integers : (const void *)constant->reals;
}

/* Gives a node's results their blocks. */
static void place(struct evaluator *evaluator, const struct node *node) {
    const struct value *results = op_result(evaluator->graph, node);
    for (uint32_t r = 0; r < node->result_count; r++) {
        evaluator->offsets[node->result.id + r] = evaluator->numbers;
        evaluator->numbers += shape_elements(&results[r].shape) * EVENT_LANES;
    }
}

static void keep(struct evaluator *evaluator, uint32_t value, const void *numbers) {
    evaluator->constants[value] = numbers;
    evaluator->offsets[value] = evaluator->computed++;
}

/* A reshape has its operand's numbers, wherever they are. */
static bool shares(struct evaluator *evaluator, const struct node *node) {
    uint32_t from = node->inputs[0].id, to = node->result.id;
    const void *constant = evaluator->constants[from];
    if (constant)
        keep(evaluator, to, constant);
    else
        evaluator->offsets[to] = evaluator->offsets[from];
    return evaluator->offsets[to] != SIZE_MAX;
}

static bool is_constant_alone(const struct evaluator *evaluator, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!evaluator->constants[node->inputs[i].id]) return false;
    return node->input_count > 0;
}

static void *first_lane(const struct evaluator *evaluator, const char *block, size_t elements, struct arena *arena) {
    size_t size = number_size(evaluator);
    char *numbers = arena_calloc(arena, elements, size);
    for (size_t e = 0; e < elements; e++) memcpy(numbers + e * size, block + e * EVENT_LANES * size, size);
    return numbers;
}

/* Runs a step that reads constants alone as a plan of its own. */
static void compute_now(struct evaluator *evaluator, struct step *step, struct arena *arena) {
    const struct node *node = step->node;
    const struct value *results = op_result(evaluator->graph, node);
    struct arena *scratch = arena_new(evaluator->graph->context);
    struct evaluator alone = *evaluator;
    step->first_operand = 0;
    alone.steps = step;
    alone.step_count = 1;
    alone.operand_count = node->input_count;
    alone.numbers = alone.computed = 0;
    place(&alone, node);
    struct evaluator_state *state = evaluator_state_in(&alone, scratch);
    run_steps(state, 1);
    for (uint32_t r = 0; r < node->result_count; r++) {
        valref value = {node->result.id + r};
        keep(evaluator, value.id,
             first_lane(evaluator, block_of(state, value), shape_elements(&results[r].shape), arena));
    }
    arena_free(scratch);
}

static int plan_step(struct evaluator *evaluator, const struct node *node, struct arena *arena) {
    const struct graph *graph = evaluator->graph;
    const struct op_family *family = op_info(node->op)->family;
    if (evaluator->integer ? !family->eval_integer : !family->eval_real)
        return REFUSE(graph, node, NULL, "'%s' cannot be evaluated in %s arithmetic", op_info(node->op)->name,
                      evaluator->integer ? "integer" : "real");
    struct step *step = &evaluator->steps[evaluator->step_count];
    *step = (struct step){.node = node, .family = family, .first_operand = evaluator->operand_count};
    step->plan = family->prepare ? family->prepare(graph, node, arena) : NULL;
    if (node->body && !(step->body = evaluator_new(node->body, arena))) return -1;
    if (is_constant_alone(evaluator, node)) {
        compute_now(evaluator, step, arena);
        return 0;
    }
    place(evaluator, node);
    evaluator->step_count++;
    evaluator->operand_count += node->input_count;
    return 0;
}

static int plan_node(struct evaluator *evaluator, const struct node *node, struct arena *arena) {
    switch (node->op) {
    case OP_INPUT: place(evaluator, node); return 0;
    case OP_CONSTANT:
        evaluator->constants[node->result.id] = constant_data(&node->attributes.constant, evaluator->integer);
        return 0;
    case OP_RESHAPE: return shares(evaluator, node) ? 0 : plan_step(evaluator, node, arena);
    default: return plan_step(evaluator, node, arena);
    }
}

struct evaluator *evaluator_new(const struct graph *graph, struct arena *arena) {
    struct evaluator *evaluator = ARENA_NEW(arena, struct evaluator);
    evaluator->graph = graph;
    evaluator->integer = graph_is_integer(graph);
    evaluator->steps = ARENA_ARRAY(arena, struct step, graph->node_count);
    struct value_list inputs = graph_inputs(graph, arena);
    evaluator->input_count = inputs.count;
    evaluator->inputs = inputs.at;
    evaluator->constants = ARENA_ARRAY(arena, const void *, graph->value_count);
    evaluator->offsets = ARENA_ARRAY(arena, size_t, graph->value_count);
    for (uint32_t i = 0; i < graph->value_count; i++) evaluator->offsets[i] = SIZE_MAX;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        if (!graph->nodes[i].dead && plan_node(evaluator, &graph->nodes[i], arena)) return NULL;
    }
    return evaluator;
}

/* ---- runs ---- */

void *evaluator_body_input(struct evaluator_state *body, uint32_t input) {
    return (void *)(uintptr_t)block_of(body, body->evaluator->inputs[input]);
}

void evaluator_body_run(struct evaluator_state *body, int lanes) {
    run_steps(body, lanes);
}

const void *evaluator_body_output(const struct evaluator_state *body, uint32_t output, size_t *element_stride,
                                  size_t *lane_stride) {
    const void *data;
    point_at(body, body->evaluator->graph->outputs[output].value, &data, element_stride, lane_stride);
    return data;
}

/* The same for both kinds of numbers: events x elements in, elements x lanes inside. */
#define DEFINE_RUN(kind, type)                                                                                         \
    static void load_##kind(struct evaluator_state *state, uint32_t input, int lanes, const type *in) {                \
        const struct evaluator *evaluator = state->evaluator;                                                          \
        valref value = evaluator->inputs[input];                                                                       \
        size_t count = shape_elements(&evaluator->graph->values[value.id].shape);                                      \
        type *block = (type *)state->blocks + evaluator->offsets[value.id];                                            \
        for (size_t element = 0; element < count; element++)                                                           \
            for (size_t lane = 0; lane < EVENT_LANES; lane++)                                                          \
                block[element * EVENT_LANES + lane] = in[(lane < (size_t)lanes ? lane : 0) * count + element];         \
    }                                                                                                                  \
    static void store_##kind(const struct evaluator_state *state, uint32_t output, int lanes, type *out) {             \
        const struct graph *graph = state->evaluator->graph;                                                           \
        valref value = graph->outputs[output].value;                                                                   \
        size_t count = shape_elements(&graph->values[value.id].shape), element_stride, lane_stride;                    \
        const void *data;                                                                                              \
        point_at(state, value, &data, &element_stride, &lane_stride);                                                  \
        for (size_t lane = 0; lane < (size_t)lanes; lane++)                                                            \
            for (size_t element = 0; element < count; element++)                                                       \
                out[lane * count + element] = ((const type *)data)[element * element_stride + lane * lane_stride];     \
    }                                                                                                                  \
    void evaluator_run_##kind(const struct evaluator *evaluator, struct evaluator_state *state, int lanes,             \
                              const type *const *inputs, type *const *outputs) {                                       \
        for (uint32_t i = 0; i < evaluator->input_count; i++) load_##kind(state, i, lanes, inputs[i]);                 \
        run_steps(state, lanes);                                                                                       \
        for (uint32_t i = 0; i < evaluator->graph->output_count; i++) store_##kind(state, i, lanes, outputs[i]);       \
    }

DEFINE_RUN(reals, float)
DEFINE_RUN(integers, int64_t)

/* ---- any number of events ---- */

struct job {
    const struct evaluator *evaluator;
    struct bxc_context *context;
    size_t events, size; /* of a number, in bytes */
    const void *const *inputs;
    void *const *outputs;
    size_t *input_elements, *output_elements;
};

/* One block; ports point to where its events begin. */
static void run_block(const struct job *job, struct evaluator_state *state, size_t block, const void **in, void **out) {
    size_t first = block * EVENT_LANES, left = job->events - first;
    int lanes = left < EVENT_LANES ? (int)left : EVENT_LANES;
    for (uint32_t i = 0; i < job->evaluator->input_count; i++)
        in[i] = (const char *)job->inputs[i] + first * job->input_elements[i] * job->size;
    for (uint32_t i = 0; i < job->evaluator->graph->output_count; i++)
        out[i] = (char *)job->outputs[i] + first * job->output_elements[i] * job->size;
    if (job->evaluator->integer)
        evaluator_run_integers(job->evaluator, state, lanes, (const int64_t *const *)in, (int64_t *const *)out);
    else
        evaluator_run_reals(job->evaluator, state, lanes, (const float *const *)in, (float *const *)out);
}

/* All blocks, in parallel; 1 when memory ran out. */
static int run_blocks(const struct job *job, int threads) {
    size_t blocks = (job->events + EVENT_LANES - 1) / EVENT_LANES;
    int failed = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed)
    {
        struct evaluator_state *state = evaluator_state_new(job->evaluator);
        const void **in = calloc((size_t)job->evaluator->input_count + 1, sizeof *in);
        void **out = calloc((size_t)job->evaluator->graph->output_count + 1, sizeof *out);
        failed = !state || !in || !out;
#pragma omp for schedule(static)
        for (size_t block = 0; block < blocks; block++) {
            if (!failed && !atomic_load_explicit(&job->context->cancelled, memory_order_relaxed))
                run_block(job, state, block, in, out);
        }
        free(in);
        free(out);
        evaluator_state_free(state);
    }
    return failed;
}

static int thread_count(const struct bxc_context *context, size_t events) {
    size_t blocks = (events + EVENT_LANES - 1) / EVENT_LANES;
    int threads = context->threads > 0 ? context->threads : omp_get_max_threads();
    return (size_t)threads > blocks ? (int)(blocks ? blocks : 1) : threads;
}

static int run_job(struct job *job, const struct graph *graph, struct arena *scratch) {
    struct location at = graph_location(graph, NULL);
    job->input_elements = ARENA_ARRAY(scratch, size_t, job->evaluator->input_count);
    job->output_elements = ARENA_ARRAY(scratch, size_t, graph->output_count);
    for (uint32_t i = 0; i < job->evaluator->input_count; i++)
        job->input_elements[i] = shape_elements(&graph_value(graph, job->evaluator->inputs[i])->shape);
    for (uint32_t i = 0; i < graph->output_count; i++)
        job->output_elements[i] = shape_elements(&graph_value(graph, graph->outputs[i].value)->shape);
    if (run_blocks(job, thread_count(graph->context, job->events)))
        return diag_error(&graph->context->diagnostics, at, NULL, "memory ran out while events were run");
    if (atomic_load(&graph->context->cancelled)) return diag_error(&graph->context->diagnostics, at, NULL, "cancelled");
    return 0;
}

static int run_graph(const struct graph *graph, bool integer, size_t events, const void *const *inputs,
                     void *const *outputs) {
    struct arena *scratch = arena_new(graph->context);
    struct evaluator *evaluator = evaluator_new(graph, scratch);
    int status = -1;
    if (evaluator && evaluator->integer != integer)
        status = diag_error(&graph->context->diagnostics, graph_location(graph, NULL), NULL,
                            "the graph is not in %s arithmetic", integer ? "integer" : "real");
    else if (evaluator) {
        struct job job = {.evaluator = evaluator,
                          .context = graph->context,
                          .events = events,
                          .size = integer ? sizeof(int64_t) : sizeof(float),
                          .inputs = inputs,
                          .outputs = outputs};
        status = run_job(&job, graph, scratch);
    }
    arena_free(scratch);
    return status;
}

size_t graph_block_events(const struct graph *graph) {
    enum { EVENTS_MOST = 16384, NUMBERS_MOST = 1 << 23 };
    size_t numbers = 1, events;
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op == OP_INPUT && !graph->nodes[i].dead)
            numbers += shape_elements(&graph_value(graph, graph->nodes[i].result)->shape);
    for (uint32_t o = 0; o < graph->output_count; o++)
        numbers += shape_elements(&graph_value(graph, graph->outputs[o].value)->shape);
    events = NUMBERS_MOST / numbers / EVENT_LANES * EVENT_LANES;
    return events > EVENTS_MOST ? EVENTS_MOST : events < EVENT_LANES ? EVENT_LANES : events;
}

int graph_run_reals(const struct graph *graph, size_t events, const float *const *inputs, float *const *outputs) {
    return run_graph(graph, false, events, (const void *const *)inputs, (void *const *)outputs);
}

int graph_run_integers(const struct graph *graph, size_t events, const int64_t *const *inputs,
                       int64_t *const *outputs) {
    return run_graph(graph, true, events, (const void *const *)inputs, (void *const *)outputs);
}
