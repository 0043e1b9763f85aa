/* ONNX's own node tests (Debian: libonnx-testdata) for every operator that bxc reads.
 *
 * A case whose nodes all use listed operators is read with whole tensors (no batch) and must give the
 * reference outputs, or it stands in the table below with a reason and must be refused. Operands that
 * bxc wants static (shapes, indices, bounds) are inputs in these models: they are bound, that is made
 * initialisers, and the model as it stands must be refused. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "onnx.pb-c.h"
#include "tests/test.h"

#include <dirent.h>
#include <math.h>

static const char root[] = "/usr/share/libonnx-testdata/data/node";

static const struct refusal {
    const char *name, *reason;
} refusals[] = {
    {"test_add_uint8", "wraps at 8 bits"},
    {"test_sub_uint8", "wraps at 8 bits"},
    {"test_mul_uint8", "wraps at 8 bits"},
    {"test_div_uint8", "whole division"},
    {"test_batchnorm_epsilon_training_mode", "training"},
    {"test_batchnorm_example_training_mode", "training"},
    {"test_cast_DOUBLE_to_FLOAT16", "rounds to float16"},
    {"test_cast_FLOAT_to_BFLOAT16", "rounds to bfloat16"},
    {"test_cast_FLOAT_to_FLOAT16", "rounds to float16"},
    {"test_cast_FLOAT_to_STRING", "text"},
    {"test_cast_STRING_to_FLOAT", "text"},
    {"test_castlike_DOUBLE_to_FLOAT16_expanded", "rounds to float16"},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", "rounds to bfloat16"},
    {"test_castlike_FLOAT_to_FLOAT16_expanded", "rounds to float16"},
    {"test_castlike_FLOAT_to_STRING_expanded", "text"},
    {"test_castlike_STRING_to_FLOAT_expanded", "text"},
    {"test_dropout_default_mask", "the mask is an output"},
    {"test_dropout_default_mask_ratio", "the mask is an output"},
    {"test_identity_opt", "an optional value"},
    {"test_identity_sequence", "a sequence"},
    {"test_pow_types_float", "a power of whole numbers"},
    {"test_pow_types_int32_float32", "a power of whole numbers"},
    {"test_pow_types_int32_int32", "a power of whole numbers"},
    {"test_pow_types_int64_float32", "a power of whole numbers"},
    {"test_pow_types_int64_int64", "a power of whole numbers"},
    {"test_reshape_allowzero_reordered", "a tensor without elements"},
    {"test_slice_start_out_of_bounds", "a tensor without elements"},
    {"test_training_dropout", "training"},
    {"test_training_dropout_default", "training"},
    {"test_training_dropout_default_mask", "training"},
    {"test_training_dropout_mask", "training"},
    {"test_training_dropout_zero_ratio", "training"},
    {"test_training_dropout_zero_ratio_mask", "training"},
};

struct test_case {
    struct bxc_context *context;
    struct arena *arena;
    const char *name;
    Onnx__ModelProto *model;
};

static void *take(void *arena, size_t size) {
    return arena_alloc(arena, size);
}
static void leave(void *arena, void *object) {
    (void)arena, (void)object;
}

/* Messages live as long as the arena. */
static ProtobufCAllocator messages_in(struct arena *arena) {
    return (ProtobufCAllocator){.alloc = take, .free = leave, .allocator_data = arena};
}

static const char *refusal_reason(const char *name) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (!strcmp(refusals[i].name, name)) return refusals[i].reason;
    return NULL;
}

static bool operator_is_listed(const Onnx__NodeProto *node) {
    for (const struct reader_operator *known = onnx_operators; known->name; known++)
        if (!*known->domain && (!node->domain || !*node->domain) && !strcmp(known->name, node->op_type)) return true;
    return false;
}

static bool case_is_listed(const Onnx__ModelProto *model) {
    for (size_t i = 0; i < model->graph->n_node; i++)
        if (!operator_is_listed(model->graph->node[i])) return false;
    return model->graph->n_node > 0;
}

static bool operand_is_static(const Onnx__GraphProto *graph, const char *name) {
    static const char *const operators[] = {
        "Reshape",  "Slice",           "Squeeze",      "Unsqueeze",      "Gather",    "Clip",
        "Dropout",  "ReduceSum",       "ReduceMax",    "ReduceMean",     "ReduceMin", "ReduceL1",
        "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"};
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 1; k < graph->node[i]->n_input; k++)
            for (size_t o = 0; o < sizeof operators / sizeof *operators; o++)
                if (!strcmp(graph->node[i]->input[k], name) && !strcmp(graph->node[i]->op_type, operators[o]))
                    return true;
    return false;
}

static char *data_path(const struct test_case *test, const char *kind, size_t index) {
    return arena_printf(test->arena, "%s/%s/test_data_set_0/%s_%zu.pb", root, test->name, kind, index);
}

/* Makes initialisers of static operands; how many. */
static size_t bind_static(const struct test_case *test) {
    Onnx__GraphProto *graph = test->model->graph;
    Onnx__TensorProto **bound = ARENA_ARRAY(test->arena, Onnx__TensorProto *, graph->n_input + graph->n_initializer);
    size_t count = graph->n_initializer, length;
    ProtobufCAllocator allocator = messages_in(test->arena);
    for (size_t i = 0; i < count; i++) bound[i] = graph->initializer[i];
    for (size_t i = 0; i < graph->n_input; i++) {
        if (!operand_is_static(graph, graph->input[i]->name)) continue;
        char *data = file_read(test->context, test->arena, data_path(test, "input", i), &length);
        Onnx__TensorProto *tensor = data ? onnx__tensor_proto__unpack(&allocator, length, (uint8_t *)data) : NULL;
        if (!tensor) continue;
        tensor->name = graph->input[i]->name;
        bound[count++] = tensor;
    }
    size_t made = count - graph->n_initializer;
    graph->initializer = bound;
    graph->n_initializer = count;
    return made;
}

static struct graph *read_model(const struct test_case *test) {
    static const struct frontend_options whole = {.whole_tensors = true};
    size_t length = onnx__model_proto__get_packed_size(test->model);
    uint8_t *data = arena_alloc(test->arena, length + 1);
    onnx__model_proto__pack(test->model, data);
    return onnx_read(test->context, test->name, data, length, &whole);
}

static float *read_numbers(const struct test_case *test, const char *kind, size_t index, size_t *count) {
    struct shape shape;
    enum value_kind value_kind;
    double *numbers;
    if (onnx_tensor_read(test->context, test->arena, data_path(test, kind, index), &shape, &value_kind, &numbers) < 0)
        return NULL;
    *count = shape_elements(&shape);
    float *reals = ARENA_ARRAY(test->arena, float, *count + 1);
    for (size_t i = 0; i < *count; i++) reals[i] = (float)numbers[i];
    return reals;
}

/* numpy has no bfloat16: the reference data hold its bit patterns as whole numbers. */
static void reals_of_patterns(const Onnx__ValueInfoProto *info, float *reals, size_t count) {
    if (info->type->tensor_type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16) return;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)reals[i] << 16;
        memcpy(&reals[i], &bits, sizeof bits);
    }
}

static bool input_is_bound(const Onnx__GraphProto *graph, const char *name) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (!strcmp(graph->initializer[i]->name, name)) return true;
    return false;
}

static void compare(const struct test_case *test, const float *got, const float *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool same = got[i] == wanted[i] || (isnan(got[i]) && isnan(wanted[i]));
        if (same || fabsf(got[i] - wanted[i]) <= 1e-6f + 1e-5f * fabsf(wanted[i])) continue;
        test_fail(__FILE__, __LINE__, "%s: element %zu is %.9g, not %.9g", test->name, i, (double)got[i],
                  (double)wanted[i]);
        return;
    }
}

/* The numbers fill the input, or nothing reads it (one case has too few of those). */
static bool input_fits(const struct test_case *test, const struct graph *graph, size_t input, float **reals,
                       size_t count) {
    const struct value_list inputs = graph_inputs(graph, test->arena);
    bool output;
    if (!*reals || input >= inputs.count) return false;
    size_t wanted = shape_elements(&graph_value(graph, inputs.at[input])->shape);
    if (count == wanted) return true;
    *reals = ARENA_ARRAY(test->arena, float, wanted);
    return !graph_use_count(graph, inputs.at[input], &output) && !output;
}

static void run_graph(const struct test_case *test, const struct graph *graph) {
    const Onnx__GraphProto *source = test->model->graph;
    const float *inputs[16] = {NULL};
    size_t used = 0, count = 0, wanted_count;
    for (size_t i = 0; i < source->n_input && used < 16; i++) {
        if (input_is_bound(source, source->input[i]->name)) continue;
        float *reals = read_numbers(test, "input", i, &count);
        if (reals) reals_of_patterns(source->input[i], reals, count);
        if (!input_fits(test, graph, used, &reals, count)) {
            test_fail(__FILE__, __LINE__, "%s: input %zu has %zu numbers", test->name, i, count);
            return;
        }
        inputs[used++] = reals;
    }
    float *wanted = read_numbers(test, "output", 0, &wanted_count);
    count = shape_elements(&graph_value(graph, graph->outputs[0].value)->shape);
    if (!wanted || wanted_count != count || graph->output_count != 1) {
        test_fail(__FILE__, __LINE__, "%s: %zu elements, not %zu", test->name, count, wanted ? wanted_count : 0);
        return;
    }
    float *outputs[1] = {ARENA_ARRAY(test->arena, float, count + 1)};
    if (graph_run_reals(graph, 1, inputs, outputs) < 0)
        test_fail(__FILE__, __LINE__, "%s did not run", test->name);
    else
        compare(test, outputs[0], wanted, count);
}

static void check_case(const struct test_case *test, const char *reason) {
    size_t bound = bind_static(test), whole = test->model->graph->n_initializer;
    test->model->graph->n_initializer = whole - bound;
    struct graph *unbound = bound && strcmp(test->model->graph->node[0]->op_type, "Dropout") ? read_model(test) : NULL;
    if (unbound) test_fail(__FILE__, __LINE__, "%s: operands that depend on the event were taken", test->name);
    graph_free(unbound);
    test->model->graph->n_initializer = whole;
    size_t errors = test->context->diagnostics.errors;
    struct graph *graph = read_model(test);
    bool refused = !graph && test->context->diagnostics.errors > errors;
    struct strbuf text = strbuf_new(test->arena);
    if (!graph && test->context->diagnostics.count)
        diag_format(&text, &test->context->diagnostics.items[test->context->diagnostics.count - 1]);
    if (reason && !refused) test_fail(__FILE__, __LINE__, "%s (%s) is not refused", test->name, reason);
    if (!reason && !graph) test_fail(__FILE__, __LINE__, "%s is refused: %s", test->name, text.data);
    if (!reason && graph) run_graph(test, graph);
    graph_free(graph);
}

struct counts {
    int passed, refused, failed;
};

static int run_case(void *user) {
    struct test_case *test = user;
    check_case(test, refusal_reason(test->name));
    return 0;
}

static void count_case(struct counts *counts, const char *name) {
    struct test_case test = {.context = context_new(), .name = name};
    size_t length;
    test.arena = arena_new(test.context);
    char *data = file_read(test.context, test.arena, arena_printf(test.arena, "%s/%s/model.onnx", root, name), &length);
    ProtobufCAllocator allocator = messages_in(test.arena);
    test.model = data ? onnx__model_proto__unpack(&allocator, length, (uint8_t *)data) : NULL;
    if (test.model && case_is_listed(test.model)) {
        test_name = name;
        test_failed = false;
        if (context_guarded(test.context, run_case, &test) < 0) test_fail(__FILE__, __LINE__, "%s: broken", name);
        *(test_failed ? &counts->failed : refusal_reason(name) ? &counts->refused : &counts->passed) += 1;
    }
    context_free(test.context);
}

int main(void) {
    struct counts counts = {0, 0, 0};
    struct dirent **entries;
    int count = scandir(root, &entries, NULL, alphasort);
    if (count < 0) {
        SKIP("onnx_node_tests", "libonnx-testdata is not installed");
        return 0;
    }
    for (int i = 0; i < count; i++) {
        if (!strncmp(entries[i]->d_name, "test_", 5)) count_case(&counts, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf("# %d cases of ONNX pass, %d are refused as the table says, %d fail\n", counts.passed, counts.refused,
           counts.failed);
    test_failures = counts.failed + (counts.passed < 150); /* the package holds more */
    printf("%s onnx_node_tests%s\n", test_failures ? "not ok" : "ok", test_failures ? ": cases fail" : "");
    TEST_EXIT();
}
