/* What rows of meanings say of an operator, held against its evaluation; bounds of real values against numbers inside;
 * and the engine of linear forms against sums that are written out. A new operator is tried as soon as it is in
 * ir/ops.def. */
#include "ir/eval.h"
#include "ir/linear_form.h"
#include "ir/ops.h"
#include "ir/ops/functions.h"
#include "tests/test.h"

#include <math.h>

static uint64_t state = 3;

static int64_t random_between(int64_t lo, int64_t hi) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return lo + (int64_t)((state >> 33) % (uint64_t)(hi - lo + 1));
}

/* ---- steps ---- */

enum { POINTS = 65 };
static const float constants[] = {0.5f, -1.25f, 2, 3, 1}; /* of operands that are no x; a variance is positive */

struct trial {
    struct bxc_context *context;
    struct graph *graph;
    const struct node *node;
    struct op_step step;
    float x[POINTS], y[POINTS];
};

static float point(int i) {
    return ldexpf((float)(i - POINTS / 2), -2);
}

/* Of numbers of four bits, two of them behind the point. */
static struct lookup_attributes a_function(struct arena *arena) {
    struct lookup_attributes out = {.arguments = {{1, {1}}, ARENA_NEW(arena, struct format)},
                                    .values = {16, ARENA_ARRAY(arena, double, 16)}};
    out.arguments.at[0] = (struct format){true, 4, 2};
    for (int i = 0; i < 16; i++) out.values.at[i] = ldexp((double)random_between(-99, 99), -4);
    return out;
}

/* Of an operator all operands of which but one are single numbers; NULL where the operator refuses that. */
static struct trial *trial_new(enum op op, uint32_t slot, uint32_t count) {
    struct bxc_context *context = context_new();
    struct trial *trial = ARENA_NEW(context->arena, struct trial);
    *trial = (struct trial){.context = context, .graph = graph_new(context, "g")};
    union attributes attributes = {0};
    if (op_meaning(op)->alpha != NUMBER_NONE) attributes.activation = (struct activation_attributes){0.25f, 0.5f};
    if (op == OP_LOOKUP) attributes.lookup = a_function(context->arena);
    if (op == OP_CLIP) attributes.activation = (struct activation_attributes){-1.5f, 2};
    const struct shape all = {.rank = 3, .dim = {1, 1, POINTS}}, one = {.rank = 1, .dim = {1}};
    valref operands[5];
    for (uint32_t i = 0; i < count; i++)
        operands[i] = i == slot ? graph_append_input(trial->graph, "x", all)
                                : graph_append_reals(trial->graph, "c", one, &constants[i]);
    valref result = graph_append(trial->graph, op, "n", operands, count, &attributes);
    if (result.id == UINT32_MAX) return NULL;
    graph_append_output(trial->graph, "y", result);
    trial->node = graph_definition(trial->graph, result);
    const float *data[] = {trial->x};
    float *out[] = {trial->y};
    for (int i = 0; i < POINTS; i++) trial->x[i] = point(i);
    if (graph_run_reals(trial->graph, 1, data, out) < 0) return NULL;
    return graph_step(trial->graph, trial->node, slot, context->arena, &trial->step) ? trial : NULL;
}

static void trial_free(struct trial *trial) {
    graph_free(trial->graph);
    context_free(trial->context);
}

static bool is_near(double a, double b) {
    return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-5 * (1 + fabs(b));
}

static double through_parts(const struct exact_form *form, size_t element, double x) {
    for (int p = 0; p < form->count; p++) {
        const struct exact_part *part = &form->parts[p];
        switch (part->kind) {
        case PART_ADD: x += (double)part->numbers[part->uniform ? 0 : element]; break;
        case PART_MULTIPLY: x *= (double)part->numbers[part->uniform ? 0 : element]; break;
        case PART_LIMIT: x = fmin(fmax(x, (double)part->lower), (double)part->upper); break;
        case PART_LEAKY: x = x < 0 ? x * (double)part->lower : x; break;
        case PART_GATE:
            x = x > (double)part->upper   ? x - (double)part->shift
                : x < (double)part->lower ? x + (double)part->shift
                                          : 0;
            break;
        }
    }
    return x;
}

static const char *wrong_at(const struct trial *trial, const struct exact_form *form, size_t e) {
    const struct op_meaning *meaning = op_meaning(trial->node->op);
    double wide = step_binary64(&trial->step, e, (double)trial->x[e]), gain, offset;
    if (memcmp(&(float){step_binary32(&trial->step, e, trial->x[e])}, &trial->y[e], sizeof(float)) &&
        !meaning->transcendental)
        return "binary32 is not what evaluation gives";
    if (!is_near(wide, (double)trial->y[e])) return "binary64 is not near what evaluation gives";
    if (step_affine(&trial->step, e, &gain, &offset) && !is_near(gain * (double)trial->x[e] + offset, wide))
        return "it is not affine so";
    if (form && !is_near(through_parts(form, e, (double)trial->x[e]), wide)) return "its parts make something else";
    if (meaning->image && (wide < meaning->image->lo || wide > meaning->image->hi)) return "a value outside its image";
    if (meaning->settles == 0) return NULL;
    double end = copysign(meaning->settles, (double)trial->x[e]);
    return fabs((double)trial->x[e]) > meaning->settles && fabs(wide - step_binary64(&trial->step, e, end)) > 0x1p-10
               ? "it has not settled"
               : NULL;
}

static bool is_monotone(const struct trial *trial) {
    bool rises = true, falls = true;
    for (int i = 1; i < POINTS; i++) { /* a root below 0 is no number, neither more nor less */
        rises = rises && !(trial->y[i] < trial->y[i - 1]);
        falls = falls && !(trial->y[i] > trial->y[i - 1]);
    }
    return rises || falls;
}

static void check_step(enum op op, uint32_t slot, uint32_t count, int *checked) {
    struct trial *trial = trial_new(op, slot, count);
    CHECK(trial);
    struct exact_form form;
    bool exact = step_exact(&trial->step, POINTS, trial->context->arena, &form);
    for (size_t e = 0; e < POINTS; e++) {
        const char *why = wrong_at(trial, exact ? &form : NULL, e);
        if (why) test_fail(__FILE__, __LINE__, "%s at %g: %s", op_info(op)->name, (double)trial->x[e], why);
        if (why) break;
    }
    if (step_is_monotone(&trial->step, 0) && !is_monotone(trial))
        test_fail(__FILE__, __LINE__, "%s is not monotone", op_info(op)->name);
    trial_free(trial);
    ++*checked;
}

static void rows_say_what_evaluation_does(void) {
    int checked = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        uint32_t count = (uint32_t)op_info((enum op)op)->inputs_min;
        for (uint32_t slot = 0; op_is_step((enum op)op) && slot < count; slot++)
            if (slot == 0 || !op_meaning((enum op)op)->first_only) check_step((enum op)op, slot, count, &checked);
    }
    CHECK(checked >= 19);
}

static void predicates(void) {
    const struct node falling = {.op = OP_LEAKY_RELU, .attributes.activation.alpha = -0.5f};
    CHECK(!step_is_monotone(&(struct op_step){.node = &falling}, 0));
    CHECK(op_gives_index(OP_ARGMAX) && !op_gives_index(OP_REDUCE_MAX) && !op_gives_index(OP_CONSTANT));
    CHECK(op_keeps_scale(OP_CONCAT) && op_keeps_scale(OP_MATMUL) && !op_keeps_scale(OP_ARGMAX));
    CHECK(!op_keeps_scale(OP_DIV) && !op_keeps_scale(OP_RELU));
    CHECK(op_is_quantiser(OP_QUANT) && op_is_quantiser(OP_NARROW) && !op_is_quantiser(OP_TABLE));
    CHECK(op_narrows(OP_NARROW) && !op_narrows(OP_QUANT) && op_rounds(OP_THRESHOLD));
    CHECK(op_is_transcendental(OP_TANH) && !op_is_transcendental(OP_SOFTMAX) && op_is_curved(OP_SOFTMAX));
    CHECK(op_moves_one(OP_GATHER) && !op_moves_one(OP_CONCAT) && op_is_movement(OP_CONCAT));
    CHECK(op_gives_probability(OP_HARD_SIGMOID) && !op_gives_probability(OP_TANH));
}

/* ---- bounds ---- */

static valref operand_of(struct graph *graph, const char *name, int64_t rows, int64_t columns) {
    return graph_append_input(graph, name, (struct shape){.rank = 2, .dim = {rows, columns}});
}

/* Bounds of each operand's element e are [e, e + 1]. */
static struct real_range bound_at(struct graph *graph, valref result, size_t element) {
    const struct node *node = graph_definition(graph, result);
    const struct real_range *operands[4];
    for (uint32_t i = 0; i < node->input_count; i++) {
        size_t count = shape_elements(&graph_value(graph, node->inputs[i])->shape);
        struct real_range *range = ARENA_ARRAY(graph->arena, struct real_range, count);
        for (size_t e = 0; e < count; e++) range[e] = (struct real_range){(double)e, (double)e + 1};
        operands[i] = range;
    }
    struct real_range *out =
        ARENA_ARRAY(graph->arena, struct real_range, shape_elements(&graph_value(graph, result)->shape));
    op_info(node->op)->family->bound_real(graph, node, operands, out, graph->arena);
    return out[element];
}

#define CHECK_BOUND(result, element, low, high)                                                                        \
    do {                                                                                                               \
        struct real_range bound_ = bound_at(graph, result, element);                                                   \
        if (bound_.lo != (low) || bound_.hi != (high))                                                                 \
            test_fail(__FILE__, __LINE__, "[%g, %g]", bound_.lo, bound_.hi);                                           \
    } while (0)

static void check_between(enum op op, const struct activation_attributes *numbers, double lo, double hi) {
    struct node node = {.op = op, .attributes = {.activation = *numbers}};
    const struct real_range in = {lo, hi}, out = activation_range(&node, in);
    for (int i = 0; i <= 64; i++) {
        double x = lo + (hi - lo) * i / 64, y = real_functions[op].binary64(x, numbers);
        if (isnan(y) || y < out.lo || y > out.hi) {
            if (isnan(y) && isinf(out.lo) && isinf(out.hi)) continue;
            test_fail(__FILE__, __LINE__, "%s(%g) = %g is not in [%g, %g], its bound over [%g, %g]", op_info(op)->name,
                      x, y, out.lo, out.hi, lo, hi);
            return;
        }
    }
}

static void bounds_follow_elements(void) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    valref x = operand_of(graph, "x", 2, 3), y = operand_of(graph, "y", 2, 3), row = operand_of(graph, "r", 1, 3);
    union attributes columns = {.axis = {.axis = 1}}, permuted = {.transpose = {.permutation = {1, 0}}};
    CHECK_BOUND(graph_append(graph, OP_REDUCE_MAX, "m", &x, 1, &columns), 1, 5, 6);
    CHECK_BOUND(graph_append(graph, OP_REDUCE_SUM, "s", &x, 1, &columns), 0, 3, 6);
    CHECK_BOUND(graph_append(graph, OP_ARGMAX, "a", &x, 1, &columns), 1, 0, 2);
    CHECK_BOUND(graph_append(graph, OP_CONCAT, "c", (valref[]){x, y}, 2, &columns), 4, 1, 2); /* y's second */
    CHECK_BOUND(graph_append(graph, OP_TRANSPOSE, "t", &x, 1, &permuted), 1, 3, 4);
    CHECK_BOUND(graph_append(graph, OP_SUB, "d", (valref[]){x, row}, 2, NULL), 4, 2, 4);
    CHECK_BOUND(graph_append(graph, OP_RELU, "r", &x, 1, NULL), 5, 5, 6);
    valref turned = graph_append(graph, OP_TRANSPOSE, "t2", &y, 1, &permuted);
    CHECK_BOUND(graph_append(graph, OP_MATMUL, "p", (valref[]){x, turned}, 2, NULL), 0, 10, 22); /* 0 0 + 1 2 + 2 4 */
    CHECK(isinf(bound_at(graph, graph_append(graph, OP_RECIPROCAL, "i", &x, 1, NULL), 0).hi));
    graph_free(graph);
    context_free(context);
}

/* No number between two others is mapped out of the bound of the two. */
static void bounds_hold_between(void) {
    static const struct activation_attributes numbers[] = {{0.75f, 0.5f}, {1.5f, -0.25f}, {-0.5f, 1.25f}, {0.25f, 2}};
    for (int op = 0; op < OP_COUNT; op++) {
        if (!real_functions[op].binary64 || op == OP_CLIP) continue;
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            for (int lo = -24; lo < 24; lo += 3)
                for (int hi = lo + 1; hi <= 24; hi += 4) check_between((enum op)op, &numbers[n], lo / 4.0, hi / 4.0);
    }
}

/* ---- linear forms ---- */

enum { SOURCES = 12 };

static struct interval of_source(const void *user, uint32_t source) {
    return ((const struct interval *)user)[source];
}

/* A sum of forms, with the same sum written out. */
static bool same_sum(struct form_sum *sum, struct arena *arena, const struct linear_form *forms,
                     int64_t (*plain)[SOURCES + 1], int count) {
    int64_t wanted[SOURCES + 1] = {0};
    struct linear_form made;
    form_begin(sum);
    for (int k = 0; k < 5; k++) {
        int which = (int)random_between(0, count - 1);
        int64_t factor = random_between(-9, 9);
        form_add(sum, &forms[which], factor);
        for (int s = 0; s <= SOURCES; s++) wanted[s] += factor * plain[which][s];
    }
    if (!form_end(sum, arena, &made) || made.constant != wanted[SOURCES]) return false;
    for (uint32_t i = 0; i < made.count; i++) {
        if (made.terms[i].coefficient == 0 || wanted[made.terms[i].source] != made.terms[i].coefficient) return false;
        wanted[made.terms[i].source] = 0;
    }
    for (int s = 0; s < SOURCES; s++)
        if (wanted[s]) return false;
    return true;
}

static void sums_of_forms(void) {
    enum { FORMS = 6 };
    struct bxc_context *context = context_new();
    struct form_sum sum = form_sum_new(context->arena, UINT32_MAX);
    struct linear_form forms[FORMS];
    int64_t plain[FORMS][SOURCES + 1] = {{0}};
    form_reserve(&sum, SOURCES);
    for (int f = 0; f < FORMS; f++) {
        form_begin(&sum);
        for (int t = 0; t < 4; t++) {
            int64_t source = random_between(0, SOURCES - 1), coefficient = random_between(-20, 20);
            form_add_source(&sum, (uint32_t)source, coefficient);
            plain[f][source] += coefficient;
        }
        plain[f][SOURCES] = random_between(-100, 100);
        form_add_constant(&sum, plain[f][SOURCES], 1);
        CHECK(form_end(&sum, context->arena, &forms[f]));
    }
    for (int k = 0; k < 200; k++) CHECK(same_sum(&sum, context->arena, forms, plain, FORMS));
    context_free(context);
}

static void forms_that_fail(void) {
    struct bxc_context *context = context_new();
    struct form_sum sum = form_sum_new(context->arena, 2);
    struct linear_form form;
    form_reserve(&sum, 3);
    form_begin(&sum);
    for (uint32_t s = 0; s < 3; s++) form_add_source(&sum, s, 1); /* more than two */
    CHECK(!form_end(&sum, context->arena, &form));
    form_begin(&sum);
    form_add_source(&sum, 0, INT64_MAX);
    form_add_source(&sum, 0, INT64_MAX);
    CHECK(!form_end(&sum, context->arena, &form));
    form_begin(&sum); /* and none of that is left: on the way it may leave 64 bits */
    form_add_source(&sum, 0, INT64_MAX);
    form_add_source(&sum, 0, INT64_MAX);
    form_add_source(&sum, 0, -INT64_MAX);
    form_add_source(&sum, 2, 3);
    form_add_constant(&sum, 7, -2);
    CHECK(form_end(&sum, context->arena, &form) && form.count == 2 && form.constant == -14);
    const struct interval of[3] = {{0, 1}, {0, 0}, {-5, 4}};
    struct interval interval;
    CHECK(form_interval(&form, of_source, of, &interval));
    CHECK(interval.lo == -14 - 15 && interval.hi == -14 + 12 + (int128)INT64_MAX);
    form_begin(&sum);
    form_add_source(&sum, 1, -1);
    CHECK(form_end(&sum, context->arena, &form) && form.count == 1 && form.terms[0].source == 1);
    context_free(context);
}

int main(void) {
    RUN(rows_say_what_evaluation_does);
    RUN(predicates);
    RUN(bounds_follow_elements);
    RUN(bounds_hold_between);
    RUN(sums_of_forms);
    RUN(forms_that_fail);
    return test_failures > 0;
}
