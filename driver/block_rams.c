/* Whether block RAMs make the rest of the circuit smaller. What goes beside a table waits for it, in registers: where
 * few tables of many lie in memories, that can cost more than they save. */
#include "driver/driver.h"

/* A part has two registers for each LUT. */
static double size_of(const struct cost *cost) {
    return cost->lut + cost->ff / 2;
}

void block_rams_warn(const struct program *program) {
    const struct cost with = design_cost(program->design, program->technology);
    struct compile_options options = *program->options;
    struct cost without = {0};
    options.block_rams = 0;
    if (with.bram18 == 0 || !trial_cost(program, &options, NULL, &without) || size_of(&with) < size_of(&without))
        return;
    struct arena *arena = program->arena;
    diag_warning(
        &program->context->diagnostics, (struct location){.file = program->graph->source, .option = "--block-rams"},
        "give more of them, or leave it away",
        "--block-rams %d does not make the circuit smaller: about %s LUT and %s FF, and %s LUT and %s FF without; "
        "what goes beside a table in block RAM waits for it",
        program->options->block_rams, words_count(arena, with.lut), words_count(arena, with.ff),
        words_count(arena, without.lut), words_count(arena, without.ff));
}
