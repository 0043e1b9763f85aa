/* The pass table, in the order in which passes run, and the loop that runs it.
 *
 * Above the line numbers may change, and the driver measures by how much; below it no bit may.
 * Where the order matters the table says why. */
#include "passes/passes.h"

#include "ir/verify.h"
#include "passes/table.h"

#include <string.h>
#include <time.h>

const struct pass passes[] = {
    /* before all others, which see a trip's nodes as those of any network */
    {"unroll", pass_unroll, FACT_REAL_GRAPH, FACT_NO_BODIES, 0, ABOVE_THE_LINE,
     "write bodies of scans and maps out, once a trip"},
    {"fold_constants", pass_fold_constants, FACT_REAL_GRAPH | FACT_NO_BODIES, FACT_CONSTANTS_FOLDED, 0, ABOVE_THE_LINE,
     "evaluate what depends on constants alone"},
    {"clean", pass_clean, FACT_REAL_GRAPH, 0, 0, ABOVE_THE_LINE, "algebraic clean-up; drop nodes no output depends on"},
    /* before any quantisation, so that a dropped softmax costs nothing */
    {"softmax", pass_softmax, FACT_REAL_GRAPH, 0, 0, ABOVE_THE_LINE,
     "keep, drop or replace the final softmax, as asked"},
    /* on weights as they were trained: folding distorts magnitudes */
    {"prune", pass_prune, FACT_REAL_GRAPH | FACT_CONSTANTS_FOLDED, 0, 0, ABOVE_THE_LINE,
     "weights of small magnitude become zero"},
    {"fold_batch_norm", pass_fold_batch_norm, FACT_REAL_GRAPH | FACT_CONSTANTS_FOLDED, FACT_NO_BATCH_NORM, 0,
     ABOVE_THE_LINE, "fold batch normalisation and constant scales into the weights of float layers"},
    /* after prune, which makes neurons die */
    {"dead_neurons", pass_dead_neurons, FACT_REAL_GRAPH | FACT_CONSTANTS_FOLDED, 0, 0, ABOVE_THE_LINE,
     "remove neurons that nothing reads or that are constant"},
    {"quant_to_narrow", pass_quant_to_narrow, FACT_REAL_GRAPH | FACT_CONSTANTS_FOLDED, 0, 0, ABOVE_THE_LINE,
     "the model's own quantisers with power-of-two scales become exact narrowing"},
    /* before quantise, whose formats are not the ports' */
    {"ports", pass_ports, FACT_REAL_GRAPH, FACT_PORTS, 0, ABOVE_THE_LINE,
     "a format and a rounding rule for every input"},
    /* after quant_to_narrow and ports: it must see what is quantised already, and what the ports can carry */
    {"quantise", pass_quantise, FACT_REAL_GRAPH | FACT_CONSTANTS_FOLDED | FACT_PORTS, FACT_QUANTISED, 0, ABOVE_THE_LINE,
     "formats for the weights and activations that the model leaves in float"},
    {"expand_softmax", pass_expand_softmax, FACT_REAL_GRAPH | FACT_QUANTISED, FACT_SOFTMAX_EXPANDED, 0, ABOVE_THE_LINE,
     "softmax as maximum, exponential table, sum, reciprocal table and product, within a stated error"},
    {"integerise", pass_integerise, FACT_REAL_GRAPH | FACT_QUANTISED | FACT_SOFTMAX_EXPANDED, FACT_INTEGER_GRAPH,
     FACT_REAL_GRAPH, ABOVE_THE_LINE, "cross the line: the same network as a function of integers"},
    {"simplify", pass_simplify, FACT_INTEGER_GRAPH, 0, 0, BELOW_THE_LINE,
     "drop narrowing that intervals show to do nothing; dead code"},
    {"lower", pass_lower, FACT_INTEGER_GRAPH, FACT_DESIGN, 0, BELOW_THE_LINE,
     "tensors become wires: sums of shifted terms, tables, comparisons"},
    {"share", pass_share, FACT_DESIGN, 0, 0, BELOW_THE_LINE, "compute common subexpressions of sums once"},
    {"trees", pass_trees, FACT_DESIGN, FACT_NARROW_SUMS, 0, BELOW_THE_LINE,
     "long sums become trees of two- and three-term adders"},
    {"pipeline", pass_pipeline, FACT_DESIGN | FACT_NARROW_SUMS, FACT_SCHEDULED, 0, BELOW_THE_LINE,
     "cut into stages whose estimated delay fits the clock period"},
    /* on a schedule, which it leaves as it is */
    {"delays", pass_delays, FACT_DESIGN | FACT_SCHEDULED, 0, 0, BELOW_THE_LINE,
     "long chains of registers become memories, as far as there are block RAMs"},
    {NULL, NULL, 0, 0, 0, ABOVE_THE_LINE, NULL},
};

const struct pass *pass_find(const char *name) {
    for (const struct pass *pass = passes; pass->name; pass++)
        if (strcmp(pass->name, name) == 0) return pass;
    return NULL;
}

void program_note(struct program *program, const char *pass, const char *subject, double number, const char *format,
                  ...) {
    struct arena *arena = program->arena;
    if (program->note_count == program->note_capacity) {
        uint32_t capacity = program->note_capacity ? 2 * program->note_capacity : 16;
        program->notes = arena_grow(arena, program->notes, program->note_count * sizeof *program->notes,
                                    capacity * sizeof *program->notes);
        program->note_capacity = capacity;
    }
    struct strbuf text = strbuf_new(arena);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    program->notes[program->note_count++] =
        (struct pass_note){arena_strdup(arena, pass), arena_strdup(arena, subject), text.data, number};
}

void program_use_layer(struct program *program, uint32_t layer, unsigned used) {
    if (program->layers_used) program->layers_used[layer] |= used;
}

void program_use_input(struct program *program, uint32_t input) {
    if (program->inputs_used) program->inputs_used[input] = true;
}

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int verify_program(const struct program *program) {
    if (graph_verify(program->graph) < 0) return -1;
    return program->design ? design_verify(program->design) : 0;
}

static int run_one(struct program *program, const struct pass *pass, const struct pass_hooks *hooks, unsigned *facts) {
    if ((*facts & pass->needs) != pass->needs)
        context_bug(program->context, "pass '%s' needs facts %#x, the program has %#x", pass->name, pass->needs,
                    *facts);
    bool changed = false;
    double start = seconds_now();
    context_progress(program->context, pass->name, 0, 0);
    if (pass->run(program, &changed) < 0) return -1;
    double seconds = seconds_now() - start;
    if (verify_program(program) < 0)
        return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source},
                          "this is a defect of bxc: please report it with the model", "pass '%s' broke the program",
                          pass->name);
    *facts = (*facts | pass->gives) & ~pass->destroys;
    return hooks && hooks->after ? hooks->after(hooks->user, program, pass, changed, seconds) : 0;
}

int passes_run(struct program *program, const struct pass_hooks *hooks, const char *stop_after) {
    /* A graph that is quantised already, such as a firmware's model.bxc, begins at the line. */
    bool quantised = graph_is_integer(program->graph);
    unsigned facts = quantised ? FACT_INTEGER_GRAPH : FACT_REAL_GRAPH;
    for (const struct pass *pass = passes; pass->name; pass++) {
        if (quantised && pass->side == ABOVE_THE_LINE) continue;
        if (atomic_load(&program->context->cancelled))
            return diag_error(&program->context->diagnostics, (struct location){0}, NULL, "cancelled before pass '%s'",
                              pass->name);
        if (run_one(program, pass, hooks, &facts) < 0) return -1;
        if (stop_after && strcmp(stop_after, pass->name) == 0) break;
    }
    return 0;
}
