/* The reader of TFLite: what is refused, and that no offset leads out of the file. Numbers: foreign.c. */
#include "tests/unit/reading.h"
#include "ir/file.h"
#include "tests/test.h"

static struct bxc_context *context;

static const char *read_bytes(const void *data, size_t length) {
    return reading_of(context, tflite_read, data, length, false);
}

static char *file_bytes(const char *name, size_t *length) {
    return file_read(context, context->arena, name, length);
}

/* Each by its name and why; what is read of whole numbers with scales stands in foreign.c. */
static void some_whole_numbers_are_refused(void) {
    static const struct {
        const char *file, *said;
    } refused[] = {{"sum", "the kernels of TFLite do not give the sum of whole numbers with scales"},
                   {"softmax", "softmax of whole numbers has sums of 31 bits"},
                   {"weights", "its weights are whole numbers and its activations float"}};
    context = context_new();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        size_t length;
        char *bytes =
            file_bytes(arena_printf(context->arena, "tests/oracle/tflite/int8_%s.refused", refused[i].file), &length);
        CHECK(bytes && tflite_recognises("m", bytes, length));
        CHECK(strstr(read_bytes(bytes, length), refused[i].said));
    }
    context_free(context);
}

/* What is left of a file, and one in which an offset leads anywhere, is read or diagnosed. */
static void check_offsets(const char *file) {
    context = context_new();
    size_t length;
    char *bytes = file_bytes(file, &length);
    CHECK(bytes);
    CHECK_STR(read_bytes(bytes, length), "");
    for (size_t left = 0; left < length; left += 7) CHECK(strcmp(read_bytes(bytes, left), "nothing is said"));
    static const uint32_t leads[] = {UINT32_MAX, 0x7fffffff, 0, 4};
    for (size_t at = 8; at + 4 <= length; at += 4) {
        for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
            char *changed = arena_copy(context->arena, bytes, length);
            memcpy(changed + at, &leads[i], 4);
            CHECK(strcmp(read_bytes(changed, length), "nothing is said"));
        }
    }
    context_free(context);
}

static void no_offset_leads_out(void) {
    check_offsets("tests/oracle/tflite/arithmetic.tflite");
    check_offsets("tests/oracle/tflite/integers_spatial.tflite");
}

static void files_are_recognised(void) {
    context = context_new();
    CHECK(tflite_recognises("m", "\x1c\0\0\0TFL3", 8));
    CHECK(!tflite_recognises("m", "\x1c\0\0\0TFL", 7));
    CHECK(strstr(read_bytes("\x1c\0\0\0TFL3", 8), "the file is damaged: an offset leads out of it"));
    CHECK_STR(frontend_reader("m.tflite", "", 0)->name, "tflite");
    CHECK(strstr(read_bytes("", 0), "the file is no model of TFLite"));
    context_free(context);
}

int main(void) {
    RUN(some_whole_numbers_are_refused);
    RUN(no_offset_leads_out);
    RUN(files_are_recognised);
    TEST_EXIT();
}
