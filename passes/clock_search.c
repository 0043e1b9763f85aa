/* The clock that a refusal names, found by trying: the circuit is made again for it, as the choice of adders and
 * where wires are cut hang on the clock, so that a slower one may meet what a faster one did not. */
#include "passes/pipeline.h"
#include "passes/table.h"

/* What the slowest wire of the network needs of a stage when it is made for that clock, or 0 when all fit; ps. */
static int slowest_misfit(const struct program *program, int clock_ps, bool *failed) {
    struct compile_options options = *program->options;
    struct program trial = {.context = program->context,
                            .arena = program->arena,
                            .options = &options,
                            .technology = program->technology,
                            .graph = program->graph};
    bool changed = false;
    options.clock_ps = clock_ps;
    for (const struct pass *pass = pass_find("lower"); pass->run != pass_pipeline && !*failed; pass++)
        *failed = pass->run(&trial, &changed) < 0;
    if (*failed) return 0;
    struct stage stage = stage_of_clock(&trial);
    split_wide_wires(trial.design, &stage);
    struct arena *scratch = arena_new(program->context);
    const struct timing *timing = timing_new(scratch, trial.design, stage.technology);
    int slowest = 0;
    for (uint32_t i = 0; i < trial.design->datapath.wire_count; i++) {
        int delay = timing_alone(timing, i);
        slowest = delay > slowest ? delay : slowest;
    }
    arena_free(scratch);
    design_free(trial.design);
    return slowest > stage.budget ? slowest : 0;
}

static int fastest_megahertz(const struct stage *stage, int logic_ps) {
    int period = (int)(((int64_t)(logic_ps + stage->overhead) * 100 + 99 - stage->margin) / (100 - stage->margin));
    int tree = stage->technology->clock_tree_megahertz, most = 1000000 / period;
    return tree && tree < most ? tree : most;
}

int clock_that_does(const struct program *program, const struct stage *stage, int logic_ps) {
    bool failed = false;
    for (int next, megahertz = fastest_megahertz(stage, logic_ps); megahertz > 0;
         megahertz = next < megahertz ? next : megahertz - 1) {
        int period = (2000000 + megahertz) / (2 * megahertz); /* as clock_parse reads it */
        int slowest = slowest_misfit(program, period, &failed);
        if (!slowest) return failed ? 0 : megahertz;
        next = fastest_megahertz(stage, slowest);
    }
    return 0;
}
