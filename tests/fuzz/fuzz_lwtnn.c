/* Fuzzes the reader of lwtnn's JSON: any bytes are read or diagnosed. */
#include "tests/fuzz/fuzz.h"
#include "frontend/frontend.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_size sizes[] = {{.name = "inputs", .size = 3}, {.name = "tracks", .size = 4}};
    struct frontend_options options = {.sizes = sizes, .size_count = 2};
    graph_free(lwtnn_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}
