/* Fuzzes the reader of bxc's own JSON: any bytes are read or diagnosed. Mutations change values of the JSON. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/json.h"

static int read_request(void *user) {
    const struct request *request = user;
    go_behind(request, native_read(request->context, "fuzz", request->data, request->length, NULL));
    return 0;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_json(random, data, size, limit, NULL);
}
