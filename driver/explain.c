/* bxc explain: where the cycles and the LUT of a firmware go, from its quantised graph compiled once more in memory. */
#include "driver/driver.h"
#include "ir/file.h"
#include "ir/ops.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct explain_job {
    struct bxc_context *context;
    struct arena *arena;
    const char *folder;
    const struct bxc_options *options;
    FILE *terminal;
    struct firmware *firmware;
    struct compile_options compile;
    struct explanation explanation;
};

/* ---- by layer ---- */

/* Operands of sums that a layer's weights ask for: signed digits of its constants. */
static void count_weights(const struct graph *graph, const struct node *node, struct layer_share *out) {
    uint8_t position[65];
    bool negative[65];
    for (uint32_t i = 0; node->op == OP_MATMUL && i < node->input_count; i++) {
        const int64_t *weights = graph_integers(graph, node->inputs[i]);
        size_t count = weights ? shape_elements(&graph_value(graph, node->inputs[i])->shape) : 0;
        for (size_t e = 0; e < count; e++) {
            out->weights += weights[e] != 0;
            out->terms += signed_digits(weights[e], position, negative);
        }
    }
}

static void add_node(const struct graph *graph, const struct layer_report *row, const struct node *node,
                     struct layer_share *out) {
    out->cost.lut += row->cost.lut;
    out->cost.ff += row->cost.ff;
    out->cost.dsp += row->cost.dsp;
    out->cost.bram18 += row->cost.bram18;
    count_weights(graph, node, out);
    if (row->first_cycle < 0) return;
    out->last_node = (uint32_t)(node - graph->nodes);
    if (out->first_cycle < 0 || row->first_cycle < out->first_cycle) out->first_cycle = row->first_cycle;
    if (row->last_cycle > out->last_cycle) out->last_cycle = row->last_cycle;
}

static void mark_beats(const struct program *program, const uint32_t *heads, struct layer_share *const *of_head) {
    const struct datapath *path = &program->design->datapath;
    for (uint32_t w = 0; w < path->wire_count; w++) {
        const struct wire *wire = &path->wires[w];
        if (wire->every_beat && wire->origin.id < program->graph->node_count)
            of_head[heads[wire->origin.id]]->in_beats = true;
    }
}

/* What a module computes that other modules' nodes have in common with it. */
static void mark_common(const struct program *program, const uint32_t *heads, struct layer_share *const *of_head) {
    const struct datapath *path = &program->design->datapath;
    for (uint32_t w = 0; w < path->wire_count; w++) {
        const struct wire *wire = &path->wires[w];
        if (wire->origin.id >= program->graph->node_count) continue;
        struct layer_share *own = of_head[heads[wire->origin.id]];
        bool is_common = false;
        if (!own) continue; /* of a constant, which has no row */
        for (const struct origin_list *also = wire->also; also; also = also->next) {
            const struct layer_share *other = of_head[heads[also->node.id]];
            if (!other || other == own) continue;
            is_common = true;
            own->common_with_more |= own->common_with && own->common_with != other->name;
            if (!own->common_with) own->common_with = other->name;
        }
        own->common += is_common;
    }
}

static int compare_ends(const void *a, const void *b) {
    const struct layer_share *p = *(const struct layer_share *const *)a, *q = *(const struct layer_share *const *)b;
    return (p->last_node > q->last_node) - (p->last_node < q->last_node);
}

/* In which order they begin says nothing: every trip of a recurrent network reads an item of an input. */
static struct layer_share **layers_by_end(const struct explanation *explanation, struct arena *arena) {
    struct layer_share **layers = ARENA_ARRAY(arena, struct layer_share *, explanation->layer_count + 1);
    for (uint32_t i = 0; i < explanation->layer_count; i++) layers[i] = &explanation->layers[i];
    qsort(layers, explanation->layer_count, sizeof *layers, compare_ends);
    return layers;
}

/* By how much each row makes the way longer than those that end before it have it; the first that is in beats does not
 * make it longer by the beats, which have a row of their own. */
static void find_steps(struct explanation *out, const struct compile_report *report, struct arena *arena) {
    struct layer_share **layers = layers_by_end(out, arena);
    int end = 0;
    for (uint32_t i = 0; i < out->layer_count; i++) {
        struct layer_share *layer = layers[i];
        if (layer->last_cycle <= end) continue;
        layer->adds = layer->last_cycle - end;
        end = layer->last_cycle;
        if (!layer->in_beats || out->beat_cycles) continue;
        out->beat_cycles = layer->adds < report->beats - 1 ? layer->adds : report->beats - 1;
        layer->adds -= out->beat_cycles;
    }
    out->rest_cycles = report->latency - end;
}

/* A row of no node: what modules share, or the top. */
static void add_rest(const struct layer_report *row, struct explanation *out) {
    if (row->module)
        out->layers[out->layer_count++] =
            (struct layer_share){.name = row->name, .kind = "", .first_cycle = -1, .last_cycle = -1, .cost = row->cost};
    else
        out->top = row->cost;
}

/* The summary's rows stand in the order of the graph's nodes, constants left out; what belongs to none comes last. */
static void explain_layers(struct explain_job *job, const struct program *program,
                           const struct compile_report *report) {
    const struct graph *graph = program->graph;
    const uint32_t *heads = layer_heads(graph, job->arena);
    struct explanation *out = &job->explanation;
    struct layer_share **of_head = ARENA_ARRAY(job->arena, struct layer_share *, graph->node_count + 1);
    out->layers = ARENA_ARRAY(job->arena, struct layer_share, graph->node_count + 2);
    uint32_t row = 0;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n], *head = &graph->nodes[heads[n]];
        if (node->dead || node->op == OP_CONSTANT) continue;
        if (!of_head[heads[n]]) {
            of_head[heads[n]] = &out->layers[out->layer_count++];
            *of_head[heads[n]] = (struct layer_share){.name = arena_strdup(job->arena, head->name),
                                                      .kind = op_info(head->op)->name,
                                                      .first_cycle = -1,
                                                      .last_cycle = -1};
        }
        add_node(graph, &report->layers[row++], node, of_head[heads[n]]);
    }
    for (; row < report->layer_count; row++) add_rest(&report->layers[row], out);
    mark_beats(program, heads, of_head);
    mark_common(program, heads, of_head);
    find_steps(out, report, job->arena);
}

/* ---- the softmax ---- */

static bool belongs(const char *layer, const char *softmax, size_t length) {
    return strncmp(layer, softmax, length) == 0 && (layer[length] == '.' || layer[length] == 0);
}

static void explain_softmax(struct explain_job *job, const struct graph *graph) {
    struct explanation *out = &job->explanation;
    out->softmax = ARENA_ARRAY(job->arena, struct layer_share, out->layer_count + 1);
    for (uint32_t i = 0; i < out->layer_count; i++) {
        size_t length;
        if (!softmax_start(graph, out->layers[i].name, &length)) continue;
        struct layer_share *softmax = &out->softmax[out->softmax_count++];
        *softmax =
            (struct layer_share){.name = arena_strndup(job->arena, out->layers[i].name, length), .kind = "softmax"};
        for (uint32_t j = 0; j < out->layer_count; j++) {
            const struct layer_share *part = &out->layers[j];
            if (!belongs(part->name, softmax->name, length)) continue;
            softmax->adds += part->adds;
            softmax->cost.lut += part->cost.lut;
            softmax->cost.ff += part->cost.ff;
            softmax->cost.bram18 += part->cost.bram18;
        }
    }
}

/* ---- by kind of logic ---- */

enum { KIND_ADDER2, KIND_ADDER3, KIND_TABLE, KIND_COMPARE, KIND_CLAMP, KIND_BITS, KIND_ROM, KIND_DELAY, KIND_COUNT };

static int kind_of(const struct wire *wire) {
    switch (wire->op) {
    case WIRE_SUM: return wire->operand_count > 2 ? KIND_ADDER3 : KIND_ADDER2;
    case WIRE_TABLE: return wire->resource == RESOURCE_BLOCK_RAM ? KIND_ROM : KIND_TABLE;
    case WIRE_DELAY: return KIND_DELAY;
    case WIRE_LESS:
    case WIRE_EQUAL:
    case WIRE_SELECT: return KIND_COMPARE;
    case WIRE_CLAMP: return KIND_CLAMP;
    default: return KIND_BITS;
    }
}

static void explain_kinds(struct explain_job *job, const struct program *program) {
    static const char *const names[KIND_COUNT] = {[KIND_ADDER2] = "adders of two terms",
                                                  [KIND_ADDER3] = "adders of three terms",
                                                  [KIND_TABLE] = "tables",
                                                  [KIND_COMPARE] = "comparisons and choices",
                                                  [KIND_CLAMP] = "saturations",
                                                  [KIND_BITS] = "bit operations",
                                                  [KIND_ROM] = "tables in block RAM",
                                                  [KIND_DELAY] = "delays in block RAM"};
    struct kind_share *kinds = job->explanation.kinds = ARENA_ARRAY(job->arena, struct kind_share, KIND_COUNT);
    for (int k = 0; k < KIND_COUNT; k++) kinds[k].name = names[k];
    const struct datapath *path = &program->design->datapath;
    struct cost *costs = ARENA_ARRAY(job->arena, struct cost, path->wire_count + 1);
    datapath_cost_by_wire(program->design, path, costs);
    for (uint32_t w = 0; w < path->wire_count; w++) {
        struct kind_share *kind = &kinds[kind_of(&path->wires[w])];
        kind->count += costs[w].lut > 0 || costs[w].bram18 > 0;
        kind->lut += costs[w].lut;
        kind->bram18 += costs[w].bram18;
    }
    job->explanation.kind_count = KIND_COUNT;
}

/* ---- the whole ---- */

static const struct compile_report *read_report(const struct explain_job *job) {
    size_t length;
    const char *path = arena_printf(job->arena, "%s/report/report.json", job->folder);
    const char *json = file_read(job->context, job->arena, path, &length);
    return json ? report_parse(job->context, job->arena, path, json) : NULL;
}

static void print_explanation(const struct explain_job *job) {
    struct strbuf text = strbuf_new(job->arena);
    if (options_has(job->options, "json"))
        explanation_json(&text, &job->explanation);
    else
        explanation_terminal(&text, &job->explanation, isatty(fileno(job->terminal)));
    fputs(text.data, job->terminal);
}

static int explain_steps(struct explain_job *job) {
    if (!(job->firmware = firmware_open(job->context, job->folder))) return -1;
    const struct compile_report *report = read_report(job);
    if (!report || manifest_options(job->context, job->arena, job->folder, &job->compile) < 0) return -1;
    const struct graph *graph = job->firmware->quantised;
    struct program program;
    if (trial_compile(job->context, job->arena, graph_clone(graph), &job->compile, NULL, &program) == 0) {
        const struct compile_report *again = summary_new(job->arena, &program, report->name, report->content_hash);
        job->explanation.report = again;
        explain_layers(job, &program, again);
        explain_softmax(job, program.graph);
        explain_kinds(job, &program);
        trial_clocks(&program, graph, &job->explanation);
        trial_without_softmax(&program, graph, &job->explanation);
        print_explanation(job);
    }
    design_free(program.design);
    graph_free(program.graph);
    return job->explanation.report ? 0 : -1;
}

static int explain(void *user) {
    struct explain_job *job = user;
    job->arena = arena_new(job->context);
    int result = explain_steps(job);
    firmware_close(job->firmware);
    arena_free(job->arena);
    return result;
}

int bxc_explain(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal) {
    struct explain_job job = {.context = context, .folder = folder, .options = options, .terminal = terminal};
    return context_guarded(context, explain, &job);
}
