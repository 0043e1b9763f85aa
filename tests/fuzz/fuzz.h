/* One run of a fuzz driver: the bytes in a context of their own, behind the guard of a public entry. The driver defines
 * what is done with them. */
#ifndef BXC_TEST_FUZZ_H
#define BXC_TEST_FUZZ_H

#include "ir/context.h"

#include <stdint.h>

struct request {
    struct bxc_context *context;
    const uint8_t *data;
    size_t length;
};
static int read_request(void *user);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    struct request request = {context_new(), data, length};
    request.context->threads = 1;
    context_guarded(request.context, read_request, &request);
    context_free(request.context);
    return 0;
}

#endif
