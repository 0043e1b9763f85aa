/* HGQ2's layers of several tensors: Keras's own behind a quantiser for each of them, and its sums of powers of two. */
#include "frontend/keras/hgq.h"

#include <math.h>

static valref merge(struct keras_reader *reader, struct keras_layer *layer,
                    valref (*read)(struct keras_reader *reader, struct keras_layer *layer)) {
    return hgq_inputs(reader, layer) < 0 ? NO_VALUE : hgq_output(reader, layer, read(reader, layer));
}

/* From the first input to the last. */
static valref add_up(struct keras_reader *reader, struct keras_layer *layer) {
    valref sum = layer->inputs[0];
    for (int i = 1; i < layer->input_count; i++) {
        const valref operands[2] = {sum, layer->inputs[i]};
        const char *part = i == 1 ? NULL : arena_printf(reader->arena, "input_%d", i);
        sum = layer_node(&layer->nodes, OP_ADD, part, operands, 2, NULL);
    }
    return sum;
}

valref hgq_read_add(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, add_up);
}

/* The power of two nearest to one over their number. */
static valref share(struct keras_reader *reader, struct keras_layer *layer) {
    const float factor = ldexpf(1, (int)nearbyint(log2(1.0 / layer->input_count)));
    const valref operands[2] = {add_up(reader, layer),
                                layer_reals(&layer->nodes, "factor", (struct shape){0}, &factor)};
    return layer_node(&layer->nodes, OP_MUL, "scale", operands, 2, NULL);
}

valref hgq_read_average_pow2(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, share);
}

valref hgq_read_subtract(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, keras_read_subtract);
}

valref hgq_read_multiply(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, keras_read_multiply);
}

valref hgq_read_maximum(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, keras_read_maximum);
}

valref hgq_read_minimum(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, keras_read_minimum);
}

valref hgq_read_dot(struct keras_reader *reader, struct keras_layer *layer) {
    return merge(reader, layer, keras_read_dot);
}
