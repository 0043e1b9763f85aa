/* The context as the public interface shows it. */
#include "driver/bxc.h"

#include "ir/ir.h"

struct bxc_context *bxc_context_new(void) {
    return context_new();
}

void bxc_context_free(struct bxc_context *context) {
    context_free(context);
}

void bxc_context_threads(struct bxc_context *context, int threads) {
    context->threads = threads;
}

void bxc_context_progress(struct bxc_context *context,
                          void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total), void *user) {
    context->progress = progress;
    context->progress_user = user;
}

void bxc_context_cancel(struct bxc_context *context) {
    atomic_store(&context->cancelled, true);
}

struct formatting {
    struct bxc_context *context;
    const char *text;
};

static int format_all(void *user) {
    struct formatting *formatting = user;
    struct diagnostics *diagnostics = &formatting->context->diagnostics;
    struct strbuf text = strbuf_new(formatting->context->arena);
    for (size_t i = 0; i < diagnostics->count; i++)
        if (!formatting->context->errors_only || diagnostics->items[i].severity == SEVERITY_ERROR) diag_format(&text, &diagnostics->items[i]);
    diagnostics->count = 0;
    formatting->text = text.data;
    return 0;
}

const char *bxc_context_diagnostics(struct bxc_context *context) {
    struct formatting formatting = {context, "bxc: error: out of memory\n"};
    context_guarded(context, format_all, &formatting);
    return formatting.text;
}

void bxc_context_quiet(struct bxc_context *context) {
    context->errors_only = true;
}

size_t bxc_context_errors(const struct bxc_context *context) {
    return context->diagnostics.errors;
}
