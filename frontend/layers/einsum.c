/* Einsum: operands two by two become stacks of matrices, [kept by both, kept of the left, summed, kept of the right],
 * whose products a matrix product sums. */
#include "frontend/layers/layers.h"

#include <ctype.h>
#include <string.h>

/* A label for each axis. "..." stands for labels below 'A', by how far from the last of these axes they are. */
struct labels {
    int count;
    char at[SHAPE_RANK_MAX];
};
struct term {
    valref value;
    struct labels labels;
};

static bool has(const struct labels *labels, char label) {
    return memchr(labels->at, label, (size_t)labels->count) != NULL;
}

static bool put(struct labels *labels, char label) {
    if (labels->count == SHAPE_RANK_MAX) return false;
    labels->at[labels->count++] = label;
    return true;
}

/* One side of a comma or of the arrow, up to `end`; the ellipsis has so many axes. False when it is none. */
static bool read_labels(const char *text, const char *end, int ellipsis, struct labels *out) {
    bool seen = false;
    *out = (struct labels){0};
    for (; text < end; text++) {
        if (*text == ' ') continue;
        if (end - text >= 3 && !strncmp(text, "...", 3)) {
            if (seen || ellipsis < 0) return false;
            for (int i = ellipsis; i-- > 0;)
                if (!put(out, (char)(1 + i))) return false;
            seen = true;
            text += 2;
        } else if (!isalpha((unsigned char)*text) || !put(out, *text))
            return false;
    }
    return true;
}

static bool has_ellipsis(const char *text, const char *end) {
    const char *found = strstr(text, "...");
    return found && found < end;
}

/* ---- an operand by itself ---- */

/* The elements of which two axes have the same index. */
static void take_diagonal(const struct layer *layer, struct term *term, int first, int second) {
    const struct shape of = *layer_shape(layer, term->value);
    int64_t length = of.dim[first];
    int permutation[SHAPE_RANK_MAX], rank = 0;
    struct labels labels = {0};
    for (int i = 0; i < of.rank; i++) {
        if (i == first || i == second) continue;
        permutation[rank++] = i;
        put(&labels, term->labels.at[i]);
    }
    put(&labels, term->labels.at[first]);
    permutation[rank] = first;
    permutation[rank + 1] = second;
    struct shape flat = {.rank = rank + 1};
    for (int i = 0; i < rank; i++) flat.dim[i] = of.dim[permutation[i]];
    flat.dim[rank] = length * length;
    valref value = layer_transpose(layer, "pairs_last", term->value, permutation);
    value = layer_reshape(layer, "pairs", value, flat);
    int64_t *indices = ARENA_ARRAY(layer->arena, int64_t, (size_t)length);
    for (int64_t i = 0; i < length; i++) indices[i] = i * (length + 1);
    term->value = layer_gather(layer, "diagonal", value, rank, indices, length);
    term->labels = labels;
}

static bool take_diagonals(const struct layer *layer, struct term *term) {
    for (int i = 0; i < term->labels.count; i++)
        for (int k = i + 1; k < term->labels.count; k++) {
            if (term->labels.at[i] != term->labels.at[k]) continue;
            const struct shape *shape = layer_shape(layer, term->value);
            if (shape->dim[i] != shape->dim[k]) {
                layer_refuse(layer, NULL, "index '%c' has %lld and %lld entries", term->labels.at[i],
                             (long long)shape->dim[i], (long long)shape->dim[k]);
                return false;
            }
            take_diagonal(layer, term, i, k);
            return !valref_equal(term->value, NO_VALUE) && take_diagonals(layer, term);
        }
    return true;
}

/* Sums along an axis, or drops one of 1. */
static void drop_axis(const struct layer *layer, struct term *term, int axis) {
    struct shape shape = *layer_shape(layer, term->value);
    const union attributes attributes = {.axis = {.axis = axis}};
    bool sum = shape.dim[axis] > 1;
    const char *part = arena_printf(layer->arena, "%s_%d", sum ? "sum" : "without", axis);
    shape.rank--;
    term->labels.count--;
    for (int i = axis; i < shape.rank; i++) {
        shape.dim[i] = shape.dim[i + 1];
        term->labels.at[i] = term->labels.at[i + 1];
    }
    term->value = sum ? layer_node(layer, OP_REDUCE_SUM, part, &term->value, 1, &attributes)
                      : layer_reshape(layer, part, term->value, shape);
}

/* Labels that nobody else has are summed; where they differ in size, the one of 1 is the same for all. */
static bool drop_axes(const struct layer *layer, struct term *term, const struct labels *kept,
                      const struct term *other) {
    for (int i = term->labels.count; i-- > 0 && !valref_equal(term->value, NO_VALUE);) {
        char label = term->labels.at[i];
        int64_t size = layer_shape(layer, term->value)->dim[i], others = size;
        bool both = other && has(&other->labels, label);
        for (int k = 0; both && k < other->labels.count; k++)
            if (other->labels.at[k] == label) others = layer_shape(layer, other->value)->dim[k];
        if (size != others && size != 1 && others != 1) {
            layer_refuse(layer, NULL, "an index of the equation has %lld and %lld entries", (long long)size,
                         (long long)others);
            return false;
        }
        if ((!both && !has(kept, label)) || (both && size == 1 && others != 1)) drop_axis(layer, term, i);
    }
    return !valref_equal(term->value, NO_VALUE);
}

/* Its axes in the order of the labels. */
static void put_in_order(const struct layer *layer, struct term *term, const char *part, const struct labels *order) {
    int permutation[SHAPE_RANK_MAX] = {0};
    for (int i = 0; i < order->count; i++)
        permutation[i] =
            (int)((const char *)memchr(term->labels.at, order->at[i], (size_t)term->labels.count) - term->labels.at);
    term->value = layer_transpose(layer, part, term->value, permutation);
    term->labels = *order;
}

/* ---- two operands ---- */

struct split {
    struct labels both, left, right, summed; /* by which result and operands have them */
};

static bool split_labels(const struct labels *left, const struct labels *right, const struct labels *kept,
                         struct split *out) {
    *out = (struct split){{0}, {0}, {0}, {0}};
    for (int i = 0; i < left->count; i++) {
        bool also = has(right, left->at[i]);
        put(also ? has(kept, left->at[i]) ? &out->both : &out->summed : &out->left, left->at[i]);
    }
    for (int i = 0; i < right->count; i++)
        if (!has(left, right->at[i])) put(&out->right, right->at[i]);
    return out->both.count + out->left.count + out->right.count <= SHAPE_RANK_MAX;
}

static struct labels joined(const struct labels *a, const struct labels *b, const struct labels *c) {
    struct labels all = *a;
    for (int i = 0; i < b->count; i++) put(&all, b->at[i]);
    for (int i = 0; c && i < c->count; i++) put(&all, c->at[i]);
    return all;
}

/* How many elements the next labels have; their sizes go to the shape. */
static int64_t take_sizes(const struct shape *of, int from, int count, struct shape *to) {
    int64_t elements = 1;
    for (int i = 0; i < count; i++) {
        elements *= of->dim[from + i];
        if (to) to->dim[to->rank++] = of->dim[from + i];
    }
    return elements;
}

/* Whether the left operand is a stack of rows as it stands, as the right one is one matrix. */
static bool are_rows(const struct split *split) {
    return split->both.count == 0 && split->left.count > 0 && split->summed.count == 1 && split->right.count == 1;
}

static valref multiply(const struct layer *layer, const char *part, struct term *left, struct term *right,
                       const struct split *split) {
    const struct labels of_left = joined(&split->both, &split->left, &split->summed),
                        of_right = joined(&split->both, &split->summed, &split->right);
    const char *what = part ? part : "product";
    put_in_order(layer, left, arena_printf(layer->arena, "%s.left", what), &of_left);
    put_in_order(layer, right, arena_printf(layer->arena, "%s.right", what), &of_right);
    if (valref_equal(left->value, NO_VALUE) || valref_equal(right->value, NO_VALUE)) return NO_VALUE;
    const struct shape a = *layer_shape(layer, left->value), b = *layer_shape(layer, right->value);
    struct shape result = {0};
    int both = split->both.count, kept = split->left.count, summed = split->summed.count;
    int64_t batches = take_sizes(&a, 0, both, &result), rows = take_sizes(&a, both, kept, &result);
    int64_t depth = take_sizes(&b, both, summed, NULL),
            columns = take_sizes(&b, both + summed, split->right.count, &result);
    valref operands[2] = {left->value, right->value};
    if (!are_rows(split)) {
        operands[0] =
            layer_reshape(layer, arena_printf(layer->arena, "%s.rows", what), left->value,
                          both ? (struct shape){3, {batches, rows, depth}} : (struct shape){2, {rows, depth}});
        operands[1] =
            layer_reshape(layer, arena_printf(layer->arena, "%s.columns", what), right->value,
                          both ? (struct shape){3, {batches, depth, columns}} : (struct shape){2, {depth, columns}});
    }
    valref product = layer_node(layer, summed ? OP_MATMUL : OP_MUL, part, operands, 2, NULL);
    return layer_reshape(layer, arena_printf(layer->arena, "%s.axes", what), product, result);
}

/* left takes the product of both. */
static bool contract(const struct layer *layer, const char *part, struct term *left, struct term *right,
                     const struct labels *kept) {
    struct split split;
    if (!drop_axes(layer, left, kept, right) || !drop_axes(layer, right, kept, left)) return false;
    if (!split_labels(&left->labels, &right->labels, kept, &split)) {
        layer_refuse(layer, NULL, "a product of more than %d axes", SHAPE_RANK_MAX);
        return false;
    }
    left->value = multiply(layer, part, left, right, &split);
    left->labels = joined(&split.both, &split.left, &split.right);
    return !valref_equal(left->value, NO_VALUE);
}

/* ---- the equation ---- */

static int letters(const char *text, const char *end) {
    int count = 0;
    for (; text < end; text++) count += isalpha((unsigned char)*text) != 0;
    return count;
}

/* Without an arrow the result has the labels that stand once, in the alphabet's order. */
static void usual_result(const struct term *terms, uint32_t count, struct labels *result) {
    *result = (struct labels){0};
    int most = 0;
    for (uint32_t i = 0; i < count; i++)
        for (int k = 0; k < terms[i].labels.count; k++)
            if (terms[i].labels.at[k] < 'A' && terms[i].labels.at[k] > most) most = terms[i].labels.at[k];
    for (int label = most; label >= 1; label--) put(result, (char)label);
    for (int label = 'A'; label <= 'z'; label++) {
        int times = 0;
        for (uint32_t i = 0; i < count; i++)
            for (int k = 0; k < terms[i].labels.count; k++) times += terms[i].labels.at[k] == label;
        if (times == 1) put(result, (char)label);
    }
}

static bool read_equation(const struct layer *layer, const char *equation, const valref *operands, uint32_t count,
                          struct term *terms, struct labels *result) {
    const char *arrow = strstr(equation, "->"), *end = arrow ? arrow : equation + strlen(equation), *at = equation;
    int most = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma ? comma : end;
        int rank = layer_shape(layer, operands[i])->rank, axes = rank - letters(at, stop);
        bool dots = has_ellipsis(at, stop);
        terms[i].value = operands[i];
        if (!comma != (i + 1 == count) || axes < 0 || (axes > 0 && !dots) ||
            !read_labels(at, stop, dots ? axes : 0, &terms[i].labels) || terms[i].labels.count != rank)
            return false;
        most = dots && axes > most ? axes : most;
        at = stop + 1;
    }
    if (!arrow) {
        usual_result(terms, count, result);
        return true;
    }
    arrow += 2;
    if (!read_labels(arrow, arrow + strlen(arrow), most, result)) return false;
    for (int i = 0; i < result->count; i++) {
        bool known = memchr(result->at, result->at[i], (size_t)i) == NULL, somewhere = false;
        for (uint32_t k = 0; k < count; k++) somewhere |= has(&terms[k].labels, result->at[i]);
        if (!known || !somewhere) return false;
    }
    return true;
}

/* What is still asked for behind the product of the first operands. */
static struct labels needed(const struct labels *result, const struct term *terms, uint32_t from, uint32_t count) {
    struct labels all = *result;
    for (uint32_t i = from; i < count; i++)
        for (int k = 0; k < terms[i].labels.count; k++)
            if (!has(&all, terms[i].labels.at[k])) put(&all, terms[i].labels.at[k]);
    return all;
}

valref layer_einsum(const struct layer *layer, const char *equation, const valref *operands, uint32_t count) {
    struct term terms[EINSUM_OPERANDS_MAX];
    struct labels result;
    if (count < 1 || count > EINSUM_OPERANDS_MAX) return layer_refuse(layer, NULL, "%u operands", count);
    for (uint32_t i = 0; i < count; i++)
        if (valref_equal(operands[i], NO_VALUE)) return NO_VALUE;
    if (!read_equation(layer, equation, operands, count, terms, &result))
        return layer_refuse(layer, NULL, "the equation '%s' does not go with the operands", equation);
    for (uint32_t i = 0; i < count; i++)
        if (!take_diagonals(layer, &terms[i])) return NO_VALUE;
    for (uint32_t i = 1; i < count; i++) {
        const struct labels kept = needed(&result, terms, i + 1, count);
        const char *part = i + 1 == count ? NULL : arena_printf(layer->arena, "product_%u", i);
        if (!contract(layer, part, &terms[0], &terms[i], &kept)) return NO_VALUE;
    }
    if (!drop_axes(layer, &terms[0], &result, NULL)) return NO_VALUE;
    put_in_order(layer, &terms[0], "ordered", &result);
    return terms[0].value;
}
