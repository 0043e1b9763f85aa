/* LSTM, GRU and simple cells: a component a gate, by its letter. */
#include "frontend/lwtnn/lwtnn.h"

#include <string.h>

static const struct kind {
    const char *architecture, *gates;
    enum recurrent_kind kind;
} kinds[] = {{"lstm", "ifco", RECURRENT_LSTM}, {"gru", "zrh", RECURRENT_GRU}, {"simplernn", "h", RECURRENT_SIMPLE}};

/* Columns of one gate among those of all. */
static void put(float *all, const float *block, int64_t rows, int64_t units, int64_t columns, int64_t gate) {
    for (int64_t r = 0; r < rows; r++)
        memcpy(all + r * columns + gate * units, block + r * units, (size_t)units * sizeof *all);
}

static int read_gates(const struct lwtnn_layer *layer, int64_t inputs, struct recurrent *recurrent) {
    struct arena *arena = layer->reader->json.arena;
    int64_t count = (int64_t)strlen(recurrent->gates), columns = 0;
    float *kernel = NULL, *own = NULL, *bias = NULL;
    for (int64_t g = 0; g < count; g++) {
        const char name[] = {recurrent->gates[g], 0};
        struct lwtnn_component component;
        if (lwtnn_named_component(layer, name, inputs, true, &component) < 0) return -1;
        if (g == 0) {
            recurrent->units = component.outputs;
            columns = count * recurrent->units;
            kernel = ARENA_ARRAY(arena, float, inputs *columns);
            own = ARENA_ARRAY(arena, float, recurrent->units *columns);
            bias = ARENA_ARRAY(arena, float, columns);
        }
        int64_t units = recurrent->units;
        if (component.outputs != units) {
            layer_refuse(&layer->layer, NULL, "gate %s has %lld units, not %lld", name, (long long)component.outputs,
                         (long long)units);
            return -1;
        }
        put(kernel, component.kernel, inputs, units, columns, g);
        put(own, component.recurrent, units, units, columns, g);
        put(bias, component.bias, 1, units, columns, g);
    }
    recurrent->kernel = layer_reals(&layer->layer, "kernel", (struct shape){2, {inputs, columns}}, kernel);
    recurrent->recurrent_kernel =
        layer_reals(&layer->layer, "recurrent_kernel", (struct shape){2, {recurrent->units, columns}}, own);
    recurrent->bias = layer_reals(&layer->layer, "bias", (struct shape){1, {columns}}, bias);
    return 0;
}

valref lwtnn_recurrent_read(const struct lwtnn_layer *layer, valref x) {
    const struct kind *kind = kinds;
    while (strcmp(kind->architecture, layer->architecture)) kind++;
    struct recurrent recurrent = recurrent_new(kind->kind);
    recurrent.gates = kind->gates;
    if (read_gates(layer, layer_shape(&layer->layer, x)->dim[2], &recurrent) < 0 ||
        lwtnn_function(layer, "activation", &recurrent.candidate) < 0)
        return NO_VALUE;
    recurrent.output = recurrent.candidate;
    if (kind->kind != RECURRENT_SIMPLE && lwtnn_function(layer, "inner_activation", &recurrent.gate) < 0)
        return NO_VALUE;
    return layer_recurrent(&layer->layer, &recurrent, x).sequence;
}
