/* Models that say their integers by DequantizeLinear and QuantizeLinear around operators of real numbers (QDQ). Where
 * onnxruntime takes such an operator and its quantisers together it computes in whole numbers, and that is what the
 * model gives: which operators these are, and when, is its choice (its optimisations from the second level on), which
 * is followed here. What it leaves in float is read as it stands. */
#include "frontend/onnx/codes.h"

#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* ---- the quantiser behind an operator ---- */

struct goal {
    struct tensor *scale, *zero_point; /* NULL: there is no quantiser */
};

static bool is_byte(int type) {
    return type == TYPE(INT8) || type == TYPE(UINT8);
}

/* Of a QuantizeLinear to bytes by one scale that is known already. */
static bool goal_of(const struct onnx_reader *reader, const Onnx__NodeProto *quantiser, struct goal *goal) {
    if (!onnx_is_operator(quantiser, "QuantizeLinear") || quantiser->n_input < 3 || !*quantiser->input[2]) return false;
    goal->scale = name_map_find(&reader->tensors, quantiser->input[1]);
    goal->zero_point = name_map_find(&reader->tensors, quantiser->input[2]);
    return goal->scale && goal->zero_point && goal->scale->state == TENSOR_REALS && goal->scale->type == TYPE(FLOAT) &&
           goal->zero_point->state == TENSOR_INTEGERS && tensor_elements(goal->scale) == 1 &&
           tensor_elements(goal->zero_point) == 1 && is_byte(goal->zero_point->type);
}

/* A Relu goes where the quantiser's least code stands for 0: it limits as well. */
static bool relu_is_lost(const struct goal *goal) {
    int64_t least, most;
    return codes_limits(goal->zero_point->type, &least, &most) && goal->zero_point->integers[0] == least;
}

static struct goal find_goal(struct onnx_reader *reader, const struct operation *operation) {
    struct goal goal = {NULL, NULL};
    const Onnx__NodeProto *next = onnx_sole_reader(reader, operation->proto);
    reader->remade |= reader->uses != NULL;
    bool relu = onnx_is_operator(next, "Relu");
    if (relu) next = onnx_sole_reader(reader, next);
    return goal_of(reader, next, &goal) && (!relu || relu_is_lost(&goal)) ? goal : (struct goal){NULL, NULL};
}

/* ---- operands ---- */

static const struct codes *byte_codes(const struct tensor *tensor) {
    return tensor && tensor->codes && is_byte(tensor->codes->q->type) ? tensor->codes : NULL;
}

static bool is_uniform(const struct tensor *tensor) {
    return byte_codes(tensor) && codes_are_uniform(tensor->codes);
}

/* All of them, of one type. */
static bool are_uniform(const struct operation *operation) {
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (!is_uniform(operation->inputs[i]) ||
            operation->inputs[i]->codes->q->type != operation->inputs[0]->codes->q->type)
            return false;
    return true;
}

/* Operands of a product: signed ones with signed weights alone. */
static bool are_factors(const struct operation *operation) {
    if (operation->input_count < 2 || !is_uniform(operation->inputs[0]) || !byte_codes(operation->inputs[1]))
        return false;
    return operation->inputs[0]->codes->q->type != TYPE(INT8) || operation->inputs[1]->codes->q->type == TYPE(INT8);
}

/* Whole numbers of 32 bits, of whatever scale. */
static bool has_bias(const struct operation *operation) {
    const struct tensor *bias = operation->input_count > 2 ? operation->inputs[2] : NULL;
    if (!bias) return true;
    if (!bias->codes || bias->codes->q->type != TYPE(INT32) || bias->codes->q->state != TENSOR_INTEGERS) return false;
    for (size_t i = 0; i < codes_count(bias->codes); i++)
        if (bias->codes->zero_point[i]) return false;
    return true;
}

static bool one_scale_a_row(const struct tensor *weights, int axis) {
    const struct codes *codes = weights->codes;
    return codes_are_uniform(codes) ||
           (codes->along.dim[axis] == weights->shape.dim[axis] && codes_count(codes) == (size_t)codes->along.dim[axis]);
}

static bool suits_matmul(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    return are_factors(operation) && one_scale_a_row(operation->inputs[1], operation->inputs[1]->shape.rank - 1);
}

static bool suits_gemm(struct onnx_reader *reader, const struct operation *operation) {
    bool bias = operation->input_count > 2 && operation->inputs[2];
    int columns = attribute_integer(reader, operation, "transB", 0) ? 0 : 1;
    return are_factors(operation) && has_bias(operation) &&
           (!bias || attribute_real(reader, operation, "beta", 1) == 1) && operation->inputs[1]->shape.rank == 2 &&
           one_scale_a_row(operation->inputs[1], columns);
}

static bool suits_convolution(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    return are_factors(operation) && has_bias(operation) && one_scale_a_row(operation->inputs[1], 0);
}

static bool suits_elementwise(struct onnx_reader *reader, const struct operation *operation) {
    (void)reader;
    return are_uniform(operation);
}

/* ---- in whole numbers ---- */

enum order { GOAL_LAST, BIAS_THEN_GOAL, GOAL_THEN_BIAS, GOAL_FIRST };

static const struct fusion {
    const char *name, *domain, *becomes,
        *without_goal; /* the last: NULL where onnxruntime needs a quantiser behind it */
    enum order order;
    bool (*suits)(struct onnx_reader *reader, const struct operation *operation);
} fusions[] = {
    {"MatMul", "", "QLinearMatMul", "MatMulIntegerToFloat", GOAL_LAST, suits_matmul},
    {"Gemm", "com.microsoft", "QGemm", "QGemm", BIAS_THEN_GOAL, suits_gemm},
    {"Conv", "", "QLinearConv", NULL, GOAL_THEN_BIAS, suits_convolution},
    {"Add", "com.microsoft", "QLinearAdd", NULL, GOAL_LAST, suits_elementwise},
    {"Mul", "com.microsoft", "QLinearMul", NULL, GOAL_LAST, suits_elementwise},
    {"Sigmoid", "com.microsoft", "QLinearSigmoid", NULL, GOAL_LAST, suits_elementwise},
    {"LeakyRelu", "com.microsoft", "QLinearLeakyRelu", NULL, GOAL_LAST, suits_elementwise},
    {"AveragePool", "com.microsoft", "QLinearAveragePool", NULL, GOAL_LAST, suits_elementwise},
    {"GlobalAveragePool", "com.microsoft", "QLinearGlobalAveragePool", NULL, GOAL_LAST, suits_elementwise},
    {"Concat", "com.microsoft", "QLinearConcat", NULL, GOAL_FIRST, suits_elementwise},
};

static const struct fusion *fusion_find(const struct operation *operation) {
    for (size_t i = 0; i < sizeof fusions / sizeof *fusions; i++)
        if (onnx_is_operator(operation->proto, fusions[i].name)) return &fusions[i];
    return NULL;
}

static void add_goal(struct tensor **inputs, uint32_t *count, const struct goal *goal) {
    inputs[(*count)++] = goal->scale;
    inputs[(*count)++] = goal->zero_point;
}

/* Triples of codes, scale and zero point, the goal's pair, the bias. */
static void list_operands(struct onnx_reader *reader, const struct operation *operation, const struct fusion *fusion,
                          const struct goal *goal, struct operation *out) {
    bool biased = fusion->order == BIAS_THEN_GOAL || fusion->order == GOAL_THEN_BIAS;
    uint32_t count = 0, operands = biased ? 2 : operation->input_count;
    struct tensor *bias = biased && operation->input_count > 2 ? operation->inputs[2] : NULL;
    struct tensor **inputs = ARENA_ARRAY(reader->arena, struct tensor *, 3 * (size_t)operation->input_count + 9);
    if (fusion->order == GOAL_FIRST) add_goal(inputs, &count, goal);
    for (uint32_t i = 0; i < operands; i++) {
        const struct codes *codes = operation->inputs[i]->codes;
        inputs[count++] = codes->q;
        inputs[count++] = codes->parameters[0];
        inputs[count++] = codes->parameters[1];
    }
    if (fusion->order == BIAS_THEN_GOAL) inputs[count++] = bias ? bias->codes->q : NULL;
    if (fusion->order != GOAL_FIRST && goal->scale) add_goal(inputs, &count, goal);
    if (fusion->order == GOAL_THEN_BIAS) inputs[count++] = bias ? bias->codes->q : NULL;
    if (!goal->scale && fusion->order == GOAL_LAST) { /* MatMulIntegerToFloat: codes, scales, zero points */
        struct tensor *by_kind[6] = {inputs[0], inputs[3], inputs[1], inputs[4], inputs[2], inputs[5]};
        memcpy(inputs, by_kind, sizeof by_kind);
    }
    while (count && !inputs[count - 1]) count--;
    out->inputs = inputs;
    out->input_count = count;
}

/* The operator's result is read by the quantiser alone, and by a Relu before it that changes nothing. */
static struct tensor *in_place(struct onnx_reader *reader, struct tensor *codes) {
    struct tensor *out = ARENA_NEW(reader->arena, struct tensor);
    *out = *codes;
    out->type = TYPE(FLOAT);
    out->requantised = codes;
    return out;
}

static int run_fused(struct onnx_reader *reader, const struct operation *operation, const struct fusion *fusion,
                     const struct goal *goal) {
    struct operation fused = *operation;
    struct tensor *results[1] = {NULL};
    const char *name = goal->scale ? fusion->becomes : fusion->without_goal;
    fused.operator= name ? onnx_operator_find(goal->scale ? fusion->domain : "com.microsoft", name) : NULL;
    if (!fused.operator) return 0;
    fused.results = results;
    list_operands(reader, operation, fusion, goal, &fused);
    results[0] = fused.operator->read(reader, &fused);
    if (!results[0]) return -1;
    operation->results[0] = goal->scale ? in_place(reader, results[0]) : results[0];
    return 1;
}

int qdq_run(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *first = operation->input_count ? operation->inputs[0] : NULL;
    if (!first) return 0;
    if (first->requantised) {
        operation->results[0] = onnx_is_operator(operation->proto, "Relu") ? first : first->requantised;
        return 1;
    }
    const struct fusion *fusion = first->codes ? fusion_find(operation) : NULL;
    if (!fusion || !fusion->suits(reader, operation)) return 0;
    struct goal goal = find_goal(reader, operation);
    return run_fused(reader, operation, fusion, &goal);
}
