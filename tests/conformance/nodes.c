/* ONNX's own test cases (Debian: libonnx-testdata), every one of them, against tests/conformance/nodes.txt.
 *
 * A row of the table is a case, what becomes of it, and more:
 *
 *     FOLDER/CASE passed [OPERAND...]  its outputs are the reference's; operands of these numbers are constants
 *     FOLDER/CASE refused MESSAGE      as bxc says
 *     FOLDER/CASE outside WHY          refused as well: it is outside of bxc's purpose
 *
 * Models are read with whole tensors (no batch). Operands that bxc wants constant (shapes, indices, bounds) are inputs
 * in these models. As few as do are bound, that is made initialisers; where all are, the case is computed while it is
 * read. A row that gets better or worse fails. `nodes --table` prints the table as it should be. */
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "onnx.pb-c.h"
#include "tests/test.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

static const char root[] = "/usr/share/libonnx-testdata/data", table_path[] = "tests/conformance/nodes.txt";
static const char *const folders[] = {"node", "pytorch-converted", "pytorch-operator", "real", "simple"};

enum { LINE_MAX_BYTES = 1024, SUBSETS_OPERANDS = 5 };

/* ---- the table ---- */

struct row {
    char name[320], state[16], text[LINE_MAX_BYTES];
};

static struct row *rows;
static size_t row_count;

static bool table_read(void) {
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(table_path, "r");
    while (file && fgets(line, sizeof line, file)) {
        rows = realloc(rows, (row_count + 1) * sizeof *rows);
        if (!rows) abort();
        struct row *row = &rows[row_count];
        *row = (struct row){.name = ""};
        if (sscanf(line, "%319s %15s %1023[^\n]", row->name, row->state, row->text) >= 2) row_count++;
    }
    return file && fclose(file) == 0;
}

static struct row *row_find(const char *name) {
    for (size_t i = 0; i < row_count; i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}

/* ---- a case, read with some of its operands bound ---- */

struct test_case {
    struct bxc_context *context;
    struct arena *arena;
    const char *name;
    unsigned bound; /* the operands that are constants, as bits */
    Onnx__ModelProto *model;
    struct strbuf text; /* what is wrong, or empty */
    bool refused;       /* else its numbers are wrong */
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

static char *data_path(const struct test_case *test, int set, const char *kind, size_t index) {
    return arena_printf(test->arena, "%s/%s/test_data_set_%d/%s_%zu.pb", root, test->name, set, kind, index);
}

static int element_type(const Onnx__ValueInfoProto *info) {
    bool tensor = info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    return tensor ? info->type->tensor_type->elem_type : ONNX__TENSOR_PROTO__DATA_TYPE__UNDEFINED;
}

/* numpy has no bfloat16: the reference data hold its bit patterns as whole numbers. */
static bool holds_patterns(const Onnx__ValueInfoProto *info) {
    return element_type(info) == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

static Onnx__TensorProto *tensor_unpack(const struct test_case *test, const char *path,
                                        const Onnx__ValueInfoProto *info) {
    size_t length;
    ProtobufCAllocator allocator = messages_in(test->arena);
    if (element_type(info) == ONNX__TENSOR_PROTO__DATA_TYPE__UNDEFINED) return NULL;
    char *data = file_read(test->context, test->arena, path, &length);
    Onnx__TensorProto *tensor = data ? onnx__tensor_proto__unpack(&allocator, length, (uint8_t *)data) : NULL;
    if (tensor && holds_patterns(info)) tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
    return tensor;
}

static bool is_bound(const struct test_case *test, size_t input) {
    return input < 32 && test->bound >> input & 1;
}

/* Makes initialisers of bound operands. */
static void bind(const struct test_case *test) {
    Onnx__GraphProto *graph = test->model->graph;
    Onnx__TensorProto **all = ARENA_ARRAY(test->arena, Onnx__TensorProto *, graph->n_input + graph->n_initializer + 1);
    size_t count = graph->n_initializer;
    for (size_t i = 0; i < count; i++) all[i] = graph->initializer[i];
    for (size_t i = 0; i < graph->n_input; i++) {
        Onnx__TensorProto *tensor =
            is_bound(test, i) ? tensor_unpack(test, data_path(test, 0, "input", i), graph->input[i]) : NULL;
        if (!tensor) continue;
        tensor->name = graph->input[i]->name;
        all[count++] = tensor;
    }
    graph->initializer = all;
    graph->n_initializer = count;
}

static struct graph *read_model(const struct test_case *test) {
    static const struct frontend_options whole = {.whole_tensors = true};
    size_t length = onnx__model_proto__get_packed_size(test->model);
    uint8_t *data = arena_alloc(test->arena, length + 1);
    onnx__model_proto__pack(test->model, data);
    return onnx_read(test->context, test->name, data, length, &whole);
}

/* ---- its numbers ---- */

static float *read_numbers(const struct test_case *test, const char *path, const Onnx__ValueInfoProto *info,
                           size_t *count) {
    struct shape shape;
    enum value_kind kind;
    double *numbers;
    if (onnx_tensor_read(test->context, test->arena, path, &shape, &kind, &numbers) < 0) return NULL;
    *count = shape_elements(&shape);
    float *reals = ARENA_ARRAY(test->arena, float, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        uint32_t bits = (uint32_t)numbers[i] << 16;
        reals[i] = (float)numbers[i];
        if (holds_patterns(info) && kind != VALUE_REAL) memcpy(&reals[i], &bits, sizeof bits);
    }
    return reals;
}

static bool compare(struct test_case *test, size_t output, const float *got, const float *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool same = got[i] == wanted[i] || (isnan(got[i]) && isnan(wanted[i]));
        if (same || fabsf(got[i] - wanted[i]) <= 1e-6f + 1e-5f * fabsf(wanted[i])) continue;
        strbuf_printf(&test->text, "output %zu, element %zu is %.9g, not %.9g", output, i, (double)got[i],
                      (double)wanted[i]);
        return false;
    }
    return true;
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

static bool read_inputs(struct test_case *test, const struct graph *graph, int set, const float **inputs) {
    const Onnx__GraphProto *source = test->model->graph;
    size_t used = 0, count = 0;
    for (size_t i = 0; i < source->n_input; i++) {
        bool stored = is_bound(test, i);
        for (size_t k = 0; k < source->n_initializer; k++)
            stored |= !strcmp(source->initializer[k]->name, source->input[i]->name);
        if (stored) continue;
        float *reals = read_numbers(test, data_path(test, set, "input", i), source->input[i], &count);
        if (!input_fits(test, graph, used, &reals, count)) {
            strbuf_printf(&test->text, "input %zu has %zu numbers", i, count);
            return false;
        }
        inputs[used++] = reals;
    }
    return true;
}

static bool run_set(struct test_case *test, const struct graph *graph, int set) {
    const Onnx__GraphProto *source = test->model->graph;
    const float **inputs = ARENA_ARRAY(test->arena, const float *, source->n_input + 1);
    float **outputs = ARENA_ARRAY(test->arena, float *, graph->output_count + 1);
    if (graph->output_count != source->n_output) strbuf_printf(&test->text, "outputs are missing");
    if (graph->output_count != source->n_output || !read_inputs(test, graph, set, inputs)) return false;
    for (uint32_t o = 0; o < graph->output_count; o++)
        outputs[o] =
            ARENA_ARRAY(test->arena, float, shape_elements(&graph_value(graph, graph->outputs[o].value)->shape) + 1);
    if (graph_run_reals(graph, 1, inputs, outputs) < 0) strbuf_printf(&test->text, "it did not run");
    for (uint32_t o = 0; o < graph->output_count && !test->text.length; o++) {
        size_t count = shape_elements(&graph_value(graph, graph->outputs[o].value)->shape), there = 0;
        const float *wanted = read_numbers(test, data_path(test, set, "output", o), source->output[o], &there);
        if (!wanted || there != count)
            strbuf_printf(&test->text, "output %u has %zu elements, not %zu", o, count, there);
        else
            compare(test, o, outputs[o], wanted, count);
    }
    return !test->text.length;
}

static bool has_set(const struct test_case *test, int set) {
    struct stat status;
    return stat(arena_printf(test->arena, "%s/%s/test_data_set_%d", root, test->name, set), &status) == 0;
}

static void tell_refusal(struct test_case *test) {
    const struct diagnostics *diagnostics = &test->context->diagnostics;
    test->refused = true;
    for (size_t i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity != SEVERITY_ERROR) continue;
        strbuf_printf(&test->text, "%s", diagnostics->items[i].message);
        return;
    }
}

static int try_case(void *user) {
    struct test_case *test = user;
    bind(test);
    struct graph *graph = read_model(test);
    if (!graph) tell_refusal(test);
    for (int set = 0; graph && has_set(test, set); set++)
        if (!run_set(test, graph, set)) break;
    graph_free(graph);
    return 0;
}

/* ---- what becomes of a case ---- */

static Onnx__ModelProto *model_unpack(struct test_case *test) {
    size_t length;
    char *data =
        file_read(test->context, test->arena, arena_printf(test->arena, "%s/%s/model.onnx", root, test->name), &length);
    ProtobufCAllocator allocator = messages_in(test->arena);
    return data ? onnx__model_proto__unpack(&allocator, length, (uint8_t *)data) : NULL;
}

/* With the bound operands; the number of inputs of the model. */
static size_t attempt(const char *name, unsigned bound, struct row *row) {
    struct test_case test = {.context = context_new(), .name = name, .bound = bound};
    size_t inputs = 0;
    test.arena = arena_new(test.context);
    test.text = strbuf_new(test.arena);
    test.model = model_unpack(&test);
    if (!test.model || !test.model->graph) {
        test.refused = true;
        strbuf_printf(&test.text, "the package holds no model");
    } else {
        inputs = test.model->graph->n_input;
        if (context_guarded(test.context, try_case, &test) < 0) strbuf_printf(&test.text, "it broke");
    }
    snprintf(row->state, sizeof row->state, "%s", !test.text.length ? "passed" : test.refused ? "refused" : "wrong");
    snprintf(row->text, sizeof row->text, "%s", test.text.length ? test.text.data : "");
    for (size_t i = 0; i < inputs && !test.text.length; i++)
        if (is_bound(&test, i)) sprintf(row->text + strlen(row->text), "%s%zu", *row->text ? " " : "", i);
    context_free(test.context);
    return inputs;
}

static bool binding_is_tried(unsigned bound, size_t inputs, int size) {
    unsigned all = inputs < 32 ? (1u << inputs) - 1 : UINT32_MAX;
    if (__builtin_popcount(bound) != size) return false;
    return inputs <= SUBSETS_OPERANDS || bound == all || bound == (all & ~1u);
}

/* As few constants as do; of equally many the later operands. */
static struct row judge(const char *name) {
    struct row row = {.name = ""}, other;
    snprintf(row.name, sizeof row.name, "%s", name);
    size_t inputs = attempt(name, 0, &row);
    if (strcmp(row.state, "refused") || inputs > 20) return row;
    for (int size = 1; size <= (int)inputs; size++)
        for (unsigned bound = 1u << inputs; bound-- > 1;) {
            if (!binding_is_tried(bound, inputs, size)) continue;
            other = row;
            attempt(name, bound, &other);
            if (strcmp(other.state, "refused")) return other;
        }
    return row;
}

/* ---- all of them ---- */

struct counts {
    int passed, constants, refused, outside;
};

static void count_row(struct counts *counts, const struct row *row) {
    if (!strcmp(row->state, "passed")) *(*row->text ? &counts->constants : &counts->passed) += 1;
    if (!strcmp(row->state, "refused")) counts->refused++;
    if (!strcmp(row->state, "outside")) counts->outside++;
}

/* Fails where the row is not what the table says. */
static void check_row(const struct row *row, const struct row *told) {
    test_name = row->name;
    if (!told)
        test_fail(__FILE__, __LINE__, "the table has no row: %s %s", row->state, row->text);
    else if (strcmp(row->state, told->state) || strcmp(row->text, told->text))
        test_fail(__FILE__, __LINE__, "%s %s; the table says: %s %s", row->state, row->text, told->state, told->text);
}

static void take_case(const char *folder, const char *entry, bool print, struct counts *counts) {
    char name[320];
    snprintf(name, sizeof name, "%s/%s", folder, entry);
    struct row row = judge(name);
    const struct row *told = row_find(name);
    if (told && !strcmp(told->state, "outside") && !strcmp(row.state, "refused")) row = *told;
    count_row(counts, &row);
    if (print)
        printf("%s %s%s%s\n", row.name, row.state, *row.text ? " " : "", row.text);
    else
        check_row(&row, told);
}

static size_t take_folder(const char *folder, bool print, struct counts *counts) {
    char path[256];
    struct dirent **entries;
    size_t taken = 0;
    snprintf(path, sizeof path, "%s/%s", root, folder);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (!strncmp(entries[i]->d_name, "test_", 5)) {
            take_case(folder, entries[i]->d_name, print, counts);
            taken++;
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return taken;
}

int main(int argc, char **argv) {
    struct counts counts = {0, 0, 0, 0};
    bool print = argc > 1 && !strcmp(argv[1], "--table");
    size_t taken = 0;
    struct stat status;
    if (stat(root, &status) != 0) {
        SKIP("onnx_node_tests", "libonnx-testdata is not installed");
        return 0;
    }
    test_failures = !table_read() && !print;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) taken += take_folder(folders[i], print, &counts);
    if (print) return 0;
    test_failures += test_failed || taken != row_count;
    printf("# of %zu cases %d pass and %d with constant operands, %d are refused, %d outside, as the table says\n",
           taken, counts.passed, counts.constants, counts.refused, counts.outside);
    printf("%s onnx_node_tests%s\n", test_failures ? "not ok" : "ok", test_failures ? ": the table is another" : "");
    free(rows);
    TEST_EXIT();
}
