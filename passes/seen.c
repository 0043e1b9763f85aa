/* What calibration shows of one number, event after event: its range, and how many events reach how far.
 *
 * Single events must not decide a format: a number that one event in a thousand makes more than 16 times larger than
 * all others do is cut off, which is told, where its range would take the bits of all other events. Zeros say
 * nothing of a size (many features are padded), and of fewer than 100 numbers none is called an outlier. */
#include "passes/quantise.h"

#include <math.h>
#include <string.h>

enum { FEWEST = 100, PER_EVENTS = 1000, OUTLIER_BINS = 3 };

struct seen seen_nothing(void) {
    return (struct seen){.range = {INFINITY, -INFINITY}};
}

/* |x| <= 4^(bin - SEEN_BINS / 2) */
static int bin_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(((bits & 0x7fffffffu) + 0x7fffffu) >> 23) - 127, bin = (exponent + SEEN_BINS + 1) / 2;
    return bin < 0 ? 0 : bin >= SEEN_BINS ? SEEN_BINS - 1 : bin;
}

void seen_include(struct seen *seen, float x) {
    if (isnan(x)) seen->range.hi = INFINITY; /* no range at all */
    if ((double)x < seen->range.lo) seen->range.lo = (double)x;
    if ((double)x > seen->range.hi) seen->range.hi = (double)x;
    if (x == 0) return;
    uint16_t *count = &seen->count[bin_of(x)];
    *count = (uint16_t)(*count + (*count < UINT16_MAX));
}

bool seen_at_rest(const struct seen *seen) {
    return seen->range.lo == seen->range.hi;
}

struct real_range seen_range(const struct seen *seen, bool *outliers) {
    uint32_t numbers = 0, beyond = 0;
    int top = -1, bin = SEEN_BINS - 1;
    *outliers = false;
    for (int b = 0; b < SEEN_BINS; b++) {
        numbers += seen->count[b];
        if (seen->count[b]) top = b;
    }
    uint32_t few = numbers < FEWEST ? 0 : numbers / PER_EVENTS + 1;
    while (bin > 0 && beyond + seen->count[bin] <= few) beyond += seen->count[bin--];
    bool finite = isfinite(seen->range.lo) && isfinite(seen->range.hi);
    if (!finite || beyond == 0 || top - bin < OUTLIER_BINS) return seen->range;
    double most = ldexp(1, 2 * bin - SEEN_BINS);
    *outliers = true;
    return (struct real_range){fmax(seen->range.lo, -most), fmin(seen->range.hi, most)};
}
