/* Long sums become trees of adders of two or three terms: always the terms that are ready first, so
 * that the tree is as shallow as it can be, and among those the ones whose adder has fewest bits.
 * A constant rides on the carry-in of an adder where it can, else it is one more term. Sums of
 * negated terms alone are computed positive and negated by their reader. */
#include "passes/rewrite.h"
#include "passes/table.h"
#include "target/adder.h"

/* A term, a constant or a group on its way to the root. */
struct item {
    struct term term; /* the wire, when it is one */
    bool is_constant, is_group, negative, taken;
    int level;                      /* adders below */
    int low, high;                  /* bits */
    uint32_t child[3], child_count; /* when a group */
    int64_t carried;                /* constant that a group adds for nothing */
};

struct tree {
    struct design *design;
    struct datapath *to;
    struct arena *scratch;
    const int *levels; /* of wires of `to` */
    struct item *items;
    uint32_t count;
    int adder_terms;
    int64_t constant;
    const struct wire *sum;
};

int adder_terms_of(const struct program *program) {
    if (program->options && program->options->adder_terms) return program->options->adder_terms;
    const struct technology *t = program->technology;
    int period = program->options ? program->options->clock_ps : 0;
    int64_t left = (int64_t)period * (100 - (period ? program->options->margin_percent : 0)) / 100;
    return period == 0 || adder_delay(t, 3, 20) + technology_overhead(t) <= left ? 3 : 2;
}

/* ---- planning ---- */

static void add_term(struct tree *tree, struct term term) {
    const struct wire *wire = &tree->to->wires[term.wire.id];
    struct item item = {
        .term = term, .negative = term.negative, .level = tree->levels[term.wire.id], .low = term.shift};
    item.term.negative = false;
    item.high = term.shift + wire_width(wire);
    tree->items[tree->count++] = item;
}

static void add_constant(struct tree *tree) {
    int low = tree->constant ? __builtin_ctzll((uint64_t)tree->constant) : 0;
    int width = format_for((struct interval){tree->constant, tree->constant}, 0).width;
    tree->items[tree->count++] = (struct item){.is_constant = true, .low = low, .high = width};
}

/* Bits of an adder of these, beyond the low ones that pass. */
static int adder_bits(const struct item *a, const struct item *b) {
    int high = a->high > b->high ? a->high : b->high, low = a->low > b->low ? a->low : b->low;
    return high - low;
}

/* The item that is ready first; of equals the one that ends lowest. */
static uint32_t first_item(const struct tree *tree) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct item *x = &tree->items[i], *y = best == UINT32_MAX ? NULL : &tree->items[best];
        if (!x->taken && (!y || x->level < y->level || (x->level == y->level && x->high < y->high))) best = i;
    }
    return best;
}

/* The one to go with it: ready first, then fewest bits. A wire's own sign partner is no better. */
static uint32_t partner(const struct tree *tree, const struct item *with) {
    uint32_t best = UINT32_MAX;
    int best_bits = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct item *x = &tree->items[i];
        int bits = adder_bits(with, x);
        if (x->taken || (best != UINT32_MAX && (x->level > tree->items[best].level ||
                                                (x->level == tree->items[best].level && bits >= best_bits))))
            continue;
        best = i;
        best_bits = bits;
    }
    return best;
}

static struct item *take(struct tree *tree, struct item *group, uint32_t child) {
    struct item *x = &tree->items[child];
    x->taken = true;
    group->child[group->child_count++] = child;
    group->level = x->level > group->level ? x->level : group->level;
    group->negative &= x->negative;
    group->low = group->child_count == 1 || x->low < group->low ? x->low : group->low;
    group->high = x->high > group->high ? x->high : group->high;
    return x;
}

static void make_group(struct tree *tree, uint32_t size, uint32_t start) {
    struct item group = {.is_group = true, .negative = true};
    struct item *first = take(tree, &group, start);
    while (group.child_count < size) take(tree, &group, partner(tree, first));
    group.level++;
    group.high++;
    tree->items[tree->count++] = group;
}

static void plan(struct tree *tree, bool with_constant) {
    uint32_t left;
    tree->count = 0;
    for (uint32_t i = 0; i < tree->sum->operand_count; i++) add_term(tree, tree->sum->operands[i]);
    if (with_constant) add_constant(tree);
    left = tree->count;
    while (left > 1) {
        uint32_t size = tree->adder_terms == 3 && left % 2 ? 3 : 2;
        bool with_it = with_constant && size == 2 && left == tree->count; /* a chain of no LUT */
        make_group(tree, size, with_it ? left - 1 : first_item(tree));
        left -= size - 1;
    }
}

/* Finds the group that adds the constant by its carry-in; the +1 of negated terms come there too. */
static bool carry_constant(struct tree *tree) {
    for (uint32_t i = 0; i < tree->count; i++) {
        struct item *group = &tree->items[i];
        if (!group->is_group) continue;
        bool root = i + 1 == tree->count, flip = group->negative && !root;
        int64_t ones = flip ? -tree->constant : tree->constant;
        for (uint32_t k = 0; k < group->child_count; k++) ones += tree->items[group->child[k]].negative != flip;
        if (!adder_carries(ones, group->child_count)) continue;
        group->carried = tree->constant;
        return true;
    }
    return false;
}

/* ---- emission ---- */

/* The group as a term; its sign is the item's. */
static void emit_group(struct tree *tree, struct item *group, bool root, const struct wire *like) {
    struct term terms[3];
    bool flip = group->negative && !root;
    struct wire wire = {
        .op = WIRE_SUM, .operands = terms, .origin = like->origin, .element = like->element, .cycle = -1};
    wire.constant = flip ? -group->carried : group->carried;
    for (uint32_t k = 0; k < group->child_count; k++) {
        const struct item *child = &tree->items[group->child[k]];
        if (child->is_constant) {
            wire.constant += flip ? -tree->constant : tree->constant;
            continue;
        }
        terms[wire.operand_count] = child->term;
        terms[wire.operand_count++].negative = child->negative != flip;
    }
    int8_t shift = root || wire.constant ? 0 : 62;
    for (uint32_t k = 0; k < wire.operand_count; k++) shift = terms[k].shift < shift ? terms[k].shift : shift;
    for (uint32_t k = 0; k < wire.operand_count; k++) terms[k].shift = (int8_t)(terms[k].shift - shift);
    group->term = (struct term){.wire = datapath_append(tree->design, tree->to, &wire), .shift = shift};
    group->negative = flip;
}

static bool fits_one_adder(const struct wire *wire, int adder_terms) {
    int64_t ones = wire->constant;
    for (uint32_t i = 0; i < wire->operand_count; i++) ones += wire->operands[i].negative;
    bool carried = wire->constant == 0 || (wire->operand_count > 1 && adder_carries(ones, wire->operand_count));
    return wire->operand_count + !carried <= (uint32_t)adder_terms;
}

static wireref build(struct tree *tree) {
    const struct wire *like = tree->sum;
    bool all_negative = true;
    tree->constant = like->constant;
    tree->items = ARENA_ARRAY(tree->scratch, struct item, 2 * like->operand_count + 4);
    for (uint32_t i = 0; i < like->operand_count; i++) all_negative &= like->operands[i].negative;
    plan(tree, all_negative);
    if (!all_negative && tree->constant && !carry_constant(tree)) plan(tree, true);
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->items[i].is_group) emit_group(tree, &tree->items[i], i + 1 == tree->count, like);
    return tree->items[tree->count - 1].term.wire;
}

/* Levels of wires that have been appended since: one more than their operands', wiring none. */
static int *update_levels(const struct datapath *datapath, struct arena *scratch, int *levels, uint32_t *known,
                          uint32_t *capacity) {
    if (datapath->wire_count > *capacity) {
        uint32_t larger = 2 * datapath->wire_count + 64;
        levels = arena_grow(scratch, levels, *capacity * sizeof *levels, larger * sizeof *levels);
        *capacity = larger;
    }
    for (; *known < datapath->wire_count; ++*known) {
        const struct wire *wire = &datapath->wires[*known];
        int level = 0;
        for (uint32_t k = 0; k < wire->operand_count; k++) {
            int other = levels[wire->operands[k].wire.id];
            level = other > level ? other : level;
        }
        bool wiring = wire->op == WIRE_SHIFT_RIGHT || wire->op == WIRE_WRAP || wire->op == WIRE_NOT ||
                      wire_is_source(wire) || wire->op == WIRE_CONSTANT ||
                      (wire->op == WIRE_SUM && wire->operand_count <= 1 && !wire->constant);
        levels[*known] = level + !wiring;
    }
    return levels;
}

int pass_trees(struct program *program, bool *changed) {
    struct design *design = program->design;
    if (adder_terms_of(program) == 3) merge_pairs(design);
    const struct datapath *from = &design->datapath;
    struct datapath to = {0};
    struct arena *scratch = arena_new(program->context);
    wireref *map = ARENA_ARRAY(scratch, wireref, from->wire_count + 1);
    uint32_t known = 0, capacity = 0;
    int *levels = NULL;
    struct tree tree = {.design = design, .to = &to, .scratch = scratch, .adder_terms = adder_terms_of(program)};
    for (uint32_t i = 0; i < from->wire_count; i++) {
        struct wire wire = wire_mapped(design, from, &to, &from->wires[i], map);
        tree.levels = levels = update_levels(&to, scratch, levels, &known, &capacity);
        tree.sum = &wire;
        if (wire.op != WIRE_SUM || fits_one_adder(&wire, tree.adder_terms)) {
            map[i] = datapath_append(design, &to, &wire);
            continue;
        }
        map[i] = build(&tree);
        *changed = true;
    }
    datapath_replace(design, &to, map);
    arena_free(scratch);
    return 0;
}
