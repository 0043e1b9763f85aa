/* graph_infer: types of all nodes afresh, with intervals as tight as linearity allows.
 *
 * Each operator's own rule takes its operands for independent. That is wrong by much where they are
 * not: x - x, or two matrices in a row. So each element carries, beside its interval, a linear form:
 * a constant plus coefficients times sources, which are the elements of inputs and of everything that
 * is no linear function of what came before. The interval of a form over its sources' intervals is
 * sound, and exact when the sources are independent; the result keeps the intersection of both.
 *
 * Forms are capped: an element whose form would have too many terms, or coefficients beyond 64 bits,
 * becomes a source itself. So the cost stays near the number of terms in the graph's products.
 *
 * An analysis that stays open while a graph is built gives each appended node the intervals that graph_infer would: a
 * graph that is read has those that it was written with. */
#include "ir/ops/families.h"
#include "ir/linear_form.h"
#include "ir/verify.h"

enum {
    FORM_TERMS_MAX = 1024,      /* of one element */
    STORED_TERMS_MAX = 1 << 22, /* of all elements */
    WORK_MAX = 1 << 27,         /* terms that are added up, in all */
    SOURCES_MAX = 1 << 22       /* elements; in a graph with more the operators' own rules must do */
};

struct analysis {
    struct graph *graph;
    struct arena *scratch;
    uint32_t value_capacity;
    struct linear_form **forms; /* one array a value; NULL: every element is a source */
    struct linear_form *own;    /* of the node that is looked at */
    uint32_t *first_source;     /* number of a value's element 0 among all that may be sources */
    uint32_t source_count, source_capacity;
    valref *value_of; /* by source */
    struct form_sum sum;
    bool fails; /* the element is a source, whatever its form */
    size_t stored;
    bool ended; /* too many sources */
};

/* ---- forms of elements ---- */

const struct graph *linear_graph(const struct analysis *analysis) {
    return analysis->graph;
}

struct arena *linear_scratch(const struct analysis *analysis) {
    return analysis->scratch;
}

void linear_begin(struct analysis *analysis) {
    form_begin(&analysis->sum);
    analysis->fails = analysis->sum.work > WORK_MAX;
}

void linear_fails(struct analysis *analysis) {
    analysis->fails = true;
}

void linear_add(struct analysis *analysis, const struct node *node, uint32_t operand, size_t element, int64_t factor,
                int shift) {
    struct form_sum *sum = &analysis->sum;
    valref value = node->inputs[operand];
    struct interval interval = op_interval(&analysis->graph->values[value.id], element), shifted;
    const struct linear_form *forms = analysis->forms[value.id];
    if (analysis->fails || sum->fails) return;
    if (!op_shift_interval((struct interval){factor, factor}, shift, &shifted) || !op_fits_64(shifted))
        analysis->fails = true;
    else if (shifted.lo == 0)
        return;
    else if (interval.lo == interval.hi)
        form_add_constant(sum, (int64_t)interval.lo, (int64_t)shifted.lo);
    else if (forms)
        form_add(sum, &forms[element], (int64_t)shifted.lo);
    else
        form_add_source(sum, analysis->first_source[value.id] + (uint32_t)element, (int64_t)shifted.lo);
}

void linear_add_product(struct analysis *analysis, const struct node *node, size_t a, size_t b, int shift) {
    struct interval left = op_interval(op_operand(analysis->graph, node, 0), a);
    struct interval right = op_interval(op_operand(analysis->graph, node, 1), b);
    if (right.lo == right.hi)
        linear_add(analysis, node, 0, a, (int64_t)right.lo, right.lo ? shift : 0);
    else if (left.lo == left.hi)
        linear_add(analysis, node, 1, b, (int64_t)left.lo, left.lo ? shift : 0);
    else
        analysis->fails = true;
}

static uint32_t source_of(const struct analysis *analysis, const struct node *node, size_t element) {
    return analysis->first_source[node->result.id] + (uint32_t)element;
}

void linear_end(struct analysis *analysis, const struct node *node, size_t element) {
    size_t count = shape_elements(&op_result(analysis->graph, node)->shape);
    if (!analysis->own) analysis->own = ARENA_ARRAY(analysis->scratch, struct linear_form, count);
    struct linear_form *form = &analysis->own[element];
    bool is_linear = form_end(&analysis->sum, analysis->scratch, form) && !analysis->fails;
    if (!is_linear || analysis->stored + form->count > STORED_TERMS_MAX) {
        const struct form_term self = {source_of(analysis, node, element), 1};
        *form = (struct linear_form){arena_copy(analysis->scratch, &self, sizeof self), 1, 0};
    }
    analysis->stored += form->count;
}

static struct interval source_interval(const void *user, uint32_t source) {
    const struct analysis *analysis = user;
    valref value = analysis->value_of[source];
    return op_interval(&analysis->graph->values[value.id], source - analysis->first_source[value.id]);
}

/* Replaces the result's intervals by those of its forms where they are tighter. */
static int tighten(struct analysis *analysis, const struct node *node, const struct linear_form *forms) {
    struct value *result = op_result(analysis->graph, node);
    size_t count = shape_elements(&result->shape);
    struct interval *intervals = ARENA_ARRAY(analysis->scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(analysis->scratch, int, count);
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        struct interval own = op_interval(result, i), tight;
        intervals[i] = own;
        fractions[i] = op_format(result, i).fraction;
        bool is_source = forms[i].count == 1 && forms[i].terms[0].source == source_of(analysis, node, i);
        if (is_source || !form_interval(&forms[i], source_interval, analysis, &tight)) continue;
        intervals[i].lo = tight.lo > own.lo ? tight.lo : own.lo;
        intervals[i].hi = tight.hi < own.hi ? tight.hi : own.hi;
        changed |= intervals[i].lo != own.lo || intervals[i].hi != own.hi;
    }
    return changed ? op_set_exact(analysis->graph, node, result, intervals, fractions) : 0;
}

static int analyse_node(struct analysis *analysis, const struct node *node) {
    const struct op_family *family = op_info(node->op)->family;
    analysis->own = NULL;
    if (analysis->ended || op_result(analysis->graph, node)->kind != VALUE_INTEGER || !family->linear ||
        !family->linear(analysis, node))
        return 0;
    if (op_is_sum(node->op) && tighten(analysis, node, analysis->own)) return -1;
    analysis->forms[node->result.id] = analysis->own;
    return 0;
}

/* ---- the whole graph ---- */

/* Numbers the elements that may become sources, once a value has its shape. */
static void number_sources(struct analysis *analysis, const struct node *node, uint32_t result_index) {
    const valref value = node_result(node, result_index);
    const struct value *result = &analysis->graph->values[value.id];
    size_t count = shape_elements(&result->shape);
    analysis->first_source[value.id] = analysis->source_count;
    if (result->kind != VALUE_INTEGER || node->op == OP_CONSTANT || analysis->ended) return;
    analysis->ended = count > SOURCES_MAX - analysis->source_count;
    if (analysis->ended) return;
    uint32_t first = analysis->source_count, old = analysis->source_capacity;
    analysis->source_count += (uint32_t)count;
    if (analysis->source_count > old) {
        analysis->source_capacity = 2 * analysis->source_count;
        analysis->value_of = arena_grow(analysis->scratch, analysis->value_of, old * sizeof value,
                                        analysis->source_capacity * sizeof value);
        form_reserve(&analysis->sum, analysis->source_count);
    }
    for (uint32_t s = first; s < analysis->source_count; s++) analysis->value_of[s] = value;
}

enum state { UNSEEN, BROKEN, KNOWN };

/* Whether all operands are known; a broken one has been diagnosed already. */
static bool operands_known(struct analysis *analysis, const struct node *node, const enum state *states) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        uint32_t id = node->inputs[i].id;
        if (id < analysis->graph->value_count && states[id] == KNOWN) continue;
        if (id >= analysis->graph->value_count || states[id] == UNSEEN)
            REFUSE(analysis->graph, node, NULL, "operand %u is removed, or comes later", (unsigned)i);
        return false;
    }
    return true;
}

static int infer_node(struct analysis *analysis, struct node *node) {
    struct graph *graph = analysis->graph;
    const struct op_info *info = op_info(node->op);
    if (!info || !info->family->infer)
        context_bug(graph->context, "node '%s' has no rule of inference", node->name ? node->name : "?");
    if (node->body && graph_infer(node->body)) return -1;
    if (info->family->infer(graph, node, op_result(graph, node))) return -1;
    for (uint32_t r = 0; r < node->result_count; r++) number_sources(analysis, node, r);
    return analyse_node(analysis, node);
}

/* Room for so many values. */
static void reserve_values(struct analysis *analysis, uint32_t count) {
    uint32_t capacity = analysis->value_capacity;
    if (count <= capacity) return;
    analysis->value_capacity = 2 * count;
    analysis->forms = arena_grow(analysis->scratch, analysis->forms, capacity * sizeof *analysis->forms,
                                 analysis->value_capacity * sizeof *analysis->forms);
    analysis->first_source =
        arena_grow(analysis->scratch, analysis->first_source, capacity * sizeof *analysis->first_source,
                   analysis->value_capacity * sizeof *analysis->first_source);
}

static struct analysis *analysis_new(struct graph *graph) {
    struct arena *scratch = arena_new(graph->context);
    struct analysis *analysis = ARENA_NEW(scratch, struct analysis);
    *analysis = (struct analysis){.graph = graph, .scratch = scratch};
    analysis->sum = form_sum_new(scratch, FORM_TERMS_MAX);
    reserve_values(analysis, graph->value_count);
    return analysis;
}

int graph_infer(struct graph *graph) {
    struct analysis *analysis = analysis_new(graph);
    enum state *states = ARENA_ARRAY(analysis->scratch, enum state, graph->value_count);
    int status = 0;
    for (uint32_t i = 0; i < graph->node_count; i++) {
        struct node *node = &graph->nodes[i];
        if (node->dead) continue;
        context_check(graph->context);
        if (node->result_count > graph->value_count || node->result.id > graph->value_count - node->result_count)
            context_bug(graph->context, "node '%s' has no result", node->name ? node->name : "?");
        bool known = operands_known(analysis, node, states) && infer_node(analysis, node) == 0;
        for (uint32_t r = 0; r < node->result_count; r++) states[node_result(node, r).id] = known ? KNOWN : BROKEN;
        status = known ? status : -1;
    }
    arena_free(analysis->scratch);
    return status;
}

void graph_open(struct graph *graph) {
    if (graph->node_count) context_bug(graph->context, "graph '%s' has nodes before it is opened", graph->name);
    graph->open = analysis_new(graph);
}

void graph_close(struct graph *graph) {
    if (graph->open) arena_free(graph->open->scratch);
    graph->open = NULL;
}

int graph_infer_appended(struct graph *graph, struct node *node) {
    reserve_values(graph->open, node->result.id + node->result_count);
    return infer_node(graph->open, node);
}
