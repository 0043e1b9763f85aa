/* Resizing along an axis: every element of the result is a sum of few elements, by weights that are constants. */
#include "frontend/layers/layers.h"

#include <math.h>

enum { TAPS_MAX = 4 };

/* A constant along an axis, with the taps behind it where there are several. */
static valref along_axis(const struct layer *layer, const char *part, const struct shape *of, int axis, int64_t count,
                         int64_t taps, const float *numbers) {
    struct shape shape = {.rank = 1, .dim = {count}};
    if (taps > 1) shape.dim[shape.rank++] = taps;
    for (int i = axis + 1; i < of->rank; i++) shape.dim[shape.rank++] = 1;
    return layer_reals(layer, part, shape, numbers);
}

valref layer_resample(const struct layer *layer, valref x, int axis, const struct resampling *resampling) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    const struct shape of = *layer_shape(layer, x);
    int64_t count = resampling->count, taps = resampling->taps;
    struct shape wide = of, indices = {.rank = taps > 1 ? 2 : 1, .dim = {count, taps}};
    wide.dim[axis] = count * taps;
    if (!layer_fits(layer, &wide)) return NO_VALUE;
    if (taps > 1 && of.rank == SHAPE_RANK_MAX) return layer_refuse(layer, NULL, "more than %d axes", of.rank - 1);
    union attributes attributes = {.gather = {axis, indices, resampling->indices}};
    x = layer_node(layer, OP_GATHER, arena_printf(layer->arena, "elements_%d", axis), &x, 1, &attributes);
    if (resampling->weights) {
        const char *part = arena_printf(layer->arena, "weights_%d", axis);
        valref weighted[2] = {x, along_axis(layer, part, &of, axis, count, taps, resampling->weights)};
        x = layer_node(layer, OP_MUL, arena_printf(layer->arena, "weighted_%d", axis), weighted, 2, NULL);
        const union attributes taps_axis = {.axis = {.axis = axis + 1}};
        if (taps > 1)
            x = layer_node(layer, OP_REDUCE_SUM, arena_printf(layer->arena, "sum_%d", axis), &x, 1, &taps_axis);
    }
    if (!resampling->offsets) return x;
    valref sum[2] = {
        x, along_axis(layer, arena_printf(layer->arena, "outside_%d", axis), &of, axis, count, 1, resampling->offsets)};
    return layer_node(layer, OP_ADD, arena_printf(layer->arena, "extrapolated_%d", axis), sum, 2, NULL);
}

/* In binary32, as runtimes do. */
static float coordinate(const struct resize *resize, int64_t i, int64_t length) {
    float at = (float)i, scale = resize->scale, in = (float)length, out = scale * in, whole = (float)resize->count;
    if (fabsf(out - whole) < 1e-3f) out = whole; /* a scale that was made of two sizes */
    switch (resize->coordinates) {
    case RESIZE_HALF_PIXEL: return (at + 0.5f) / scale - 0.5f;
    case RESIZE_HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - (float)resize->count / out) + (at + 0.5f) / scale - 0.5f;
    case RESIZE_PYTORCH_HALF_PIXEL: return resize->count == 1 ? -0.5f : (at + 0.5f) / scale - 0.5f;
    case RESIZE_ALIGN_CORNERS: return resize->count == 1 ? 0 : at * (in - 1) / (out - 1);
    case RESIZE_ASYMMETRIC: return at / scale;
    case RESIZE_HALF_PIXEL_FOR_NEAREST: return (at + 0.5f) / scale;
    case RESIZE_CROP: break;
    }
    float width = (resize->end - resize->start) * (in - 1);
    return resize->start * (in - 1) + (resize->count == 1 ? width / 2 : at * width / (out - 1));
}

/* Weights of the elements around, of which `ratio` is how far it is from that before to that behind. */
static int weights_at(const struct resize *resize, float ratio, float weights[TAPS_MAX]) {
    float a = resize->cubic, back = 1 - ratio;
    switch (resize->method) {
    case RESIZE_NEAREST: {
        bool behind = ratio == 1 || resize->rounding == RESIZE_CEIL ||
                      (resize->rounding == RESIZE_PREFER_FLOOR && ratio > 0.5f) ||
                      (resize->rounding == RESIZE_PREFER_CEIL && ratio >= 0.5f);
        weights[0] = behind ? 0 : 1;
        weights[1] = behind ? 1 : 0;
        return 2;
    }
    case RESIZE_LINEAR:
        weights[0] = back;
        weights[1] = ratio;
        return 2;
    case RESIZE_CUBIC: break;
    }
    weights[0] = ((a * (ratio + 1) - 5 * a) * (ratio + 1) + 8 * a) * (ratio + 1) - 4 * a;
    weights[1] = ((a + 2) * ratio - (a + 3)) * ratio * ratio + 1;
    weights[2] = ((a + 2) * back - (a + 3)) * back * back + 1;
    weights[3] = ((a * (back + 1) - 5 * a) * (back + 1) + 8 * a) * (back + 1) - 4 * a;
    return TAPS_MAX;
}

static void share_out(float *weights, const int64_t *indices, int taps, int64_t length) {
    float sum = 0;
    for (int t = 0; t < taps; t++) {
        if (indices[t] < 0 || indices[t] >= length) weights[t] = 0;
        sum += weights[t];
    }
    for (int t = 0; t < taps; t++) weights[t] /= sum;
}

/* Element i of the result: its elements, from -1 to the length, and their weights. */
static int taps_at(const struct resize *resize, int64_t i, int64_t length, int64_t indices[TAPS_MAX],
                   float weights[TAPS_MAX]) {
    float at = coordinate(resize, i, length), whole = ceilf(at) - 1;
    int taps = weights_at(resize, at - whole, weights);
    for (int t = 0; t < taps; t++) indices[t] = (int64_t)whole + t - (taps / 2 - 1);
    if (resize->exclude_outside) share_out(weights, indices, taps, length);
    for (int t = 0; t < taps; t++) indices[t] = indices[t] < 0 ? 0 : indices[t] < length ? indices[t] : length - 1;
    return taps;
}

static bool is_outside(const struct resize *resize, int64_t i, int64_t length) {
    float at = coordinate(resize, i, length);
    return resize->coordinates == RESIZE_CROP && (at < 0 || at > (float)(length - 1));
}

/* Only the elements that have a weight; of nearest and of whole coordinates one. */
static void drop_taps(struct resampling *resampling) {
    int taps = resampling->taps;
    for (int64_t i = 0; i < resampling->count; i++) {
        int one = -1;
        for (int t = 0; t < taps; t++)
            if (resampling->weights[i * taps + t] != 0) one = one < 0 ? t : TAPS_MAX;
        if (one < 0 || one == TAPS_MAX || resampling->weights[i * taps + one] != 1) return;
    }
    for (int64_t i = 0; i < resampling->count; i++)
        for (int t = 0; t < taps; t++)
            if (resampling->weights[i * taps + t] != 0) resampling->indices[i] = resampling->indices[i * taps + t];
    resampling->taps = 1;
    resampling->weights = NULL;
}

valref layer_resize(const struct layer *layer, valref x, int axis, const struct resize *resize) {
    if (valref_equal(x, NO_VALUE)) return NO_VALUE;
    struct shape shape = *layer_shape(layer, x);
    int64_t length = shape.dim[axis];
    shape.dim[axis] = resize->count;
    if (!isfinite(resize->scale) || resize->scale <= 0)
        return layer_refuse(layer, NULL, "a scale of %g along axis %d", (double)resize->scale, axis);
    if (!layer_fits(layer, &shape)) return NO_VALUE;
    size_t room = (size_t)resize->count * TAPS_MAX;
    struct resampling resampling = {.count = resize->count,
                                    .indices = ARENA_ARRAY(layer->arena, int64_t, room),
                                    .weights = ARENA_ARRAY(layer->arena, float, room)};
    float *offsets = ARENA_ARRAY(layer->arena, float, (size_t)resize->count);
    for (int64_t i = 0; i < resize->count; i++) {
        int64_t indices[TAPS_MAX];
        float weights[TAPS_MAX];
        int taps = taps_at(resize, i, length, indices, weights);
        bool outside = is_outside(resize, i, length);
        for (int t = 0; t < taps; t++) {
            resampling.indices[i * taps + t] = indices[t];
            resampling.weights[i * taps + t] = outside ? 0 : weights[t];
        }
        resampling.taps = taps;
        offsets[i] = outside ? resize->extrapolation : 0;
        if (outside) resampling.offsets = offsets;
    }
    drop_taps(&resampling);
    return layer_resample(layer, x, axis, &resampling);
}
