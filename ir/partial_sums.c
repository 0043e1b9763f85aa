/* Sums on the way to a neuron's sum: the datapath computes them, shared between neurons and cut as adders ask, and no
 * value of the graph holds them. Here they become values of a copy, behind what they add up: whoever looks for events
 * that make the sums of a graph large and small finds those of its adders too.
 *
 * A wire is such a sum when it adds, over any number of adders, wires that hold elements of one value of the graph:
 *     wire = sum of coefficient * (element's stored integer) + constant.
 * Their coefficients are the columns of a matrix with which the value is multiplied, their constants are added: a
 * number of the copy is the wire's, but for a power of two. */
#include "ir/datapath.h"
#include "ir/linear_form.h"

#include <string.h>

enum { SHIFT_MAX = 40, NUMBERS_MAX = 1 << 22 };

/* What of the graph a wire holds: value = +-(wire - offset) << shift. A wire may hold several: what a layer gives, what
 * the next one reads, and a neuron that only passes it on. */
struct held {
    const struct held *next; /* of a value before it */
    bool negative;
    valref value;
    uint32_t element;
    int shift;
    int64_t offset;
};

struct finder {
    const struct graph *graph;
    const struct datapath *path;
    struct arena *scratch;
    const struct held **held;  /* by wire; NULL: none */
    struct linear_form *forms; /* of sums that hold none: their sources are wires that do */
    bool *known;
    struct form_sum sum;
};

/* Probes come by value: the last value is the first of its wire's. */
static void find_held(struct finder *finder) {
    for (uint32_t i = 0; i < finder->path->probe_count; i++) {
        const struct probe *probe = &finder->path->probes[i];
        if (probe->wire.id == UINT32_MAX || graph_integers(finder->graph, probe->value)) continue;
        const struct held **at = &finder->held[probe->wire.id];
        while (*at && (*at)->value.id > probe->value.id) at = (const struct held **)&(*at)->next;
        struct held *held = ARENA_NEW(finder->scratch, struct held);
        *held = (struct held){*at, probe->negative, probe->value, probe->element, probe->shift, probe->offset};
        *at = held;
    }
}

static const struct held *held_of(const struct finder *finder, uint32_t wire, valref value) {
    const struct held *held = finder->held[wire];
    while (held && !valref_equal(held->value, value)) held = held->next;
    return held;
}

static bool add_operand(struct finder *finder, const struct term *term) {
    const struct wire *operand = &finder->path->wires[term->wire.id];
    if (term->shift > SHIFT_MAX) return false;
    int64_t factor = (term->negative ? -1 : 1) * (INT64_C(1) << term->shift);
    if (finder->held[term->wire.id])
        form_add_source(&finder->sum, term->wire.id, factor);
    else if (operand->op == WIRE_CONSTANT)
        form_add_constant(&finder->sum, operand->constant, factor);
    else if (finder->known[term->wire.id])
        form_add(&finder->sum, &finder->forms[term->wire.id], factor);
    else
        return false;
    return true;
}

static void find_form(struct finder *finder, uint32_t id) {
    const struct wire *wire = &finder->path->wires[id];
    bool known = true;
    form_begin(&finder->sum);
    form_add_constant(&finder->sum, wire->constant, 1);
    for (uint32_t i = 0; known && i < wire->operand_count; i++) known = add_operand(finder, &wire->operands[i]);
    finder->known[id] = form_end(&finder->sum, finder->scratch, &finder->forms[id]) && known;
}

/* The last value whose elements all of them are, or NO_VALUE. */
static valref value_of(const struct finder *finder, uint32_t wire) {
    const struct linear_form *form = &finder->forms[wire];
    const struct held *held = finder->known[wire] && form->count ? finder->held[form->terms[0].source] : NULL;
    for (; held; held = held->next) {
        uint32_t some = 1;
        while (some < form->count && held_of(finder, form->terms[some].source, held->value)) some++;
        if (some == form->count) return held->value;
    }
    return NO_VALUE;
}

/* Column `column`: an element's coefficient has the fraction that takes its stored integer to the wire's. Its constant.
 */
static int64_t fill_column(const struct finder *finder, const struct linear_form *form, valref value, size_t columns,
                           size_t column, int64_t *numbers, struct format *formats) {
    int64_t constant = form->constant;
    for (uint32_t i = 0; i < form->count; i++) {
        int64_t coefficient = form->terms[i].coefficient;
        const struct held *held = held_of(finder, form->terms[i].source, value);
        size_t at = held->element * columns + column;
        numbers[at] = held->negative ? -coefficient : coefficient;
        int fraction = held->shift - graph_format(finder->graph, held->value, held->element).fraction;
        formats[at] = format_for((struct interval){numbers[at], numbers[at]}, fraction);
        constant = (int64_t)((uint64_t)constant + (uint64_t)coefficient * (uint64_t)held->offset);
    }
    return constant;
}

/* Sums that would need more than 64 bits are left out, silently: they are only looked for. */
static void append_products(struct graph *copy, valref value, const char *name, struct shape matrix,
                            struct formats formats, const int64_t *numbers, struct formats constant_formats,
                            const int64_t *constants) {
    struct diagnostics *diagnostics = &copy->context->diagnostics;
    size_t count = diagnostics->count, errors = diagnostics->errors;
    union attributes flat = {.reshape = {.shape = {.rank = 2, .dim = {1, matrix.dim[0]}}}};
    valref operands[2] = {graph_append(copy, OP_RESHAPE, name, &value, 1, &flat),
                          graph_append_integers(copy, name, matrix, formats, numbers)};
    if (!valref_equal(operands[0], NO_VALUE) && !valref_equal(operands[1], NO_VALUE))
        operands[0] = graph_append(copy, OP_MATMUL, name, operands, 2, NULL);
    operands[1] = graph_append_integers(copy, name, constant_formats.shape, constant_formats, constants);
    if (!valref_equal(operands[0], NO_VALUE) && !valref_equal(operands[1], NO_VALUE))
        (void)graph_append(copy, OP_ADD, name, operands, 2, NULL);
    diagnostics->count = count;
    diagnostics->errors = errors;
}

static void append_sums(struct finder *finder, struct graph *copy, valref value, const uint32_t *wires, size_t count) {
    size_t rows = shape_elements(&graph_value(finder->graph, value)->shape);
    if (count > NUMBERS_MAX / rows) count = NUMBERS_MAX / rows;
    if (count == 0) return;
    int64_t *numbers = ARENA_ARRAY(finder->scratch, int64_t, rows * count);
    struct format *formats = ARENA_ARRAY(finder->scratch, struct format, rows * count);
    int64_t *constants = ARENA_ARRAY(finder->scratch, int64_t, count);
    struct format *constant_formats = ARENA_ARRAY(finder->scratch, struct format, count);
    for (size_t c = 0; c < count; c++) {
        constants[c] = fill_column(finder, &finder->forms[wires[c]], value, count, c, numbers, formats);
        constant_formats[c] = format_for((struct interval){constants[c], constants[c]}, 0);
    }
    const char *name = arena_printf(finder->scratch, "sums of %s", graph_definition(finder->graph, value)->name);
    struct shape matrix = {.rank = 2, .dim = {(int64_t)rows, (int64_t)count}},
                 row = {.rank = 2, .dim = {1, (int64_t)count}};
    append_products(copy, value, name, matrix, (struct formats){matrix, formats}, numbers,
                    (struct formats){row, constant_formats}, constants);
}

struct graph *graph_with_partial_sums(const struct graph *graph, const struct design *design) {
    struct arena *scratch = arena_new(graph->context);
    const struct datapath *path = &design->datapath;
    struct finder finder = {.graph = graph, .path = path, .scratch = scratch};
    finder.held = ARENA_ARRAY(scratch, const struct held *, path->wire_count + 1);
    finder.forms = ARENA_ARRAY(scratch, struct linear_form, path->wire_count + 1);
    finder.known = ARENA_ARRAY(scratch, bool, path->wire_count + 1);
    finder.sum = form_sum_new(scratch, UINT32_MAX);
    form_reserve(&finder.sum, path->wire_count);
    uint32_t *count = ARENA_ARRAY(scratch, uint32_t, graph->value_count + 1),
             **wires = ARENA_ARRAY(scratch, uint32_t *, graph->value_count + 1);
    valref *of = ARENA_ARRAY(scratch, valref, path->wire_count + 1);
    find_held(&finder);
    for (uint32_t w = 0; w < path->wire_count; w++) {
        of[w] = NO_VALUE;
        if (path->wires[w].op != WIRE_SUM || finder.held[w]) continue;
        find_form(&finder, w);
        of[w] = value_of(&finder, w);
        if (!valref_equal(of[w], NO_VALUE)) count[of[w].id]++;
    }
    struct graph *copy = graph_clone(graph);
    for (uint32_t v = 0; v < graph->value_count; v++)
        wires[v] = count[v] ? ARENA_ARRAY(scratch, uint32_t, count[v]) : NULL;
    memset(count, 0, graph->value_count * sizeof *count);
    for (uint32_t w = 0; w < path->wire_count; w++)
        if (!valref_equal(of[w], NO_VALUE)) wires[of[w].id][count[of[w].id]++] = w;
    for (uint32_t v = 0; v < graph->value_count; v++)
        if (wires[v]) append_sums(&finder, copy, (valref){v}, wires[v], count[v]);
    arena_free(scratch);
    return copy;
}
