/* Progress on a terminal: one line that is rewritten, and nothing anywhere else. */
#include "cli/cli.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static bool shown;
static double started;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void show(void *user, const char *stage, uint64_t done, uint64_t total) {
    static double last;
    (void)user;
    double time = now();
    if (time - last < 0.1) return;
    last = time;
    shown = true;
    if (total)
        fprintf(stderr, "\r\033[K%s: %llu of %llu", stage, (unsigned long long)done, (unsigned long long)total);
    else
        fprintf(stderr, "\r\033[K%s", stage);
}

static void tell(void *user, const char *stage, uint64_t done, uint64_t total) {
    (void)user;
    if (done == 0) fprintf(stderr, "bxc: %7.2f s  %s%s\n", now() - started, stage, total ? " ..." : "");
}

void progress_start(struct invocation *invocation) {
    if (options_has(invocation->options, "quiet")) return;
    started = now();
    if (options_has(invocation->options, "verbose"))
        bxc_context_progress(invocation->context, tell, NULL);
    else if (isatty(STDERR_FILENO))
        bxc_context_progress(invocation->context, show, NULL);
}

void progress_end(void) {
    if (shown) fputs("\r\033[K", stderr);
    shown = false;
}
