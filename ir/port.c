/* Between the real numbers outside and the integers at a port: the input node's rule, for every engine. */
#include "ir/ir.h"

#include <math.h>

static const struct input_attributes *input_rule(const struct graph *graph, valref input) {
    const struct node *node = graph_definition(graph, input);
    if (node->op != OP_INPUT || !graph_value(graph, input)->formats.at)
        context_bug(graph->context, "node '%s' is no integer port", node->name);
    return &node->attributes.input;
}

/* real = (m * 2^-f - zero_point) * scale: what m * 2^-f must come near to, in binary32 as QONNX's Quant. */
static double code_of(float real, double scale, double zero_point) {
    float quotient = real / (float)scale;
    return (double)(quotient + (float)zero_point);
}

int port_from_reals(const struct graph *graph, valref input, size_t events, size_t first_event, const float *in, int64_t *out) {
    const struct input_attributes *rule = input_rule(graph, input);
    const struct value *value = graph_value(graph, input);
    bool meant = rule->meaning.scale || rule->meaning.zero_point;
    size_t elements = shape_elements(&value->shape);
    for (size_t e = 0; e < elements; e++) {
        struct format format = graph_format(graph, input, e);
        double zero_point, scale = meaning_scale(&rule->meaning, &value->shape, e, &zero_point);
        for (size_t event = 0; event < events; event++) {
            size_t at = event * elements + e;
            double real = meant ? code_of(in[at], scale, zero_point) : (double)in[at];
            if (!fixed_from_real(real, format, rule->rounding, rule->overflow, &out[at]))
                return diag_error(&graph->context->diagnostics, graph_location(graph, graph_definition(graph, input)),
                                  "a port refuses what is not a number", "event %zu has NaN at element %zu of input '%s'",
                                  first_event + event, e, value->name ? value->name : graph_definition(graph, input)->name);
        }
    }
    return 0;
}

void port_to_reals(const struct graph *graph, valref value, const struct meaning *meaning, size_t events,
                   const int64_t *in, double *out) {
    const struct value *v = graph_value(graph, value);
    bool meant = meaning && (meaning->scale || meaning->zero_point);
    size_t elements = shape_elements(&v->shape);
    for (size_t e = 0; e < elements; e++) {
        int fraction = graph_format(graph, value, e).fraction;
        double zero_point = 0, scale = meant ? meaning_scale(meaning, &v->shape, e, &zero_point) : 1;
        for (size_t event = 0; event < events; event++) {
            size_t at = event * elements + e;
            double code = fixed_to_real(in[at], fraction);
            out[at] = meant ? (code - zero_point) * scale : code;
        }
    }
}
