/* Builds the emitted files as they lie in fw/: copied into a folder of their own beside the goal, made there with
 * relative names only (no path of the user's is ever read by make or a shell), and put under a name that holds
 * their content and all else the program depends on. What has not changed is not built again; what has changed,
 * or was replaced after it was built, is never taken for what was built before. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/private.h"
#include "ir/file.h"
#include "ir/hash.h"

enum {
    KEY_DIGITS = 16,
    BUILD_IDLE_SECONDS = 1800,
    ASK_SECONDS = 60,
    LAST_LINES = 15,
    DEPTH_MAX = 16,
    LOG_BYTES = 1 << 20,
    OUTPUT_BYTES = 1 << 16
};

struct source {
    const char *name; /* in its folder: "c/main.c" */
    const char *data;
    size_t length;
};

struct build {
    const struct firmware *firmware;
    const struct engine_options *options;
    const struct build_request *request;
    struct arena *arena, *scratch; /* scratch: until the program is there */
    struct source *sources;
    size_t source_count, source_capacity;
    const char *ap_types; /* absolute, or NULL */
    const char *work, *folder;
};

static int fail(const struct build *build, const char *file, const char *help, const char *what) {
    return diag_error(&build->firmware->context->diagnostics, (struct location){.file = file}, help, "%s", what);
}

/* ---- what it is made from ---- */

static void add_source(struct build *build, const char *name, const char *data, size_t length) {
    if (build->source_count == build->source_capacity) {
        size_t larger = build->source_capacity ? 2 * build->source_capacity : 64;
        build->sources = arena_grow(build->scratch, build->sources, build->source_capacity * sizeof *build->sources,
                                    larger * sizeof *build->sources);
        build->source_capacity = larger;
    }
    build->sources[build->source_count++] = (struct source){name, data, length};
}

static void close_folder(void *folder) {
    closedir(folder);
}

/* Reads a folder with all below it; what is neither file nor folder is left out. */
static int read_folder(struct build *build, const char *path, const char *name, int depth) {
    DIR *folder = depth < DEPTH_MAX ? opendir(path) : NULL;
    if (!folder)
        return diag_error(&build->firmware->context->diagnostics, (struct location){.file = path},
                          "compile the model again", "cannot read the sources of engine '%s': %s",
                          build->request->engine, depth < DEPTH_MAX ? strerror(errno) : "too deep");
    arena_defer(build->scratch, close_folder, folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        const char *from = arena_printf(build->scratch, "%s/%s", path, entry->d_name);
        const char *to = arena_printf(build->scratch, "%s/%s", name, entry->d_name);
        if (entry->d_name[0] == '.' || stat(from, &status)) continue;
        if (S_ISDIR(status.st_mode) && read_folder(build, from, to, depth + 1)) return -1;
        if (!S_ISREG(status.st_mode)) continue;
        size_t length;
        const char *data = file_read(build->firmware->context, build->scratch, from, &length);
        if (!data) return -1;
        add_source(build, to, data, length);
    }
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

/* Files of the engine, then the vendors' headers: those are part of the key, not of the copies. */
static int read_sources(struct build *build, size_t *own) {
    for (int i = 0; build->request->sources[i]; i++) {
        const char *name = build->request->sources[i];
        if (read_folder(build, arena_printf(build->scratch, "%s/%s", build->firmware->folder, name), name, 0))
            return -1;
    }
    *own = build->source_count;
    if (build->ap_types && read_folder(build, build->ap_types, "ap_types", 0)) return -1;
    qsort(build->sources, *own, sizeof *build->sources, by_name);
    qsort(build->sources + *own, build->source_count - *own, sizeof *build->sources, by_name);
    return 0;
}

/* ---- the key ---- */

static void hash_bytes(struct sha256 *hash, const void *data, size_t length) {
    uint64_t count = length;
    sha256_add(hash, &count, sizeof count);
    sha256_add(hash, data, length);
}

static void hash_text(struct sha256 *hash, const char *text) {
    hash_bytes(hash, text ? text : "", text ? strlen(text) : 0);
}

/* What the compilers say that they are; the words in CC and CXX are a command's, as they are for make. */
static int hash_tools(const struct build *build, struct sha256 *hash) {
    const char *arguments[] = {"sh", "-c", build->request->versions, NULL};
    uint8_t *text = arena_calloc(build->scratch, OUTPUT_BYTES, 1);
    struct child child = {.arguments = arguments, .output = text, .output_capacity = OUTPUT_BYTES};
    if (build->request->versions && children_run(build->firmware->context, build->scratch, &child, 1, ASK_SECONDS))
        return fail(build, NULL, NULL,
                    arena_printf(build->scratch, "cancelled while engine '%s' was built", build->request->engine));
    hash_bytes(hash, text, child.output_length);
    return 0;
}

/* -march=native makes programs for this processor: on a shared file system another may not run them. */
static void hash_processor(struct sha256 *hash) {
    static const char *const told[] = {"vendor_id", "cpu family", "model", "stepping", "flags",
                                       "Features",  "CPU ",       "isa",   "cpu\t"};
    char line[8192];
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file) && line[0] != '\n')
        for (size_t i = 0; i < sizeof told / sizeof *told; i++)
            if (!strncmp(line, told[i], strlen(told[i])) && strncmp(line, "cpu MHz", 7)) hash_text(hash, line);
    if (file) fclose(file);
}

/* Inner values behind an event's outputs are asked for by PROBES=1; by flags of the caller's they would be outputs. */
static int refuse_probes(const struct build *build) {
    static const char *const flags[] = {"CC", "CXX", "OPT", "CFLAGS", "CXXFLAGS", "VERILATOR", "IVERILOG"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        const char *given = getenv(flags[i]);
        if (given && (strstr(given, "-DBXC_PROBES") || strstr(given, "-DPROBES")))
            return fail(build, arena_printf(build->scratch, "environment variable %s", flags[i]),
                        "unset it: verify asks for inner values itself",
                        arena_printf(build->scratch,
                                     "engine '%s' is not built: '%s' puts inner values among the outputs",
                                     build->request->engine, given));
    }
    return 0;
}

static int make_key(const struct build *build, char key[65]) {
    static const char *const environment[] = {"CC",
                                              "CXX",
                                              "OPT",
                                              "CFLAGS",
                                              "CXXFLAGS",
                                              "VERILATOR",
                                              "IVERILOG",
                                              "VERILATOR_ROOT",
                                              "CPATH",
                                              "C_INCLUDE_PATH",
                                              "CPLUS_INCLUDE_PATH",
                                              "LIBRARY_PATH",
                                              "LDFLAGS"};
    struct sha256 hash;
    sha256_start(&hash);
    for (size_t i = 0; i < build->source_count; i++) {
        hash_text(&hash, build->sources[i].name);
        hash_bytes(&hash, build->sources[i].data, build->sources[i].length);
    }
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++) hash_text(&hash, getenv(environment[i]));
    hash_text(&hash, build->request->variable);
    hash_processor(&hash);
    if (hash_tools(build, &hash)) return -1;
    sha256_finish(&hash, key);
    key[KEY_DIGITS] = 0;
    return 0;
}

/* ---- the seal: a program that was replaced after it was built is not trusted ---- */

/* Lines "SHA-256  NAME" of what was built, in the file by which those who run it hold its folder. */

static int seal_text(const struct build *build, const char *folder, struct strbuf *out) {
    for (int i = 0; build->request->products[i]; i++) {
        struct arena *scratch = arena_new(build->firmware->context);
        char digits[65];
        size_t length;
        const char *path = arena_printf(scratch, "%s/%s", folder, build->request->products[i]);
        const char *data = access(path, R_OK) ? NULL : file_read(build->firmware->context, scratch, path, &length);
        if (data) {
            sha256_of(data, length, digits);
            strbuf_printf(out, "%s  %s\n", digits, build->request->products[i]);
        }
        arena_free(scratch);
        if (!data) return -1;
    }
    return 0;
}

/* Whether the program lies there as it was built; nobody removes it until the arena is freed then. */
static bool take(const struct build *build) {
    const char *seal = arena_printf(build->scratch, "%s/%s", build->folder, FOLDER_LOCK);
    size_t length;
    if (!folder_hold(build->arena, build->folder)) return false;
    struct strbuf now = strbuf_new(build->scratch);
    const char *sealed = file_read(build->firmware->context, build->scratch, seal, &length);
    return sealed && seal_text(build, build->folder, &now) == 0 && strcmp(sealed, now.data) == 0;
}

/* ---- building ---- */

static int copy_sources(const struct build *build, size_t own, const char *beside) {
    struct arena *scratch = arena_new(build->firmware->context);
    int result = 0;
    for (size_t i = 0; i < own && result == 0; i++) {
        const struct source *source = &build->sources[i];
        const char *path = arena_printf(scratch, "%s/%s", beside, source->name), *slash = strrchr(path, '/');
        result = folder_make(build->firmware->context, arena_strndup(scratch, path, (size_t)(slash - path)));
        if (result == 0) result = file_write(build->firmware->context, path, source->data, source->length);
    }
    const char *link = arena_printf(scratch, "%s/ap_types", beside);
    if (result == 0 && build->ap_types && symlink(build->ap_types, link))
        result = fail(build, link, NULL, strerror(errno));
    arena_free(scratch);
    return result;
}

/* As a word begins: not in -Werror, which make says before what it runs. */
static bool tells(const char *line, const char *words) {
    const char *at = strstr(line, words);
    while (at && at > line && isalpha((unsigned char)at[-1])) at = strstr(at + 1, words);
    return at != NULL;
}

/* The first line that tells of an error, which those after it often only follow from. */
static const char *first_error(struct arena *arena, const struct child *child) {
    static const char *const words[] = {"error", "Error", "cannot", "not found", "No such file"};
    for (const char *line = child->head, *end = child->head + child->head_length; line < end;) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((next ? next : end) - line);
        const char *text = arena_strndup(arena, line, length);
        for (size_t i = 0; i < sizeof words / sizeof *words && strncmp(text, "make", 4); i++)
            if (tells(text, words[i])) return text;
        line += length + 1;
    }
    return NULL;
}

static int run_make(const struct build *build, const char *beside) {
    const char *arguments[10] = {"make", "-C", build->request->folder,
                                 arena_printf(build->scratch, "-j%d", build->options->jobs), "BUILD=../new"};
    int count = 5;
    if (build->request->takes_ap_types) arguments[count++] = build->ap_types ? "AP_TYPES=../ap_types" : "AP_TYPES=";
    if (build->request->variable) arguments[count++] = build->request->variable;
    if (build->request->target) arguments[count++] = build->request->target;
    struct child child = {.arguments = arguments,
                          .folder = beside,
                          .head = arena_calloc(build->scratch, LOG_BYTES, 1),
                          .head_capacity = LOG_BYTES};
    if (children_run(build->firmware->context, build->scratch, &child, 1, BUILD_IDLE_SECONDS))
        return fail(build, NULL, NULL,
                    arena_printf(build->scratch, "cancelled while engine '%s' was built", build->request->engine));
    const char *fate = child_fate(build->scratch, &child);
    if (!fate) return 0;
    const char *lines = child_last_lines(build->scratch, &child, LAST_LINES),
               *first = first_error(build->scratch, &child);
    return fail(build, arena_printf(build->scratch, "%s/%s", build->firmware->folder, build->request->folder), lines,
                arena_printf(build->scratch, "engine '%s' is not built: %s", build->request->engine,
                             first ? first : arena_printf(build->scratch, "make %s", fate)));
}

/* Only the products stay. */
static int keep_products(const struct build *build, const char *beside) {
    const char *made = arena_printf(build->scratch, "%s/new", beside),
               *kept = arena_printf(build->scratch, "%s/kept", beside);
    if (folder_make(build->firmware->context, kept)) return -1;
    for (int i = 0; build->request->products[i]; i++) {
        const char *from = arena_printf(build->scratch, "%s/%s", made, build->request->products[i]);
        if (rename(from, arena_printf(build->scratch, "%s/%s", kept, build->request->products[i])))
            return diag_error(&build->firmware->context->diagnostics, (struct location){.file = from},
                              "compile the model again", "engine '%s' is not built: make left no '%s'",
                              build->request->engine, build->request->products[i]);
    }
    folder_remove(made);
    struct strbuf seal = strbuf_new(build->scratch);
    if (rename(kept, made) || seal_text(build, made, &seal)) return fail(build, made, NULL, strerror(errno));
    return file_write(build->firmware->context, arena_printf(build->scratch, "%s/%s", made, FOLDER_LOCK), seal.data,
                      seal.length);
}

/* Beside all builds of this engine, so that the next one removes what a kill left of any. Another process may have
 * been faster: what it built is as good. */
static int make(struct build *build, size_t own) {
    const char *goal = arena_printf(build->scratch, "%s/%s", build->work, build->request->engine);
    const char *beside = folder_beside(build->firmware->context, build->scratch, goal);
    if (!beside || folder_make(build->firmware->context, arena_printf(build->scratch, "%s/new", beside)) ||
        copy_sources(build, own, beside) || run_make(build, beside) || keep_products(build, beside))
        return -1;
    if (take(build)) return 0;
    if (folder_put(build->firmware->context, beside, build->folder)) return -1;
    if (take(build)) return 0;
    return fail(build, build->folder, "verify again", "what was built is not there any more");
}

/* Older builds of this engine: nobody asks for them again once the sources have changed. Those that are run stay. */
static void remove_older(const struct build *build) {
    const char *prefix = arena_printf(build->scratch, "%s-", build->request->engine),
               *current = strrchr(build->folder, '/') + 1;
    DIR *folder = opendir(build->work);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        bool is_build =
            !strncmp(entry->d_name, prefix, strlen(prefix)) && strlen(entry->d_name) == strlen(prefix) + KEY_DIGITS;
        if (is_build && strcmp(entry->d_name, current))
            folder_remove_unheld(arena_printf(build->scratch, "%s/%s", build->work, entry->d_name));
    }
    closedir(folder);
}

/* ---- where ---- */

static int check_no_link(const struct build *build, const char *path) {
    struct stat status;
    if (lstat(path, &status) || !S_ISLNK(status.st_mode)) return 0;
    return fail(build, path, "remove it: what it points to is not bxc's",
                "a symbolic link stands where builds are kept");
}

static int find_work(struct build *build) {
    const char *verify = arena_printf(build->scratch, "%s/verify", build->firmware->folder);
    build->work = build->options->work ? build->options->work : arena_printf(build->scratch, "%s/build", verify);
    if (check_no_link(build, verify) || check_no_link(build, build->work)) return -1;
    if (folder_make(build->firmware->context, build->work)) return -1;
    char *resolved = realpath(build->work, NULL);
    build->work = arena_strdup(build->scratch, resolved ? resolved : build->work);
    free(resolved);
    return 0;
}

static int find_ap_types(struct build *build) {
    struct stat status;
    if (!build->request->takes_ap_types || !build->options->ap_types) return 0;
    char *resolved = realpath(build->options->ap_types, NULL);
    build->ap_types = resolved ? arena_strdup(build->scratch, resolved) : NULL;
    free(resolved);
    if (build->ap_types && stat(build->ap_types, &status) == 0 && S_ISDIR(status.st_mode)) return 0;
    return diag_error(&build->firmware->context->diagnostics,
                      (struct location){.file = build->options->ap_types, .attribute = "--ap-types"},
                      "give the folder that holds ap_fixed.h or ac_fixed.h", "no such folder");
}

static const char *build_steps(struct build *build) {
    char key[65];
    size_t own = 0;
    if (find_work(build) || find_ap_types(build) || refuse_probes(build) || read_sources(build, &own) ||
        make_key(build, key))
        return NULL;
    build->folder = arena_printf(build->arena, "%s/%s-%s", build->work, build->request->engine, key);
    if (!take(build)) {
        if (make(build, own)) return NULL;
        if (!build->options->work) remove_older(build);
    }
    return arena_printf(build->arena, "%s/%s", build->folder, build->request->products[0]);
}

const char *build_program(const struct firmware *firmware, struct arena *arena, const struct engine_options *options,
                          const struct build_request *request) {
    struct build build = {.firmware = firmware,
                          .options = options,
                          .request = request,
                          .arena = arena,
                          .scratch = arena_new(firmware->context)};
    const char *program = build_steps(&build);
    arena_free(build.scratch);
    return program;
}
