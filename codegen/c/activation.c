/* C for activations that are exact in integers. */
#include "codegen/c/c.h"

int c_emit_relu(struct c_writer *writer, const struct node *node) {
    const char *x = c_operand(writer, node, 0), *type = c_value_type(writer, node->result);
    c_function_open(writer, node);
    strbuf_printf(&writer->layer, "    for (int i = 0; i < %zu; i++)\n        y[i] = %s[i] > 0 ? (%s)%s[i] : 0;\n",
                  c_elements(writer, node->result), x, type, x);
    c_function_close(writer, node);
    return 0;
}
