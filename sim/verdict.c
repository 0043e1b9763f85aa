/* One verification: all engines over all events, block by block, against the emulator; the float
 * model beside it; what failed made small and kept. */
#include <math.h>
#include <string.h>

#include "sim/private.h"
#include "ir/eval.h"
#include "ir/file.h"
#include "ir/verify.h"

/* With -n below QUICK_EVENTS the user wants a quick look: fewer events in Icarus and in a row too. */
enum { ICARUS_EVENTS = 2000, ICARUS_QUICK = 200, QUICK_EVENTS = 10000, ROW_EVENTS = 200000, TURN_SECONDS = 60 };

struct contestant { /* one engine, in one of its variants */
    struct engine *engine;
    struct engine_result *result;
    bool gathered;               /* runs once at the end, over the sample */
    uint64_t quota[PHASE_COUNT]; /* events that it still takes of each kind */
    int64_t **outputs;
};

struct verification {
    struct firmware *firmware;
    const struct verify_options *options;
    struct arena *arena;
    struct verdict *verdict;
    struct event_stream *stream;
    struct accuracy *accuracy;
    struct activity *activity;
    struct engine *emulator, *reference;
    struct engine_result *emulator_result, *reference_result;
    int64_t **expected;
    float **floats;
    struct contestant contestants[ENGINE_RESULT_MAX];
    int contestant_count;
    struct sample *sample;
    uint64_t sample_quota[PHASE_COUNT];
};

struct verify_options verify_options_default(void) {
    struct verify_options options = {.seed = 1,
                                     .threshold = (double)NAN,
                                     .max_flips = (double)NAN,
                                     .max_error = (double)NAN,
                                     .max_loss = (double)NAN,
                                     .engine_options = {.check_hash = true}};
    for (int i = 0; i < ENGINE_COUNT; i++) options.engine[i] = true;
    return options;
}

static struct engine_result *new_result(struct verification *run, enum engine_id id, const char *variant) {
    struct engine_result *result = &run->verdict->engines[run->verdict->engine_count++];
    *result = (struct engine_result){.id = id, .variant = variant, .latency = -1, .asked = run->options->engine[id]};
    return result;
}

/* What was last diagnosed, for the verdict. */
static const char *last_message(const struct firmware *firmware) {
    const struct diagnostics *diag = &firmware->context->diagnostics;
    return diag->count ? arena_strdup(firmware->context->arena, diag->items[diag->count - 1].message) : "failed";
}

static int64_t **output_arrays(struct verification *run) {
    const struct graph *graph = run->firmware->quantised;
    const size_t events = graph_block_events(graph);
    int64_t **arrays = ARENA_ARRAY(run->arena, int64_t *, graph->output_count + 1);
    for (uint32_t o = 0; o < graph->output_count; o++)
        arrays[o] = arena_calloc(run->arena, events, graph_elements(graph, graph->outputs[o].value) * sizeof **arrays);
    return arrays;
}

/* Shares a sample among the kinds of events, as evenly as their numbers allow: the rarest first. */
static void set_quota(const struct verification *run, uint64_t quota[PHASE_COUNT], uint64_t events) {
    bool served[PHASE_COUNT] = {false};
    for (uint64_t left = PHASE_COUNT; left > 0; left--) {
        int rarest = -1;
        for (int i = 0; i < PHASE_COUNT; i++)
            if (!served[i] && (rarest < 0 || event_stream_events(run->stream, (enum phase)i) <
                                                 event_stream_events(run->stream, (enum phase)rarest)))
                rarest = i;
        uint64_t there = event_stream_events(run->stream, (enum phase)rarest), share = events / left;
        quota[rarest] = there < share ? there : share;
        events -= quota[rarest];
        served[rarest] = true;
    }
}

static bool lacks_tool(struct verification *run, struct engine_result *result) {
    const char *missing = engine_missing_tool(run->arena, result->id);
    if (!missing) return false;
    result->skipped = arena_printf(run->firmware->context->arena, "the command '%s' is not installed", missing);
    bool chosen = false; /* by --engines */
    for (int id = 0; id < ENGINE_COUNT; id++) chosen = chosen || !run->options->engine[id];
    diag_warning(&run->firmware->context->diagnostics, (struct location){0},
                 chosen ? "install it, and verify again; or leave the engine out of --engines"
                        : "install it, and verify again; or leave the engine out with --engines",
                 "engine '%s' is not run: %s", engine_name(result->id), result->skipped);
    return true;
}

/* With the engine's name, which what a folder refuses does not have. */
static const char *why_not_built(const struct verification *run, enum engine_id id) {
    const char *why = last_message(run->firmware);
    return strncmp(why, "engine '", strlen("engine '")) == 0
               ? why
               : arena_printf(run->firmware->context->arena, "engine '%s' is not built: %s", engine_name(id), why);
}

static void add_contestant(struct verification *run, enum engine_id id, const char *variant, uint64_t events,
                           const struct engine_options *options) {
    struct engine_result *result = new_result(run, id, variant);
    bool built;
    if (!result->asked) result->skipped = "not asked for";
    if (result->skipped || lacks_tool(run, result)) return;
    context_progress(run->firmware->context, arena_printf(run->arena, "building %s", engine_name(id)), 0, 0);
    struct engine *engine = engine_open(run->firmware, id, options, &built);
    if (!engine) {
        *(built ? &result->failure : &result->not_built) = built ? last_message(run->firmware) : why_not_built(run, id);
        return;
    }
    result->build_seconds = engine_build_seconds(engine);
    struct contestant *contestant = &run->contestants[run->contestant_count++];
    *contestant = (struct contestant){.engine = engine, .result = result, .outputs = output_arrays(run)};
    set_quota(run, contestant->quota, events);
}

/* Another way to send events through an engine that is there: over the sample, in one process. */
static void add_variant(struct verification *run, enum engine_id id, const char *variant,
                        const struct engine_options *options) {
    const struct engine_result *plain = &run->verdict->engines[run->verdict->engine_count - 1];
    if (plain->skipped || plain->failure || plain->not_built) return;
    int before = run->contestant_count;
    add_contestant(run, id, variant, 0, options);
    if (run->contestant_count > before) run->contestants[before].gathered = true;
}

/* Rounds of the sample that make the events in a row. */
static size_t row_rounds(const struct verification *run) {
    uint64_t events = 0,
             wanted = run->options->events && run->options->events < QUICK_EVENTS ? run->options->events : ROW_EVENTS;
    for (int i = 0; i < PHASE_COUNT; i++) events += run->sample_quota[i];
    uint64_t rounds = events ? (wanted + events - 1) / events : 0;
    return rounds < 2 ? 2 : (size_t)rounds;
}

static void add_contestants(struct verification *run) {
    struct engine_options plain = run->options->engine_options, gaps = plain, reset = plain, row = plain;
    bool quick = run->options->events && run->options->events < QUICK_EVENTS;
    set_quota(run, run->sample_quota, GATHERED_EVENTS);
    gaps.gap_seed = plain.gap_seed ? plain.gap_seed : run->options->seed + 1;
    reset.reset_seed = plain.reset_seed ? plain.reset_seed : run->options->seed + 1;
    gaps.jobs = reset.jobs = 1;
    row.rounds = row_rounds(run);
    add_contestant(run, ENGINE_DATAPATH, "", UINT64_MAX, &plain);
    for (int id = ENGINE_C; id <= ENGINE_RTL; id++) {
        add_contestant(run, (enum engine_id)id, "", UINT64_MAX, &plain);
        add_variant(run, (enum engine_id)id, "in a row", &row);
        if (id != ENGINE_RTL) continue;
        add_variant(run, ENGINE_RTL, "gaps", &gaps);
        add_variant(run, ENGINE_RTL, "reset", &reset);
    }
    add_contestant(run, ENGINE_ICARUS, "", quick ? ICARUS_QUICK : ICARUS_EVENTS, &plain);
}

static int open_reference(struct verification *run) {
    const struct graph *graph = accuracy_reference(run->accuracy);
    run->reference_result = new_result(run, ENGINE_FLOAT, "");
    if (!run->options->engine[ENGINE_FLOAT] || !graph) {
        run->reference_result->skipped = graph ? "not asked for"
                                         : graph_is_integer(run->firmware->reference)
                                             ? "the model came quantised"
                                             : "its outputs cannot be compared";
        return 0;
    }
    bool built;
    run->reference = engine_open(run->firmware, ENGINE_FLOAT, &run->options->engine_options, &built);
    if (!run->reference) return -1;
    run->reference->graph = graph;
    run->floats = ARENA_ARRAY(run->arena, float *, graph->output_count + 1);
    const size_t events = graph_block_events(run->firmware->quantised);
    for (uint32_t o = 0; o < graph->output_count; o++)
        run->floats[o] =
            arena_calloc(run->arena, events, graph_elements(graph, graph->outputs[o].value) * sizeof **run->floats);
    return 0;
}

/* A gate that nothing can be held against would always be open. */
static int check_gates(struct verification *run) {
    const struct verify_options *options = run->options;
    struct diagnostics *diag = &run->firmware->context->diagnostics;
    bool asked = !isnan(options->max_flips) || !isnan(options->max_error) || !isnan(options->max_loss);
    if (asked && !run->reference)
        return diag_error(diag, (struct location){.file = run->firmware->folder},
                          "leave out --max-flips, --max-error and --max-loss",
                          "there is nothing to hold the limits against: engine 'float' did not run (%s)",
                          run->reference_result->skipped);
    if (asked && event_stream_measured(run->stream) == 0)
        return diag_error(diag, (struct location){.file = run->firmware->folder},
                          options->event_file_count ? "give files with events, or a larger -n"
                                                    : "give events with --events FILE, or a larger -n",
                          "there is nothing to hold the limits against: no event is run through the float model");
    if (!isnan(options->max_error) && !accuracy_has_numbers(run->accuracy))
        return diag_error(diag, (struct location){.attribute = "--max-error"}, "hold them against --max-flips",
                          "there is no error to hold the limit against: only decisions are compared");
    if (!isnan(options->max_loss) && !options->label_file_count)
        return diag_error(diag, (struct location){.option = "--max-loss"}, "give the true classes: --labels FILE",
                          "the accuracy lost is not known without labels");
    return 0;
}

static int check_names(const struct verification *run) {
    if (!run->options->class_name_count || run->options->label_file_count) return 0;
    return diag_error(&run->firmware->context->diagnostics, (struct location){.option = "--class-names"},
                      "give the true classes: --labels FILE", "classes have names only where events have labels");
}

/* Names that are too few or too many are told, and what has none goes by its number. */
static void name_classes(const struct verification *run) {
    const struct verdict *verdict = run->verdict;
    if (!verdict->labelled_count) return;
    struct labelled *labelled = &verdict->labelled[0];
    uint32_t classes = labelled->curve_count > 1 ? labelled->curve_count : labelled->class_count;
    labelled->class_names = run->options->class_names;
    labelled->class_name_count = run->options->class_name_count;
    if (labelled->class_name_count && labelled->class_name_count != classes)
        diag_warning(&run->firmware->context->diagnostics, (struct location){.attribute = "--class-names"},
                     "give one name a class, with commas between them; a class without one goes by its number",
                     "%u name%s for %u classes", labelled->class_name_count, labelled->class_name_count == 1 ? "" : "s",
                     classes);
}

/* Options about decisions, where none is looked at by them. */
static void warn_of_idle(const struct verification *run) {
    const struct verify_options *options = run->options;
    struct diagnostics *diag = &run->firmware->context->diagnostics;
    const struct location at = {.file = run->firmware->folder};
    if (options->label_file_count && !run->reference)
        diag_warning(diag, at, NULL, "labels do nothing: there is no float model to compare with (%s)",
                     run->reference_result->skipped);
    if (!isnan(options->threshold) && (!run->reference || !accuracy_has_threshold(run->accuracy)))
        diag_warning(diag, at, NULL, "a threshold does nothing: no output decides by one number");
}

static int open_all(struct verification *run) {
    if (check_names(run)) return -1;
    run->stream = event_stream_new(run->firmware, run->options, run->arena);
    if (!run->stream) return -1;
    run->accuracy = accuracy_new(run->firmware->reference, run->firmware->quantised, run->options->threshold,
                                 run->firmware->folder, run->arena);
    for (uint32_t o = 0; o < run->firmware->quantised->output_count; o++)
        if (event_stream_has_labels(run->stream, o) &&
            accuracy_expect_labels(run->accuracy, o, event_stream_events(run->stream, PHASE_USER)))
            return -1;
    if (open_reference(run) || check_gates(run)) return -1;
    warn_of_idle(run);
    run->activity = activity_new(run->firmware, run->arena);
    run->emulator_result = new_result(run, ENGINE_EMULATOR, "");
    bool built;
    run->emulator = engine_open(run->firmware, ENGINE_EMULATOR, &run->options->engine_options, &built);
    if (!run->emulator) return -1;
    run->expected = output_arrays(run);
    run->sample = sample_new(run->emulator, run->arena);
    add_contestants(run);
    return 0;
}

static void close_all(struct verification *run) {
    for (int i = 0; i < run->contestant_count; i++) engine_close(run->contestants[i].engine);
    engine_close(run->reference);
    engine_close(run->emulator);
    accuracy_close(run->accuracy);
    activity_close(run->activity);
    if (run->stream) event_stream_close(run->stream);
}

/* ---- one block ---- */

static int run_reference(struct verification *run, const struct event_block *block) {
    double start = monotonic_seconds();
    if (!run->reference || !block->reals) return 0;
    if (engine_run_reals(run->reference, block->events, (const float *const *)block->reals, run->floats)) return -1;
    run->reference_result->seconds += monotonic_seconds() - start;
    run->reference_result->events += block->events;
    run->reference_result->ran = true;
    return accuracy_add(run->accuracy, block, run->floats, run->expected);
}

static int run_emulator(struct verification *run, const struct event_block *block) {
    double start = monotonic_seconds();
    if (engine_run(run->emulator, block->events, (const int64_t *const *)block->integers, run->expected)) return -1;
    run->emulator_result->seconds += monotonic_seconds() - start;
    run->emulator_result->events += block->events;
    run->emulator_result->ran = run->emulator_result->equal = true;
    return 0;
}

/* The first difference of an engine: named, made small, kept for the next time (or a diagnosis, when
 * the folder cannot be written: the verdict stands all the same). */
static void keep_failure(struct verification *run, struct contestant *contestant, const struct event_block *block) {
    struct difference *difference = &contestant->result->difference;
    struct engine *engine = contestant->engine;
    int64_t *event = ARENA_ARRAY(run->arena, int64_t, engine->input_total + 1), *to = event;
    size_t row = (size_t)(difference->event - block->first);
    difference->event_name = event_name(run->firmware->context->arena, block->phase,
                                        difference->event - block->first + block->first_in_phase);
    difference->layer = arena_strdup(run->firmware->context->arena, difference->layer);
    difference->output_name = arena_strdup(run->firmware->context->arena, difference->output_name);
    context_progress(run->firmware->context,
                     arena_printf(run->arena, "narrowing down what %s differs in", engine_name(engine->id)), 0, 0);
    narrow_difference(run->firmware, engine->id, &engine->options, (const int64_t *const *)block->integers,
                      block->events, row, difference);
    for (uint32_t i = 0; i < engine->input_count; i++) {
        memcpy(to, block->integers[i] + row * engine->input_elements[i], engine->input_elements[i] * sizeof *to);
        to += engine->input_elements[i];
    }
    if (!contestant->result->failure) shrink_event(run->emulator, engine, run->arena, event);
    struct arena *turn = arena_new(run->firmware->context);
    file_lock(turn, arena_printf(turn, "%s/verify/%s", run->firmware->folder, FOLDER_LOCK), TURN_SECONDS);
    failing_event_write(run->firmware, run->arena, event);
    arena_free(turn);
}

/* How long Icarus takes is told beforehand, from how long its first events took. */
static void tell_time(const struct verification *run, const struct contestant *contestant) {
    const struct engine_result *result = contestant->result;
    uint64_t left = 0;
    for (int i = 0; i < PHASE_COUNT; i++) left += contestant->quota[i];
    double each = result->events ? result->seconds / (double)result->events : 0;
    const char *about = each > 0 ? arena_printf(run->arena, ", about %.0f s", each * (double)left) : "";
    const char *stage =
        arena_printf(run->arena, "%s: %llu events%s", engine_name(result->id), (unsigned long long)left, about);
    context_progress(run->firmware->context, stage, result->events, result->events + left);
}

static int run_contestant(struct verification *run, struct contestant *contestant, const struct event_block *block,
                          size_t events, int64_t *const *expected) {
    struct engine_result *result = contestant->result;
    size_t rounds = contestant->engine->options.rounds;
    if (events == 0 || result->failure || result->difference.found) return 0;
    if (result->id == ENGINE_ICARUS) tell_time(run, contestant);
    double start = monotonic_seconds();
    if (engine_run(contestant->engine, events, (const int64_t *const *)block->integers, contestant->outputs)) {
        result->failure = last_message(run->firmware);
        if (atomic_load(&run->firmware->context->cancelled)) return -1;
        if (!contestant->engine->outputs_whole) return 0;
    }
    result->seconds += monotonic_seconds() - start;
    result->events += events * (rounds ? rounds : 1);
    result->ran = true;
    result->latency = engine_latency(contestant->engine);
    result->interval = engine_interval(contestant->engine);
    contestant->engine->options.rounds = 0; /* the one event is looked at by itself */
    if (compare_outputs(run->firmware->quantised, block->first, events, expected, contestant->outputs,
                        &result->difference))
        keep_failure(run, contestant, block);
    return 0;
}

/* The emitted C in real numbers: two results more. */
static int run_entries(struct verification *run, struct contestant *contestant) {
    for (int single = 0; single < 2; single++) {
        struct engine_result *result = new_result(run, ENGINE_C, single ? "run_float" : "run_double");
        double start = monotonic_seconds();
        size_t events = 0;
        if ((!single && entry_ports(contestant->engine)) ||
            entry_run(contestant->engine, run->emulator, run->sample, single, &events))
            result->failure = last_message(run->firmware);
        if (atomic_load(&run->firmware->context->cancelled)) return -1;
        result->seconds = monotonic_seconds() - start;
        result->events = events;
        result->ran = true;
    }
    return 0;
}

static int run_gathered(struct verification *run) {
    const struct sample *sample = run->sample;
    struct event_block block = {.events = sample->count, .integers = sample->inputs};
    for (int i = 0; i < run->contestant_count; i++) {
        struct contestant *contestant = &run->contestants[i];
        struct difference *difference = &contestant->result->difference;
        if (!contestant->gathered) continue;
        context_progress(
            run->firmware->context,
            arena_printf(run->arena, "%s, %s", engine_name(contestant->result->id), contestant->result->variant), 0, 0);
        if (run_contestant(run, contestant, &block, sample->count, sample->expected)) return -1;
        if (contestant->result->id == ENGINE_C && run_entries(run, contestant)) return -1;
        if (difference->found)
            difference->event_name = event_name(run->firmware->context->arena, sample->phases[difference->event],
                                                sample->numbers[difference->event]);
    }
    return 0;
}

static int run_block(struct verification *run, const struct event_block *block) {
    if (run_emulator(run, block) || run_reference(run, block)) return -1;
    activity_add(run->activity, block);
    uint64_t *wanted = &run->sample_quota[block->phase], before = run->sample->count;
    sample_add(run->sample, block, run->expected, *wanted);
    *wanted -= run->sample->count - before;
    for (int i = 0; i < run->contestant_count; i++) {
        uint64_t *quota = &run->contestants[i].quota[block->phase];
        size_t events = *quota < block->events ? (size_t)*quota : block->events;
        if (run_contestant(run, &run->contestants[i], block, events, run->expected)) return -1;
        *quota -= events;
    }
    return 0;
}

static int run_all(struct verification *run) {
    struct event_block block;
    struct bxc_context *context = run->firmware->context;
    uint64_t total = event_stream_total(run->stream);
    int64_t events;
    while ((events = event_stream_next(run->stream, &block)) > 0) {
        context_progress(context, "verifying", block.first, total);
        if (run_block(run, &block)) return -1;
    }
    context_progress(context, "verifying", total, total);
    return events < 0 ? -1 : run_gathered(run);
}

/* ---- the verdict ---- */

static void judge_timing(struct verdict *verdict) {
    bool latency = true, interval = true;
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        if (!engine_kinds[result->id].measures || !result->ran || result->failure) continue;
        verdict->latency_measured = true;
        latency &= result->latency == verdict->latency;
        if (!result->interval) continue; /* of one event, or with gaps */
        verdict->interval_measured = true;
        interval &= result->interval == verdict->interval;
    }
    verdict->latency_right = verdict->latency_measured && latency;
    verdict->interval_right = verdict->interval_measured && interval;
}

bool verdict_latency_is_wrong(const struct verdict *verdict) {
    return verdict->latency_measured && !verdict->latency_right;
}

bool verdict_interval_is_wrong(const struct verdict *verdict) {
    return verdict->interval_measured && !verdict->interval_right;
}

bool verdict_timing_is_wrong(const struct verdict *verdict) {
    return verdict_latency_is_wrong(verdict) || verdict_interval_is_wrong(verdict);
}

bool engine_is_judged(const struct engine_result *result) {
    return result->id != ENGINE_FLOAT && (result->ran || result->failure);
}

static void judge(struct verification *run) {
    struct verdict *verdict = run->verdict;
    verdict->equal = true;
    verdict->hash_checked = run->options->engine_options.check_hash;
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        struct engine_result *result = &verdict->engines[i];
        result->equal = engine_is_judged(result) && !result->failure && !result->difference.found;
        verdict->equal &= !result->failure && !result->difference.found;
    }
    judge_timing(verdict);
}

/* ---- the second question ---- */

static void add_gate(struct verdict *verdict, const char *name, double limit, double value) {
    if (isnan(limit)) return;
    verdict->gates[verdict->gate_count++] =
        (struct gate){.name = name, .limit = limit, .value = value, .passed = value <= limit};
}

static void judge_loss(struct verification *run) {
    struct verdict *verdict = run->verdict;
    const struct verify_options *options = run->options;
    const struct loss *loss = &verdict->loss;
    add_gate(verdict, "max-flips", options->max_flips, loss_flipped_share(loss));
    add_gate(verdict, "max-error", options->max_error, loss->max_error);
    add_gate(verdict, "max-loss", options->max_loss, labelled_loss(verdict->labelled, verdict->labelled_count));
    if (verdict_warns_of_loss(verdict))
        diag_warning(
            &run->firmware->context->diagnostics, (struct location){.file = run->firmware->folder},
            event_stream_events(run->stream, PHASE_USER)
                ? "look at the layers in the report; wider formats, events like the experiment's for --calibrate, or gates: --max-flips, --max-error"
                : "these were random events, each feature drawn by itself: give the experiment's with --events FILE",
            "this is not the network that was trained: %s", loss->warning);
}

bool verdict_gates_pass(const struct verdict *verdict) {
    bool pass = true;
    for (uint32_t i = 0; i < verdict->gate_count; i++) pass &= verdict->gates[i].passed;
    return pass;
}

bool verdict_warns_of_loss(const struct verdict *verdict) {
    return verdict->loss.compared && !verdict->loss.explained && verdict->gate_count == 0;
}

static bool is_compared(const struct engine_result *result) {
    return result->id != ENGINE_FLOAT && result->id != ENGINE_EMULATOR;
}

bool verdict_engines_ran(const struct verdict *verdict) {
    bool any = false;
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        if (!is_compared(result)) continue;
        if (result->not_built || (result->skipped && result->asked)) return false;
        any |= result->ran;
    }
    return any;
}

bool verdict_is_complete(const struct verdict *verdict) {
    for (uint32_t i = 0; i < verdict->engine_count; i++)
        if (is_compared(&verdict->engines[i]) && (verdict->engines[i].skipped || verdict->engines[i].not_built))
            return false;
    return true;
}

bool verdict_is_positive(const struct verdict *verdict) {
    return verdict->equal && !verdict_timing_is_wrong(verdict) && verdict_engines_ran(verdict) &&
           verdict_gates_pass(verdict);
}

enum verdict_state verdict_state(const struct verdict *verdict) {
    if (!verdict->equal || verdict_timing_is_wrong(verdict)) return VERDICT_FAILED;
    bool whole = verdict_engines_ran(verdict) && verdict_is_complete(verdict);
    return whole && verdict->hash_checked && !verdict->edited_count ? VERDICT_EQUAL : VERDICT_RESERVED;
}

static void describe(struct verification *run) {
    struct verdict *verdict = run->verdict;
    struct arena *arena = run->firmware->context->arena;
    verdict->firmware = run->firmware;
    verdict->name = arena_strdup(arena, run->firmware->name);
    verdict->content_hash = arena_strdup(arena, run->firmware->content_hash);
    verdict->latency = run->firmware->latency;
    verdict->interval = run->firmware->initiation_interval;
    verdict->seed = run->options->seed;
}

static void count_events(struct verification *run) {
    struct verdict *verdict = run->verdict;
    verdict->events = event_stream_total(run->stream);
    verdict->user_events = event_stream_events(run->stream, PHASE_USER);
    verdict->corner_events = event_stream_events(run->stream, PHASE_CORNER);
    verdict->regression_events = event_stream_events(run->stream, PHASE_REGRESSION);
    verdict->random_events = event_stream_events(run->stream, PHASE_RANDOM);
}

struct verdict *verify_firmware(struct firmware *firmware, const struct verify_options *options) {
    struct arena *arena = arena_new(firmware->context);
    struct verification run = {.firmware = firmware, .options = options, .arena = arena};
    run.verdict = ARENA_NEW(firmware->context->arena, struct verdict);
    describe(&run);
    int status = open_all(&run);
    if (status == 0) status = run_all(&run);
    if (status == 0) {
        count_events(&run);
        accuracy_finish(run.accuracy, &run.verdict->loss, firmware->context->arena);
        run.verdict->labelled_count =
            accuracy_finish_labels(run.accuracy, &run.verdict->loss, &run.verdict->labelled, firmware->context->arena);
        name_classes(&run);
        activity_finish(run.activity, run.verdict);
        judge(&run);
        judge_loss(&run);
    }
    close_all(&run);
    arena_free(arena);
    return status == 0 ? run.verdict : NULL;
}
