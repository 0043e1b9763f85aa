// Testbench: reads events from standard input, writes what the network gives to standard output: per
// event each port in order, each element's stored integer as an int64 in little-endian order.
// `--hash` prints the content hash.
#include <cstdio>
#include <cstring>

#include "@{name}.h"

#ifdef BXC_PROBES // inner values follow each event's outputs
extern long long *@{name}_probe;
enum { PROBES = @{probes} };
#else
enum { PROBES = 0 };
#endif
enum { INPUTS = @{inputs}, OUTPUTS = @{outputs}, GIVEN = OUTPUTS + PROBES };

static long long load(const unsigned char *bytes) {
    unsigned long long word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return (long long)word;
}

static void store(unsigned char *bytes, long long value) {
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((unsigned long long)value >> 8 * i);
}

static void run_event(const unsigned char *from, unsigned char *to) {
@{read}#ifdef BXC_PROBES
    long long inner[PROBES + 1];
    @{name}_probe = inner;
#endif
    @{name}(@{arguments});
@{write}#ifdef BXC_PROBES
    for (int i = 0; i < PROBES; i++) store(to + 8 * (OUTPUTS + i), inner[i]);
#endif
}

int main(int count, char **arguments) {
    if (count > 1 && std::strcmp(arguments[1], "--hash") == 0) {
        std::puts(@{name}_content_hash);
        return 0;
    }
    static unsigned char in[8 * INPUTS + 1], out[8 * GIVEN + 1];
    std::size_t got;
    while ((got = std::fread(in, 1, 8 * INPUTS, stdin)) == 8 * INPUTS) {
        run_event(in, out);
        if (std::fwrite(out, 1, 8 * GIVEN, stdout) != 8 * GIVEN) return 1;
    }
    if (got != 0) {
        std::fputs("the last event is incomplete\n", stderr);
        return 1;
    }
    return std::fflush(stdout) != 0;
}
