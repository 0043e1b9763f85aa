/* .npy files: every number type and version is read, whatever cannot be meant is refused by name; what is written
 * appears whole or not at all, on file systems without nameless files too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/sim.h"
#include "tests/test.h"

static char folder[] = "/tmp/bxc-npy-XXXXXX";
static char path[64];

static int no_nameless_files;

int open(const char *file, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if ((flags & O_TMPFILE) != O_TMPFILE || !no_nameless_files)
        return (int)syscall(SYS_openat, AT_FDCWD, file, flags, mode);
    errno = EOPNOTSUPP;
    return -1;
}

static int entries(void) {
    int count = 0;
    DIR *directory = opendir(folder);
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

static void write_file(const char *name, const char *header, int version, const void *data, size_t length) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    size_t text = strlen(header);
    unsigned char start[12] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)version, 0, (unsigned char)text, (unsigned char)(text >> 8),
        0,    0};
    fwrite(start, 1, version == 1 ? 10 : 12, file);
    fwrite(header, 1, text, file);
    if (length) fwrite(data, 1, length, file);
    fclose(file);
}

/* Reads everything; the first error's text or "". */
static char message[512];
static double numbers[64];
static size_t elements;
static int64_t read_all(const char *file) {
    struct bxc_context *context = context_new();
    struct event_source *source = event_source_open(context, file);
    int64_t events = -1;
    if (source) {
        elements = event_source_elements(source, NULL);
        events = event_source_read(source, numbers, 64 / elements);
        event_source_close(source);
    }
    const struct diagnostics *diag = &context->diagnostics;
    snprintf(message, sizeof message, "%s", diag->count ? diag->items[0].message : "");
    context_free(context);
    return events;
}

static void types_and_versions(void) {
    const float singles[4] = {1.5f, -2, 0.25f, 3};
    const int16_t shorts[4] = {-32768, 32767, 0, -1};
    const uint64_t longs[2] = {(uint64_t)1 << 53, 7};
    const uint8_t bytes[4] = {0, 1, 255, 1};
    write_file("a.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", 1, singles, sizeof singles);
    CHECK_EQ(read_all(path), 2);
    CHECK(elements == 2 && numbers[1] == -2 && numbers[2] == 0.25);
    write_file("a.npy", "{\"shape\": (2L, 2L), \"descr\": \"<i2\", \"fortran_order\": False}", 2, shorts,
               sizeof shorts);
    CHECK_EQ(read_all(path), 2);
    CHECK(numbers[0] == -32768 && numbers[1] == 32767 && numbers[3] == -1);
    write_file("a.npy", "{'descr': '<u8', 'fortran_order': False, 'shape': (2,), }", 3, longs, sizeof longs);
    CHECK_EQ(read_all(path), 2);
    CHECK(elements == 1 && numbers[0] == 9007199254740992.0 && numbers[1] == 7);
    write_file("a.npy", "{'descr': '|b1', 'fortran_order': False, 'shape': (2, 1, 2), }", 1, bytes, sizeof bytes);
    CHECK_EQ(read_all(path), 2);
    CHECK(numbers[2] == 1 && elements == 2);
    write_file("a.npy", "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 4), }", 1, bytes, sizeof bytes);
    CHECK_EQ(read_all(path), 1);
    CHECK(numbers[2] == -1);
}

static void refused(const char *header, const void *data, size_t length, const char *why) {
    write_file("bad.npy", header, 1, data, length);
    if (read_all(path) != -1 || !strstr(message, why)) test_fail(__FILE__, __LINE__, "%s gave \"%s\"", header, message);
}

static void what_cannot_be_meant(void) {
    const float data[4] = {1, NAN, 3, 4};
    const uint64_t large[1] = {((uint64_t)1 << 53) + 1};
    refused("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }", data, 16, "big-endian");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", data, 16, "Fortran order");
    refused("{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", data, 16, "Python objects");
    refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", data, 16, "structured");
    refused("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }", data, 16, "type '<f2'");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", data, 16,
            "promises 3 events of 2 elements, but the file holds 2");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", data, 16, "NaN at event 0, column 1");
    refused("{'descr': '<u8', 'fortran_order': False, 'shape': (1, 1), }", large, 8, "beyond 2^53 at event 0");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", data, 4, "without an axis of events");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", data, 4, "no elements");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 4), }", data, 16, "promises");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 99999999999999999999), }", data, 16,
            "cannot be understood");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4294967296, 4294967296), }", data, 16,
            "2^32 elements");
    refused("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 2), }", data, 16, "cannot be understood");
    refused("{'descr': '<f4', 'fortran_order': False, }", data, 16, "cannot be understood");
    refused("", data, 0, "not a .npy file");
}

static void files_that_are_none(void) {
    CHECK_EQ(read_all("/nowhere/x.npy"), -1);
    CHECK(strstr(message, "cannot be read: No such file"));
    CHECK_EQ(read_all("/tmp"), -1);
    CHECK(strstr(message, "not a regular file"));
    snprintf(path, sizeof path, "%s/x.root", folder);
    fclose(fopen(path, "wb"));
    CHECK_EQ(read_all(path), -1);
    CHECK(strstr(message, "unknown kind"));
}

static void written_is_read(void) {
    struct bxc_context *context = context_new();
    struct shape shape = {.rank = 2, .dim = {1, 3}};
    const double data[6] = {1, -2.5, 3, 4, 5e300, -0.0};
    snprintf(path, sizeof path, "%s/out.npy", folder);
    struct npy_writer *writer = npy_writer_open(context, path, NPY_FLOAT64, &shape);
    CHECK(writer != NULL);
    CHECK(access(path, F_OK) != 0);
    CHECK_EQ(npy_writer_write(writer, data, 1), 0);
    CHECK_EQ(npy_writer_write(writer, data + 3, 1), 0);
    CHECK_EQ(npy_writer_close(writer), 0);
    CHECK_EQ(read_all(path), 2);
    CHECK(!memcmp(numbers, data, sizeof data));
    context_free(context);
}

static void a_full_disk_is_told(void) {
    struct bxc_context *context = context_new();
    struct shape shape = {.rank = 1, .dim = {1}};
    CHECK(npy_writer_open(context, "/nowhere/out.npy", NPY_FLOAT32, &shape) == NULL);
    CHECK(strstr(context->diagnostics.items[0].message, "cannot write"));
    snprintf(path, sizeof path, "%s/full.npy", folder);
    struct npy_writer *writer = npy_writer_open(context, path, NPY_FLOAT32, &shape);
    CHECK(access(path, F_OK) != 0);
    int before = entries();
    struct rlimit limit = {2048, RLIM_INFINITY};
    double row = 1;
    int status = 0;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 10000 && status == 0; i++) status = npy_writer_write(writer, &row, 1);
    CHECK_EQ(status, -1);
    CHECK(strstr(context->diagnostics.items[1].message, "cannot write: File too large"));
    npy_writer_abandon(writer);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK(access(path, F_OK) != 0);
    CHECK_EQ(entries(), before);
    context_free(context);
}

/* One that dies while it writes, in another process: how many files it leaves. */
static int left_by_a_killed_writer(void) {
    struct shape shape = {.rank = 1, .dim = {1}};
    int before = entries(), status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        double row = 1;
        struct npy_writer *writer = npy_writer_open(context_new(), path, NPY_FLOAT32, &shape);
        npy_writer_write(writer, &row, 1);
        raise(SIGKILL);
    }
    bool killed = waitpid(child, &status, 0) == child && WIFSIGNALED(status);
    return killed ? entries() - before : -1;
}

static void write_one(struct npy_writer *other) {
    struct bxc_context *context = context_new();
    struct shape shape = {.rank = 1, .dim = {1}};
    double row = 2;
    struct npy_writer *writer = npy_writer_open(context, path, NPY_FLOAT32, &shape);
    npy_writer_write(writer, &row, 1);
    if (other) CHECK_EQ(npy_writer_close(other), 0); /* the last one wins */
    CHECK_EQ(npy_writer_close(writer), 0);
    CHECK(read_all(path) == 1 && numbers[0] == 2);
    context_free(context);
}

static void killed_writers_leave_nothing(void) {
    struct shape shape = {.rank = 1, .dim = {1}};
    for (no_nameless_files = 0; no_nameless_files < 2; no_nameless_files++) {
        snprintf(path, sizeof path, "%s/killed%d.npy", folder, no_nameless_files);
        int before = entries();
        CHECK_EQ(left_by_a_killed_writer(), no_nameless_files);
        write_one(NULL);
        CHECK_EQ(entries(), before + 1);
        CHECK_EQ(left_by_a_killed_writer(), no_nameless_files);
        struct bxc_context *context = context_new();
        write_one(npy_writer_open(context, path, NPY_FLOAT32, &shape)); /* nobody takes what another is writing */
        CHECK_EQ(entries(), before + 1);
        context_free(context);
    }
    no_nameless_files = 0;
}

/* What a port of s64f0 (or another format) makes of a file of one column. */
static int64_t ports[8];
static int read_port(struct format format) {
    struct bxc_context *context = context_new();
    struct graph *graph = graph_new(context, "g");
    valref input = graph_append_integer_input(graph, "x", (struct shape){1, {1}}, formats_uniform(graph->arena, format),
                                              ROUND_HALF_EVEN, OVERFLOW_SATURATE);
    struct event_source *source = event_source_open(context, path);
    float reals[8] = {0};
    int status = source ? event_source_read_port(source, port_reader_new(graph, input, graph->arena),
                                                 (size_t)event_source_count(source), 0, numbers, reals, ports)
                        : -1;
    for (uint64_t i = 0; source && status == 0 && i < event_source_count(source); i++)
        status = reals[i] == (float)numbers[i] ? 0 : -2;
    event_source_close(source);
    snprintf(message, sizeof message, "%s", context->diagnostics.count ? context->diagnostics.items[0].message : "");
    context_free(context);
    return status;
}

static void ports_take_every_bit(void) {
    const int64_t whole[3] = {16777217, ((int64_t)1 << 53) + 1, INT64_MIN + 1};
    const double reals[3] = {16777217, 0.5 + 0x1p-40, -0x1p62};
    const uint64_t large[1] = {(uint64_t)1 << 63};
    const struct format wide = {true, 64, 0};
    write_file("a.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", 1, whole, sizeof whole);
    CHECK_EQ(read_port(wide), 0);
    CHECK(!memcmp(ports, whole, sizeof whole));
    write_file("a.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", 1, reals, sizeof reals);
    CHECK_EQ(read_port(wide), 0);
    CHECK(ports[0] == 16777217 && ports[1] == 1 && ports[2] == -((int64_t)1 << 62));
    write_file("a.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", 1, whole, sizeof whole);
    CHECK_EQ(read_port((struct format){true, 16, 2}), 0);
    CHECK(ports[0] == 32767 && ports[2] == -32768);
    write_file("a.npy", "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", 1, large, sizeof large);
    CHECK_EQ(read_port(wide), -1);
    CHECK(strstr(message, "beyond 2^63 at event 0"));
}

int main(void) {
    if (!mkdtemp(folder)) return 2;
    RUN(types_and_versions);
    RUN(what_cannot_be_meant);
    RUN(files_that_are_none);
    RUN(written_is_read);
    RUN(ports_take_every_bit);
    RUN(a_full_disk_is_told);
    RUN(killed_writers_leave_nothing);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command)) return 2;
    TEST_EXIT();
}
