/* Options through argp, built from the driver's table. */
#include "cli/cli.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_MAX = 64, FIRST_LONG = 256 };

static const struct option_info *option_by_id(int id) {
    if (id >= FIRST_LONG && id < FIRST_LONG + OPTION_MAX) return &option_table[id - FIRST_LONG];
    for (const struct option_info *option = option_table; option->key; option++)
        if (option->letter && option->letter == id) return option;
    return NULL;
}

static error_t parse_option(int id, char *argument, struct argp_state *state) {
    struct invocation *invocation = state->input;
    if (id == ARGP_KEY_ARG) {
        invocation->operands[invocation->operand_count++] = argument;
        return 0;
    }
    const struct option_info *option = option_by_id(id);
    if (!option) return ARGP_ERR_UNKNOWN;
    return bxc_options_set(invocation->options, option->key, argument) < 0 ? ENOMEM : 0;
}

/* Options of one command with a header before each group. */
static size_t build_options(const struct command_info *command, struct argp_option *out) {
    size_t count = 0;
    const char *group = "";
    for (size_t i = 0; option_table[i].key; i++) {
        const struct option_info *option = &option_table[i];
        if (!(option->commands & command->set)) continue;
        if (strcmp(group, option->group) != 0) {
            group = option->group;
            out[count++] = (struct argp_option){.doc = group};
        }
        out[count++] = (struct argp_option){.name = option->key, .key = option->letter ? option->letter : FIRST_LONG + (int)i,
                                            .arg = option->argument, .doc = option->summary};
    }
    out[count] = (struct argp_option){0};
    return count;
}

int arguments_parse(struct invocation *invocation, int argc, char **argv) {
    struct argp_option options[2 * OPTION_MAX];
    build_options(invocation->command, options);
    char documentation[2048];
    snprintf(documentation, sizeof documentation, "%s\v%s", invocation->command->summary, invocation->command->description);
    struct argp argp = {options, parse_option, invocation->command->arguments, documentation, NULL, NULL, NULL};
    char name[64];
    snprintf(name, sizeof name, "bxc %s", invocation->command->name);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    return argp_parse(&argp, argc, argv, 0, NULL, invocation) ? EXIT_DIAGNOSED : EXIT_DONE;
}

int usage_error(const struct invocation *invocation, const char *message) {
    fprintf(stderr, "bxc %s: %s\nusage: bxc %s [OPTION...] %s\nhelp: 'bxc %s --help'\n", invocation->command->name, message,
            invocation->command->name, invocation->command->arguments, invocation->command->name);
    return EXIT_USAGE;
}
