// Testbench: reads events from standard input, writes what the network gives to standard output: per
// event each port in order, each element's stored integer as an int64 in little-endian order.
// `--hash` prints the content hash.
#include <cstdio>
#include <cstring>

#include "@{name}.h"

enum { INPUTS = @{inputs}, OUTPUTS = @{outputs} };

static long long load(const unsigned char *bytes) {
    unsigned long long word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return (long long)word;
}

static void store(unsigned char *bytes, long long value) {
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((unsigned long long)value >> 8 * i);
}

static void run_event(const unsigned char *from, unsigned char *to) {
@{read}    @{name}(@{arguments});
@{write}}

int main(int count, char **arguments) {
    if (count > 1 && std::strcmp(arguments[1], "--hash") == 0) {
        std::puts(@{name}_content_hash);
        return 0;
    }
    static unsigned char in[8 * INPUTS + 1], out[8 * OUTPUTS + 1];
    std::size_t got;
    while ((got = std::fread(in, 1, 8 * INPUTS, stdin)) == 8 * INPUTS) {
        run_event(in, out);
        if (std::fwrite(out, 1, 8 * OUTPUTS, stdout) != 8 * OUTPUTS) return 1;
    }
    if (got != 0) {
        std::fputs("the last event is incomplete\n", stderr);
        return 1;
    }
    return std::fflush(stdout) != 0;
}
