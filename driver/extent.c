/* Whether an event is small enough for a circuit at all: judged of the model as it was read, before any pass looks at
 * its elements one by one. Limits lie far above what the largest part takes, so that nothing that fits is refused. */
#include "driver/driver.h"
#include "ir/ops.h"

enum {
    ELEMENTS_MAX = 1 << 18,       /* that change with the event, of one node */
    ALL_ELEMENTS_MAX = 1 << 22,   /* of all nodes together */
    FIXED_ELEMENTS_MAX = 1 << 24, /* weights, and what is computed of them */
};

struct extent {
    double moving, fixed; /* elements of all nodes */
    double most, most_fixed;
    const struct node *largest, *largest_fixed;
    const char *shape, *shape_fixed;
};

bool *extent_fixed(struct arena *arena, const struct graph *graph) {
    bool *fixed = ARENA_ARRAY(arena, bool, graph->value_count + 1);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        bool all = node->op != OP_INPUT;
        for (uint32_t i = 0; i < node->input_count; i++) all = all && fixed[node->inputs[i].id];
        for (uint32_t r = 0; r < node->result_count; r++) fixed[node_result(node, r).id] = all;
    }
    return fixed;
}

static void count(struct extent *extent, struct arena *arena, const struct node *node, const struct shape *shape,
                  double elements, bool fixed) {
    double *most = fixed ? &extent->most_fixed : &extent->most;
    *(fixed ? &extent->fixed : &extent->moving) += elements;
    if (elements <= *most) return;
    *most = elements;
    *(fixed ? &extent->largest_fixed : &extent->largest) = node;
    *(fixed ? &extent->shape_fixed : &extent->shape) = shape_words(arena, shape);
}

/* runs: of the graph an event; a body is written out once a trip. */
static void measure(struct extent *extent, struct arena *arena, const struct graph *graph, double runs) {
    const bool *fixed = extent_fixed(arena, graph);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead) continue;
        for (uint32_t r = 0; r < node->result_count; r++) {
            valref value = node_result(node, r);
            const struct shape *shape = &graph_value(graph, value)->shape;
            const double copies = node->op == OP_CONSTANT ? 1 : runs;
            count(extent, arena, node, shape, copies * (double)shape_elements(shape), fixed[value.id]);
        }
        if (node->body) measure(extent, arena, node->body, runs * (double)node->attributes.loop.trips);
    }
}

/* What could be done: the positions of the convolution that has the most. */
static const char *what_would_help(struct arena *arena, const struct graph *graph) {
    const char *name = NULL;
    double most = 1;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        double here = graph->nodes[n].dead ? 1 : convolution_positions(graph, &graph->nodes[n]);
        if (here <= most) continue;
        most = here;
        name = graph->nodes[n].name;
    }
    return name
               ? arena_printf(arena,
                              "convolution '%s' has %s positions: they would have to be served one after the other, in "
                              "an interval of as many cycles, which bxc does not do yet; 'bxc run --engine float' "
                              "evaluates it",
                              name, words_count(arena, most))
               : "make the event or the network smaller; 'bxc run --engine float' evaluates it";
}

static int refuse(struct bxc_context *context, const struct graph *graph, const char *model, const struct node *node,
                  const char *shape, double elements, const char *whose, double limit) {
    struct arena *scratch = arena_new(context);
    diag_error(&context->diagnostics, (struct location){.file = model, .node = node->name},
               what_would_help(scratch, graph),
               "the network is too large for a circuit: %s numbers %s (this node: %s), and bxc takes at most %s",
               words_count(scratch, elements), whose, shape, words_count(scratch, limit));
    arena_free(scratch);
    return -1;
}

int extent_check(struct bxc_context *context, const struct graph *graph, const char *model) {
    struct extent e = {0};
    struct arena *scratch = arena_new(context);
    int result = 0;
    measure(&e, scratch, graph, 1);
    if (e.most > ELEMENTS_MAX)
        result = refuse(context, graph, model, e.largest, e.shape, e.most, "an event in one node", ELEMENTS_MAX);
    else if (e.moving > ALL_ELEMENTS_MAX)
        result = refuse(context, graph, model, e.largest, e.shape, e.moving, "an event in all nodes", ALL_ELEMENTS_MAX);
    else if (e.fixed > FIXED_ELEMENTS_MAX)
        result = refuse(context, graph, model, e.largest_fixed, e.shape_fixed, e.fixed,
                        "in its weights and what is computed of them", FIXED_ELEMENTS_MAX);
    arena_free(scratch);
    return result;
}
