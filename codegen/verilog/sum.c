/* Sums of shifted terms, cut so that an adder is only where terms overlap.
 *
 * From the low end: bits that a single positive term alone provides pass unchanged and are concatenated;
 * from where two terms meet (or a negative one begins) one expression adds all that is left. In modular
 * arithmetic of the result's width nothing else needs thought.
 */
#include "codegen/verilog/verilog.h"

enum { ITEMS_MAX = 16 };

/* One summand: a term or the constant. Its bits begin at `start`; from `end` on they are zero
 * (end 64 and more: the sign goes on for ever). */
struct item {
    bool is_literal, negative;
    struct signal signal;
    uint64_t literal; /* shifted already; modulo 2^64 */
    int start, end;
};

struct pieces { /* low end first */
    const char *text[ITEMS_MAX * 2 + 2];
    int count;
};

static int trailing_zeros(uint64_t value) {
    int count = 0;
    while (count < 64 && !(value >> count & 1)) count++;
    return count;
}

static int bit_length(uint64_t value) {
    int count = 0;
    while (count < 64 && value >> count) count++;
    return count;
}

/* Terms that are constants join the constant. */
static int gather_items(const struct plan *plan, const struct wire *wire, int bits, struct item *items) {
    uint64_t constant = (uint64_t)wire->constant;
    int count = 0;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        const struct term *term = &wire->operands[i];
        const struct wire *from = plan_wire(plan, term->wire);
        if (wire_is_constant(from)) {
            uint64_t value = term->shift < 64 ? (uint64_t)from->lo << term->shift : 0;
            constant = term->negative ? constant - value : constant + value;
        } else if (term->shift < bits) {
            if (count == ITEMS_MAX - 1)
                context_bug(plan->emission->context, "a sum of more than %d terms", ITEMS_MAX - 1);
            items[count++] = (struct item){.signal = operand_signal(plan, wire, i),
                                           .negative = term->negative,
                                           .start = term->shift,
                                           .end = wire_is_signed(from) ? 128 : term->shift + wire_width(from)};
        }
    }
    if (constant & low_bits(bits))
        items[count++] = (struct item){.is_literal = true,
                                       .literal = constant,
                                       .start = trailing_zeros(constant),
                                       .end = (int64_t)constant < 0 ? 128 : bit_length(constant)};
    return count;
}

/* Bits [from, from + count) of an item as it stands in the sum, zeros below its start. */
static const char *item_text(struct module *module, const struct item *item, int from, int count) {
    struct arena *arena = module->plan->arena;
    if (item->is_literal) return literal_text(arena, count, item->literal >> from);
    struct concatenation parts = concatenation_new(arena);
    int zeros = item->start > from ? item->start - from : 0;
    add_bits(module, &parts, item->signal, from + zeros - item->start, count - zeros);
    if (zeros) concatenation_add(&parts, "%d'd0", zeros);
    return concatenation_text(&parts);
}

/* How an adder of two or three terms takes a constant and the +1 of negated terms by its carries: so
 * many terms are subtracted (x as - ~x), the others added (-x as + ~x). */
struct adder {
    int terms, ones; /* ones < terms */
    bool carried;    /* else the constant is one more summand */
};

static int64_t literal_value(const struct item *items, int count, int from, int width) {
    for (int i = 0; i < count; i++)
        if (items[i].is_literal) {
            uint64_t sign = UINT64_C(1) << (width - 1), value = items[i].literal >> from & low_bits(width);
            return (int64_t)((value ^ sign) - sign);
        }
    return 0;
}

static struct adder plan_adder(const struct item *items, int count, int from, int width) {
    int64_t ones = literal_value(items, count, from, width);
    struct adder adder = {0};
    for (int i = 0; i < count; i++) {
        adder.terms += !items[i].is_literal;
        ones += items[i].negative;
    }
    adder.carried = ones >= 0 && ones < adder.terms;
    adder.ones = adder.carried ? (int)ones : 0;
    return adder;
}

static void append_term(struct module *module, struct strbuf *out, const char *symbol, const struct item *item,
                        bool inverted, int from, int width) {
    strbuf_printf(out, "%s%s%s", symbol, inverted ? "~" : "", item_text(module, item, from, width));
}

/* Added terms first, then what is subtracted as one sum: both are chains that synthesis joins. */
static const char *carried_text(struct module *module, const struct item *items, int count, struct adder adder,
                                int from, int width) {
    struct strbuf out = strbuf_new(module->plan->arena), less = strbuf_new(module->plan->arena);
    int subtracted = 0, negated = 0;
    bool is_subtracted[ITEMS_MAX] = {false};
    for (int pass = 0; pass < 2; pass++) /* negated ones are subtracted first */
        for (int i = count; i-- > 0;)
            if (!items[i].is_literal && items[i].negative == (pass == 0) && subtracted < adder.ones) {
                is_subtracted[i] = true;
                subtracted++;
            }
    for (int i = 0; i < count; i++) {
        if (items[i].is_literal) continue;
        if (is_subtracted[i])
            append_term(module, &less, negated++ ? " + " : "", &items[i], !items[i].negative, from, width);
        else
            append_term(module, &out, out.length ? " + " : "", &items[i], items[i].negative, from, width);
    }
    if (negated) strbuf_printf(&out, negated > 1 ? " - (%s)" : " - %s", less.data);
    return out.data;
}

/* The first item in the text: a positive term if there is one, else the constant. */
static int leading_item(const struct item *items, int count) {
    int constant = -1;
    for (int i = 0; i < count; i++) {
        if (!items[i].negative && !items[i].is_literal) return i;
        if (items[i].is_literal) constant = i;
    }
    return constant;
}

static void append_item(struct module *module, struct strbuf *out, const struct item *item, int from, int count) {
    struct item positive = *item;
    bool subtract = item->negative;
    if (item->is_literal && (int64_t)item->literal < 0 && item->start >= from) {
        positive.literal = 0 - item->literal;
        subtract = true;
    }
    strbuf_printf(out, " %s %s", subtract ? "-" : "+", item_text(module, &positive, from, count));
}

/* Everything that is left, from bit `from` on. Two negated terms alone would not be one carry chain:
 * -a - b is written ~a - b + 1. */
static const char *adder_text(struct module *module, const struct item *items, int count, int from, int bits) {
    struct strbuf out = strbuf_new(module->plan->arena);
    int width = bits - from, first = leading_item(items, count);
    struct adder adder = plan_adder(items, count, from, width);
    bool inverted = first < 0 && count == 2;
    if (adder.carried && adder.terms <= 3) return carried_text(module, items, count, adder, from, width);
    if (inverted) {
        first = 0;
        strbuf_printf(&out, "~%s", item_text(module, &items[0], from, width));
    } else if (first >= 0) {
        strbuf_append(&out, item_text(module, &items[first], from, width));
    } else {
        strbuf_append(&out, literal_text(module->plan->arena, width, 0));
    }
    for (int i = 0; i < count; i++)
        if (i != first) append_item(module, &out, &items[i], from, width);
    if (inverted) strbuf_printf(&out, " + %s", literal_text(module->plan->arena, width, 1));
    return out.data;
}

static int drop_items_below(struct item *items, int count, int from) {
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (items[i].end > from) items[kept++] = items[i];
    return kept;
}

/* The one positive item that alone provides the bits from `from` to *until, or NULL. */
static const struct item *lone_item(const struct item *items, int count, int from, int bits, int *until) {
    const struct item *lone = NULL;
    int next = bits;
    for (int i = 0; i < count; i++) {
        if (items[i].start > from) {
            next = items[i].start < next ? items[i].start : next;
            continue;
        }
        if (lone || items[i].negative) return NULL;
        lone = &items[i];
    }
    if (lone) *until = lone->end < next ? lone->end : next;
    return lone;
}

static int lowest_start(const struct item *items, int count, int bits) {
    int lowest = bits;
    for (int i = 0; i < count; i++) lowest = items[i].start < lowest ? items[i].start : lowest;
    return lowest;
}

static void cut(struct module *module, struct item *items, int count, int bits, struct pieces *pieces) {
    struct arena *arena = module->plan->arena;
    for (int from = 0; from < bits;) {
        int until = 0;
        count = drop_items_below(items, count, from);
        int start = lowest_start(items, count, bits);
        if (start > from) {
            pieces->text[pieces->count++] = literal_text(arena, start - from, 0);
            from = start;
            continue;
        }
        const struct item *lone = lone_item(items, count, from, bits, &until);
        if (!lone) until = bits;
        pieces->text[pieces->count++] =
            lone ? item_text(module, lone, from, until - from) : adder_text(module, items, count, from, bits);
        from = until;
    }
}

const char *sum_expression(struct module *module, const struct wire *wire, int bits) {
    struct item items[ITEMS_MAX];
    struct pieces pieces = {.count = 0};
    int count = gather_items(module->plan, wire, bits, items);
    cut(module, items, count, bits, &pieces);
    struct concatenation parts = concatenation_new(module->plan->arena);
    for (int p = pieces.count; p-- > 0;) concatenation_add(&parts, "%s", pieces.text[p]);
    return concatenation_text(&parts);
}
