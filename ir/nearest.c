/* The nearest of the names that would have been right, for "did you mean". */
#include "ir/context.h"
#include "ir/nearest.h"

#include <string.h>

enum { NEAREST_LENGTH = 64 };

static int lower(char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Characters left out, too many, wrong, or two of them swapped (Damerau's distance, restricted). */
static unsigned distance(const char *a, const char *b) {
    size_t rows = strlen(a), columns = strlen(b);
    unsigned cost[3][NEAREST_LENGTH + 1];
    for (size_t j = 0; j <= columns; j++) cost[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *row = cost[i % 3], *before = cost[(i + 2) % 3], *two_before = cost[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = least(least(before[j], row[j - 1]) + 1, before[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], two_before[j - 2] + 1);
        }
    }
    return cost[rows % 3][columns];
}

/* A third of the characters may be wrong. */
void nearest_offer(struct nearest *nearest, const char *candidate) {
    size_t length = strlen(nearest->wanted);
    if (length == 0 || length > NEAREST_LENGTH || strlen(candidate) > NEAREST_LENGTH) return;
    unsigned found = distance(nearest->wanted, candidate);
    if (found * 3 > length || (nearest->name && found >= nearest->distance)) return;
    nearest->name = candidate;
    nearest->distance = found;
}
