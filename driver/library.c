/* The context as the public interface shows it. */
#include "driver/bxc.h"

#include "ir/context.h"

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
        if (!formatting->context->errors_only || diagnostics->items[i].severity == SEVERITY_ERROR)
            diag_format(&text, &diagnostics->items[i]);
    diagnostics->count = 0;
    formatting->text = text.data;
    return 0;
}

const char *bxc_context_diagnostics(struct bxc_context *context) {
    struct formatting formatting = {context, "bxc: error: out of memory\n"};
    context_guarded(context, format_all, &formatting);
    return formatting.text;
}

static enum bxc_severity severity_of(enum severity severity) {
    return severity == SEVERITY_ERROR ? BXC_ERROR : severity == SEVERITY_WARNING ? BXC_WARNING : BXC_NOTE;
}

static struct bxc_diagnosis diagnosis_of(struct bxc_context *context, const struct diagnostic *item) {
    struct strbuf text = strbuf_new(context->arena);
    diag_format(&text, item);
    return (struct bxc_diagnosis){.severity = severity_of(item->severity),
                                  .message = item->message,
                                  .help = item->help,
                                  .file = item->location.file,
                                  .path = item->location.path,
                                  .node = item->location.node,
                                  .op = item->location.op,
                                  .attribute =
                                      item->location.attribute ? item->location.attribute : item->location.option,
                                  .line = item->location.line,
                                  .text = text.data};
}

struct taking {
    struct bxc_context *context;
    struct bxc_diagnosis *list;
    size_t count;
};

static int take_all(void *user) {
    struct taking *taking = user;
    struct diagnostics *diagnostics = &taking->context->diagnostics;
    struct bxc_diagnosis *list = ARENA_ARRAY(taking->context->arena, struct bxc_diagnosis, diagnostics->count + 1);
    for (size_t i = 0; i < diagnostics->count; i++)
        if (!taking->context->errors_only || diagnostics->items[i].severity == SEVERITY_ERROR)
            list[taking->count++] = diagnosis_of(taking->context, &diagnostics->items[i]);
    diagnostics->count = 0;
    taking->list = list;
    return 0;
}

size_t bxc_context_take(struct bxc_context *context, const struct bxc_diagnosis **list) {
    static const struct bxc_diagnosis out_of_memory = {
        .severity = BXC_ERROR, .message = "out of memory", .text = "bxc: error: out of memory\n"};
    struct taking taking = {.context = context};
    bool taken = context_guarded(context, take_all, &taking) == 0;
    *list = taken ? taking.list : &out_of_memory;
    return taken ? taking.count : 1;
}

struct calling {
    struct bxc_context *context;
    const char *path, *name;
};

static int call(void *user) {
    const struct calling *calling = user;
    diag_call(&calling->context->diagnostics, calling->path, calling->name);
    return 0;
}

int bxc_context_call(struct bxc_context *context, const char *path, const char *name) {
    struct calling calling = {context, path, name};
    return context_guarded(context, call, &calling);
}

void bxc_context_quiet(struct bxc_context *context) {
    context->errors_only = true;
}

size_t bxc_context_errors(const struct bxc_context *context) {
    return context->diagnostics.errors;
}
