/* Processes that are fed and drained side by side, so that no full pipe can stop both ends; one that
 * dies, hangs or talks without end is told from one that ends well. All of them, and what they start, are one
 * group, whose leader kills it when bxc is no more: kill -9 leaves nothing running. */
#define _GNU_SOURCE /* addchdir_np */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/private.h"

extern char **environ;

enum { EXTRA_MAX = 1 << 20, POLL_MILLISECONDS = 100 };

double monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Without what make tells its own children: a make inside make has options of its own. What is built in a folder
 * keeps its temporary files there, so that they go with it. */
static char **child_environment(struct arena *arena, bool in_folder) {
    size_t count = 0, kept = 0;
    while (environ[count]) count++;
    char **result = ARENA_ARRAY(arena, char *, count + 3);
    for (size_t i = 0; i < count; i++) {
        const char *entry = environ[i];
        if (strncmp(entry, "MAKE", 4) && strncmp(entry, "GNUMAKEFLAGS=", 13) && strncmp(entry, "MFLAGS=", 7) &&
            strncmp(entry, "LC_ALL=", 7) && !(in_folder && strncmp(entry, "TMPDIR=", 7) == 0))
            result[kept++] = environ[i];
    }
    result[kept++] = arena_strdup(arena, "LC_ALL=C");
    if (in_folder) result[kept++] = arena_strdup(arena, "TMPDIR=.");
    return result;
}

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

static int pipe_closed_on_exec(int ends[2]) {
    if (pipe(ends)) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

/* ---- the group's leader ---- */

struct group {
    pid_t leader;
    int alive; /* the end of a pipe that only this process holds: it closes when the process dies in whatever way */
};

static void close_all_but(int kept) {
    bool closed = kept > 0 && syscall(SYS_close_range, 0u, (unsigned)kept - 1, 0u) == 0 &&
                  syscall(SYS_close_range, (unsigned)kept + 1, ~0u, 0u) == 0;
    for (int i = 0, most = (int)sysconf(_SC_OPEN_MAX); !closed && i < most; i++)
        if (i != kept) close(i);
}

/* Only calls that are safe between fork and exec of a process with threads. */
static _Noreturn void lead(int alive) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    char byte;
    setpgid(0, 0);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
    close_all_but(alive);
    while (read(alive, &byte, 1) < 0 && errno == EINTR)
        ;
    kill(-getpid(), SIGKILL);
    _exit(0);
}

/* 0, or an errno. */
static int group_start(struct group *group) {
    int ends[2];
    int error = pipe_closed_on_exec(ends);
    if (error) return error;
    group->leader = fork();
    error = errno;
    if (group->leader == 0) lead(ends[0]);
    close(ends[0]);
    group->alive = ends[1];
    if (group->leader > 0) {
        setpgid(group->leader, group->leader); /* whoever comes first */
        return 0;
    }
    close(group->alive);
    return error;
}

/* Whatever is still there of it. */
static void group_end(struct group *group) {
    kill(-group->leader, SIGKILL);
    while (waitpid(group->leader, NULL, 0) < 0 && errno == EINTR)
        ;
    close(group->alive);
}

/* ---- one child ---- */

/* Signals as they usually are. */
static int spawn(struct child *child, pid_t group, char **environment, const int in[2], const int out[2],
                 const int err[2]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigemptyset(&all);
    sigaddset(&all, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, child->output ? out[1] : err[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    if (child->folder) posix_spawn_file_actions_addchdir_np(&actions, child->folder);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, group);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    char **arguments = (char **)(uintptr_t)child->arguments;
    int status = posix_spawnp(&child->pid, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return status;
}

static void start(struct child *child, pid_t group, char **environment) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    child->in = child->out = child->err = -1;
    child->pid = -1;
    child->start_error = pipe_closed_on_exec(in);
    if (!child->start_error && child->output) child->start_error = pipe_closed_on_exec(out);
    if (!child->start_error) child->start_error = pipe_closed_on_exec(err);
    if (!child->start_error) child->start_error = spawn(child, group, environment, in, out, err);
    close_end(&in[0]);
    close_end(&out[1]);
    close_end(&err[1]);
    child->in = in[1];
    child->out = out[0];
    child->err = err[0];
    if (child->start_error || child->input_length == 0) close_end(&child->in);
    if (child->start_error) {
        close_end(&child->out);
        close_end(&child->err);
        return;
    }
    if (child->in >= 0) fcntl(child->in, F_SETFL, O_NONBLOCK);
    child->last_sign = monotonic_seconds();
}

static size_t rounds_of(const struct child *child) {
    return child->rounds ? child->rounds : 1;
}

static void feed(struct child *child) {
    size_t at = child->input_sent % child->input_length;
    ssize_t wrote = write(child->in, child->input + at, child->input_length - at);
    if (wrote > 0) child->input_sent += (size_t)wrote;
    if ((wrote < 0 && errno != EAGAIN && errno != EINTR) || child->input_sent == rounds_of(child) * child->input_length)
        close_end(&child->in);
}

static void keep_tail(struct child *child, const char *text, size_t length) {
    size_t room = child->head_capacity - child->head_length, headed = length < room ? length : room;
    if (headed) memcpy(child->head + child->head_length, text, headed);
    child->head_length += headed;
    if (length > CHILD_TAIL) {
        text += length - CHILD_TAIL;
        length = CHILD_TAIL;
    }
    size_t keep = child->tail_length + length > CHILD_TAIL ? CHILD_TAIL - length : child->tail_length;
    memmove(child->tail, child->tail + child->tail_length - keep, keep);
    memcpy(child->tail + keep, text, length);
    child->tail_length = keep + length;
    child->tail[child->tail_length] = 0;
}

/* What comes after the first round must be the first round again. */
static void compare_output(struct child *child, const char *data, size_t length) {
    size_t room = rounds_of(child) * child->output_capacity - child->output_total;
    size_t known = length < room ? length : room;
    for (size_t i = 0; i < known; i++, child->output_total++)
        if (!child->output_changed && (uint8_t)data[i] != child->output[child->output_total % child->output_capacity]) {
            child->output_changed = true;
            child->output_changed_at = child->output_total;
        }
    child->output_extra += length - known;
}

static void keep_output(struct child *child, const char *data, size_t length) {
    size_t room = child->output_capacity - child->output_length;
    size_t kept = length < room ? length : room;
    memcpy(child->output + child->output_length, data, kept);
    child->output_length += kept;
    child->output_total += kept;
    compare_output(child, data + kept, length - kept);
}

static void drain(struct child *child, int *end, bool is_output) {
    char data[65536];
    ssize_t got = read(*end, data, sizeof data);
    if (got > 0 && is_output)
        keep_output(child, data, (size_t)got);
    else if (got > 0)
        keep_tail(child, data, (size_t)got);
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(end);
}

static void stop(struct child *child) {
    if (child->pid > 0) kill(child->pid, SIGKILL);
    close_end(&child->in);
    close_end(&child->out);
    close_end(&child->err);
}

static bool is_open(const struct child *child) {
    return child->in >= 0 || child->out >= 0 || child->err >= 0;
}

static void judge(struct child *child, double idle_seconds) {
    child->overran = child->output_extra > EXTRA_MAX;
    child->hung = monotonic_seconds() - child->last_sign > idle_seconds;
    if (child->overran || child->hung) stop(child);
}

/* One turn: waits for any pipe, moves what can be moved. */
static void turn(struct child *children, int count, double idle_seconds) {
    struct pollfd ends[3 * CHILD_MAX];
    for (int i = 0; i < count; i++) {
        ends[3 * i] = (struct pollfd){.fd = children[i].in, .events = POLLOUT};
        ends[3 * i + 1] = (struct pollfd){.fd = children[i].out, .events = POLLIN};
        ends[3 * i + 2] = (struct pollfd){.fd = children[i].err, .events = POLLIN};
    }
    poll(ends, (nfds_t)(3 * count), POLL_MILLISECONDS);
    for (int i = 0; i < count; i++) {
        struct child *child = &children[i];
        if (!is_open(child)) continue;
        bool alive = ends[3 * i].revents || ends[3 * i + 1].revents || ends[3 * i + 2].revents;
        if (ends[3 * i].revents) feed(child);
        if (ends[3 * i + 1].revents) drain(child, &child->out, true);
        if (ends[3 * i + 2].revents) drain(child, &child->err, false);
        if (alive) child->last_sign = monotonic_seconds();
        judge(child, idle_seconds);
    }
}

/* Its pipes are closed; it may still linger. */
static void await(struct child *child, double idle_seconds) {
    struct timespec pause = {.tv_nsec = 1000000};
    if (child->pid <= 0) return;
    double since = monotonic_seconds();
    while (waitpid(child->pid, &child->status, WNOHANG) == 0) {
        if (monotonic_seconds() - since > idle_seconds && !child->hung) {
            child->hung = true;
            kill(child->pid, SIGKILL);
        }
        nanosleep(&pause, NULL);
    }
    child->pid = -1;
}

static bool any_open(const struct child *children, int count) {
    for (int i = 0; i < count; i++)
        if (is_open(&children[i])) return true;
    return false;
}

/* A child that closes its input early must not take us with it. */
static void hold_broken_pipes(sigset_t *before) {
    sigset_t broken;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken, before);
}

static void release_broken_pipes(const sigset_t *before) {
    sigset_t broken;
    struct timespec now = {0};
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    if (!sigismember(before, SIGPIPE))
        while (sigtimedwait(&broken, NULL, &now) > 0)
            ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static bool run_in_group(struct bxc_context *context, struct child *children, int count, double idle_seconds) {
    bool cancelled = false;
    while (any_open(children, count) && !cancelled) {
        turn(children, count, idle_seconds);
        cancelled = atomic_load(&context->cancelled);
    }
    for (int i = 0; i < count; i++) {
        if (cancelled) stop(&children[i]);
        await(&children[i], idle_seconds);
    }
    return cancelled;
}

int children_run(struct bxc_context *context, struct arena *scratch, struct child *children, int count,
                 double idle_seconds) {
    char **environment = child_environment(scratch, count > 0 && children[0].folder);
    sigset_t before;
    struct group group = {.alive = -1};
    int error = group_start(&group);
    for (int i = 0; error && i < count; i++) children[i].start_error = error;
    if (error) return 0;
    hold_broken_pipes(&before);
    for (int i = 0; i < count; i++) start(&children[i], group.leader, environment);
    bool cancelled = run_in_group(context, children, count, idle_seconds);
    group_end(&group);
    release_broken_pipes(&before);
    return cancelled ? -1 : 0;
}

const char *child_fate(struct arena *arena, const struct child *child) {
    if (child->start_error) return arena_printf(arena, "did not start: %s", strerror(child->start_error));
    if (child->hung) return "hung without a sign of life and was stopped";
    if (child->overran) return "printed without end and was stopped";
    if (WIFSIGNALED(child->status)) return arena_printf(arena, "died of signal %d", WTERMSIG(child->status));
    if (WEXITSTATUS(child->status) == 127) return arena_printf(arena, "could not run '%s'", child->arguments[0]);
    if (WEXITSTATUS(child->status)) return arena_printf(arena, "ended with exit code %d", WEXITSTATUS(child->status));
    return NULL;
}

const char *child_last_lines(struct arena *arena, const struct child *child, int lines) {
    size_t end = child->tail_length;
    while (end > 0 && child->tail[end - 1] == '\n') end--;
    size_t start_at = end;
    while (start_at > 0 && (child->tail[start_at - 1] != '\n' || --lines > 0)) start_at--;
    return end > start_at ? arena_strndup(arena, child->tail + start_at, end - start_at) : NULL;
}
