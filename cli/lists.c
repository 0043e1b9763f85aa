/* bxc ops, bxc parts: tables of the library, printed. */
#include "cli/cli.h"

int run_ops(struct invocation *invocation) {
    if (invocation->operand_count) return usage_error(invocation, "no argument is needed");
    bxc_operators(stdout, options_has(invocation->options, "json"));
    return EXIT_DONE;
}

int run_parts(struct invocation *invocation) {
    if (invocation->operand_count) return usage_error(invocation, "no argument is needed");
    bxc_parts(stdout, options_has(invocation->options, "json"));
    return EXIT_DONE;
}
