/* bxc: finds the subcommand, lets it run, prints the diagnoses. */
#include "cli/cli.h"
#include "commit.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int (*const subcommands[COMMAND_COUNT])(struct invocation *) = {
    [COMMAND_COMPILE] = run_compile, [COMMAND_VERIFY] = run_verify,         [COMMAND_REPORT] = run_report,
    [COMMAND_RUN] = run_run,         [COMMAND_CONVERT] = run_convert,       [COMMAND_INSPECT] = run_inspect,
    [COMMAND_DIFF] = run_diff,       [COMMAND_EXPLAIN] = run_explain,       [COMMAND_OPS] = run_ops,
    [COMMAND_PARTS] = run_parts,     [COMMAND_COMPLETION] = run_completion, [COMMAND_MANUAL] = run_manual,
};

/* What the signal handler needs and what it saw: the state that outlives a function. */
static struct bxc_context *interrupted;
static volatile sig_atomic_t interrupted_by;

static void on_interrupt(int number) {
    interrupted_by = number;
    bxc_context_cancel(interrupted);
}

static int print_help(FILE *out) {
    fprintf(out,
            "bxc %s, the bunch-crossing compiler: trained networks to trigger firmware, bit for bit.\n\n"
            "usage: bxc COMMAND [OPTION...] ARGUMENT...\n\n",
            BXC_VERSION);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s%s\n", command_table[i].name, command_table[i].summary);
    fprintf(out, "\n'bxc help COMMAND' lists a command's options, 'bxc manual | man -l -' is the manual page,\n"
                 "'bxc --version' tells version and commit.\n");
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* Whether everything that was printed has arrived. What failed in the middle of a long text has lost its reason: one
 * byte more asks for it again. */
static int flush_output(int code) {
    bool lost = ferror(stdout);
    if (lost) putchar('\n');
    errno = 0;
    if ((fflush(stdout) == 0 && !lost) || code != EXIT_DONE) return code;
    if (errno == EPIPE) return EXIT_DIAGNOSED; /* 'bxc report fw | head' has read enough */
    fprintf(stderr, "bxc: error: standard output: %s\n", errno ? strerror(errno) : "not all of it was written");
    return EXIT_DIAGNOSED;
}

static int print_version(void) {
    printf(*BXC_COMMIT ? "bxc %s (commit %s)\n" : "bxc %s\n", BXC_VERSION, BXC_COMMIT);
    return EXIT_DONE;
}

static int find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(command_table[i].name, name) == 0) return i;
    return -1;
}

static int no_such_command(const char *name) {
    const char *nearest = command_nearest(name);
    fprintf(stderr, "bxc: no command '%s'\n", name);
    if (nearest) fprintf(stderr, "did you mean '%s'?\n", nearest);
    fputs("help: 'bxc --help' lists them\n", stderr);
    return EXIT_USAGE;
}

static void print_diagnostics(struct bxc_context *context) {
    fputs(bxc_context_diagnostics(context), stderr);
}

/* Those that whoever started bxc ignores stay ignored (nohup). A second signal ends it at once. */
static void catch_interrupts(struct bxc_context *context) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    interrupted = context;
    struct sigaction before, action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int set_threads(struct invocation *invocation) {
    int threads;
    if (options_whole(invocation->options, "threads", 0, 0, 4096, &threads) < 0) return EXIT_DIAGNOSED;
    bxc_context_threads(invocation->context, threads);
    return EXIT_DONE;
}

static int run_command(int command, int argc, char **argv) {
    struct bxc_context *context = bxc_context_new();
    struct invocation invocation = {.context = context, .command = &command_table[command]};
    invocation.operands = calloc((size_t)argc + 1, sizeof *invocation.operands);
    invocation.options = context ? bxc_options_new(context) : NULL;
    int code = EXIT_DIAGNOSED;
    if (!invocation.options || !invocation.operands) {
        fputs("bxc: error: out of memory\n", stderr);
    } else {
        catch_interrupts(context);
        code = arguments_parse(&invocation, argc, argv);
        if (options_has(invocation.options, "quiet")) bxc_context_quiet(context);
        if (code == EXIT_DONE) code = set_threads(&invocation);
        if (code == EXIT_DONE) {
            progress_start(&invocation);
            code = subcommands[command](&invocation);
            progress_end();
        }
        if (code == EXIT_DIAGNOSED && interrupted_by)
            code = EXIT_SIGNALLED + interrupted_by;
        else if (code == EXIT_DIAGNOSED && options_misused(invocation.options))
            code = EXIT_USAGE;
        code = flush_output(code); /* first, so that no diagnosis stands within a line where both go to one file */
        print_diagnostics(context);
    }
    free(invocation.operands);
    bxc_options_free(invocation.options);
    bxc_context_free(context);
    return code;
}

/* Large objects have pages of their own, which go back when they are released: the library of C would keep more and
 * more of them for itself. */
static void return_large_memory(void) {
    enum { LARGE = 1 << 22 };
    mallopt(M_MMAP_THRESHOLD, LARGE);
}

int main(int argc, char **argv) {
    return_large_memory();
    if (argc < 2) return print_help(stderr);
    bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0;
    if (help && (argc < 3 || strcmp(argv[2], "help") == 0)) return flush_output(print_help(stdout));
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) return flush_output(print_version());
    int command = find_command(argv[1 + help]);
    if (command < 0) return no_such_command(argv[1 + help]);
    char word[] = "--help", *ask[] = {argv[1], word, NULL};
    return help ? run_command(command, 2, ask) : run_command(command, argc - 1, argv + 1);
}
