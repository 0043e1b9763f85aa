/* A fuzz driver without a fuzzer: seeded draws, for machines without clang and for drivers that find what was put back
 * (long/put_back.sh). Without files the inputs are random bytes; with files these are given as they are, then changed
 * by the driver's own mutator where it has one. The driver aborts on what it finds; then the last seed told is that of
 * the input. fuzz_DRIVER [INPUTS [SEED [FILE...]]] */
#include "ir/context.h"
#include "ir/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 64, FILE_MAX = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

/* What libFuzzer has for mutators: here a byte that becomes another, or one more. */
static uint64_t byte_state;
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit) {
    uint64_t drawn = splitmix64(&byte_state);
    if (size < limit && (!size || drawn % 4 == 0)) data[size++] = 0;
    if (size) data[(drawn >> 8) % size] = (uint8_t)(drawn >> 56);
    return size;
}

/* In a block that ends where the input does. */
static void give(const uint8_t *bytes, size_t length) {
    uint8_t *exact = malloc(length + !length);
    if (!exact) abort();
    memcpy(exact, bytes, length);
    (void)LLVMFuzzerTestOneInput(exact, length);
    free(exact);
}

static size_t read_whole(const char *path, uint8_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(2);
    }
    size_t length = fread(bytes, 1, FILE_MAX, file);
    fclose(file);
    return length;
}

static size_t draw(uint64_t seed, char **files, size_t count, uint8_t *bytes) {
    uint64_t state = byte_state = seed;
    if (!count) {
        for (size_t i = 0; i < BYTES_MAX; i++) bytes[i] = (uint8_t)(splitmix64(&state) >> 56);
        return BYTES_MAX;
    }
    size_t length = read_whole(files[splitmix64(&state) % count], bytes);
    for (uint64_t i = 0, changes = 1 + splitmix64(&state) % 4; i < changes; i++)
        length = LLVMFuzzerCustomMutator
                     ? LLVMFuzzerCustomMutator(bytes, length, FILE_MAX, (unsigned)splitmix64(&state))
                     : LLVMFuzzerMutate(bytes, length, FILE_MAX);
    return length;
}

int main(int argc, char **argv) {
    static uint8_t bytes[FILE_MAX];
    uint64_t inputs = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    char **files = argv + 3;
    size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    for (size_t i = 0; i < count; i++) {
        printf("%s\n", files[i]);
        fflush(stdout);
        give(bytes, read_whole(files[i], bytes));
    }
    for (uint64_t seed = first; seed < first + inputs; seed++) {
        printf("\rseed %llu", (unsigned long long)seed);
        fflush(stdout);
        give(bytes, draw(seed, files, count, bytes));
    }
    printf("\n%llu inputs, nothing found\n", (unsigned long long)inputs);
    return 0;
}
