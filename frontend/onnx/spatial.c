/* The attributes of convolutions and pooling: windows over the spatial axes, and their padding. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <string.h>

/* One number for each of `count` axes; false after a diagnosis. */
static bool read_list(struct onnx_reader *reader, const struct operation *operation, const char *name, size_t count,
                      int64_t otherwise, int64_t *into) {
    size_t given;
    const int64_t *list = attribute_integers(reader, operation, name, &given);
    if (given == SIZE_MAX) return false;
    if (list && given != count) {
        onnx_refuse(reader, operation, NULL, "'%s' has %zu entries, not %zu", name, given, count);
        return false;
    }
    for (size_t i = 0; i < count; i++) into[i] = list ? list[i] : otherwise;
    return true;
}

static bool read_pads(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial) {
    int64_t pads[2 * SPATIAL_MAX];
    if (!read_list(reader, operation, "pads", 2 * (size_t)spatial->count, 0, pads)) return false;
    for (int i = 0; i < spatial->count; i++) {
        spatial->before[i] = pads[i];
        spatial->after[i] = pads[spatial->count + i];
        if (pads[i] >= 0 && pads[spatial->count + i] >= 0) continue;
        onnx_refuse(reader, operation, NULL, "'pads' has a negative entry");
        return false;
    }
    return true;
}

bool onnx_spatial(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial) {
    const struct tensor *x = operation->inputs[0];
    size_t count = x->shape.rank > 2 ? (size_t)x->shape.rank - 2 : 0;
    if (count < 1 || count > SPATIAL_MAX) {
        onnx_refuse(reader, operation, NULL, "an operand of %d axes: bxc reads one to %d spatial ones behind two",
                    x->shape.rank, SPATIAL_MAX);
        return false;
    }
    for (int axis = 1; axis < x->shape.rank; axis++)
        if (refuse_batch_axis(reader, operation, x, axis) < 0) return false;
    *spatial = (struct spatial){.count = (int)count};
    return read_list(reader, operation, "kernel_shape", count, 0, spatial->size) &&
           read_list(reader, operation, "strides", count, 1, spatial->step) &&
           read_list(reader, operation, "dilations", count, 1, spatial->dilation) &&
           read_pads(reader, operation, spatial);
}

enum auto_pad onnx_auto_pad(struct onnx_reader *reader, const struct operation *operation,
                            const struct spatial *spatial) {
    static const char *const names[] = {
        [AUTO_PAD_NOT_SET] = "NOTSET",
        [AUTO_PAD_VALID] = "VALID",
        [AUTO_PAD_SAME_UPPER] = "SAME_UPPER",
        [AUTO_PAD_SAME_LOWER] = "SAME_LOWER",
    };
    const char *text = attribute_text(reader, operation, "auto_pad");
    if (!text || !*text || !strcmp(text, "NOTSET")) return AUTO_PAD_NOT_SET;
    bool padded = false;
    for (int i = 0; i < spatial->count; i++) padded |= spatial->before[i] || spatial->after[i];
    if (padded)
        onnx_refuse(reader, operation, "leave one of them out", "'pads' stands beside an auto_pad of '%s'", text);
    for (int i = AUTO_PAD_VALID; i <= AUTO_PAD_SAME_LOWER && !padded; i++)
        if (!strcmp(text, names[i])) return (enum auto_pad)i;
    if (!padded) onnx_refuse(reader, operation, NULL, "auto_pad '%s' is not known", text);
    return AUTO_PAD_FAILED;
}
