/* bxc run MODEL-OR-FIRMWARE EVENTS... -o OUTPUT */
#include "cli/cli.h"

int run_run(struct invocation *invocation) {
    const char *output = options_get(invocation->options, "output");
    if (invocation->operand_count < 2)
        return usage_error(invocation, "a model or firmware folder and events are needed");
    if (!output) return usage_error(invocation, "where to? give -o OUTPUT.npy or OUTPUT.csv");
    int result = bxc_run(invocation->context, invocation->operands[0], (const char *const *)invocation->operands + 1,
                         (size_t)invocation->operand_count - 1, output, invocation->options, stdout);
    return result < 0 ? EXIT_DIAGNOSED : EXIT_DONE;
}
