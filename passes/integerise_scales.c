/* Integers of different scales brought to one grid. A scale is a binary32 number or a product of such, so it is an odd
 * integer times a power of two, and a common grid always exists: the integers are multiplied by what is left of their
 * scales when their greatest common divisor is taken off. Scales that agree to the 24 bits of binary32 count as equal
 * but for a power of two, which is a shift: a bias quantised with the product of two scales has that product rounded.
 * Where the factors or the sums would be too wide, factors of 24 bits approximate the ratios and what they give is
 * rounded to a grid that leaves room for the sums, which is told: binary32 itself keeps no more than 24. */
#include "passes/integerise.h"

#include <math.h>

enum {
    BINARY32_BITS = 24,
    FACTOR_BITS_MAX = 32, /* exact ones */
    KEPT_BITS = 36        /* of what approximate factors give: far more than they are right to */
};

/* An element among those that must get one scale: real = m * 2^-fraction * scale, and after it is multiplied by
 * factor * 2^-shift, real = m * 2^-fraction * (factor * 2^-shift) * (the common scale). */
struct member {
    uint32_t operand;
    size_t element;
    double scale, magnitude; /* of m, the largest */
    int fraction;
    int64_t factor;
    int shift;
};

/* Members whose scales have one mantissa. */
struct mantissa {
    float key;
    double value; /* in [1/2, 1], or just below */
    uint32_t members;
    int64_t factor;
    int shift;
};

struct group {
    struct member *members;
    uint32_t count;
    struct mantissa *mantissas;
    uint32_t mantissa_count;
    double common;
    bool nearly; /* the factors approximate */
    int finest;  /* fraction that leaves room for the sum */
    bool merged; /* scales that binary32 cannot tell apart were taken for equal */
};

/* ---- mantissas ---- */

static bool is_binary32(double scale) {
    return (double)(float)scale == scale;
}

static int exponent_of(double scale) {
    int exponent;
    (void)frexpf((float)scale, &exponent);
    return exponent;
}

static struct mantissa *mantissa_of(struct group *group, double scale) {
    int exponent;
    float key = frexpf((float)scale, &exponent);
    for (uint32_t i = 0; i < group->mantissa_count; i++)
        if (group->mantissas[i].key == key) return &group->mantissas[i];
    group->mantissas[group->mantissa_count] = (struct mantissa){.key = key, .value = ldexp(scale, -exponent)};
    return &group->mantissas[group->mantissa_count++];
}

/* The product is meant where others are that product, rounded. */
static void find_mantissas(struct group *group, struct arena *arena) {
    group->mantissas = ARENA_ARRAY(arena, struct mantissa, group->count);
    for (uint32_t i = 0; i < group->count; i++) {
        struct mantissa *mantissa = mantissa_of(group, group->members[i].scale);
        double value = ldexp(group->members[i].scale, -exponent_of(group->members[i].scale));
        group->merged = group->merged || value != mantissa->value;
        if (is_binary32(mantissa->value)) mantissa->value = value;
        mantissa->members++;
    }
}

static int64_t odd_part(double mantissa, int *exponent) {
    int64_t integer = (int64_t)ldexp(mantissa, 53);
    *exponent = -53;
    for (; integer % 2 == 0; ++*exponent) integer /= 2;
    return integer;
}

static int64_t greatest_divisor(int64_t a, int64_t b) {
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* ---- factors ---- */

/* Each member's scale is its mantissa's, times a power of two. */
static void spread_factors(struct group *group) {
    for (uint32_t i = 0; i < group->count; i++) {
        struct member *member = &group->members[i];
        const struct mantissa *mantissa = mantissa_of(group, member->scale);
        member->factor = mantissa->factor;
        member->shift = mantissa->shift - exponent_of(member->scale);
    }
}

/* Room for the sum of all members, in bits; otherwise the grid that has it. */
static bool group_fits(struct group *group, int room) {
    double sum = 0;
    int finest = INT16_MIN;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct member *member = &group->members[i];
        int fraction = member->fraction + member->shift;
        if (member->magnitude == 0) continue;
        sum += ldexp(member->magnitude * (double)member->factor, -fraction);
        if (fraction > finest) finest = fraction;
    }
    group->finest = INT16_MAX;
    if (sum == 0 || ceil(log2(sum)) + 1 + finest <= room) return true;
    group->finest = room - 2 - (int)ceil(log2(sum));
    return false;
}

static bool join_exactly(struct group *group, int room) {
    int64_t divisor = 0;
    int exponent;
    for (uint32_t i = 0; i < group->mantissa_count; i++)
        divisor = greatest_divisor(odd_part(group->mantissas[i].value, &exponent), divisor);
    for (uint32_t i = 0; i < group->mantissa_count; i++) {
        struct mantissa *mantissa = &group->mantissas[i];
        mantissa->factor = odd_part(mantissa->value, &exponent) / divisor;
        mantissa->shift = -exponent;
        if (mantissa->factor >> FACTOR_BITS_MAX) return false;
    }
    group->common = (double)divisor;
    spread_factors(group);
    return group_fits(group, room);
}

/* In units of the first mantissa where that is 1, else of the one that most members have. */
static void join_nearly(struct group *group, int room, bool to_one) {
    const struct mantissa *unit = &group->mantissas[0];
    for (uint32_t i = 1; !to_one && i < group->mantissa_count; i++)
        if (group->mantissas[i].members > unit->members) unit = &group->mantissas[i];
    group->common = to_one ? 1 : unit->value;
    group->nearly = true;
    for (uint32_t i = 0; i < group->mantissa_count; i++) {
        struct mantissa *mantissa = &group->mantissas[i];
        int exponent;
        double ratio = frexp(mantissa->value / group->common, &exponent);
        mantissa->factor = llrint(ldexp(ratio, BINARY32_BITS));
        mantissa->shift = BINARY32_BITS - exponent;
        for (; mantissa->factor % 2 == 0; mantissa->shift--) mantissa->factor /= 2;
    }
    spread_factors(group);
    (void)group_fits(group, room);
}

/* Without a factor where the scales are equal. */
static void keep_equal_scales(struct group *group) {
    int shift = group->members[0].shift;
    for (uint32_t i = 0; i < group->count; i++)
        if (group->members[i].factor != 1 || group->members[i].shift != shift) return;
    for (uint32_t i = 0; i < group->count; i++) group->members[i].shift = 0;
    group->common = ldexp(group->common, -shift);
    if (group->finest != INT16_MAX) group->finest -= shift;
}

static bool all_equal(const struct group *group) {
    for (uint32_t i = 0; i < group->count; i++)
        if (group->members[i].scale != group->members[0].scale) return false;
    return true;
}

static bool group_join(struct group *group, const struct scale_join *join, struct arena *arena) {
    group->common = group->members[0].scale;
    group->finest = INT16_MAX;
    for (uint32_t i = 0; i < group->count; i++) {
        group->members[i].factor = 1;
        if (!isnormal((float)group->members[i].scale) || group->members[i].scale < 0) return false;
    }
    if (all_equal(group)) return true;
    find_mantissas(group, arena);
    if (!join_exactly(group, join->room)) join_nearly(group, join->room, join->to_one);
    keep_equal_scales(group);
    return true;
}

/* ---- the operands of a node ---- */

static double magnitude_of(struct interval interval) {
    double hi = fabs((double)interval.hi), lo = fabs((double)interval.lo);
    return fmax(hi, lo);
}

/* A member of scale 1 for groups that must have it; a number that is always 0 has every scale. */
static void collect(const struct integerise *state, const struct scale_join *join, struct group *groups,
                    struct member *members) {
    uint32_t *counts = ARENA_ARRAY(state->scratch, uint32_t, join->group_count + 1);
    for (uint32_t o = 0; o < join->operand_count; o++)
        for (size_t e = 0; e < graph_elements(state->integer, join->operands[o].value); e++)
            counts[join->groups[o][e]]++;
    for (uint32_t g = 0; g < join->group_count; g++) {
        groups[g].members = members;
        members += counts[g] + 1;
        if (join->to_one) groups[g].members[groups[g].count++] = (struct member){.operand = UINT32_MAX, .scale = 1};
    }
    for (uint32_t o = 0; o < join->operand_count; o++)
        for (size_t e = 0; e < graph_elements(state->integer, join->operands[o].value); e++) {
            const struct exact *operand = &join->operands[o];
            double magnitude = magnitude_of(graph_interval(state->integer, operand->value, e));
            struct group *group = &groups[join->groups[o][e]];
            if (magnitude == 0) continue;
            group->members[group->count++] =
                (struct member){.operand = o,
                                .element = e,
                                .scale = operand->scale ? operand->scale[e] : 1,
                                .magnitude = magnitude,
                                .fraction = graph_format(state->integer, operand->value, e).fraction};
        }
}

static const char *operand_name(const struct integerise *state, const struct scale_join *join, uint32_t o,
                                const char *what) {
    const char *side = join->operand_count == 1 ? "" : o == 0 ? "left_" : "right_";
    return arena_printf(state->scratch, "%s.%s%s", join->node->name, side, what);
}

/* The operand's elements times their factors: constants at once, others by a node unless all factors are 1. Where that
 * has no room, the operand is rounded first. */
static valref multiplied(struct integerise *state, const struct scale_join *join, uint32_t o, int64_t *factors,
                         const int *shifts) {
    const struct exact *operand = &join->operands[o];
    const struct shape shape = graph_value(state->integer, operand->value)->shape;
    size_t count = shape_elements(&shape);
    const int64_t *constants = graph_integers(state->integer, operand->value);
    struct format *formats = ARENA_ARRAY(state->scratch, struct format, count);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any = any || factors[i] != 1 || shifts[i] != 0;
        if (constants) factors[i] *= constants[i];
        int fraction = shifts[i] + (constants ? graph_format(state->integer, operand->value, i).fraction : 0);
        formats[i] = format_for((struct interval){factors[i], factors[i]}, fraction);
    }
    if (!any) return operand->value;
    const char *name = operand_name(state, join, o, "grid");
    valref operands[2] = {operand->value, NO_VALUE};
    operands[1] =
        graph_append_integers(state->integer, constants ? name : arena_printf(state->scratch, "%s.factor", name), shape,
                              formats_compact(state->scratch, &shape, formats), factors);
    if (constants || operands[1].id == UINT32_MAX) return operands[1];
    double *ones = ARENA_ARRAY(state->scratch, double, count);
    for (size_t i = 0; i < count; i++) ones[i] = 1;
    const double *scales[2] = {operand->scale ? operand->scale : ones, NULL};
    (void)operands_fit(state, join->node, OP_MUL, name, operands, 2, scales);
    if (operands[0].id == UINT32_MAX || operands[1].id == UINT32_MAX) return NO_VALUE;
    return cross_name(state, graph_append(state->integer, OP_MUL, name, operands, 2, NULL), join->node, false);
}

/* The fraction that an element keeps: of approximate factors no more bits than they are right to, and what the sum has
 * room for. */
static int kept_fraction(const struct integerise *state, const struct group *group, valref value, size_t element) {
    double magnitude = magnitude_of(graph_interval(state->integer, value, element));
    int top = (int)ceil(log2(magnitude + 1)) - graph_format(state->integer, value, element).fraction;
    return group->nearly && KEPT_BITS - top < group->finest ? KEPT_BITS - top : group->finest;
}

static valref rounded(struct integerise *state, const struct scale_join *join, const struct group *groups, uint32_t o,
                      valref value, const double *scale) {
    size_t count = graph_elements(state->integer, join->operands[o].value);
    int *fractions = ARENA_ARRAY(state->scratch, int, count);
    for (size_t e = 0; e < count; e++) fractions[e] = kept_fraction(state, &groups[join->groups[o][e]], value, e);
    return value_fit(state, join->node, operand_name(state, join, o, "grid_rounded"), value, fractions, scale);
}

static int rewrite(struct integerise *state, const struct scale_join *join, const struct group *groups, uint32_t o) {
    struct exact *operand = &join->operands[o];
    size_t count = graph_elements(state->integer, operand->value);
    int64_t *factors = ARENA_ARRAY(state->scratch, int64_t, count);
    int *shifts = ARENA_ARRAY(state->scratch, int, count);
    double *scale = ARENA_ARRAY(state->scratch, double, count);
    bool scaled = false;
    for (size_t e = 0; e < count; e++) {
        factors[e] = 1;
        scale[e] = groups[join->groups[o][e]].common;
        scaled = scaled || scale[e] != 1;
    }
    for (uint32_t g = 0; g < join->group_count; g++)
        for (uint32_t i = 0; i < groups[g].count; i++) {
            const struct member *member = &groups[g].members[i];
            if (member->operand != o) continue;
            factors[member->element] = member->factor;
            shifts[member->element] = member->shift;
        }
    operand->value = multiplied(state, join, o, factors, shifts);
    if (operand->value.id != UINT32_MAX) operand->value = rounded(state, join, groups, o, operand->value, scale);
    operand->scale = scaled ? scale : NULL;
    return operand->value.id == UINT32_MAX ? -1 : 0;
}

/* What the factors leave out, as a doubt about all operands. */
static void tell(struct integerise *state, const struct scale_join *join, const struct group *groups) {
    bool merged = false, nearly = false;
    for (uint32_t g = 0; g < join->group_count; g++) {
        merged = merged || groups[g].merged;
        nearly = nearly || groups[g].nearly;
    }
    const char *doubt = NULL;
    if (merged) doubt = doubt_reason(state, join->node, "takes scales for equal that binary32 cannot tell apart");
    if (nearly) doubt = doubt_reason(state, join->node, "joins scales that have no common grid of 64 bits");
    if (nearly)
        program_note(
            state->program, "integerise", join->node->name, BINARY32_BITS,
            "scales without a common grid within 64 bits are joined by factors of %d bits: each is off by 2^-%d of "
            "itself at most",
            BINARY32_BITS, BINARY32_BITS);
    for (uint32_t o = 0; doubt && o < join->operand_count; o++)
        if (!join->operands[o].doubt) join->operands[o].doubt = doubt;
}

bool scales_take_off(struct integerise *state, const struct node *node, struct exact *operand) {
    if (!operand->scale) return true;
    size_t count = graph_elements(state->integer, operand->value);
    uint32_t *each = ARENA_ARRAY(state->scratch, uint32_t, count);
    for (size_t i = 0; i < count; i++) each[i] = (uint32_t)i;
    const uint32_t *groups[1] = {each};
    struct scale_join join = {node, operand, 1, groups, (uint32_t)count, true, INTEGER_BITS_MAX};
    return scales_join(state, &join);
}

bool scales_join(struct integerise *state, const struct scale_join *join) {
    size_t elements = 0;
    for (uint32_t o = 0; o < join->operand_count; o++)
        elements += graph_elements(state->integer, join->operands[o].value);
    struct group *groups = ARENA_ARRAY(state->scratch, struct group, join->group_count);
    collect(state, join, groups, ARENA_ARRAY(state->scratch, struct member, elements + join->group_count));
    for (uint32_t g = 0; g < join->group_count; g++) {
        groups[g].common = 1;
        if (groups[g].count && !group_join(&groups[g], join, state->scratch)) return false;
    }
    for (uint32_t o = 0; o < join->operand_count; o++)
        if (rewrite(state, join, groups, o) < 0) return false;
    tell(state, join, groups);
    return true;
}
