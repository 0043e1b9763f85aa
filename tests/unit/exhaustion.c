/* The nth allocation fails, or the work is cancelled at the nth step, through the public interface:
 * a diagnosis each time, no folder or file left behind, an earlier firmware untouched. What leaks is
 * for variant=asan to say. WORK: an empty folder (tests/run-one.sh), else one under /tmp. */
#include "tests/test.h"
#include "tests/unit/exhaustion.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char work[PATH_MAX / 2];

static const char tiny_model[] = "bxc graph 1\n"
                                 "graph \"tiny\"\n"
                                 "%0 = input() \"x\" : [1,2] real\n"
                                 "%1 = constant() \"weights\" : [2,2] real {0.5, -1, 2, 0.25}\n"
                                 "%2 = matmul(%0, %1) \"dense\" : [1,2] real\n"
                                 "%3 = relu(%2) \"relu\" : [1,2] real\n"
                                 "%4 = softmax(%3) \"softmax\" axis=1 : [1,2] real\n"
                                 "output \"y\" %4\n";

static const char *in_work(char path[PATH_MAX], const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", work, name);
    return path;
}

static int write_text(const char *name, const void *text, size_t length) {
    char path[PATH_MAX];
    FILE *file = fopen(in_work(path, name), "wb");
    if (!file) return -1;
    size_t put = fwrite(text, 1, length, file);
    return fclose(file) == 0 && put == length ? 0 : -1;
}

/* Eight events of two float32 numbers. */
static int write_events(void) {
    char bytes[128 + 64] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (8, 2), }";
    for (size_t i = strlen(bytes + 10) + 10; i < 127; i++) bytes[i] = ' ';
    bytes[127] = '\n';
    float numbers[16] = {1, 2, -3, 4, 0.5f, -0.25f, 0, 7};
    memcpy(bytes + 128, numbers, sizeof numbers);
    return write_text("events.npy", bytes, sizeof bytes);
}

/* Order-free sum over names and contents, so that anything new, gone or changed shows. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t length) {
    for (size_t i = 0; i < length; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t file_sum(const char *path) {
    char block[4096];
    uint64_t hash = hash_bytes(0xcbf29ce484222325u, path, strlen(path));
    FILE *file = fopen(path, "rb");
    for (size_t got; file && (got = fread(block, 1, sizeof block, file)) > 0;) hash = hash_bytes(hash, block, got);
    if (file) fclose(file);
    return hash;
}

static uint64_t folder_sum(const char *folder) {
    uint64_t sum = hash_bytes(1, folder, strlen(folder));
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char path[PATH_MAX];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= sizeof path ||
            lstat(path, &status) < 0)
            continue;
        sum += S_ISDIR(status.st_mode) ? folder_sum(path) : file_sum(path);
    }
    if (directory) closedir(directory);
    return sum;
}

static void remove_all(const char *folder) {
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char path[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < sizeof path && unlink(path) < 0)
            remove_all(path);
    }
    if (directory) closedir(directory);
    rmdir(folder);
}

static struct bxc_options *options_with(struct bxc_context *context, const char *const *pairs) {
    struct bxc_options *options = bxc_options_new(context);
    for (; options && *pairs; pairs += 2) {
        if (bxc_options_set(options, pairs[0], pairs[1]) == 0) continue;
        bxc_options_free(options);
        return NULL;
    }
    return options;
}

static int compile_to(struct bxc_context *context, const char *model, const char *name) {
    char folder[PATH_MAX];
    struct bxc_options *options = options_with(
        context, (const char *const[]){"clock", "360MHz", "input", "x=fixed<8,4>", "precision", "6", NULL});
    int result = options ? bxc_compile(context, model, in_work(folder, name), options, NULL) : -1;
    bxc_options_free(options);
    return result;
}

static int compile_plain(struct bxc_context *context, const struct attempt *attempt) {
    char folder[PATH_MAX];
    return bxc_compile(context, attempt->model, in_work(folder, attempt->product), NULL, NULL);
}

static int compile_new(struct bxc_context *context, const struct attempt *attempt) {
    return compile_to(context, attempt->model, attempt->product);
}

static int compile_over(struct bxc_context *context, const struct attempt *attempt) {
    return compile_to(context, attempt->model, "fw");
}

static int convert(struct bxc_context *context, const struct attempt *attempt) {
    char path[PATH_MAX];
    return bxc_convert(context, attempt->model, in_work(path, attempt->product), NULL, NULL);
}

static int report(struct bxc_context *context, const struct attempt *attempt) {
    char folder[PATH_MAX];
    (void)attempt;
    FILE *nowhere = fopen("/dev/null", "w");
    int result = bxc_report(context, in_work(folder, "fw"), NULL, nowhere);
    fclose(nowhere);
    return result;
}

static int run_with(struct bxc_context *context, const struct attempt *attempt, const char *engine) {
    char events[PATH_MAX], out[PATH_MAX];
    struct bxc_options *options = options_with(context, (const char *const[]){"engine", engine, NULL});
    const char *files[] = {in_work(events, "events.npy")};
    int result =
        options ? bxc_run(context, attempt->model, files, 1, in_work(out, attempt->product), options, NULL) : -1;
    bxc_options_free(options);
    return result;
}

static int run_float(struct bxc_context *context, const struct attempt *attempt) {
    return run_with(context, attempt, "float");
}

static int run_emulator(struct bxc_context *context, const struct attempt *attempt) {
    return run_with(context, attempt, "emulator");
}

static void remove_product(const struct attempt *attempt) {
    char path[PATH_MAX];
    if (attempt->product && unlink(in_work(path, attempt->product)) < 0) remove_all(path);
    remove_all(in_work(path, "a"));
}

/* Of every kind of moment some: the first and last ones all, `samples` between. */
static void exhaust(const struct attempt *attempt, int samples) {
    uint64_t before = folder_sum(work);
    int64_t total = allocations_of(attempt);
    CHECK(total > 0);
    remove_product(attempt);
    CHECK_EQ(folder_sum(work), before);
    int64_t step = total / samples + 1;
    for (int64_t n = 1; n <= total; n = next_allocation(n, total, step)) {
        bool reached = false;
        if (!fails_well(attempt, n, &reached) || !reached) {
            test_fail(__FILE__, __LINE__, "allocation %lld of %lld: %s", (long long)n, (long long)total,
                      reached ? "no diagnosis" : "never came");
            return;
        }
        if (folder_sum(work) != before) {
            test_fail(__FILE__, __LINE__, "allocation %lld of %lld: something was left behind or changed", (long long)n,
                      (long long)total);
            return;
        }
    }
}

static char tiny[PATH_MAX];

static void compile_without_memory(void) {
    exhaust(&(struct attempt){tiny, compile_new, "new"}, 150);
}

static void compile_over_a_firmware_without_memory(void) {
    exhaust(&(struct attempt){tiny, compile_over, NULL}, 60);
}

static void compile_below_new_folders_without_memory(void) {
    exhaust(&(struct attempt){tiny, compile_new, "a/b/c"}, 40);
}

static void convert_to_json_without_memory(void) {
    exhaust(&(struct attempt){tiny, convert, "new.json"}, 60);
}

static void convert_to_text_without_memory(void) {
    exhaust(&(struct attempt){tiny, convert, "new.bxc"}, 60);
}

static void report_without_memory(void) {
    exhaust(&(struct attempt){NULL, report, NULL}, 100);
}

static void run_a_model_without_memory(void) {
    exhaust(&(struct attempt){tiny, run_float, "new.npy"}, 100);
}

static void run_a_compiled_model_without_memory(void) {
    exhaust(&(struct attempt){tiny, run_emulator, "new.npy"}, 60);
}

static void run_a_firmware_without_memory(void) {
    char folder[PATH_MAX];
    exhaust(&(struct attempt){in_work(folder, "fw"), run_emulator, "new.npy"}, 60);
}

static void convert_onnx_without_memory(void) {
    exhaust(&(struct attempt){"examples/jets/jets_6bit.onnx", convert, "new.json"}, 60);
}

static void convert_keras_without_memory(void) {
    exhaust(&(struct attempt){"examples/jets/jets_hgq.keras", convert, "new.json"}, 60);
}

static void compile_keras_without_memory(void) {
    exhaust(&(struct attempt){"examples/jets/jets_hgq.keras", compile_plain, "new"}, 5);
}

/* ---- cancelling ---- */

struct cancelling {
    struct bxc_context *context;
    int steps, at; /* at the step, from 1; 0: never */
};

static void on_progress(void *user, const char *stage, uint64_t done, uint64_t total) {
    struct cancelling *cancelling = user;
    (void)stage, (void)done, (void)total;
    if (++cancelling->steps == cancelling->at) bxc_context_cancel(cancelling->context);
}

static int cancel_at(const struct attempt *attempt, int at, int *steps, bool *told) {
    struct cancelling cancelling = {bxc_context_new(), 0, at};
    bxc_context_progress(cancelling.context, on_progress, &cancelling);
    int result = attempt->run(cancelling.context, attempt);
    *steps = cancelling.steps;
    *told = strstr(bxc_context_diagnostics(cancelling.context), "error: cancelled");
    bxc_context_free(cancelling.context);
    return result;
}

static void cancelled_compile_leaves_nothing(void) {
    const struct attempt attempt = {tiny, compile_over, NULL};
    uint64_t before = folder_sum(work);
    int steps, total;
    bool told;
    CHECK_EQ(cancel_at(&attempt, 0, &total, &told), 0);
    CHECK(total > 5);
    for (int at = 1; at <= total; at++) {
        CHECK_EQ(cancel_at(&attempt, at, &steps, &told), -1);
        CHECK(told);
        CHECK_EQ(folder_sum(work), before);
    }
}

static int explain(struct bxc_context *context, const struct attempt *attempt) {
    char folder[PATH_MAX];
    struct bxc_options *options = bxc_options_new(context);
    FILE *nowhere = fopen("/dev/null", "w");
    int result = bxc_explain(context, in_work(folder, attempt->product), options, nowhere);
    fclose(nowhere);
    bxc_options_free(options);
    return result;
}

/* At each trial of another clock; none of them is told as refused. */
static void cancelled_explain_is_cancelled(void) {
    const struct attempt attempt = {tiny, explain, "fw"};
    int steps, total;
    bool told;
    CHECK_EQ(cancel_at(&attempt, 0, &total, &told), 0);
    CHECK(total > 3);
    for (int at = 1; at <= total; at++) {
        CHECK_EQ(cancel_at(&attempt, at, &steps, &told), -1);
        CHECK(told);
    }
}

/* ---- a full disk ---- */

static int with_file_limit(const struct attempt *attempt, rlim_t limit, bool *told) {
    struct rlimit old;
    struct bxc_context *context = bxc_context_new();
    getrlimit(RLIMIT_FSIZE, &old);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, old.rlim_max});
    int result = attempt->run(context, attempt);
    setrlimit(RLIMIT_FSIZE, &old);
    *told = strstr(bxc_context_diagnostics(context), "File too large");
    bxc_context_free(context);
    return result;
}

static void full_disk_leaves_nothing(void) {
    const struct attempt attempts[] = {{tiny, compile_new, "new"},   {tiny, compile_over, NULL},
                                       {tiny, compile_new, "a/b/c"}, {tiny, convert, "new.json"},
                                       {tiny, run_float, "new.npy"}, {tiny, run_emulator, "new.npy"}};
    uint64_t before = folder_sum(work);
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        for (rlim_t limit = 0; limit < 256; limit = limit * 2 + 25) {
            bool told;
            CHECK_EQ(with_file_limit(&attempts[i], limit, &told), -1);
            CHECK(told);
            CHECK_EQ(folder_sum(work), before);
        }
}

static int prepare(void) {
    struct bxc_context *context = bxc_context_new();
    in_work(tiny, "tiny.bxc");
    setenv("TMPDIR", work, 1);
    if (!context || write_text("tiny.bxc", tiny_model, sizeof tiny_model - 1) < 0 || write_events() < 0) return -1;
    int result = compile_to(context, tiny, "fw");
    if (result < 0) printf("not ok prepare: %s", bxc_context_diagnostics(context));
    bxc_context_free(context);
    return result;
}

int main(void) {
    const char *folder = getenv("WORK");
    snprintf(work, sizeof work, "%s/bxc-exhaustion-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(work) || prepare() < 0) return 1;
    RUN(compile_without_memory);
    RUN(compile_over_a_firmware_without_memory);
    RUN(compile_below_new_folders_without_memory);
    RUN(convert_to_json_without_memory);
    RUN(convert_to_text_without_memory);
    RUN(report_without_memory);
    RUN(run_a_model_without_memory);
    RUN(run_a_compiled_model_without_memory);
    RUN(run_a_firmware_without_memory);
    RUN(convert_onnx_without_memory);
    RUN(convert_keras_without_memory);
    RUN(compile_keras_without_memory);
    RUN(cancelled_compile_leaves_nothing);
    RUN(cancelled_explain_is_cancelled);
    RUN(full_disk_leaves_nothing);
    remove_all(work);
    TEST_EXIT();
}
