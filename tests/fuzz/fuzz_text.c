/* Fuzzes the reader of the text form: any bytes are read or diagnosed. Mutations change words and lines. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/tokens.h"

static int read_request(void *user) {
    const struct request *request = user;
    go_behind(request, text_read(request->context, "fuzz", request->data, request->length, NULL));
    return 0;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_tokens(random, data, size, limit);
}
