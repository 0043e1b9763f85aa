/* What is said of many nodes alike is told once. */
#include "frontend/refusals.h"
#include "ir/context.h"
#include "tests/test.h"

#include <string.h>

static void refuse(struct bxc_context *context, const char *node, const char *op, const char *what) {
    struct location at = {.file = "m.onnx", .node = node, .op = op};
    diag_error(&context->diagnostics, at, "help", "operator '%s' %s", op, what);
}

static void check_message(const struct bxc_context *context, size_t which, const char *wanted) {
    CHECK(context->diagnostics.count > which && !strcmp(context->diagnostics.items[which].message, wanted));
}

static void many_become_one(void) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    struct bxc_context *context = context_new();
    refuse(context, "before", "Foo", "has no form");
    for (size_t i = 0; i < 6; i++) {
        refuse(context, names[i], "Foo", "has no form");
        if (i < 3) refuse(context, names[i], "Bar", "has no form");
        if (i == 4) refuse(context, names[i], "Foo", "is wrong");
    }
    refusals_group(&context->diagnostics, context->arena, 1);
    CHECK(context->diagnostics.count == 6 && context->diagnostics.errors == 6);
    check_message(context, 0, "operator 'Foo' has no form");
    check_message(context, 1, "operator 'Foo' has no form (6 nodes: 'a', 'b', 'c', 'd', 'e', ...)");
    check_message(context, 2, "operator 'Bar' has no form");
    check_message(context, 5, "operator 'Foo' is wrong");
    context_free(context);
}

static void an_apostrophe_is_no_quote(void) {
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < 4; i++) {
        refuse(context, "a", "Foo", "has a kernel's shape that is wrong");
        refuse(context, "b", "Foo", "has a kernel's type that is wrong");
    }
    refusals_group(&context->diagnostics, context->arena, 0);
    CHECK(context->diagnostics.count == 2);
    context_free(context);
}

int main(void) {
    RUN(an_apostrophe_is_no_quote);
    RUN(many_become_one);
    TEST_EXIT();
}
