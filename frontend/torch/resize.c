/* Images: margins, other sizes, channels that become positions. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- margins: pairs from the last axis on ---- */

static const char *pad_mode(struct onnx_reader *reader, const struct operation *operation) {
    static const char *const modes[][2] = {
        {"constant", "constant"}, {"reflect", "reflect"}, {"replicate", "edge"}, {"circular", "wrap"}};
    const char *own = torch_node_of(operation)->operator->onnx, *word = torch_word(operation, "mode");
    if (own) return own;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(word ? word : "constant", modes[i][0])) return modes[i][1];
    onnx_refuse(reader, operation, NULL, "mode '%s' is not known", word);
    return NULL;
}

struct tensor *torch_read_pad(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_self(operation);
    const char *mode = pad_mode(reader, operation);
    int64_t list[SHAPE_RANK_MAX], pads[2 * SHAPE_RANK_MAX] = {0};
    int count = torch_integers(reader, operation, torch_has(operation, "pad") ? "pad" : "padding", list);
    const int rank = x->shape.rank;
    if (count < 0 || !mode) return NULL;
    if (count % 2 || count > 2 * rank)
        return onnx_refuse(reader, operation, NULL, "%d margins of %d axes", count, rank);
    for (int i = 0; i < count; i++) pads[(i % 2 ? rank : 0) + rank - 1 - i / 2] = list[i];
    struct call call = call_new(reader, operation, "Pad");
    call_operand(&call, x);
    call_operand(&call, integers_vector(reader, pads, 2 * (size_t)rank));
    if (!strcmp(mode, "constant"))
        call_operand(&call, onnx_number(reader, operation, "margin", (float)torch_real(reader, operation, "value", 0)));
    call_text(&call, "mode", mode);
    return call_read(&call, NULL);
}

/* ---- other sizes ---- */

/* By axis of the image: its length, or its factor, of which the length is the whole part. */
static bool read_sizes(struct onnx_reader *reader, const struct operation *operation, int axes, int64_t *sizes,
                       float *scales) {
    static const char *const single[] = {"scales_d", "scales_h", "scales_w"};
    const struct shape *from = &torch_self(operation)->shape;
    double factors[SHAPE_RANK_MAX] = {0};
    int factor_count = torch_reals(reader, operation, "scale_factors", factors);
    int count = torch_has(operation, "output_size") ? torch_integers(reader, operation, "output_size", sizes) : 0;
    for (int i = 0; i < axes && !factor_count; i++) {
        const char *name = axes == 1 && torch_has(operation, "scales") ? "scales" : single[3 - axes + i];
        if (torch_has(operation, name)) factors[i] = torch_real(reader, operation, name, 0);
    }
    for (int i = 0; i < axes; i++) {
        const int64_t have = from->dim[i + 2];
        if (count == 0 && factor_count == axes) sizes[i] = (int64_t)floor((double)have * factors[i]);
        if ((count != axes && factor_count != axes) || sizes[i] < 1 || sizes[i] > ONNX_ELEMENTS_MAX) {
            onnx_refuse(reader, operation, NULL, "it says no sizes of %d axes", axes);
            return false;
        }
        scales[i] = factors[i] > 0 ? (float)factors[i] : 0;
    }
    return true;
}

struct tensor *torch_read_upsample(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = torch_self(operation);
    const int axes = x->shape.rank - 2;
    const char *mode = torch_node_of(operation)->operator->onnx;
    int64_t sizes[SHAPE_RANK_MAX], shape[SHAPE_RANK_MAX];
    float scales[SHAPE_RANK_MAX], all[SHAPE_RANK_MAX] = {1, 1};
    if (axes < 1 || axes > 3) return onnx_refuse(reader, operation, NULL, "its operand is no image of channels");
    if (!read_sizes(reader, operation, axes, sizes, scales)) return NULL;
    bool nearest = !strcmp(mode, "nearest"), by_factor = true;
    for (int i = 0; i < axes; i++) {
        all[i + 2] = scales[i];
        by_factor &= scales[i] > 0;
    }
    for (int i = 0; i < x->shape.rank; i++) shape[i] = i < 2 ? x->shape.dim[i] : sizes[i - 2];
    struct call call = call_new(reader, operation, "Resize");
    call_operand(&call, x);
    call_no_operand(&call);
    if (by_factor) {
        struct tensor *factors = torch_filled(reader, (struct shape){.rank = 1, .dim = {x->shape.rank}},
                                              ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 1);
        memcpy(factors->reals, all, (size_t)x->shape.rank * sizeof *all);
        call_operand(&call, factors);
    } else {
        call_no_operand(&call);
        call_operand(&call, integers_vector(reader, shape, (size_t)x->shape.rank));
    }
    call_text(&call, "mode", mode);
    bool corners = torch_flag(operation, "align_corners", false);
    call_text(&call, "coordinate_transformation_mode",
              nearest   ? "asymmetric"
              : corners ? "align_corners"
                        : "half_pixel");
    if (nearest) call_text(&call, "nearest_mode", "floor");
    if (!strcmp(mode, "cubic")) call_real(&call, "cubic_coeff_a", -0.75f);
    return call_read(&call, NULL);
}

/* ---- channels and positions ---- */

struct tensor *torch_read_pixel_shuffle(struct onnx_reader *reader, const struct operation *operation) {
    struct call call = call_new(reader, operation, "DepthToSpace");
    call_operand(&call, torch_self(operation));
    call_integer(&call, "blocksize", torch_integer(reader, operation, "upscale_factor", 1));
    call_text(&call, "mode", "CRD");
    return call_read(&call, NULL);
}

/* [n, c, h * r, w * r] becomes [n, c * r * r, h, w]. */
struct tensor *torch_read_pixel_unshuffle(struct onnx_reader *reader, const struct operation *operation) {
    static const int64_t order[] = {0, 1, 3, 5, 2, 4};
    const struct shape *from = &torch_self(operation)->shape;
    const int64_t r = torch_integer(reader, operation, "downscale_factor", 1);
    if (from->rank != 4 || r < 1 || r > from->dim[2] || from->dim[2] % r || from->dim[3] % r)
        return onnx_refuse(reader, operation, NULL, "its operand is no image of blocks of %" PRId64, r);
    const int64_t blocks[] = {from->dim[0], from->dim[1], from->dim[2] / r, r, from->dim[3] / r, r};
    const int64_t shape[] = {from->dim[0], from->dim[1] * r * r, from->dim[2] / r, from->dim[3] / r};
    struct tensor *x = call_with_integers(reader, operation, "Reshape", "blocks", torch_self(operation), blocks, 6);
    x = call_transpose(reader, operation, "moved", x, order);
    return call_with_integers(reader, operation, "Reshape", NULL, x, shape, 4);
}

struct tensor *torch_read_channel_shuffle(struct onnx_reader *reader, const struct operation *operation) {
    const struct shape *from = &torch_self(operation)->shape;
    const int64_t groups = torch_integer(reader, operation, "groups", 1);
    if (from->rank < 2 || groups < 1 || from->dim[1] % groups)
        return onnx_refuse(reader, operation, NULL, "its channels are not in %" PRId64 " groups", groups);
    const int64_t each = from->dim[1] / groups;
    int64_t *channels = ARENA_ARRAY(reader->arena, int64_t, (size_t)from->dim[1] + 1);
    for (int64_t c = 0; c < from->dim[1]; c++) channels[c] = c % groups * each + c / groups;
    struct call call = call_new(reader, operation, "Gather");
    call_operand(&call, torch_self(operation));
    call_operand(&call, integers_vector(reader, channels, (size_t)from->dim[1]));
    call_integer(&call, "axis", 1);
    return call_read(&call, NULL);
}
