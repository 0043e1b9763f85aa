/* Operations on whole numbers with scales, as TFLite's reference kernels compute them where products are rounded once
 * (which its releases do): told with the operator of real numbers on codes less their zero point, and what rounds the
 * result (codes.c). Optimised kernels differ from these in single codes, and from each other. */
#include "frontend/tflite/integers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { UINT8 = 4, INT16 = 5, INT8 = 6, FLOAT = 1 };
enum {
    EXACT_MAX = 1 << 24, /* whole numbers of binary32 */
    EXPONENT_MAX = 20,   /* of factors */
    STEPS_MAX = 1024,    /* more than codes are from any zero point */
    WEIGHTS_MAX = 1 << 28
};

/* ---- scales ---- */

static struct flat_table quantisation_of(const struct tflite_model *model, int64_t tensor) {
    return flat_subtable(tflite_tensor(model, tensor), 4);
}

bool tflite_is_scaled(const struct tflite_model *model, int64_t tensor) {
    const int type = tflite_type(model, tensor);
    return (type == UINT8 || type == INT8 || type == INT16) &&
           flat_vector(quantisation_of(model, tensor), 2, 4).count > 0;
}

static float scale_at(struct flat_vector scales, size_t i) {
    uint32_t bits = (uint32_t)flat_element(scales, i);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

static int check_scales(const struct tflite_operation *operation, struct flat_vector scales) {
    for (size_t i = 0; i < scales.count; i++)
        if (!isnormal(scale_at(scales, i)) || scale_at(scales, i) < 0)
            return tflite_refuse(operation, NULL, "a scale is %g", (double)scale_at(scales, i));
    return 0;
}

int tflite_codes(const struct tflite_operation *operation, int64_t tensor, struct tflite_codes *codes) {
    const struct tflite_model *model = operation->model;
    const struct flat_vector scales = flat_vector(quantisation_of(model, tensor), 2, 4),
                             zero_points = flat_vector(quantisation_of(model, tensor), 3, 8);
    *codes = (struct tflite_codes){.type = tflite_type(model, tensor)};
    if (codes->type != UINT8 && codes->type != INT8)
        return tflite_refuse(operation, "convert with activations of 8 bits", "'%s' is of no whole numbers of 8 bits",
                             model->names[tensor]);
    if (scales.count != 1 || zero_points.count > 1)
        return tflite_refuse(operation, NULL, "'%s' has %zu scales, not one", model->names[tensor], scales.count);
    codes->least = codes->type == INT8 ? -128 : 0;
    codes->most = codes->least + 255;
    codes->scale = scale_at(scales, 0);
    codes->zero_point = zero_points.count ? flat_element(zero_points, 0) : 0;
    if (codes->zero_point < codes->least || codes->zero_point > codes->most)
        return tflite_refuse(operation, NULL, "the zero point %" PRId64 " of '%s' is no code", codes->zero_point,
                             model->names[tensor]);
    return check_scales(operation, scales);
}

/* ---- factors ---- */

struct tflite_factor tflite_factor(double factor) {
    int exponent = 0;
    int64_t multiplier = (int64_t)round(ldexp(frexp(factor, &exponent), 31));
    if (multiplier == INT64_C(1) << 31) multiplier /= 2, exponent++;
    if (exponent < -31) multiplier = exponent = 0;
    return (struct tflite_factor){multiplier, exponent};
}

int64_t tflite_multiplied(int64_t x, struct tflite_factor factor) {
    const int right = factor.exponent < 0 ? (int)-factor.exponent : 0, shift = 31 - (int)factor.exponent - right;
    return tflite_divided((x * factor.multiplier + (INT64_C(1) << (shift - 1))) >> shift, right);
}

int64_t tflite_divided(int64_t x, int exponent) {
    const int64_t mask = (INT64_C(1) << exponent) - 1, rest = x & mask, half = (mask >> 1) + (x < 0);
    return (x >> exponent) + (rest > half);
}

/* ---- nodes ---- */

static int64_t zero_point_of(const struct tflite_model *model, int64_t tensor) {
    const struct flat_vector zero_points = flat_vector(quantisation_of(model, tensor), 3, 8);
    return zero_points.count ? flat_element(zero_points, 0) : 0;
}

const char *tflite_centred(const struct tflite_operation *operation, size_t i) {
    struct tflite_model *model = operation->model;
    const int64_t tensor = tflite_input(operation, i);
    if (model->reads[tensor] != model->names[tensor]) return model->reads[tensor];
    const char *name = arena_printf(model->arena, "%s.centred", model->names[tensor]);
    Tensorflow__NodeDef *node = tflite_add_node(model, "Centred", tflite_unique_name(model, name), 1);
    tflite_set_text(model, node, "_source", operation->operator->name);
    tflite_reads_name(model, node, model->names[tensor]);
    tflite_set_integer(model, node, "zero_point", zero_point_of(model, tensor));
    return model->reads[tensor] = node->name;
}

Tensorflow__NodeDef *tflite_code_node(const struct tflite_operation *operation, const char *op, const char *part,
                                      const char *reads) {
    Tensorflow__NodeDef *node = tflite_node(operation, op, part);
    tflite_reads_name(operation->model, node, reads);
    return node;
}

void tflite_set_limits(const struct tflite_model *model, Tensorflow__NodeDef *node, const struct tflite_codes *codes,
                       bool centred) {
    const int64_t centre = centred ? codes->zero_point : 0;
    tflite_set_integer(model, node, "least", codes->least - centre);
    tflite_set_integer(model, node, "most", codes->most - centre);
}

int tflite_rescale(const struct tflite_operation *operation, const char *reads, const struct tflite_factor *factors,
                   size_t count, bool twice, const struct tflite_codes *goal) {
    struct tflite_model *model = operation->model;
    for (size_t i = 0; i < count; i++)
        if (factors[i].exponent > EXPONENT_MAX)
            return tflite_refuse(operation, NULL, "its scales make a factor of 2^%" PRId64, factors[i].exponent);
    Tensorflow__NodeDef *node = tflite_code_node(operation, "Rescaled", NULL, reads);
    int64_t *list = ARENA_ARRAY(model->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) list[i] = factors[i].multiplier;
    tflite_set_integers(model, node, "multipliers", list, count);
    for (size_t i = 0; i < count; i++) list[i] = factors[i].exponent;
    tflite_set_integers(model, node, "exponents", list, count);
    tflite_set_flag(model, node, "twice", twice);
    tflite_set_limits(model, node, goal, true);
    return 0;
}

void tflite_set_table(const struct tflite_operation *operation, Tensorflow__NodeDef *node, int64_t first,
                      const int64_t *values, size_t count, size_t functions, int fraction) {
    const struct tflite_model *model = operation->model;
    tflite_set_integer(model, node, "first", first);
    tflite_set_integers(model, node, "values", values, count);
    tflite_set_integer(model, node, "functions", (int64_t)functions);
    tflite_set_integer(model, node, "fraction", fraction);
}

/* What the operator of real numbers makes of centred codes: a node's name. */
static const char *tell_real(struct tflite_operation *operation, const char *part) {
    struct tflite_model *model = operation->model;
    const char *result = operation->result;
    if (part) operation->result = tflite_unique_name(model, arena_printf(model->arena, "%s.%s", result, part));
    const char *made = operation->result;
    int told = operation->operator->tell(operation);
    operation->result = result;
    return told < 0 ? NULL : made;
}

/* ---- limits ---- */

int64_t tflite_steps(float number, float scale) {
    const float steps = roundf(number / scale);
    return (int64_t)(steps > STEPS_MAX ? STEPS_MAX : steps < -STEPS_MAX ? -STEPS_MAX : steps);
}

int tflite_limit_fused(const struct tflite_operation *operation, struct tflite_codes *codes) {
    static const float lowest[] = {0, 0, -1, 0}, highest[] = {0, INFINITY, 1, 6};
    const int field = operation->operator->activation_field;
    const int64_t kind = field < 0 ? 0 : flat_integer(operation->options, field, 1, 0);
    if (kind < 0 || kind > 3)
        return tflite_refuse(operation, NULL, "the function fused behind it (%" PRId64 ") is not read in int8", kind);
    if (!kind) return 0;
    const int64_t least = codes->zero_point + tflite_steps(lowest[kind], codes->scale);
    if (least > codes->least) codes->least = least;
    const int64_t most = codes->zero_point + tflite_steps(highest[kind], codes->scale);
    if (most < codes->most) codes->most = most;
    return 0;
}

static int goal_of(const struct tflite_operation *operation, struct tflite_codes *goal) {
    return tflite_codes(operation, flat_element(operation->outputs, 0), goal) < 0 ? -1
                                                                                  : tflite_limit_fused(operation, goal);
}

/* ---- sums of products ---- */

/* Which operands of products are activations, weights and bias; along which axis of the weights the channels lie. */
struct product {
    size_t x, weights, bias; /* bias 0: none */
    int channel_axis;
};

static struct product product_of(const struct tflite_operation *operation) {
    switch (operation->operator->code) {
    case 4: return (struct product){0, 1, 2, 3};  /* by channel */
    case 67: return (struct product){2, 1, 3, 0}; /* transposed convolution */
    case 126: return (struct product){0, 1, 0, -1};
    default: return (struct product){0, 1, 2, 0};
    }
}

/* As many as are stored. */
static bool is_shape_of(const struct shape *shape, size_t stored) {
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > WEIGHTS_MAX / count) return false;
        count *= shape->dim[i];
    }
    return shape->rank >= 0 && count == (int64_t)stored;
}

static size_t channel_of(const struct shape *shape, int axis, size_t element) {
    size_t inner = 1;
    for (int i = axis + 1; i < shape->rank; i++) inner *= (size_t)shape->dim[i];
    return element / inner % (size_t)shape->dim[axis];
}

/* The furthest from 0 that each channel's sum may get must be a number of binary32. */
static int check_sums(const struct tflite_operation *operation, const struct product *product,
                      const struct tflite_codes *x) {
    const struct tflite_model *model = operation->model;
    const int64_t weights = tflite_input(operation, product->weights),
                  bias = product->bias ? tflite_input(operation, product->bias) : -1;
    const struct shape shape = tflite_shape(model, weights);
    const struct flat_vector bytes = tflite_stored(model, weights);
    if (product->channel_axis < 0 || !bytes.count) return 0;
    if (product->channel_axis >= shape.rank || !is_shape_of(&shape, bytes.count))
        return tflite_refuse(operation, NULL, "its weights are not those of their shape");
    const size_t channels = (size_t)shape.dim[product->channel_axis];
    const int64_t zero_point = zero_point_of(model, weights), low = x->least - x->zero_point,
                  high = x->most - x->zero_point;
    int64_t *most = ARENA_ARRAY(model->arena, int64_t, channels), *least = ARENA_ARRAY(model->arena, int64_t, channels);
    struct flat_vector summands = {.count = 0};
    if (bias >= 0) summands = tflite_stored(model, bias);
    summands.size = 4;
    for (size_t c = 0; c < channels && 4 * c + 4 <= summands.count; c++) most[c] = least[c] = flat_element(summands, c);
    for (size_t i = 0; i < bytes.count; i++) {
        const size_t c = channel_of(&shape, product->channel_axis, i);
        const int64_t stored = flat_element(bytes, i);
        const int64_t weight = (tflite_type(model, weights) == UINT8 ? stored & 255 : stored) - zero_point;
        most[c] += weight * (weight > 0 ? high : low);
        least[c] += weight * (weight > 0 ? low : high);
    }
    for (size_t c = 0; c < channels; c++)
        if (most[c] > EXACT_MAX || least[c] < -EXACT_MAX)
            return tflite_refuse(operation, "quantise the float model with bxc",
                                 "the sum of channel %zu may leave 24 bits, so that binary32 does not hold it", c);
    return 0;
}

/* Weights of one scale: the product of scales is rounded to binary32 where fully connected layers and uint8 have it. */
static int factors_of(const struct tflite_operation *operation, const struct product *product,
                      const struct tflite_codes *x, const struct tflite_codes *goal, struct tflite_factor **factors,
                      size_t *count) {
    const struct tflite_model *model = operation->model;
    const int64_t weights = tflite_input(operation, product->weights);
    const struct flat_vector scales = flat_vector(quantisation_of(model, weights), 2, 4);
    const bool rounds = x->type == UINT8 || operation->operator->code == 9 || operation->operator->code == 126;
    if (check_scales(operation, scales) < 0) return -1;
    *count = scales.count;
    *factors = ARENA_ARRAY(model->arena, struct tflite_factor, *count + 1);
    for (size_t i = 0; i < *count; i++) {
        const float scale = scale_at(scales, i);
        const double together = rounds && *count == 1 ? (double)(x->scale * scale) : (double)x->scale * (double)scale;
        (*factors)[i] = tflite_factor(together / (double)goal->scale);
    }
    return 0;
}

static int check_weights(const struct tflite_operation *operation, const struct product *product) {
    const struct tflite_model *model = operation->model;
    const int64_t weights = tflite_input(operation, product->weights);
    const struct flat_vector scales = flat_vector(quantisation_of(model, weights), 2, 4),
                             zero_points = flat_vector(quantisation_of(model, weights), 3, 8);
    const struct shape shape = tflite_shape(model, weights);
    const int64_t axis = flat_integer(quantisation_of(model, weights), 6, 4, 0);
    const int type = tflite_type(model, weights);
    if ((type != INT8 && type != UINT8) || !scales.count)
        return tflite_refuse(operation, NULL, "its weights are of no whole numbers of 8 bits with scales");
    for (size_t i = 0; i < zero_points.count; i++)
        if (flat_element(zero_points, i) != flat_element(zero_points, 0) ||
            (scales.count > 1 && flat_element(zero_points, i)))
            return tflite_refuse(operation, NULL, "its weights have zero points of their own");
    if (scales.count > 1 && (product->channel_axis < 0 || axis != product->channel_axis || axis >= shape.rank ||
                             shape.dim[axis] != (int64_t)scales.count))
        return tflite_refuse(operation, NULL, "the scales of its weights do not lie along its channels");
    return 0;
}

static int refuse_hybrid(const struct tflite_operation *operation) {
    return tflite_refuse(
        operation, "convert with a representative dataset, so that activations are int8, or without quantisation",
        "its weights are whole numbers and its activations float: TFLite finds a scale for each event");
}

static int tell_product(struct tflite_operation *operation) {
    const struct product product = product_of(operation);
    struct tflite_codes x, goal;
    struct tflite_factor *factors;
    size_t count;
    if (tflite_type(operation->model, tflite_input(operation, product.x)) == FLOAT) return refuse_hybrid(operation);
    if (tflite_codes(operation, tflite_input(operation, product.x), &x) < 0 || goal_of(operation, &goal) < 0 ||
        check_weights(operation, &product) < 0 || check_sums(operation, &product, &x) < 0 ||
        factors_of(operation, &product, &x, &goal, &factors, &count) < 0)
        return -1;
    (void)tflite_centred(operation, product.x);
    (void)tflite_centred(operation, product.weights);
    if (product.bias && tflite_input(operation, product.bias) >= 0) (void)tflite_centred(operation, product.bias);
    const char *sum = tell_real(operation, "sum");
    if (!sum) return -1;
    return tflite_rescale(operation, sum, factors, count, operation->operator->code != 9, &goal);
}

static int tell_mul(struct tflite_operation *operation) {
    struct tflite_codes a, b, goal;
    if (operation->inputs.count != 2) return tflite_refuse(operation, NULL, "it has no two operands");
    if (tflite_codes(operation, tflite_input(operation, 0), &a) < 0 ||
        tflite_codes(operation, tflite_input(operation, 1), &b) < 0 || goal_of(operation, &goal) < 0)
        return -1;
    (void)tflite_centred(operation, 0);
    (void)tflite_centred(operation, 1);
    const float together = a.scale * b.scale;
    const struct tflite_factor factor = tflite_factor((double)(together / goal.scale));
    const char *product = tell_real(operation, "product");
    if (!product) return -1;
    return tflite_rescale(operation, product, &factor, 1, true, &goal);
}

/* ---- elements go elsewhere, or the largest of them ---- */

static bool same_codes(const struct tflite_codes *a, const struct tflite_codes *b) {
    return a->type == b->type && a->scale == b->scale && a->zero_point == b->zero_point;
}

static int tell_moved(struct tflite_operation *operation) {
    const struct tflite_model *model = operation->model;
    struct tflite_codes goal, other;
    if (tflite_codes(operation, flat_element(operation->outputs, 0), &goal) < 0) return -1;
    for (size_t i = 0; i < operation->inputs.count; i++) {
        const int64_t tensor = tflite_input(operation, i);
        if (!tflite_is_scaled(model, tensor)) continue;
        if (tflite_codes(operation, tensor, &other) < 0) return -1;
        if (!same_codes(&goal, &other))
            return tflite_refuse(operation, NULL, "'%s' and its result have different scales", model->names[tensor]);
        (void)tflite_centred(operation, i);
    }
    struct tflite_codes limited = goal;
    if (tflite_limit_fused(operation, &limited) < 0) return -1;
    const bool fused = limited.least != goal.least || limited.most != goal.most;
    const char *moved = tell_real(operation, fused ? "moved" : NULL);
    if (!moved) return -1;
    if (fused)
        tflite_set_limits(model, tflite_code_node(operation, "Rounded", NULL, moved), &limited, true);
    else
        tflite_tell_results(operation);
    return 0;
}

static int tell_index(struct tflite_operation *operation) {
    (void)tflite_centred(operation, 0);
    return tell_real(operation, NULL) ? 0 : -1;
}

/* ---- means ---- */

/* Codes themselves are averaged, and halves rounded away from 0. */
static int tell_average(struct tflite_operation *operation) {
    struct tflite_model *model = operation->model;
    struct tflite_codes x, goal;
    if (tflite_codes(operation, tflite_input(operation, 0), &x) < 0 || goal_of(operation, &goal) < 0) return -1;
    if (x.scale != goal.scale || x.zero_point != goal.zero_point)
        return tflite_refuse(operation, NULL, "its operand and its result have different scales");
    Tensorflow__NodeDef *codes = tflite_code_node(operation, "Codes", "codes", tflite_centred(operation, 0));
    const int64_t tensor = tflite_input(operation, 0);
    const char *centred = model->reads[tensor];
    tflite_set_integer(model, codes, "zero_point", x.zero_point);
    tflite_set_type(model, codes, "T", FLOAT);
    model->reads[tensor] = codes->name;
    const char *average = tell_real(operation, "average");
    model->reads[tensor] = centred;
    if (!average) return -1;
    Tensorflow__NodeDef *rounded = tflite_code_node(operation, "Rounded", NULL, average);
    tflite_set_limits(model, rounded, &goal, false);
    tflite_set_integer(model, rounded, "half_away", 1);
    tflite_set_integer(model, rounded, "zero_point", goal.zero_point);
    return 0;
}

/* How many elements one of the result is made of; 0: not known. */
static int64_t reduced_elements(const struct tflite_operation *operation) {
    const struct tflite_model *model = operation->model;
    const struct shape shape = tflite_shape(model, tflite_input(operation, 0));
    struct flat_vector axes = tflite_stored(model, tflite_input(operation, 1));
    int64_t count = 1;
    unsigned seen = 0;
    if (shape.rank < 1 || axes.count % 4) return 0;
    axes.size = 4;
    axes.count /= 4;
    for (size_t i = 0; i < axes.count; i++) {
        int64_t axis = flat_element(axes, i);
        if (axis < 0) axis += shape.rank;
        if (axis < 0 || axis >= shape.rank) return 0;
        if (seen >> axis & 1) continue;
        seen |= 1u << axis;
        if (shape.dim[axis] < 1 || shape.dim[axis] > EXACT_MAX / count) return 0;
        count *= shape.dim[axis];
    }
    return axes.count ? count : 0;
}

static int tell_mean(struct tflite_operation *operation) {
    struct tflite_codes x, goal;
    struct tflite_operation summed = *operation;
    struct tflite_operator sum = *operation->operator;
    if (operation->inputs.count != 2) return tflite_refuse(operation, NULL, "it has no axes");
    const int64_t count = reduced_elements(operation);
    if (tflite_codes(operation, tflite_input(operation, 0), &x) < 0 || goal_of(operation, &goal) < 0) return -1;
    if (count < 1 || count > EXACT_MAX / 256)
        return tflite_refuse(operation, NULL, "how many numbers it adds is not known, or too many");
    struct tflite_factor factor = tflite_factor((double)x.scale / (double)goal.scale);
    int shift = 0; /* the multiplier is divided by the count, with as many digits as it has room for */
    while (count >> (shift + 1)) shift++;
    if (shift > 31 + factor.exponent) shift = (int)(31 + factor.exponent);
    factor.multiplier = (factor.multiplier << shift) / count;
    factor.exponent -= shift;
    (void)tflite_centred(operation, 0);
    sum.as = "Sum";
    summed.operator= & sum;
    const char *real = tell_real(&summed, "sum");
    if (!real) return -1;
    return tflite_rescale(operation, real, &factor, 1, true, &goal);
}

/* TensorFlow 2.21's adds codes and zero points of other places: random numbers. */
static int refuse_sum(struct tflite_operation *operation) {
    return tflite_refuse(operation, "use a mean, or a fully connected layer of ones",
                         "the kernels of TFLite do not give the sum of whole numbers with scales");
}

/* A sum of numbers of 31 bits, its reciprocal, and products of them. */
static int refuse_softmax(struct tflite_operation *operation) {
    return tflite_refuse(operation, "leave the softmax out of the model: the order of its operands is the same",
                         "softmax of whole numbers has sums of 31 bits, which binary32 does not hold");
}

/* ---- to and from real numbers ---- */

static int tell_quantise(struct tflite_operation *operation) {
    struct tflite_codes goal;
    const int64_t x = tflite_input(operation, 0);
    if (tflite_is_scaled(operation->model, x)) return tflite_tell_function(operation);
    if (tflite_codes(operation, flat_element(operation->outputs, 0), &goal) < 0) return -1;
    Tensorflow__NodeDef *node = tflite_code_node(operation, "Quantised", NULL, operation->model->reads[x]);
    tflite_set_real(operation->model, node, "scale", goal.scale);
    tflite_set_integer(operation->model, node, "zero_point", goal.zero_point);
    tflite_set_type(operation->model, node, "T", goal.type);
    return 0;
}

static int tell_dequantise(struct tflite_operation *operation) {
    struct tflite_codes x;
    if (tflite_codes(operation, tflite_input(operation, 0), &x) < 0) return -1;
    Tensorflow__NodeDef *node = tflite_code_node(operation, "Dequantised", NULL, tflite_centred(operation, 0));
    tflite_set_real(operation->model, node, "scale", x.scale);
    tflite_set_integer(operation->model, node, "zero_point", x.zero_point);
    tflite_set_type(operation->model, node, "T", x.type);
    return 0;
}

/* ---- which operation ---- */

static int tell_function(struct tflite_operation *operation) {
    return tflite_tell_function(operation);
}
static int tell_sum(struct tflite_operation *operation) {
    return tflite_tell_code_sum(operation);
}

static const struct {
    int (*tell)(struct tflite_operation *operation);
    int codes[24]; /* of operators; 0 ends the list but in front */
} kinds[] = {
    {tell_sum, {0, 41}},
    {tell_mul, {18}},
    {tell_product, {9, 3, 4, 67, 126}},
    {tell_average, {1}},
    {tell_mean, {40}},
    {refuse_sum, {74}},
    {refuse_softmax, {25, 50}},
    {tell_index, {56, 79}},
    {tell_quantise, {114}},
    {tell_dequantise, {6}},
    {tell_function, {14, 28, 19, 20, 21, 98, 117, 111, 47}},
    {tell_moved, {22, 43, 2, 83, 88, 49, 102, 45, 36, 39, 70, 65, 69, 130, 34, 60, 100, 17, 55, 57, 82, 89, 97}},
};

bool tflite_computes_scaled(const struct tflite_operation *operation) {
    for (size_t i = 0; i < operation->inputs.count; i++) {
        const int64_t tensor = tflite_input(operation, i);
        if (tensor >= 0 && tflite_is_scaled(operation->model, tensor)) return true;
    }
    return tflite_is_scaled(operation->model, flat_element(operation->outputs, 0));
}

int tflite_tell_scaled(struct tflite_operation *operation) {
    struct tflite_model *model = operation->model;
    for (size_t i = 0; i < operation->outputs.count; i++) {
        const int64_t tensor = flat_element(operation->outputs, i);
        if (!tflite_is_scaled(model, tensor)) continue;
        model->reads[tensor] =
            tflite_unique_name(model, arena_printf(model->arena, "%s.centred", model->names[tensor]));
    }
    operation->result = model->reads[flat_element(operation->outputs, 0)];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < 24 && (!i || kinds[k].codes[i]); i++)
            if (kinds[k].codes[i] == operation->operator->code) return kinds[k].tell(operation);
    return tflite_refuse(operation, "leave it out of the model, or quantise the float model with bxc",
                         "its whole numbers are computed in a way that bxc does not read");
}

void tflite_tell_outputs(struct tflite_model *model, struct flat_vector outputs) {
    for (size_t i = 0; i < outputs.count; i++) {
        const int64_t tensor = flat_element(outputs, i);
        if (model->reads[tensor] == model->names[tensor] || model->is_given[tensor]) continue;
        model->is_given[tensor] = true;
        Tensorflow__NodeDef *node = tflite_add_node(model, "Codes", model->names[tensor], 1);
        tflite_reads_name(model, node, model->reads[tensor]);
        tflite_set_integer(model, node, "zero_point", zero_point_of(model, tensor));
        tflite_set_type(model, node, "T", tflite_type(model, tensor));
    }
}

int tflite_tell_integers_only(const struct tflite_operation *operation) {
    return tflite_refuse(operation, NULL, "its result has no scale");
}
