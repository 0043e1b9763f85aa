/* Commands that unit tests run. */
#ifndef BXC_TEST_SHELL_H
#define BXC_TEST_SHELL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What system() returns: 0 where the command ended well. */
static inline int shell(const char *format, ...) {
    char command[2000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command);
}

/* A program that this machine has not. */
static inline bool missing(const char *program) {
    return shell("command -v %s > /dev/null", program) != 0;
}

#endif
