/* bxc compile MODEL -o FOLDER */
#include "cli/cli.h"

int run_compile(struct invocation *invocation) {
    if (options_has(invocation->options, "list-passes")) {
        bxc_passes(stdout);
        return EXIT_DONE;
    }
    if (invocation->operand_count != 1) return usage_error(invocation, "one model is needed");
    const char *folder = options_get(invocation->options, "output");
    if (!folder && !options_has(invocation->options, "stop-after"))
        return usage_error(invocation, "where to? give -o FOLDER");
    int result = bxc_compile(invocation->context, invocation->operands[0], folder, invocation->options, stdout);
    return result < 0 ? EXIT_DIAGNOSED : EXIT_DONE;
}
