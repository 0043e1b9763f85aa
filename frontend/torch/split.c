/* One tensor becomes several along an axis. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

/* All results, of those lengths; unbind: without the axis. */
static struct tensor *parts(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                            const int64_t *lengths, bool without) {
    int64_t start = 0;
    for (uint32_t i = 0; i < operation->output_count; start += lengths[i++]) {
        if (!output_is_read(operation, i)) continue;
        const char *name = arena_printf(reader->arena, without ? "slice_%u" : "part_%u", i);
        struct tensor *part = call_slice(reader, operation, name, torch_self(operation), axis, start, lengths[i]);
        if (without)
            part = call_with_integers(reader, operation, "Squeeze", arena_printf(reader->arena, "part_%u", i), part,
                                      &axis, 1);
        if (!(operation->results[i] = part)) return NULL;
    }
    return operation->results[0];
}

static struct tensor *split_into(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                                 const int64_t *lengths, size_t count) {
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += lengths[i];
    if (count == operation->output_count && sum == torch_self(operation)->shape.dim[axis])
        return parts(reader, operation, axis, lengths, false);
    return onnx_refuse(reader, operation, NULL, "%zu parts of %" PRId64 " entries together do not go with %u results",
                       count, sum, operation->output_count);
}

static int64_t split_axis(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = torch_self(operation);
    int64_t axis = onnx_axis(reader, operation, torch_integer(reader, operation, "dim", 0), x->shape.rank);
    if (axis < 0 || x->batch_axis != axis) return axis;
    onnx_refuse(reader, operation, NULL, "it splits along the batch");
    return -1;
}

/* Parts of `each` entries, the last one perhaps shorter. */
static struct tensor *split_each(struct onnx_reader *reader, const struct operation *operation, int64_t axis,
                                 int64_t each) {
    const int64_t length = torch_self(operation)->shape.dim[axis];
    if (each < 1) return onnx_refuse(reader, operation, NULL, "parts of %" PRId64 " entries", each);
    const size_t count = (size_t)((length + each - 1) / each);
    int64_t *lengths = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) lengths[i] = i + 1 < count ? each : length - each * (int64_t)(count - 1);
    return split_into(reader, operation, axis, lengths, count);
}

struct tensor *torch_read_split(struct onnx_reader *reader, const struct operation *operation) {
    int count;
    const int64_t axis = split_axis(reader, operation);
    if (axis < 0) return NULL;
    if (torch_has(operation, "split_size"))
        return split_each(reader, operation, axis, torch_integer(reader, operation, "split_size", 0));
    const int64_t *list = torch_integer_list(reader, operation, "split_sizes", &count);
    return count < 0 ? NULL : split_into(reader, operation, axis, list, (size_t)count);
}

/* Into so many parts, the first ones an entry longer; or before each of the indices. */
struct tensor *torch_read_tensor_split(struct onnx_reader *reader, const struct operation *operation) {
    int count;
    const int64_t axis = split_axis(reader, operation);
    if (axis < 0) return NULL;
    const int64_t length = torch_self(operation)->shape.dim[axis];
    const int64_t *at = torch_integer_list(reader, operation, "indices", &count);
    const int64_t parts_wanted =
        torch_has(operation, "sections") ? torch_integer(reader, operation, "sections", 1) : count + 1;
    if (count < 0) return NULL;
    if (parts_wanted != operation->output_count)
        return onnx_refuse(reader, operation, NULL, "%" PRId64 " parts for %u results", parts_wanted,
                           operation->output_count);
    int64_t *lengths = ARENA_ARRAY(reader->arena, int64_t, (size_t)parts_wanted + 1), start = 0;
    for (int64_t i = 0; i < parts_wanted; i++) {
        const int64_t end = i + 1 == parts_wanted ? length : count ? at[i] : 0;
        lengths[i] = count ? end - start : length / parts_wanted + (i < length % parts_wanted);
        if (lengths[i] < 1) return onnx_refuse(reader, operation, NULL, "part %" PRId64 " has no entries", i);
        start = end;
    }
    return split_into(reader, operation, axis, lengths, (size_t)parts_wanted);
}

struct tensor *torch_read_chunk(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = split_axis(reader, operation), chunks = torch_integer(reader, operation, "chunks", 1);
    if (axis < 0) return NULL;
    if (chunks < 1) return onnx_refuse(reader, operation, NULL, "%" PRId64 " chunks", chunks);
    return split_each(reader, operation, axis, (torch_self(operation)->shape.dim[axis] + chunks - 1) / chunks);
}

struct tensor *torch_read_unbind(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = split_axis(reader, operation);
    if (axis < 0) return NULL;
    const int64_t length = torch_self(operation)->shape.dim[axis];
    int64_t *ones = ARENA_ARRAY(reader->arena, int64_t, (size_t)length + 1);
    for (int64_t i = 0; i < length; i++) ones[i] = 1;
    if (length == operation->output_count) return parts(reader, operation, axis, ones, true);
    return onnx_refuse(reader, operation, NULL, "%" PRId64 " entries do not go with %u results", length,
                       operation->output_count);
}
