// Testbench of @{name} that checks itself, for C simulation and co-simulation (vitis.tcl) and for any C++
// compiler (make check). Each line of vectors.txt is an event: the stored integers of all inputs, then those of
// all outputs as the quantised network gives them.
#include <cstdio>

#include "@{name}.h"

static long long number(std::FILE *file) {
    long long value = 0;
    if (std::fscanf(file, "%lld", &value) != 1) std::fprintf(stderr, "error: vectors.txt ends in the middle of an event\n");
    return value;
}

static bool ended(std::FILE *file) {
    int next;
    while ((next = std::fgetc(file)) == ' ' || next == '\n' || next == '\r') {
    }
    std::ungetc(next, file);
    return next == EOF;
}

static int compare(long event, const char *port, int element, long long got, long long wanted) {
    if (got == wanted) return 0;
    std::fprintf(stderr, "event %ld, output %s, element %d: %lld, not %lld\n", event, port, element, got, wanted);
    return 1;
}

// Runs one event; returns how many numbers differ.
static int check(std::FILE *file, long event) {
    int wrong = 0;
@{read}    @{name}(@{arguments});
@{compare}    return wrong;
}

int main(int count, char **arguments) {
    const char *path = count > 1 ? arguments[1] : "vectors.txt";
    std::FILE *file = std::fopen(path, "r");
    if (!file) {
        std::perror(path);
        return 1;
    }
    long events = 0, wrong = 0;
    for (; !ended(file); events++) wrong += check(file, events);
    std::fclose(file);
    std::printf("@{name}: %ld events, %ld numbers differ\n", events, wrong);
    return events == 0 || wrong != 0;
}
