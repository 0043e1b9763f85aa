/* bxc inspect MODEL */
#include "cli/cli.h"

int run_inspect(struct invocation *invocation) {
    if (invocation->operand_count != 1) return usage_error(invocation, "one model is needed");
    bool accepted = false;
    if (bxc_inspect(invocation->context, invocation->operands[0], invocation->options, &accepted, stdout) < 0)
        return EXIT_DIAGNOSED;
    return accepted ? EXIT_DONE : EXIT_DIAGNOSED;
}
