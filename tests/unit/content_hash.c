/* One content hash, one firmware: every option of compile is varied, and of any two firmwares the hashes are equal
 * when, and only when, all files are. An option that is not in the list fails the test. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/hash.h"
#include "tests/test.h"

#include <limits.h>
#include <unistd.h>

static char work[PATH_MAX / 4];

static const char *in_work(char path[PATH_MAX], const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", work, name);
    return path;
}

/* %s: a file of the test's. */
static const struct variation {
    const char *option, *value;
} variations[] = {
    {"output", NULL},
    {"list-passes", NULL},
    {"dump-after", NULL},
    {"stop-after", NULL}, /* no firmware, or its place */
    {"labels", NULL},
    {"max-loss", NULL}, /* ask about labelled calibration events and decide no byte */
    {"name", "tagger2"},
    {"name", "tagger"},
    {"clock", "2.4896ns"},
    {"clock", "2.4904ns"},
    {"clock", "2490ps"},
    {"clock", "2.49ns"},
    {"clock", "0.00249us"},
    {"clock", "50MHz"},
    {"clock", "20ns"},
    {"part", "xcvu9p-flga2104-2-e"},
    {"part", "xcvu13p-flga2577-3-e"},
    {"part", "xcvu13p-flga2577-2-e"},
    {"margin", "0"},
    {"margin", "10"},
    {"margin", "20"},
    {"block-rams", "0"},
    {"block-rams", "4"},
    {"interval", "1"},
    {"interval", "2"},
    {"beats", "1"},
    {"adders", "2"},
    {"adders", "3"},
    {"input", "fixed<10,4>"},
    {"input", "x=fixed<10,4>"},
    {"input", "fixed<12,4>"},
    {"precision", "8"},
    {"precision", "8,8"},
    {"precision", "8,12"},
    {"calibrate", "%s/events.csv"},
    {"calibrate", "x=%s/events.csv"},
    {"calibrate", "%s/others.csv"},
    {"softmax", "keep"},
    {"softmax", "drop"},
    {"softmax", "argmax"},
    {"softmax-error", "0.01"},
    {"softmax-error", "0.0100001"},
    {"prune", "0"},
    {"prune", "0.4"},
    {"prune-scope", "layer"},
    {"prune-scope", "network"},
    {"config", "%s/config.json"},
    {"max-flips", "0.5"},
    {"max-error", "1000"},
    {"threads", "1"},
    {"threads", "2"},
    {"verbose", "yes"},
    {"quiet", "yes"},
    {"shape", NULL},   /* of a model that leaves an axis open; the graph that it gives is in the hash */
    {"weights", NULL}, /* of a model that keeps them in a file of their own; the graph is in the hash */
};
enum { VARIATIONS = sizeof variations / sizeof variations[0], RUNS_MAX = VARIATIONS + 8 };

static struct run {
    const char *what;
    char hash[65], files[65]; /* the content hash; of all files but report/ and manifest.json, and the report's */
    char report[65];
} runs[RUNS_MAX];
static int run_count;

static void put(const char *name, const char *text) {
    char path[PATH_MAX];
    FILE *file = fopen(in_work(path, name), "w");
    if (!file) return;
    fputs(text, file);
    fclose(file);
}

static void sum_file(struct sha256 *hash, const struct emitted_file *file) {
    sha256_add(hash, file->path, strlen(file->path) + 1);
    sha256_add(hash, file->data, file->length);
}

static void read_hash(char out[65], const struct file_set *files) {
    for (uint32_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, "interface.json") == 0) {
            const char *at = strstr(files->files[i].data, "\"content_hash\":\t\"");
            if (at) snprintf(out, 65, "%.64s", at + strlen("\"content_hash\":\t\""));
        }
}

static int compile(void *user) {
    const struct compilation *compilation = user;
    struct run *run = &runs[run_count];
    struct sha256 all, report;
    if (compile_model(compilation) < 0) return -1;
    sha256_start(&all);
    sha256_start(&report);
    for (uint32_t i = 0; i < compilation->files->count; i++) {
        const struct emitted_file *file = &compilation->files->files[i];
        bool told = strncmp(file->path, "report/", 7) == 0;
        if (strcmp(file->path, "manifest.json") != 0 && strncmp(file->path, "verify/", 7) != 0)
            sum_file(told ? &report : &all, file);
    }
    sha256_finish(&all, run->files);
    sha256_finish(&report, run->report);
    read_hash(run->hash, compilation->files);
    return 0;
}

static bool run_with(const char *what, const char *model, const char *option, const char *value) {
    char path[PATH_MAX], text[PATH_MAX];
    struct bxc_context *context = bxc_context_new();
    struct bxc_options *options = bxc_options_new(context);
    struct file_set files = {.arena = context->arena};
    struct compilation compilation = {
        .context = context, .model = in_work(path, model), .options = options, .files = &files};
    snprintf(text, sizeof text, value ? value : "", work);
    bxc_options_set(options, "name", "tagger");
    if (strcmp(option, "input") != 0 && strcmp(option, "calibrate") != 0)
        bxc_options_set(options, "input", "fixed<10,4>");
    if (*option) bxc_options_set(options, option, text);
    runs[run_count].what = what;
    bool good = context_guarded(context, compile, &compilation) == 0;
    if (!good) test_fail(__FILE__, __LINE__, "--%s %s: %s", option, text, bxc_context_diagnostics(context));
    run_count += good;
    bxc_options_free(options);
    bxc_context_free(context);
    return good;
}

static void every_option_is_varied(void) {
    for (const struct option_info *option = option_table; option->key; option++) {
        bool listed = !(option->commands & FOR_COMPILE);
        for (size_t i = 0; i < VARIATIONS; i++) listed |= strcmp(variations[i].option, option->key) == 0;
        if (!listed)
            test_fail(__FILE__, __LINE__,
                      "--%s has no variation here: give it one, and a line in below_the_line if it decides bytes",
                      option->key);
    }
}

static void equal_hashes_are_equal_files(void) {
    for (int i = 0; i < run_count; i++)
        for (int j = 0; j < i; j++)
            if ((strcmp(runs[i].hash, runs[j].hash) == 0) != (strcmp(runs[i].files, runs[j].files) == 0))
                test_fail(__FILE__, __LINE__, "'%s' and '%s' have %s hash and %s files", runs[i].what, runs[j].what,
                          strcmp(runs[i].hash, runs[j].hash) ? "another" : "the same",
                          strcmp(runs[i].files, runs[j].files) ? "other" : "the same");
}

static const struct run *run_of(const char *what) {
    for (int i = 0; i < run_count; i++)
        if (strcmp(runs[i].what, what) == 0) return &runs[i];
    return NULL;
}

/* The model file's name and what decides nothing are not even in the report. */
static void what_is_the_same(void) {
    static const struct {
        const char *one, *other;
        bool reports;
    } pairs[] = {{"plain", "under another name", true},
                 {"plain", "threads 1", true},
                 {"plain", "threads 2", true},
                 {"plain", "quiet yes", true},
                 {"plain", "name tagger", false},
                 {"plain", "part xcvu13p-flga2577-2-e", false},
                 {"clock 2.4896ns", "clock 2490ps", false},
                 {"clock 2.4904ns", "clock 2.49ns", false},
                 {"clock 50MHz", "clock 20ns", false}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct run *a = run_of(pairs[i].one), *b = run_of(pairs[i].other);
        if (!a || !b || strcmp(a->files, b->files) != 0 || (pairs[i].reports && strcmp(a->report, b->report) != 0))
            test_fail(__FILE__, __LINE__, "'%s' and '%s' are not the same", pairs[i].one, pairs[i].other);
    }
}

static void what_is_other(void) {
    static const char *const others[] = {"name tagger2",
                                         "clock 50MHz",
                                         "adders 2",
                                         "margin 20",
                                         "precision 8",
                                         "softmax drop",
                                         "softmax argmax",
                                         "prune 0.4",
                                         "another model",
                                         "part xcvu13p-flga2577-3-e",
                                         "a weight that no format holds"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct run *run = run_of(others[i]);
        if (!run || !run_of("plain") || strcmp(run->hash, run_of("plain")->hash) == 0)
            test_fail(__FILE__, __LINE__, "'%s' has the hash of all by default", others[i]);
    }
}

#define MODEL(weight)                                                                                                  \
    "bxc graph 1\ngraph \"tiny\"\n%0 = input() \"x\" : [1,2] real\n%1 = constant() \"w\" : [2,4] real {1, -0.5, "      \
    "0.25, 2, 0.01, " weight ", 0.7, -1.3}\n"                                                                          \
    "%2 = matmul(%0, %1) \"dense\" : [1,4] real\n%3 = softmax(%2) \"softmax\" axis=1 : [1,4] real\noutput \"y\" %3\n"

int main(void) {
    static char words[VARIATIONS][128];
    const char *folder = getenv("WORK");
    snprintf(work, sizeof work, "%s/bxc-hash-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(work)) return 1;
    put("model.bxc", MODEL("0.3"));
    put("same under another name.bxc", MODEL("0.3"));
    put("another.bxc", MODEL("0.9"));
    put("near.bxc", MODEL("0.3000001"));
    put("events.csv", "1,2\n-1,0.5\n3,3\n");
    put("others.csv", "1,2\n-1,0.5\n3,30\n");
    put("config.json", "{\"clock\": \"100MHz\", \"precision\": {\"weights\": 7}}");
    test_name = "compile";
    run_with("plain", "model.bxc", "", NULL);
    run_with("under another name", "same under another name.bxc", "", NULL);
    run_with("another model", "another.bxc", "", NULL);
    run_with("a weight that no format holds", "near.bxc", "", NULL);
    for (size_t i = 0; i < VARIATIONS; i++) {
        snprintf(words[i], sizeof words[i], "%s %s", variations[i].option,
                 variations[i].value ? variations[i].value : "");
        if (variations[i].value) run_with(words[i], "model.bxc", variations[i].option, variations[i].value);
    }
    if (test_failed) test_failures++;
    RUN(every_option_is_varied);
    RUN(equal_hashes_are_equal_files);
    RUN(what_is_the_same);
    RUN(what_is_other);
    folder_remove(work);
    TEST_EXIT();
}
