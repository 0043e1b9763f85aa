/* What drivers draw that change messages field by field. */
#ifndef BXC_TEST_FUZZ_RANDOM_H
#define BXC_TEST_FUZZ_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    unsigned state;
};

static inline size_t below(struct random *random, size_t limit) {
    random->state = random->state * 1664525u + 1013904223u;
    return limit ? (random->state >> 8) % limit : 0;
}

static inline int64_t number(struct random *random) {
    static const int64_t numbers[] = {0, 1, -1, 2, 3, -2, 4, 7, 8, INT64_MAX, INT64_MIN, 1 << 20, INT32_MAX, 100};
    return numbers[below(random, sizeof numbers / sizeof *numbers)];
}

#endif
