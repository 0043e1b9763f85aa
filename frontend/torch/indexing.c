/* Which elements stand where: by places that are known, and by rank. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static int64_t axis_of(struct onnx_reader *reader, const struct operation *operation, int64_t otherwise) {
    return onnx_axis(reader, operation, torch_integer(reader, operation, "dim", otherwise),
                     torch_self(operation)->shape.rank);
}

static struct tensor *gathered(struct onnx_reader *reader, const struct operation *operation, const char *part,
                               struct tensor *x, int64_t axis, struct tensor *indices) {
    struct call call = call_new(reader, operation, "Gather");
    call_operand(&call, x);
    call_operand(&call, indices);
    call_integer(&call, "axis", axis);
    return call_read(&call, part);
}

/* ---- by rank ---- */

/* topk and sort: the numbers, and where they stood. */
struct tensor *torch_read_topk(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = torch_self(operation);
    bool sort = !torch_has(operation, "k");
    const int64_t axis = axis_of(reader, operation, -1);
    if (axis < 0) return NULL;
    const int64_t count = sort ? x->shape.dim[axis] : torch_integer(reader, operation, "k", 1);
    struct call call = call_new(reader, operation, "TopK");
    call_operand(&call, torch_self(operation));
    call_operand(&call, integers_vector(reader, &count, 1));
    call_integer(&call, "axis", axis);
    call_integer(&call, "largest", torch_flag(operation, sort ? "descending" : "largest", !sort));
    static const bool places[] = {false, true};
    if (strstr(torch_node_of(operation)->operator->name, "argsort")) {
        struct tensor **all = call_results(&call, NULL, 2, places);
        return all ? all[1] : NULL;
    }
    struct tensor **results = call_results(&call, NULL, operation->output_count, operation->outputs_read);
    if (!results) return NULL;
    for (uint32_t i = 0; i < operation->output_count; i++) operation->results[i] = results[i];
    return results[0];
}

static struct tensor *over_axis(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                                const char *part, bool attribute) {
    const int64_t axis = axis_of(reader, operation, 0);
    struct call call = call_new(reader, operation, op_type);
    if (axis < 0) return NULL;
    call_operand(&call, torch_self(operation));
    if (attribute) call_integer(&call, "axis", axis);
    if (!attribute) call_operand(&call, integers_vector(reader, &axis, 1));
    call_integer(&call, "keepdims", torch_flag(operation, "keepdim", false));
    return call_read(&call, part);
}

/* Of two tensors, of all elements, or along an axis with where it stood. */
struct tensor *torch_read_extreme(struct onnx_reader *reader, const struct operation *operation) {
    bool most = !strcmp(torch_node_of(operation)->operator->onnx, "Max");
    if (torch_has(operation, "other")) return torch_read_binary(reader, operation);
    if (!torch_has(operation, "dim"))
        return call_with_integers(
            reader, operation, "Squeeze", NULL,
            call_unary(reader, operation, most ? "ReduceMax" : "ReduceMin", "all", torch_self(operation)), NULL, 0);
    if (output_is_read(operation, 1) &&
        !(operation->results[1] = over_axis(reader, operation, most ? "ArgMax" : "ArgMin", "at", true)))
        return NULL;
    return output_is_read(operation, 0) ? over_axis(reader, operation, most ? "ReduceMax" : "ReduceMin", NULL, false)
                                        : NULL;
}

struct tensor *torch_read_cumsum(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = axis_of(reader, operation, 0);
    struct tensor *x = torch_as_asked(reader, operation);
    if (axis < 0) return NULL;
    return call_binary(reader, operation, "CumSum", NULL, x, tensor_integers(reader, (struct shape){0}, &axis));
}

/* ---- by places ---- */

struct tensor *torch_read_index_select(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = axis_of(reader, operation, 0);
    return axis < 0 ? NULL
                    : gathered(reader, operation, NULL, torch_self(operation), axis, torch_tensor(operation, "index"));
}

struct tensor *torch_read_gather(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = axis_of(reader, operation, 0);
    struct call call = call_new(reader, operation, "GatherElements");
    if (axis < 0) return NULL;
    call_operand(&call, torch_self(operation));
    call_operand(&call, torch_tensor(operation, "index"));
    call_integer(&call, "axis", axis);
    return call_read(&call, NULL);
}

/* Where each element of the result stands among axes [first, first + count), which become one. */
static struct tensor *joined_places(struct onnx_reader *reader, const struct operation *operation,
                                    struct tensor *const *places, const struct shape *of, size_t first, size_t count) {
    struct shape shape = places[first]->shape;
    for (size_t i = first + 1; i < first + count; i++)
        if (!shape_broadcast(&shape, &places[i]->shape, &shape))
            return onnx_refuse(reader, operation, NULL, "the shapes of its indices do not broadcast");
    struct tensor *joined = torch_filled(reader, shape, TYPE(INT64), 0);
    for (size_t e = 0; e < shape_elements(&shape); e++)
        for (size_t i = first; i < first + count; i++) {
            int64_t at = places[i]->integers[shape_project(&shape, e, &places[i]->shape)];
            if (at < -of->dim[i] || at >= of->dim[i])
                return onnx_refuse(reader, operation, NULL, "index %" PRId64 " is out of range for axis %zu", at, i);
            joined->integers[e] = joined->integers[e] * of->dim[i] + (at < 0 ? at + of->dim[i] : at);
        }
    return joined;
}

/* Several places: axes side by side become one, of which is taken. */
static struct tensor *index_several(struct onnx_reader *reader, const struct operation *operation,
                                    struct tensor *const *places, size_t first, size_t count) {
    const struct tensor *x = torch_self(operation);
    struct shape joined = {.rank = x->shape.rank - (int)count + 1};
    for (size_t i = first; i < first + count; i++)
        if (!places[i] || places[i]->state != TENSOR_INTEGERS || places[i]->type == TYPE(BOOL))
            return onnx_refuse(reader, operation, "index with constants, on axes side by side",
                               "it indexes several axes at once by what is no constant, or with others in between");
    if (x->batch_axis >= (int)first && x->batch_axis < (int)(first + count))
        return onnx_refuse(reader, operation, NULL, "it indexes the batch: events would mix");
    for (int i = 0, from = 0; i < joined.rank; i++) {
        joined.dim[i] = 1;
        const int taken = i == (int)first ? (int)count : 1;
        for (int k = 0; k < taken; k++) joined.dim[i] *= x->shape.dim[from++];
    }
    struct tensor *at = joined_places(reader, operation, places, &x->shape, first, count);
    struct tensor *flat = call_with_integers(reader, operation, "Reshape", "joined", torch_self(operation), joined.dim,
                                             (size_t)joined.rank);
    return at && flat ? gathered(reader, operation, NULL, flat, (int64_t)first, at) : NULL;
}

struct tensor *torch_read_index(struct onnx_reader *reader, const struct operation *operation) {
    size_t count, first = 0, last = 0;
    struct tensor **places = torch_places(reader, operation, "indices", &count);
    if (count > (size_t)torch_self(operation)->shape.rank)
        return onnx_refuse(reader, operation, NULL, "%zu indices for %d axes", count,
                           torch_self(operation)->shape.rank);
    while (first < count && !places[first]) first++;
    for (size_t i = 0; i < count; i++)
        if (places[i]) last = i;
    if (first == count) return torch_self(operation);
    if (places[first]->type == TYPE(BOOL))
        return onnx_refuse(reader, operation, "use torch.where, which keeps the shape",
                           "it takes elements by truths, as many as there are");
    if (last == first) return gathered(reader, operation, NULL, torch_self(operation), (int64_t)first, places[first]);
    return index_several(reader, operation, places, first, last - first + 1);
}

/* Entries from[0], from[1], ... along an axis. */
static struct tensor *ordered(struct onnx_reader *reader, const struct operation *operation, const char *part,
                              struct tensor *x, int64_t axis, const int64_t *from, int64_t count) {
    return gathered(reader, operation, part, x, axis, integers_vector(reader, from, (size_t)count));
}

/* roll, flip: by axis. */
static struct tensor *turned(struct onnx_reader *reader, const struct operation *operation, const char *list,
                             const int64_t *shifts) {
    int64_t axes[SHAPE_RANK_MAX];
    struct tensor *x = torch_self(operation);
    int count = torch_integers(reader, operation, list, axes);
    if (count < 1) return count < 0 ? NULL : onnx_refuse(reader, operation, "say along which axes", "it says no axes");
    for (int i = 0; x && i < count; i++) {
        const int64_t axis = onnx_axis(reader, operation, axes[i], x->shape.rank);
        if (axis < 0) return NULL;
        const int64_t length = x->shape.dim[axis];
        int64_t *from = ARENA_ARRAY(reader->arena, int64_t, (size_t)length + 1);
        for (int64_t k = 0; k < length; k++)
            from[k] = shifts ? ((k - shifts[i]) % length + length) % length : length - 1 - k;
        const char *part = i + 1 < count ? arena_printf(reader->arena, "axis_%" PRId64, axis) : NULL;
        x = ordered(reader, operation, part, x, axis, from, length);
    }
    return x;
}

struct tensor *torch_read_roll(struct onnx_reader *reader, const struct operation *operation) {
    int64_t shifts[SHAPE_RANK_MAX], axes[SHAPE_RANK_MAX];
    int count = torch_integers(reader, operation, "shifts", shifts);
    if (count < 0) return NULL;
    if (torch_integers(reader, operation, "dims", axes) != count)
        return onnx_refuse(reader, operation, "say along which axes", "its shifts are not one an axis");
    return turned(reader, operation, "dims", shifts);
}

struct tensor *torch_read_flip(struct onnx_reader *reader, const struct operation *operation) {
    return turned(reader, operation, "dims", NULL);
}

/* Each entry so many times, one after the other. */
struct tensor *torch_read_repeat_interleave(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t axis = axis_of(reader, operation, 0), times = torch_integer(reader, operation, "repeats", 1);
    if (axis < 0) return NULL;
    const int64_t length = torch_self(operation)->shape.dim[axis];
    if (!torch_has(operation, "dim") || times < 1 || times > ONNX_MADE_MAX / (length + 1))
        return onnx_refuse(reader, operation, NULL, "it repeats %" PRId64 " times, or along no axis", times);
    int64_t *from = ARENA_ARRAY(reader->arena, int64_t, (size_t)(length * times) + 1);
    for (int64_t k = 0; k < length * times; k++) from[k] = k / times;
    return ordered(reader, operation, NULL, torch_self(operation), axis, from, length * times);
}

/* New axes stand in front. */
struct tensor *torch_read_repeat(struct onnx_reader *reader, const struct operation *operation) {
    int64_t times[SHAPE_RANK_MAX], shape[SHAPE_RANK_MAX];
    struct tensor *x = torch_self(operation);
    int count = torch_integers(reader, operation, torch_has(operation, "repeats") ? "repeats" : "dims", times);
    if (count < 0) return NULL;
    int rank = x->shape.rank > count ? x->shape.rank : count;
    for (int i = 0; i < rank; i++) shape[i] = i < rank - x->shape.rank ? 1 : x->shape.dim[i - (rank - x->shape.rank)];
    for (int i = rank; i-- > 0;) times[i] = i < rank - count ? 1 : times[i - (rank - count)];
    if (rank > x->shape.rank) x = call_with_integers(reader, operation, "Reshape", "axes", x, shape, (size_t)rank);
    return call_with_integers(reader, operation, "Tile", NULL, x, times, (size_t)rank);
}

/* Of what is known, infinities too: zeros beside the triangle. */
static struct tensor *known_triangle(struct onnx_reader *reader, const struct tensor *x, int64_t diagonal, bool upper) {
    const int rank = x->shape.rank;
    const int64_t columns = x->shape.dim[rank - 1], rows = x->shape.dim[rank - 2];
    struct tensor *result = torch_filled(reader, x->shape, x->type, 0);
    for (size_t i = 0; i < tensor_elements(x); i++) {
        const int64_t off = (int64_t)i % columns - (int64_t)i / columns % rows;
        if (upper ? off < diagonal : off > diagonal) continue;
        if (result->reals) result->reals[i] = x->reals[i];
        if (result->integers) result->integers[i] = x->integers[i];
    }
    return result;
}

struct tensor *torch_read_triangle(struct onnx_reader *reader, const struct operation *operation) {
    const int64_t diagonal = torch_integer(reader, operation, "diagonal", 0);
    struct tensor *x = torch_self(operation);
    bool upper = strstr(torch_node_of(operation)->operator->name, "triu") != NULL;
    if (x->shape.rank < 2) return onnx_refuse(reader, operation, NULL, "its operand is no matrix");
    if (tensor_is_static(x) && type_is_real(x->type) == (x->reals != NULL))
        return known_triangle(reader, x, diagonal, upper);
    struct call call = call_new(reader, operation, "Trilu");
    call_operand(&call, x);
    call_operand(&call, tensor_integers(reader, (struct shape){0}, &diagonal));
    call_integer(&call, "upper", upper);
    return call_read(&call, NULL);
}

struct tensor *torch_read_one_hot(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t off_on[] = {0, 1};
    const int64_t classes = torch_integer(reader, operation, "num_classes", -1);
    if (classes < 1) return onnx_refuse(reader, operation, "say num_classes", "it says no number of classes");
    struct call call = call_new(reader, operation, "OneHot");
    call_operand(&call, torch_self(operation));
    call_operand(&call, tensor_integers(reader, (struct shape){0}, &classes));
    call_operand(&call, integers_vector(reader, off_on, 2));
    return call_read(&call, NULL);
}
