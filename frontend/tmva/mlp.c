/* TMVA's MLP: weights as XML. Facts: ROOT, tmva/src/MethodANNBase.cxx, VariableNormalizeTransform.cxx and the
 * activations beside them. A layer's last neuron, but the output layer's, is its bias; a neuron holds the weights to
 * each neuron of the next layer. */
#include "frontend/frontend.h"
#include "frontend/layers/layers.h"
#include "ir/verify.h"

#include <cjson/cJSON.h>
#include <float.h>
#include <libxml/parser.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEURONS_MAX = 1 << 14, LAYERS_MAX = 64, FILE_MOST = 1 << 28, FAST_TANH_SINCE = 4 << 16 | 2 << 8 | 1 };

struct tmva_reader {
    struct bxc_context *context;
    struct arena *arena;
    const char *path;
    struct graph *graph;
    xmlNode *root;
};

static int refuse(const struct tmva_reader *reader, const char *where, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
static int refuse(const struct tmva_reader *reader, const char *where, const char *help, const char *format, ...) {
    struct strbuf text = strbuf_new(reader->arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    return diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = where}, help, "%s",
                      text.data);
}

/* ---- steps through the XML ---- */

static xmlNode *next_named(xmlNode *node, const char *name) {
    while (node && (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name))) node = node->next;
    return node;
}

static xmlNode *child(const xmlNode *node, const char *name) {
    return node ? next_named(node->children, name) : NULL;
}

static size_t count_children(const xmlNode *node, const char *name) {
    size_t count = 0;
    for (xmlNode *at = child(node, name); at; at = next_named(at->next, name)) count++;
    return count;
}

static void release_text(void *text) {
    xmlFree(text);
}

/* The arena's from now on. */
static const char *taken(const struct tmva_reader *reader, xmlChar *text) {
    if (text) arena_defer(reader->arena, release_text, text);
    return (const char *)text;
}

static const char *attribute(const struct tmva_reader *reader, const xmlNode *node, const char *name) {
    return node ? taken(reader, xmlGetProp(node, (const xmlChar *)name)) : NULL;
}

/* Of GeneralInfo/Info, or Options/Option. */
static const char *named(const struct tmva_reader *reader, const char *list, const char *entry, const char *name) {
    for (xmlNode *at = child(child(reader->root, list), entry); at; at = next_named(at->next, entry)) {
        const char *own = attribute(reader, at, "name");
        if (!own || strcmp(own, name)) continue;
        const char *value = attribute(reader, at, "value");
        return value ? value : taken(reader, xmlNodeGetContent(at));
    }
    return NULL;
}

static const char *option(const struct tmva_reader *reader, const char *name, const char *otherwise) {
    const char *value = named(reader, "Options", "Option", name);
    return value ? value : otherwise;
}

/* The number at *text, which moves behind it; decimal, whatever the locale. */
static bool take_number(const char **text, float *number) {
    *text += strspn(*text, " \t\r\n");
    size_t length = strcspn(*text, " \t\r\n");
    cJSON *parsed = length ? cJSON_ParseWithLength(*text, length) : NULL;
    bool is = cJSON_IsNumber(parsed) && fabs(parsed->valuedouble) <= (double)FLT_MAX;
    *number = is ? (float)parsed->valuedouble : 0;
    cJSON_Delete(parsed);
    *text += length;
    return is;
}

static int number_of(const struct tmva_reader *reader, const xmlNode *node, const char *name, float *number) {
    const char *text = attribute(reader, node, name);
    if (text && take_number(&text, number) && !*text) return 0;
    return refuse(reader, (const char *)node->name, NULL, "its %s is no number", name);
}

static int whole_of(const struct tmva_reader *reader, const xmlNode *node, const char *name, int64_t high,
                    int64_t *number) {
    float real = 0;
    *number = 0;
    if (!node) return refuse(reader, NULL, NULL, "a part of the file is missing");
    if (number_of(reader, node, name, &real) < 0) return -1;
    *number = real >= 0 && real <= (float)high ? (int64_t)real : -1;
    if (*number >= 0 && (float)*number == real) return 0;
    return refuse(reader, (const char *)node->name, NULL, "its %s, %g, is no number from 0 to %lld", name, (double)real,
                  (long long)high);
}

/* ---- the function of hidden neurons ---- */

/* exp(-x^2 / 2) */
static valref radial(const struct layer *layer, const char *part, valref x, const void *user) {
    static const float two = 2, minus_half = -0.5f;
    (void)user, (void)part;
    valref constant = layer_reals(layer, "two", (struct shape){0}, &two);
    x = layer_node(layer, OP_POW, "square", (const valref[]){x, constant}, 2, NULL);
    constant = layer_reals(layer, "minus_half", (struct shape){0}, &minus_half);
    x = layer_node(layer, OP_MUL, "exponent", (const valref[]){x, constant}, 2, NULL);
    return layer_node(layer, OP_EXP, "radial", &x, 1, NULL);
}

/* "4.1.0 [262400]"; what says nothing is new. */
static long release_code(const struct tmva_reader *reader) {
    const char *text = named(reader, "GeneralInfo", "Info", "TMVA Release"), *code = text ? strchr(text, '[') : NULL;
    return code ? strtol(code + 1, NULL, 10) : FAST_TANH_SINCE;
}

static int hidden_function(const struct tmva_reader *reader, struct layer_function *function) {
    static const struct {
        const char *name;
        struct layer_function function;
    } known[] = {{"sigmoid", {.op = OP_SIGMOID}},
                 {"tanh", {.op = OP_TANH}},
                 {"linear", {.op = OP_COUNT}},
                 {"ReLU", {.op = OP_RELU}},
                 {"radial", {.op = OP_COUNT, .apply = radial}}};
    const char *name = option(reader, "NeuronType", "sigmoid");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name)) continue;
        *function = known[i].function;
        if (function->op == OP_TANH && release_code(reader) >= FAST_TANH_SINCE) function->op = OP_FAST_TANH;
        return 0;
    }
    return refuse(reader, "Options/NeuronType", NULL, "neurons of type '%s' are not read", name);
}

/* ---- the normalisation of variables ---- */

static struct layer layer_of(const struct tmva_reader *reader, const char *name) {
    return (struct layer){.graph = reader->graph, .arena = reader->arena, .name = name, .source_op = "MLP"};
}

/* The selection is all variables in their order. */
static int check_selection(const struct tmva_reader *reader, const xmlNode *transform, int64_t variables) {
    const xmlNode *input = child(child(transform, "Selection"), "Input");
    if (!input) return count_children(transform, "Class") ? 0 : refuse(reader, "Transform", NULL, "it has no classes");
    const xmlNode *variable = child(child(reader->root, "Variables"), "Variable");
    int64_t count = 0;
    for (xmlNode *at = child(input, "Input"); at; at = next_named(at->next, "Input"), count++) {
        const char *type = attribute(reader, at, "Type"), *label = attribute(reader, at, "Label");
        const char *own = attribute(reader, variable, "Label");
        if (!type || strcmp(type, "Variable") || !label || !own || strcmp(label, own))
            return refuse(reader, "Transform/Selection", NULL, "it is not of all variables in their order");
        variable = next_named(variable->next, "Variable");
    }
    return count == variables ? 0
                              : refuse(reader, "Transform/Selection", NULL, "it is of %lld of %lld variables",
                                       (long long)count, (long long)variables);
}

/* Of the last class: of all events. */
static int read_ranges(const struct tmva_reader *reader, const xmlNode *transform, int64_t variables, float *offset,
                       float *scale) {
    const xmlNode *class = NULL;
    for (xmlNode *at = child(transform, "Class"); at; at = next_named(at->next, "Class")) class = at;
    bool old = child(class, "Variables");
    const char *entry = old ? "Variable" : "Range", *number = old ? "VarIndex" : "Index";
    bool *seen = ARENA_ARRAY(reader->arena, bool, variables + 1);
    int64_t count = 0;
    for (xmlNode *at = child(child(class, old ? "Variables" : "Ranges"), entry); at; at = next_named(at->next, entry)) {
        int64_t index;
        float least, most;
        if (whole_of(reader, at, number, variables - 1, &index) < 0 || number_of(reader, at, "Min", &least) < 0 ||
            number_of(reader, at, "Max", &most) < 0)
            return -1;
        if (!(most > least) || seen[index])
            return refuse(reader, "Transform", NULL, "variable %lld has no range from %g to %g", (long long)index,
                          (double)least, (double)most);
        seen[index] = true;
        offset[index] = -least;
        scale[index] = (float)(1.0 / (double)(most - least)) * 2;
        count++;
    }
    return count == variables ? 0
                              : refuse(reader, "Transform", NULL, "it has ranges of %lld of %lld variables",
                                       (long long)count, (long long)variables);
}

/* (x - min) * scale * 2 - 1 */
static valref normalised(const struct tmva_reader *reader, const xmlNode *transform, int64_t variables, valref x) {
    static const float minus_one = -1;
    const struct layer layer = layer_of(reader, "Normalize");
    const struct shape shape = {1, {variables}};
    float *offset = ARENA_ARRAY(reader->arena, float, variables + 1),
          *scale = ARENA_ARRAY(reader->arena, float, variables + 1);
    if (check_selection(reader, transform, variables) < 0 ||
        read_ranges(reader, transform, variables, offset, scale) < 0)
        return NO_VALUE;
    x = layer_node(&layer, OP_ADD, "offset", (const valref[]){x, layer_reals(&layer, "offsets", shape, offset)}, 2,
                   NULL);
    x = layer_node(&layer, OP_MUL, "scale", (const valref[]){x, layer_reals(&layer, "scales", shape, scale)}, 2, NULL);
    valref one = layer_reals(&layer, "minus_one", (struct shape){0}, &minus_one);
    return layer_node(&layer, OP_ADD, NULL, (const valref[]){x, one}, 2, NULL);
}

static valref transformed(const struct tmva_reader *reader, int64_t variables, valref x) {
    const xmlNode *list = child(reader->root, "Transformations");
    for (xmlNode *at = child(list, "Transform"); at; at = next_named(at->next, "Transform")) {
        const char *name = attribute(reader, at, "Name");
        if (!name || strcmp(name, "Normalize") || next_named(at->next, "Transform")) {
            refuse(reader, "Transformations", "train with VarTransform=N, or none",
                   "transformation '%s' of the variables%s is not read", name ? name : "(unnamed)",
                   name && !strcmp(name, "Normalize") ? ", one of several," : "");
            return NO_VALUE;
        }
        x = normalised(reader, at, variables, x);
    }
    return x;
}

/* ---- layers ---- */

/* Weights of one layer to the next: [neurons, next], the last row the bias. */
static int read_weights(const struct tmva_reader *reader, const xmlNode *layer, int64_t neurons, int64_t next,
                        float *weights) {
    int64_t row = 0;
    for (xmlNode *neuron = child(layer, "Neuron"); neuron; neuron = next_named(neuron->next, "Neuron"), row++) {
        int64_t synapses;
        if (whole_of(reader, neuron, "NSynapses", NEURONS_MAX, &synapses) < 0) return -1;
        if (row >= neurons || synapses != next)
            return refuse(reader, "Layer", NULL, "neuron %lld has %lld synapses to %lld neurons", (long long)row,
                          (long long)synapses, (long long)next);
        const char *text = taken(reader, xmlNodeGetContent(neuron));
        for (int64_t s = 0; s < synapses; s++)
            if (!text || !take_number(&text, &weights[row * next + s]))
                return refuse(reader, "Layer", NULL, "weight %lld of neuron %lld is no number", (long long)s,
                              (long long)row);
    }
    return row == neurons ? 0
                          : refuse(reader, "Layer", NULL, "%lld of %lld neurons", (long long)row, (long long)neurons);
}

static valref append_layer(const struct tmva_reader *reader, const xmlNode *xml, int64_t index, int64_t neurons,
                           int64_t next, valref x) {
    const struct layer layer = layer_of(reader, arena_printf(reader->arena, "layer_%lld", (long long)index));
    float *weights = ARENA_ARRAY(reader->arena, float, neurons *next + 1);
    const struct shape shape = {2, {neurons - 1, next}};
    if (read_weights(reader, xml, neurons, next, weights) < 0) return NO_VALUE;
    x = layer_node(&layer, OP_MATMUL, NULL, (const valref[]){x, layer_reals(&layer, "weights", shape, weights)}, 2,
                   NULL);
    valref bias = layer_reals(&layer, "biases", (struct shape){1, {next}}, weights + (neurons - 1) * next);
    return layer_node(&layer, OP_ADD, "bias", (const valref[]){x, bias}, 2, NULL);
}

static int output_function(const struct tmva_reader *reader, struct layer_function *function) {
    const char *name = option(reader, "EstimatorType", "MSE");
    *function = (struct layer_function){.op = strcmp(name, "CE") ? OP_COUNT : OP_SIGMOID};
    if (!strcmp(name, "CE") || !strcmp(name, "MSE")) return 0;
    return refuse(reader, "Options/EstimatorType", NULL, "estimator '%s' is neither MSE nor CE", name);
}

struct layout {
    int64_t count, neurons[LAYERS_MAX]; /* but the last layer's with their bias */
    xmlNode *layers[LAYERS_MAX];
};

static int read_layout(const struct tmva_reader *reader, int64_t variables, struct layout *layout) {
    const xmlNode *weights = child(reader->root, "Weights"), *list = child(weights, "Layout");
    if (!list) list = weights;
    if (!list) return refuse(reader, NULL, NULL, "the file has no Weights");
    *layout = (struct layout){.count = 0};
    for (xmlNode *at = child(list, "Layer"); at; at = next_named(at->next, "Layer")) {
        int64_t index;
        if (layout->count == LAYERS_MAX) return refuse(reader, "Layout", NULL, "more than %d layers", LAYERS_MAX);
        if (whole_of(reader, at, "Index", LAYERS_MAX, &index) < 0 ||
            whole_of(reader, at, "NNeurons", NEURONS_MAX, &layout->neurons[layout->count]) < 0)
            return -1;
        if (index != layout->count || layout->neurons[index] < 1)
            return refuse(reader, "Layout", NULL, "layer %lld does not stand in its place, or is empty",
                          (long long)index);
        layout->layers[layout->count++] = at;
    }
    if (layout->count < 2) return refuse(reader, "Layout", NULL, "a network of %lld layers", (long long)layout->count);
    return layout->neurons[0] == variables + 1
               ? 0
               : refuse(reader, "Layout", NULL, "%lld neurons take %lld variables and a bias",
                        (long long)layout->neurons[0], (long long)variables);
}

static valref append_network(const struct tmva_reader *reader, const struct layout *layout, bool multiclass, valref x) {
    struct layer_function hidden, output;
    if (hidden_function(reader, &hidden) < 0 || output_function(reader, &output) < 0) return NO_VALUE;
    for (int64_t l = 0; l + 1 < layout->count; l++) {
        bool last = l + 2 == layout->count;
        int64_t next = layout->neurons[l + 1] - !last;
        if (layout->neurons[l] < 2 || next < 1) {
            refuse(reader, "Layout", NULL, "a layer of a bias alone");
            return NO_VALUE;
        }
        x = append_layer(reader, layout->layers[l], l, layout->neurons[l], next, x);
        const struct layer layer = layer_of(reader, arena_printf(reader->arena, "layer_%lld.function", (long long)l));
        x = layer_apply(&layer, NULL, last ? &output : &hidden, x);
    }
    const struct layer layer = layer_of(reader, "classes");
    return multiclass ? layer_node(&layer, OP_SOFTMAX, NULL, &x, 1, &(union attributes){.axis = {.axis = 1}}) : x;
}

/* ---- the whole ---- */

static int check_method(const struct tmva_reader *reader, bool *multiclass) {
    const char *analysis = named(reader, "GeneralInfo", "Info", "AnalysisType");
    const char *sum = option(reader, "NeuronInputType", "sum");
    *multiclass = analysis && !strcmp(analysis, "Multiclass");
    if (strcmp(sum, "sum")) return refuse(reader, "Options/NeuronInputType", NULL, "neurons that take '%s'", sum);
    if (!analysis || *multiclass || !strcmp(analysis, "Classification")) return 0;
    return refuse(reader, "GeneralInfo/AnalysisType", NULL,
                  "analysis type '%s' is not read: Classification and Multiclass are", analysis);
}

static int read_method(const struct tmva_reader *reader) {
    static const char prefix[] = "MLP::";
    const char *method = attribute(reader, reader->root, "Method");
    int64_t variables;
    struct layout layout;
    bool multiclass;
    if (!method || strncmp(method, prefix, strlen(prefix)))
        return refuse(reader, NULL, "of TMVA's methods MLP is read", "this is TMVA's method '%s'",
                      method ? method : "(unnamed)");
    if (check_method(reader, &multiclass) < 0 ||
        whole_of(reader, child(reader->root, "Variables"), "NVar", NEURONS_MAX, &variables) < 0 ||
        read_layout(reader, variables, &layout) < 0)
        return -1;
    valref x = graph_append_input(reader->graph, "variables", (struct shape){2, {1, variables}});
    x = transformed(reader, variables, x);
    if (!valref_equal(x, NO_VALUE)) x = append_network(reader, &layout, multiclass, x);
    if (valref_equal(x, NO_VALUE)) return -1;
    method += strlen(prefix);
    graph_append_output(reader->graph, *method ? method : "MLP", x);
    return graph_verify(reader->graph);
}

static void release(void *document) {
    xmlFreeDoc(document);
}

/* Blanks may stand in front of the declaration, which XML does not allow. */
static int parse(struct tmva_reader *reader, const char *text, size_t length) {
    while (length && strchr(" \t\r\n", *text)) text++, length--;
    if (length > FILE_MOST) return refuse(reader, NULL, NULL, "the file has more than %d bytes", FILE_MOST);
    xmlDoc *document = xmlReadMemory(text, (int)length, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (!document) return refuse(reader, NULL, NULL, "the file is no valid XML");
    arena_defer(reader->arena, release, document);
    reader->root = xmlDocGetRootElement(document);
    return reader->root ? 0 : refuse(reader, NULL, NULL, "the file is no valid XML");
}

bool tmva_recognises(const char *path, const void *data, size_t length) {
    static const char mark[] = "<MethodSetup Method=\"MLP::";
    const char *text = data;
    size_t look = length < 4096 ? length : 4096;
    (void)path;
    for (size_t i = 0; i + sizeof mark - 1 <= look; i++)
        if (text[i] == '<' && !memcmp(text + i, mark, sizeof mark - 1)) return true;
    return false;
}

struct graph *tmva_read(struct bxc_context *context, const char *path, const void *data, size_t length,
                        const struct frontend_options *options) {
    struct arena *arena = arena_new(context);
    struct tmva_reader reader = {.context = context, .arena = arena, .path = path};
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strchr(base, '.');
    (void)options;
    reader.graph = graph_new(context, dot && dot != base ? arena_strndup(arena, base, (size_t)(dot - base)) : base);
    reader.graph->source = arena_strdup(reader.graph->arena, path);
    int status = parse(&reader, data, length) < 0 ? -1 : read_method(&reader);
    arena_free(arena);
    if (status == 0) return reader.graph;
    graph_free(reader.graph);
    return NULL;
}

const struct reader_operator tmva_operators[] = {
    {"tmva", "MLP", "matmul, add, sigmoid, tanh, fast_tanh, relu, softmax"},
    {"tmva", "Normalize", "add, mul"},
    {NULL, NULL, NULL},
};
