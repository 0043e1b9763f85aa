/* How far the formats may put one number of the firmware from the model's, at an event.
 *
 * Every place where the compiler rounds is a source of error: a narrow that the model has no quantiser for, an entry
 * of a table (or of the staircase of a function), a weight. A rounding to the nearest multiple of a step is off by
 * something like a uniform number of half a step either way, of variance step^2 / 12 (by a whole step, step^2 / 3,
 * where it is not to the nearest); one source knows nothing of another. So a number's error has the variance
 *
 *     sum over the sources of (slope of the number by the source)^2 * variance,
 *
 * the slopes being those of the integer network at that event (slopes.c). DEVIATIONS times the root of it is what the
 * formats explain: of numbers that are sums of many such errors one in ten million is further off. A narrow that
 * clamps is off by what is beyond its end, which is known: that times its slope is told apart, because whoever chose
 * the format did not expect such a number. But a sigmoid's or tanh's table ends on purpose where the function is flat:
 * what it would still change beyond that is known too, and explained. Slopes hold near the event: where clamps move
 * the number further than all rounding, they may have moved it anywhere.
 *
 * A weight's step is not in the graph, whose constants have no bit to spare: a matrix has a grid by row (operands of
 * different size) and by column, and both are read off the lowest bits that are set. Added constants are kept
 * finer than anything that is added to them. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/name_index.h"
#include "ir/ops.h"

enum {
    PLAIN_BITS = 2, /* weights of so few bits (1, -1, powers of two) were not rounded */
    INDEX_BITS = 10 /* of a table at most: where its function changes by less than their last, it may end */
};
static const double DEVIATIONS = 5;

struct source {
    valref value; /* moved by it */
    size_t elements;
    double *variance;            /* by element */
    const struct node *clamp;    /* the narrow, where it can clamp */
    const struct node *function; /* of the trained network, of whose tables this is the index, */
    const valref *tables;        /* the results of which are these */
    uint32_t table_count;
};

struct moved { /* a value that a source moves, or whose slope it looks at */
    uint32_t source;
    const struct moved *next; /* of the value */
};

struct reference { /* the trained network */
    const struct graph *graph;
    const struct name_index *names;
};

struct roundings {
    const struct graph *fixed;
    struct lanes network;
    int lane; /* of the event that is looked at */
    struct slopes *slopes;
    bool exact_constants; /* the model's own */
    struct source *sources;
    uint32_t source_count;
    const struct moved **moved; /* by value */
    struct index_set *at_hand;  /* sources */
};

/* ---- sources ---- */

/* A quantiser of the model, or a step of one: "<quantiser>" or "<quantiser>.<step>". */
static bool is_models_own(const struct reference *reference, const struct node *node) {
    const char *end = node->name;
    do {
        end += strcspn(end, ".");
        noderef at = name_index_first(reference->names, node->name, (size_t)(end - node->name));
        for (; at.id != UINT32_MAX; at = name_index_next(reference->names, at))
            if (op_is_quantiser(graph_node(reference->graph, at)->op)) return true;
    } while (*end++);
    return false;
}

static bool rounds_to_nearest(enum rounding rounding) {
    return rounding >= ROUND_HALF_UP && rounding <= ROUND_HALF_EVEN;
}

static double variance_of(double step, bool nearest) {
    return step * step / (nearest ? 12 : 3);
}

static struct source *add_source(struct roundings *roundings, valref value, struct arena *arena) {
    struct source *source = &roundings->sources[roundings->source_count++];
    *source = (struct source){.value = value, .elements = graph_elements(roundings->fixed, value)};
    source->variance = ARENA_ARRAY(arena, double, source->elements + 1);
    return source;
}

/* Of the narrow or staircase "<function>.index" that tables read. */
static void find_function(const struct roundings *roundings, const struct reference *reference,
                          const struct node *index, struct source *source, struct arena *arena) {
    struct reader_list readers = graph_readers(roundings->fixed, source->value, arena);
    valref *tables = ARENA_ARRAY(arena, valref, readers.count + 1);
    for (uint32_t i = 0; i < readers.count; i++) {
        const struct node *table = graph_node(roundings->fixed, readers.at[i].node);
        if (!table->dead && op_is_lookup(table->op)) tables[source->table_count++] = table->result;
    }
    source->tables = tables;
    if (!source->table_count || !text_ends_with(index->name, ".index")) return;
    noderef at = name_index_first(reference->names, index->name, strlen(index->name) - strlen(".index"));
    for (; at.id != UINT32_MAX; at = name_index_next(reference->names, at)) {
        const struct node *node = graph_node(reference->graph, at);
        if (op_meaning(node->op)->settles != 0) source->function = node;
    }
}

static void add_narrow(struct roundings *roundings, const struct reference *reference, const struct node *node,
                       struct arena *arena) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    struct source *source = add_source(roundings, node->result, arena);
    for (size_t e = 0; e < source->elements; e++) {
        struct format from = graph_format(roundings->fixed, node->inputs[0], e),
                      to = graph_format(roundings->fixed, node->result, e);
        if (from.fraction > to.fraction)
            source->variance[e] = variance_of(ldexp(1, -to.fraction), rounds_to_nearest(attributes->rounding));
    }
    if (attributes->overflow == OVERFLOW_WRAP) return;
    source->clamp = node;
    find_function(roundings, reference, node, source, arena);
}

/* The function itself, or the index of its table, made of the codes in front. */
static void add_table(struct roundings *roundings, const struct reference *reference, const struct node *node,
                      struct arena *arena) {
    struct source *source = add_source(roundings, node->result, arena);
    for (size_t e = 0; e < source->elements; e++)
        source->variance[e] = variance_of(ldexp(1, -graph_format(roundings->fixed, node->result, e).fraction), true);
    find_function(roundings, reference, node, source, arena);
}

static int bit_length(int64_t code) {
    int bits = 0;
    for (uint64_t rest = code < 0 ? -(uint64_t)code : (uint64_t)code; rest; rest >>= 1) bits++;
    return bits;
}

static int trailing_zeros(int64_t code) {
    int zeros = 0;
    while (code && !(code & 1)) {
        code /= 2;
        zeros++;
    }
    return zeros;
}

/* The bits behind the point that a constant needs; INT_MIN for 0, which needs none. */
static int needed_fraction(const struct graph *graph, valref constant, size_t element) {
    int64_t code = graph_integers(graph, constant)[element];
    return code ? graph_format(graph, constant, element).fraction - trailing_zeros(code) : INT_MIN;
}

struct grid { /* of a matrix: the fraction of an element is row + column */
    size_t rows, columns;
    int *row, *column;
};

static int larger(int a, int b) {
    return a > b ? a : b;
}

/* Rows first, from the columns of the finest grid; then what is left of every column. */
static void find_grid(const struct graph *graph, valref constant, size_t first, struct grid *grid) {
    for (size_t r = 0; r < grid->rows; r++) {
        grid->row[r] = INT_MIN;
        for (size_t c = 0; c < grid->columns; c++)
            grid->row[r] = larger(grid->row[r], needed_fraction(graph, constant, first + r * grid->columns + c));
    }
    for (size_t c = 0; c < grid->columns; c++) {
        grid->column[c] = INT_MIN;
        for (size_t r = 0; r < grid->rows; r++) {
            int needed = needed_fraction(graph, constant, first + r * grid->columns + c);
            if (needed != INT_MIN) grid->column[c] = larger(grid->column[c], needed - grid->row[r]);
        }
    }
}

/* A column whose codes have few bits holds plain numbers. */
static bool is_rounded(const struct graph *graph, valref constant, size_t first, const struct grid *grid,
                       size_t column) {
    int widest = 0;
    for (size_t r = 0; r < grid->rows; r++) {
        int64_t code = graph_integers(graph, constant)[first + r * grid->columns + column];
        int fraction = graph_format(graph, constant, first + r * grid->columns + column).fraction;
        if (code) widest = larger(widest, bit_length(code) + grid->row[r] + grid->column[column] - fraction);
    }
    return widest > PLAIN_BITS;
}

static void add_matrix(struct roundings *roundings, valref constant, struct arena *arena) {
    const struct graph *graph = roundings->fixed;
    const struct shape *shape = &graph_value(graph, constant)->shape;
    struct source *source = add_source(roundings, constant, arena);
    struct grid grid = {.columns = shape->rank > 1 ? (size_t)shape->dim[shape->rank - 1] : 1};
    grid.rows = (size_t)shape->dim[shape->rank > 1 ? shape->rank - 2 : 0];
    grid.row = ARENA_ARRAY(arena, int, grid.rows + 1);
    grid.column = ARENA_ARRAY(arena, int, grid.columns + 1);
    for (size_t first = 0; first < source->elements; first += grid.rows * grid.columns) {
        find_grid(graph, constant, first, &grid);
        for (size_t c = 0; c < grid.columns; c++) {
            if (grid.column[c] == INT_MIN || !is_rounded(graph, constant, first, &grid, c)) continue;
            for (size_t r = 0; r < grid.rows; r++)
                if (grid.row[r] != INT_MIN)
                    source->variance[first + r * grid.columns + c] =
                        variance_of(ldexp(1, -grid.row[r] - grid.column[c]), true);
        }
    }
}

/* Factors keep as many significant bits as the widest of them. */
static void add_factors(struct roundings *roundings, valref constant, struct arena *arena) {
    const int64_t *codes = graph_integers(roundings->fixed, constant);
    struct source *source = add_source(roundings, constant, arena);
    int bits = 0;
    for (size_t e = 0; e < source->elements; e++) bits = larger(bits, bit_length(codes[e]) - trailing_zeros(codes[e]));
    for (size_t e = 0; bits > PLAIN_BITS && e < source->elements; e++)
        if (codes[e])
            source->variance[e] = variance_of(
                ldexp(1, bit_length(codes[e]) - bits - graph_format(roundings->fixed, constant, e).fraction), true);
}

static void add_constants(struct roundings *roundings, const struct node *node, struct arena *arena) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!graph_integers(roundings->fixed, node->inputs[i])) continue;
        if (node->op == OP_MATMUL)
            add_matrix(roundings, node->inputs[i], arena);
        else
            add_factors(roundings, node->inputs[i], arena);
    }
}

static bool is_staircase_of_function(const struct node *node) {
    return node->op == OP_THRESHOLD && (text_ends_with(node->name, ".narrow") || text_ends_with(node->name, ".index"));
}

static void find_sources(struct roundings *roundings, const struct reference *reference, struct arena *arena) {
    const struct graph *fixed = roundings->fixed;
    roundings->exact_constants = loss_has_quantisers(reference->graph);
    roundings->sources = ARENA_ARRAY(arena, struct source, 2 * fixed->node_count + 1);
    for (uint32_t i = 0; i < fixed->node_count; i++) {
        const struct node *node = &fixed->nodes[i];
        if (node->dead || is_models_own(reference, node)) continue;
        if (op_narrows(node->op) && !narrow_is_high_part(fixed, node))
            add_narrow(roundings, reference, node, arena);
        else if (node->op == OP_TABLE || is_staircase_of_function(node))
            add_table(roundings, reference, node, arena);
        else if ((node->op == OP_MATMUL || node->op == OP_MUL) && !roundings->exact_constants)
            add_constants(roundings, node, arena);
    }
}

static void add_moved(struct roundings *roundings, valref value, uint32_t source, struct arena *arena) {
    struct moved *moved = ARENA_NEW(arena, struct moved);
    *moved = (struct moved){source, roundings->moved[value.id]};
    roundings->moved[value.id] = moved;
}

static void find_moved(struct roundings *roundings, struct arena *arena) {
    roundings->moved = ARENA_ARRAY(arena, const struct moved *, roundings->fixed->value_count + 1);
    roundings->at_hand = index_set_new(roundings->source_count, arena);
    for (uint32_t s = 0; s < roundings->source_count; s++) {
        const struct source *source = &roundings->sources[s];
        add_moved(roundings, source->value, s, arena);
        for (uint32_t t = 0; t < source->table_count; t++) add_moved(roundings, source->tables[t], s, arena);
    }
}

struct roundings *roundings_new(const struct graph *reference, const struct graph *fixed, struct arena *arena) {
    struct roundings *roundings = ARENA_NEW(arena, struct roundings);
    *roundings = (struct roundings){.fixed = fixed};
    lanes_open(&roundings->network, fixed, arena);
    roundings->slopes = slopes_new(fixed, roundings->network.state, false, arena);
    find_sources(roundings, &(struct reference){reference, name_index_new(reference, arena)}, arena);
    find_moved(roundings, arena);
    return roundings;
}

void roundings_close(struct roundings *roundings) {
    if (roundings) lanes_close(&roundings->network);
}

/* ---- at an event ---- */

void roundings_run(struct roundings *roundings, int count, const int64_t *const *events) {
    lanes_run(&roundings->network, count, events);
    roundings->lane = 0;
}

void roundings_stand_at(struct roundings *roundings, int event) {
    roundings->lane = event;
}

static int64_t integer_at(const struct roundings *roundings, valref value, size_t element) {
    return lanes_of(&roundings->network, value, element)[roundings->lane];
}

/* The operand of a narrow, and where its format ends. */
static double beyond_format(const struct roundings *roundings, const struct node *node, size_t element, double *from,
                            double *to) {
    struct format wide = graph_format(roundings->fixed, node->inputs[0], element),
                  narrow = graph_format(roundings->fixed, node->result, element);
    *from = fixed_to_real(integer_at(roundings, node->inputs[0], element), wide.fraction);
    if (narrow.width <= 0)
        *to = 0;
    else
        *to = fmin(fmax(*from, fixed_to_real(format_min(narrow), narrow.fraction)),
                   fixed_to_real(format_max(narrow), narrow.fraction));
    return fabs(*from - *to);
}

static void add_clamp(const struct roundings *roundings, const struct source *source, size_t element, double slope,
                      double *most, struct allowance *allowance) {
    double from, to, off = fabs(slope) * beyond_format(roundings, source->clamp, element, &from, &to);
    allowance->range += off;
    if (!(off > *most)) return;
    *most = off;
    allowance->clamp = source->clamp;
    allowance->clamp_element = element;
    allowance->clamp_from = from;
    allowance->clamp_to = to;
}

/* A staircase does not tell by how much it is beyond the format of its codes: on their last one it may be any. */
static bool beyond_staircase(const struct roundings *roundings, valref index, size_t element, double *from,
                             double *to) {
    struct format format = graph_format(roundings->fixed, index, element);
    int64_t code = integer_at(roundings, index, element);
    *to = fixed_to_real(code, format.fraction);
    *from = code == format_max(format) ? (double)INFINITY : (double)-INFINITY;
    return code == format_max(format) || code == format_min(format);
}

static bool beyond_table(const struct roundings *roundings, const struct source *source, size_t element, double *from,
                         double *to) {
    if (!source->function) return false;
    return source->clamp ? beyond_format(roundings, source->clamp, element, from, to) > 0
                         : beyond_staircase(roundings, source->value, element, from, to);
}

/* What the output loses at the end of a table where the function is flat; false where it is not. */
static bool add_end_of_table(const struct roundings *roundings, const struct source *source, size_t element,
                             double *known) {
    double from, to, wanted, got;
    if (!beyond_table(roundings, source, element, &from, &to)) return false;
    if (!op_unary_double(source->function, from, &wanted) || !op_unary_double(source->function, to, &got)) return false;
    if (fabs(wanted - got) > ldexp(1, -INDEX_BITS)) return false;
    for (uint32_t t = 0; t < source->table_count; t++)
        *known += fabs(wanted - got) * fabs(slopes_of(roundings->slopes, source->tables[t])[element]);
    return true;
}

/* Those of which anything depends that was touched, and may be more. */
static void find_at_hand(struct roundings *roundings) {
    uint32_t count;
    const uint32_t *touched = slopes_touched(roundings->slopes, &count);
    for (uint32_t i = 0; i < count; i++)
        for (const struct moved *moved = roundings->moved[touched[i]]; moved; moved = moved->next)
            index_set_add(roundings->at_hand, moved->source);
}

struct allowance roundings_explains(struct roundings *roundings, valref value, size_t element) {
    struct allowance allowance = {0};
    double variance = 0, known = 0, most = 0;
    uint32_t s;
    slopes_find(roundings->slopes, roundings->lane, value, element);
    find_at_hand(roundings);
    while ((s = index_set_take_first(roundings->at_hand)) != UINT32_MAX) {
        const struct source *source = &roundings->sources[s];
        const double *slope = slopes_of(roundings->slopes, source->value);
        for (size_t e = 0; e < source->elements; e++) {
            if (add_end_of_table(roundings, source, e, &known) || slope[e] == 0) continue;
            variance += slope[e] * slope[e] * source->variance[e];
            if (source->clamp) add_clamp(roundings, source, e, slope[e], &most, &allowance);
        }
    }
    allowance.rounding = DEVIATIONS * sqrt(variance) + known;
    if (allowance.range > allowance.rounding) /* further than slopes tell anything about */
        allowance.range = INFINITY;
    else
        allowance.range += allowance.rounding;
    return allowance;
}

static int significant_bits(double x) {
    int exponent;
    int64_t code = (int64_t)ldexp(frexp(x, &exponent), 53);
    return code ? 53 - trailing_zeros(code) : 0;
}

double roundings_explain_meaning(const struct roundings *roundings, const struct graph_output *output, size_t element) {
    const struct shape *shape = &graph_value(roundings->fixed, output->value)->shape;
    double zero_point, scale = meaning_scale(&output->meaning, shape, element, &zero_point);
    int bits = 0, exponent;
    for (size_t e = 0; e < shape_elements(&output->meaning.shape); e++)
        bits = larger(bits, significant_bits(output->meaning.scale[e]));
    if (roundings->exact_constants || bits <= PLAIN_BITS) return 0;
    int64_t code = integer_at(roundings, output->value, element);
    double number = fixed_to_real(code, graph_format(roundings->fixed, output->value, element).fraction) - zero_point;
    frexp(scale, &exponent);
    return DEVIATIONS * sqrt(variance_of(ldexp(1, exponent - bits), true)) * fabs(number);
}
