/* bxc verify FIRMWARE */
#include "cli/cli.h"

int run_verify(struct invocation *invocation) {
    if (invocation->operand_count != 1) return usage_error(invocation, "one firmware folder is needed");
    bool equal = false;
    if (bxc_verify(invocation->context, invocation->operands[0], invocation->options, &equal, stdout) < 0)
        return EXIT_DIAGNOSED;
    return equal ? EXIT_DONE : EXIT_DIAGNOSED;
}
