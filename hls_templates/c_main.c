/* Reads events from standard input, writes what the network gives to standard output: per event each
 * port in order, each element an int64 in little-endian order. `--hash` prints the content hash. */
#include <stdio.h>
#include <string.h>

#include "@{name}.h"

enum { INPUTS = @{inputs}, OUTPUTS = @{outputs}, BLOCK = 64 };

static unsigned char in_bytes[BLOCK][8 * INPUTS + 1], out_bytes[BLOCK][8 * OUTPUTS + 1];

static int64_t load(const unsigned char *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return (int64_t)word;
}

static void store(unsigned char *bytes, int64_t value) {
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)value >> 8 * i);
}

static void run_event(const unsigned char *from, unsigned char *to) {
    int64_t in[INPUTS + 1], out[OUTPUTS + 1];
    for (int i = 0; i < INPUTS; i++) in[i] = load(from + 8 * i);
    @{name}_run(@{arguments});
    for (int i = 0; i < OUTPUTS; i++) store(to + 8 * i, out[i]);
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--hash") == 0) {
        puts(@{name}_content_hash);
        return 0;
    }
    for (;;) {
        size_t events = 0;
        size_t got = 8 * INPUTS;
        for (; events < BLOCK && got == 8 * INPUTS; events += got == 8 * INPUTS)
            got = fread(in_bytes[events], 1, 8 * INPUTS, stdin);
        for (size_t i = 0; i < events; i++) run_event(in_bytes[i], out_bytes[i]);
        for (size_t i = 0; i < events; i++)
            if (fwrite(out_bytes[i], 1, 8 * OUTPUTS, stdout) != 8 * OUTPUTS) return 1;
        if (got == 0) return fflush(stdout) != 0;
        if (got != 8 * INPUTS) {
            fputs("the last event is incomplete\n", stderr);
            return 1;
        }
    }
}
