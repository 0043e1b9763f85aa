/* Embedding: a row of a table by a number of the input, which is cut to a whole one. */
#include "frontend/keras/keras.h"

#include <string.h>

enum { ROWS_MAX = 1 << 14 };

/* 1 where the number is that of the row, else 0: what is left of 1 when the distance is taken off. */
static valref one_hot(const struct keras_layer *layer, int64_t rows) {
    struct arena *arena = layer->nodes.arena;
    struct shape shape = *keras_shape(layer, 0);
    float *numbers = ARENA_ARRAY(arena, float, rows), one = 1;
    for (int64_t i = 0; i < rows; i++) numbers[i] = (float)i;
    shape.dim[shape.rank++] = 1;
    valref x = layer_node(&layer->nodes, OP_RELU, "limited", layer->inputs, 1, NULL);
    x = layer_node(&layer->nodes, OP_FLOOR, "whole", &x, 1, NULL);
    x = layer_reshape(&layer->nodes, "column", x, shape);
    valref operands[2] = {x, layer_reals(&layer->nodes, "rows", (struct shape){1, {rows}}, numbers)};
    x = layer_node(&layer->nodes, OP_SUB, "difference", operands, 2, NULL);
    x = layer_node(&layer->nodes, OP_LEAKY_RELU, "distance", &x, 1, &(union attributes){.activation = {.alpha = -1}});
    operands[0] = layer_reals(&layer->nodes, "one", (struct shape){0}, &one);
    operands[1] = x;
    x = layer_node(&layer->nodes, OP_SUB, "near", operands, 2, NULL);
    return layer_node(&layer->nodes, OP_RELU, "one_hot", &x, 1, NULL);
}

valref keras_read_embedding(struct keras_reader *reader, struct keras_layer *layer) {
    static const char *const names[] = {"embeddings"};
    struct keras_variables variables;
    if (keras_flag(layer->config, "mask_zero", false))
        return keras_refuse(reader, layer, "mask_zero", "leave it away and give the network what counts",
                            "masks, which say what of an event counts, are not read");
    if (keras_variables_expect(reader, layer, &layer->place, names, 1, &variables) < 0) return NO_VALUE;
    const struct shape *table = &variables.at[0].shape;
    if (table->rank != 2 || table->dim[0] > ROWS_MAX || keras_shape(layer, 0)->rank == SHAPE_RANK_MAX)
        return keras_refuse(reader, layer, NULL, NULL, "a table of up to %d rows is read", ROWS_MAX);
    struct shape hot = *keras_shape(layer, 0);
    hot.dim[hot.rank++] = table->dim[0];
    if (!layer_fits(&layer->nodes, &hot)) return NO_VALUE;
    valref operands[2] = {one_hot(layer, table->dim[0]),
                          layer_reals(&layer->nodes, "embeddings", *table, variables.at[0].values)};
    return layer_node(&layer->nodes, OP_MATMUL, NULL, operands, 2, NULL);
}
