/* Fuzzes the reader of .keras files. What is fuzzed is config.json alone, or the HDF5 alone, or the whole
 * zip, as the first byte says; the other part is a good small one, so that mutations get past the zip's
 * check sums. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/keras_file.h"

#include <stdlib.h>

enum { CONFIGURATION, WEIGHTS, ARCHIVE, KINDS };

static const float one_k[] = {1}, one_i[] = {3}, one_b[] = {10}, kernel[] = {1, 0.5f, -1, 2, 0.25f, 3},
                   bias[] = {1, -2};
static const struct keras_file_quantizer plain = {"kbi", "RND", "SAT_SYM", NULL, {0}, one_k, one_i, one_b};
static const struct keras_file_quantizer wrapping = {"kif", "RND", "WRAP", NULL, {0}, one_k, one_i, one_i};

/* The parts of the good file, made once: HDF5 is slow to open. */
struct parts {
    struct bxc_context *context; /* for good */
    const char *config;
    char *image;
    size_t length;
};

static const struct parts *good_parts(void) {
    static struct parts parts;
    if (parts.config) return &parts;
    parts.context = context_new();
    struct arena *arena = parts.context->arena;
    struct keras_file file = keras_file_new(arena);
    keras_file_input(&file, 3);
    keras_file_dense(&file, NULL, 3, 2, kernel, bias, &wrapping, &plain, &plain);
    parts.config = arena_printf(
        arena, "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"t\", \"layers\": [%s]}}", file.layers.data);
    parts.image = keras_file_image(&file, &parts.length);
    return &parts;
}

/* The good file with one part exchanged. */
static char *exchanged(struct arena *arena, int kind, const char *part, size_t part_length, size_t *length) {
    const struct parts *good = good_parts();
    if (kind == WEIGHTS) return keras_file_zip(arena, good->config, part, part_length, length);
    return keras_file_zip(arena, arena_strndup(arena, part, part_length), good->image, good->length, length);
}

static int read_request(void *user) {
    const struct request *request = user;
    if (request->length == 0) return 0;
    struct arena *arena = request->context->arena;
    size_t length = request->length - 1;
    const char *data = (const char *)request->data + 1;
    int kind = request->data[0] % KINDS;
    if (kind != ARCHIVE) data = exchanged(arena, kind, data, length, &length);
    graph_free(keras_read(request->context, "fuzz", data, length, NULL));
    return 0;
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
