/* bxc explain FIRMWARE */
#include "cli/cli.h"

int run_explain(struct invocation *invocation) {
    if (invocation->operand_count != 1) return usage_error(invocation, "one firmware folder is needed");
    int result = bxc_explain(invocation->context, invocation->operands[0], invocation->options, stdout);
    return result < 0 ? EXIT_DIAGNOSED : EXIT_DONE;
}
