/* Operators of ai.onnx.ml that scikit-learn puts around networks: Scaler, Normalizer, Binarizer, LabelEncoder,
 * ArrayFeatureExtractor. */
#include "frontend/onnx/onnx.h"

#include <float.h>
#include <string.h>

static struct tensor *both(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                           struct tensor *a, struct tensor *b) {
    struct tensor *pair[] = {a, b};
    if (!a || !b) return NULL;
    int batch = broadcast_batch(reader, operation, pair, 2);
    return batch == -2 ? NULL : onnx_emit_tensor(reader, operation, op, what, pair, 2, NULL, batch);
}

static struct tensor *function(struct onnx_reader *reader, const struct operation *operation, enum op op,
                               const char *what, struct tensor *x, float alpha, float beta) {
    const union attributes attributes = {.activation = {.alpha = alpha, .beta = beta}};
    return x ? onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis) : NULL;
}

static struct tensor *along_last(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                 const char *what, struct tensor *x) {
    if (!x) return NULL;
    const union attributes attributes = {.axis = {.axis = x->shape.rank - 1, .keep_dimensions = true}};
    return onnx_emit_tensor(reader, operation, op, what, &x, 1, &attributes, x->batch_axis);
}

/* As many numbers as there are features, or one for all; NULL after a diagnosis. */
static struct tensor *feature_numbers(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                      float otherwise) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    const struct tensor *x = operation->inputs[0];
    struct tensor *numbers = onnx_number(reader, operation, name, otherwise);
    size_t count = attribute ? attribute->n_floats : 0,
           features = x->shape.rank ? (size_t)x->shape.dim[x->shape.rank - 1] : 1;
    if (!count) return numbers;
    if (count != 1 && count != features)
        return onnx_refuse(reader, operation, NULL, "'%s' has %zu numbers for %zu features", name, count, features);
    numbers->shape = (struct shape){.rank = 1, .dim = {(int64_t)count}};
    numbers->reals = ARENA_ARRAY(reader->arena, float, count);
    memcpy(numbers->reals, attribute->floats, count * sizeof *numbers->reals);
    return numbers;
}

/* (x - offset) * scale */
struct tensor *onnx_read_scaler(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *offset = feature_numbers(reader, operation, "offset", 0);
    struct tensor *scale = offset ? feature_numbers(reader, operation, "scale", 1) : NULL;
    if (!scale) return NULL;
    struct tensor *shifted = both(reader, operation, OP_SUB, "shifted", operation->inputs[0], offset);
    struct tensor *scaled = both(reader, operation, OP_MUL, NULL, shifted, scale);
    if (scaled) scaled->type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    return scaled;
}

/* What a vector is divided by; where all of it is 0, anything that keeps it so. */
static struct tensor *norm_of(struct onnx_reader *reader, const struct operation *operation, const char *norm,
                              struct tensor *x) {
    struct tensor *size;
    if (!strcmp(norm, "MAX")) return along_last(reader, operation, OP_REDUCE_MAX, "largest", x);
    if (!strcmp(norm, "L1"))
        size = along_last(reader, operation, OP_REDUCE_SUM, "sum",
                          function(reader, operation, OP_LEAKY_RELU, "magnitude", x, -1, 0));
    else if (!strcmp(norm, "L2"))
        size = function(
            reader, operation, OP_SQRT, "length",
            along_last(reader, operation, OP_REDUCE_SUM, "sum", both(reader, operation, OP_MUL, "square", x, x)), 0, 0);
    else
        return onnx_refuse(reader, operation, NULL, "norm '%s' is not known", norm);
    return function(reader, operation, OP_CLIP, "norm", size, FLT_MIN, FLT_MAX);
}

struct tensor *onnx_read_normalizer(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    const char *norm = attribute_text(reader, operation, "norm");
    if (!x->shape.rank || refuse_batch_axis(reader, operation, x, x->shape.rank - 1) < 0) return NULL;
    struct tensor *divisor = norm_of(reader, operation, norm ? norm : "MAX", x);
    struct tensor *scaled =
        both(reader, operation, OP_MUL, NULL, x, function(reader, operation, OP_RECIPROCAL, "factor", divisor, 0, 0));
    if (scaled) scaled->type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    return scaled;
}

struct tensor *onnx_read_binarizer(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    float threshold = attribute_real(reader, operation, "threshold", 0);
    struct tensor *above =
        both(reader, operation, OP_SUB, "above", x, onnx_number(reader, operation, "threshold", threshold));
    struct tensor *bit = onnx_positive(reader, operation, NULL, above);
    if (bit) bit->type = x->type;
    return bit;
}

/* ---- LabelEncoder ---- */

/* The tensor of an attribute; NULL: there is none, or it has been diagnosed. */
static struct tensor *label_tensor(struct onnx_reader *reader, const struct operation *operation, const char *name) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    return attribute && attribute->t ? tensor_from_proto(reader, onnx_location(reader, operation), attribute->t) : NULL;
}

/* The numbers of keys_* or values_*, a list; NULL: text, or none. */
static struct tensor *label_numbers(struct onnx_reader *reader, const struct operation *operation, const char *which) {
    const Onnx__AttributeProto *whole = attribute_find(operation, arena_printf(reader->arena, "%s_int64s", which));
    const Onnx__AttributeProto *real = attribute_find(operation, arena_printf(reader->arena, "%s_floats", which));
    size_t count = whole ? whole->n_ints : real ? real->n_floats : 0;
    if (!count) return label_tensor(reader, operation, arena_printf(reader->arena, "%s_tensor", which));
    struct tensor *numbers = onnx_number(reader, operation, which, 0);
    numbers->shape = (struct shape){.rank = 1, .dim = {(int64_t)count}};
    if (whole) {
        numbers->state = TENSOR_INTEGERS;
        numbers->type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
        numbers->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        memcpy(numbers->integers, whole->ints, count * sizeof *numbers->integers);
    } else {
        numbers->reals = ARENA_ARRAY(reader->arena, float, count + 1);
        memcpy(numbers->reals, real->floats, count * sizeof *numbers->reals);
    }
    return numbers;
}

/* What other keys give. */
static struct tensor *label_default(struct onnx_reader *reader, const struct operation *operation,
                                    const struct tensor *values) {
    if (attribute_find(operation, "default_tensor")) return label_tensor(reader, operation, "default_tensor");
    struct tensor *number =
        onnx_number(reader, operation, "default", attribute_real(reader, operation, "default_float", -0.0f));
    if (type_is_real(values->type)) return number;
    number->state = TENSOR_INTEGERS;
    number->integers = ARENA_NEW(reader->arena, int64_t);
    *number->integers = attribute_integer(reader, operation, "default_int64", -1);
    return number;
}

/* The values, and behind them what other keys give, as a column. */
static struct tensor *label_column(struct onnx_reader *reader, const struct operation *operation,
                                   const struct tensor *values) {
    const struct tensor *other = label_default(reader, operation, values);
    size_t count = tensor_elements(values);
    if (!other) return NULL;
    if (tensor_elements(other) != 1 || other->state != values->state)
        return onnx_refuse(reader, operation, NULL, "its default is not one number of the values' kind");
    struct tensor *column = onnx_number(reader, operation, "column", 0);
    column->shape = (struct shape){.rank = 2, .dim = {(int64_t)count + 1, 1}};
    column->state = values->state;
    if (values->state == TENSOR_INTEGERS) {
        column->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
        memcpy(column->integers, values->integers, count * sizeof *values->integers);
        column->integers[count] = *other->integers;
    } else {
        column->reals = ARENA_ARRAY(reader->arena, float, count + 1);
        memcpy(column->reals, values->reals, count * sizeof *values->reals);
        column->reals[count] = *other->reals;
    }
    return column;
}

/* A key that stands twice has two values. */
static bool keys_differ(struct onnx_reader *reader, const struct operation *operation, const struct tensor *keys) {
    for (size_t i = 0; i < tensor_elements(keys); i++)
        for (size_t k = 0; k < i; k++) {
            bool same = keys->state == TENSOR_INTEGERS ? keys->integers[i] == keys->integers[k]
                                                       : keys->reals[i] == keys->reals[k];
            if (!same) continue;
            onnx_refuse(reader, operation, NULL, "its keys %zu and %zu are the same", k, i);
            return false;
        }
    return true;
}

static bool check_labels(struct onnx_reader *reader, const struct operation *operation, const struct tensor *keys,
                         const struct tensor *values) {
    const struct tensor *x = operation->inputs[0];
    if (!keys || !values)
        onnx_refuse(reader, operation, "encode labels as numbers", "labels are text, or there are none");
    else if (keys->shape.rank != 1 || !shape_equal(&keys->shape, &values->shape) || x->shape.rank + 1 > SHAPE_RANK_MAX)
        onnx_refuse(reader, operation, NULL, "keys and values do not go together");
    else if (tensor_elements(keys) > ONNX_UNROLLED_MAX)
        onnx_refuse(reader, operation, NULL, "more than %d labels", ONNX_UNROLLED_MAX);
    else
        return keys_differ(reader, operation, keys);
    return false;
}

/* 1 at the key, or behind all keys where it is none of them; times the values. */
struct tensor *onnx_read_label_encoder(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    struct tensor *keys = label_numbers(reader, operation, "keys"),
                  *values = label_numbers(reader, operation, "values");
    if (!check_labels(reader, operation, keys, values)) return NULL;
    struct tensor *column = label_column(reader, operation, values);
    if (!column) return NULL;
    struct shape shape = x->shape;
    shape.dim[shape.rank++] = 1;
    struct tensor *wide = move_reshape(reader, operation, "key", x, shape, x->batch_axis);
    struct tensor *at = wide ? onnx_equal(reader, operation, "at", wide, keys) : NULL;
    struct tensor *any = along_last(reader, operation, OP_REDUCE_SUM, "any", at);
    struct tensor *sides[] = {at, any ? onnx_not(reader, operation, "none", any) : NULL};
    if (!sides[1]) return NULL;
    const union attributes last = {.axis = {.axis = shape.rank - 1}};
    struct tensor *all = onnx_emit_tensor(reader, operation, OP_CONCAT, "all", sides, 2, &last, x->batch_axis);
    struct tensor *pair[] = {all, column};
    if (all && all->shape.rank == 1) return onnx_refuse(reader, operation, NULL, "a label without axes");
    struct tensor *found =
        all ? onnx_emit_tensor(reader, operation, OP_MATMUL, "found", pair, 2, NULL, x->batch_axis) : NULL;
    if (!found) return NULL;
    found->type = values->type;
    return move_reshape(reader, operation, NULL, found, x->shape, x->batch_axis);
}

/* ---- ArrayFeatureExtractor: entries along the last axis ---- */

struct tensor *onnx_read_array_feature_extractor(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0], *index = operation->inputs[1];
    size_t count = tensor_elements(index);
    int last = x->shape.rank - 1;
    struct shape vector = {.rank = 1, .dim = {(int64_t)count}};
    if (last < 0) return onnx_refuse(reader, operation, NULL, "a number has no features");
    struct tensor *result;
    if (!tensor_is_static(index)) {
        bool one = tensor_is_static(x) && last == 0;
        if (!one || (count != 1 && index->batch_axis >= 0))
            return onnx_refuse(reader, operation, NULL, "computed indices of features that are no constant list");
        index = move_reshape(reader, operation, "index", index, vector, index->batch_axis < 0 ? -1 : 0);
        result = index ? onnx_gather_by_value(reader, operation, x, index, 0) : NULL;
    } else {
        if (refuse_batch_axis(reader, operation, x, last) < 0) return NULL;
        const int64_t *given = static_integers(reader, operation, 1, "indices", &count);
        int64_t *indices = given ? onnx_indices(reader, operation, given, count, x->shape.dim[last]) : NULL;
        result = indices ? onnx_gather(reader, operation, NULL, x, last, vector, indices, x->batch_axis) : NULL;
    }
    if (!result || last > 0) return result;
    struct shape row = {.rank = 2, .dim = {1, (int64_t)count}};
    return move_reshape(reader, operation, "row", result, row, result->batch_axis < 0 ? -1 : 1);
}

/* ---- ZipMap: probabilities by label. The labels say what the columns are, which stay as they stand ---- */

struct tensor *onnx_read_zip_map(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    const Onnx__AttributeProto *whole = attribute_find(operation, "classlabels_int64s"),
                               *text = attribute_find(operation, "classlabels_strings");
    size_t labels = whole ? whole->n_ints : text ? text->n_strings : 0;
    if (x->shape.rank < 1 || x->shape.dim[x->shape.rank - 1] != (int64_t)labels)
        return onnx_refuse(reader, operation, "export with zipmap=False", "%zu labels, which the columns do not have",
                           labels);
    return x;
}
