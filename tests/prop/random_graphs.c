/* Random networks from reader to schedule: every one is compiled, or refused with a reason that is no defect; what is
 * written reads back; the design computes the quantised graph bit for bit at any clock; the quantised graph computes the
 * network, bit for bit where the notes claim it, else as close as tables and binary32 allow.
 *   random_graphs [COUNT [SEED]]     env: GRAPHS, SEED, V=1 (each network as it was read, and what was said),
 *   WRITE=FOLDER (each network that compiles as SEED.bxc) */
#include "driver/driver.h"
#include "tests/prop/network.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS = 192, REASONS_MAX = 256 };

struct trial {
    struct bxc_context *context;
    uint64_t seed;
    struct compile_options options;
    struct program program;
    struct graph *reference; /* as read */
    const char *wrong;       /* what went wrong, or NULL */
    bool refused, is_float;
};

static struct {
    char text[160];
    uint64_t seed;
    int count;
} reasons[REASONS_MAX];
static int reason_count;

/* Messages without names and numbers are one reason. */
static void count_reason(const char *message, uint64_t seed) {
    char text[160];
    size_t length = 0;
    bool quoted = false;
    for (; *message && length + 1 < sizeof text; message++) {
        if (*message == '\'') quoted = !quoted;
        if (!quoted && !(*message >= '0' && *message <= '9')) text[length++] = *message;
    }
    text[length] = 0;
    int i = 0;
    while (i < reason_count && strcmp(reasons[i].text, text) != 0) i++;
    if (i == REASONS_MAX) return;
    if (i == reason_count) memcpy(reasons[reason_count++].text, text, sizeof text), reasons[i].seed = seed;
    reasons[i].count++;
}

static bool is_defect(const struct diagnostic *item) {
    return (item->help && strstr(item->help, "defect of bxc")) || strstr(item->message, "defect of bxc") || strstr(item->message, "broke the program");
}

/* ---- events on the ports' grids ---- */

struct events {
    size_t events;
    float **reals; /* by input */
    int64_t **integers;
};

static struct events events_of(const struct graph *graph, uint64_t seed) {
    struct value_list inputs = graph_inputs(graph, graph->arena);
    struct events block = {EVENTS, ARENA_ARRAY(graph->arena, float *, inputs.count), ARENA_ARRAY(graph->arena, int64_t *, inputs.count)};
    struct network random = {.state = seed};
    for (uint32_t p = 0; p < inputs.count; p++) {
        size_t count = EVENTS * shape_elements(&graph_value(graph, inputs.at[p])->shape);
        double *real = ARENA_ARRAY(graph->arena, double, count);
        block.reals[p] = ARENA_ARRAY(graph->arena, float, count);
        block.integers[p] = ARENA_ARRAY(graph->arena, int64_t, count);
        float range = ldexpf(1, draw(&random, 6));
        for (size_t i = 0; i < count; i++) block.reals[p][i] = draw_real(&random, draw(&random, 4) ? range : 100);
        (void)port_from_reals(graph, inputs.at[p], EVENTS, 0, block.reals[p], block.integers[p]);
        const struct meaning *meaning = &graph_definition(graph, inputs.at[p])->attributes.input.meaning;
        port_to_reals(graph, inputs.at[p], meaning, EVENTS, block.integers[p], real);
        /* codes come from the model's own quantiser, which binary32 need not give the same code again */
        for (size_t i = 0; i < count && !meaning->scale; i++) block.reals[p][i] = (float)real[i];
    }
    return block;
}

static size_t output_elements(const struct graph *graph, uint32_t o) {
    return shape_elements(&graph_value(graph, graph->outputs[o].value)->shape);
}

/* ---- the quantised graph against the network ---- */

static bool claimed_exact(const struct program *program, const char *output) {
    for (uint32_t i = 0; i < program->note_count; i++)
        if (program->notes[i].subject && strcmp(program->notes[i].subject, output) == 0 && strstr(program->notes[i].text, "bit for bit, for events"))
            return true;
    return false;
}

static bool has_table(const struct graph *graph) {
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (op_is_transcendental(graph->nodes[i].op) || graph->nodes[i].op == OP_SOFTMAX) return true;
    return false;
}

static int by_size(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

/* The error that 9 of 10 numbers stay below, in units of the largest number. */
static double usual_error(double *errors, size_t count, double largest) {
    qsort(errors, count, sizeof *errors, by_size);
    return errors[count * 9 / 10] / fmax(largest, 1);
}

static void compare_output(struct trial *trial, uint32_t o, const float *expected, const int64_t *codes) {
    const struct graph *graph = trial->program.graph;
    const struct graph_output *output = &graph->outputs[o];
    size_t count = EVENTS * output_elements(graph, o), differing = 0;
    double *got = ARENA_ARRAY(graph->arena, double, count), *errors = ARENA_ARRAY(graph->arena, double, count), largest = 0;
    if (output_elements(trial->reference, o) != output_elements(graph, o)) {
        trial->wrong = "an output has another shape";
        return;
    }
    port_to_reals(graph, output->value, &output->meaning, EVENTS, codes, got);
    for (size_t i = 0; i < count; i++) {
        errors[i] = fabs(got[i] - (double)expected[i]);
        differing += errors[i] != 0;
        largest = fmax(largest, fabs((double)expected[i]));
    }
    bool tables = has_table(trial->reference), exact = !tables && claimed_exact(&trial->program, output->name);
    double usual = usual_error(errors, count, largest);
    double allowed = tables ? 0.1 : trial->is_float ? 0.01 : 1e-4;
    if (exact ? differing > 0 : !(usual <= allowed))
        trial->wrong = arena_printf(graph->arena, "output '%s' of %s: %zu of %zu numbers differ, nine of ten by less than %g of the largest, %g",
                                    output->name, exact ? "an exact network" : tables ? "a network with tables" : "a network", differing, count, usual, largest);
}

static int64_t **integer_outputs(const struct graph *graph) {
    int64_t **data = ARENA_ARRAY(graph->arena, int64_t *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++) data[o] = ARENA_ARRAY(graph->arena, int64_t, EVENTS * output_elements(graph, o));
    return data;
}

static void compare_network(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *reference = trial->reference;
    float **expected = ARENA_ARRAY(reference->arena, float *, reference->output_count);
    for (uint32_t o = 0; o < reference->output_count; o++)
        expected[o] = ARENA_ARRAY(reference->arena, float, EVENTS * output_elements(reference, o));
    (void)graph_run_reals(reference, EVENTS, (const float *const *)block->reals, expected);
    for (uint32_t o = 0; o < reference->output_count && !trial->wrong; o++) compare_output(trial, o, expected[o], codes[o]);
}

static void compare_design(struct trial *trial, const struct events *block, int64_t *const *codes) {
    const struct graph *graph = trial->program.graph;
    int64_t **got = integer_outputs(graph);
    if (design_run(trial->program.design, EVENTS, (const int64_t *const *)block->integers, got) < 0) trial->wrong = "the design does not run";
    for (uint32_t o = 0; o < graph->output_count && !trial->wrong; o++)
        if (memcmp(got[o], codes[o], EVENTS * output_elements(graph, o) * sizeof **got) != 0)
            trial->wrong = arena_printf(graph->arena, "output '%s' of the design differs from the quantised graph", graph->outputs[o].name);
}

/* ---- one network ---- */

static int compile(void *user) {
    struct trial *trial = user;
    struct network network = {.state = trial->seed * 0x9e3779b97f4a7c15u + 1};
    network.graph = trial->program.graph = graph_new(trial->context, "network");
    trial->is_float = trial->seed % 8 == 0; /* bxc chooses formats */
    network_build(&network, trial->is_float);
    trial->reference = graph_clone(network.graph);
    trial->options.clock_ps = 1380 + 10 * draw(&network, 400);
    return passes_run(&trial->program, NULL, NULL);
}

static int check(void *user) {
    struct trial *trial = user;
    struct graph *graph = trial->program.graph;
    struct strbuf text = strbuf_new(graph->arena);
    graph_print(&text, graph);
    if (read_back(graph, "model.bxc", &text) < 0) trial->wrong = "the quantised graph reads back as something else";
    if (trial->wrong) return 0;
    struct events block = events_of(graph, trial->seed);
    int64_t **codes = integer_outputs(graph);
    (void)graph_run_integers(graph, EVENTS, (const int64_t *const *)block.integers, codes);
    compare_network(trial, &block, codes);
    if (!trial->wrong) compare_design(trial, &block, codes);
    return 0;
}

static void judge_refusal(struct trial *trial) {
    const struct diagnostics *diagnostics = &trial->context->diagnostics;
    trial->refused = true;
    const struct diagnostic *first = NULL;
    for (size_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        if (item->severity != SEVERITY_ERROR) continue;
        if (!first) first = item;
        if (is_defect(item)) trial->wrong = arena_printf(trial->context->arena, "defect: %s", first->message);
    }
    if (!first) trial->wrong = "refused without a reason";
    else if (!trial->wrong) count_reason(first->message, trial->seed);
}

static void print_network(const struct trial *trial) {
    struct strbuf text = strbuf_new(trial->context->arena);
    if (trial->reference) graph_print(&text, trial->reference);
    for (size_t i = 0; i < trial->context->diagnostics.count; i++) diag_format(&text, &trial->context->diagnostics.items[i]);
    printf("%s", text.data);
}

static void write_network(const struct trial *trial) {
    struct strbuf text = strbuf_new(trial->context->arena);
    graph_print(&text, trial->reference);
    (void)file_write(trial->context, arena_printf(trial->context->arena, "%s/%llu.bxc", getenv("WRITE"), (unsigned long long)trial->seed),
                     text.data, text.length);
}

static bool run(uint64_t seed, int *refused) {
    struct trial trial = {.context = context_new(), .seed = seed, .options = compile_options_default()};
    trial.context->threads = 1;
    trial.program = (struct program){.context = trial.context, .arena = trial.context->arena, .options = &trial.options,
                                     .technology = technology_for(NULL)};
    trial.options.name = "network";
    if (context_guarded(trial.context, compile, &trial) < 0) judge_refusal(&trial);
    else if (context_guarded(trial.context, check, &trial) < 0) trial.wrong = "a check fell over";
    *refused += trial.refused && !trial.wrong;
    bool right = !trial.wrong;
    if (getenv("V")) print_network(&trial);
    if (getenv("WRITE") && right && !trial.refused) write_network(&trial);
    if (!right) printf("# seed %llu: %s\n", (unsigned long long)seed, trial.wrong);
    design_free(trial.program.design);
    context_free(trial.context);
    return right;
}

static long number_of(const char *text, const char *variable, long otherwise) {
    if (!text) text = getenv(variable);
    return text ? strtol(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    long count = number_of(argc > 1 ? argv[1] : NULL, "GRAPHS", 1500), first = number_of(argc > 2 ? argv[2] : NULL, "SEED", 1);
    int wrong = 0, refused = 0;
    for (long i = 0; i < count; i++) wrong += !run((uint64_t)(first + i), &refused);
    printf("# %ld networks from seed %ld: %d wrong, %d refused\n", count, first, wrong, refused);
    for (int i = 0; i < reason_count; i++)
        printf("# %4d refused, the first of seed %llu: %s\n", reasons[i].count, (unsigned long long)reasons[i].seed, reasons[i].text);
    printf(wrong ? "not ok random_graphs: %d are wrong\n" : "ok random_graphs\n", wrong);
    return wrong != 0;
}
