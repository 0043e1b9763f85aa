/* Memory by lifetime and guards: the nth allocation fails on purpose, releases run, nothing is lost. */
#include "ir/context.h"
#include "ir/file.h"
#include "ir/hash.h"
#include "tests/test.h"

#include <unistd.h>

static void count_release(void *object) {
    ++*(int *)object;
}

struct work {
    struct bxc_context *context;
    int *releases;
    int finished;
};

/* Opens an arena and leaves it open when something fails inside. */
static int body(void *user) {
    struct work *work = user;
    struct arena *arena = arena_new(work->context);
    arena_defer(arena, count_release, work->releases);
    struct strbuf text = strbuf_new(arena);
    for (int i = 0; i < 100; i++) strbuf_printf(&text, "%d %s\n", i, "words that make the text grow");
    arena_printf(arena, "%s", text.data);
    ARENA_ARRAY(arena, int, 100000);
    diag_error(&work->context->diagnostics, (struct location){.file = "a", .node = "b"}, "help", "an error");
    arena_free(arena);
    work->finished++;
    return 0;
}

static void the_nth_allocation_fails(void) {
    for (int nth = 1; nth < 60; nth++) {
        int releases = 0;
        struct bxc_context *context = context_new();
        struct work work = {context, &releases, 0};
        context->fail_allocation = nth;
        int result = context_guarded(context, body, &work);
        context->fail_allocation = 0;
        size_t errors = context->diagnostics.errors;
        const char *message = errors ? context->diagnostics.items[context->diagnostics.count - 1].message : "";
        if (work.finished) {
            CHECK_EQ(result, 0);
            CHECK_EQ(releases, 1);
            CHECK(nth > 10); /* or the loop tested nothing */
            context_free(context);
            return;
        }
        CHECK_EQ(result, -1);
        CHECK_EQ(errors, 1);
        CHECK_STR(message, "out of memory");
        CHECK(releases == (nth > 1 ? 1 : 0));
        CHECK(context->arenas == NULL || context->arenas_opened >= 1);
        CHECK(context->guard == NULL);
        context_free(context);
    }
    CHECK_STR("the body", "never ended");
}

static int allocate_too_much(void *user) {
    struct bxc_context *context = user;
    struct arena *arena = arena_new(context);
    arena_calloc(arena, SIZE_MAX / 2, 16);
    return 0;
}

static void sizes_that_overflow_are_diagnosed(void) {
    struct bxc_context *context = context_new();
    CHECK_EQ(context_guarded(context, allocate_too_much, context), -1);
    CHECK_EQ(context->diagnostics.errors, 1);
    context_free(context);
}

static int break_invariant(void *user) {
    struct bxc_context *context = user;
    arena_new(context);
    context_bug(context, "value %d of %d", 7, 3);
}

static int nest(void *user) {
    return context_guarded(user, break_invariant, user) == -1 ? 5 : 6;
}

static void guards_nest(void) {
    struct bxc_context *context = context_new();
    CHECK_EQ(context_guarded(context, nest, context), 5);
    CHECK_EQ(context->diagnostics.count, 1);
    CHECK_STR(context->diagnostics.items[0].message, "internal inconsistency: value 7 of 3");
    context_free(context);
}

static int close_outer_and_fail(void *user) {
    struct arena **outer = user;
    struct bxc_context *context = arena_context(*outer);
    arena_free(*outer);
    *outer = NULL;
    arena_new(context);
    context_raise(context);
}

static void an_older_arena_may_close_inside(void) {
    struct bxc_context *context = context_new();
    struct arena *kept = arena_new(context), *outer = arena_new(context);
    char *text = arena_strdup(kept, "kept");
    CHECK_EQ(context_guarded(context, close_outer_and_fail, &outer), -1);
    CHECK(context->arenas == kept);
    CHECK_STR(text, "kept");
    arena_free(kept);
    context_free(context);
}

static int *release_order;
static void record_release(void *object) {
    *release_order++ = *(int *)object;
}

static void releases_run_newest_first(void) {
    static int numbers[3] = {1, 2, 3};
    int order[3] = {0};
    struct bxc_context *context = context_new();
    struct arena *arena = arena_new(context);
    release_order = order;
    for (int i = 0; i < 3; i++) arena_defer(arena, record_release, &numbers[i]);
    arena_free(arena);
    CHECK(order[0] == 3 && order[1] == 2 && order[2] == 1);
    context_free(context);
}

static void objects_are_zeroed_and_aligned(void) {
    struct bxc_context *context = context_new();
    for (size_t size = 1; size < 9000; size += 37) {
        unsigned char *object = arena_alloc(context->arena, size);
        CHECK((uintptr_t)object % 16 == 0);
        for (size_t i = 0; i < size; i++) CHECK(object[i] == 0);
        memset(object, 255, size);
    }
    context_free(context);
}

static void diagnostics_are_formatted(void) {
    struct bxc_context *context = context_new();
    struct strbuf out = strbuf_new(context->arena);
    int result = diag_error(
        &context->diagnostics, (struct location){.file = "jets.onnx", .node = "/gelu/Erf", .op = "Erf", .opset = 17},
        "replace GELU by ReLU or HardSwish, or see 'bxc ops'", "operator '%s' has no hardware form", "Erf");
    diag_warning(&context->diagnostics, (struct location){.file = "a.bxc", .line = 3}, NULL, "odd");
    diag_note(&context->diagnostics, (struct location){.path = "/layers/0", .attribute = "units"}, NULL, "so");
    CHECK_EQ(result, -1);
    CHECK_EQ(context->diagnostics.errors, 1);
    for (size_t i = 0; i < context->diagnostics.count; i++) diag_format(&out, &context->diagnostics.items[i]);
    CHECK_STR(out.data, "jets.onnx: error: operator 'Erf' has no hardware form\n"
                        "  at: node '/gelu/Erf' (Erf), opset 17\n"
                        "  help: replace GELU by ReLU or HardSwish, or see 'bxc ops'\n"
                        "a.bxc:3: warning: odd\n"
                        "note: so\n"
                        "  at: /layers/0, 'units'\n");
    context_free(context);
}

static void hashes_are_those_of_the_standard(void) {
    static const char *const expected[2] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"};
    for (int i = 0; i < 2; i++) {
        struct sha256 hash;
        char text[65];
        sha256_start(&hash);
        for (int k = 0; k < 1000000 * i; k += 1000) {
            char block[1000];
            memset(block, 'a', sizeof block);
            sha256_add(&hash, block, sizeof block);
        }
        sha256_finish(&hash, text);
        CHECK_STR(text, expected[i]);
    }
}

static void files_are_whole_or_not_there(void) {
    struct bxc_context *context = context_new();
    char folder[] = "/tmp/bxc-arena-XXXXXX", path[64];
    size_t length = 0;
    CHECK(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    CHECK_EQ(file_write(context, path, "a\0b", 3), 0);
    char *data = file_read(context, context->arena, path, &length);
    CHECK(data && length == 3 && memcmp(data, "a\0b", 4) == 0);
    CHECK_EQ(file_write(context, path, "", 0), 0);
    data = file_read(context, context->arena, path, &length);
    CHECK(data && length == 0 && *data == 0);
    CHECK_EQ(context->diagnostics.count, 0);
    CHECK_EQ(file_write(context, folder, "x", 1), -1); /* a folder stands there */
    CHECK(!file_read(context, context->arena, folder, &length));
    CHECK_EQ(context->diagnostics.errors, 2);
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(rmdir(folder), 0);
    context_free(context);
}

int main(void) {
    RUN(the_nth_allocation_fails);
    RUN(sizes_that_overflow_are_diagnosed);
    RUN(guards_nest);
    RUN(an_older_arena_may_close_inside);
    RUN(releases_run_newest_first);
    RUN(objects_are_zeroed_and_aligned);
    RUN(diagnostics_are_formatted);
    RUN(hashes_are_those_of_the_standard);
    RUN(files_are_whole_or_not_there);
    TEST_EXIT();
}
