/* Tiny archives of torch.export from a few lines of text: a node a line, its operator, its result, its operands, of
 * which the first is "self" and the second "other". The input is x, of [batch, 4]; the output the name that is given.
 */
#ifndef BXC_TEST_TORCH_FILE_H
#define BXC_TEST_TORCH_FILE_H

#include "ir/strbuf.h"
#include "tests/unit/zip_file.h"

#include <string.h>

#define TORCH_TENSOR "{\"as_tensor\": {\"name\": \"%s\"}}"

static inline void torch_node_text(struct strbuf *nodes, struct arena *arena, const char *line, size_t length) {
    static const char *const names[] = {"self", "other"};
    char *rest = arena_strndup(arena, line, length), *save = NULL;
    const char *target = strtok_r(rest, " ", &save), *result = strtok_r(NULL, " ", &save), *operand;
    strbuf_printf(nodes, "%s{\"target\": \"torch.ops.%s.default\", \"outputs\": [" TORCH_TENSOR "], \"inputs\": [",
                  nodes->length ? ", " : "", target, result);
    for (int i = 0; i < 2 && (operand = strtok_r(NULL, " ", &save)); i++)
        strbuf_printf(nodes, "%s{\"name\": \"%s\", \"arg\": " TORCH_TENSOR "}", i ? ", " : "", names[i], operand);
    strbuf_append(nodes, "]}");
}

static inline char *torch_file_bytes(struct arena *arena, const char *lines, const char *output, size_t *length) {
    static const char nothing[] = "{\"config\": {}}";
    struct strbuf nodes = strbuf_new(arena), model = strbuf_new(arena);
    for (const char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1)
        torch_node_text(&nodes, arena, line, (size_t)(end - line));
    strbuf_printf(
        &model,
        "{\"graph_module\": {\"graph\": {\"nodes\": [%s], \"tensor_values\": {\"x\": {\"dtype\": 7, \"sizes\": "
        "[{\"as_expr\": {\"expr_str\": \"s0\"}}, {\"as_int\": 4}]}}}, \"signature\": {\"input_specs\": "
        "[{\"user_input\": {\"arg\": " TORCH_TENSOR "}}], \"output_specs\": [{\"user_output\": {\"arg\": " TORCH_TENSOR
        "}}]}}}",
        nodes.data, "x", output);
    const struct zip_entry entries[] = {
        {"m/models/model.json", model.data, model.length},
        {"m/data/weights/model_weights_config.json", nothing, strlen(nothing)},
        {"m/data/constants/model_constants_config.json", nothing, strlen(nothing)},
    };
    return zip_bytes(arena, entries, sizeof entries / sizeof *entries, length);
}

#endif
