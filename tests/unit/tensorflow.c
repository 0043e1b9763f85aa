/* The reader of frozen graphs: what a graph becomes, and what is said of each wrong one. Numbers: foreign.c. */
#include "tests/unit/tensorflow_graph.h"
#include "tests/unit/reading.h"
#include "tests/test.h"

static struct bxc_context *context;

/* All diagnoses, and the graph's text. */
static const char *read_bytes(const void *data, size_t length) {
    return reading_of(context, tensorflow_read, data, length, true);
}

static const char *read_text(const char *graph) {
    size_t length;
    void *bytes = tf_graph_bytes(context->arena, graph, &length);
    return read_bytes(bytes, length);
}

static const struct {
    const char *name, *graph, *says; /* a part of what is said, or of the graph's text */
} cases[] = {
    {"a dense layer",
     "Placeholder x : dtype=float shape=?,2\nConst w : value=float,2,1|0.5,-1.5\n"
     "MatMul d/MatMul x w : transpose_a=false\nRelu d/Relu d/MatMul\n",
     "%2 = matmul(%0, %1) \"d/MatMul\" as \"d/MatMul\" from \"MatMul\" : [1,1] real\n"},
    {"outputs are what nobody reads, behind an input",
     "Placeholder x : dtype=float shape=?,2\nRelu a x\nAbs b x\nConst adam : value=float|1.0\n"
     "Identity adam/read adam\nNoOp init ^adam\nAssert check a\n",
     "output \"a\" %1\noutput \"b\" %2\n"},
    {"an input that nobody reads is none",
     "Placeholder labels : dtype=float shape=?,9\nPlaceholder x : dtype=float shape=?,2\nRelu a x\n",
     "%0 = input() \"x\""},
    {"the phase of learning is inference",
     "Placeholder x : dtype=float shape=?,2\nPlaceholder d/keras_learning_phase : dtype=bool shape=\n"
     "Switch s x d/keras_learning_phase\nAbs dropped s:1\nRelu kept s\nMerge m kept dropped\nNeg y m\n",
     "output \"y\""},
    {"what decides must be constant",
     "Placeholder x : dtype=float shape=?,2\nPlaceholder p : dtype=bool shape=?,1\nSwitch s x p\nAbs a s:1\n"
     "Relu b s\nMerge m a b\n",
     "what decides the switch is no constant"},
    {"an operator that is not read",
     "Placeholder x : dtype=float shape=?,2\nVarHandleOp v\nReadVariableOp r v\nMul y x r\n",
     "operator 'VarHandleOp' has no hardware form\n  at: node 'v' (VarHandleOp)\n  help: the variables are not in the "
     "graph: freeze it with convert_variables_to_constants_v2"},
    {"a sum over events", "Placeholder x : dtype=float shape=?,2\nConst a : value=int32|0\nMean y x a\n",
     "the batch: events would mix"},
    {"a count of events", "Placeholder x : dtype=float shape=?,2\nSize n x\nCast f n : DstT=float\nMul y x f\n",
     "it counts the batch, too"},
    {"no shape", "Placeholder x : dtype=float\nRelu y x\n",
     "model: error: input 'x' has no shape\n  at: 'x'\n  help: freeze the model with the shapes of its inputs"},
    {"an axis of no length", "Placeholder x : dtype=float shape=?,?\nRelu y x\n",
     "input 'x' leaves the size of axis 1 open"},
    {"nothing makes an operand", "Placeholder x : dtype=float shape=?,2\nAdd y x gone:3\n",
     "nothing makes its operand 'gone:3'"},
    {"a cycle", "Placeholder x : dtype=float shape=?,2\nAdd a x b\nAbs b a\nNeg y b\n", "the model is cyclic"},
    {"two of one name", "Placeholder x : dtype=float shape=?,2\nAbs a x\nRelu a x\nNeg y a\n",
     "something else makes its output 'a'"},
    {"nothing depends on an input", "Const c : value=float,2|1.0\nRelu y c\n", "the model has no outputs"},
    {"an output that a node does not have", "Placeholder x : dtype=float shape=?,2\nAbs a x\nNeg y a:2\n",
     "output 'a:2' of Abs is read"},
    {"an attribute of another type",
     "Placeholder x : dtype=float shape=?,2\nConst w : value=float,2,2|1.0\nMatMul y x w : transpose_b='yes'\n",
     "attribute 'transpose_b' is not true or false"},
    {"an unknown attribute", "Placeholder x : dtype=float shape=?,2\nRelu y x : clip=7 _note=1\n",
     "model: warning: attribute 'clip' is unknown and has no effect\n"},
    {"an attribute of TensorFlow's own", "Placeholder x : dtype=float shape=?,2\nRelu y x : _note=1\n",
     "bxc graph 1\ngraph \"model\"\n"},
    {"normalisation in training",
     "Placeholder x : dtype=float shape=?,2,2,1\nConst v : value=float,1|1.0\nFusedBatchNormV3 y x v v v v\n",
     "the normalisation is in training mode"},
    {"a padding of no name",
     "Placeholder x : dtype=float shape=?,2,2,1\nMaxPool y x : ksize=[1,2,2,1] strides=[1,1,1,1] padding='HALF'\n",
     "padding 'HALF' is not read"},
    {"a window along the channels",
     "Placeholder x : dtype=float shape=?,2,2,2\nMaxPool y x : ksize=[1,1,1,2] strides=[1,1,1,2] padding='VALID'\n",
     "'ksize' is not 1 for batch and channels"},
    {"a layout of no name",
     "Placeholder x : dtype=float shape=?,2,2,1\nConst b : value=float,1|1.0\nBiasAdd y x b : data_format='HWNC'\n",
     "data_format 'HWNC' is not read"},
    {"a constant that is larger than its numbers",
     "Placeholder x : dtype=float shape=?,1\n"
     "Const c : value=float,8192,8192|1.0\nMul y x c\n",
     "the tensor holds 1 numbers, its shape needs 67108864"},
    {"a constant of impossible shape",
     "Placeholder x : dtype=float shape=?,1\nConst c : value=float,-3|1.0\nMul y x c\n",
     "the tensor has an impossible shape: axis 0 is -3"},
    {"a slice of two ellipses",
     "Placeholder x : dtype=float shape=?,4\nConst o : value=int32,2|0,0\nConst s : value=int32,2|1,1\n"
     "StridedSlice y x o o s : ellipsis_mask=3\n",
     "two ellipses in one slice"},
    {"a slice with a stride of 0",
     "Placeholder x : dtype=float shape=?,4\nConst o : value=int32,2|0,0\nStridedSlice y x o o o : begin_mask=3\n",
     "a stride of 0"},
    {"an index out of range",
     "Placeholder x : dtype=float shape=?,4\nConst b : value=int32,2|0,7\nConst s : value=int32,2|1,1\n"
     "StridedSlice y x b b s : begin_mask=1 end_mask=1 shrink_axis_mask=2\n",
     "index 7 is out of range for axis 1 of 4"},
    {"a loop",
     "Placeholder x : dtype=float shape=?,2\nPlaceholder p : dtype=bool shape=\nLoopCond l p\nSwitch s x l\nRelu y s:1\n",
     "the graph has a loop"},
    {"two manners of resizing at once",
     "Placeholder x : dtype=float shape=?,4,4,1\nConst s : value=int32,2|2,2\n"
     "ResizeBilinear y x s : align_corners=true half_pixel_centers=true\n",
     "align_corners and half_pixel_centers exclude each other"},
    {"an index below 0", "Placeholder x : dtype=float shape=?,4\nConst i : value=int32,1,1|-1\nGatherNd y x i\n",
     "index -1 is below 0"},
    {"parts that do not fit",
     "Placeholder x : dtype=float shape=?,4\nConst a : value=int32|1\nSplit y a x : num_split=3\n",
     "4 entries cannot be split into 3 parts"},
    {"a quantiser without 0",
     "Placeholder x : dtype=float shape=?,4\nFakeQuantWithMinMaxArgs y x : min=0.5 max=2.0 num_bits=8\n",
     "its range 0.5 to 2 does not hold 0"},
    {"a quantiser of too many bits",
     "Placeholder x : dtype=float shape=?,4\nFakeQuantWithMinMaxArgs y x : min=-1.0 max=2.0 num_bits=17\n",
     "17 bits, which are not 2 to 16"},
};

static void check_case(size_t i) {
    test_name = cases[i].name;
    test_failed = false;
    context = context_new();
    const char *text = read_text(cases[i].graph);
    if (!strstr(text, cases[i].says)) test_fail(__FILE__, __LINE__, "it says\n%s\nand not\n%s", text, cases[i].says);
    if (!test_failed) printf("ok %s\n", test_name);
    test_failures += test_failed;
    context_free(context);
}

static const char dense[] = "Placeholder x : dtype=float shape=?,2\nConst w : value=float,2,1|0.5,-1.5\nMatMul y x w\n";

/* Every beginning of a file is read or diagnosed. */
static void whatever_is_left_of_a_file(void) {
    context = context_new();
    size_t length;
    char *bytes = tf_graph_bytes(context->arena, dense, &length);
    CHECK(strstr(read_bytes(bytes, length), "output \"y\""));
    for (size_t left = 0; left < length; left++) read_bytes(bytes, left);
    CHECK(context->diagnostics.errors > 0);
    context_free(context);
}

static void files_are_recognised(void) {
    context = context_new();
    size_t length;
    char *bytes = tf_graph_bytes(context->arena, dense, &length);
    static const char saved[] = "\x08\x01\x12\x14\x0a\x05", model_of_onnx[] = "\x08\x01\x12\x04name",
                      tensor_of_onnx[] = "\x0a\x02\x01\x03\x10\x01\x22\x0c";
    CHECK(tensorflow_recognises("m", bytes, length));
    CHECK(!tensorflow_recognises("m.pb", tensor_of_onnx, 8));
    CHECK(tensorflow_recognises("m", saved, 6));
    CHECK(!tensorflow_recognises("m", model_of_onnx, 8));
    CHECK_STR(frontend_reader("m.pb", "", 0)->name, "tensorflow");
    CHECK(strstr(read_bytes(saved, 6), "this is a SavedModel of TensorFlow, whose weights are in other files"));
    CHECK(strstr(read_bytes("node { name: \"x\" }", 18), "this is a graph of TensorFlow as text"));
    context_free(context);
}

/* x, and y = f(x), where f(in) has that body and returns that. */
static void *graph_with_function(const char *body, char *returned, size_t *length) {
    size_t size, body_size;
    void *bytes = tf_graph_bytes(context->arena, "Placeholder x : dtype=float shape=?,2\nf y x\n", &size);
    void *body_bytes = tf_graph_bytes(context->arena, body, &body_size);
    Tensorflow__GraphDef *graph = tensorflow__graph_def__unpack(NULL, size, bytes);
    Tensorflow__GraphDef *inner = tensorflow__graph_def__unpack(NULL, body_size, body_bytes);
    Tensorflow__OpDef__ArgDef in = TENSORFLOW__OP_DEF__ARG_DEF__INIT, out = in;
    Tensorflow__OpDef signature = TENSORFLOW__OP_DEF__INIT;
    Tensorflow__FunctionDef__RetEntry ret = TENSORFLOW__FUNCTION_DEF__RET_ENTRY__INIT;
    Tensorflow__FunctionDef function = TENSORFLOW__FUNCTION_DEF__INIT;
    Tensorflow__FunctionDefLibrary library = TENSORFLOW__FUNCTION_DEF_LIBRARY__INIT;
    in.name = (char[]){"in"};
    out.name = ret.key = (char[]){"out"};
    ret.value = returned;
    signature.name = (char[]){"f"};
    signature.n_input_arg = signature.n_output_arg = function.n_ret = library.n_function = 1;
    signature.input_arg = (Tensorflow__OpDef__ArgDef *[]){&in};
    signature.output_arg = (Tensorflow__OpDef__ArgDef *[]){&out};
    function.signature = &signature;
    function.ret = (Tensorflow__FunctionDef__RetEntry *[]){&ret};
    function.node_def = inner->node;
    function.n_node_def = inner->n_node;
    library.function = (Tensorflow__FunctionDef *[]){&function};
    graph->library = &library;
    char *packed = arena_alloc(context->arena, tensorflow__graph_def__get_packed_size(graph) + 1);
    *length = tensorflow__graph_def__pack(graph, (uint8_t *)packed);
    graph->library = NULL;
    tensorflow__graph_def__free_unpacked(graph, NULL);
    tensorflow__graph_def__free_unpacked(inner, NULL);
    return packed;
}

static void functions_are_written_out(void) {
    static const struct {
        const char *body, *returned, *says;
    } bodies[] = {
        {"Relu a in\nAbs unread in\n", "a:activations:0",
         "%1 = relu(%0) \"y/a\" as \"y/a\" from \"Relu\" : [1,2] real\noutput"},
        {"Relu a in\n", "in", "output \"y\" %0"},
        {"Relu a other\n", "a:activations:0", "the function 'f' reads what is not in it"},
        {"f a in\n", "a:out:0", "functions call each other more than 32 deep"},
        {"f a in\nf b a:out:0\n", "b:out:0", "the function 'f' makes too many nodes"},
        {"f a in in\n", "a:out:0", "the function 'f' takes another number of operands"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        context = context_new();
        size_t length;
        char *returned = arena_strdup(context->arena, bodies[i].returned);
        void *bytes = graph_with_function(bodies[i].body, returned, &length);
        const char *text = read_bytes(bytes, length);
        if (!strstr(text, bodies[i].says))
            test_fail(__FILE__, __LINE__, "it says\n%s\nand not\n%s", text, bodies[i].says);
        context_free(context);
    }
}

int main(void) {
    RUN(functions_are_written_out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(i);
    RUN(whatever_is_left_of_a_file);
    RUN(files_are_recognised);
    TEST_EXIT();
}
