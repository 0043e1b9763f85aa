/* Options through argp, built from the driver's table. */
#include "cli/cli.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_MAX = 64, FIRST_LONG = 256, KEY_HELP = 'h', KEY_USAGE = FIRST_LONG - 1 };

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
    if (id == KEY_HELP) argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
    if (id == KEY_USAGE) argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
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
        out[count++] = (struct argp_option){.name = option->key,
                                            .key = option->letter ? option->letter : FIRST_LONG + (int)i,
                                            .arg = option->argument,
                                            .doc = option->summary};
    }
    out[count++] = (struct argp_option){.name = "help", .key = KEY_HELP, .doc = "show this help", .group = -1};
    out[count++] =
        (struct argp_option){.name = "usage", .key = KEY_USAGE, .doc = "show the options in short", .group = -1};
    out[count] = (struct argp_option){0};
    return count;
}

static int no_such_option(const struct command_info *command, const char *key, size_t length) {
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)length, key);
    const char *nearest = option_nearest(name, command->set);
    const struct option_info *elsewhere = option_find(name);
    fprintf(stderr, "bxc %s: no option '--%s'\n", command->name, name);
    for (int i = 0; elsewhere && i < COMMAND_COUNT; i++)
        if (command_table[i].set & elsewhere->commands) {
            fprintf(stderr, "'--%s' is an option of 'bxc %s'\n", name, command_table[i].name);
            break;
        }
    if (!elsewhere && nearest) fprintf(stderr, "did you mean '--%s'?\n", nearest);
    fprintf(stderr, "help: 'bxc %s --help'\n", command->name);
    return EXIT_USAGE;
}

/* An option of the command by the beginning of its name, as getopt takes it; those of argp itself too. */
static bool is_option(const struct command_info *command, const char *key, size_t length) {
    for (const struct option_info *option = option_table; option->key; option++)
        if (option->commands & command->set && strncmp(option->key, key, length) == 0) return true;
    return strncmp("help", key, length) == 0 || strncmp("usage", key, length) == 0;
}

static bool takes_argument(const char *word) {
    for (const struct option_info *option = option_table; option->key; option++) {
        if (!option->argument) continue;
        if (word[1] == '-' ? strcmp(option->key, word + 2) == 0
                           : option->letter && word[1] == option->letter && !word[2])
            return true;
    }
    return false;
}

/* Long options that the command does not have are told in our own words, before argp sees them. */
static int check_options(const struct command_info *command, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        size_t length = strcspn(argv[i], "=");
        if (strncmp(argv[i], "--", 2) == 0 && !is_option(command, argv[i] + 2, length - 2))
            return no_such_option(command, argv[i] + 2, length - 2);
        if (argv[i][0] == '-' && argv[i][1] && !argv[i][length] && takes_argument(argv[i])) i++;
    }
    return EXIT_DONE;
}

int arguments_parse(struct invocation *invocation, int argc, char **argv) {
    struct argp_option options[2 * OPTION_MAX];
    if (check_options(invocation->command, argc, argv) != EXIT_DONE) return EXIT_USAGE;
    build_options(invocation->command, options);
    char documentation[2048];
    snprintf(documentation, sizeof documentation, "%s\v%s", invocation->command->summary,
             invocation->command->description);
    struct argp argp = {options, parse_option, invocation->command->arguments, documentation, NULL, NULL, NULL};
    char name[64];
    snprintf(name, sizeof name, "bxc %s", invocation->command->name);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    setenv("ARGP_HELP_FMT", "no-dup-args-note", 0); /* one sentence less in every help text */
    return argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, invocation) ? EXIT_DIAGNOSED : EXIT_DONE;
}

int usage_error(const struct invocation *invocation, const char *message) {
    fprintf(stderr, "bxc %s: %s\nusage: bxc %s [OPTION...] %s\nhelp: 'bxc %s --help'\n", invocation->command->name,
            message, invocation->command->name, invocation->command->arguments, invocation->command->name);
    return EXIT_USAGE;
}
