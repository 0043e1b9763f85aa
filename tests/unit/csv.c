/* .csv files: headers, comments and line ends of every kind; ragged lines named by their number. */
#include <stdio.h>
#include <unistd.h>

#include "sim/sim.h"
#include "tests/test.h"

static char path[] = "/tmp/bxc-csv-XXXXXX.csv";
static char message[512];
static double numbers[64];
static size_t elements;
static int line;

static int64_t read_text(const char *text) {
    FILE *file = fopen(path, "wb");
    fputs(text, file);
    fclose(file);
    struct bxc_context *context = context_new();
    struct event_source *source = event_source_open(context, path);
    int64_t events = -1;
    if (source) {
        elements = event_source_elements(source, NULL);
        events = event_source_read(source, numbers, 64 / elements);
        if (events > 0 && (event_source_rewind(source) || event_source_read(source, numbers, 64 / elements) != events))
            events = -2;
        event_source_close(source);
    }
    const struct diagnostics *diag = &context->diagnostics;
    snprintf(message, sizeof message, "%s", diag->count ? diag->items[0].message : "");
    line = diag->count ? diag->items[0].location.line : 0;
    context_free(context);
    return events;
}

static void plain_files(void) {
    CHECK_EQ(read_text("1,2.5\n-3,4e2\n"), 2);
    CHECK(elements == 2 && numbers[1] == 2.5 && numbers[2] == -3 && numbers[3] == 400);
    CHECK_EQ(read_text("pt,eta\r\n1,2\r\n# a remark\r\n\r\n 3 , 4 "), 2);
    CHECK(numbers[0] == 1 && numbers[3] == 4);
    CHECK_EQ(read_text("-9007199254740992,9007199254740994,1e40,1234567890123456789.5\n"), 1);
    CHECK_EQ(read_text("7\n8\n9\n"), 3);
    CHECK(elements == 1 && numbers[2] == 9);
}

/* As spreadsheets write: the mark of UTF-8 is no part of the first number. */
static void marked_files(void) {
    CHECK_EQ(read_text("\xef\xbb\xbf"
                       "7\n8\n9\n"),
             3);
    CHECK(numbers[0] == 7 && numbers[2] == 9 && !*message);
    CHECK_EQ(read_text("\xef\xbb\xbfpt,eta\n1,2\n"), 1);
    CHECK(numbers[0] == 1 && !*message);
    CHECK_EQ(read_text("\xef\xbb\xbf# a remark\n1,2\n"), 1);
}

/* A slip in the first line must not cost an event without a word. */
static void doubtful_names(void) {
    CHECK_EQ(read_text("7x\n8\n9\n"), 2);
    CHECK(strstr(message, "the line '7x' is taken for the names of columns") && line == 1);
    CHECK_EQ(read_text("inf.pt,nan_eta\n1,2\n"), 1);
    CHECK(!*message);
}

static void refused(const char *text, const char *why, int at) {
    if (read_text(text) != -1 || !strstr(message, why) || line != at)
        test_fail(__FILE__, __LINE__, "\"%s\" gave \"%s\" in line %d", text, message, line);
}

static void wrong_files(void) {
    refused("1,2\n3,4,5\n", "3 columns, where the lines before have 2", 2);
    refused("a,b\n1,2\n\n1\n", "1 columns", 4);
    refused("1,2\n3,x\n", "not a number at event 1, column 1", 2);
    refused("1,2\n3,nan\n", "NaN at event 1, column 1", 2);
    refused("1,2\n3,\n", "not a number at event 1, column 1", 2);
    refused("1,2x\n", "not a number at event 0, column 1", 1);
    refused("1\n 9007199254740993 ,\n", "2 columns, where the lines before have 1", 2);
    refused("1,2\n9007199254740993,3\n", "a whole number that binary64 rounds at event 1, column 0", 2);
    refused("1,-99999999999999999999\n", "a whole number that binary64 rounds at event 0, column 1", 1);
    refused("", "it holds no event", 0);
    refused("a,b\n", "it holds no event", 0);
}

int main(void) {
    int descriptor = mkstemps(path, 4);
    if (descriptor < 0) return 2;
    close(descriptor);
    RUN(plain_files);
    RUN(marked_files);
    RUN(doubtful_names);
    RUN(wrong_files);
    unlink(path);
    TEST_EXIT();
}
