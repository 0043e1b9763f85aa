/* The context: diagnostics, lifetimes, and the guards at which running out of memory and broken
 * invariants of bxc itself come to rest as diagnoses. */
#include "ir/context.h"

#include <stdlib.h>

_Noreturn void context_raise(struct bxc_context *context) {
    if (!context->guard) abort(); /* a public entry without a guard: nobody is left to tell */
    longjmp(*context->guard, 1);
}

_Noreturn void context_out_of_memory(struct bxc_context *context) {
    struct diagnostics *diag = &context->diagnostics;
    diag->errors++;
    if (diag->count < diag->capacity)
        diag->items[diag->count++] = (struct diagnostic){.severity = SEVERITY_ERROR, .message = diag->out_of_memory};
    context_raise(context);
}

_Noreturn void context_bug(struct bxc_context *context, const char *format, ...) {
    struct strbuf message = strbuf_new(context->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&message, format, arguments);
    va_end(arguments);
    diag_error(&context->diagnostics, (struct location){0}, "this is a defect of bxc; please report it with the model",
               "internal inconsistency: %s", message.data);
    context_raise(context);
}

void context_check(struct bxc_context *context) {
    if (!atomic_load_explicit(&context->cancelled, memory_order_relaxed)) return;
    diag_error(&context->diagnostics, (struct location){0}, NULL, "cancelled");
    context_raise(context);
}

void context_check_failed(struct bxc_context *context) {
    if (atomic_load_explicit(&context->cancelled, memory_order_relaxed)) context_raise(context);
}

int context_guarded(struct bxc_context *context, int (*body)(void *user), void *user) {
    jmp_buf here;
    jmp_buf *outer = context->guard;
    uint64_t opened = context->arenas_opened;
    volatile int result = -1;
    context->guard = &here;
    if (setjmp(here) == 0) {
        result = body(user);
        context->guard = outer;
    } else {
        context->guard = outer;
        arena_free_since(context, opened);
    }
    return result;
}

static int prepare(void *user) {
    struct bxc_context *context = user;
    struct diagnostics *diag = &context->diagnostics;
    context->arena = arena_new(context);
    diag->arena = context->arena;
    diag->out_of_memory = arena_strdup(context->arena, "out of memory");
    diag->capacity = 8;
    diag->items = ARENA_ARRAY(context->arena, struct diagnostic, diag->capacity);
    return 0;
}

struct bxc_context *context_new(void) {
    struct bxc_context *context = calloc(1, sizeof *context);
    if (!context || context_guarded(context, prepare, context) == 0) return context;
    free(context);
    return NULL;
}

void context_free(struct bxc_context *context) {
    if (!context) return;
    arena_free_since(context, 0);
    free(context);
}

void context_progress(struct bxc_context *context, const char *stage, uint64_t done, uint64_t total) {
    if (context->progress) context->progress(context->progress_user, stage, done, total);
}
