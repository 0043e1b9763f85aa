/* BitShift by known numbers of bits: a multiplication by powers of two, without the bits that fall out at either end.
 */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool read_direction(struct onnx_reader *reader, const struct operation *operation, bool *left) {
    const char *direction = attribute_text(reader, operation, "direction");
    *left = direction && !strcmp(direction, "LEFT");
    if (direction && (*left || !strcmp(direction, "RIGHT"))) return true;
    onnx_refuse(reader, operation, NULL, "its direction is not 'LEFT' or 'RIGHT'");
    return false;
}

static struct tensor *shift_known(struct onnx_reader *reader, const struct operation *operation, bool left) {
    const struct tensor *x = operation->inputs[0], *bits = operation->inputs[1];
    struct shape shape;
    if (!shape_broadcast(&x->shape, &bits->shape, &shape))
        return onnx_refuse(reader, operation, NULL, "shapes do not go together");
    if (!onnx_made_size(reader, operation, &shape)) return NULL;
    struct tensor *result = tensor_new(reader, TENSOR_INTEGERS, x->type, shape);
    size_t count = shape_elements(&shape);
    result->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = (uint64_t)x->integers[shape_project(&shape, i, &x->shape)];
        uint64_t by = (uint64_t)bits->integers[shape_project(&shape, i, &bits->shape)];
        number = by > 63 ? 0 : left ? number << by : number >> by;
        result->integers[i] = type_wrap(x->type, (int64_t)number);
    }
    return result;
}

/* 2^bits, or 2^-bits. */
static struct tensor *factors(struct onnx_reader *reader, const struct operation *operation, bool left) {
    const struct tensor *bits = operation->inputs[1];
    struct tensor *powers = onnx_number(reader, operation, "power", 0);
    powers->shape = bits->shape;
    powers->reals = ARENA_ARRAY(reader->arena, float, tensor_elements(bits) + 1);
    for (size_t i = 0; i < tensor_elements(bits); i++) {
        int64_t by = bits->integers[i];
        if (by < 0 || by > 63)
            return onnx_refuse(reader, operation, NULL, "a shift by %" PRId64 " bits, not from 0 to 63", by);
        powers->reals[i] = ldexpf(1, left ? (int)by : -(int)by);
    }
    return powers;
}

/* What is below 1, or beyond the type, is lost. */
static struct tensor *shift_computed(struct onnx_reader *reader, const struct operation *operation, bool left) {
    const int type = operation->inputs[0]->type;
    const struct format format = {.width = (int16_t)(8 * onnx_type_bytes(type))};
    union attributes attributes = {.quantizer = {.rounding = ROUND_TRUNCATE, .overflow = OVERFLOW_WRAP}};
    attributes.quantizer.formats = formats_uniform(reader->arena, format);
    struct tensor *pair[] = {operation->inputs[0], factors(reader, operation, left)};
    int batch = pair[1] ? broadcast_batch(reader, operation, pair, 2) : -2;
    if (batch == -2) return NULL;
    struct tensor *moved = onnx_emit_tensor(reader, operation, OP_MUL, "moved", pair, 2, NULL, batch);
    struct tensor *result =
        moved ? onnx_emit_tensor(reader, operation, OP_NARROW, NULL, &moved, 1, &attributes, batch) : NULL;
    if (result) result->type = type;
    return result;
}

struct tensor *onnx_read_bit_shift(struct onnx_reader *reader, const struct operation *operation) {
    const struct tensor *x = operation->inputs[0], *bits = operation->inputs[1];
    bool left;
    if (!read_direction(reader, operation, &left)) return NULL;
    if (bits->state != TENSOR_INTEGERS)
        return onnx_refuse(reader, operation, "export the model with constant shifts",
                           "by how many bits it shifts depends on the event");
    if (x->state == TENSOR_INTEGERS) return shift_known(reader, operation, left);
    if (x->type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT8 && x->type != ONNX__TENSOR_PROTO__DATA_TYPE__UINT16)
        return onnx_refuse(reader, operation, "take uint8 or uint16", "a shift of %s numbers: bxc computes in binary32",
                           onnx_type_name(x->type));
    return shift_computed(reader, operation, left);
}
