/* Fuzzes the reader of native: any bytes are read or diagnosed. */
#include "frontend/frontend.h"

struct request {
    struct bxc_context *context;
    const uint8_t *data;
    size_t length;
};

static int read_request(void *user) {
    const struct request *request = user;
    graph_free(native_read(request->context, "fuzz", request->data, request->length, NULL));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    struct request request = {context_new(), data, length};
    context_guarded(request.context, read_request, &request);
    context_free(request.context);
    return 0;
}
