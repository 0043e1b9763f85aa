/* bxc convert MODEL OUTPUT */
#include "cli/cli.h"

int run_convert(struct invocation *invocation) {
    if (invocation->operand_count != 2) return usage_error(invocation, "a model and an output file are needed");
    int result = bxc_convert(invocation->context, invocation->operands[0], invocation->operands[1], invocation->options,
                             options_has(invocation->options, "quiet") ? NULL : stdout);
    return result < 0 ? EXIT_DIAGNOSED : EXIT_DONE;
}
