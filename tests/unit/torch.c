/* The reader of torch.export's archives: what is refused, and files that are broken. Numbers: foreign.c. */
#include "tests/unit/torch_file.h"
#include "tests/unit/reading.h"
#include "ir/file.h"
#include "tests/test.h"

static struct bxc_context *context;

static const char *read_bytes(const char *data, size_t length) {
    return reading_of(context, torch_read, data, length, false);
}

static char *model_bytes(const char *name, size_t *length) {
    return file_read(context, context->arena, arena_printf(context->arena, "tests/oracle/torch/%s.pt2", name), length);
}

static void files_are_recognised(void) {
    context = context_new();
    size_t length;
    char *bytes = model_bytes("dense", &length);
    CHECK(bytes && torch_recognises("m", bytes, length));
    CHECK_STR(frontend_reader("m", bytes, length)->name, "torch");
    CHECK_STR(frontend_reader("m.pt2", "", 0)->name, "torch");
    CHECK(!torch_recognises("m.keras", "PK\003\004 config.json model.weights.h5", 34));
    CHECK_STR(read_bytes(bytes, length), "");
    context_free(context);
}

/* What is left of a file, and one with a byte changed, is read or diagnosed. */
static void broken_files_are_diagnosed(void) {
    context = context_new();
    size_t length;
    char *bytes = model_bytes("shapes", &length);
    CHECK(bytes);
    for (size_t left = 0; left < length; left += 997) CHECK(strcmp(read_bytes(bytes, left), ""));
    for (size_t at = 0; at < length; at += 61) {
        char *changed = arena_copy(context->arena, bytes, length);
        changed[at] = (char)(changed[at] ^ 0x55);
        CHECK(strcmp(read_bytes(changed, length), "nothing is said"));
    }
    context_free(context);
}

/* Also through views, and operators that are not read, which may be some. */
static void changes_in_place_that_others_see_are_refused(void) {
    static const struct {
        const char *nodes;
        bool read;
    } cases[] = {
        {"aten.abs v x\naten.relu_ y v\n", true},
        {"aten.abs v x\naten.contiguous u v\naten.relu_ y u\n", true},
        {"aten.relu_ r x\naten.add y r r\n", true},
        {"aten.abs v x\naten.clone w v\naten.relu_ r w\naten.add y v r\n", true},
        {"aten.abs v x\naten.add_ y v x\n", true},
        {"aten.relu_ r x\naten.add y x r\n", false},
        {"aten.abs v x\naten.add_ y v v\n", false},
        {"aten.abs v x\naten.relu_ r v\naten.add y v r\n", false},
        {"aten.abs v x\naten.t w v\naten.relu_ r w\naten.neg y v\n", false},
        {"aten.abs v x\naten.type_as w v x\naten.mT u w\naten.relu_ r u\naten.neg y v\n", false},
        {"aten.abs v x\naten.some_view w x v\naten.relu_ r w\naten.neg y v\n", false},
        {"aten.some_view w x\naten.relu_ r w\naten.neg y x\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        context = context_new();
        size_t length;
        char *bytes = torch_file_bytes(context->arena, cases[i].nodes, "y", &length);
        const char *said = read_bytes(bytes, length);
        if (cases[i].read) CHECK_STR(said, "");
        if (!cases[i].read) CHECK(strstr(said, "it changes its operand in place, which others read"));
        context_free(context);
    }
}

int main(void) {
    RUN(changes_in_place_that_others_see_are_refused);
    RUN(files_are_recognised);
    RUN(broken_files_are_diagnosed);
    TEST_EXIT();
}
