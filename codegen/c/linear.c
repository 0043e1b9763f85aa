/* C for matrix products. Alignment of fractions is folded into the constant operand; the loops add
 * rows of the right matrix, which compilers turn into vector code; a matrix with few entries becomes
 * a list of them instead. */
#include "codegen/c/c.h"
#include "ir/geometry.h"

struct product {
    struct matrix_product g;
    int folded;             /* constant operand whose entries carry the alignment, or -1 */
    int64_t *entries;       /* of it */
    struct c_numbers scale; /* per term where nothing could be folded */
    int128 bound;           /* of any partial sum */
};

struct term_at { /* elements of operands and result that one term has */
    size_t operand[2], result, term;
};

typedef int (*term_visitor)(struct c_writer *writer, const struct node *node, struct product *plan,
                            const struct term_at *at, void *data);

static int each_term(struct c_writer *writer, const struct node *node, struct product *plan, term_visitor visit,
                     void *data) {
    const struct matrix_product *g = &plan->g;
    for (size_t i = 0; i < g->batches * g->rows * g->columns; i++) {
        struct product_term term = product_first(g, i);
        size_t row = i / g->columns, column = i % g->columns;
        for (size_t k = 0; k < g->depth; k++, product_next(g, &term)) {
            struct term_at at = {{term.left, term.right}, i, (row * g->depth + k) * g->columns + column};
            int status = visit(writer, node, plan, &at, data);
            if (status) return status;
        }
    }
    return 0;
}

/* 2^shift that takes a term to the result's fraction; 1 for terms that are always 0. */
static int64_t term_factor(const struct c_writer *writer, const struct node *node, const struct term_at *at) {
    const struct graph *graph = writer->graph;
    for (uint32_t i = 0; i < 2; i++)
        if (c_largest(writer, node->inputs[i], at->operand[i]) == 0) return 1;
    int shift = graph_format(graph, node->result, at->result).fraction -
                graph_format(graph, node->inputs[0], at->operand[0]).fraction -
                graph_format(graph, node->inputs[1], at->operand[1]).fraction;
    return shift < 0 || shift > 62 ? 0 : (int64_t)1 << shift;
}

static int check_term(struct c_writer *writer, const struct node *node, struct product *plan, const struct term_at *at,
                      void *data) {
    int128 *sums = data, term = term_factor(writer, node, at);
    if (term == 0)
        return diag_error(&writer->graph->context->diagnostics, graph_location(writer->graph, node),
                          "give its operands nearer formats", "terms of a sum lie more than 62 bits apart");
    int128 magnitude =
        c_largest(writer, node->inputs[0], at->operand[0]) * c_largest(writer, node->inputs[1], at->operand[1]);
    sums[at->result] += magnitude >> 63 ? (int128)INT64_MAX + 1 : magnitude * term; /* enough to say: beyond 64 bits */
    if (sums[at->result] > plan->bound) plan->bound = sums[at->result];
    return 0;
}

/* Returns 1 when an entry would need two factors. */
static int fold_term(struct c_writer *writer, const struct node *node, struct product *plan, const struct term_at *at,
                     void *data) {
    int64_t *factors = data, factor = term_factor(writer, node, at);
    size_t entry = at->operand[plan->folded];
    if (c_largest(writer, node->inputs[0], at->operand[0]) == 0 ||
        c_largest(writer, node->inputs[1], at->operand[1]) == 0)
        return 0;
    if (factors[entry] != 0 && factors[entry] != factor) return 1;
    factors[entry] = factor;
    return 0;
}

static int collect_scale(struct c_writer *writer, const struct node *node, struct product *plan,
                         const struct term_at *at, void *data) {
    (void)plan;
    ((int64_t *)data)[at->term] = term_factor(writer, node, at);
    return 0;
}

/* Folds the alignment into a constant operand; false when there is none or its entries need several factors. */
static bool fold(struct c_writer *writer, const struct node *node, struct product *plan) {
    for (plan->folded = 1; plan->folded >= 0; plan->folded--) {
        valref value = node->inputs[plan->folded];
        const int64_t *entries = graph_integers(writer->graph, value);
        if (!entries) continue;
        size_t count = c_elements(writer, value);
        plan->entries = ARENA_ARRAY(writer->arena, int64_t, count);
        if (each_term(writer, node, plan, fold_term, plan->entries)) continue;
        for (size_t i = 0; i < count; i++)
            plan->entries[i] = (int64_t)((uint64_t)plan->entries[i] * (uint64_t)entries[i]);
        return true;
    }
    return false;
}

static int plan_product(struct c_writer *writer, const struct node *node, struct product *plan) {
    plan->g = product_geometry(writer->arena, &graph_value(writer->graph, node->inputs[0])->shape,
                               &graph_value(writer->graph, node->inputs[1])->shape);
    int128 *sums = ARENA_ARRAY(writer->arena, int128, c_elements(writer, node->result));
    if (each_term(writer, node, plan, check_term, sums)) return -1;
    plan->scale = (struct c_numbers){.uniform = true, .value = 1};
    if (fold(writer, node, plan)) return 0;
    size_t count = plan->g.batches * plan->g.rows * plan->g.depth * plan->g.columns;
    int64_t *factors = ARENA_ARRAY(writer->arena, int64_t, count);
    each_term(writer, node, plan, collect_scale, factors);
    plan->scale = c_numbers(writer, node, "scale", factors, count);
    return 0;
}

static const char *array_of(struct c_writer *writer, const struct node *node, const struct product *plan, int operand) {
    if (plan->folded != operand) return c_operand(writer, node, (uint32_t)operand);
    return c_array(writer, node, "weights", plan->entries, c_elements(writer, node->inputs[operand]));
}

/* " + 32" or " + name_batch[t]": where a batch's matrix begins. */
static const char *batch_offset(struct c_writer *writer, const struct node *node, const struct product *plan,
                                const size_t *begins) {
    if (plan->g.batches == 1) return "";
    int64_t *offsets = ARENA_ARRAY(writer->arena, int64_t, plan->g.batches);
    for (size_t i = 0; i < plan->g.batches; i++) offsets[i] = (int64_t)begins[i];
    struct c_numbers numbers = c_numbers(writer, node, "batch", offsets, plan->g.batches);
    return arena_printf(writer->arena, " + %s", c_number(writer, &numbers, "t"));
}

static void print_dense(struct c_writer *writer, const struct node *node, struct product *plan) {
    struct arena *arena = writer->arena;
    const char *a = array_of(writer, node, plan, 0), *b = array_of(writer, node, plan, 1),
               *type = c_sum_type(plan->bound);
    const char *from_a = batch_offset(writer, node, plan, plan->g.left);
    const char *from_b = batch_offset(writer, node, plan, plan->g.right);
    const char *term =
        arena_printf(arena, "((t * %zu + m) * %zu + k) * %zu + n", plan->g.rows, plan->g.depth, plan->g.columns);
    c_function_open(writer, node);
    strbuf_printf(
        &writer->layer,
        "    for (int t = 0; t < %zu; t++)\n        for (int m = 0; m < %zu; m++) {\n            %s sum[%zu] = {0};\n",
        plan->g.batches, plan->g.rows, type, plan->g.columns);
    strbuf_printf(&writer->layer,
                  "            for (int k = 0; k < %zu; k++)\n                for (int n = 0; n < %zu; n++)\n",
                  plan->g.depth, plan->g.columns);
    strbuf_printf(&writer->layer, "                    sum[n] += (%s)%s[m * %zu + k%s] * (%s)%s[k * %zu + n%s]%s;\n",
                  type, a, plan->g.depth, from_a, type, b, plan->g.columns, from_b,
                  c_times(writer, &plan->scale, term));
    strbuf_printf(&writer->layer,
                  "            for (int n = 0; n < %zu; n++) y[(t * %zu + m) * %zu + n] = (%s)sum[n];\n        }\n",
                  plan->g.columns, plan->g.rows, plan->g.columns, c_value_type(writer, node->result));
    c_function_close(writer, node);
}

/* One row of one matrix: a dense layer, as most networks have them. */
static void print_row(struct c_writer *writer, const struct node *node, const struct product *plan) {
    struct arena *arena = writer->arena;
    const char *a = array_of(writer, node, plan, 0), *b = array_of(writer, node, plan, 1),
               *type = c_sum_type(plan->bound);
    c_function_open(writer, node);
    strbuf_printf(&writer->layer,
                  "    %s sum[%zu] = {0};\n    for (int k = 0; k < %zu; k++)\n        for (int n = 0; n < %zu; n++)\n",
                  type, plan->g.columns, plan->g.depth, plan->g.columns);
    strbuf_printf(&writer->layer, "            sum[n] += (%s)%s[k] * (%s)%s[k * %zu + n]%s;\n", type, a, type, b,
                  plan->g.columns, c_times(writer, &plan->scale, arena_printf(arena, "k * %zu + n", plan->g.columns)));
    strbuf_printf(&writer->layer, "    for (int n = 0; n < %zu; n++) y[n] = (%s)sum[n];\n", plan->g.columns,
                  c_value_type(writer, node->result));
    c_function_close(writer, node);
}

/* Entries that are not zero, column by column: worth it when fewer than one in `SPARSE` is there. */
enum { SPARSE = 6 };

static bool is_sparse(const struct c_writer *writer, const struct node *node, const struct product *plan) {
    size_t count = c_elements(writer, node->inputs[1]), filled = 0;
    if (plan->folded != 1 || plan->g.batches != 1) return false;
    for (size_t i = 0; i < count; i++) filled += plan->entries[i] != 0;
    return filled * SPARSE < count;
}

static void print_sparse(struct c_writer *writer, const struct node *node, const struct product *plan) {
    size_t count = c_elements(writer, node->inputs[1]), filled = 0;
    int64_t *weights = ARENA_ARRAY(writer->arena, int64_t, count), *rows = ARENA_ARRAY(writer->arena, int64_t, count);
    int64_t *starts = ARENA_ARRAY(writer->arena, int64_t, plan->g.columns + 1);
    for (size_t n = 0; n < plan->g.columns; n++) {
        for (size_t k = 0; k < plan->g.depth; k++) {
            if (plan->entries[k * plan->g.columns + n] == 0) continue;
            weights[filled] = plan->entries[k * plan->g.columns + n];
            rows[filled++] = (int64_t)k;
        }
        starts[n + 1] = (int64_t)filled;
    }
    const char *w = c_array(writer, node, "weights", weights, filled), *r = c_array(writer, node, "rows", rows, filled);
    const char *s = c_array(writer, node, "starts", starts, plan->g.columns + 1), *type = c_sum_type(plan->bound);
    c_function_open(writer, node);
    strbuf_printf(
        &writer->layer,
        "    for (int m = 0; m < %zu; m++)\n        for (int n = 0; n < %zu; n++) {\n            %s sum = 0;\n",
        plan->g.rows, plan->g.columns, type);
    strbuf_printf(&writer->layer,
                  "            for (int i = %s[n]; i < %s[n + 1]; i++) sum += (%s)%s[m * %zu + %s[i]] * (%s)%s[i];\n",
                  s, s, type, c_operand(writer, node, 0), plan->g.depth, r, type, w);
    strbuf_printf(&writer->layer, "            y[m * %zu + n] = (%s)sum;\n        }\n", plan->g.columns,
                  c_value_type(writer, node->result));
    c_function_close(writer, node);
}

int c_emit_matmul(struct c_writer *writer, const struct node *node) {
    struct product plan = {.folded = -1};
    if (plan_product(writer, node, &plan)) return -1;
    if (is_sparse(writer, node, &plan))
        print_sparse(writer, node, &plan);
    else if (plan.g.batches == 1 && plan.g.rows == 1)
        print_row(writer, node, &plan);
    else
        print_dense(writer, node, &plan);
    return 0;
}
