/* Fuzzes the reader of lwtnn's JSON: any bytes are read or diagnosed. Mutations change values of the JSON. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/json.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_size sizes[] = {{.name = "inputs", .size = 3}, {.name = "tracks", .size = 4}};
    struct frontend_options options = {.sizes = sizes, .size_count = 2, .partial = request->length & 1};
    go_behind(request, lwtnn_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

static const char *word(struct random *random) {
    size_t known = 0;
    while (lwtnn_operators[known].name) known++;
    return lwtnn_operators[below(random, known)].name;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_json(random, data, size, limit, word);
}
