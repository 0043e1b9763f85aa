/* The firmware's folder on file systems that cannot exchange two names, that have no hard links, or
 * that fail between two renames, and when bxc is killed at any of its steps: the calls to the system are
 * replaced by these. What links in the old folder point to stays as it was. */
#define _GNU_SOURCE
#include "driver/bxc.h"
#include "ir/context.h"
#include "ir/file.h"
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    bool no_exchange, no_links;
    int renames_left; /* before one fails; -1: none does */
    int steps_left;   /* before the process is killed; -1: it is not */
} refuse = {.renames_left = -1, .steps_left = -1};

static void step(void) {
    if (refuse.steps_left >= 0 && refuse.steps_left-- == 0) raise(SIGKILL);
}

int mkdir(const char *path, mode_t mode) {
    step();
    return mkdirat(AT_FDCWD, path, mode);
}

int unlinkat(int folder, const char *name, int flags) {
    step();
    return (int)syscall(SYS_unlinkat, folder, name, flags);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    step();
    if (!refuse.no_exchange) return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    errno = EINVAL;
    return -1;
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    step();
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) {
    if (!refuse.no_links) return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
    step();
    errno = EPERM;
    return -1;
}

/* Of folders: files are written beside their goals and renamed too. */
int rename(const char *from, const char *to) {
    struct stat status;
    step();
    if (refuse.renames_left >= 0 && lstat(from, &status) == 0 && S_ISDIR(status.st_mode) &&
        refuse.renames_left-- == 0) {
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
    compile("firmware1");
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
            CHECK_EQ(compile("firmware2"), 0);
            CHECK(firmware_is("firmware2") && !firmware_is("firmware1"));
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
        CHECK_EQ(compile("firmware2"), -1);
        CHECK(firmware_is("firmware1") && !firmware_is("firmware2"));
        CHECK(has("fw/verify/note", "kept", 0640));
        CHECK_EQ(entries(), 2);
    }
}

/* Of a process that is killed after so many steps: whether it was. */
static bool killed_after(int steps, bool no_exchange, bool no_links) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        refuse.no_exchange = no_exchange;
        refuse.no_links = no_links;
        refuse.steps_left = steps;
        _exit(compile("firmware2") == 0 ? 0 : 1);
    }
    if (waitpid(child, &status, 0) != child || (WIFEXITED(status) && WEXITSTATUS(status)))
        test_fail(__FILE__, __LINE__, "it failed without being killed, after %d steps", steps);
    return WIFSIGNALED(status);
}

/* In a process of its own: OpenMP's threads do not survive a fork. */
static void in_a_child(void (*body)(void)) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        body();
        fflush(stdout);
        _exit(test_failed ? 1 : 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void compile_third(void) {
    CHECK_EQ(compile("firmware3"), 0);
    CHECK(firmware_is("firmware3") && !firmware_is("firmware1") && !firmware_is("firmware2"));
    CHECK(has("fw/verify/note", "kept", 0640));
    CHECK_EQ(entries(), 2);
}

/* The firmware is the old one or the new one, whole; without an exchange it may wait for the next compile, which
 * puts it back. That leaves nothing beside it either. */
static void kills_lose_and_leave_nothing(void) {
    for (int no_exchange = 0; no_exchange < 2; no_exchange++) {
        int steps = 0;
        for (bool killed = true; killed && steps < 1000; steps += 1 + steps / 2) {
            in_a_child(start);
            killed = killed_after(steps, no_exchange, no_exchange);
            CHECK(firmware_is("firmware1") + firmware_is("firmware2") == 1 || no_exchange);
            in_a_child(compile_third);
        }
        CHECK(steps > 50);
    }
}

/* Not ours: no lock file in it, or one that somebody holds. */
static void strangers_beside_stay(void) {
    char path[PATH_MAX];
    start();
    mkdir(in_work(path, "fw.new-abcdef"), 0777);
    put("fw.new-abcdef/note", "mine", 0644);
    mkdir(in_work(path, "fw.new-abcdefg"), 0777);
    CHECK_EQ(compile("firmware2"), 0);
    CHECK(has("fw.new-abcdef/note", "mine", 0644));
    CHECK_EQ(entries(), 4);
    folder_remove(in_work(path, "fw.new-abcdef"));
    folder_remove(in_work(path, "fw.new-abcdefg"));
}

static void links_are_not_followed(void) {
    char path[PATH_MAX], target[PATH_MAX];
    static const char *const links[] = {"fw/rtl/out", "fw/verify/out", "fw/verify/build/out"};
    for (int no_links = 0; no_links < 2; no_links++) {
        start();
        refuse.no_links = no_links;
        mkdir(in_work(target, "outside"), 0777);
        put("outside/note", "mine", 0600);
        for (size_t i = 0; i < sizeof links / sizeof *links; i++) CHECK_EQ(symlink(target, in_work(path, links[i])), 0);
        CHECK_EQ(compile("firmware2"), 0);
        CHECK_EQ(compile("firmware3"), 0);
        CHECK(has("outside/note", "mine", 0600));
        CHECK(readlink(in_work(path, "fw/verify/out"), target, sizeof target) > 0);
        CHECK(readlink(in_work(path, "fw/rtl/out"), target, sizeof target) < 0);
        in_work(target, "outside");
        folder_remove(in_work(path, "fw/verify"));
        CHECK_EQ(symlink(target, path), 0);
        CHECK_EQ(compile("firmware4"), 0);
        CHECK(has("outside/note", "mine", 0600));
        folder_remove(in_work(path, "fw"));
        CHECK(has("outside/note", "mine", 0600));
        folder_remove(in_work(path, "outside"));
    }
}

int main(void) {
    const char *folder = getenv("WORK");
    snprintf(work, sizeof work, "%s/bxc-folder-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(work)) return 1;
    put("model.bxc",
        "bxc graph 1\ngraph \"tiny\"\n%0 = input() \"x\" : [1,2] real\n%1 = relu(%0) \"relu\" : [1,2] real\noutput "
        "\"y\" %1\n",
        0644);
    RUN(kills_lose_and_leave_nothing); /* first: OpenMP's threads do not survive its forks */
    RUN(verdicts_are_kept);
    RUN(failed_renames_change_nothing);
    RUN(strangers_beside_stay);
    RUN(links_are_not_followed);
    if (chdir(work) == 0 && system("rm -rf fw model.bxc") == 0) rmdir(work);
    TEST_EXIT();
}
