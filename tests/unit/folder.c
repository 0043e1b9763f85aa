/* The firmware's folder on file systems that cannot exchange two names, that have no hard links, or
 * that fail between two renames: the calls to the system are replaced by these. */
#define _GNU_SOURCE
#include "driver/bxc.h"
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    bool no_exchange, no_links;
    int renames_left; /* before one fails; -1: none does */
} refuse = {.renames_left = -1};

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (!refuse.no_exchange) return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    errno = EINVAL;
    return -1;
}

int link(const char *from, const char *to) {
    if (!refuse.no_links) return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
    errno = EPERM;
    return -1;
}

/* Of folders: files are written beside their goals and renamed too. */
int rename(const char *from, const char *to) {
    struct stat status;
    if (refuse.renames_left >= 0 && lstat(from, &status) == 0 && S_ISDIR(status.st_mode) && refuse.renames_left-- == 0) {
        errno = EIO;
        return -1;
    }
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static char work[PATH_MAX / 2];

static const char *in_work(char path[PATH_MAX], const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", work, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode) {
    char path[PATH_MAX];
    FILE *file = fopen(in_work(path, name), "w");
    if (!file) return;
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static bool has(const char *name, const char *text, mode_t mode) {
    char path[PATH_MAX], got[64] = "";
    struct stat status;
    FILE *file = fopen(in_work(path, name), "r");
    if (!file) return false;
    if (!fgets(got, sizeof got, file)) got[0] = 0;
    fclose(file);
    return strcmp(got, text) == 0 && stat(path, &status) == 0 && (status.st_mode & 0777) == mode;
}

static int entries(void) {
    int count = 0;
    DIR *directory = opendir(work);
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count - 2;
}

/* Compiled with another name each time, so that it shows which firmware stands there. */
static int compile(const char *name) {
    char model[PATH_MAX], folder[PATH_MAX];
    struct bxc_context *context = bxc_context_new();
    struct bxc_options *options = bxc_options_new(context);
    bxc_options_set(options, "name", name);
    int result = bxc_compile(context, in_work(model, "model.bxc"), in_work(folder, "fw"), options, NULL);
    bxc_options_free(options);
    bxc_context_free(context);
    return result;
}

static bool firmware_is(const char *name) {
    char path[PATH_MAX], file[64];
    snprintf(file, sizeof file, "fw/rtl/%s.v", name);
    return access(in_work(path, file), R_OK) == 0;
}

static void start(void) {
    char path[PATH_MAX];
    refuse.no_exchange = refuse.no_links = false;
    refuse.renames_left = -1;
    compile("first");
    mkdir(in_work(path, "fw/verify"), 0777);
    mkdir(in_work(path, "fw/verify/build"), 0777);
    put("fw/verify/note", "kept", 0640);
    put("fw/verify/build/run", "program", 0755);
}

static void verdicts_are_kept(void) {
    for (int no_exchange = 0; no_exchange < 2; no_exchange++)
        for (int no_links = 0; no_links < 2; no_links++) {
            start();
            refuse.no_exchange = no_exchange;
            refuse.no_links = no_links;
            CHECK_EQ(compile("second"), 0);
            CHECK(firmware_is("second") && !firmware_is("first"));
            CHECK(has("fw/verify/note", "kept", 0640));
            CHECK(has("fw/verify/build/run", "program", 0755));
            CHECK_EQ(entries(), 2);
        }
}

static void failed_renames_change_nothing(void) {
    for (int renames = 0; renames < 2; renames++) {
        start();
        refuse.no_exchange = true;
        refuse.renames_left = renames;
        CHECK_EQ(compile("second"), -1);
        CHECK(firmware_is("first") && !firmware_is("second"));
        CHECK(has("fw/verify/note", "kept", 0640));
        CHECK_EQ(entries(), 2);
    }
}

int main(void) {
    const char *folder = getenv("WORK");
    snprintf(work, sizeof work, "%s/bxc-folder-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(work)) return 1;
    put("model.bxc", "bxc graph 1\ngraph \"tiny\"\n%0 = input() \"x\" : [1,2] real\n%1 = relu(%0) \"relu\" : [1,2] real\noutput \"y\" %1\n", 0644);
    RUN(verdicts_are_kept);
    RUN(failed_renames_change_nothing);
    if (chdir(work) == 0 && system("rm -rf fw model.bxc") == 0) rmdir(work);
    TEST_EXIT();
}
