/* The reader of torch.export's archives: what is refused, and files that are broken. Numbers: foreign.c. */
#include "frontend/frontend.h"
#include "ir/file.h"
#include "tests/test.h"

static struct bxc_context *context;

struct request {
    const char *data;
    size_t length;
    struct graph *graph;
};

static int read_request(void *user) {
    struct request *request = user;
    request->graph = torch_read(context, "m.pt2", request->data, request->length, NULL);
    return 0;
}

/* What is said; "" of a model that is read. */
static const char *read_bytes(const char *data, size_t length) {
    struct strbuf text = strbuf_new(context->arena);
    size_t first = context->diagnostics.count;
    struct request request = {data, length, NULL};
    int result = context_guarded(context, read_request, &request);
    for (size_t i = first; i < context->diagnostics.count; i++) diag_format(&text, &context->diagnostics.items[i]);
    if (result < 0 || (!request.graph && !text.length)) strbuf_printf(&text, "nothing is said");
    graph_free(request.graph);
    return text.length ? text.data : "";
}

static char *model_bytes(const char *name, size_t *length) {
    return file_read(context, context->arena, arena_printf(context->arena, "tests/oracle/torch/%s.pt2", name), length);
}

static void files_are_recognised(void) {
    context = context_new();
    size_t length;
    char *bytes = model_bytes("dense", &length);
    CHECK(bytes && torch_recognises("m", bytes, length));
    CHECK_STR(frontend_reader("m", bytes, length)->name, "torch");
    CHECK_STR(frontend_reader("m.pt2", "", 0)->name, "torch");
    CHECK(!torch_recognises("m.keras", "PK\003\004 config.json model.weights.h5", 34));
    CHECK_STR(read_bytes(bytes, length), "");
    context_free(context);
}

/* What is left of a file, and one with a byte changed, is read or diagnosed. */
static void broken_files_are_diagnosed(void) {
    context = context_new();
    size_t length;
    char *bytes = model_bytes("shapes", &length);
    CHECK(bytes);
    for (size_t left = 0; left < length; left += 997) CHECK(strcmp(read_bytes(bytes, left), ""));
    for (size_t at = 0; at < length; at += 61) {
        char *changed = arena_copy(context->arena, bytes, length);
        changed[at] = (char)(changed[at] ^ 0x55);
        CHECK(strcmp(read_bytes(changed, length), "nothing is said"));
    }
    context_free(context);
}

int main(void) {
    RUN(files_are_recognised);
    RUN(broken_files_are_diagnosed);
    TEST_EXIT();
}
