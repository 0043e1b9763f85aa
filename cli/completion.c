/* bxc completion: a completion script for bash, from the tables of commands and options. */
#include "cli/cli.h"

#include <string.h>

static void print_words(const struct command_info *command) {
    printf("    %s) words='", command->name);
    for (const struct option_info *option = option_table; option->key; option++)
        if (option->commands & command->set) printf("--%s ", option->key);
    printf("--help' ;;\n");
}

/* What options take; of a list the word behind the last comma. */
static void print_choices(void) {
    for (const struct option_info *option = option_table; option->key; option++) {
        bool list = option->argument && strcmp(option->argument, "LIST") == 0;
        if (!option_has_choices(option)) continue;
        printf("    --%s) COMPREPLY=($(compgen -W '", option->key);
        option_print_choices(stdout, option);
        printf(list ? "' -P \"${current%%\"${current##*,}\"}\" -- \"${current##*,}\")); return ;;\n"
                    : "' -- \"$current\")); return ;;\n");
    }
}

int run_completion(struct invocation *invocation) {
    if (invocation->operand_count) return usage_error(invocation, "no argument is needed");
    printf("# bash completion of bxc %s\n_bxc() {\n"
           "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words= commands='",
           BXC_VERSION);
    for (int i = 0; i < COMMAND_COUNT; i++) printf("%s ", command_table[i].name);
    printf("help'\n  if [ \"$COMP_CWORD\" -eq 1 ] || [ \"${COMP_WORDS[1]} $COMP_CWORD\" = 'help 2' ]; then\n"
           "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\")); return; fi\n"
           "  if [ \"$current\" = = ]; then current=\n"
           "  elif [ \"$previous\" = = ]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
           "  case $previous in\n");
    print_choices();
    printf("  esac\n  case ${COMP_WORDS[1]} in\n");
    for (int i = 0; i < COMMAND_COUNT; i++) print_words(&command_table[i]);
    printf(
        "  esac\n  case $current in -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;; *) COMPREPLY=($(compgen -f -- \"$current\")) ;; esac\n"
        "}\ncomplete -o filenames -F _bxc bxc\n");
    return EXIT_DONE;
}
