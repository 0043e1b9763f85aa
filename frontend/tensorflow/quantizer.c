/* FakeQuantWithMinMax*: a range is moved so that 0 is one of its steps; then every operation as TensorFlow has it,
 * in binary32. */
#include "frontend/tensorflow/tensorflow.h"

#include <inttypes.h>
#include <math.h>

struct steps {
    float lowest, highest, scale; /* of the moved range */
};

static int find_steps(struct onnx_reader *reader, const struct operation *operation, float least, float most,
                      struct steps *steps) {
    int64_t bits = tf_integer(reader, operation, "num_bits", 8);
    if (bits < 2 || bits > 16) {
        onnx_refuse(reader, operation, NULL, "%" PRId64 " bits, which are not 2 to 16", bits);
        return -1;
    }
    if (!(least <= 0 && most >= 0 && least < most) || isinf(least) || isinf(most)) {
        onnx_refuse(reader, operation, NULL, "its range %g to %g does not hold 0", (double)least, (double)most);
        return -1;
    }
    const float first = tf_flag(reader, operation, "narrow_range", false) ? 1.0f : 0.0f;
    const float last = (float)((1 << bits) - 1);
    steps->scale = (most - least) / (last - first);
    const float zero = first - least / steps->scale;
    const float moved = zero < first ? first : zero > last ? last : roundf(zero);
    steps->lowest = (first - moved) * steps->scale;
    steps->highest = (last - moved) * steps->scale;
    return 0;
}

static struct tensor *with_number(struct onnx_reader *reader, const struct operation *operation, const char *op_type,
                                  const char *part, struct tensor *x, const char *what, float number) {
    return call_binary(reader, operation, op_type, part, x, onnx_number(reader, operation, what, number));
}

static struct tensor *fake_quant(struct onnx_reader *reader, const struct operation *operation, float least,
                                 float most) {
    struct steps steps;
    if (find_steps(reader, operation, least, most, &steps) < 0) return NULL;
    const float inverse = 1.0f / steps.scale, zero = floorf(-steps.lowest * inverse + 0.5f);
    struct call clip = call_new(reader, operation, "Clip");
    call_operand(&clip, operation->inputs[0]);
    call_operand(&clip, onnx_number(reader, operation, "lowest", steps.lowest));
    call_operand(&clip, onnx_number(reader, operation, "highest", steps.highest));
    struct tensor *x = call_read(&clip, "clipped");
    x = with_number(reader, operation, "Sub", "from_lowest", x, "lowest", steps.lowest);
    x = with_number(reader, operation, "Mul", "scaled", x, "inverse", inverse);
    x = with_number(reader, operation, "Sub", "from_zero", x, "zero", zero);
    x = with_number(reader, operation, "Add", "half_up", x, "half", 0.5f);
    x = call_unary(reader, operation, "Floor", "step", x);
    return with_number(reader, operation, "Mul", NULL, x, "scale", steps.scale);
}

struct tensor *tf_read_fake_quant_vars(struct onnx_reader *reader, const struct operation *operation) {
    float least, most;
    if (static_number(reader, operation, 1, "min", &least) < 0 || static_number(reader, operation, 2, "max", &most) < 0)
        return NULL;
    return fake_quant(reader, operation, least, most);
}

struct tensor *tf_read_fake_quant_args(struct onnx_reader *reader, const struct operation *operation) {
    return fake_quant(reader, operation, tf_real(reader, operation, "min", -6), tf_real(reader, operation, "max", 6));
}
