/* A body graph run once an item: `map` treats every item by itself, `scan` carries values from one to the next.
 *
 * The body's inputs are the node's operands in their order: values that are carried, then one item of each operand
 * that is sliced, then operands that every trip reads whole. Its outputs are the carried values as the next trip has
 * them, then what becomes one item of each further result. In integers a body's input declares the format in which it
 * is carried or read; operands must lie in it, on the same grid, and what is carried must come back in it. */
#include "ir/ops/families.h"
#include "ir/geometry.h"
#include "ir/verify.h"

#include <string.h>

/* ---- which operand, item and axis ---- */

static uint32_t carried(const struct node *node) {
    return (uint32_t)node->attributes.loop.carried;
}

static uint32_t sliced(const struct node *node) {
    return (uint32_t)node->attributes.loop.sliced;
}

bool loop_is_sliced(const struct node *node, uint32_t operand) {
    return operand >= carried(node) && operand - carried(node) < sliced(node);
}

bool loop_reads(const struct node *node, valref input) {
    bool output;
    return graph_use_count(node->body, input, &output) > 0 || output;
}

uint32_t loop_stacked(const struct node *node) {
    return node->body->output_count - carried(node);
}

/* A sliced operand or a stacked result, in the order of the lists. */
static int64_t axis_of(const struct node *node, uint32_t place) {
    return node->attributes.loop.axes.at[place];
}

static valref body_input(const struct node *node, uint32_t index) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->body->node_count; i++)
        if (!node->body->nodes[i].dead && node->body->nodes[i].op == OP_INPUT && count++ == index)
            return node->body->nodes[i].result;
    return NO_VALUE;
}

static uint32_t body_inputs(const struct node *node) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->body->node_count; i++)
        count += !node->body->nodes[i].dead && node->body->nodes[i].op == OP_INPUT;
    return count;
}

static struct shape without_axis(const struct shape *shape, int64_t axis) {
    struct shape out = {.rank = shape->rank - 1};
    for (int i = 0; i < out.rank; i++) out.dim[i] = shape->dim[i + (i >= axis)];
    return out;
}

static struct shape with_axis(const struct shape *shape, int64_t axis, int64_t size) {
    struct shape out = {.rank = shape->rank + 1};
    for (int i = 0; i < out.rank; i++) out.dim[i] = i == axis ? size : shape->dim[i - (i > axis)];
    return out;
}

struct loop_place loop_place(const struct graph *graph, const struct node *node, uint32_t place) {
    const struct integer_list *reversed = &node->attributes.loop.reversed;
    bool operand = place < sliced(node);
    const struct value *whole = operand ? op_operand(graph, node, carried(node) + place)
                                        : &op_result(graph, node)[carried(node) + place - sliced(node)];
    return (struct loop_place){.trips = node->attributes.loop.trips,
                               .inner = reduction_geometry(&whole->shape, axis_of(node, place)).inner,
                               .reversed = reversed->count && reversed->at[place]};
}

size_t loop_element(const struct loop_place *place, int64_t trip, size_t element) {
    size_t item = (size_t)(place->reversed ? place->trips - 1 - trip : trip);
    const struct axis_reduction whole = {.length = (size_t)place->trips, .inner = place->inner};
    return reduction_element(&whole, element, item);
}

int64_t loop_trip(const struct loop_place *place, size_t element) {
    int64_t item = (int64_t)(element / place->inner % (size_t)place->trips);
    return place->reversed ? place->trips - 1 - item : item;
}

/* ---- inference ---- */

static bool is_given(const struct meaning *meaning) {
    return meaning->scale || meaning->zero_point;
}

/* Nobody would read it. */
static int refuse_meanings(const struct graph *graph, const struct node *node) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        const struct node *input = graph_definition(node->body, body_input(node, i));
        if (is_given(&input->attributes.input.meaning))
            return REFUSE(graph, node, NULL, "input '%s' of the body has a meaning, which ports alone have",
                          input->name);
    }
    for (uint32_t o = 0; o < node->body->output_count; o++)
        if (is_given(&node->body->outputs[o].meaning))
            return REFUSE(graph, node, NULL, "output '%s' of the body has a meaning, which ports alone have",
                          node->body->outputs[o].name);
    return 0;
}

static int check_counts(const struct graph *graph, const struct node *node) {
    const struct loop_attributes *loop = &node->attributes.loop;
    if (loop->trips < 1 || loop->trips > INTEGER_ELEMENTS_MAX)
        return REFUSE(graph, node, NULL, "%lld trips", (long long)loop->trips);
    if (loop->carried < 0 || loop->sliced < 0 || (uint32_t)loop->carried > node->input_count ||
        (uint32_t)loop->sliced > node->input_count - (uint32_t)loop->carried)
        return REFUSE(graph, node, NULL, "%d carried and %d sliced operands of %u", loop->carried, loop->sliced,
                      node->input_count);
    if (node->op == OP_MAP && loop->carried)
        return REFUSE(graph, node, "a 'scan' carries values", "a 'map' carries nothing from item to item");
    if (node->body->output_count < carried(node) || node->body->output_count == 0)
        return REFUSE(graph, node, NULL, "the body gives %u values, %d are carried", node->body->output_count,
                      loop->carried);
    if (body_inputs(node) != node->input_count)
        return REFUSE(graph, node, NULL, "the body has %u inputs for %u operands", body_inputs(node),
                      node->input_count);
    uint32_t places = sliced(node) + loop_stacked(node);
    if (loop->axes.count != places || (loop->reversed.count != 0 && loop->reversed.count != places))
        return REFUSE(graph, node, NULL, "%u axes for %u sliced operands and stacked results", loop->axes.count,
                      places);
    return 0;
}

/* The operand's elements are numbers that the body's input can hold as they are. */
static int check_held(const struct graph *graph, const struct node *node, uint32_t index, int64_t axis) {
    const struct value *operand = op_operand(graph, node, index);
    const struct value *input = graph_value(node->body, body_input(node, index));
    size_t count = operand->kind == VALUE_INTEGER ? shape_elements(&operand->shape) : 0;
    struct axis_reduction whole = axis < 0 ? (struct axis_reduction){0} : reduction_geometry(&operand->shape, axis);
    for (size_t e = 0; e < count; e++) {
        size_t own = axis < 0 ? e : reduction_result(&whole, e);
        struct format declared = op_format(input, own);
        struct interval interval = op_interval(operand, e);
        bool zero = interval.lo == 0 && interval.hi == 0;
        if (!zero && (op_format(operand, e).fraction != declared.fraction || !interval_fits(interval, declared)))
            return REFUSE(graph, node, "narrow the operand to the format that the body's input declares",
                          "element %zu of operand %u is not held by input %u of the body", e, index, index);
    }
    return 0;
}

static int check_operand(const struct graph *graph, const struct node *node, uint32_t index) {
    const struct shape *shape = &op_operand(graph, node, index)->shape;
    const struct value *input = graph_value(node->body, body_input(node, index));
    uint32_t place = index - carried(node);
    int64_t axis = -1;
    struct shape item = *shape;
    if (loop_is_sliced(node, index)) {
        axis = axis_of(node, place);
        if (axis < 0 || axis >= shape->rank || shape->dim[axis] != node->attributes.loop.trips)
            return REFUSE(graph, node, NULL, "operand %u has no axis %lld of %lld items", index, (long long)axis,
                          (long long)node->attributes.loop.trips);
        item = without_axis(shape, axis);
    }
    if (input->kind != op_operand(graph, node, index)->kind)
        return REFUSE(graph, node, NULL, "input %u of the body is of another kind than operand %u", index, index);
    if (!shape_equal(&item, &input->shape))
        return REFUSE(graph, node, NULL, "input %u of the body has another shape than operand %u gives", index, index);
    return check_held(graph, node, index, axis);
}

/* What is carried comes back as it went. */
static int check_carried(const struct graph *graph, const struct node *node, uint32_t index) {
    const struct value *input = graph_value(node->body, body_input(node, index));
    const struct value *output = graph_value(node->body, node->body->outputs[index].value);
    if (input->kind != output->kind || !shape_equal(&input->shape, &output->shape))
        return REFUSE(graph, node, NULL, "the body gives carried value %u in another shape or kind than it takes it",
                      index);
    size_t count = input->kind == VALUE_INTEGER ? shape_elements(&input->shape) : 0;
    for (size_t e = 0; e < count; e++) {
        struct interval interval = op_interval(output, e);
        bool zero = interval.lo == 0 && interval.hi == 0;
        if (!zero && (op_format(input, e).fraction != op_format(output, e).fraction ||
                      !interval_fits(interval, op_format(input, e))))
            return REFUSE(graph, node, "narrow it at the end of the body",
                          "element %zu of carried value %u does not come back in its format", e, index);
    }
    return 0;
}

/* Of one body output, over all items where it is stacked. */
static int set_result(struct graph *graph, const struct node *node, uint32_t output, struct value *result) {
    valref inner = node->body->outputs[output].value;
    const struct value *item = graph_value(node->body, inner);
    bool is_stacked = output >= carried(node), integer = item->kind == VALUE_INTEGER;
    int64_t axis = is_stacked ? axis_of(node, sliced(node) + output - carried(node)) : -1;
    struct shape shape = item->shape;
    if (is_stacked && (axis < 0 || axis > item->shape.rank || item->shape.rank == SHAPE_RANK_MAX))
        return REFUSE(graph, node, NULL, "result %u has no place for axis %lld", output, (long long)axis);
    if (is_stacked) shape = with_axis(&item->shape, axis, node->attributes.loop.trips);
    if (op_set_shape(graph, node, result, &shape, integer) < 0 || !integer) return integer ? -1 : 0;
    struct axis_reduction whole =
        is_stacked ? reduction_geometry(&shape, axis) : (struct axis_reduction){.length = 1, .inner = 1};
    struct arena *scratch = arena_new(graph->context);
    size_t count = shape_elements(&shape);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int *fractions = ARENA_ARRAY(scratch, int, count);
    for (size_t e = 0; e < count; e++) {
        size_t own = is_stacked ? reduction_result(&whole, e) : e;
        intervals[e] = op_interval(item, own);
        fractions[e] = op_format(item, own).fraction;
    }
    int status = op_set_exact(graph, node, result, intervals, fractions);
    arena_free(scratch);
    return status;
}

static int infer(struct graph *graph, struct node *node, struct value *results) {
    bool integer;
    if (op_check_operands(graph, node, &integer) < 0 || check_counts(graph, node) < 0 ||
        refuse_meanings(graph, node) < 0)
        return -1;
    if (graph_is_integer(node->body) != integer)
        return REFUSE(graph, node, NULL, "the body is not in the arithmetic of its operands");
    for (uint32_t i = 0; i < node->input_count; i++)
        if (check_operand(graph, node, i) < 0) return -1;
    for (uint32_t i = 0; i < carried(node); i++)
        if (check_carried(graph, node, i) < 0) return -1;
    for (uint32_t i = 0; i < node->body->output_count; i++)
        if (set_result(graph, node, i, &results[i]) < 0) return -1;
    return 0;
}

static uint32_t results(const struct node *node) {
    return node->body ? node->body->output_count : 0;
}

/* ---- evaluation: rows of lanes move between the blocks of the graph and those of the body ---- */

struct plan {
    size_t *elements; /* of each body input */
    size_t *given;    /* of each body output */
    size_t *first;    /* of each result among the node's result elements */
    struct loop_place *places;
};

static const void *prepare(const struct graph *graph, const struct node *node, struct arena *arena) {
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->elements = ARENA_ARRAY(arena, size_t, node->input_count);
    plan->given = ARENA_ARRAY(arena, size_t, node->result_count);
    plan->first = ARENA_ARRAY(arena, size_t, node->result_count + 1);
    plan->places = ARENA_ARRAY(arena, struct loop_place, sliced(node) + loop_stacked(node));
    for (uint32_t i = 0; i < node->input_count; i++)
        plan->elements[i] = shape_elements(&graph_value(node->body, body_input(node, i))->shape);
    for (uint32_t i = 0; i < node->result_count; i++) {
        plan->given[i] = shape_elements(&graph_value(node->body, node->body->outputs[i].value)->shape);
        plan->first[i + 1] = plan->first[i] + shape_elements(&op_result(graph, node)[i].shape);
    }
    for (uint32_t i = 0; i < sliced(node) + loop_stacked(node); i++) plan->places[i] = loop_place(graph, node, i);
    return plan;
}

/* The rows of either arithmetic: `size` bytes a number. */
struct rows {
    const struct evaluation *evaluation;
    const struct plan *plan;
    size_t size;
};

static void *row_at(const struct rows *rows, const void *block, size_t element) {
    return (char *)(uintptr_t)block + element * EVENT_LANES * rows->size;
}

static void copy_row(const struct rows *rows, void *to, const void *data, size_t element, size_t element_stride,
                     size_t lane_stride) {
    const char *from = (const char *)data + element * element_stride * rows->size;
    if (lane_stride) {
        memcpy(to, from, EVENT_LANES * rows->size);
        return;
    }
    for (size_t lane = 0; lane < EVENT_LANES; lane++) memcpy((char *)to + lane * rows->size, from, rows->size);
}

static void copy_operand_row(const struct rows *rows, void *to, uint32_t operand, size_t element) {
    const struct evaluation *evaluation = rows->evaluation;
    if (evaluation->integers) {
        const struct integer_operand *from = &evaluation->integers[operand];
        copy_row(rows, to, from->data, element, from->element_stride, from->lane_stride);
    } else {
        const struct real_operand *from = &evaluation->reals[operand];
        copy_row(rows, to, from->data, element, from->element_stride, from->lane_stride);
    }
}

static void *result_row(const struct rows *rows, uint32_t result, size_t element) {
    const struct evaluation *evaluation = rows->evaluation;
    const void *block = evaluation->integers ? (const void *)evaluation->integer_result : evaluation->real_result;
    return row_at(rows, block, rows->plan->first[result] + element);
}

static void load_whole(const struct rows *rows, uint32_t operand) {
    void *to = evaluator_body_input(rows->evaluation->body, operand);
    for (size_t e = 0; e < rows->plan->elements[operand]; e++) copy_operand_row(rows, row_at(rows, to, e), operand, e);
}

static void load_items(const struct rows *rows, int64_t trip) {
    const struct node *node = rows->evaluation->node;
    for (uint32_t i = 0; i < sliced(node); i++) {
        uint32_t operand = carried(node) + i;
        void *to = evaluator_body_input(rows->evaluation->body, operand);
        for (size_t e = 0; e < rows->plan->elements[operand]; e++)
            copy_operand_row(rows, row_at(rows, to, e), operand, loop_element(&rows->plan->places[i], trip, e));
    }
}

static void store(const struct rows *rows, int64_t trip) {
    const struct node *node = rows->evaluation->node;
    for (uint32_t o = 0; o < node->result_count; o++) {
        size_t element_stride, lane_stride;
        const void *data = evaluator_body_output(rows->evaluation->body, o, &element_stride, &lane_stride);
        uint32_t place = sliced(node) + o - carried(node);
        for (size_t e = 0; e < rows->plan->given[o]; e++) {
            size_t to = o < carried(node) ? e : loop_element(&rows->plan->places[place], trip, e);
            copy_row(rows, result_row(rows, o, to), data, e, element_stride, lane_stride);
        }
    }
}

/* All have been stored before any is carried on: an output may be another's input. */
static void carry(const struct rows *rows) {
    for (uint32_t i = 0; i < carried(rows->evaluation->node); i++)
        memcpy(evaluator_body_input(rows->evaluation->body, i), result_row(rows, i, 0),
               rows->plan->elements[i] * EVENT_LANES * rows->size);
}

static void run(const struct evaluation *evaluation, size_t size) {
    const struct node *node = evaluation->node;
    struct rows rows = {evaluation, evaluation->plan, size};
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!loop_is_sliced(node, i)) load_whole(&rows, i);
    for (int64_t trip = 0; trip < node->attributes.loop.trips; trip++) {
        load_items(&rows, trip);
        evaluator_body_run(evaluation->body, evaluation->lanes);
        store(&rows, trip);
        carry(&rows);
    }
}

static void eval_real(const struct evaluation *evaluation) {
    run(evaluation, sizeof(float));
}

static void eval_integer(const struct evaluation *evaluation) {
    run(evaluation, sizeof(int64_t));
}

#define FIELD(member) offsetof(union attributes, loop.member)
static const struct attribute_field fields[] = {
    {"trips", ATTRIBUTE_INT64, FIELD(trips), "items, and runs of the body", NULL},
    {"carried", ATTRIBUTE_INT, FIELD(carried), "operands, the first ones, whose values are carried on", OPS(OP_SCAN)},
    {"sliced", ATTRIBUTE_INT, FIELD(sliced), "operands after them of which each trip reads one item", NULL},
    {"axes", ATTRIBUTE_INTEGERS, FIELD(axes), "of the items, in each sliced operand, then in each stacked result",
     NULL},
    {"reversed", ATTRIBUTE_INTEGERS, FIELD(reversed), "1 for those that go from the last item to the first", NULL},
    {0},
};

const struct op_family loop_family = {
    .name = "loop",
    .infer = infer,
    .prepare = prepare,
    .eval_real = eval_real,
    .eval_integer = eval_integer,
    .fields = fields,
    .results = results,
    .has_body = true,
};
