/* TensorProto of TensorFlow, told as one of ONNX: the same numbers as raw bytes. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const struct {
    int type;    /* TensorFlow's DataType */
    int element; /* ONNX's */
} types[] = {
    {1, TYPE(FLOAT)},    {2, TYPE(DOUBLE)},  {3, TYPE(INT32)},   {4, TYPE(UINT8)},     {5, TYPE(INT16)},
    {6, TYPE(INT8)},     {9, TYPE(INT64)},   {10, TYPE(BOOL)},   {14, TYPE(BFLOAT16)}, {17, TYPE(UINT16)},
    {19, TYPE(FLOAT16)}, {22, TYPE(UINT32)}, {23, TYPE(UINT64)},
};
enum { TYPES = sizeof types / sizeof *types };

int tf_element_type(int type) {
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == type) return types[i].element;
    return TYPE(UNDEFINED);
}

/* The numbers that a list of the file holds. */
struct listed {
    size_t count;
    const void *numbers;
    size_t size; /* bytes of one there */
};

static struct listed listed_numbers(const Tensorflow__TensorProto *proto, int element) {
    switch (element) {
    case TYPE(FLOAT): return (struct listed){proto->n_float_val, proto->float_val, sizeof *proto->float_val};
    case TYPE(DOUBLE): return (struct listed){proto->n_double_val, proto->double_val, sizeof *proto->double_val};
    case TYPE(INT64): return (struct listed){proto->n_int64_val, proto->int64_val, sizeof *proto->int64_val};
    case TYPE(UINT64): return (struct listed){proto->n_uint64_val, proto->uint64_val, sizeof *proto->uint64_val};
    case TYPE(UINT32): return (struct listed){proto->n_uint32_val, proto->uint32_val, sizeof *proto->uint32_val};
    case TYPE(BOOL): return (struct listed){proto->n_bool_val, proto->bool_val, sizeof *proto->bool_val};
    case TYPE(FLOAT16):
    case TYPE(BFLOAT16): return (struct listed){proto->n_half_val, proto->half_val, sizeof *proto->half_val};
    default: return (struct listed){proto->n_int_val, proto->int_val, sizeof *proto->int_val};
    }
}

static int tensor_shape(struct onnx_reader *reader, const struct operation *operation,
                        const Tensorflow__TensorShapeProto *stored, Onnx__TensorProto *proto, size_t *count) {
    size_t rank = stored ? stored->n_dim : 0;
    *count = 1;
    if (rank > SHAPE_RANK_MAX || (stored && stored->unknown_rank)) {
        onnx_refuse(reader, operation, NULL, "the tensor has no known rank, or more than %d axes", SHAPE_RANK_MAX);
        return -1;
    }
    proto->n_dims = rank;
    proto->dims = ARENA_ARRAY(reader->arena, int64_t, rank + 1);
    for (size_t i = 0; i < rank; i++) {
        int64_t dim = proto->dims[i] = stored->dim[i]->size;
        if (dim < 0 || dim > ONNX_ELEMENTS_MAX || (dim && *count > (size_t)ONNX_ELEMENTS_MAX / (size_t)dim)) {
            onnx_refuse(reader, operation, NULL, "the tensor has an impossible shape: axis %zu is %" PRId64, i, dim);
            return -1;
        }
        *count *= (size_t)dim;
    }
    return 0;
}

/* Little-endian bytes of all elements; the last number of the list stands for those that follow, none for 0. */
static int fill_raw(struct onnx_reader *reader, const struct operation *operation, struct listed listed, size_t size,
                    size_t count, ProtobufCBinaryData *raw) {
    struct tf_reading *reading = reader->foreign;
    if (listed.count <= count) reading->filled += count - listed.count;
    if (listed.count > count || reading->filled > TF_FILLED_MAX) {
        onnx_refuse(reader, operation, NULL, "the tensor holds %zu numbers, its shape needs %zu", listed.count, count);
        return -1;
    }
    raw->len = count * size;
    raw->data = arena_alloc(reader->arena, raw->len + 1);
    for (size_t i = 0; i < count && listed.count; i++) {
        size_t from = i < listed.count ? i : listed.count - 1;
        uint64_t bits = 0;
        memcpy(&bits, (const char *)listed.numbers + from * listed.size, listed.size);
        for (size_t byte = 0; byte < size; byte++) raw->data[i * size + byte] = (uint8_t)(bits >> 8 * byte);
    }
    return 0;
}

struct tensor *tf_tensor(struct onnx_reader *reader, const struct operation *operation,
                         const Tensorflow__TensorProto *proto) {
    Onnx__TensorProto told;
    onnx__tensor_proto__init(&told);
    size_t count;
    told.has_data_type = told.has_raw_data = 1;
    told.data_type = tf_element_type(proto->dtype);
    size_t size = onnx_type_bytes(told.data_type);
    if (!size)
        return onnx_refuse(reader, operation, NULL, "its numbers are of TensorFlow's type %d, which bxc does not read",
                           proto->dtype);
    if (tensor_shape(reader, operation, proto->tensor_shape, &told, &count) < 0) return NULL;
    if (proto->tensor_content.len)
        told.raw_data = proto->tensor_content;
    else if (fill_raw(reader, operation, listed_numbers(proto, told.data_type), size, count, &told.raw_data) < 0)
        return NULL;
    return tensor_from_proto(reader, onnx_location(reader, operation), &told);
}
