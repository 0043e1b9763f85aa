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
#include "ir/geometry.h"
#include "ir/verify.h"

enum {
    FORM_TERMS_MAX = 1024,      /* of one element */
    STORED_TERMS_MAX = 1 << 22, /* of all elements */
    WORK_MAX = 1 << 27,         /* terms that are added up, in all */
    SOURCES_MAX = 1 << 22       /* elements; in a graph with more the operators' own rules must do */
};

struct form_term {
    uint32_t value, element; /* the source */
    int64_t coefficient;
};

/* In stored integers: the element's is the constant plus coefficients times the sources'. */
struct form {
    const struct form_term *terms;
    uint32_t count;
    int64_t constant;
};

struct analysis {
    struct graph *graph;
    struct arena *scratch;
    uint32_t value_capacity;
    struct form **forms;    /* one array a value; NULL: every element is a source */
    uint64_t *first_source; /* number of a value's element 0 among all that may be sources */
    uint64_t source_count, source_capacity;
    int64_t *coefficients; /* the form that is being added up, by source */
    bool *is_touched;
    struct form_term *touched;
    uint32_t touched_count;
    int64_t constant;
    bool overflow; /* it has too many terms or too large coefficients */
    size_t stored, work;
    bool ended; /* too many sources */
};

/* ---- adding up one form ---- */

static void start(struct analysis *analysis) {
    analysis->touched_count = 0;
    analysis->constant = 0;
    analysis->overflow = analysis->work > WORK_MAX;
}

static void add_term(struct analysis *analysis, uint32_t value, uint32_t element, int64_t coefficient, int64_t factor) {
    uint64_t source = analysis->first_source[value] + element;
    int64_t product;
    if (__builtin_mul_overflow(coefficient, factor, &product)) {
        analysis->overflow = true;
        return;
    }
    if (!analysis->is_touched[source]) {
        if (analysis->touched_count == FORM_TERMS_MAX) {
            analysis->overflow = true;
            return;
        }
        analysis->is_touched[source] = true;
        analysis->coefficients[source] = 0;
        analysis->touched[analysis->touched_count++] = (struct form_term){value, element, 0};
    }
    if (__builtin_add_overflow(analysis->coefficients[source], product, &analysis->coefficients[source]))
        analysis->overflow = true;
}

static void add_constant(struct analysis *analysis, int64_t constant, int64_t factor) {
    int64_t product;
    if (__builtin_mul_overflow(constant, factor, &product) ||
        __builtin_add_overflow(analysis->constant, product, &analysis->constant))
        analysis->overflow = true;
}

/* Adds factor times an element of a value. */
static void add_element(struct analysis *analysis, valref value, size_t element, int64_t factor) {
    struct interval interval = op_interval(&analysis->graph->values[value.id], element);
    const struct form *forms = analysis->forms[value.id];
    if (analysis->overflow || factor == 0) return;
    if (interval.lo == interval.hi) {
        add_constant(analysis, (int64_t)interval.lo, factor);
        return;
    }
    if (!forms) {
        add_term(analysis, value.id, (uint32_t)element, 1, factor);
        analysis->work++;
        return;
    }
    const struct form *form = &forms[element];
    add_constant(analysis, form->constant, factor);
    for (uint32_t i = 0; i < form->count && !analysis->overflow; i++)
        add_term(analysis, form->terms[i].value, form->terms[i].element, form->terms[i].coefficient, factor);
    analysis->work += form->count;
}

static void add_shifted(struct analysis *analysis, valref value, size_t element, int64_t factor, int shift) {
    struct interval shifted;
    if (!op_shift_interval((struct interval){factor, factor}, shift, &shifted) || !op_fits_64(shifted))
        analysis->overflow = true;
    else
        add_element(analysis, value, element, (int64_t)shifted.lo);
}

/* Ends a form: gathers its terms, or makes the element a source. */
static struct form finish(struct analysis *analysis, valref value, size_t element) {
    struct form form = {.constant = analysis->constant};
    for (uint32_t i = 0; i < analysis->touched_count; i++) {
        struct form_term *term = &analysis->touched[i];
        uint64_t source = analysis->first_source[term->value] + term->element;
        analysis->is_touched[source] = false;
        term->coefficient = analysis->coefficients[source];
        if (term->coefficient) analysis->touched[form.count++] = *term;
    }
    if (analysis->stored + form.count > STORED_TERMS_MAX) analysis->overflow = true;
    if (analysis->overflow) {
        analysis->touched[0] = (struct form_term){value.id, (uint32_t)element, 1};
        form = (struct form){.count = 1};
    }
    form.terms = arena_copy(analysis->scratch, analysis->touched, form.count * sizeof *form.terms);
    analysis->stored += form.count;
    return form;
}

/* The interval of a form; false when it leaves 128 bits. */
static bool form_interval(const struct analysis *analysis, const struct form *form, struct interval *out) {
    *out = (struct interval){form->constant, form->constant};
    for (uint32_t i = 0; i < form->count; i++) {
        const struct form_term *term = &form->terms[i];
        struct interval source = op_interval(&analysis->graph->values[term->value], term->element);
        struct interval factor = {term->coefficient, term->coefficient};
        if (!op_add_interval(*out, op_multiply_interval(source, factor), out)) return false;
    }
    return true;
}

/* ---- the operators that are linear ---- */

/* Each adds up the form of one element of a result, or sets overflow where it is no linear one. */
struct linear {
    const uint32_t *map_a, *map_b; /* arithmetic */
    const struct movement *movement;
    struct axis_reduction reduction;
    struct matrix_product product;
};

static void form_of_sum(struct analysis *analysis, const struct node *node, const struct linear *linear,
                        size_t element) {
    const struct value *a = op_operand(analysis->graph, node, 0), *b = op_operand(analysis->graph, node, 1);
    size_t i = op_mapped(linear->map_a, element), j = op_mapped(linear->map_b, element);
    int fraction = op_format(op_result(analysis->graph, node), element).fraction;
    add_shifted(analysis, node->inputs[0], i, 1, fraction - op_format(a, i).fraction);
    add_shifted(analysis, node->inputs[1], j, node->op == OP_SUB ? -1 : 1, fraction - op_format(b, j).fraction);
}

/* Adds a * b << shift where one of them is constant. */
static void add_product(struct analysis *analysis, const struct node *node, size_t i, size_t j, int shift) {
    struct interval a = op_interval(op_operand(analysis->graph, node, 0), i);
    struct interval b = op_interval(op_operand(analysis->graph, node, 1), j);
    if (b.lo == b.hi && b.lo == 0) return;
    if (a.lo == a.hi && a.lo == 0) return;
    if (b.lo == b.hi)
        add_shifted(analysis, node->inputs[0], i, (int64_t)b.lo, shift);
    else if (a.lo == a.hi)
        add_shifted(analysis, node->inputs[1], j, (int64_t)a.lo, shift);
    else
        analysis->overflow = true;
}

static void form_of_matmul(struct analysis *analysis, const struct node *node, const struct linear *linear,
                           size_t element) {
    const struct matrix_product *product = &linear->product;
    const struct value *a = op_operand(analysis->graph, node, 0), *b = op_operand(analysis->graph, node, 1);
    int fraction = op_format(op_result(analysis->graph, node), element).fraction;
    size_t column = element % product->columns, row = element / product->columns % product->rows;
    size_t batch = element / product->columns / product->rows;
    for (size_t k = 0; k < product->depth && !analysis->overflow; k++) {
        size_t i = product->left[batch] + row * product->depth + k;
        size_t j = product->right[batch] + k * product->columns + column;
        add_product(analysis, node, i, j, fraction - op_format(a, i).fraction - op_format(b, j).fraction);
    }
}

static void form_of_reduction(struct analysis *analysis, const struct node *node, const struct linear *linear,
                              size_t element) {
    const struct axis_reduction *reduction = &linear->reduction;
    const struct value *x = op_operand(analysis->graph, node, 0);
    int fraction = op_format(op_result(analysis->graph, node), element).fraction;
    for (size_t k = 0; k < reduction->length; k++) {
        size_t i = (element / reduction->inner * reduction->length + k) * reduction->inner + element % reduction->inner;
        add_shifted(analysis, node->inputs[0], i, 1, fraction - op_format(x, i).fraction);
    }
}

/* Exact where only zeros are appended and the format holds everything. */
static void form_of_narrow(struct analysis *analysis, const struct node *node, size_t element) {
    const struct value *x = op_operand(analysis->graph, node, 0);
    struct format format = op_format(op_result(analysis->graph, node), element);
    int grow = format.fraction - op_format(x, element).fraction;
    struct interval grown;
    if (grow < 0 || !op_shift_interval(op_interval(x, element), grow, &grown) || !interval_fits(grown, format))
        analysis->overflow = true;
    else if (node->attributes.quantizer.overflow == OVERFLOW_SATURATE_SYMMETRIC && grown.lo < -format_max(format))
        analysis->overflow = true;
    else
        add_shifted(analysis, node->inputs[0], element, 1, grow);
}

static void form_of_relu(struct analysis *analysis, const struct node *node, size_t element) {
    if (op_interval(op_operand(analysis->graph, node, 0), element).lo >= 0)
        add_element(analysis, node->inputs[0], element, 1);
    else
        analysis->overflow = true;
}

static void form_of_element(struct analysis *analysis, const struct node *node, const struct linear *linear,
                            size_t element) {
    switch (node->op) {
    case OP_ADD:
    case OP_SUB: form_of_sum(analysis, node, linear, element); break;
    case OP_MUL:
        add_product(analysis, node, op_mapped(linear->map_a, element), op_mapped(linear->map_b, element), 0);
        break;
    case OP_MATMUL: form_of_matmul(analysis, node, linear, element); break;
    case OP_REDUCE_SUM: form_of_reduction(analysis, node, linear, element); break;
    case OP_NARROW: form_of_narrow(analysis, node, element); break;
    case OP_RELU: form_of_relu(analysis, node, element); break;
    default: /* movement */
        add_element(analysis, node->inputs[linear->movement[element].operand], linear->movement[element].element, 1);
        break;
    }
}

/* What an operator needs to find its operands' elements; false when it is not linear. */
static bool linear_of(struct analysis *analysis, const struct node *node, struct linear *linear) {
    const struct graph *graph = analysis->graph;
    const struct shape *shape = &op_result(graph, node)->shape;
    switch (node->op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
        linear->map_a = op_broadcast_map(analysis->scratch, shape, &op_operand(graph, node, 0)->shape);
        linear->map_b = op_broadcast_map(analysis->scratch, shape, &op_operand(graph, node, 1)->shape);
        return true;
    case OP_MATMUL:
        linear->product =
            product_geometry(analysis->scratch, &op_operand(graph, node, 0)->shape, &op_operand(graph, node, 1)->shape);
        return true;
    case OP_REDUCE_SUM:
        linear->reduction = reduction_geometry(&op_operand(graph, node, 0)->shape, node->attributes.axis.axis);
        return true;
    case OP_RESHAPE:
    case OP_TRANSPOSE:
    case OP_CONCAT:
    case OP_SLICE:
    case OP_GATHER: linear->movement = movement_map(graph, node, analysis->scratch); return true;
    case OP_NARROW:
    case OP_RELU: return true;
    default: return false;
    }
}

static bool has_own_format(enum op op) {
    return op == OP_ADD || op == OP_SUB || op == OP_MUL || op == OP_MATMUL || op == OP_REDUCE_SUM;
}

/* Replaces the result's intervals by those of its forms where they are tighter. */
static int tighten(struct analysis *analysis, const struct node *node, const struct form *forms) {
    struct value *result = op_result(analysis->graph, node);
    size_t count = shape_elements(&result->shape);
    struct interval *intervals = ARENA_ARRAY(analysis->scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(analysis->scratch, int, count);
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        struct interval own = op_interval(result, i), tight;
        intervals[i] = own;
        fractions[i] = op_format(result, i).fraction;
        bool is_source = forms[i].count == 1 && forms[i].terms[0].value == node->result.id;
        if (is_source || !form_interval(analysis, &forms[i], &tight)) continue;
        intervals[i].lo = tight.lo > own.lo ? tight.lo : own.lo;
        intervals[i].hi = tight.hi < own.hi ? tight.hi : own.hi;
        changed |= intervals[i].lo != own.lo || intervals[i].hi != own.hi;
    }
    return changed ? op_set_exact(analysis->graph, node, result, intervals, fractions) : 0;
}

static int analyse_node(struct analysis *analysis, const struct node *node) {
    struct linear linear = {0};
    if (analysis->ended || op_result(analysis->graph, node)->kind != VALUE_INTEGER ||
        !linear_of(analysis, node, &linear))
        return 0;
    size_t count = shape_elements(&op_result(analysis->graph, node)->shape);
    struct form *forms = ARENA_ARRAY(analysis->scratch, struct form, count);
    for (size_t i = 0; i < count; i++) {
        start(analysis);
        form_of_element(analysis, node, &linear, i);
        forms[i] = finish(analysis, node->result, i);
    }
    if (has_own_format(node->op) && tighten(analysis, node, forms)) return -1;
    analysis->forms[node->result.id] = forms;
    return 0;
}

/* ---- the whole graph ---- */

/* Numbers the elements that may become sources, once a value has its shape. */
static void number_sources(struct analysis *analysis, const struct node *node, uint32_t result_index) {
    const struct value *result = &analysis->graph->values[node->result.id + result_index];
    analysis->first_source[node->result.id + result_index] = analysis->source_count;
    if (result->kind != VALUE_INTEGER || node->op == OP_CONSTANT || analysis->ended) return;
    analysis->ended = analysis->source_count + shape_elements(&result->shape) > SOURCES_MAX;
    if (analysis->ended) return;
    analysis->source_count += shape_elements(&result->shape);
    if (analysis->source_count <= analysis->source_capacity) return;
    /* Nothing is touched between two forms, so nothing needs to be copied. */
    analysis->source_capacity = 2 * analysis->source_count;
    analysis->coefficients = ARENA_ARRAY(analysis->scratch, int64_t, analysis->source_capacity);
    analysis->is_touched = ARENA_ARRAY(analysis->scratch, bool, analysis->source_capacity);
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
    analysis->touched = ARENA_ARRAY(scratch, struct form_term, FORM_TERMS_MAX);
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
