/* Adders too wide for a stage are cut: the low bits are added in one stage, the high bits at the same
 * time, and the carry goes into the high part in a later one. A comparison is the sign of a
 * difference, so that it can be cut too. Every bit stays: x = (x >> k << k) + (x mod 2^k). */
#include "passes/split.h"

static wireref append_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    return split_append(s,
                        (struct wire){.op = WIRE_SUM, .operands = terms, .operand_count = count, .constant = constant});
}

/* Three terms, a constant among them, as two adders of two. */
static wireref split_terms(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    if (!sum_is_safe(&s->to, terms, 2, 0)) return append_sum(s, terms, count, constant);
    struct term rest[2] = {{.wire = split_sum(s, terms, 2, 0)}, terms[count - 1]};
    return split_sum(s, rest, count - 1, constant);
}

struct cut_terms {
    struct term low[3], high[3];
    uint32_t low_count, high_count;
};

/* The terms' bits below k of the sum, and those from k on. */
static struct cut_terms cut_at(struct split *s, const struct term *terms, uint32_t count, int k) {
    struct cut_terms cut = {.low_count = 0};
    for (uint32_t i = 0; i < count; i++) {
        struct term term = terms[i];
        if (term.shift >= k) {
            cut.high[cut.high_count++] = (struct term){term.wire, (int8_t)(term.shift - k), term.negative};
            continue;
        }
        cut.low[cut.low_count++] =
            (struct term){split_low_bits(s, term.wire, k - term.shift, false), term.shift, term.negative};
        cut.high[cut.high_count++] = (struct term){split_high_bits(s, term.wire, k - term.shift), 0, term.negative};
    }
    return cut;
}

static wireref low_part(struct split *s, struct cut_terms *cut, int64_t constant, int k) {
    return append_sum(s, cut->low, cut->low_count, constant & ((INT64_C(1) << k) - 1));
}

/* The sum, cut at bit k. */
static wireref cut_sum(struct split *s, const struct term *terms, uint32_t count, int64_t constant, int k) {
    struct cut_terms cut = cut_at(s, terms, count, k);
    wireref low_sum = low_part(s, &cut, constant, k);
    wireref high_sum = split_sum(s, cut.high, cut.high_count, constant >> k);
    struct term with_carry[2] = {{.wire = high_sum}, {.wire = split_high_bits(s, low_sum, k)}};
    wireref top = split_sum(s, with_carry, 2, 0);
    struct term parts[2] = {{top, (int8_t)k, false}, {split_low_bits(s, low_sum, k, false), 0, false}};
    return append_sum(s, parts, 2, 0);
}

/* A sum in more pieces than that, each a stage later than the one before, is no answer to a fast clock: registers grow
 * with the square of them. */
enum { PIECES_MAX = 5 };

/* Where to cut: as many low bits as one stage adds, at most half of what there is to add; 0: not even `least` of them.
 */
static int place_to_cut(struct split *s, const struct term *terms, uint32_t count, int64_t constant, int width,
                        int least) {
    int low = 64;
    for (uint32_t i = 0; i < count; i++) low = terms[i].shift < low ? terms[i].shift : low;
    least = (width - low) / PIECES_MAX > least ? (width - low) / PIECES_MAX : least;
    int k = low + 1;
    while (s->start + adder_delay(s->stage->technology, (int)count + (constant != 0), k - low) <= s->stage->budget &&
           k < width && k < 61)
        k++;
    if (k > width - 3) k = low + (width - low) / 2;
    for (; k >= low + least; k--) {
        struct cut_terms cut = cut_at(s, terms, count, k);
        if (!split_is_slow(s, low_part(s, &cut, constant, k))) return k;
    }
    return 0;
}

wireref split_sum(struct split *s, struct term *terms, uint32_t count, int64_t constant) {
    wireref whole = append_sum(s, terms, count, constant);
    struct wire like = s->to.wires[whole.id]; /* the list moves when it grows */
    bool is_pair = count + (constant != 0) < 3;
    if (!split_is_slow(s, whole) || count > 3) return whole;
    int k = place_to_cut(s, terms, count, constant, wire_width(&like), is_pair ? 1 : 3);
    if (!k) return is_pair ? whole : split_terms(s, terms, count, constant);
    wireref cut = cut_sum(s, terms, count, constant, k);
    bool as_narrow = s->to.wires[cut.id].lo >= like.lo && s->to.wires[cut.id].hi <= like.hi;
    return as_narrow || !s->same_bounds ? cut : whole;
}

/* a < b as the sign of a - b. */
wireref split_less(struct split *s, wireref a, wireref b) {
    struct term terms[2] = {{.wire = a}, {.wire = b, .negative = true}};
    wireref whole = split_apply(s, WIRE_LESS, a, b);
    if (!split_is_slow(s, whole) || !sum_is_safe(&s->to, terms, 2, 0)) return whole;
    wireref difference = split_sum(s, terms, 2, 0);
    const struct wire *d = &s->to.wires[difference.id];
    if (d->lo >= 0 || d->hi < 0) return whole;
    return split_low_bits(s, split_high_bits(s, difference, wire_width(d) - 1), 1, false);
}
