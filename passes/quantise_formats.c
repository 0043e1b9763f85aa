/* From ranges to formats: integer bits so that the range fits, the rest of the bits below the point. */
#include "passes/quantise.h"

#include <limits.h>
#include <math.h>

int range_exponent(struct real_range range) {
    double largest = fmax(fabs(range.lo), fabs(range.hi));
    int exponent;
    if (largest == 0) return INT_MIN / 2;
    double fraction = frexp(largest, &exponent); /* largest = fraction * 2^exponent, fraction in [1/2, 1) */
    return fraction == 0.5 ? exponent - 1 : exponent;
}

struct format format_for_range(struct real_range range, int bits) {
    int exponent = range_exponent(range);
    bool is_signed = range.lo < 0 || exponent == INT_MIN / 2;
    if (exponent == INT_MIN / 2) exponent = 0; /* it was always 0 */
    if (exponent < -64) exponent = -64;
    int fraction = bits - exponent - (is_signed ? 1 : 0);
    return (struct format){is_signed, (int16_t)bits, (int16_t)fraction};
}

static struct real_range joined(struct real_range a, struct real_range b) {
    return (struct real_range){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

/* Events that were not seen may move a channel further than calibration did: it gets 1/16 of the tensor's range, but
 * for no more than a quarter of its bits, which a channel that is small by nature needs for itself. Of one that was
 * always 0 nothing is known. */
static struct real_range guarded(struct real_range channel, struct real_range tensor, int bits) {
    double floor = fmax(fabs(tensor.lo), fabs(tensor.hi)) / 16, own = fmax(fabs(channel.lo), fabs(channel.hi));
    struct real_range out = channel;
    if (own > 0) floor = fmin(floor, ldexp(own, bits / 4));
    if (fmax(fabs(out.lo), fabs(out.hi)) < floor) {
        out.hi = floor;
        if (tensor.lo < 0) out.lo = -floor;
    }
    if (tensor.lo < 0 && out.lo >= 0) out.lo = -out.hi / 16;
    return out;
}

struct formats formats_for_value(struct arena *arena, const struct shape *shape, int channels,
                                 const struct real_range *ranges, int bits, enum granularity granularity) {
    size_t count = shape_elements(shape), length = channels < 0 ? 1 : (size_t)shape->dim[channels], inner = 1;
    struct real_range all = ranges[0];
    for (size_t e = 1; e < count; e++) all = joined(all, ranges[e]);
    if (granularity == GRANULARITY_TENSOR || length == 1) return formats_uniform(arena, format_for_range(all, bits));
    struct formats formats = {.shape = {.rank = shape->rank}, .at = ARENA_ARRAY(arena, struct format, length)};
    for (int d = 0; d < shape->rank; d++) formats.shape.dim[d] = d == channels ? shape->dim[d] : 1;
    for (int d = channels + 1; d < shape->rank; d++) inner *= (size_t)shape->dim[d];
    for (size_t c = 0; c < length; c++) {
        struct real_range channel = ranges[c * inner];
        for (size_t e = 0; e < count; e++)
            if (e / inner % length == c) channel = joined(channel, ranges[e]);
        formats.at[c] = format_for_range(guarded(channel, all, bits), bits);
    }
    return formats;
}

double on_grid(double x, int fraction) {
    return ldexp(nearbyint(ldexp(x, fraction)), -fraction);
}

double significant(double x, int bits) {
    int exponent;
    if (x == 0) return 0;
    frexp(x, &exponent);
    return on_grid(x, bits - exponent);
}
