/* Functions of one number as parts of layers. */
#include "frontend/layers/layers.h"

valref layer_apply(const struct layer *layer, const char *part, const struct layer_function *function, valref value) {
    if (valref_equal(value, NO_VALUE)) return value;
    if (function->apply) return function->apply(layer, part, value, function->user);
    if (function->op == OP_COUNT) return value;
    const union attributes attributes = {.activation = {function->alpha, function->beta}};
    return layer_node(layer, function->op, part, &value, 1, &attributes);
}
