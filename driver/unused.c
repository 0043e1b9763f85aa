/* Options that were given and that nothing took: each is refused where it asks for what cannot be had, and told as
 * a warning otherwise. The passes say what they take (enum option_use). */
#include "driver/driver.h"
#include "ir/verify.h"

#include <string.h>

static const struct unused {
    unsigned use;
    const char *what, *why;
} table[] = {
    {USE_WEIGHTS, "bits of weights (--precision)", "no weights are left in float"},
    {USE_ACTIVATIONS, "bits of activations (--precision)", "no activations are left in float"},
    {USE_ROUNDING, "rounding of activations", "no activations are left in float"},
    {USE_OVERFLOW, "overflow of activations", "no activations are left in float"},
    {USE_GRANULARITY, "granularity", "no weights and activations of layers are left in float"},
    {USE_SPARSITY, "sparsity (--prune)", "no weights are left in float"},
    {USE_PRUNE_SCOPE, "--prune-scope", "nothing is pruned"},
    {USE_SOFTMAX, "--softmax", "no output ends in a softmax"},
    {USE_SOFTMAX_ERROR, "--softmax-error", "no softmax is computed"},
};

static const char *const help = "leave it away; 'bxc inspect' shows what the model's own quantisers give";

static void warn(const struct program *program, const char *of, unsigned unused) {
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (unused & table[i].use)
            diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, help,
                         "%s%s does nothing: %s", table[i].what, of, table[i].why);
}

static unsigned layer_fields(const struct layer_options *layer) {
    return precision_fields(&layer->precision) | (layer->sparsity >= 0 ? USE_SPARSITY : 0u);
}

void unused_watch(struct program *program) {
    program->layers_used = ARENA_ARRAY(program->arena, unsigned, program->options->layer_count);
    program->inputs_used = ARENA_ARRAY(program->arena, bool, program->options->input_count);
}

int unused_refuse(const struct program *program) {
    if (!graph_is_integer(program->graph) || program->options->input_count == 0) return 0;
    return diag_error(&program->context->diagnostics, (struct location){.file = program->graph->source},
                      "compile the model that it was made from",
                      "this is a quantised graph: its ports have their formats, and --input cannot change them");
}

/* Items are served one after the other in as few clocks as they take. */
static void warn_of_interval(const struct program *program) {
    struct diagnostics *diagnostics = &program->context->diagnostics;
    struct location at = {.file = program->graph->source, .option = "--interval"};
    const struct design *design = program->design;
    int asked = program->options->interval;
    if (!design || design->interval >= asked) return;
    if (design->beats < 2)
        diag_warning(diagnostics, at, "leave it away",
                     "--interval %d does nothing: no input has an axis of items that are each served by themselves, "
                     "and a new event comes every cycle",
                     asked);
    else
        diag_note(diagnostics, at, NULL,
                  "an interval of %d cycles is enough, not the %d asked for: the items of an event are served by then",
                  design->interval, asked);
}

static void warn_of_block_rams(const struct program *program) {
    int given = program->options->block_rams;
    if (!given || !program->design || design_cost(program->design, program->technology).bram18 > 0) return;
    struct location at = {.file = program->graph->source, .option = "--block-rams"};
    if (program->more_block_rams > 0)
        diag_warning(
            &program->context->diagnostics, at, "give more",
            "--block-rams %d does nothing: too few for any of what is worth block RAM, which takes %lld in all", given,
            (long long)program->more_block_rams);
    else
        diag_warning(
            &program->context->diagnostics, at, "leave it away",
            "--block-rams %d does nothing: no table is large enough, and no value waits long enough, to be worth one",
            given);
}

void unused_warn(const struct program *program) {
    const struct compile_options *options = program->options;
    warn_of_interval(program);
    warn_of_block_rams(program);
    warn(program, "", options->given & ~program->used);
    for (uint32_t i = 0; i < options->layer_count; i++) {
        const char *of = arena_printf(program->arena, ", asked of the layers '%s',", options->layers[i].node);
        warn(program, of, layer_fields(&options->layers[i]) & ~program->layers_used[i]);
    }
    for (uint32_t i = 0; i < options->input_count; i++)
        if (!program->inputs_used[i])
            diag_warning(&program->context->diagnostics, (struct location){.file = program->graph->source}, NULL,
                         "what is asked of input '%s' does nothing: nothing reads it",
                         options->inputs[i].name ? options->inputs[i].name : "*");
}

/* ---- options that the command as a whole leaves aside ---- */

static bool reading_is_configured(const struct frontend_options *reading) {
    for (size_t i = 0; reading && i < reading->size_count; i++)
        if (reading->sizes[i].configured) return true;
    return false;
}

void unused_warn_of_compilation(struct bxc_context *context, const struct bxc_options *options,
                                const struct frontend_options *reading, const char *why) {
    for (const struct option_info *option = option_table; option->key; option++)
        if ((option->commands == FOR_MODEL || (option->commands == FOR_READING && !reading)) &&
            strcmp(option->key, "output") != 0 && options_has(options, option->key) &&
            !(strcmp(option->key, "config") == 0 && reading_is_configured(reading)))
            diag_warning(&context->diagnostics, (struct location){.file = "bxc"}, NULL, "--%s does nothing: %s",
                         option->key, why);
}

void unused_warn_of_firmware(struct bxc_context *context, const struct bxc_options *options) {
    static const char *const keys[] = {"output", "labels", "max-flips", "max-error", "max-loss"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (options_has(options, keys[i]))
            diag_warning(&context->diagnostics, (struct location){.file = "bxc"}, NULL,
                         "--%s does nothing: --stop-after writes no firmware", keys[i]);
}
