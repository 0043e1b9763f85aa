/* Quantiles of many errors in little memory: a histogram over the leading bits of binary32, 64 steps an octave. */
#include <math.h>
#include <string.h>

#include "sim/private.h"

enum { DROPPED_BITS = 17, BUCKETS = 1 << (31 - DROPPED_BITS) };

struct errors {
    uint64_t count, bucket[BUCKETS];
    double sum, largest;
};

struct errors *errors_new(struct arena *arena) {
    return ARENA_NEW(arena, struct errors);
}

static uint32_t bucket_of(double error) {
    float single = (float)error;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    return bits >> DROPPED_BITS;
}

void errors_add(struct errors *errors, double error) {
    errors->count++;
    errors->sum += error;
    errors->largest = error > errors->largest ? error : errors->largest;
    errors->bucket[bucket_of(error)]++;
}

double errors_largest(const struct errors *errors) {
    return errors->largest;
}

double errors_mean(const struct errors *errors) {
    return errors->count ? errors->sum / (double)errors->count : 0;
}

/* Where a bucket ends. */
static double bucket_end(uint32_t bucket) {
    uint32_t bits = (bucket + 1) << DROPPED_BITS;
    float single;
    memcpy(&single, &bits, sizeof single);
    return (double)single;
}

double errors_quantile(const struct errors *errors, double share) {
    uint64_t wanted = (uint64_t)ceil(share * (double)errors->count), seen = 0;
    for (uint32_t i = 0; i < BUCKETS && wanted; i++) {
        seen += errors->bucket[i];
        if (seen >= wanted) return i == 0 ? 0 : fmin(bucket_end(i), errors->largest);
    }
    return 0;
}
