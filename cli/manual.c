/* bxc manual: the manual page in man(7), from the tables of commands and options. */
#include "cli/cli.h"

#include <string.h>

static void print_escaped(const char *text) {
    for (; *text; text++) {
        if (*text == '-') putchar('\\');
        if (*text == '\\') putchar('\\');
        putchar(*text);
    }
}

static void print_option(const struct option_info *option) {
    printf(".TP\n\\fB");
    if (option->letter) printf("\\-%c\\fR, \\fB", option->letter);
    printf("\\-\\-");
    print_escaped(option->key);
    printf("\\fR");
    if (option->argument) {
        printf(" \\fI");
        print_escaped(option->argument);
        printf("\\fR");
    }
    printf("\n");
    print_escaped(option->summary);
    if (option->repeats) printf(" (may be given several times)");
    printf("\n.br\nCommands:");
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (command_table[i].set & option->commands && option->commands != FOR_ALL)
            printf(" %s", command_table[i].name);
    printf("%s.\n", option->commands == FOR_ALL ? " all" : "");
}

static void print_commands(void) {
    printf(".SH COMMANDS\n");
    for (int i = 0; i < COMMAND_COUNT; i++) {
        printf(".TP\n\\fBbxc %s\\fR ", command_table[i].name);
        print_escaped(command_table[i].arguments);
        printf("\n");
        print_escaped(command_table[i].description);
        printf("\n");
    }
}

static void print_options(void) {
    const char *group = "";
    printf(".SH OPTIONS\n");
    for (const struct option_info *option = option_table; option->key; option++) {
        if (strcmp(group, option->group) != 0) printf(".SS %s\n", group = option->group);
        print_option(option);
    }
}

int run_manual(struct invocation *invocation) {
    if (invocation->operand_count) return usage_error(invocation, "no argument is needed");
    printf(
        ".TH BXC 1 \"\" \"bxc %s\" \"User Commands\"\n.SH NAME\nbxc \\- compile trained networks to trigger firmware and run it against itself, bit for bit\n"
        ".SH SYNOPSIS\n.B bxc\n.I COMMAND\n[\\fIOPTION\\fR...] \\fIARGUMENT\\fR...\n",
        BXC_VERSION);
    print_commands();
    print_options();
    printf(
        ".SH EXIT STATUS\n0: done. 1: diagnosed, or the verdict is negative. 2: wrong usage. 130: Ctrl\\-C, and 128 + N "
        "for the other signals that end it.\n"
        ".SH EXAMPLES\n.nf\nbxc compile jets.onnx \\-o fw \\-\\-clock 360MHz \\-\\-part xcvu13p\\-flga2577\\-2\\-e \\-\\-calibrate events.npy\n"
        "bxc verify fw \\-\\-events events.npy\nbxc report fw\n.fi\n");
    return EXIT_DONE;
}
