/* Fuzzes the reader of TFLite: any bytes are read or diagnosed. Mutations exchange numbers of one, two and four bytes
 * in place, as nothing that is inserted keeps the offsets of a flatbuffer right. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.partial = request->length & 1};
    go_behind(request, tflite_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

/* One that stands elsewhere, one that is near, or any. */
static void change_number(struct random *random, uint8_t *data, size_t size) {
    size_t bytes = (size_t)1 << below(random, 3), at = below(random, size / bytes) * bytes,
           other = below(random, size / bytes) * bytes;
    uint32_t changed = 0;
    if (at + bytes > size || other + bytes > size) return;
    memcpy(&changed, data + at, bytes);
    switch (below(random, 4)) {
    case 0: memcpy(&changed, data + other, bytes); break;
    case 1: changed = (uint32_t)number(random); break;
    default: changed += (uint32_t)below(random, 9) - 4; break;
    }
    memcpy(data + at, &changed, bytes);
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    (void)limit;
    for (size_t i = 0, count = 1 + below(random, 3); i < count; i++) change_number(random, data, size);
    return size;
}
