/* Where the error arises: values of the layers that the firmware and the float model both have, on a sample of
 * events. A layer's twin is the float model's node of the same name; what quantising put behind a node is called
 * "<node>.narrow". Where scales are no powers of two integers stand for other units inside: the nearest factor
 * is taken out. Nodes whose values mean something else (a batch normalisation that was folded) show themselves
 * by layers behind them that are near again, and are left out. */
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/name_index.h"
#include "ir/ops.h"

enum { SAMPLE_EVENTS = 1024 };

struct twin {
    noderef real, fixed;
    size_t elements;
    double real_square, fixed_square, product, difference; /* sums */
};

struct layer_errors {
    const struct graph *reference, *fixed;
    struct arena *arena;
    struct evaluator *real_evaluator, *fixed_evaluator;
    struct evaluator_state *real_state, *fixed_state;
    struct twin *twins;
    uint32_t twin_count, events;
    float **real_outputs;
    int64_t **fixed_outputs;
};

/* The first node of the name text[0..length) that a node of the firmware can be compared with. */
static noderef twin_called(const struct layer_errors *errors, const struct name_index *names, const struct node *fixed,
                           const char *text, size_t length) {
    const struct graph *reference = errors->reference;
    noderef at = name_index_first(names, text, length);
    for (; at.id != UINT32_MAX; at = name_index_next(names, at)) {
        const struct node *node = graph_node(reference, at);
        if (node->op != OP_CONSTANT && graph_value(reference, node->result)->kind == VALUE_REAL &&
            graph_elements(reference, node->result) == graph_elements(errors->fixed, fixed->result))
            return at;
    }
    return NO_NODE;
}

/* By its own name, or as what was put behind it; where both are there the first in the order of the nodes. */
static noderef twin_of(const struct layer_errors *errors, const struct name_index *names, const struct node *fixed) {
    size_t length = strlen(fixed->name);
    noderef twin = twin_called(errors, names, fixed, fixed->name, length);
    if (!text_ends_with(fixed->name, ".narrow")) return twin;
    noderef before = twin_called(errors, names, fixed, fixed->name, length - strlen(".narrow"));
    return before.id < twin.id ? before : twin;
}

static void find_twins(struct layer_errors *errors) {
    const struct graph *fixed = errors->fixed;
    const struct name_index *names = name_index_new(errors->reference, errors->arena);
    errors->twins = ARENA_ARRAY(errors->arena, struct twin, fixed->node_count + 1);
    for (uint32_t i = 0; i < fixed->node_count; i++) {
        const struct node *node = &fixed->nodes[i];
        if (node->dead || node->op == OP_CONSTANT || graph_value(fixed, node->result)->kind != VALUE_INTEGER) continue;
        noderef real = twin_of(errors, names, node);
        if (real.id == UINT32_MAX) continue;
        errors->twins[errors->twin_count++] =
            (struct twin){.real = real, .fixed = {i}, .elements = graph_elements(fixed, node->result)};
    }
}

struct layer_errors *layer_errors_new(const struct graph *reference, const struct graph *fixed, struct arena *arena) {
    struct layer_errors *errors = ARENA_NEW(arena, struct layer_errors);
    *errors = (struct layer_errors){.reference = reference, .fixed = fixed, .arena = arena};
    find_twins(errors);
    errors->real_evaluator = evaluator_new(reference, arena);
    errors->fixed_evaluator = evaluator_new(fixed, arena);
    if (!errors->real_evaluator || !errors->fixed_evaluator) return NULL;
    errors->real_state = evaluator_state_in(errors->real_evaluator, arena);
    errors->fixed_state = evaluator_state_in(errors->fixed_evaluator, arena);
    errors->real_outputs = ARENA_ARRAY(arena, float *, reference->output_count + 1);
    errors->fixed_outputs = ARENA_ARRAY(arena, int64_t *, fixed->output_count + 1);
    for (uint32_t o = 0; o < reference->output_count; o++)
        errors->real_outputs[o] =
            arena_calloc(arena, EVENT_LANES, graph_elements(reference, reference->outputs[o].value) * sizeof(float));
    for (uint32_t o = 0; o < fixed->output_count; o++)
        errors->fixed_outputs[o] =
            arena_calloc(arena, EVENT_LANES, graph_elements(fixed, fixed->outputs[o].value) * sizeof(int64_t));
    return errors;
}

void layer_errors_close(struct layer_errors *errors) {
    if (!errors) return;
    evaluator_state_free(errors->real_state);
    evaluator_state_free(errors->fixed_state);
}

static void add_twin(struct layer_errors *errors, struct twin *twin, size_t lanes, const bool *measured) {
    valref real = errors->reference->nodes[twin->real.id].result, fixed = errors->fixed->nodes[twin->fixed.id].result;
    const float *a = evaluator_reals(errors->real_state, real);
    const int64_t *b = evaluator_integers(errors->fixed_state, fixed);
    for (size_t e = 0; a && b && e < twin->elements; e++) {
        int fraction = graph_format(errors->fixed, fixed, e).fraction;
        for (size_t lane = 0; lane < lanes; lane++) {
            double x = (double)a[e * EVENT_LANES + lane], y = fixed_to_real(b[e * EVENT_LANES + lane], fraction);
            if (!measured[lane] || !isfinite(x)) continue;
            twin->real_square += x * x;
            twin->fixed_square += y * y;
            twin->product += x * y;
            twin->difference += (x - y) * (x - y);
        }
    }
}

void layer_errors_add(struct layer_errors *errors, size_t events, const float *const *reals,
                      const int64_t *const *integers, const size_t *elements, uint32_t inputs, const bool *measured) {
    struct arena *scratch = arena_new(errors->fixed->context);
    const float **real_rows = ARENA_ARRAY(scratch, const float *, inputs + 1);
    const int64_t **integer_rows = ARENA_ARRAY(scratch, const int64_t *, inputs + 1);
    for (size_t first = 0; first < events && errors->events < SAMPLE_EVENTS; first += EVENT_LANES) {
        size_t lanes = events - first < EVENT_LANES ? events - first : EVENT_LANES;
        for (uint32_t i = 0; i < inputs; i++) {
            real_rows[i] = reals[i] + first * elements[i];
            integer_rows[i] = integers[i] + first * elements[i];
        }
        evaluator_run_reals(errors->real_evaluator, errors->real_state, (int)lanes, real_rows, errors->real_outputs);
        evaluator_run_integers(errors->fixed_evaluator, errors->fixed_state, (int)lanes, integer_rows,
                               errors->fixed_outputs);
        for (uint32_t t = 0; t < errors->twin_count; t++) add_twin(errors, &errors->twins[t], lanes, measured + first);
        for (size_t lane = 0; lane < lanes; lane++) errors->events += measured[first + lane];
    }
    arena_free(scratch);
}

/* The error beside the nearest multiple of the firmware's numbers; the numbers themselves where they are near. */
static double squared_error(const struct twin *twin) {
    double factor = twin->fixed_square > 0 ? twin->product / twin->fixed_square : 1;
    if (fabs(factor - 1) < 0.05 || twin->difference <= 0.0025 * twin->real_square) return twin->difference;
    return fmax(twin->real_square - factor * twin->product, 0);
}

static double relative_error(const struct twin *twin) {
    double square = squared_error(twin);
    return twin->real_square > 0 ? sqrt(square / twin->real_square) : square > 0 ? 1 : 0;
}

void layer_errors_finish(const struct layer_errors *errors, struct loss *loss, struct arena *arena) {
    const double near_again = 0.25;
    bool *kept = ARENA_ARRAY(errors->arena, bool, errors->twin_count + 1);
    double least_later = INFINITY, before = 0, most = 0;
    for (uint32_t t = errors->twin_count; t-- > 0;) {
        double relative = relative_error(&errors->twins[t]);
        kept[t] = near_again * relative <= least_later && loss->layer_count < LOSS_NAMED_LAYERS;
        loss->layer_count += kept[t];
        least_later = fmin(least_later, relative);
    }
    loss->layers = ARENA_ARRAY(arena, struct layer_loss, loss->layer_count + 1);
    struct layer_loss *layer = loss->layers;
    for (uint32_t t = 0; t < errors->twin_count; t++) {
        const struct twin *twin = &errors->twins[t];
        double relative = relative_error(twin), numbers = (double)errors->events * (double)twin->elements;
        if (!kept[t]) continue;
        layer->name = arena_strdup(arena, errors->fixed->nodes[twin->fixed.id].name);
        layer->error = numbers > 0 ? sqrt(squared_error(twin) / numbers) : 0;
        layer->relative = relative;
        layer->added = fmax(relative - before, 0);
        before = fmax(before, relative);
        if (layer->added > most) {
            most = layer->added;
            loss->layer = layer->name;
        }
        layer++;
    }
}
