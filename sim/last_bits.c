/* Events for a sum whose highest bit is seldom needed: a wire that is one bit too short hides there. The search by
 * slopes (extremes.c) may have got stuck: numbers that wrap, or a few inputs that must agree, stand in its way. Here
 * the sum is climbed by its elements, one at a time through the codes that its port can carry, all 64 lanes at once,
 * again and again from events that are disturbed. Only the part of the graph that the sum depends on is evaluated, so
 * that this is cheap. Of equally good codes any is taken, which leads across flats.
 *
 * A sum that needs its last bit is not seen yet, when the neurons that it is a part of are cut off at that event:
 * below 0, beyond a clamp, or of a number that wraps the low bits alone are left. So several events are kept, as
 * different from each other as a walk that keeps the bit gets; and with the bit kept every neuron behind is brought to
 * where it can be seen, to the middle of what its clamp lets through and as far below 0. Nothing depends on time or
 * threads. */
#include <string.h>

#include "sim/private.h"
#include "ir/ops.h"
#include "ir/random.h"

enum {
    KEPT_EVENTS = 16,
    ROUNDS = 24,
    PASSES = 8,
    FRESH = 4,
    STEPS = 4,
    KEPT_A_STEP = 2,
    SHOW_STARTS = 4,
    SHOW_PASSES = 3,
    SCALES = 2 * 64
};

struct interval numbers_of_fewer_bits(struct interval interval) {
    struct format format = format_for(interval, 0);
    format.width--;
    return format.width < 1 ? (struct interval){1, 0} : format_interval(format);
}

bool needs_all_bits(struct interval interval, int64_t lowest, int64_t highest) {
    struct interval fewer = numbers_of_fewer_bits(interval);
    return lowest < fewer.lo || highest > fewer.hi;
}

struct reader { /* a neuron behind the sum, and a number of it at which a change is seen */
    size_t element;
    int64_t wanted, room; /* off by less than that will do */
    int64_t bit;          /* that it should have: the narrow's highest, lest what it lets through is 0 */
    bool shown;
};

struct cone {
    struct graph *graph; /* what the sum depends on, its only output */
    size_t element;
    struct interval interval, fewer; /* of the sum: all its numbers, those that need fewer bits */
    int direction;
    const struct port_elements *ports;
    struct arena *arena;
    struct lanes network;
    struct reader *readers; /* of the second output, if there is one */
    size_t reader_count;
    int64_t *lanes;
    size_t *order;
    uint64_t random;
    double work, work_an_event;
};

/* One column of a product by constants. */
static valref one_column(struct graph *graph, valref value, size_t column) {
    struct node *node = graph_definition(graph, value);
    const struct shape *matrix = &graph_value(graph, node->inputs[1])->shape;
    const int64_t *numbers = graph_integers(graph, node->inputs[1]);
    int64_t rows = matrix->dim[0], columns = matrix->dim[1];
    struct shape shape = {.rank = 2, .dim = {rows, 1}};
    int64_t *some = ARENA_ARRAY(graph->arena, int64_t, (size_t)rows + 1);
    struct format *formats = ARENA_ARRAY(graph->arena, struct format, (size_t)rows + 1);
    for (int64_t r = 0; r < rows; r++) {
        size_t at = (size_t)(r * columns) + column;
        some[r] = numbers[at];
        formats[r] = graph_format(graph, node->inputs[1], at);
    }
    valref operands[2] = {node->inputs[0],
                          graph_append_integers(graph, "column", shape, (struct formats){shape, formats}, some)};
    return graph_append(graph, OP_MATMUL, "column", operands, 2, NULL);
}

static bool has_columns(const struct graph *graph, valref value) {
    const struct node *node = graph_definition(graph, value);
    return node->op == OP_MATMUL && graph_value(graph, value)->shape.rank == 2 &&
           graph_value(graph, value)->shape.dim[0] == 1 && graph_value(graph, node->inputs[1])->shape.rank == 2 &&
           graph_integers(graph, node->inputs[1]);
}

/* One number of a value, and nothing beside it where that can be. */
static valref alone(struct graph *graph, valref value, size_t *element) {
    const struct node *node = graph_definition(graph, value);
    if (has_columns(graph, value)) {
        value = one_column(graph, value, *element);
        *element = 0;
    } else if (node->op == OP_ADD && graph_integers(graph, node->inputs[1]) && has_columns(graph, node->inputs[0]) &&
               graph_elements(graph, node->inputs[0]) == graph_elements(graph, value) &&
               graph_elements(graph, node->inputs[1]) == graph_elements(graph, value)) {
        int64_t constant = graph_integers(graph, node->inputs[1])[*element];
        struct shape shape = {.rank = 2, .dim = {1, 1}};
        struct formats formats = formats_uniform(graph->arena, graph_format(graph, node->inputs[1], *element));
        valref operands[2] = {one_column(graph, node->inputs[0], *element), NO_VALUE};
        operands[1] = graph_append_integers(graph, "constant", shape, formats, &constant);
        value = graph_append(graph, OP_ADD, "sum", operands, 2, NULL);
        *element = 0;
    }
    return value;
}

/* ---- what reads the sum ---- */

static const struct node *only_reader(const struct graph *graph, valref value) {
    noderef reader = graph_sole_reader(graph, value, NULL);
    return reader.id == UINT32_MAX ? NULL : graph_node(graph, reader);
}

/* The neurons' numbers of a layer that multiplies `value`, biases included. */
static valref neurons_behind(const struct graph *graph, valref value) {
    for (uint32_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->dead || node->op != OP_MATMUL || !valref_equal(node->inputs[0], value) ||
            !graph_integers(graph, node->inputs[1]))
            continue;
        const struct node *bias = only_reader(graph, node->result);
        return bias && bias->op == OP_ADD && graph_integers(graph, bias->inputs[1]) ? bias->result : node->result;
    }
    return NO_VALUE;
}

/* The value whose elements an adder's sum (ir/partial_sums.c) adds up. */
static valref added_up(const struct graph *graph, valref sum) {
    const struct node *node = graph_definition(graph, sum);
    if (node->op == OP_ADD) node = graph_definition(graph, node->inputs[0]);
    const struct node *flat = node->op == OP_MATMUL ? graph_definition(graph, node->inputs[0]) : node;
    return flat->op == OP_RESHAPE ? flat->inputs[0] : NO_VALUE;
}

/* What narrows the neurons, behind their ReLU or at once. */
static const struct node *narrow_behind(const struct graph *graph, valref neurons) {
    const struct node *reader = only_reader(graph, neurons);
    if (reader && reader->op == OP_RELU) reader = only_reader(graph, reader->result);
    return reader && op_narrows(reader->op) ? reader : NULL;
}

/* Numbers on both sides of 0, from half of the narrow's range on as far as the neuron goes: how much the bit weighs
 * there is not known. */
static void add_readers(struct cone *cone, size_t element, struct interval interval, int64_t half) {
    for (int128 scale = half; scale < interval.hi || scale < -interval.lo; scale *= 4)
        for (int sign = -1; sign <= 1; sign += 2)
            if (sign < 0 ? scale < -interval.lo : scale < interval.hi)
                cone->readers[cone->reader_count++] =
                    (struct reader){element, (int64_t)(sign * scale), (int64_t)scale, half, false};
}

static void find_readers(const struct graph *graph, valref neurons, struct cone *cone) {
    const struct node *narrow = narrow_behind(graph, neurons);
    size_t elements = graph_elements(graph, neurons);
    cone->readers = ARENA_ARRAY(cone->arena, struct reader, SCALES * elements + 1);
    for (size_t e = 0; e < elements && narrow; e++) {
        struct format to = graph_format(graph, narrow->result, e), from = graph_format(graph, neurons, e);
        int bits = to.width - to.is_signed + from.fraction - to.fraction;
        if (to.width > 0 && bits >= 1 && bits <= 60)
            add_readers(cone, e, graph_interval(graph, neurons, e), (INT64_C(1) << bits) / 2);
    }
}

/* ---- the part of the graph ---- */

static struct cone *cone_new(const struct graph *graph, valref value, size_t element, const struct port_elements *ports,
                             struct arena *arena) {
    struct cone *cone = ARENA_NEW(arena, struct cone);
    *cone = (struct cone){.graph = graph_clone(graph), .element = element, .ports = ports, .arena = arena, .random = 1};
    cone->graph->output_count = 0;
    graph_append_output(cone->graph, "sum", alone(cone->graph, value, &cone->element));
    valref operand = added_up(graph, value),
           neurons = valref_equal(operand, NO_VALUE) ? NO_VALUE : neurons_behind(graph, operand);
    if (!valref_equal(neurons, NO_VALUE)) {
        find_readers(graph, neurons, cone);
        graph_append_output(cone->graph, "neurons", neurons);
    }
    graph_compact(cone->graph);
    cone->interval = graph_interval(cone->graph, cone->graph->outputs[0].value, cone->element);
    cone->fewer = numbers_of_fewer_bits(cone->interval);
    lanes_open(&cone->network, cone->graph, arena);
    cone->lanes = arena_calloc(arena, EVENT_LANES, ports->count * sizeof(int64_t));
    cone->order = ARENA_ARRAY(arena, size_t, ports->count);
    for (size_t i = 0; i < ports->count; i++) cone->order[i] = i;
    cone->work_an_event = work_of_event(cone->graph);
    return cone;
}

static void cone_free(struct cone *cone) {
    lanes_close(&cone->network);
    graph_free(cone->graph);
}

static int64_t *lane_row(const struct cone *cone, size_t lane) {
    return cone->lanes + lane * cone->ports->count;
}

/* The sum in all lanes. */
static const int64_t *evaluate(struct cone *cone) {
    context_check(cone->graph->context);
    lanes_run_rows(&cone->network, cone->lanes, cone->ports->count);
    cone->work -= cone->work_an_event * EVENT_LANES;
    return lanes_of(&cone->network, cone->graph->outputs[0].value, cone->element);
}

static uint64_t below(struct cone *cone, uint64_t limit) {
    return splitmix64(&cone->random) % limit;
}

static int64_t any_code(struct cone *cone, size_t element) {
    uint64_t range = (uint64_t)cone->ports->hi[element] - (uint64_t)cone->ports->lo[element];
    return (int64_t)((uint64_t)cone->ports->lo[element] +
                     (range == UINT64_MAX ? splitmix64(&cone->random) : below(cone, range + 1)));
}

/* Code `lane` to try of an element that is `now`: all that there are; or the ends, what lies 2^k beside it, and any. */
static int64_t code_to_try(struct cone *cone, size_t element, int64_t now, size_t lane) {
    int64_t lo = cone->ports->lo[element], hi = cone->ports->hi[element];
    if ((uint64_t)hi - (uint64_t)lo < EVENT_LANES)
        return (int64_t)(lane < (uint64_t)hi - (uint64_t)lo ? lo + (int64_t)lane : hi);
    if (lane < 2) return lane ? hi : lo;
    int128 beside = (int128)now + (lane % 2 ? 1 : -1) * ((int128)1 << lane / 2 >> 1);
    return lane < 32 && beside >= lo && beside <= hi ? (int64_t)beside : any_code(cone, element);
}

/* All lanes; the last one is the event itself. */
static void try_codes(struct cone *cone, const int64_t *row, size_t element) {
    for (size_t lane = 0; lane < EVENT_LANES; lane++) {
        memcpy(lane_row(cone, lane), row, cone->ports->count * sizeof *row);
        if (lane + 1 < EVENT_LANES) lane_row(cone, lane)[element] = code_to_try(cone, element, row[element], lane);
    }
}

/* One of the best lanes, any of them. */
static size_t a_best_lane(struct cone *cone, const int64_t *numbers) {
    size_t best = 0, equal = 0;
    for (size_t lane = 0; lane < EVENT_LANES; lane++) {
        bool better = cone->direction ? numbers[lane] > numbers[best] : numbers[lane] < numbers[best];
        equal = better ? 1 : equal + (numbers[lane] == numbers[best]);
        if (better || (numbers[lane] == numbers[best] && below(cone, equal) == 0)) best = lane;
    }
    return best;
}

static void shuffle(struct cone *cone) {
    for (size_t i = cone->ports->count; i > 1; i--) {
        size_t j = (size_t)below(cone, i), other = cone->order[j];
        cone->order[j] = cone->order[i - 1];
        cone->order[i - 1] = other;
    }
}

/* Element after element to its best code, until a pass over all brings nothing. What the sum is then. */
static int64_t climb(struct cone *cone, int64_t *row) {
    int64_t reached = 0;
    size_t columns = cone->ports->count;
    for (int pass = 0; pass < PASSES && cone->work > 0; pass++) {
        int64_t before = reached;
        shuffle(cone);
        for (size_t k = 0; k < columns; k++) {
            size_t element = cone->order[k];
            try_codes(cone, row, element);
            const int64_t *numbers = evaluate(cone);
            size_t best = a_best_lane(cone, numbers);
            row[element] = lane_row(cone, best)[element];
            reached = numbers[best];
        }
        if (pass && reached == before) break;
    }
    return reached;
}

/* Another event to climb from: some elements of the best one anywhere, or, sometimes, all. */
static void disturb(struct cone *cone, int64_t *row, const int64_t *best, int round) {
    size_t columns = cone->ports->count, some = round % FRESH ? 1 + (size_t)below(cone, 1 + columns / 4) : 0;
    memcpy(row, best, columns * sizeof *row);
    for (size_t i = 0; i < some; i++) {
        size_t element = (size_t)below(cone, columns);
        row[element] = any_code(cone, element);
    }
    for (size_t i = 0; round % FRESH == 0 && i < columns; i++) row[i] = any_code(cone, i);
}

static bool is_last_bit(const struct cone *cone, int128 number) {
    return number < cone->fewer.lo || number > cone->fewer.hi;
}

/* Events beside this one that need the last bit too. */
static void walk(struct cone *cone, int64_t *row, struct row_set *found, size_t wanted) {
    size_t columns = cone->ports->count;
    for (int step = 0; step < STEPS && found->count < wanted && cone->work > 0; step++) {
        for (size_t lane = 0; lane < EVENT_LANES; lane++) {
            memcpy(lane_row(cone, lane), row, columns * sizeof *row);
            for (size_t left = 1 + (size_t)below(cone, columns); left > 0; left--) {
                size_t element = (size_t)below(cone, columns);
                lane_row(cone, lane)[element] = any_code(cone, element);
            }
        }
        const int64_t *numbers = evaluate(cone);
        for (size_t lane = 0, some = 0; lane < EVENT_LANES && some < KEPT_A_STEP && found->count < wanted; lane++) {
            if (!is_last_bit(cone, numbers[lane])) continue;
            some++;
            memcpy(row, lane_row(cone, lane), columns * sizeof *row);
            row_set_add(found, cone->arena, row);
        }
    }
}

static void search_direction(struct cone *cone, const int64_t *from, struct row_set *found) {
    size_t columns = cone->ports->count, wanted = found->count + KEPT_EVENTS;
    int64_t *row = ARENA_ARRAY(cone->arena, int64_t, columns), *best = ARENA_ARRAY(cone->arena, int64_t, columns),
            most = 0;
    memcpy(row, from, columns * sizeof *row);
    for (int round = 0; round < ROUNDS && cone->work > 0 && found->count < wanted; round++) {
        if (round) disturb(cone, row, best, round);
        int64_t reached = climb(cone, row);
        if (!round || (cone->direction ? reached >= most : reached <= most)) {
            most = reached;
            memcpy(best, row, columns * sizeof *row);
        }
        if (!is_last_bit(cone, reached)) continue;
        row_set_add(found, cone->arena, row);
        walk(cone, row, found, wanted);
    }
}

/* ---- where it is seen ---- */

static int64_t neuron(const struct cone *cone, const struct reader *reader, size_t lane) {
    return lanes_of(&cone->network, cone->graph->outputs[1].value, reader->element)[lane];
}

static uint64_t off_by(const struct cone *cone, const struct reader *reader, size_t lane) {
    int64_t number = neuron(cone, reader, lane);
    return number < reader->wanted ? (uint64_t)reader->wanted - (uint64_t)number
                                   : (uint64_t)number - (uint64_t)reader->wanted;
}

/* Events of the lanes that show the last bit at a neuron where none did. */
static void keep_shown(struct cone *cone, const int64_t *numbers, struct row_set *found) {
    for (size_t r = 0; r < cone->reader_count; r++) {
        struct reader *reader = &cone->readers[r];
        for (size_t lane = 0; lane < EVENT_LANES && !reader->shown; lane++) {
            reader->shown = is_last_bit(cone, numbers[lane]) && off_by(cone, reader, lane) < (uint64_t)reader->room &&
                            neuron(cone, reader, lane) & reader->bit;
            if (reader->shown) row_set_add(found, cone->arena, lane_row(cone, lane));
        }
    }
}

/* Element after element to the code that brings the neuron nearest and keeps the last bit. */
static void show(struct cone *cone, const struct reader *reader, int64_t *row, struct row_set *found) {
    size_t columns = cone->ports->count;
    for (size_t k = 0; k < SHOW_PASSES * columns && !reader->shown && cone->work > 0; k++) {
        if (k % columns == 0) shuffle(cone);
        try_codes(cone, row, cone->order[k % columns]);
        const int64_t *numbers = evaluate(cone);
        keep_shown(cone, numbers, found);
        size_t best = EVENT_LANES - 1;
        for (size_t lane = 0; lane < EVENT_LANES; lane++)
            if (is_last_bit(cone, numbers[lane]) && off_by(cone, reader, lane) < off_by(cone, reader, best))
                best = lane;
        memcpy(row, lane_row(cone, best), columns * sizeof *row);
    }
}

static void show_at_neurons(struct cone *cone, struct row_set *found) {
    size_t columns = cone->ports->count, starts = found->count < SHOW_STARTS ? found->count : SHOW_STARTS;
    int64_t *row = ARENA_ARRAY(cone->arena, int64_t, columns);
    for (size_t start = 0; start < starts; start++)
        for (size_t r = 0; r < cone->reader_count; r++) {
            memcpy(row, found->rows + start * columns, columns * sizeof *row);
            show(cone, &cone->readers[r], row, found);
        }
}

double last_bit_events(const struct graph *graph, valref value, size_t element, const int64_t *const rows[2],
                       const struct port_elements *ports, double work, struct arena *arena, struct row_set *found) {
    struct cone *cone = cone_new(graph, value, element, ports, arena);
    bool there[2] = {is_last_bit(cone, cone->interval.lo), is_last_bit(cone, cone->interval.hi)};
    cone->work = work / 2;
    for (cone->direction = 0; cone->direction < 2; cone->direction++) {
        double later = there[0] && there[1] && !cone->direction ? cone->work / 2 : 0;
        cone->work -= later;
        if (there[cone->direction]) search_direction(cone, rows[cone->direction], found);
        cone->work += later;
    }
    cone->work += work / 2;
    show_at_neurons(cone, found);
    work -= cone->work;
    cone_free(cone);
    return work;
}
