/* bxc diff FIRMWARE FIRMWARE */
#include "cli/cli.h"

int run_diff(struct invocation *invocation) {
    if (invocation->operand_count != 2) return usage_error(invocation, "two firmware folders are needed");
    int result =
        bxc_diff(invocation->context, invocation->operands[0], invocation->operands[1], invocation->options, stdout);
    return result < 0 ? EXIT_DIAGNOSED : EXIT_DONE;
}
