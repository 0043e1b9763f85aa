/* For test programs: each prints "ok NAME", "not ok NAME: why" or "skip NAME: why", a line a test;
 * tests/run.sh counts them. The exit code is 1 when a test failed. */
#ifndef BXC_TEST_H
#define BXC_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures;
static const char *test_name = "?";
static bool test_failed;

static inline void test_fail(const char *file, int line, const char *format, ...) {
    va_list arguments;
    printf("not ok %s: %s:%d: ", test_name, file, line);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    test_failed = true;
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            test_fail(__FILE__, __LINE__, "%s", #condition);                                                           \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define CHECK_EQ(a, b)                                                                                                 \
    do {                                                                                                               \
        long long a_ = (long long)(a), b_ = (long long)(b);                                                            \
        if (a_ != b_) {                                                                                                \
            test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #a, a_, b_);                                         \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define CHECK_STR(a, b)                                                                                                \
    do {                                                                                                               \
        const char *a_ = (a), *b_ = (b);                                                                               \
        if (strcmp(a_, b_)) {                                                                                          \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a, a_, b_);                                     \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define RUN(function)                                                                                                  \
    do {                                                                                                               \
        test_name = #function;                                                                                         \
        test_failed = false;                                                                                           \
        function();                                                                                                    \
        if (test_failed)                                                                                               \
            test_failures++;                                                                                           \
        else                                                                                                           \
            printf("ok %s\n", test_name);                                                                              \
        fflush(stdout);                                                                                                \
    } while (0)
#define SKIP(name, why) printf("skip %s: %s\n", name, why)
#define TEST_EXIT() return test_failures ? 1 : 0

#endif
