/* What is proven of the trained network's floats: whose sums binary32 holds in any order, and who is named where it
 * does not. */
#include "sim/private.h"
#include "tests/test.h"

#include <math.h>

static struct bxc_context *context;
static struct graph *reference, *fixed;
static int bits;

/* An input of two numbers, whose port has this format. */
static valref begin(struct format port) {
    struct shape shape = {2, {1, 2}};
    context = context_new();
    reference = graph_new(context, "net");
    fixed = graph_new(context, "net");
    (void)graph_append_integer_input(fixed, "x", shape, formats_uniform(fixed->arena, port), ROUND_HALF_UP,
                                     OVERFLOW_SATURATE);
    return graph_append_input(reference, "x", shape);
}

static const char *proven(valref output) {
    graph_append_output(reference, "y", output);
    return floats_undetermined(reference, fixed, &bits, context->arena);
}

static void done(void) {
    graph_free(reference);
    graph_free(fixed);
    context_free(context);
}

static valref dense(valref x, const char *name, const float *weights) {
    valref operands[2] = {x, graph_append_reals(reference, name, (struct shape){2, {2, 2}}, weights)};
    return graph_append(reference, OP_MATMUL, name, operands, 2, NULL);
}

static valref number(float number) {
    return graph_append_reals(reference, "number", (struct shape){0}, &number);
}

static valref quantised(valref x, const char *name, float scale) {
    union attributes attributes = {.quantizer = {.is_signed = true, .rounding = ROUND_HALF_EVEN}};
    valref operands[4] = {x, number(scale), number(0), number(8)};
    return graph_append(reference, OP_QUANT, name, operands, 4, &attributes);
}

static const float w[4] = {2, -1, 1, 3}, v[4] = {1, 1, -2, 1}, thirds[4] = {1 / 3.0f, 1, 1, 1};
static const struct format small = {true, 8, 0}, wide = {true, 24, 20};

static void sums_of_whole_numbers_are_proven(void) {
    valref x = dense(dense(begin(small), "first", w), "second", v);
    CHECK(!proven(x));
    CHECK_EQ(bits, 11); /* 384 and 512 at most behind the first, 384 + 2 * 512 behind the second */
    done();
}

static void a_sum_with_too_many_bits_is_named(void) {
    valref x = dense(begin(wide), "first", w);
    CHECK_STR(proven(x), "the sums of 'first' may need 25 bits, and binary32 has 24");
    done();
}

static void weights_that_fill_binary32_are_named(void) {
    valref x = dense(begin(small), "first", thirds);
    CHECK_STR(proven(x), "the sums of 'first' may need 33 bits, and binary32 has 24");
    done();
}

static void a_quantiser_makes_a_grid_of_what_is_rounded_alike(void) {
    valref x = begin(small), factors[2] = {x, number(1 / 3.0f)};
    x = quantised(graph_append(reference, OP_MUL, "third", factors, 2, NULL), "q", 0.25f);
    CHECK(!proven(dense(x, "first", w)));
    CHECK_EQ(bits, 9); /* 128 and 4 * 128 quarters */
    done();
}

static void a_sum_with_a_rounded_product_is_named(void) {
    valref x = begin(small), factors[2] = {x, number(1 / 3.0f)};
    valref product = graph_append(reference, OP_MUL, "third", factors, 2, NULL), terms[2] = {product, x};
    CHECK_STR(proven(graph_append(reference, OP_ADD, "sum", terms, 2, NULL)),
              "'sum' adds to a product, and some round both at once");
    done();
}

static void a_bound_that_is_none_needs_no_bits(void) {
    union attributes bounds = {.activation = {.alpha = -INFINITY, .beta = 2}};
    valref x = begin(small);
    CHECK(!proven(graph_append(reference, OP_CLIP, "bound", &x, 1, &bounds)));
    done();
}

static void a_scale_that_is_no_power_of_two_is_named_behind_a_sum_alone(void) {
    valref x = quantised(begin(small), "q", 0.1f);
    CHECK(!proven(x));
    CHECK_STR(proven(dense(x, "first", w)), "'first' adds numbers that are no multiples of a power of two");
    done();
}

static void a_quantiser_does_not_mend_what_is_not_alike(void) {
    valref x = quantised(dense(begin(small), "first", thirds), "q", 0.25f);
    CHECK_STR(proven(x), "the sums of 'first' may need 33 bits, and binary32 has 24");
    done();
}

static void a_factor_behind_a_sum_is_named_where_it_rounds(void) {
    union attributes none = {0};
    valref x = dense(begin(small), "first", w), half[2] = {x, number(0.5f)};
    x = graph_append(reference, OP_MUL, "half", half, 2, NULL);
    CHECK(!proven(x));
    valref factors[2] = {x, number(1 / 3.0f)}, third = graph_append(reference, OP_MUL, "third", factors, 2, NULL);
    CHECK_STR(proven(third), "'third' (mul) is rounded, and libraries merge it with the sum before it");
    valref relu = graph_append(reference, OP_RELU, "relu", &x, 1, &none), behind[2] = {relu, number(1 / 3.0f)};
    reference->output_count = 0;
    CHECK(!proven(graph_append(reference, OP_MUL, "behind", behind, 2, NULL)));
    done();
}

static void functions_are_named_where_outputs_depend_on_them(void) {
    union attributes last = {.axis = {.axis = 1}};
    valref x = dense(begin(small), "first", w);
    valref softmax = graph_append(reference, OP_SOFTMAX, "soft", &x, 1, &last);
    CHECK(!proven(x));
    CHECK_STR(proven(softmax), "'soft' (softmax) is computed by every library in its own way");
    done();
}

int main(void) {
    RUN(sums_of_whole_numbers_are_proven);
    RUN(a_sum_with_too_many_bits_is_named);
    RUN(weights_that_fill_binary32_are_named);
    RUN(a_quantiser_makes_a_grid_of_what_is_rounded_alike);
    RUN(a_sum_with_a_rounded_product_is_named);
    RUN(a_bound_that_is_none_needs_no_bits);
    RUN(a_scale_that_is_no_power_of_two_is_named_behind_a_sum_alone);
    RUN(a_quantiser_does_not_mend_what_is_not_alike);
    RUN(a_factor_behind_a_sum_is_named_where_it_rounds);
    RUN(functions_are_named_where_outputs_depend_on_them);
    TEST_EXIT();
}
