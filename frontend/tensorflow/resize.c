/* Images of other sizes: where a pixel of the result stands in the operand is said by two flags. */
#include "frontend/tensorflow/tensorflow.h"

#include <string.h>

/* Operands: an image [batch, height, width, channels], its new height and width. */
struct tensor *tf_read_resize(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor *x = operation->inputs[0];
    const bool nearest = !strcmp(tf_node_of(operation)->operator->onnx, "nearest");
    const bool corners = tf_flag(reader, operation, "align_corners", false),
               centres = tf_flag(reader, operation, "half_pixel_centers", false);
    size_t count;
    const int64_t *size = static_integers(reader, operation, 1, "size", &count);
    if (!size) return NULL;
    if (count != 2 || x->shape.rank != 4)
        return onnx_refuse(reader, operation, NULL, "its size is not two numbers, or its operand no image of channels");
    if (corners && centres)
        return onnx_refuse(reader, operation, NULL, "align_corners and half_pixel_centers exclude each other");
    const int64_t shape[] = {x->shape.dim[0], size[0], size[1], x->shape.dim[3]};
    struct call call = call_new(reader, operation, "Resize");
    call_operand(&call, x);
    call_no_operand(&call);
    call_no_operand(&call);
    call_operand(&call, integers_vector(reader, shape, 4));
    call_text(&call, "mode", nearest ? "nearest" : "linear");
    call_text(&call, "coordinate_transformation_mode",
              corners    ? "align_corners"
              : !centres ? "asymmetric"
              : nearest  ? "tf_half_pixel_for_nn"
                         : "half_pixel");
    if (nearest) call_text(&call, "nearest_mode", corners ? "round_prefer_ceil" : "floor");
    return call_read(&call, NULL);
}
