/* Resize and Upsample, of scales and sizes that are known. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The place of a text attribute in a list that ends with NULL; `otherwise` without it, -1 after a diagnosis. */
static int named(struct onnx_reader *reader, const struct operation *operation, const char *name,
                 const char *const *list, int otherwise) {
    const char *text = attribute_text(reader, operation, name);
    if (!text) return otherwise;
    for (int i = 0; list[i]; i++)
        if (!strcmp(list[i], text)) return i;
    onnx_refuse(reader, operation, NULL, "%s '%s' is not known", name, text);
    return -1;
}

static int read_method(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const methods[] = {"nearest", "linear", "cubic", "bilinear", NULL};
    int method = named(reader, operation, "mode", methods, RESIZE_NEAREST);
    return method == 3 ? RESIZE_LINEAR : method;
}

static bool read_manner(struct onnx_reader *reader, const struct operation *operation, struct resize *resize) {
    static const char *const coordinates[] = {
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
        "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    bool old = reader->opset < 11;
    int method = read_method(reader, operation);
    int where = named(reader, operation, "coordinate_transformation_mode", coordinates,
                      old ? RESIZE_ASYMMETRIC : RESIZE_HALF_PIXEL);
    int rounding = named(reader, operation, "nearest_mode", roundings, old ? RESIZE_FLOOR : RESIZE_PREFER_FLOOR);
    if (method < 0 || where < 0 || rounding < 0) return false;
    *resize = (struct resize){.method = (enum resize_method)method,
                              .coordinates = (enum resize_coordinates)where,
                              .rounding = (enum resize_rounding)rounding,
                              .cubic = attribute_real(reader, operation, "cubic_coeff_a", -0.75f),
                              .exclude_outside =
                                  attribute_integer(reader, operation, "exclude_outside", 0) && method == RESIZE_CUBIC,
                              .extrapolation = attribute_real(reader, operation, "extrapolation_value", 0)};
    if (!attribute_integer(reader, operation, "antialias", 0) || method == RESIZE_NEAREST) return true;
    onnx_refuse(reader, operation, "export the model without antialias", "resizing with antialias");
    return false;
}

/* ---- by axis ---- */

struct axes {
    int count, at[SHAPE_RANK_MAX];
    float scale[SHAPE_RANK_MAX], start[SHAPE_RANK_MAX], end[SHAPE_RANK_MAX];
    int64_t size[SHAPE_RANK_MAX];
};

static bool read_axes(struct onnx_reader *reader, const struct operation *operation, struct axes *axes) {
    int rank = operation->inputs[0]->shape.rank;
    size_t count;
    unsigned set;
    const int64_t *given = attribute_integers(reader, operation, "axes", &count);
    *axes = (struct axes){.count = given ? 0 : rank};
    for (int i = 0; i < rank; i++) axes->at[i] = i;
    if (count == SIZE_MAX || (given && !onnx_axes_set(reader, operation, given, count, rank, &set))) return false;
    for (size_t i = 0; given && i < count; i++)
        axes->at[axes->count++] = (int)(given[i] < 0 ? given[i] + rank : given[i]);
    return true;
}

/* An operand of known real numbers, or NULL: it is not there, or after a diagnosis. */
static const float *known_reals(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                                const char *what, size_t count) {
    const struct tensor *tensor = input < operation->input_count ? operation->inputs[input] : NULL;
    if (!tensor || tensor_elements(tensor) == 0) return NULL;
    if (tensor->state == TENSOR_REALS && tensor_elements(tensor) == count) return tensor->reals;
    onnx_refuse(reader, operation, "export the model with constant scales", "its %s are not %zu constant numbers", what,
                count);
    return NULL;
}

static bool take_scales(struct onnx_reader *reader, const struct operation *operation, const float *scales,
                        struct axes *axes) {
    for (int i = 0; i < axes->count; i++) {
        double size = floor((double)(scales[i] * (float)operation->inputs[0]->shape.dim[axes->at[i]]));
        if (!(scales[i] > 0) || !(size >= 1 && size <= ONNX_ELEMENTS_MAX)) {
            onnx_refuse(reader, operation, NULL, "a scale of %g along axis %d", (double)scales[i], axes->at[i]);
            return false;
        }
        axes->scale[i] = scales[i];
        axes->size[i] = (int64_t)size;
    }
    return true;
}

/* One scale for all axes, by the first that reaches its size, or the last. */
static bool keep_ratio(struct onnx_reader *reader, const struct operation *operation, struct axes *axes) {
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    int policy = named(reader, operation, "keep_aspect_ratio_policy", policies, 0);
    float scale = axes->count ? axes->scale[0] : 1;
    if (policy <= 0) return policy == 0;
    for (int i = 1; i < axes->count; i++)
        scale = policy == 1 ? fminf(scale, axes->scale[i]) : fmaxf(scale, axes->scale[i]);
    for (int i = 0; i < axes->count; i++) {
        double size = floor((double)(scale * (float)operation->inputs[0]->shape.dim[axes->at[i]]) + 0.5);
        axes->scale[i] = scale;
        axes->size[i] = size < 1 ? 0 : size > ONNX_ELEMENTS_MAX ? ONNX_ELEMENTS_MAX : (int64_t)size;
    }
    return true;
}

static bool take_sizes(struct onnx_reader *reader, const struct operation *operation, struct axes *axes) {
    const struct tensor *x = operation->inputs[0];
    size_t count;
    const int64_t *sizes = static_integers(reader, operation, 3, "sizes", &count);
    if (!sizes) return false;
    if (count != (size_t)axes->count) {
        onnx_refuse(reader, operation, NULL, "%zu sizes for %d axes", count, axes->count);
        return false;
    }
    for (int i = 0; i < axes->count; i++) {
        bool batch = axes->at[i] == x->batch_axis && sizes[i] == reader->batch_number;
        axes->size[i] = batch ? 1 : sizes[i];
        axes->scale[i] = (float)axes->size[i] / (float)x->shape.dim[axes->at[i]];
        if (axes->size[i] >= 1 && axes->size[i] <= ONNX_ELEMENTS_MAX) continue;
        onnx_refuse(reader, operation, NULL, "a size of %" PRId64 " along axis %d", sizes[i], axes->at[i]);
        return false;
    }
    return keep_ratio(reader, operation, axes);
}

static struct tensor *emit_resize(struct onnx_reader *reader, const struct operation *operation, struct resize resize,
                                  const struct axes *axes) {
    const struct layer layer = onnx_layer(reader, operation);
    struct tensor *tensor = operation->inputs[0];
    valref x = tensor_value(reader, operation, tensor);
    for (int i = 0; i < axes->count && !valref_equal(x, NO_VALUE); i++) {
        bool crops = resize.coordinates == RESIZE_CROP && (axes->start[i] != 0 || axes->end[i] != 1);
        if (axes->scale[i] == 1 && !crops) continue;
        if (refuse_batch_axis(reader, operation, tensor, axes->at[i]) < 0) return NULL;
        resize.scale = axes->scale[i];
        resize.count = axes->size[i];
        resize.start = axes->start[i];
        resize.end = axes->end[i];
        x = layer_resize(&layer, x, axes->at[i], &resize);
    }
    return valref_equal(x, tensor->value) ? tensor : onnx_made_of(reader, tensor, x, tensor->batch_axis);
}

/* The part of each axis that is resized: all starts, then all ends. */
static bool take_regions(struct onnx_reader *reader, const struct operation *operation, struct axes *axes) {
    const float *regions = known_reals(reader, operation, 1, "regions", 2 * (size_t)axes->count);
    for (int i = 0; regions && i < axes->count; i++) {
        axes->start[i] = regions[i];
        axes->end[i] = regions[axes->count + i];
    }
    if (!regions) onnx_refuse(reader, operation, NULL, "there are no regions to crop");
    return regions;
}

struct tensor *onnx_read_resize(struct onnx_reader *reader, const struct operation *operation) {
    bool old = reader->opset<11, by_size = operation->input_count> 3 && operation->inputs[3];
    struct resize resize;
    struct axes axes;
    if (!read_manner(reader, operation, &resize) || !read_axes(reader, operation, &axes)) return NULL;
    if (resize.method != RESIZE_NEAREST && refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    size_t errors = reader->context->diagnostics.errors;
    const float *scales = known_reals(reader, operation, old ? 1 : 2, "scales", (size_t)axes.count);
    if (reader->context->diagnostics.errors > errors) return NULL;
    if (!scales && !by_size) return onnx_refuse(reader, operation, NULL, "there are neither scales nor sizes");
    if (scales ? !take_scales(reader, operation, scales, &axes) : !take_sizes(reader, operation, &axes)) return NULL;
    if (resize.coordinates == RESIZE_CROP && !take_regions(reader, operation, &axes)) return NULL;
    return emit_resize(reader, operation, resize, &axes);
}

/* Of older opsets: element i is that at i / scale, rounded down. */
struct tensor *onnx_read_upsample(struct onnx_reader *reader, const struct operation *operation) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, "scales");
    int method = read_method(reader, operation);
    struct axes axes;
    if (method < 0 || !read_axes(reader, operation, &axes)) return NULL;
    if (method != RESIZE_NEAREST && refuse_whole(reader, operation, operation->inputs[0]) < 0) return NULL;
    const float *scales = attribute && attribute->n_floats == (size_t)axes.count ? attribute->floats : NULL;
    if (!attribute) scales = known_reals(reader, operation, 1, "scales", (size_t)axes.count);
    if (!scales) return onnx_refuse(reader, operation, NULL, "there are not as many scales as axes");
    if (!take_scales(reader, operation, scales, &axes)) return NULL;
    const struct resize resize = {.method = (enum resize_method)method,
                                  .coordinates = RESIZE_ASYMMETRIC,
                                  .rounding = RESIZE_FLOOR,
                                  .cubic = -0.75f};
    return emit_resize(reader, operation, resize, &axes);
}
