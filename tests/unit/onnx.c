/* The reader of ONNX: what each form of a node becomes, and what is said of each wrong model. */
#include "tests/unit/onnx.h"
#include "ir/text.h"
#include "tests/test.h"

#include <math.h>

/* Reads the model; the text is the graph's, or all diagnoses. */
static char *read_text(struct bxc_context *context, struct arena *arena, const char *model_text) {
    struct strbuf text = strbuf_new(arena);
    size_t length;
    struct model *model = model_parse(arena, model_text);
    void *bytes = model_bytes(model, &length);
    struct graph *graph = onnx_read(context, "m.onnx", bytes, length, NULL);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    if (graph) graph_print(&text, graph);
    graph_free(graph);
    return text.data;
}

struct expectation {
    const char *name, *model, *text;
};

static const struct expectation expectations[] = {
#include "tests/unit/onnx_cases.h"
};

struct run {
    struct bxc_context *context;
    const struct expectation *expectation;
};

static int run_expectation(void *user) {
    struct run *run = user;
    struct arena *arena = arena_new(run->context);
    char *text = read_text(run->context, arena, run->expectation->model);
    if (strcmp(text, run->expectation->text))
        test_fail(__FILE__, __LINE__, "it says\n%s\nand not\n%s", text, run->expectation->text);
    return 0;
}

static void check_expectation(const struct expectation *expectation) {
    struct run run = {context_new(), expectation};
    test_name = expectation->name;
    test_failed = false;
    if (context_guarded(run.context, run_expectation, &run) < 0) test_fail(__FILE__, __LINE__, "broken");
    context_free(run.context);
    test_failures += test_failed;
    if (!test_failed) printf("ok %s\n", test_name);
}

/* Two texts of one model must give the same graph. */
static const struct {
    const char *name, *one, *other;
} equals[] = {
    {"unsqueeze_axes", "input x float ? 4\nnode Unsqueeze u x -> y axes=[2]\noutput y",
     "input x float ? 4\nwhole a 1 : -1\nnode Unsqueeze u x,a -> y\noutput y"},
    {"squeeze_axes", "input x float ? 4 1\nnode Squeeze u x -> y axes=[2]\noutput y",
     "input x float ? 4 1\nnode Squeeze u x -> y\noutput y"},
    {"slice_forms", "input x float ? 8\nnode Slice s x -> y starts=[2] ends=[-1] axes=[1]\noutput y",
     "input x float ? 8\nwhole a 2 : 0 2\nwhole b 2 : 0 7\nwhole c 2 : 0 1\nwhole d 2 : 1 1\nwhole n 1 : 2\nwhole e 1 : 7\nwhole f 1 : -1\n"
     "node Slice s x,n,e,f -> y\noutput y"},
    {"clip_forms", "input x float ? 4\nnode Clip c x -> y min=0.0 max=6.0\noutput y",
     "input x float ? 4\nreal a _ : 0\nreal b _ : 6\nnode Clip c x,a,b -> y\noutput y"},
    {"auto_pad",
     "input x float ? 1 4 5\nreal w 1,1,2,2 : 1 2 3 4\nnode Conv c x,w -> y auto_pad='SAME_UPPER'\noutput y",
     "input x float ? 1 4 5\nreal w 1,1,2,2 : 1 2 3 4\nnode Conv c x,w -> y pads=[0,0,1,1] kernel_shape=[2,2]\noutput y"},
    {"auto_pad_lower",
     "input x float ? 1 5\nnode MaxPool p x -> y auto_pad='SAME_LOWER' kernel_shape=[2] strides=[2]\noutput y",
     "input x float ? 1 5\nnode MaxPool p x -> y pads=[1,0] kernel_shape=[2] strides=[2]\noutput y"},
    {"ceil_mode", "input x float ? 1 5\nnode MaxPool p x -> y ceil_mode=1 kernel_shape=[2] strides=[2]\noutput y",
     "input x float ? 1 5\nnode MaxPool p x -> y pads=[0,1] kernel_shape=[2] strides=[2]\noutput y"},
    {"softmax_axis", "opset 9\ninput x float ? 4\nnode Softmax s x -> y\noutput y",
     "opset 9\ninput x float ? 4\nnode Softmax s x -> y axis=-1\noutput y"},
    {"reshape_forms", "input x float ? 2 4\nnode Reshape r x -> y shape=[0,-1]\noutput y",
     "input x float ? 2 4\nwhole s 2 : 1 8\nnode Reshape r x,s -> y\noutput y"},
    {"reshape_names_batch", "input x float 789444 2 4\nwhole s 2 : 789444 8\nnode Reshape r x,s -> y\noutput y",
     "input x float 789444 2 4\nwhole s 2 : -1 8\nnode Reshape r x,s -> y\noutput y"},
    {"reshape_of_shape",
     "input x float ? 2 4\nnode Shape q x -> h\nwhole i _ : 0\nnode Gather g h,i -> b axis=0\n"
     "node Unsqueeze u b -> v axes=[0]\nwhole m 1 : -1\nnode Concat c v,m -> s axis=0\nnode Reshape r x,s -> y\noutput y",
     "input x float ? 2 4\nwhole s 2 : 0 8\nnode Reshape r x,s -> y\noutput y"},
    {"shape_product",
     "input x float ? 2 4\nnode Shape q x -> h\nwhole f 1 : 1\nwhole t 1 : 3\nnode Slice s1 h,f,t -> d\nwhole i _ : 0\nwhole j _ : 1\n"
     "node Gather g1 d,i -> p\nnode Gather g2 d,j -> k\nnode Mul u p,k -> n\nwhole z 1 : 0\nnode Unsqueeze u2 n,z -> n1\nwhole m 1 : -1\n"
     "node Concat c m,n1 -> s axis=0\nnode Reshape r x,s -> y\noutput y",
     "input x float ? 2 4\nwhole s 2 : 0 8\nnode Reshape r x,s -> y\noutput y"},
    {"dropout_identity_cast",
     "input x float ? 4\nnode Dropout d x -> a ratio=0.5\nnode Identity i a -> b\nnode Cast c b -> e to=1\nnode Relu r e -> y\noutput y",
     "input x float ? 4\nnode Relu r x -> y\noutput y"},
    /* the first query sees one key, the second both; bool and numbers to add are one mask */
    {"attention_masks",
     "input x float ? 2 1\nwhole m 2,2 : 1 0 1 1\nnode Attention a x,x,x,m -> y q_num_heads=1 kv_num_heads=1\noutput y",
     "input x float ? 2 1\nnode Attention a x,x,x -> y q_num_heads=1 kv_num_heads=1 is_causal=1\noutput y"},
    {"attention_numbers",
     "input x float ? 2 1\nreal m 2,2 : 0 -inf 0 0\nnode Attention a x,x,x,m -> y q_num_heads=1 kv_num_heads=1\noutput y",
     "input x float ? 2 1\nnode Attention a x,x,x -> y q_num_heads=1 kv_num_heads=1 is_causal=1\noutput y"},
    {"labels",
     "input x float ? 5\nwhole k 5 : 1 7 2 0 -1\n"
     "node LabelEncoder@ai.onnx.ml l k -> b keys_int64s=[1,2,7] values_int64s=[10,20,-5] default_int64=99\n"
     "node Add a x,b -> y\noutput y",
     "input x float ? 5\nwhole b 5 : 10 -5 20 99 99\nnode Add a x,b -> y\noutput y"},
    {"labels_without_a_default",
     "input x float ? 2\nwhole k 2 : 2 3\n"
     "node LabelEncoder@ai.onnx.ml l k -> b keys_int64s=[2] values_int64s=[6]\nnode Add a x,b -> y\noutput y",
     "input x float ? 2\nwhole b 2 : 6 -1\nnode Add a x,b -> y\noutput y"},
    {"softmax_masks",
     "input x float ? 2 2\nreal m 2,2 : 0 -inf 0 0\nnode Add a x,m -> b\nnode Softmax s b -> y\noutput y",
     "input x float ? 2 2\nreal m 2,2 : 0 -1e9 0 0\nnode Add a m,x -> b\nnode Softmax s b -> y axis=2\noutput y"},
    {"softmax_chosen",
     "input x float ? 2 2\nreal n _ : -inf\nwhole z _ : 0\nwhole k 2,2 : 0 1 0 0\nnode Equal e k,z -> c\n"
     "node Where w c,x,n -> b\nnode Softmax s b -> y\noutput y",
     "input x float ? 2 2\nreal n _ : -3.4e38\nwhole z _ : 0\nwhole k 2,2 : 0 1 0 0\nnode Equal e k,z -> c\n"
     "node Where w c,x,n -> b\nnode Softmax s b -> y\noutput y"},
    {"loop_written_out",
     "input x float ? 2\nwhole m _ : 2\nreal w 2 : 1 2\ngraph yes\nnode Neg o w -> p\noutput p\nend\n"
     "graph no\nnode Foo o w -> p\noutput p\nend\ngraph b\ninput i int64\ninput c bool\ninput s float 1 2\n"
     "node Add a s,w -> n\nnode If e c -> p then_branch=@yes else_branch=@no\nnode Mul f n,p -> k\noutput c\noutput k\nend\n"
     "node Loop l m,_,x -> last body=@b\noutput last",
     "input x float ? 2\nreal w 2 : 1 2\nreal l.0.e.then.p 2 : -1 -2\nreal l.1.e.then.p 2 : -1 -2\n"
     "node Add l.0.a x,w -> l.0.n\nnode Mul l.0.f l.0.n,l.0.e.then.p -> l.0.k\n"
     "node Add l.1.a l.0.k,w -> l.1.n\nnode Mul l.1.f l.1.n,l.1.e.then.p -> l.1.k\nnode Identity l l.1.k -> last\noutput last"},
    {"dead_nodes", "input x float ? 4\nnode Relu r x -> y\nnode Det e x -> z\nnode Foo@bar f z -> w\noutput y",
     "input x float ? 4\nnode Relu r x -> y\noutput y"},
    {"unsorted_nodes", "input x float ? 4\nnode Relu r t -> y\nnode Tanh t x -> t\noutput y",
     "input x float ? 4\nnode Tanh t x -> t\nnode Relu r t -> y\noutput y"},
    {"listed_initialiser", "input x float ? 4\ninput w float 4\nreal w 4 : 1 2 3 4\nnode Add a x,w -> y\noutput y",
     "input x float ? 4\nreal w 4 : 1 2 3 4\nnode Add a x,w -> y\noutput y"},
    {"constant_folded_transpose",
     "input x float ? 2\nreal w 3,2 : 1 2 3 4 5 6\nnode Transpose t w -> v\nnode MatMul m x,v -> y\noutput y",
     "input x float ? 2\nreal v 2,3 : 1 3 5 2 4 6\nnode MatMul m x,v -> y\noutput y"},
    {"old_broadcast", "opset 6\ninput x float ? 2 3\nreal w 2 : 1 2\nnode Add a x,w -> y axis=1 broadcast=1\noutput y",
     "opset 6\ninput x float ? 2 3\nreal w.operand 2,1 : 1 2\nnode Add a x,w.operand -> y\noutput y"},
};

static int run_equal(void *user) {
    const size_t *index = user;
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    char *one = read_text(context, arena, equals[*index].one), *other = read_text(context, arena, equals[*index].other);
    if (strcmp(one, other) || !strstr(one, "bxc graph")) test_fail(__FILE__, __LINE__, "%s\nis not\n%s", one, other);
    context_free(context);
    return 0;
}

static void check_equals(void) {
    for (size_t i = 0; i < sizeof equals / sizeof *equals; i++) {
        test_name = equals[i].name;
        test_failed = false;
        run_equal(&i);
        test_failures += test_failed;
        if (!test_failed) printf("ok %s\n", test_name);
    }
}

/* Every element type, raw and typed, gives the same numbers. */
static void tensor_types(void) {
    static const struct {
        int type;
        size_t size;
        uint64_t one, minus_two;
    } types[] = {{1, 4, 0x3f800000, 0xc0000000},
                 {3, 1, 1, 0xfe},
                 {5, 2, 1, 0xfffe},
                 {6, 4, 1, 0xfffffffe},
                 {7, 8, 1, 0xfffffffffffffffe},
                 {10, 2, 0x3c00, 0xc000},
                 {11, 8, 0x3ff0000000000000, 0xc000000000000000},
                 {16, 2, 0x3f80, 0xc000}};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int raw = 0; raw < 2; raw++) {
            struct bxc_context *context = context_new();
            struct arena *arena = arena_new(context);
            struct model *model =
                model_parse(arena, "input x float ? 2\nreal w 2 : 0 0\nnode Pow a x,w -> y\noutput y");
            Onnx__TensorProto *tensor = model->tensors[0];
            const uint64_t bits[] = {types[t].one, types[t].minus_two};
            uint8_t *bytes = arena_alloc(arena, 16);
            tensor->data_type = types[t].type;
            tensor->n_float_data = 0;
            tensor->has_raw_data = raw;
            tensor->raw_data = (ProtobufCBinaryData){2 * types[t].size, bytes};
            tensor->int32_data = ARENA_ARRAY(arena, int32_t, 2);
            tensor->double_data = ARENA_ARRAY(arena, double, 2);
            for (int i = 0; i < 2; i++) {
                for (size_t b = 0; b < types[t].size; b++)
                    bytes[(size_t)i * types[t].size + b] = (uint8_t)(bits[i] >> (8 * b));
                tensor->float_data[i] = i ? -2 : 1;
                tensor->int64_data[i] = i ? -2 : 1;
                tensor->int32_data[i] = types[t].type == 10 || types[t].type == 16 ? (int32_t)bits[i] : i ? -2 : 1;
                tensor->double_data[i] = i ? -2 : 1;
            }
            if (!raw && types[t].type == 1) tensor->n_float_data = 2;
            if (!raw && types[t].type == 7) tensor->n_int64_data = 2;
            if (!raw && types[t].type == 11) tensor->n_double_data = 2;
            if (!raw && types[t].type != 1 && types[t].type != 7 && types[t].type != 11) tensor->n_int32_data = 2;
            size_t length;
            void *data = model_bytes(model, &length);
            struct graph *graph = onnx_read(context, "m.onnx", data, length, NULL);
            const float *reals = graph ? graph_reals(graph, graph->nodes[1].result) : NULL;
            bool right = reals && reals[0] == 1 && reals[1] == -2;
            graph_free(graph);
            context_free(context);
            if (!right) test_fail(__FILE__, __LINE__, "type %d %s", types[t].type, raw ? "raw" : "typed");
        }
}

/* Every cut of a model is diagnosed or read, never a crash; and the cut in a tensor names the file. */
static void truncated(void) {
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    size_t length;
    struct model *model =
        model_parse(arena, "input x float ? 2\nreal w 2,2 : 1 2 3 4\nnode MatMul m x,w -> y\noutput y");
    void *bytes = model_bytes(model, &length);
    for (size_t cut = 0; cut < length; cut++) {
        size_t errors = context->diagnostics.errors;
        struct graph *graph = onnx_read(context, "m.onnx", arena_copy(arena, bytes, cut), cut, NULL);
        if ((graph != NULL) == (context->diagnostics.errors > errors)) test_fail(__FILE__, __LINE__, "cut at %zu", cut);
        graph_free(graph);
    }
    context_free(context);
}

static void nested_too_deeply(void) {
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    enum { LEVELS = 301 };
    uint8_t *bytes = arena_alloc(arena, 16 * LEVELS);
    size_t length = 0;
    for (int i = 0; i < LEVELS; i++) {                    /* graph in attribute in node in graph ..., innermost first */
        static const uint8_t tags[] = {0x32, 0x2a, 0x0a}; /* attribute.g, node.attribute, graph.node */
        uint8_t head[8];
        size_t size = 0, rest = length;
        head[size++] = i == LEVELS - 1 ? 0x3a : tags[i % 3];
        for (; rest > 127; rest >>= 7) head[size++] = (uint8_t)(rest | 128);
        head[size++] = (uint8_t)rest;
        memmove(bytes + size, bytes, length);
        memcpy(bytes, head, size);
        length += size;
    }
    struct graph *graph = onnx_read(context, "m.onnx", bytes, length, NULL);
    bool right = !graph && strstr(context->diagnostics.items[0].message, "nested too deeply");
    context_free(context);
    CHECK(right);
}

/* Weights as raw bytes of a NaN and of an infinity: named, with the node that reads them. */
static void not_finite(void) {
    static const float numbers[] = {NAN, INFINITY};
    static const char *const says[] = {"tensor 'w' holds a NaN (element 1)",
                                       "tensor 'w' holds an infinity (element 1)"};
    for (int i = 0; i < 2; i++) {
        struct bxc_context *context = context_new();
        struct arena *arena = arena_new(context);
        size_t length;
        struct model *model = model_parse(arena, "input x float ? 2\nreal w 2 : 1 2\nnode Add sum x,w -> y\noutput y");
        model->tensors[0]->float_data[1] = numbers[i];
        void *bytes = model_bytes(model, &length);
        struct graph *graph = onnx_read(context, "m.onnx", bytes, length, NULL);
        bool right = !graph && context->diagnostics.count == 1 &&
                     !strcmp(context->diagnostics.items[0].message, says[i]) &&
                     !strcmp(context->diagnostics.items[0].location.node, "sum");
        context_free(context);
        CHECK(right);
    }
}

/* Of w in w.bin, four bytes into the file; NULL: read. */
static const char *external_problem(struct bxc_context *context, const char *location, const char *offset) {
    struct arena *arena = arena_new(context);
    const char *folder = getenv("WORK");
    static const float numbers[] = {9, 1, 2};
    Onnx__StringStringEntryProto where = ONNX__STRING_STRING_ENTRY_PROTO__INIT,
                                 from = ONNX__STRING_STRING_ENTRY_PROTO__INIT;
    Onnx__StringStringEntryProto *entries[] = {&where, &from};
    where.key = "location", where.value = arena_strdup(arena, location);
    from.key = "offset", from.value = arena_strdup(arena, offset);
    size_t length;
    struct model *model = model_parse(arena, "input x float ? 2\nreal w 2 : 1 2\nnode Add sum x,w -> y\noutput y");
    model->tensors[0]->has_data_location = 1;
    model->tensors[0]->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    model->tensors[0]->n_float_data = 0;
    model->tensors[0]->external_data = entries;
    model->tensors[0]->n_external_data = 2;
    void *bytes = model_bytes(model, &length);
    const char *beside = arena_printf(arena, "%s/w.bin", folder ? folder : "/tmp");
    FILE *file = fopen(beside, "wb");
    if (!file || fwrite(numbers, sizeof numbers, 1, file) != 1 || fclose(file)) return "no file";
    struct graph *graph =
        onnx_read(context, arena_printf(arena, "%s/m.onnx", folder ? folder : "/tmp"), bytes, length, NULL);
    remove(beside);
    if (!graph) return context->diagnostics.items[0].message;
    const float *w = graph_reals(graph, graph_definition(graph, graph->outputs[0].value)->inputs[1]);
    return w && w[0] == 1.0f && w[1] == 2.0f ? NULL : "other numbers";
}

static void external_data(void) {
    static const struct {
        const char *location, *offset, *problem;
    } cases[] = {
        {"w.bin", "4", NULL},
        {"w.bin", "8", "the tensor holds 1 numbers, its shape needs 2"},
        {"w.bin", "400", "the tensor's numbers are not in '"},
        {"w.bin", "x", "the tensor's numbers are not in '"},
        {"v.bin", "0", "the file of the tensor's numbers, '"},
        {"../w.bin", "0", "the tensor's numbers are in '../w.bin', which is no file beside the model"},
        {"/etc/passwd", "0", "the tensor's numbers are in '/etc/passwd', which is no file beside the model"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bxc_context *context = context_new();
        const char *problem = external_problem(context, cases[i].location, cases[i].offset);
        bool right =
            cases[i].problem ? problem && !strncmp(problem, cases[i].problem, strlen(cases[i].problem)) : !problem;
        if (!right)
            test_fail(__FILE__, __LINE__, "%s + %s: %s", cases[i].location, cases[i].offset,
                      problem ? problem : "read");
        context_free(context);
    }
}

/* A function of two nodes, the second of which is `second`; what reading says, as text. */
static char *read_with_function(struct bxc_context *context, struct arena *arena, const char *second,
                                const char *domain) {
    char *a[] = {"a"}, *t[] = {"t"}, *o[] = {"o"};
    Onnx__AttributeProto alpha = ONNX__ATTRIBUTE_PROTO__INIT, *attributes[] = {&alpha};
    Onnx__NodeProto first = ONNX__NODE_PROTO__INIT, last = ONNX__NODE_PROTO__INIT, *nodes[] = {&last, &first};
    Onnx__FunctionProto function = ONNX__FUNCTION_PROTO__INIT, *functions[] = {&function};
    alpha.name = "alpha", alpha.ref_attr_name = "slope";
    first.op_type = "Relu", first.name = "r", first.input = a, first.n_input = 1, first.output = t, first.n_output = 1;
    last.op_type = arena_strdup(arena, second), last.domain = arena_strdup(arena, domain);
    last.input = t, last.n_input = 1, last.output = o, last.n_output = 1, last.attribute = attributes,
    last.n_attribute = 1;
    function.name = "Two", function.domain = "my.domain", function.input = a, function.n_input = 1;
    function.output = o, function.n_output = 1, function.node = nodes, function.n_node = 2;
    size_t length;
    struct model *model = model_parse(arena, "input x float ? 2\nnode Two@my.domain f x -> y slope=0.25\noutput y");
    model->proto.functions = functions, model->proto.n_functions = 1;
    void *bytes = model_bytes(model, &length);
    struct graph *graph = onnx_read(context, "m.onnx", bytes, length, NULL);
    struct strbuf text = strbuf_new(arena);
    if (graph) graph_print(&text, graph);
    return graph ? text.data : context->diagnostics.items[0].message;
}

static void functions_are_written_out(void) {
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    const char *text = read_with_function(context, arena, "LeakyRelu", "");
    bool right = strstr(text, "%1 = relu(%0) \"f/r\" as \"f/t\" from \"Relu\"") &&
                 strstr(text, "leaky_relu(%1) \"y\" as \"y\" from \"LeakyRelu\" alpha=0x1p-2");
    if (!right) test_fail(__FILE__, __LINE__, "%s", text);
    text = read_with_function(context, arena, "Two", "my.domain");
    if (strcmp(text, "the function 'Two' calls itself, or is nested too deeply"))
        test_fail(__FILE__, __LINE__, "%s", text);
    context_free(context);
}

/* Running out of memory anywhere in the reader is a diagnosis. */
static int read_small(void *user) {
    struct bxc_context *context = user;
    struct arena *arena = arena_new(context);
    size_t length;
    struct model *model = model_parse(
        arena, "input x float ? 2\nreal w 2,2 : 1 2 3 4\nnode Gemm m x,w -> y transB=1\nnode Foo f y -> z\noutput z");
    void *bytes = model_bytes(model, &length);
    graph_free(onnx_read(context, "m.onnx", bytes, length, NULL));
    arena_free(arena);
    return 0;
}

static void out_of_memory(void) {
    int failures = 0;
    for (int64_t nth = 1; nth < 4000; nth++) {
        struct bxc_context *context = context_new();
        context->fail_allocation = nth;
        bool failed = context_guarded(context, read_small, context) < 0;
        failures += failed;
        context->fail_allocation = 0;
        context_free(context);
        if (!failed) break;
    }
    CHECK(failures > 3);
}

int main(void) {
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) check_expectation(&expectations[i]);
    check_equals();
    RUN(tensor_types);
    RUN(truncated);
    RUN(nested_too_deeply);
    RUN(not_finite);
    RUN(external_data);
    RUN(functions_are_written_out);
    RUN(out_of_memory);
    TEST_EXIT();
}
