/* If, Loop and Scan: what a condition that is known chooses, and loops of a known number of trips, written out. */
#include "frontend/onnx/calls.h"

#include <inttypes.h>
#include <string.h>

/* ---- If ---- */

/* -1 and a diagnosis where it is not known. */
static int known_truth(struct onnx_reader *reader, const struct operation *operation, const struct tensor *condition,
                       bool *truth) {
    if (tensor_is_static(condition) && tensor_elements(condition) == 1) {
        *truth = condition->integers ? *condition->integers != 0 : *condition->reals != 0.0f;
        return 0;
    }
    onnx_refuse(reader, operation, "compute both sides and choose by Where", "its condition, '%s', %s",
                condition->name ? condition->name : "",
                tensor_is_static(condition) ? "is not one truth" : "depends on the event");
    return -1;
}

struct tensor *onnx_read_if(struct onnx_reader *reader, const struct operation *operation) {
    bool truth;
    if (known_truth(reader, operation, operation->inputs[0], &truth) < 0) return NULL;
    const char *name = truth ? "then_branch" : "else_branch";
    const Onnx__GraphProto *branch = attribute_graph(reader, operation, name);
    if (!branch) return NULL;
    if (branch->n_output != operation->output_count)
        return onnx_refuse(reader, operation, NULL, "'%s' has %zu outputs, not %u", name, branch->n_output,
                           operation->output_count);
    if (onnx_read_subgraph(reader, operation, truth ? "then" : "else", branch, NULL, 0, operation->results) < 0)
        return NULL;
    return operation->results[0];
}

/* ---- what loops give: results of all trips, joined along a new axis ---- */

static struct tensor *with_axis(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                struct tensor *item, int64_t axis) {
    return call_with_integers(reader, operation, "Unsqueeze", what, item, &axis, 1);
}

static struct tensor *stacked(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor **items, int64_t count, int64_t axis) {
    struct call call = call_new(reader, operation, "Concat");
    axis = onnx_axis(reader, operation, axis, items[0]->shape.rank + 1);
    if (axis < 0) return NULL;
    for (int64_t i = 0; i < count; i++) {
        const char *part = arena_printf(reader->arena, "%s.%" PRId64, what, i);
        call_operand(&call, with_axis(reader, operation, part, items[i], axis));
    }
    call_integer(&call, "axis", axis);
    return count == 1 ? call.operands[0] : call_read(&call, what);
}

/* Of a body's further outputs, the item of each trip. */
struct items {
    struct tensor ***at; /* by output and trip */
    size_t outputs;
    int64_t trips, capacity;
};

static void keep_items(struct onnx_reader *reader, struct items *items, struct tensor *const *results) {
    if (items->trips == items->capacity) {
        int64_t capacity = items->capacity ? 2 * items->capacity : 16;
        for (size_t i = 0; i < items->outputs; i++)
            items->at[i] = arena_grow(reader->arena, items->at[i], (size_t)items->trips * sizeof **items->at,
                                      (size_t)capacity * sizeof **items->at);
        items->capacity = capacity;
    }
    for (size_t i = 0; i < items->outputs; i++) items->at[i][items->trips] = results[i];
    items->trips++;
}

static bool same_shape(struct onnx_reader *reader, const struct operation *operation, struct tensor *const *items,
                       int64_t count) {
    for (int64_t i = 1; i < count; i++)
        if (!shape_equal(&items[i]->shape, &items[0]->shape)) {
            onnx_refuse(reader, operation, NULL, "what trip %" PRId64 " gives has another shape than that of trip 0",
                        i);
            return false;
        }
    return true;
}

/* ---- Loop ---- */

struct loop {
    const Onnx__GraphProto *body;
    int64_t trips; /* at most */
    struct tensor *condition;
    struct tensor **carried; /* behind the trip's number and the condition */
    size_t carried_count;
    struct items items;
};

static struct tensor *loop_operand(const struct operation *operation, uint32_t index) {
    return index < operation->input_count ? operation->inputs[index] : NULL;
}

static bool read_trips(struct onnx_reader *reader, const struct operation *operation, int64_t *trips) {
    size_t count;
    *trips = INT64_MAX;
    if (!loop_operand(operation, 0)) return true;
    const int64_t *given = static_integers(reader, operation, 0, "trip count", &count);
    if (!given) return false;
    *trips = count == 1 ? *given : -1;
    if (count == 1) return true;
    onnx_refuse(reader, operation, NULL, "its trip count is %zu numbers", count);
    return false;
}

static struct tensor *truth_tensor(struct onnx_reader *reader, bool truth) {
    int64_t number = truth;
    struct tensor *tensor = tensor_integers(reader, (struct shape){0}, &number);
    tensor->type = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    return tensor;
}

static bool loop_begin(struct onnx_reader *reader, const struct operation *operation, struct loop *loop) {
    if (!(loop->body = attribute_graph(reader, operation, "body")) || !read_trips(reader, operation, &loop->trips))
        return false;
    loop->condition = loop_operand(operation, 1);
    if (!loop->condition) loop->condition = truth_tensor(reader, true);
    loop->carried_count = operation->proto->n_input > 2 ? operation->proto->n_input - 2 : 0;
    if (loop->body->n_output < 1 + loop->carried_count || loop->body->n_output - 1 != operation->output_count) {
        onnx_refuse(reader, operation, NULL, "its body gives %zu outputs, where %zu are carried and %u come out",
                    loop->body->n_output, loop->carried_count, operation->output_count);
        return false;
    }
    loop->items.outputs = loop->body->n_output - 1 - loop->carried_count;
    loop->items.at = ARENA_ARRAY(reader->arena, struct tensor **, loop->items.outputs + 1);
    loop->carried = ARENA_ARRAY(reader->arena, struct tensor *, loop->carried_count + 3);
    for (size_t i = 0; i < loop->carried_count; i++) {
        loop->carried[2 + i] = loop_operand(operation, (uint32_t)i + 2);
        if (loop->carried[2 + i]) continue;
        onnx_refuse(reader, operation, NULL, "a value that it carries is left out");
        return false;
    }
    return true;
}

static bool loop_trip(struct onnx_reader *reader, const struct operation *operation, struct loop *loop, int64_t trip) {
    struct tensor **results = ARENA_ARRAY(reader->arena, struct tensor *, loop->body->n_output + 1);
    if (trip >= ONNX_UNROLLED_MAX) {
        onnx_refuse(reader, operation, "bxc writes loops out", "it makes more than %d trips", ONNX_UNROLLED_MAX);
        return false;
    }
    loop->carried[0] = tensor_integers(reader, (struct shape){0}, &trip);
    loop->carried[1] = loop->condition;
    if (onnx_read_subgraph(reader, operation, arena_printf(reader->arena, "%" PRId64, trip), loop->body, loop->carried,
                           loop->carried_count + 2, results) < 0)
        return false;
    loop->condition = results[0];
    for (size_t i = 0; i < loop->carried_count; i++) loop->carried[2 + i] = results[1 + i];
    keep_items(reader, &loop->items, results + 1 + loop->carried_count);
    return true;
}

/* Nothing at all, of the type and shape that the body says. */
static struct tensor *no_items(struct onnx_reader *reader, const struct operation *operation, const struct loop *loop,
                               size_t output) {
    const Onnx__ValueInfoProto *info = loop->body->output[1 + loop->carried_count + output];
    if (!info->type || info->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return onnx_refuse(reader, operation, NULL, "it makes no trips, and what would come out of one is no tensor");
    const Onnx__TypeProto__Tensor *type = info->type->tensor_type;
    struct shape shape = {.rank = 1};
    for (size_t i = 0; type->shape && i < type->shape->n_dim && shape.rank < SHAPE_RANK_MAX; i++)
        if (type->shape->dim[i]->dim_value >= 0) shape.dim[shape.rank++] = type->shape->dim[i]->dim_value;
    bool real = type_is_real(type->elem_type);
    struct tensor *none = tensor_new(reader, real ? TENSOR_REALS : TENSOR_INTEGERS, type->elem_type, shape);
    none->reals = real ? ARENA_NEW(reader->arena, float) : NULL;
    none->integers = real ? NULL : ARENA_NEW(reader->arena, int64_t);
    return none;
}

struct tensor *onnx_read_loop(struct onnx_reader *reader, const struct operation *operation) {
    struct loop loop = {.trips = 0};
    bool again = true;
    if (!loop_begin(reader, operation, &loop)) return NULL;
    for (int64_t trip = 0; trip < loop.trips; trip++) {
        if (known_truth(reader, operation, loop.condition, &again) < 0) return NULL;
        if (!again) break;
        if (!loop_trip(reader, operation, &loop, trip)) return NULL;
    }
    for (size_t i = 0; i < loop.carried_count; i++) operation->results[i] = loop.carried[2 + i];
    for (size_t i = 0; i < loop.items.outputs; i++) {
        uint32_t output = (uint32_t)(loop.carried_count + i);
        if (!output_is_read(operation, output)) continue;
        if (loop.items.trips && !same_shape(reader, operation, loop.items.at[i], loop.items.trips)) return NULL;
        operation->results[output] = loop.items.trips
                                         ? stacked(reader, operation, arena_printf(reader->arena, "items_%zu", i),
                                                   loop.items.at[i], loop.items.trips, 0)
                                         : no_items(reader, operation, &loop, i);
        if (!operation->results[output]) return NULL;
    }
    return operation->results[0];
}

/* ---- Scan ---- */

struct scan {
    const Onnx__GraphProto *body;
    struct operation named;           /* by entry of the batch, before opset 9 */
    struct tensor **operands, **read; /* what it carries; then what it reads item by item, and its items */
    size_t carried, sliced, stacked;
    int64_t trips;
    const int64_t *axes, *directions, *result_axes, *result_directions; /* NULL: zeros */
};

static const int64_t *per_operand(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                  size_t wanted, bool *fine) {
    size_t count;
    const int64_t *given = attribute_integers(reader, operation, name, &count);
    if (given && count != SIZE_MAX && count != wanted) {
        onnx_refuse(reader, operation, NULL, "'%s' has %zu numbers, not %zu", name, count, wanted);
        *fine = false;
    }
    *fine &= count != SIZE_MAX;
    for (size_t i = 0; *fine && given && strstr(name, "directions") && i < count; i++)
        if (given[i] != 0 && given[i] != 1) {
            onnx_refuse(reader, operation, NULL, "'%s' holds %" PRId64 ", neither 0 nor 1", name, given[i]);
            *fine = false;
        }
    return given;
}

static bool scan_begin(struct onnx_reader *reader, const struct operation *operation, size_t inputs,
                       struct scan *scan) {
    bool fine = true, old = reader->opset < 9;
    int64_t sliced = attribute_integer(reader, operation, "num_scan_inputs", 0);
    if (!(scan->body = attribute_graph(reader, operation, "body"))) return false;
    if (sliced < 1 || sliced > (int64_t)inputs) {
        onnx_refuse(reader, operation, NULL, "'num_scan_inputs' is %" PRId64 " of %zu operands", sliced, inputs);
        return false;
    }
    scan->sliced = (size_t)sliced;
    scan->carried = inputs - scan->sliced;
    if (scan->body->n_output < scan->carried || scan->body->n_output != operation->output_count) {
        onnx_refuse(reader, operation, NULL, "its body gives %zu outputs, where %zu are carried and %u come out",
                    scan->body->n_output, scan->carried, operation->output_count);
        return false;
    }
    scan->stacked = scan->body->n_output - scan->carried;
    scan->directions =
        per_operand(reader, operation, old ? "directions" : "scan_input_directions", scan->sliced, &fine);
    if (old) return fine;
    scan->axes = per_operand(reader, operation, "scan_input_axes", scan->sliced, &fine);
    scan->result_axes = per_operand(reader, operation, "scan_output_axes", scan->stacked, &fine);
    scan->result_directions = per_operand(reader, operation, "scan_output_directions", scan->stacked, &fine);
    return fine;
}

/* Entry `index` of an axis, which goes. */
static struct tensor *item_of(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *x, int64_t axis, int64_t index) {
    if (!x || refuse_batch_axis(reader, operation, x, axis) < 0) return NULL;
    x = call_slice(reader, operation, arena_printf(reader->arena, "%s.slice", what), x, axis, index, 1);
    return call_with_integers(reader, operation, "Squeeze", what, x, &axis, 1);
}

static int64_t scan_axis(struct onnx_reader *reader, const struct scan *scan, size_t i) {
    return onnx_axis(reader, &scan->named, scan->axes ? scan->axes[i] : 0,
                     scan->operands[scan->carried + i]->shape.rank);
}

static bool scan_trips(struct onnx_reader *reader, struct scan *scan) {
    for (size_t i = 0; i < scan->sliced; i++) {
        int64_t axis = scan_axis(reader, scan, i);
        if (axis < 0) return false;
        int64_t length = scan->operands[scan->carried + i]->shape.dim[axis];
        if (!i) scan->trips = length;
        if (length == scan->trips && length >= 1 && length <= ONNX_UNROLLED_MAX) continue;
        onnx_refuse(reader, &scan->named, "bxc writes loops out",
                    "it makes %" PRId64 " trips along operand %zu, %" PRId64 " along the first, at most %d", length, i,
                    scan->trips, ONNX_UNROLLED_MAX);
        return false;
    }
    return true;
}

static bool scan_trip(struct onnx_reader *reader, struct scan *scan, int64_t trip, struct tensor **results) {
    for (size_t i = 0; i < scan->carried; i++) scan->read[i] = trip ? results[i] : scan->operands[i];
    for (size_t i = 0; i < scan->sliced; i++) {
        bool backwards = scan->directions && scan->directions[i];
        scan->read[scan->carried + i] = item_of(
            reader, &scan->named, arena_printf(reader->arena, "item_%zu_%" PRId64, i, trip),
            scan->operands[scan->carried + i], scan_axis(reader, scan, i), backwards ? scan->trips - 1 - trip : trip);
        if (!scan->read[scan->carried + i]) return false;
    }
    return onnx_read_subgraph(reader, &scan->named, arena_printf(reader->arena, "%" PRId64, trip), scan->body,
                              scan->read, scan->carried + scan->sliced, results) == 0;
}

static struct tensor *scan_result(struct onnx_reader *reader, const struct scan *scan, const struct items *items,
                                  size_t output) {
    struct tensor **all = items->at[output];
    bool backwards = scan->result_directions && scan->result_directions[output];
    if (!same_shape(reader, &scan->named, all, items->trips)) return NULL;
    for (int64_t i = 0; backwards && i < items->trips / 2; i++) {
        struct tensor *kept = all[i];
        all[i] = all[items->trips - 1 - i];
        all[items->trips - 1 - i] = kept;
    }
    return stacked(reader, &scan->named, arena_printf(reader->arena, "items_%zu", output), all, items->trips,
                   scan->result_axes ? scan->result_axes[output] : 0);
}

/* All trips over the operands that it has. */
static bool scan_run(struct onnx_reader *reader, struct scan *scan, struct tensor **results) {
    struct items items = {.outputs = scan->stacked};
    items.at = ARENA_ARRAY(reader->arena, struct tensor **, scan->stacked + 1);
    scan->read = ARENA_ARRAY(reader->arena, struct tensor *, scan->carried + scan->sliced + 1);
    if (!scan_trips(reader, scan)) return false;
    for (int64_t trip = 0; trip < scan->trips; trip++) {
        if (!scan_trip(reader, scan, trip, results)) return false;
        keep_items(reader, &items, results + scan->carried);
    }
    for (size_t i = 0; i < scan->stacked; i++)
        if (!(results[scan->carried + i] = scan_result(reader, scan, &items, i))) return false;
    return true;
}

/* ---- Scan before opset 9: all operands and results begin with the batch, which the body does not see ---- */

static bool whole_sequences(struct onnx_reader *reader, const struct operation *operation, int64_t steps) {
    size_t count;
    if (!operation->inputs[0]) return true;
    const int64_t *lengths = static_integers(reader, operation, 0, "sequence lengths", &count);
    for (size_t i = 0; lengths && i < count; i++)
        if (lengths[i] != steps) {
            onnx_refuse(reader, operation, "give all sequences the whole length",
                        "a sequence of %" PRId64 " steps of %" PRId64, lengths[i], steps);
            return false;
        }
    return lengths != NULL;
}

static struct tensor *entry_of_batch(struct onnx_reader *reader, const struct operation *operation, struct tensor *x,
                                     int64_t index) {
    struct shape shape = {.rank = x->shape.rank - 1};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = x->shape.dim[i + 1];
    if (x->batch_axis > 0 || x->shape.rank < 1)
        return onnx_refuse(reader, operation, NULL, "the batch is not the first axis of what it reads");
    if (x->batch_axis < 0) x = call_slice(reader, operation, "entry", x, 0, index, 1);
    return x ? move_reshape(reader, operation, "entry", x, shape, -1) : NULL;
}

static bool join_batch(struct onnx_reader *reader, const struct operation *operation, struct tensor ***results,
                       int64_t batch, bool events) {
    struct tensor **entries = ARENA_ARRAY(reader->arena, struct tensor *, (size_t)batch + 1);
    for (uint32_t o = 0; o < operation->output_count; o++) {
        for (int64_t b = 0; b < batch; b++) entries[b] = results[b][o];
        operation->results[o] =
            stacked(reader, operation, arena_printf(reader->arena, "batch_%u", o), entries, batch, 0);
        if (!operation->results[o]) return false;
        if (events && operation->results[o]->depends) operation->results[o]->batch_axis = 0;
    }
    return true;
}

static struct tensor *read_batched_scan(struct onnx_reader *reader, const struct operation *operation) {
    size_t inputs = operation->input_count - 1;
    struct scan scan = {.named = *operation};
    if (operation->input_count < 2) return onnx_refuse(reader, operation, NULL, "there is nothing that it reads");
    if (!scan_begin(reader, operation, inputs, &scan)) return NULL;
    const struct shape *first = &operation->inputs[1 + scan.carried]->shape;
    int64_t batch = first->rank ? first->dim[0] : 0;
    if (first->rank < 2 || batch < 1 || batch > ONNX_UNROLLED_MAX)
        return onnx_refuse(reader, operation, NULL, "what it reads has no batch and no sequence");
    if (!whole_sequences(reader, operation, first->dim[1])) return NULL;
    struct tensor ***results = ARENA_ARRAY(reader->arena, struct tensor **, (size_t)batch + 1);
    scan.operands = ARENA_ARRAY(reader->arena, struct tensor *, inputs + 1);
    for (int64_t b = 0; b < batch; b++) {
        if (batch > 1) scan.named.name = arena_printf(reader->arena, "%s.%" PRId64, operation->name, b);
        results[b] = ARENA_ARRAY(reader->arena, struct tensor *, operation->output_count + 1);
        for (size_t i = 0; i < inputs; i++)
            if (!(scan.operands[i] = entry_of_batch(reader, &scan.named, operation->inputs[i + 1], b))) return NULL;
        if (!scan_run(reader, &scan, results[b])) return NULL;
    }
    return join_batch(reader, operation, results, batch, !reader->whole_tensors) ? operation->results[0] : NULL;
}

struct tensor *onnx_read_scan(struct onnx_reader *reader, const struct operation *operation) {
    struct scan scan = {.named = *operation, .operands = operation->inputs};
    for (uint32_t i = reader->opset < 9; i < operation->input_count; i++)
        if (!operation->inputs[i]) return onnx_refuse(reader, operation, NULL, "operand %u is left out", i);
    if (reader->opset < 9) return read_batched_scan(reader, operation);
    if (!scan_begin(reader, operation, operation->input_count, &scan)) return NULL;
    return scan_run(reader, &scan, operation->results) ? operation->results[0] : NULL;
}
