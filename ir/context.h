/* All state hangs off it. */
#ifndef BXC_IR_CONTEXT_H
#define BXC_IR_CONTEXT_H

#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ir/diag.h"

struct bxc_context {
    struct arena *arena; /* the program's lifetime */
    struct diagnostics diagnostics;
    int threads;           /* 0: OpenMP's default */
    bool errors_only;      /* warnings and notes are collected, but not told */
    atomic_bool cancelled; /* set from a signal handler; long loops look at it */
    /* Long work tells how far it is; total 0 when unknown. NULL: silence. */
    void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total);
    void *progress_user;
    jmp_buf *guard;           /* where running out of memory and broken invariants go */
    int64_t fail_allocation;  /* tests: the nth allocation from now fails; 0: none */
    struct mapping *mappings; /* files that are mapped (file.c) */
    struct arena *arenas;     /* all open ones, newest first, released when a guard is raised */
    uint64_t arenas_opened;   /* so far: an arena's number tells what a guard's body opened */
};

struct bxc_context *context_new(void); /* NULL when memory is out */
void context_free(struct bxc_context *context);
/* Runs body(user) so that running out of memory and broken invariants come back as a diagnosis:
 * arenas that body opened and left are released then, and -1 is returned. Guards nest. */
int context_guarded(struct bxc_context *context, int (*body)(void *user), void *user);
/* An inconsistency inside bxc: diagnosed at the nearest guard, never a crash. */
_Noreturn void context_bug(struct bxc_context *context, const char *format, ...) PRINTF_LIKE(2, 3);
/* What the arena calls, and whoever uses malloc. */
_Noreturn void context_out_of_memory(struct bxc_context *context);
/* To the nearest guard, after a diagnosis. */
_Noreturn void context_raise(struct bxc_context *context);
/* Where work may take long: to the nearest guard, after a diagnosis, once it is cancelled. Not in a parallel region. */
void context_check(struct bxc_context *context);
/* After what failed: to the nearest guard where it failed because it was cancelled, which it has told. */
void context_check_failed(struct bxc_context *context);
void context_progress(struct bxc_context *context, const char *stage, uint64_t done, uint64_t total);

#endif
