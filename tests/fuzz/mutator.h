/* Declares a driver's mutator: most changes are those of what is named here, the others are libFuzzer's of bytes. */
#ifndef BXC_TEST_FUZZ_MUTATOR_H
#define BXC_TEST_FUZZ_MUTATOR_H

#include "tests/fuzz/random.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t limit);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed);

/* Of a driver: in place; 0: it could not. */
static size_t mutate(struct random *random, uint8_t *data, size_t size, size_t limit);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
    struct random random = {seed};
    size_t length = below(&random, 8) ? mutate(&random, data, size, limit) : 0;
    return length ? length : LLVMFuzzerMutate(data, size, limit);
}

#endif
