/* Operations on numbers that are known: read into a graph of their own, which the evaluator computes, so that they are
 * what they would be on an event. */
#include "frontend/onnx/onnx.h"
#include "ir/eval.h"

#include <math.h>
#include <string.h>

enum { WHOLE_MAX = 1 << 24 }; /* binary32 has all whole numbers up to here */

/* Quantisers stay: their formats are what passes look for. */
static bool is_quantiser(const struct operation *operation) {
    const char *domain = operation->operator->domain;
    return (*domain && strcmp(domain, "ai.onnx.ml")) || strstr(operation->operator->name, "Quant") != NULL;
}

bool onnx_is_static(const struct operation *operation) {
    bool any = false;
    for (uint32_t i = 0; i < operation->input_count; i++) {
        any |= operation->inputs[i] != NULL;
        if (operation->inputs[i] && !tensor_is_static(operation->inputs[i])) return false;
    }
    return any && !is_quantiser(operation) && !onnx_holds_subgraph(operation->proto);
}

/* The operands as tensors that have no value in the scratch graph yet. */
static struct tensor **copied(struct onnx_reader *reader, const struct operation *operation) {
    struct tensor **copies = ARENA_ARRAY(reader->arena, struct tensor *, operation->input_count + 1);
    for (uint32_t i = 0; i < operation->input_count; i++) {
        if (!operation->inputs[i]) continue;
        copies[i] = ARENA_NEW(reader->arena, struct tensor);
        *copies[i] = *operation->inputs[i];
        copies[i]->value = NO_VALUE;
    }
    return copies;
}

static int to_integers(struct onnx_reader *reader, const struct operation *operation, struct tensor *tensor) {
    size_t count = tensor_elements(tensor);
    tensor->state = TENSOR_INTEGERS;
    tensor->integers = ARENA_ARRAY(reader->arena, int64_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        float real = tensor->reals[i];
        if (!(fabsf(real) <= WHOLE_MAX) || rintf(real) != real) {
            onnx_refuse(reader, operation, NULL,
                        "element %zu of its constant result, %g, is no whole number of 24 bits", i, (double)real);
            return -1;
        }
        tensor->integers[i] = (int64_t)real;
    }
    tensor->reals = NULL;
    return 0;
}

/* The outputs of the scratch graph, by result. */
static int evaluate(struct onnx_reader *scratch, const struct operation *operation) {
    float **outputs = ARENA_ARRAY(scratch->arena, float *, operation->output_count + 1);
    uint32_t used = 0;
    for (uint32_t i = 0; i < operation->output_count; i++) {
        struct tensor *result = operation->results[i];
        if (!result || result->state != TENSOR_VALUE) continue;
        graph_append_output(scratch->graph, arena_printf(scratch->arena, "%u", i), result->value);
        outputs[used++] = result->reals = ARENA_ARRAY(scratch->arena, float, tensor_elements(result) + 1);
    }
    return used ? graph_run_reals(scratch->graph, 1, NULL, outputs) : 0;
}

static int settle(struct onnx_reader *reader, const struct operation *operation, struct tensor *const *copies,
                  struct tensor **result) {
    for (uint32_t i = 0; i < operation->input_count; i++)
        if (*result == copies[i]) {
            *result = operation->inputs[i];
            return 0;
        }
    (*result)->value = NO_VALUE;
    (*result)->batch_axis = -1;
    if ((*result)->state != TENSOR_VALUE) return 0;
    (*result)->state = TENSOR_REALS;
    return type_is_real((*result)->type) ? 0 : to_integers(reader, operation, *result);
}

int onnx_fold(struct onnx_reader *reader, const struct operation *operation) {
    struct diagnostics *diag = &reader->context->diagnostics;
    size_t errors = diag->errors;
    struct onnx_reader scratch = *reader;
    struct operation inner = *operation;
    struct tensor **copies = inner.inputs = copied(reader, operation);
    scratch.graph = graph_new(reader->context, "constants");
    scratch.graph->source = reader->graph->source;
    scratch.node_names = name_map_new(reader->arena);
    operation->results[0] = operation->operator->read(&scratch, &inner);
    int status = diag->errors > errors ? -1 : evaluate(&scratch, operation);
    for (uint32_t i = 0; i < operation->output_count && status == 0; i++)
        if (operation->results[i]) status = settle(reader, operation, copies, &operation->results[i]);
    graph_free(scratch.graph);
    return status;
}
