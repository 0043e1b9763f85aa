/* The command line: parses options, prints; nothing else does. */
#ifndef BXC_CLI_H
#define BXC_CLI_H

#include "driver/bxc.h"
#include "driver/options.h"

/* EXIT_SIGNALLED: and the number of the signal that cancelled it, as shells tell it: 130 after Ctrl-C. */
enum exit_code { EXIT_DONE = 0, EXIT_DIAGNOSED = 1, EXIT_USAGE = 2, EXIT_SIGNALLED = 128 };

/* What main hands to a subcommand. */
struct invocation {
    struct bxc_context *context;
    struct bxc_options *options;
    const struct command_info *command;
    char **operands; /* what is no option */
    int operand_count;
};

/* arguments.c: fills options and operands; ends the program on --help and usage errors, as argp does. */
int arguments_parse(struct invocation *invocation, int argc, char **argv);
/* One usage error; returns EXIT_USAGE. */
int usage_error(const struct invocation *invocation, const char *message);

/* One file a subcommand; each returns an exit code. */
int run_compile(struct invocation *invocation);
int run_verify(struct invocation *invocation);
int run_report(struct invocation *invocation);
int run_run(struct invocation *invocation);
int run_convert(struct invocation *invocation);
int run_inspect(struct invocation *invocation);
int run_diff(struct invocation *invocation);
int run_explain(struct invocation *invocation);
int run_ops(struct invocation *invocation);
int run_parts(struct invocation *invocation);
int run_completion(struct invocation *invocation);
int run_manual(struct invocation *invocation);

/* progress.c: one line on a terminal, rewritten. */
void progress_start(struct invocation *invocation);
void progress_end(void);

#endif
