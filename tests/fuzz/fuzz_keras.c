/* Fuzzes the reader of Keras's files: a .keras, a whole .h5 or a configuration alone. Most mutations change a value of
 * the configuration, wherever it stands, or bytes of the HDF5, which gets past the zip's check sums. */
#include "tests/fuzz/behind.h"
#include "tests/fuzz/mutator.h"
#include "tests/fuzz/zip.h"

static int read_request(void *user) {
    const struct request *request = user;
    struct frontend_options options = {.partial = request->length & 1};
    go_behind(request, keras_read(request->context, "fuzz", request->data, request->length, &options));
    return 0;
}

static const char *word(struct random *random) {
    size_t known = 0;
    while (keras_operators[known].name) known++;
    return keras_operators[below(random, known)].name;
}

/* The configuration within an .h5, which keeps its length. */
static size_t mutate_hdf5(struct random *random, uint8_t *data, size_t size) {
    static const char begin[] = "{\"class_name\"";
    size_t at = 0, end;
    while (at + sizeof begin < size && memcmp(data + at, begin, sizeof begin - 1) != 0) at++;
    for (end = at; end < size && data[end];) end++;
    char *text = at + sizeof begin < size ? changed_json(random, data + at, end - at, word) : NULL;
    size_t length = text ? strlen(text) : 0;
    bool fits = length && length <= end - at;
    if (fits) {
        memset(data + at, ' ', end - at);
        memcpy(data + at, text, length);
    }
    free(text);
    return fits ? size : 0;
}

static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit) {
    if (size && *data == '{') return mutate_json(random, data, size, limit, word);
    if (size && *data == 'P') return mutate_zip(random, data, size, limit, word);
    return below(random, 4) ? mutate_hdf5(random, data, size) : 0;
}

/* HDF5 asks for as much memory as a damaged file says, and takes a refusal well: no finding. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

/* On some damaged files HDF5 1.10.8 forgets a few hundred bytes of its own. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libhdf5";
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    char **more = calloc((size_t)*count + 2, sizeof *more);
    memcpy(more, *arguments, (size_t)*count * sizeof *more);
    more[(*count)++] = strdup("-malloc_limit_mb=1048576");
    *arguments = more;
    return 0;
}
