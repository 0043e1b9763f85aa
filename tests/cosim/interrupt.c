/* interrupt HUNDREDTHS COMMAND...: SIGINT once the command has used so many hundredths of a second of the processor.
 * Prints its exit code (128 + a signal that ended it), the hundredths that it used after the signal, and those in all.
 * One process watches, so that a busy machine does not come between what is read and what is sent. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long hundredths(const struct rusage *used) {
    return 100 * (long)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
           (long)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 10000;
}

/* -1: it has ended. */
static long spent(pid_t pid) {
    char path[64], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    const char *at = strrchr(text, ')');
    char state = 'Z';
    if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system) != 3)
        return -1;
    return state == 'Z' ? -1 : (long)((user + system) * 100 / (unsigned long)sysconf(_SC_CLK_TCK));
}

int main(int argc, char **argv) {
    const struct timespec moment = {.tv_nsec = 5000000};
    long target = argc > 2 ? atol(argv[1]) : -1, now = 0, at = -1;
    if (target < 0) return 2;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_DFL); /* a shell's background jobs ignore it */
        execv(argv[2], argv + 2);
        _exit(127);
    }
    while ((now = spent(pid)) >= 0 && now < target) nanosleep(&moment, NULL);
    if (now >= 0) {
        kill(pid, SIGINT);
        at = spent(pid);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) return 2;
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    long all = hundredths(&used);
    printf("%d %ld %ld\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), at < 0 ? 0 : all - at,
           all);
    return 0;
}
