/* Every allocation fails in turn while a model of each reader is read, and some while a small one is compiled: a
 * diagnosis each time. What leaks is for variant=asan to say. tests/long/exhaustion.sh: COMPILED says of how many. */
#include "tests/test.h"
#include "tests/unit/exhaustion.h"

#include <stdlib.h>

static int load(struct bxc_context *context, const struct attempt *attempt) {
    struct bxc_model *model = bxc_model_load(context, attempt->model, NULL);
    if (!model) return -1;
    bxc_model_free(model);
    return 0;
}

static int compile(struct bxc_context *context, const struct attempt *attempt) {
    struct bxc_options *options = bxc_options_new(context);
    struct bxc_firmware *firmware = options ? bxc_firmware_compile(context, attempt->model, options) : NULL;
    bxc_options_free(options);
    if (!firmware) return -1;
    bxc_firmware_free(firmware);
    return 0;
}

/* The first of them that does not come back as it must; 0: none. */
static int64_t first_wrong(const struct attempt *attempt, int64_t samples) {
    int64_t total = allocations_of(attempt), step = samples ? total / samples + 1 : 1;
    if (total < EDGE) return -1;
    for (int64_t n = 1; n <= total; n = next_allocation(n, total, step)) {
        bool reached = false;
        if (!fails_well(attempt, n, &reached) || !reached) return n;
    }
    return 0;
}

static void exhaust_reading(const char *model) {
    CHECK_EQ(first_wrong(&(struct attempt){model, load, NULL}, 0), 0);
}

/* Of so many moments between the first and last ones; 0: of all. */
static void exhaust_compiling(const char *model) {
    const char *samples = getenv("COMPILED");
    CHECK_EQ(first_wrong(&(struct attempt){model, compile, NULL}, samples ? atoi(samples) : 60), 0);
}

static void convolution_of_onnx(void) {
    exhaust_reading("tests/oracle/qdq/image_qdq_uint8_per_channel.onnx");
    exhaust_reading("tests/oracle/qdq/image_qoperator_int8.onnx");
}

static void qkeras_value(void) {
    exhaust_reading("tests/oracle/keras/qkeras_value_17.v2.keras");
    exhaust_compiling("tests/oracle/keras/qkeras_value_17.v2.keras");
}

static void tables_of_hgq(void) {
    exhaust_reading("tests/oracle/hgq_layers/affine_function.keras");
    exhaust_compiling("tests/oracle/hgq_layers/affine_function.keras");
}

static void frozen_graph(void) {
    exhaust_reading("tests/oracle/tensorflow/reduction.pb");
    exhaust_reading("tests/oracle/tensorflow/phase.pb");
    exhaust_compiling("tests/oracle/tensorflow/phase.pb");
}

static void tflite_shapes(void) {
    exhaust_reading("tests/oracle/tflite/convolution.tflite");
    exhaust_reading("tests/oracle/tflite/shapes.tflite");
}

static void torch_categories(void) {
    exhaust_reading("tests/oracle/torch/image.pt2");
    exhaust_reading("tests/oracle/torch/categories.pt2");
    exhaust_compiling("tests/oracle/torch/categories.pt2");
}

static void lwtnn_feed_forward(void) {
    exhaust_reading("tests/oracle/lwtnn/feed_forward.json");
}

static void tmva_network(void) {
    exhaust_reading("tests/fuzz/corpus/tmva/normalised");
    exhaust_compiling("tests/fuzz/corpus/tmva/normalised");
}

int main(void) {
    RUN(convolution_of_onnx);
    RUN(qkeras_value);
    RUN(tables_of_hgq);
    RUN(frozen_graph);
    RUN(tflite_shapes);
    RUN(torch_categories);
    RUN(lwtnn_feed_forward);
    RUN(tmva_network);
    TEST_EXIT();
}
