/* In modular arithmetic of the result's width: from the low end, bits that a single positive summand alone provides
 * pass unchanged; from where two meet, or a negative one begins, one adder takes all that is left. */
#include "target/adder.h"

static int trailing_zeros(uint64_t value) {
    return value ? __builtin_ctzll(value) : 64;
}

static int bit_length(uint64_t value) {
    return value ? 64 - __builtin_clzll(value) : 0;
}

/* Summands that begin below `bits`; operands that are constants join the literal. */
static void gather(const struct datapath *datapath, const struct wire *wire, uint32_t operands, struct adder *adder) {
    adder->literal = (uint64_t)wire->constant;
    for (uint32_t i = 0; i < wire->operand_count && i < operands; i++) {
        struct term term = wire->operands[i];
        const struct wire *x = &datapath->wires[term.wire.id];
        if (x->lo == x->hi) {
            uint64_t value = term.shift < 64 ? (uint64_t)x->lo << term.shift : 0;
            adder->literal = term.negative ? adder->literal - value : adder->literal + value;
        } else if (term.shift < adder->bits)
            adder->summands[adder->count++] =
                (struct summand){false, term.negative, (int)i, term.shift, x->lo < 0 ? 64 : term.shift + wire_width(x)};
    }
    int start = trailing_zeros(adder->literal);
    if (start < adder->bits)
        adder->summands[adder->count++] =
            (struct summand){true, false, -1, start, (int64_t)adder->literal < 0 ? 64 : bit_length(adder->literal)};
}

static void drop_ended(struct adder *adder) {
    int kept = 0;
    for (int i = 0; i < adder->count; i++)
        if (adder->summands[i].end > adder->from) adder->summands[kept++] = adder->summands[i];
    adder->count = kept;
}

/* The bits that pass from `from` on; none where the adder begins. */
static struct passing pass_bits(const struct adder *adder) {
    struct passing none = {adder->from, adder->from, true, {0}}, passing = {adder->from, adder->bits, true, {0}};
    for (int i = 0; i < adder->count; i++) {
        const struct summand *x = &adder->summands[i];
        if (x->start > adder->from) {
            passing.until = x->start < passing.until ? x->start : passing.until;
            continue;
        }
        if (!passing.is_zero || x->negative) return none;
        passing.is_zero = false;
        passing.summand = *x;
    }
    if (!passing.is_zero && passing.summand.end < passing.until) passing.until = passing.summand.end;
    return passing;
}

bool adder_carries(int64_t ones, int64_t terms) {
    return ones >= 0 && ones < terms;
}

/* The literal's bits from `from` on, as a number of the adder's width. */
static int64_t literal_left(const struct adder *adder) {
    int width = adder->bits - adder->from;
    for (int i = 0; i < adder->count && width > 0; i++)
        if (adder->summands[i].is_literal)
            return (int64_t)(adder->literal >> adder->from << (64 - width)) >> (64 - width);
    return 0;
}

static struct adder cut(const struct datapath *datapath, const struct wire *wire, int bits, uint32_t operands,
                        struct passing *passing, int *passing_count) {
    struct adder adder;
    adder.count = adder.terms = adder.from = adder.ones = 0;
    adder.bits = bits;
    gather(datapath, wire, operands, &adder);
    while (adder.from < bits) {
        drop_ended(&adder);
        struct passing next = pass_bits(&adder);
        if (next.until == adder.from) break;
        if (passing) passing[(*passing_count)++] = next;
        adder.from = next.until;
    }
    if (adder.from >= bits) adder.count = 0;
    int64_t ones = literal_left(&adder);
    for (int i = 0; i < adder.count; i++) {
        adder.terms += !adder.summands[i].is_literal;
        ones += adder.summands[i].negative;
    }
    adder.carried = adder_carries(ones, adder.terms);
    adder.ones = adder.carried ? (int)ones : 0;
    return adder;
}

struct adder adder_of(const struct datapath *datapath, const struct wire *wire, int bits) {
    return cut(datapath, wire, bits, 3, NULL, NULL);
}

struct adder adder_with_passing(const struct datapath *datapath, const struct wire *wire, int bits,
                                struct passing *passing, int *passing_count) {
    *passing_count = 0;
    return cut(datapath, wire, bits, SUMMANDS_MAX - 1, passing, passing_count);
}

int adder_chain_terms(const struct adder *adder) {
    return adder->terms + (adder->count > adder->terms && !adder->carried);
}

struct overlap adder_overlap(const struct adder *adder) {
    int low = adder->from, high = adder->bits;
    bool negative = false;
    for (int i = 0; i < adder->count; i++) {
        const struct summand *x = &adder->summands[i];
        if (x->is_literal) continue;
        low = x->start > low ? x->start : low;
        high = x->end < high ? x->end : high;
        negative |= x->negative;
    }
    return high > low ? (struct overlap){high - low, negative && high < adder->bits} : (struct overlap){0, false};
}

struct adder adder_of_pair(struct interval a, int shift_a, struct interval b, int shift_b, bool subtract) {
    struct wire wires[2] = {{.lo = (int64_t)a.lo, .hi = (int64_t)a.hi}, {.lo = (int64_t)b.lo, .hi = (int64_t)b.hi}};
    struct term terms[2] = {{{0}, (int8_t)shift_a, false}, {{1}, (int8_t)shift_b, subtract}};
    const struct datapath datapath = {.wires = wires, .wire_count = 2};
    const struct wire sum = {.op = WIRE_SUM, .operands = terms, .operand_count = 2};
    const int end_a = shift_a + wire_width(&wires[0]), end_b = shift_b + wire_width(&wires[1]);
    return adder_of(&datapath, &sum, end_a > end_b ? end_a : end_b);
}
