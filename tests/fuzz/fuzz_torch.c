/* Fuzzes the reader of torch.export's archives: any bytes are read or diagnosed. Mutations change values of the JSON,
 * or bytes of weights, and pack the archive again. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/zip.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.partial = request->length & 1};
    const char *data = (const char *)request->data;
    go_behind(request, torch_read(request->context, "fuzz", data, request->length, &options));
    return 0;
}

/* "torch.ops.aten.add.Tensor", of which the reader takes the front. */
static const char *word(struct random *random) {
    static char text[64];
    size_t known = 0;
    while (torch_operators[known].name) known++;
    snprintf(text, sizeof text, "torch.ops.%s.default", torch_operators[below(random, known)].name);
    return text;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    return mutate_zip(random, data, size, limit, word);
}
