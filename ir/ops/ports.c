/* Where numbers come from: the model's inputs and its constants. Nothing is computed here; the
 * evaluator puts events and constants in place. */
#include "ir/ops/families.h"

#include <math.h>

static int check_meaning(const struct graph *graph, const struct node *node, const struct meaning *meaning,
                         const struct shape *shape) {
    struct shape wide;
    if (!meaning->scale && !meaning->zero_point) return 0;
    if (meaning->shape.rank < 0 || meaning->shape.rank > SHAPE_RANK_MAX ||
        !shape_broadcast(&meaning->shape, shape, &wide) || !shape_equal(&wide, shape))
        return REFUSE(graph, node, NULL, "scale and zero point do not broadcast to the shape");
    size_t count = shape_elements(&meaning->shape);
    for (size_t i = 0; i < count; i++) {
        if (meaning->scale && !(isfinite(meaning->scale[i]) && meaning->scale[i] != 0.0))
            return REFUSE(graph, node, NULL, "scale %zu is zero or not finite", i);
        if (meaning->zero_point && !isfinite(meaning->zero_point[i]))
            return REFUSE(graph, node, NULL, "zero point %zu is not finite", i);
    }
    return 0;
}

static int check_step(const struct graph *graph, const struct node *node, const struct port_step *step, uint32_t index,
                      const struct shape *shape) {
    struct shape wide;
    if ((unsigned)step->operation >= PORT_OPERATION_COUNT)
        return REFUSE(graph, node, NULL, "step %u has an unknown operation", index);
    if (step->shape.rank < 0 || step->shape.rank > SHAPE_RANK_MAX || !shape_broadcast(&step->shape, shape, &wide) ||
        !shape_equal(&wide, shape))
        return REFUSE(graph, node, NULL, "the constants of step %u do not broadcast to the shape", index);
    for (size_t i = 0; i < shape_elements(&step->shape); i++) {
        if (!isfinite(step->constants[i]))
            return REFUSE(graph, node, NULL, "constant %zu of step %u is not finite", i, index);
        if (step->operation != PORT_ADD && step->constants[i] == 0)
            return REFUSE(graph, node, NULL, "step %u (%s) has a constant that is zero, %zu", index,
                          port_operation_names[step->operation], i);
    }
    return 0;
}

/* None of them makes NaN of a number: constants are finite, and nothing is multiplied or divided by 0. */
static int check_steps(const struct graph *graph, const struct node *node, const struct input_attributes *input) {
    if (input->steps.count && !input->meaning.scale)
        return REFUSE(graph, node, NULL, "an input with steps needs a meaning, which says what they make");
    for (uint32_t s = 0; s < input->steps.count; s++)
        if (check_step(graph, node, &input->steps.at[s], s, &input->shape)) return -1;
    return 0;
}

/* Pins take any pattern, whatever the rule that makes integers of real numbers leaves out. */
static void set_port_intervals(struct graph *graph, const struct input_attributes *input, struct value *result) {
    size_t count = shape_elements(&result->shape);
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    for (size_t i = 0; i < count; i++) intervals[i] = format_interval(op_formats_at(&input->formats, &input->shape, i));
    op_set_intervals(graph, result, intervals);
    arena_free(scratch);
}

static int infer_input(struct graph *graph, struct node *node, struct value *result) {
    const struct input_attributes *input = &node->attributes.input;
    bool integer = input->formats.at != NULL;
    if (op_set_shape(graph, node, result, &input->shape, integer)) return -1;
    if (!integer) return 0;
    if ((unsigned)input->rounding >= ROUNDING_COUNT || (unsigned)input->overflow >= OVERFLOW_COUNT)
        return REFUSE(graph, node, NULL, "unknown rounding or overflow");
    if (op_check_formats(graph, node, &input->formats, &input->shape) ||
        check_meaning(graph, node, &input->meaning, &input->shape) || check_steps(graph, node, input))
        return -1;
    result->formats = input->formats;
    set_port_intervals(graph, input, result);
    return 0;
}

static int infer_reals(const struct graph *graph, const struct node *node) {
    const struct constant_attributes *constant = &node->attributes.constant;
    size_t count = shape_elements(&constant->shape);
    if (!constant->reals) return REFUSE(graph, node, NULL, "the constant has no data");
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(constant->reals[i]))
            return REFUSE(graph, node, NULL, "constant '%s' is %s at element %zu", node->name ? node->name : "?",
                          isnan(constant->reals[i]) ? "NaN" : "infinite", i);
    }
    return 0;
}

static int infer_integers(struct graph *graph, struct node *node, struct value *result) {
    const struct constant_attributes *constant = &node->attributes.constant;
    if (op_check_formats(graph, node, &constant->formats, &constant->shape)) return -1;
    size_t count = shape_elements(&constant->shape);
    struct arena *scratch = arena_new(graph->context);
    struct interval *intervals = ARENA_ARRAY(scratch, struct interval, count);
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        int64_t integer = constant->integers[i];
        intervals[i] = (struct interval){integer, integer};
        if (!interval_fits(intervals[i], op_formats_at(&constant->formats, &constant->shape, i)))
            status =
                REFUSE(graph, node, NULL, "constant %lld at element %zu is outside its format", (long long)integer, i);
    }
    if (status == 0) {
        result->formats = constant->formats;
        op_set_intervals(graph, result, intervals);
    }
    arena_free(scratch);
    return status;
}

/* Shapes and indices, which no hardware carries, may be empty. */
static int infer_other(const struct graph *graph, const struct node *node, struct value *result) {
    const struct constant_attributes *constant = &node->attributes.constant;
    struct shape shape = constant->shape;
    for (int axis = 0; axis < shape.rank && axis < SHAPE_RANK_MAX; axis++) shape.dim[axis] += shape.dim[axis] == 0;
    if (op_set_shape(graph, node, result, &shape, true)) return -1;
    result->shape = constant->shape;
    result->kind = constant->kind;
    if (!constant->integers && shape_elements(&constant->shape))
        return REFUSE(graph, node, NULL, "the constant has no data");
    return 0;
}

static int infer_constant(struct graph *graph, struct node *node, struct value *result) {
    const struct constant_attributes *constant = &node->attributes.constant;
    if ((unsigned)constant->kind > VALUE_BOOLEAN) return REFUSE(graph, node, NULL, "unknown kind of constant");
    if (constant->kind == VALUE_INDEX || constant->kind == VALUE_BOOLEAN) return infer_other(graph, node, result);
    bool integer = constant->kind == VALUE_INTEGER;
    if (op_set_shape(graph, node, result, &constant->shape, integer)) return -1;
    if (!integer) return infer_reals(graph, node);
    if (!constant->integers) return REFUSE(graph, node, NULL, "the constant has no data");
    return infer_integers(graph, node, result);
}

static int infer(struct graph *graph, struct node *node, struct value *result) {
    bool integer;
    if (op_check_operands(graph, node, &integer)) return -1;
    return node->op == OP_INPUT ? infer_input(graph, node, result) : infer_constant(graph, node, result);
}

static const struct attribute_field fields[] = {
    {"shape", ATTRIBUTE_SHAPE, offsetof(union attributes, input.shape), "shape of one event", OPS(OP_INPUT)},
    {"formats", ATTRIBUTE_FORMATS, offsetof(union attributes, input.formats), "formats of the port", OPS(OP_INPUT)},
    {"rounding", ATTRIBUTE_ROUNDING, offsetof(union attributes, input.rounding),
     "how a real number is rounded to the port", OPS(OP_INPUT)},
    {"overflow", ATTRIBUTE_OVERFLOW, offsetof(union attributes, input.overflow),
     "what happens to a real number outside the port", OPS(OP_INPUT)},
    {"meaning", ATTRIBUTE_MEANING, offsetof(union attributes, input.meaning), "scale and zero point of the port",
     OPS(OP_INPUT)},
    {"steps", ATTRIBUTE_STEPS, offsetof(union attributes, input.steps),
     "what the port computes in place of x / scale + zero point", OPS(OP_INPUT)},
    {"value", ATTRIBUTE_CONSTANT, offsetof(union attributes, constant), "the numbers", OPS(OP_CONSTANT)},
    {0},
};

const struct op_family ports_family = {.name = "ports", .infer = infer, .fields = fields};
