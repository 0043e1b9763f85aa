/* Fuzzes the reader of TMVA's MLP: any bytes are read or diagnosed. */
#include "tests/fuzz/fuzz.h"
#include "frontend/frontend.h"

static int read_request(void *user) {
    const struct request *request = user;
    graph_free(tmva_read(request->context, "fuzz", request->data, request->length, NULL));
    return 0;
}
