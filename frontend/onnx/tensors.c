/* TensorProto: numbers in any of the format's element types and both of its forms, raw bytes or
 * typed fields. Real numbers become binary32; whole numbers int64. */
#include "frontend/onnx/onnx.h"
#include "frontend/wire.h"
#include "ir/file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum number_class { CLASS_NONE, CLASS_REAL, CLASS_SIGNED, CLASS_UNSIGNED };
enum typed_field { FIELD_NONE, FIELD_FLOAT, FIELD_INT32, FIELD_INT64, FIELD_DOUBLE, FIELD_UINT64 };

struct element_type {
    const char *name;
    enum number_class kind;
    enum typed_field field; /* where typed data stands */
    size_t bits;            /* of raw data */
};

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name
static const struct element_type element_types[] = {
    [TYPE(UNDEFINED)] = {"undefined", CLASS_NONE, FIELD_NONE, 0},
    [TYPE(FLOAT)] = {"float", CLASS_REAL, FIELD_FLOAT, 32},
    [TYPE(UINT8)] = {"uint8", CLASS_UNSIGNED, FIELD_INT32, 8},
    [TYPE(INT8)] = {"int8", CLASS_SIGNED, FIELD_INT32, 8},
    [TYPE(UINT16)] = {"uint16", CLASS_UNSIGNED, FIELD_INT32, 16},
    [TYPE(INT16)] = {"int16", CLASS_SIGNED, FIELD_INT32, 16},
    [TYPE(INT32)] = {"int32", CLASS_SIGNED, FIELD_INT32, 32},
    [TYPE(INT64)] = {"int64", CLASS_SIGNED, FIELD_INT64, 64},
    [TYPE(STRING)] = {"string", CLASS_NONE, FIELD_NONE, 0},
    [TYPE(BOOL)] = {"bool", CLASS_UNSIGNED, FIELD_INT32, 8},
    [TYPE(FLOAT16)] = {"float16", CLASS_REAL, FIELD_INT32, 16},
    [TYPE(DOUBLE)] = {"double", CLASS_REAL, FIELD_DOUBLE, 64},
    [TYPE(UINT32)] = {"uint32", CLASS_UNSIGNED, FIELD_UINT64, 32},
    [TYPE(UINT64)] = {"uint64", CLASS_UNSIGNED, FIELD_UINT64, 64},
    [TYPE(COMPLEX64)] = {"complex64", CLASS_NONE, FIELD_NONE, 0},
    [TYPE(COMPLEX128)] = {"complex128", CLASS_NONE, FIELD_NONE, 0},
    [TYPE(BFLOAT16)] = {"bfloat16", CLASS_REAL, FIELD_INT32, 16},
    [ONNX_FLOAT8E4M3FN] = {"float8e4m3fn", CLASS_REAL, FIELD_INT32, 8},
    [ONNX_FLOAT8E4M3FNUZ] = {"float8e4m3fnuz", CLASS_REAL, FIELD_INT32, 8},
    [ONNX_FLOAT8E5M2] = {"float8e5m2", CLASS_REAL, FIELD_INT32, 8},
    [ONNX_FLOAT8E5M2FNUZ] = {"float8e5m2fnuz", CLASS_REAL, FIELD_INT32, 8},
    [ONNX_UINT4] = {"uint4", CLASS_UNSIGNED, FIELD_INT32, 4},
    [ONNX_INT4] = {"int4", CLASS_SIGNED, FIELD_INT32, 4},
};
enum { ELEMENT_TYPES = sizeof element_types / sizeof *element_types };

static const struct element_type *element_type(int type) {
    return type > 0 && type < ELEMENT_TYPES ? &element_types[type] : &element_types[0];
}

const char *onnx_type_name(int type) {
    return type >= ELEMENT_TYPES ? "an unknown type" : element_type(type)->name;
}

size_t onnx_type_bytes(int type) {
    return element_type(type)->bits / 8;
}

bool type_is_whole(int type) {
    return type != TYPE(BOOL) &&
           (element_type(type)->kind == CLASS_SIGNED || element_type(type)->kind == CLASS_UNSIGNED);
}

bool type_is_real(int type) {
    return element_type(type)->kind == CLASS_REAL;
}

int64_t type_wrap(int type, int64_t number) {
    const struct element_type *element = element_type(type);
    unsigned unused = 64 - (unsigned)element->bits;
    uint64_t bits = (uint64_t)number << unused;
    return element->kind == CLASS_SIGNED ? (int64_t)bits >> unused : (int64_t)(bits >> unused);
}

/* To a significand of so many bits, ties to even; below `least` (its exponent) numbers are as far apart as there. */
static double significand_of(double x, int bits, int least, double most) {
    int exponent;
    if (!isfinite(x) || x == 0) return x;
    frexp(x, &exponent);
    int scale = (exponent > least ? exponent : least) - bits;
    double scaled = ldexp(x, -scale), below = floor(scaled), rest = scaled - below;
    if (rest > 0.5 || (rest == 0.5 && fmod(below, 2) != 0)) below += 1;
    double rounded = ldexp(below, scale);
    return fabs(rounded) > most ? copysign(INFINITY, x) : rounded;
}

float type_round(int type, double number) {
    if (type == TYPE(FLOAT16)) return (float)significand_of(number, 11, -13, 65504);
    if (type == TYPE(BFLOAT16)) return (float)significand_of(number, 8, -125, 0x1.fep+127);
    return (float)number;
}

static float real_from_bits(uint32_t bits) {
    float real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* One byte of 4 or 5 bits of exponent. FN: no infinities; UZ: no negative zero, which is the NaN, and a bias that is
 * one larger. */
static double real_from_byte(int type, uint32_t bits) {
    bool four = type == ONNX_FLOAT8E4M3FN || type == ONNX_FLOAT8E4M3FNUZ;
    bool uz = type == ONNX_FLOAT8E4M3FNUZ || type == ONNX_FLOAT8E5M2FNUZ;
    int fraction_bits = four ? 3 : 2, bias = (four ? 7 : 15) + uz;
    int exponent = (int)(bits & 127) >> fraction_bits, fraction = (int)bits & ((1 << fraction_bits) - 1);
    if (uz && bits == 128) return NAN;
    if (!uz && four && (bits & 127) == 127) return NAN;
    if (!uz && !four && exponent == 31) return fraction ? NAN : bits & 128 ? -INFINITY : INFINITY;
    double size = exponent ? ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits)
                           : ldexp(fraction, 1 - bias - fraction_bits);
    return bits & 128 ? -size : size;
}

static double real_from_half(uint32_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023);
    double size = exponent == 31  ? (bits & 1023 ? NAN : INFINITY)
                  : exponent == 0 ? ldexp(fraction, -24)
                                  : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -size : size;
}

/* A number of the type from its bit pattern, in whichever form fits it. */
struct number {
    double real;
    int64_t whole;
};

static struct number number_from_bits(int type, uint64_t bits) {
    const struct element_type *element = element_type(type);
    struct number number = {0, 0};
    if (element->kind == CLASS_REAL) {
        if (type == TYPE(FLOAT))
            number.real = (double)real_from_bits((uint32_t)bits);
        else if (type == TYPE(FLOAT16))
            number.real = real_from_half((uint32_t)bits & 0xffff);
        else if (type == TYPE(BFLOAT16))
            number.real = (double)real_from_bits((uint32_t)bits << 16);
        else if (element->bits == 8)
            number.real = real_from_byte(type, (uint32_t)bits & 0xff);
        else
            memcpy(&number.real, &bits, sizeof number.real);
        return number;
    }
    unsigned unused = 64 - (unsigned)element->bits;
    bits <<= unused;
    number.whole = element->kind == CLASS_SIGNED ? (int64_t)bits >> unused : (int64_t)(bits >> unused);
    number.real = (double)number.whole;
    return number;
}

static uint64_t raw_bits(const uint8_t *bytes, size_t size) {
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits |= (uint64_t)bytes[i] << (8 * i);
    return bits;
}

static size_t typed_count(const Onnx__TensorProto *proto, enum typed_field field) {
    switch (field) {
    case FIELD_FLOAT: return proto->n_float_data;
    case FIELD_INT32: return proto->n_int32_data;
    case FIELD_INT64: return proto->n_int64_data;
    case FIELD_DOUBLE: return proto->n_double_data;
    case FIELD_UINT64: return proto->n_uint64_data;
    default: return 0;
    }
}

static uint64_t typed_bits(const Onnx__TensorProto *proto, enum typed_field field, size_t index) {
    uint64_t bits = 0;
    uint32_t half = 0;
    switch (field) {
    case FIELD_FLOAT: memcpy(&half, &proto->float_data[index], sizeof half); return half;
    case FIELD_INT32: return (uint64_t)(int64_t)proto->int32_data[index];
    case FIELD_INT64: return (uint64_t)proto->int64_data[index];
    case FIELD_DOUBLE: memcpy(&bits, &proto->double_data[index], sizeof bits); return bits;
    case FIELD_UINT64: return proto->uint64_data[index];
    default: return 0;
    }
}

static bool proto_is_raw(const Onnx__TensorProto *proto) {
    return proto->has_raw_data && proto->raw_data.len > 0;
}

static struct number proto_number(const Onnx__TensorProto *proto, size_t index) {
    const struct element_type *element = element_type(proto->data_type);
    size_t each = element->bits < 8 ? 8 / element->bits : 1, size = (element->bits + 7) / 8;
    uint64_t bits = proto_is_raw(proto) ? raw_bits(proto->raw_data.data + index / each * size, size)
                                        : typed_bits(proto, element->field, index / each);
    return number_from_bits(proto->data_type, bits >> (index % each * element->bits));
}

/* The shape, when it is sane and the data are there; -1 and a diagnosis. */
static int proto_shape(struct bxc_context *context, struct location at, const Onnx__TensorProto *proto,
                       struct shape *shape, size_t *count) {
    struct diagnostics *diag = &context->diagnostics;
    const struct element_type *element = element_type(proto->data_type);
    *shape = (struct shape){.rank = (int)proto->n_dims};
    *count = 1;
    if (proto->n_dims > SHAPE_RANK_MAX)
        return diag_error(diag, at, NULL, "the tensor has %zu axes, more than %d", proto->n_dims, SHAPE_RANK_MAX);
    for (size_t i = 0; i < proto->n_dims; i++) {
        int64_t dim = shape->dim[i] = proto->dims[i];
        if (dim < 0 || (dim && *count > (size_t)ONNX_ELEMENTS_MAX / (size_t)dim) || dim > ONNX_ELEMENTS_MAX)
            return diag_error(diag, at, NULL, "the tensor has an impossible shape: axis %zu is %" PRId64, i, dim);
        *count *= (size_t)dim;
    }
    if (element->kind == CLASS_NONE)
        return diag_error(diag, at,
                          proto->data_type == TYPE(STRING)
                              ? "leave outputs of text away: take probabilities or numbers of classes"
                              : NULL,
                          "the tensor is of %s, which no operator here takes", onnx_type_name(proto->data_type));
    size_t each = element->bits < 8 ? 8 / element->bits : 1, size = (element->bits + 7) / 8;
    size_t there = proto_is_raw(proto) ? proto->raw_data.len / size : typed_count(proto, element->field);
    if (there == (*count + each - 1) / each && !(proto_is_raw(proto) && proto->raw_data.len % size)) return 0;
    return diag_error(diag, at, NULL, "the tensor holds %zu numbers, its shape needs %zu", there * each, *count);
}

/* Numbers in another file become those of the message. */
static int proto_complete(struct bxc_context *context, struct arena *arena, struct location at,
                          Onnx__TensorProto *proto) {
    if (proto->segment) return diag_error(&context->diagnostics, at, NULL, "the tensor is one segment of a larger one");
    bool external = proto->has_data_location && proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    return external ? onnx_external_data(context, arena, at, proto) : 0;
}

static bool is_little_endian(void) {
    return *(const unsigned char *)&(const uint16_t){1} == 1;
}

static int fill_integers(struct bxc_context *context, struct location at, const Onnx__TensorProto *proto, size_t count,
                         int64_t *integers) {
    for (size_t i = 0; i < count; i++) {
        integers[i] = proto_number(proto, i).whole;
        if (proto->data_type == TYPE(UINT64) && integers[i] < 0)
            return diag_error(&context->diagnostics, at, NULL, "element %zu of the tensor is beyond 63 bits", i);
    }
    return 0;
}

struct tensor *tensor_from_proto(struct onnx_reader *reader, struct location at, Onnx__TensorProto *proto) {
    struct shape shape;
    size_t count;
    if (proto_complete(reader->context, reader->arena, at, proto) < 0) return NULL;
    if (proto_shape(reader->context, at, proto, &shape, &count) < 0) return NULL;
    bool real = type_is_real(proto->data_type);
    struct tensor *tensor = tensor_new(reader, real ? TENSOR_REALS : TENSOR_INTEGERS, proto->data_type, shape);
    if (real) {
        tensor->kept = true;
        tensor->reals = ARENA_ARRAY(reader->kept, float, count + 1);
        if (proto->data_type == TYPE(FLOAT) && proto_is_raw(proto) && is_little_endian())
            memcpy(tensor->reals, proto->raw_data.data, count * sizeof(float));
        else
            for (size_t i = 0; i < count; i++) tensor->reals[i] = (float)proto_number(proto, i).real;
    } else {
        tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        if (fill_integers(reader->context, at, proto, count, tensor->integers) < 0) return NULL;
    }
    return tensor;
}

int onnx_tensor_read(struct bxc_context *context, struct arena *arena, const char *path, struct shape *shape,
                     enum value_kind *kind, double **numbers) {
    struct location at = {.file = path};
    size_t length, count;
    const char *data = file_read(context, arena, path, &length);
    if (!data) return -1;
    static const struct wire_kind kind_of_file = {"ONNX tensor", &onnx__tensor_proto__descriptor};
    Onnx__TensorProto *proto = wire_unpack(context, arena, path, &kind_of_file, data, length);
    if (!proto || proto_complete(context, arena, at, proto) < 0) return -1;
    if (proto_shape(context, at, proto, shape, &count) < 0) return -1;
    *kind = type_is_real(proto->data_type) ? VALUE_REAL : proto->data_type == TYPE(BOOL) ? VALUE_BOOLEAN : VALUE_INDEX;
    *numbers = ARENA_ARRAY(arena, double, count + 1);
    for (size_t i = 0; i < count; i++) (*numbers)[i] = proto_number(proto, i).real;
    return 0;
}
