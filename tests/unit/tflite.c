/* The reader of TFLite: what is refused, and that no offset leads out of the file. Numbers: foreign.c. */
#include "frontend/frontend.h"
#include "ir/file.h"
#include "tests/test.h"

static struct bxc_context *context;

struct request {
    const void *data;
    size_t length;
    struct graph *graph;
};

static int read_request(void *user) {
    struct request *request = user;
    request->graph = tflite_read(context, "m.tflite", request->data, request->length, NULL);
    return 0;
}

/* What is said; "" of a model that is read. Asan sees what is read beyond the bytes: they end where the block does. */
static const char *read_bytes(const void *data, size_t length) {
    struct strbuf text = strbuf_new(context->arena);
    size_t first = context->diagnostics.count;
    void *copy = malloc(length + !length);
    if (length) memcpy(copy, data, length);
    struct request request = {copy, length, NULL};
    int result = context_guarded(context, read_request, &request);
    for (size_t i = first; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    if (result < 0 || (!request.graph && !text.length)) strbuf_printf(&text, "nothing is said");
    graph_free(request.graph);
    free(copy);
    return text.length ? text.data : "";
}

static char *file_bytes(const char *name, size_t *length) {
    return file_read(context, context->arena, name, length);
}

static void whole_numbers_with_scales_are_refused(void) {
    context = context_new();
    size_t length;
    char *bytes = file_bytes("tests/oracle/tflite/int8.refused", &length);
    CHECK(bytes && tflite_recognises("m", bytes, length));
    CHECK(strstr(read_bytes(bytes, length), "3 of 3 operations compute in TFLite's int8, whose rounding differs"));
    context_free(context);
}

/* What is left of a file, and one in which an offset leads anywhere, is read or diagnosed. */
static void no_offset_leads_out(void) {
    context = context_new();
    size_t length;
    char *bytes = file_bytes("tests/oracle/tflite/arithmetic.tflite", &length);
    CHECK(bytes);
    CHECK_STR(read_bytes(bytes, length), "");
    for (size_t left = 0; left < length; left += 7) CHECK(strcmp(read_bytes(bytes, left), "nothing is said"));
    static const uint32_t leads[] = {UINT32_MAX, 0x7fffffff, 0, 4};
    for (size_t at = 8; at + 4 <= length; at += 4) {
        for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
            char *changed = arena_copy(context->arena, bytes, length);
            memcpy(changed + at, &leads[i], 4);
            CHECK(strcmp(read_bytes(changed, length), "nothing is said"));
        }
    }
    context_free(context);
}

static void files_are_recognised(void) {
    context = context_new();
    CHECK(tflite_recognises("m", "\x1c\0\0\0TFL3", 8));
    CHECK(!tflite_recognises("m", "\x1c\0\0\0TFL", 7));
    CHECK(strstr(read_bytes("\x1c\0\0\0TFL3", 8), "the file is damaged: an offset leads out of it"));
    CHECK_STR(frontend_reader("m.tflite", "", 0)->name, "tflite");
    CHECK(strstr(read_bytes("", 0), "the file is no model of TFLite"));
    context_free(context);
}

int main(void) {
    RUN(whole_numbers_with_scales_are_refused);
    RUN(no_offset_leads_out);
    RUN(files_are_recognised);
    TEST_EXIT();
}
