/* Fuzzes the reader of torch.export's archives: any bytes are read or diagnosed. */
#include "tests/fuzz/fuzz.h"
#include "frontend/frontend.h"

static int read_request(void *user) {
    const struct request *request = user;
    graph_free(torch_read(request->context, "fuzz", (const char *)request->data, request->length, NULL));
    return 0;
}
