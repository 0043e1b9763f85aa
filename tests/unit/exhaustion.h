/* The nth allocation of a piece of work fails: it must come back with a diagnosis. */
#ifndef BXC_TEST_EXHAUSTION_H
#define BXC_TEST_EXHAUSTION_H

#include "driver/bxc.h"
#include "ir/context.h"

#include <string.h>

/* What is tried: each makes its options itself, so that those run out of memory too. */
struct attempt {
    const char *model;
    int (*run)(struct bxc_context *context, const struct attempt *attempt);
    const char *product; /* a file or folder that it makes, or NULL */
};

/* One attempt with a failure: true when it failed as it must; *reached tells whether the failure came. */
static inline bool fails_well(const struct attempt *attempt, int64_t allocation, bool *reached) {
    struct bxc_context *context = bxc_context_new();
    if (!context) return false;
    bxc_context_threads(context, 1);
    context->fail_allocation = allocation;
    int result = attempt->run(context, attempt);
    *reached = context->fail_allocation == 0;
    context->fail_allocation = 0;
    bool told = bxc_context_errors(context) > 0 && strstr(bxc_context_diagnostics(context), "error: out of memory");
    bxc_context_free(context);
    return *reached ? result == -1 && told : result == 0;
}

/* -1 where it fails with all memory there is. */
static inline int64_t allocations_of(const struct attempt *attempt) {
    enum { PLENTY = 1000000000 };
    struct bxc_context *context = bxc_context_new();
    bxc_context_threads(context, 1);
    context->fail_allocation = PLENTY;
    int result = attempt->run(context, attempt);
    int64_t used = PLENTY - context->fail_allocation;
    if (result < 0) printf("# %s\n", bxc_context_diagnostics(context));
    bxc_context_free(context);
    return result < 0 ? -1 : used;
}

enum { EDGE = 12 }; /* so many first and last allocations are all tried */

static inline int64_t next_allocation(int64_t n, int64_t total, int64_t step) {
    if (n < EDGE || n >= total - EDGE) return n + 1;
    return n + step < total - EDGE ? n + step : total - EDGE;
}

#endif
