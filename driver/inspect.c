/* bxc inspect: the model as it was read, then a whole compilation in memory whose refusals are the answer. What the
 * reader refuses is told together with what the passes refuse of the part that could be read. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/geometry.h"
#include "ir/hash.h"
#include "ir/ops.h"
#include "ir/verify.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

struct inspect_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *model;
    const struct bxc_options *options;
    struct compile_options settings; /* what they say */
    FILE *terminal;
    struct inspection inspection;
    bool accepted;
};

static int describe_file(struct inspect_job *job) {
    size_t length;
    if (foreign_folder(job->context, job->arena, job->model)) return -1;
    struct arena *scratch = arena_new(job->context);
    const char *data = file_map(job->context, scratch, job->model, &length);
    if (!data) return arena_free(scratch), -1;
    const struct reader *reader = frontend_reader(job->model, data, length);
    char *sum = ARENA_ARRAY(job->arena, char, 65);
    sha256_of(data, length, sum);
    job->inspection.file = job->model;
    job->inspection.sha256 = sum;
    const bool known = reader && reader->recognises(job->model, data, length);
    job->inspection.format = known ? reader->summary : "of no format that bxc reads";
    arena_free(scratch);
    return 0;
}

/* ---- nodes ---- */

static const char *reals_words(struct arena *arena, const struct graph *graph, valref value) {
    const float *reals = graph_reals(graph, value);
    if (!reals) return "computed";
    size_t count = shape_elements(&graph_value(graph, value)->shape);
    float low = reals[0], high = reals[0];
    for (size_t e = 1; e < count; e++) {
        low = reals[e] < low ? reals[e] : low;
        high = reals[e] > high ? reals[e] : high;
    }
    if (low == high) return arena_printf(arena, "%.6g", (double)low);
    return arena_printf(arena, "%.4g to %.4g (%zu)", (double)low, (double)high, count);
}

/* What a quantiser does; NULL: the node is none. */
static const char *quantiser_words(struct arena *arena, const struct graph *graph, const struct node *node) {
    const struct quantizer_attributes *attributes = &node->attributes.quantizer;
    switch (node->op) {
    case OP_NARROW:
        return arena_printf(arena, "%s, %s, %s", formats_words(arena, &attributes->formats),
                            rounding_names[attributes->rounding], overflow_names[attributes->overflow]);
    case OP_QUANT:
        return arena_printf(arena, "%s%s bits, scale %s, zero point %s, %s%s", attributes->is_signed ? "" : "unsigned ",
                            reals_words(arena, graph, node->inputs[3]), reals_words(arena, graph, node->inputs[1]),
                            reals_words(arena, graph, node->inputs[2]), rounding_names[attributes->rounding],
                            attributes->narrow ? ", narrow" : "");
    case OP_BIPOLAR_QUANT:
        return arena_printf(arena, "1 bit, plus or minus %s", reals_words(arena, graph, node->inputs[1]));
    case OP_FLOAT_QUANT:
        return arena_printf(arena, "floating point, exponents of %s bits, mantissas of %s, scale %s, %s",
                            reals_words(arena, graph, node->inputs[2]), reals_words(arena, graph, node->inputs[3]),
                            reals_words(arena, graph, node->inputs[1]), rounding_names[attributes->rounding]);
    case OP_TRUNC_QUANT:
        return arena_printf(arena, "truncates %s bits to %s, %s", reals_words(arena, graph, node->inputs[3]),
                            reals_words(arena, graph, node->inputs[node->input_count - 1]),
                            rounding_names[attributes->rounding]);
    default: return NULL;
    }
}

/* The first quantiser on the way back from a weight to its constant. */
static const char *weight_words(struct arena *arena, const struct graph *graph, valref value) {
    for (;;) {
        const struct node *node = graph_definition(graph, value);
        const char *words = quantiser_words(arena, graph, node);
        if (words || node->input_count == 0) return words;
        value = node->inputs[0];
    }
}

static size_t count_zeros(const struct graph *graph, valref value) {
    const float *reals = graph_reals(graph, value);
    const int64_t *integers = graph_integers(graph, value);
    size_t count = shape_elements(&graph_value(graph, value)->shape), zeros = 0;
    for (size_t e = 0; e < count; e++) zeros += reals ? reals[e] == 0 : integers ? integers[e] == 0 : 0;
    return zeros;
}

static double count_products(struct arena *arena, const struct graph *graph, const struct node *node) {
    if (node->op != OP_MATMUL) return 0;
    struct matrix_product product = product_geometry(arena, &graph_value(graph, node->inputs[0])->shape,
                                                     &graph_value(graph, node->inputs[1])->shape);
    return (double)product.batches * (double)product.rows * (double)product.depth * (double)product.columns;
}

/* A graph whose nodes are described: the model, or a body, which runs several times an event. */
struct described {
    const struct graph *graph;
    const bool *fixed;
    const char *before; /* of its nodes' names, which are patterns of those that ir/unroll.c gives: "cell.*." */
    double runs;
};

static void describe_operands(struct arena *arena, const struct described *of, const struct node *node,
                              struct model_node *out) {
    const struct graph *graph = of->graph;
    struct strbuf reads = strbuf_new(arena);
    for (uint32_t i = 0; i < node->input_count; i++) {
        valref operand = node->inputs[i];
        if (!of->fixed[operand.id]) {
            strbuf_printf(&reads, "%s%s%s", reads.length ? ", " : "", of->before,
                          graph_definition(graph, operand)->name);
        } else if (!out->numbers || i == 0) { /* the scale and the bits of a quantiser are no weights */
            const char *words = weight_words(arena, graph, operand);
            out->parameters += (double)shape_elements(&graph_value(graph, operand)->shape);
            out->zeros += (double)count_zeros(graph, operand);
            if (words) out->numbers = arena_printf(arena, "weights: %s", words);
        }
    }
    out->reads = reads.data;
}

/* Whether the model has the same word for it: MatMul, LeakyRelu. */
static bool is_same_operator(const char *model, const char *ours) {
    for (; *model; model++, ours++) {
        ours += *ours == '_';
        if (tolower((unsigned char)*model) != *ours) return false;
    }
    return *ours == 0;
}

/* In the model's words where it has one for it; else the node was made from what the model has a word for. */
static void describe_operator(struct arena *arena, const struct node *node, struct model_node *out) {
    const char *source = arena_strdup(arena, node->source_op), *ours = op_info(node->op)->name;
    bool same = source && is_same_operator(source, ours);
    out->op = same ? source : ours;
    out->from = same ? NULL : source;
}

static const char *shapes_words(struct arena *arena, const struct graph *graph, const struct node *node) {
    struct strbuf words = strbuf_new(arena);
    for (uint32_t r = 0; r < node->result_count; r++)
        strbuf_printf(&words, "%s%s", r ? ", " : "",
                      shape_words(arena, &graph_value(graph, node_result(node, r))->shape));
    return words.data;
}

static void describe_node(struct inspect_job *job, const struct described *of, const struct node *node) {
    struct inspection *inspection = &job->inspection;
    struct model_node *out = &inspection->nodes[inspection->node_count++];
    *out = (struct model_node){.name = arena_printf(job->arena, "%s%s", of->before, node->name),
                               .shape = shapes_words(job->arena, of->graph, node),
                               .numbers = quantiser_words(job->arena, of->graph, node),
                               .products = of->runs * count_products(job->arena, of->graph, node)};
    describe_operator(job->arena, node, out);
    describe_operands(job->arena, of, node, out);
    if (node->op == OP_INPUT && node->attributes.input.formats.at)
        out->numbers = formats_words(job->arena, &node->attributes.input.formats);
    if (node->body) out->trips = (double)node->attributes.loop.trips;
}

/* Nodes of a body behind their owner. */
static void describe_nodes(struct inspect_job *job, const struct described *of) {
    const struct graph *graph = of->graph;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (node->dead || of->fixed[node->result.id]) continue;
        describe_node(job, of, node);
        if (!node->body) continue;
        struct described body = {node->body, extent_fixed(job->arena, node->body),
                                 arena_printf(job->arena, "%s%s.*.", of->before, node->name),
                                 of->runs * (double)node->attributes.loop.trips};
        describe_nodes(job, &body);
    }
}

static uint32_t count_nodes(const struct graph *graph) {
    uint32_t count = graph->node_count;
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].body) count += count_nodes(graph->nodes[n].body);
    return count;
}

static void describe_graph(struct inspect_job *job, const struct graph *graph) {
    struct inspection *inspection = &job->inspection;
    struct described whole = {graph, extent_fixed(job->arena, graph), "", 1};
    inspection->name = arena_strdup(job->arena, graph->name);
    inspection->opset = graph->opset;
    inspection->nodes = ARENA_ARRAY(job->arena, struct model_node, count_nodes(graph) + 1);
    describe_nodes(job, &whole);
    inspection->outputs = ARENA_ARRAY(job->arena, const char *, graph->output_count + 1);
    for (uint32_t o = 0; o < graph->output_count; o++)
        inspection->outputs[inspection->output_count++] =
            arena_printf(job->arena, "%s (%s)", graph->outputs[o].name,
                         shape_words(job->arena, &graph_value(graph, graph->outputs[o].value)->shape));
}

/* ---- refusals ---- */

/* What was diagnosed since becomes reasons of this stage, and is not told a second time. */
static void take_reasons(struct inspect_job *job, const char *stage, size_t since) {
    struct diagnostics *diagnostics = &job->context->diagnostics;
    struct inspection *inspection = &job->inspection;
    size_t count = diagnostics->count - since;
    const struct diagnostic *items = arena_copy(job->arena, diagnostics->items + since, count * sizeof *items);
    inspection->refusals =
        arena_grow(job->arena, inspection->refusals, inspection->refusal_count * sizeof *inspection->refusals,
                   (inspection->refusal_count + count + 1) * sizeof *inspection->refusals);
    inspection->warnings =
        arena_grow(job->arena, inspection->warnings, inspection->warning_count * sizeof *inspection->warnings,
                   (inspection->warning_count + count + 1) * sizeof *inspection->warnings);
    for (size_t i = 0; i < count; i++) {
        struct model_reason reason = {stage, &items[i]};
        if (items[i].severity == SEVERITY_ERROR)
            inspection->refusals[inspection->refusal_count++] = reason;
        else if (items[i].severity == SEVERITY_WARNING)
            inspection->warnings[inspection->warning_count++] = reason;
        diagnostics->errors -= items[i].severity == SEVERITY_ERROR;
    }
    diagnostics->count = since;
}

/* Values that nobody reads become outputs: so the passes judge what could be read of a model that is refused. */
static void add_outputs(struct graph *graph) {
    while (graph->output_count) graph->output_count--;
    for (uint32_t v = 0; v < graph->value_count; v++) {
        valref value = {v};
        bool output;
        if (graph_value(graph, value)->kind == VALUE_REAL && graph_definition(graph, value)->op != OP_CONSTANT &&
            graph_use_count(graph, value, &output) == 0)
            graph_append_output(graph, graph_definition(graph, value)->name, value);
    }
}

/* Nodes whose result nobody reads end there because of the refusal: what is said of them is not the model's fault. */
static bool is_cut(const struct graph *graph, const char *name) {
    for (uint32_t o = 0; o < graph->output_count; o++)
        if (name && strcmp(graph->outputs[o].name, name) == 0) return true;
    return false;
}

static void drop_cut(struct inspect_job *job, const struct graph *graph, size_t since) {
    struct diagnostics *diagnostics = &job->context->diagnostics;
    size_t kept = since;
    for (size_t i = since; i < diagnostics->count; i++)
        if (diagnostics->items[i].location.node && !is_cut(graph, diagnostics->items[i].location.node))
            diagnostics->items[kept++] = diagnostics->items[i];
        else
            diagnostics->errors -= diagnostics->items[i].severity == SEVERITY_ERROR;
    diagnostics->count = kept;
}

struct judgement {
    struct inspect_job *job;
    struct graph *graph;
};

static int judge_part(void *user) {
    struct judgement *judgement = user;
    struct inspect_job *job = judgement->job;
    struct program program = {.context = job->context,
                              .arena = job->arena,
                              .options = &job->settings,
                              .technology = technology_for(job->settings.part, job->settings.grade),
                              .graph = graph_clone(judgement->graph)};
    if (extent_check(job->context, program.graph, job->model) < 0) return -1;
    return passes_run(&program, NULL, "integerise");
}

/* What the passes refuse of the part that could be read. */
static void judge_readable(struct inspect_job *job, struct graph *graph) {
    size_t since = job->context->diagnostics.count;
    struct judgement judgement = {job, graph};
    add_outputs(graph);
    if (graph->output_count && graph_verify(graph) == 0 && context_guarded(job->context, judge_part, &judgement) < 0)
        context_check_failed(job->context);
    drop_cut(job, graph, since);
    take_reasons(job, "compiling", since);
}

static void keep_report(void *user, const struct compile_report *report) {
    struct inspect_job *job = user;
    struct compile_report *copy = arena_copy(job->arena, report, sizeof *report);
    copy->part_name = arena_strdup(job->arena, report->part_name);
    copy->part_code = arena_strdup(job->arena, report->part_code);
    job->inspection.compiled = copy;
}

static void try_compiling(struct inspect_job *job, size_t since) {
    struct compilation compilation = {
        .context = job->context, .model = job->model, .options = job->options, .finished = keep_report, .user = job};
    if (compile_model(&compilation) < 0) context_check_failed(job->context);
    take_reasons(job, "compiling", since);
}

static void print_inspection(const struct inspect_job *job) {
    struct strbuf text = strbuf_new(job->arena);
    if (options_has(job->options, "json"))
        inspection_json(&text, &job->inspection);
    else
        inspection_terminal(&text, &job->inspection, isatty(fileno(job->terminal)));
    fputs(text.data, job->terminal);
}

static int inspect_steps(struct inspect_job *job) {
    struct frontend_options partial = {.partial = true};
    if (settings_read(job->context, job->arena, job->options, &job->settings) < 0 ||
        reading_options(job->context, job->arena, job->options, &partial) < 0)
        return -1; /* no reason of the model's */
    size_t since = job->context->diagnostics.count, errors = job->context->diagnostics.errors;
    if (describe_file(job) < 0) return -1;
    struct graph *graph = frontend_read(job->context, job->model, &partial);
    bool whole = job->inspection.read_whole = graph && job->context->diagnostics.errors == errors;
    if (graph) describe_graph(job, graph);
    if (whole)
        job->context->diagnostics.count = since; /* compiling reads again, and says the same */
    else
        take_reasons(job, "reading", since);
    if (graph && !whole) judge_readable(job, graph);
    graph_free(graph);
    if (whole) try_compiling(job, since);
    job->accepted = job->inspection.compiled != NULL;
    print_inspection(job);
    return 0;
}

static int inspect(void *user) {
    struct inspect_job *job = user;
    job->arena = arena_new(job->context);
    int result = inspect_steps(job);
    arena_free(job->arena);
    return result;
}

int bxc_inspect(struct bxc_context *context, const char *model, const struct bxc_options *options, bool *accepted,
                FILE *terminal) {
    struct inspect_job job = {.context = context, .model = model, .options = options, .terminal = terminal};
    int result = context_guarded(context, inspect, &job);
    *accepted = result == 0 && job.accepted;
    return result;
}
