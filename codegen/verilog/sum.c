/* Sums of shifted terms: bits that pass (target/adder.h) are concatenated, and one expression adds what is left. */
#include "codegen/verilog/verilog.h"
#include "target/adder.h"

struct sum {
    struct module *module;
    const struct wire *wire;
    struct adder adder;
};

/* Bits [from, from + count) of a summand as it stands in the sum, zeros below its start. */
static const char *summand_text(const struct sum *sum, const struct summand *x, int from, int count) {
    struct arena *arena = sum->module->plan->arena;
    if (x->is_literal) return literal_text(arena, count, sum->adder.literal >> from);
    struct concatenation parts = concatenation_new(arena);
    struct signal signal = operand_signal(sum->module->plan, sum->wire, (uint32_t)x->operand);
    int zeros = x->start > from ? x->start - from : 0;
    add_bits(sum->module, &parts, signal, from + zeros - x->start, count - zeros);
    if (zeros) concatenation_add(&parts, "%d'd0", zeros);
    return concatenation_text(&parts);
}

/* As it enters the adder. */
static const char *adding_text(const struct sum *sum, const struct summand *x) {
    return summand_text(sum, x, sum->adder.from, sum->adder.bits - sum->adder.from);
}

/* Added terms first, then what is subtracted as one sum: both are chains that synthesis joins. */
static const char *carried_text(const struct sum *sum) {
    const struct adder *adder = &sum->adder;
    struct strbuf out = strbuf_new(sum->module->plan->arena), less = strbuf_new(sum->module->plan->arena);
    int subtracted = 0, negated = 0;
    bool is_subtracted[SUMMANDS_MAX] = {false};
    for (int pass = 0; pass < 2; pass++) /* negated ones are subtracted first */
        for (int i = adder->count; i-- > 0;)
            if (!adder->summands[i].is_literal && adder->summands[i].negative == (pass == 0) &&
                subtracted < adder->ones) {
                is_subtracted[i] = true;
                subtracted++;
            }
    for (int i = 0; i < adder->count; i++) {
        const struct summand *x = &adder->summands[i];
        if (x->is_literal) continue;
        struct strbuf *side = is_subtracted[i] ? &less : &out;
        strbuf_printf(side, "%s%s%s", side->length ? " + " : "", x->negative != is_subtracted[i] ? "~" : "",
                      adding_text(sum, x));
        negated += is_subtracted[i];
    }
    if (negated) strbuf_printf(&out, negated > 1 ? " - (%s)" : " - %s", less.data);
    return out.data;
}

/* The first summand in the text: a positive term if there is one, else the literal. */
static int leading_summand(const struct adder *adder) {
    int literal = -1;
    for (int i = 0; i < adder->count; i++) {
        if (!adder->summands[i].negative && !adder->summands[i].is_literal) return i;
        if (adder->summands[i].is_literal) literal = i;
    }
    return literal;
}

static void append_summand(const struct sum *sum, struct strbuf *out, const struct summand *x) {
    const struct adder *adder = &sum->adder;
    if (x->is_literal && (int64_t)adder->literal < 0 && x->start >= adder->from)
        strbuf_printf(
            out, " - %s",
            literal_text(sum->module->plan->arena, adder->bits - adder->from, (0 - adder->literal) >> adder->from));
    else
        strbuf_printf(out, " %s %s", x->negative ? "-" : "+", adding_text(sum, x));
}

/* Two negated terms alone would not be one carry chain: -a - b is written ~a - b + 1. */
static const char *adder_text(const struct sum *sum) {
    const struct adder *adder = &sum->adder;
    struct arena *arena = sum->module->plan->arena;
    struct strbuf out = strbuf_new(arena);
    int width = adder->bits - adder->from, first = leading_summand(adder);
    bool inverted = first < 0 && adder->count == 2;
    if (adder->carried && adder->terms <= 3) return carried_text(sum);
    if (inverted) {
        first = 0;
        strbuf_printf(&out, "~%s", adding_text(sum, &adder->summands[0]));
    } else if (first >= 0) {
        strbuf_append(&out, adding_text(sum, &adder->summands[first]));
    } else {
        strbuf_append(&out, literal_text(arena, width, 0));
    }
    for (int i = 0; i < adder->count; i++)
        if (i != first) append_summand(sum, &out, &adder->summands[i]);
    if (inverted) strbuf_printf(&out, " + %s", literal_text(arena, width, 1));
    return out.data;
}

const char *sum_expression(struct module *module, const struct wire *wire, int bits) {
    struct arena *arena = module->plan->arena;
    struct passing passing[2 * SUMMANDS_MAX];
    int count;
    if (wire->operand_count >= SUMMANDS_MAX)
        context_bug(module->plan->emission->context, "a sum of more than %d terms", SUMMANDS_MAX - 1);
    struct sum sum = {module, wire, adder_with_passing(module->plan->path, wire, bits, passing, &count)};
    const char *adder = sum.adder.count ? adder_text(&sum) : NULL;
    struct concatenation parts = concatenation_new(arena);
    if (adder) concatenation_add(&parts, "%s", adder);
    while (count-- > 0) {
        const struct passing *x = &passing[count];
        int width = x->until - x->from;
        concatenation_add(&parts, "%s",
                          x->is_zero ? literal_text(arena, width, 0) : summand_text(&sum, &x->summand, x->from, width));
    }
    return concatenation_text(&parts);
}
