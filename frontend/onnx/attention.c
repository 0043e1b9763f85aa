/* Attention: softmax(cap(q k^T) + mask) v by heads. Keys that the mask keeps out are left out of the softmax, so a mask
 * must be known, and nothing infinite is computed with. */
#include "frontend/onnx/calls.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum operand { QUERY, KEY, VALUE, MASK, PAST_KEY, PAST_VALUE, FILLED, OPERANDS };
enum output { OUTPUT, PRESENT_KEY, PRESENT_VALUE, SCORES };
enum scores { SCORES_RAW, SCORES_CAPPED, SCORES_MASKED, SCORES_SOFTMAX };

struct attention {
    struct tensor *at[OPERANDS]; /* queries, keys and values by [batch, head, step, feature] */
    int64_t batch, heads, queries, keys, past;
    bool flat, causal; /* flat: [batch, step, head and feature] */
    int64_t left, right, mode;
    float softcap;
    struct shape shape; /* of the scores */
    bool *allowed;      /* by score; NULL: all */
    struct tensor *bias;
};

/* ---- operands ---- */

static struct tensor *split_heads(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  struct tensor *x, int64_t heads) {
    static const int order[] = {0, 2, 1, 3};
    if (x->shape.rank != 3 || heads < 1 || x->shape.dim[2] % heads)
        return onnx_refuse(reader, operation, NULL, "the %s cannot be split into %" PRId64 " heads", what, heads);
    struct shape shape = {4, {x->shape.dim[0], x->shape.dim[1], heads, x->shape.dim[2] / heads}};
    x = move_reshape(reader, operation, arena_printf(reader->arena, "%s.heads", what), x, shape, x->batch_axis);
    return x ? move_transpose(reader, operation, what, x, order) : NULL;
}

/* Each head of keys and values as often as queries share it. */
static struct tensor *shared_heads(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                   struct tensor *x, int64_t heads) {
    if (x->shape.dim[1] == heads) return x;
    int64_t times = heads / x->shape.dim[1];
    int64_t *indices = ARENA_ARRAY(reader->arena, int64_t, (size_t)heads);
    for (int64_t i = 0; i < heads; i++) indices[i] = i / times;
    return onnx_gather(reader, operation, what, x, 1, (struct shape){.rank = 1, .dim = {heads}}, indices,
                       x->batch_axis);
}

static bool read_operands(struct onnx_reader *reader, const struct operation *operation, struct attention *attention) {
    static const char *const names[] = {"query", "key", "value"};
    for (uint32_t i = 0; i < OPERANDS && i < operation->input_count; i++) attention->at[i] = operation->inputs[i];
    attention->flat = attention->at[QUERY]->shape.rank == 3;
    for (int i = QUERY; i <= VALUE; i++) {
        struct tensor *x = attention->at[i];
        int64_t heads = attribute_integer(reader, operation, i ? "kv_num_heads" : "q_num_heads", 0);
        if (refuse_whole(reader, operation, x) < 0) return false;
        if (x->batch_axis > 0) {
            onnx_refuse(reader, operation, NULL, "the batch is not the first axis of the %s", names[i]);
            return false;
        }
        if (attention->flat) x = split_heads(reader, operation, names[i], x, heads);
        if (!x) return false;
        if (x->shape.rank != 4 || (heads && heads != x->shape.dim[1])) {
            onnx_refuse(reader, operation, NULL, "the %s is not [batch, %s heads, steps, features]", names[i],
                        heads ? arena_printf(reader->arena, "%" PRId64, heads) : "its");
            return false;
        }
        attention->at[i] = x;
    }
    return true;
}

/* Behind what was there before. */
static bool append_past(struct onnx_reader *reader, const struct operation *operation, struct attention *attention) {
    static const char *const names[] = {"present_key", "present_value"};
    if (!attention->at[PAST_KEY] != !attention->at[PAST_VALUE]) {
        onnx_refuse(reader, operation, NULL, "of past_key and past_value one is left out");
        return false;
    }
    for (int i = 0; i < 2; i++) {
        struct tensor *past = attention->at[PAST_KEY + i], *now = attention->at[KEY + i];
        if (past) {
            struct call call = call_new(reader, operation, "Concat");
            if (past->shape.rank != 4) {
                onnx_refuse(reader, operation, NULL, "the past is not [batch, heads, steps, features]");
                return false;
            }
            attention->past = past->shape.dim[2];
            call_operand(&call, past);
            call_operand(&call, now);
            call_integer(&call, "axis", 2);
            now = attention->at[KEY + i] = call_read(&call, names[i]);
            if (!now) return false;
        }
        if (output_is_read(operation, PRESENT_KEY + (uint32_t)i)) operation->results[PRESENT_KEY + i] = now;
    }
    return true;
}

static bool check_shapes(struct onnx_reader *reader, const struct operation *operation, struct attention *attention) {
    const struct shape *q = &attention->at[QUERY]->shape, *k = &attention->at[KEY]->shape,
                       *v = &attention->at[VALUE]->shape;
    attention->batch = q->dim[0], attention->heads = q->dim[1];
    attention->queries = q->dim[2], attention->keys = k->dim[2];
    attention->shape = (struct shape){4, {q->dim[0], q->dim[1], q->dim[2], k->dim[2]}};
    if (q->dim[0] == k->dim[0] && k->dim[0] == v->dim[0] && q->dim[3] == k->dim[3] && k->dim[1] == v->dim[1] &&
        k->dim[2] == v->dim[2] && k->dim[1] > 0 && q->dim[1] % k->dim[1] == 0 && shape_elements(q) &&
        shape_elements(k) && shape_elements(v))
        return onnx_made_size(reader, operation, &attention->shape);
    onnx_refuse(reader, operation, NULL, "queries, keys and values do not go together");
    return false;
}

static bool read_numbers(struct onnx_reader *reader, const struct operation *operation, struct attention *attention) {
    int64_t precision = attribute_integer(reader, operation, "softmax_precision", 1);
    int64_t causal = attribute_integer(reader, operation, "is_causal", 0);
    attention->causal = causal != 0;
    attention->left = attribute_integer(reader, operation, "left_window_size", -1);
    attention->right = attribute_integer(reader, operation, "right_window_size", -1);
    attention->mode = attribute_integer(reader, operation, "qk_matmul_output_mode", SCORES_RAW);
    attention->softcap = attribute_real(reader, operation, "softcap", 0);
    if (precision != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT && precision != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
        onnx_refuse(reader, operation, NULL, "a softmax in %s: bxc computes in binary32",
                    onnx_type_name((int)precision));
    else if (causal != 0 && causal != 1)
        onnx_refuse(reader, operation, NULL, "is_causal is %" PRId64 ", neither 0 nor 1", causal);
    else if (!(attention->softcap >= 0) || isinf(attention->softcap))
        onnx_refuse(reader, operation, NULL, "a softcap of %g", (double)attention->softcap);
    else if (attention->mode < SCORES_RAW || attention->mode > SCORES_SOFTMAX)
        onnx_refuse(reader, operation, NULL, "qk_matmul_output_mode %" PRId64 " is not from 0 to 3", attention->mode);
    else
        return true;
    return false;
}

/* ---- the mask ---- */

/* How many of the keys are filled, by entry of the batch; NULL where nothing says. */
static bool read_filled(struct onnx_reader *reader, const struct operation *operation,
                        const struct attention *attention, const int64_t **filled) {
    size_t count;
    *filled = NULL;
    if (!attention->at[FILLED]) return true;
    *filled = static_integers(reader, operation, FILLED, "numbers of keys", &count);
    if (!*filled) return false;
    if (count == (size_t)attention->batch && !attention->past) return true;
    onnx_refuse(reader, operation, NULL, "nonpad_kv_seqlen is %zu numbers of a batch of %" PRId64 ", or beside a past",
                count, attention->batch);
    return false;
}

/* By causality, the window and how many keys are filled. */
static void mask_places(struct attention *attention, const int64_t *filled) {
    int64_t at[4];
    for (size_t i = 0; i < shape_elements(&attention->shape); i++) {
        onnx_coordinates(&attention->shape, i, at);
        int64_t offset = filled ? filled[at[0]] - attention->queries : attention->past;
        int64_t ahead = at[3] - (at[2] + offset);
        attention->allowed[i] =
            (!attention->causal || ahead <= 0) && (attention->left < 0 || -ahead <= attention->left) &&
            (attention->right < 0 || ahead <= attention->right) && (!filled || at[3] < filled[at[0]]);
    }
}

static bool mask_shape(struct onnx_reader *reader, const struct operation *operation, const struct attention *attention,
                       struct shape *shape) {
    const struct shape *mask = &attention->at[MASK]->shape;
    *shape = *mask;
    bool fits = mask->rank >= 1 && mask->rank <= 4 && mask->dim[mask->rank - 1] <= attention->keys;
    for (int i = 0; fits && i + 1 < mask->rank; i++)
        fits = mask->dim[i] == 1 || mask->dim[i] == attention->shape.dim[4 - mask->rank + i];
    if (fits && mask->dim[mask->rank - 1] == 1 && attention->keys > 1)
        onnx_refuse(reader, operation, "expand it to all keys",
                    "its mask has one column for %" PRId64 " keys: repeated by some, followed by -inf by others",
                    attention->keys);
    else if (!fits)
        onnx_refuse(reader, operation, NULL, "the mask's shape does not go with the scores'");
    else
        return true;
    return false;
}

/* The element of the mask that stands for a score; -1: the mask is too short for its key. */
static int64_t mask_element(const struct attention *attention, const struct shape *mask, size_t score) {
    int64_t at[4], from[4];
    onnx_coordinates(&attention->shape, score, at);
    for (int i = 0; i < mask->rank; i++) from[i] = mask->dim[i] == 1 ? 0 : at[4 - mask->rank + i];
    if (at[3] >= mask->dim[mask->rank - 1]) return -1;
    return (int64_t)onnx_element(mask, from);
}

/* Numbers to add are kept without those that keep keys out. */
static bool mask_by_constant(struct onnx_reader *reader, const struct operation *operation,
                             struct attention *attention) {
    const struct tensor *mask = attention->at[MASK];
    struct shape shape;
    size_t count = shape_elements(&attention->shape);
    if (!mask_shape(reader, operation, attention, &shape)) return false;
    float *added = ARENA_ARRAY(reader->arena, float, count + 1);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        int64_t from = mask_element(attention, &shape, i);
        bool out = from < 0 || (mask->integers ? mask->integers[from] == 0 : onnx_keeps_out(mask->reals[from]));
        if (out) attention->allowed[i] = false;
        if (!out && mask->reals) any |= (added[i] = mask->reals[from]) != 0.0f;
    }
    if (!any) return true;
    attention->bias = onnx_number(reader, operation, "bias", 0);
    attention->bias->shape = attention->shape;
    attention->bias->reals = added;
    return true;
}

/* Rows without a key are zeros where the mask is infinite; where it is a number they are something else. */
static bool check_rows(struct onnx_reader *reader, const struct operation *operation,
                       const struct attention *attention) {
    const struct tensor *mask = attention->at[MASK];
    struct shape shape;
    bool finite = false;
    if (!mask || !mask->reals || !mask_shape(reader, operation, attention, &shape)) return true;
    for (size_t i = 0; i < tensor_elements(mask); i++)
        finite |= onnx_keeps_out(mask->reals[i]) && !isinf(mask->reals[i]);
    for (size_t row = 0; finite && row < shape_elements(&attention->shape); row += (size_t)attention->keys) {
        bool some = false;
        for (int64_t key = 0; key < attention->keys; key++) some |= attention->allowed[row + (size_t)key];
        if (some) continue;
        onnx_refuse(reader, operation, NULL, "its mask keeps all keys of a query out, by finite numbers");
        return false;
    }
    return true;
}

static bool read_mask(struct onnx_reader *reader, const struct operation *operation, struct attention *attention) {
    const struct tensor *mask = attention->at[MASK];
    const int64_t *filled;
    size_t count = shape_elements(&attention->shape), kept_out = 0;
    if (!read_filled(reader, operation, attention, &filled)) return false;
    attention->allowed = ARENA_ARRAY(reader->arena, bool, count + 1);
    mask_places(attention, filled);
    if (mask && tensor_is_static(mask) && !mask_by_constant(reader, operation, attention)) return false;
    if (mask && !tensor_is_static(mask)) {
        struct shape shape;
        if (!mask_shape(reader, operation, attention, &shape)) return false;
        if (!type_is_real(mask->type) || shape.dim[shape.rank - 1] != attention->keys) {
            onnx_refuse(reader, operation, "give it as numbers to add",
                        "its mask depends on the event, and keeps keys out");
            return false;
        }
        attention->bias = attention->at[MASK];
    }
    if (mask && tensor_is_static(mask) && !check_rows(reader, operation, attention)) return false;
    for (size_t i = 0; i < count; i++) kept_out += !attention->allowed[i];
    if (!kept_out) attention->allowed = NULL;
    return true;
}

static struct tensor *softmax(struct onnx_reader *reader, const struct operation *operation,
                              const struct attention *attention, struct tensor *scores) {
    if (!scores) return NULL;
    if (attention->allowed) return onnx_softmax_of_allowed(reader, operation, "weights", scores, attention->allowed);
    struct call call = call_new(reader, operation, "Softmax");
    call_operand(&call, scores);
    call_integer(&call, "axis", 3);
    return call_read(&call, "weights");
}

/* ---- the whole ---- */

static struct tensor *times(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *x, float number) {
    return number == 1.0f
               ? x
               : call_binary(reader, operation, "Mul", what, x,
                             onnx_number(reader, operation, arena_printf(reader->arena, "%s.scale", what), number));
}

/* The root of the scale times both sides of the product. */
static struct tensor *make_scores(struct onnx_reader *reader, const struct operation *operation,
                                  const struct attention *attention) {
    static const int64_t order[] = {0, 1, 3, 2};
    const struct tensor *q = attention->at[QUERY];
    double scale = attribute_find(operation, "scale") ? (double)attribute_real(reader, operation, "scale", 0)
                                                      : 1 / sqrt((double)q->shape.dim[3]);
    if (!(scale >= 0) || isinf(scale)) return onnx_refuse(reader, operation, NULL, "a scale of %g", scale);
    float root = (float)sqrt(scale);
    struct tensor *queries = times(reader, operation, "query.scaled", attention->at[QUERY], root);
    struct tensor *keys = shared_heads(reader, operation, "key.shared", attention->at[KEY], attention->heads);
    keys = keys ? call_transpose(reader, operation, "key.transposed", keys, order) : NULL;
    keys = keys ? times(reader, operation, "key.scaled", keys, root) : NULL;
    return call_binary(reader, operation, "MatMul", "scores", queries, keys);
}

static struct tensor *capped(struct onnx_reader *reader, const struct operation *operation, float cap,
                             struct tensor *scores) {
    if (!scores || cap == 0.0f) return scores;
    scores = call_binary(reader, operation, "Div", "below_cap", scores, onnx_number(reader, operation, "cap", cap));
    return times(reader, operation, "capped", call_unary(reader, operation, "Tanh", "bent", scores), cap);
}

/* The output that tells scores at some stage. */
static bool tell_scores(struct onnx_reader *reader, const struct operation *operation,
                        const struct attention *attention, enum scores stage, struct tensor *scores) {
    if (!scores) return false;
    if (attention->mode != (int64_t)stage || !output_is_read(operation, SCORES)) return true;
    operation->results[SCORES] = scores;
    if (stage != SCORES_MASKED || !attention->allowed) return true;
    onnx_refuse(reader, operation, "take qk_matmul_output_mode 3", "its output '%s' holds infinities",
                operation->proto->output[SCORES]);
    return false;
}

static struct tensor *output(struct onnx_reader *reader, const struct operation *operation,
                             const struct attention *attention, struct tensor *weights) {
    static const int order[] = {0, 2, 1, 3};
    struct tensor *values = shared_heads(reader, operation, "value.shared", attention->at[VALUE], attention->heads);
    struct tensor *y =
        values ? call_binary(reader, operation, "MatMul", attention->flat ? "heads" : NULL, weights, values) : NULL;
    if (!y || !attention->flat) return y;
    struct shape shape = {3, {attention->batch, attention->queries, attention->heads * y->shape.dim[3]}};
    int batch = y->batch_axis;
    y = move_transpose(reader, operation, "steps", y, order);
    return y ? move_reshape(reader, operation, NULL, y, shape, batch) : NULL;
}

struct tensor *onnx_read_attention(struct onnx_reader *reader, const struct operation *operation) {
    struct attention attention = {.past = 0};
    if (!read_operands(reader, operation, &attention) || !append_past(reader, operation, &attention) ||
        !check_shapes(reader, operation, &attention) || !read_numbers(reader, operation, &attention) ||
        !read_mask(reader, operation, &attention))
        return NULL;
    struct tensor *scores = make_scores(reader, operation, &attention);
    if (!tell_scores(reader, operation, &attention, SCORES_RAW, scores)) return NULL;
    scores = capped(reader, operation, attention.softcap, scores);
    if (!tell_scores(reader, operation, &attention, SCORES_CAPPED, scores)) return NULL;
    if (attention.bias) scores = call_binary(reader, operation, "Add", "biased", scores, attention.bias);
    if (!tell_scores(reader, operation, &attention, SCORES_MASKED, scores)) return NULL;
    struct tensor *weights = softmax(reader, operation, &attention, scores);
    if (!tell_scores(reader, operation, &attention, SCORES_SOFTMAX, weights)) return NULL;
    return output(reader, operation, &attention, weights);
}
