/* bxc inspect of a model that is refused: what the reader refuses and what the passes refuse of the rest, at once. */
#include "driver/bxc.h"
#include "ir/file.h"
#include "tests/test.h"
#include "tests/unit/onnx.h"

/* A division of two variables, which the line refuses, and an operator that the reader does not know. */
static const char two_faults[] =
    "input x float ? 2\n"
    "real sx 1 : 0.1\nreal zero 1 : 0\nreal bits 1 : 8\n"
    "node Quant@qonnx.custom_op.general q x,sx,zero,bits -> q signed=1 narrow=0 rounding_mode='ROUND'\n"
    "node Div quotient q,x -> d\n"
    "node Relu behind d -> r\n"
    "node Det strange r -> y\n"
    "output y\n";

static char *inspect_text(struct bxc_context *context, const char *text, const char *key, bool *accepted, int *result) {
    struct arena *arena = context->arena;
    size_t length;
    const char *work = getenv("WORK");
    char *path = arena_printf(arena, "%s/model.onnx", work ? work : ".");
    void *bytes = model_bytes(model_parse(arena, text), &length);
    if (file_write(context, path, bytes, length) < 0) return NULL;
    struct bxc_options *options = bxc_options_new(context);
    if (key) bxc_options_set(options, key, "yes");
    FILE *file = tmpfile();
    *result = bxc_inspect(context, path, options, accepted, file);
    char *out = arena_alloc(arena, 1 << 16);
    rewind(file);
    size_t got = fread(out, 1, (1 << 16) - 1, file);
    out[got] = 0;
    fclose(file);
    bxc_options_free(options);
    return out;
}

static void every_reason_at_once(void) {
    struct bxc_context *context = bxc_context_new();
    bool accepted = true;
    int result = -1;
    const char *text = inspect_text(context, two_faults, NULL, &accepted, &result);
    CHECK_EQ(result, 0);
    CHECK(!accepted);
    CHECK(strstr(text, "graph, as far as it could be read"));
    CHECK(strstr(text, "\nrefused, for 2 reasons\n"));
    CHECK(strstr(text, "error: operator 'Det' has no hardware form"));
    CHECK(strstr(text, "error: operator 'div' of two variables has no integer form"));
    CHECK_STR(bxc_context_diagnostics(context), ""); /* told once */
    CHECK_EQ(bxc_context_errors(context), 0);
    bxc_context_free(context);
}

static void reasons_as_json(void) {
    struct bxc_context *context = bxc_context_new();
    bool accepted = true;
    int result = -1;
    const char *text = inspect_text(context, two_faults, "json", &accepted, &result);
    const char *reading = strstr(text, "reading"), *compiling = strstr(text, "compiling");
    CHECK(reading && compiling && reading < compiling);
    CHECK(strstr(text, "\"strange\"") && strstr(text, "\"quotient\""));
    CHECK(!strstr(text, "\"compiled\":"));
    bxc_context_free(context);
}

static void weights_are_counted(void) {
    struct bxc_context *context = bxc_context_new();
    bool accepted = false;
    int result = -1;
    const char *text = inspect_text(context,
                                    "input x float ? 3\nreal w 3,2 : 1 0 0.5 0 -1 2\nreal b 2 : 0.25 0\n"
                                    "node MatMul m x,w -> m\nnode Add a m,b -> y\noutput y\n",
                                    NULL, &accepted, &result);
    CHECK(accepted);
    CHECK(strstr(text, "8 parameters, 3 of them zero; 6 products with weights an event"));
    CHECK(strstr(text, "none: a float model"));
    CHECK(strstr(text, "outputs: y (1 x 2)"));
    CHECK(strstr(text, "\ncompiles: "));
    bxc_context_free(context);
}

/* A Gemm is two nodes; each says what it is, and what it was made from. */
static void parts_tell_what_they_are(void) {
    static const char model[] = "input x float ? 3\nreal w 3,2 : 1 0 0.5 0 -1 2\nreal b 2 : 0.25 0\n"
                                "node Gemm g x,w,b -> g\nnode LeakyRelu r g -> y alpha=0.5\noutput y\n";
    struct bxc_context *context = bxc_context_new();
    bool accepted = false;
    int result = -1;
    const char *text = inspect_text(context, model, NULL, &accepted, &result);
    CHECK(accepted);
    CHECK(strstr(text, " matmul     Gemm  x "));
    CHECK(strstr(text, " add        Gemm  g"));
    CHECK(strstr(text, " LeakyRelu        g"));
    text = inspect_text(context, model, "json", &accepted, &result);
    CHECK(strstr(text, "\"op\":\t\"matmul\",\n\t\t\t\"from\":\t\"Gemm\""));
    CHECK(strstr(text, "\"op\":\t\"LeakyRelu\",\n\t\t\t\"from\":\tnull"));
    bxc_context_free(context);
}

int main(void) {
    RUN(every_reason_at_once);
    RUN(reasons_as_json);
    RUN(weights_are_counted);
    RUN(parts_tell_what_they_are);
    TEST_EXIT();
}
