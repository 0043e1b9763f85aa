/* A fuzz driver without a fuzzer: random bytes of seeded draws, for machines without clang and for drivers that find
 * what was put back (long/put_back.sh). The driver aborts on what it finds; then the last seed told is that of the
 * input. fuzz_DRIVER [INPUTS [SEED]] */
#include "ir/context.h"
#include "ir/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int main(int argc, char **argv) {
    uint64_t inputs = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + inputs; seed++) {
        uint8_t bytes[BYTES_MAX];
        uint64_t state = seed;
        for (size_t i = 0; i < BYTES_MAX; i++) bytes[i] = (uint8_t)(splitmix64(&state) >> 56);
        printf("\rseed %llu", (unsigned long long)seed);
        fflush(stdout);
        (void)LLVMFuzzerTestOneInput(bytes, BYTES_MAX);
    }
    printf("\n%llu inputs, nothing found\n", (unsigned long long)inputs);
    return 0;
}
