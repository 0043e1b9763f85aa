/* Options as text become compile_options; the configuration first, the command line over it. What is
 * wrong is collected, so that all of it is told at once. */
#include "driver/driver.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int setting_clock(struct bxc_context *context, struct location at, const char *text, int *picoseconds) {
    if (clock_parse(text, picoseconds)) return 0;
    return diag_error(&context->diagnostics, at, "as in 360MHz or 2.5ns, at most 2000MHz", "'%s' is no clock", text);
}

int setting_name(struct bxc_context *context, struct arena *arena, struct location at, const char *text,
                 struct compile_options *out) {
    const char *legal = name_firmware(arena, text);
    out->name = text;
    if (!*text) return diag_error(&context->diagnostics, at, NULL, "the name is empty");
    if (strcmp(legal, text) == 0) return 0;
    return diag_error(&context->diagnostics, at,
                      arena_printf(arena,
                                   "letters, digits and single underscores that are no word of C, C++, Verilog, "
                                   "VHDL or of the emitted files: '%s'",
                                   legal),
                      "'%s' cannot name modules and functions", text);
}

int setting_part(struct bxc_context *context, struct arena *arena, struct location at, const char *text,
                 struct compile_options *out) {
    struct part_code code;
    if (part_parse(context, at, arena, text, &code) < 0) return -1;
    out->part = code.part;
    out->part_code = code.text;
    out->grade = code.grade;
    return 0;
}

int setting_softmax(struct bxc_context *context, struct location at, const char *text, enum softmax_mode *out) {
    static const char *const names[] = {[SOFTMAX_KEEP] = "keep", [SOFTMAX_DROP] = "drop", [SOFTMAX_ARGMAX] = "argmax"};
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) return *out = (enum softmax_mode)i, 0;
    return diag_error(&context->diagnostics, at, "keep, drop or argmax", "'%s' is nothing to do with a softmax", text);
}

int setting_scope(struct bxc_context *context, struct location at, const char *text, bool *by_layer) {
    *by_layer = strcmp(text, "layer") == 0;
    if (*by_layer || strcmp(text, "network") == 0) return 0;
    return diag_error(&context->diagnostics, at, "network or layer", "'%s' is no scope of pruning", text);
}

int setting_format(struct bxc_context *context, struct location at, const char *text, struct format *out) {
    enum { FARTHEST = 128 }; /* what binary32 reaches */
    if (format_parse(text, out) && out->width >= 1 && out->width <= (out->is_signed ? 64 : 63) &&
        abs(out->fraction) <= FARTHEST)
        return 0;
    return diag_error(&context->diagnostics, at,
                      "as in fixed<16,6>: 16 bits, 6 of them before the point; ufixed<8,0>; 1 to 64 bits",
                      "'%s' is no format", text);
}

void settings_add_input(struct arena *arena, struct compile_options *out, const struct input_options *input) {
    out->inputs = arena_grow(arena, out->inputs, out->input_count * sizeof *out->inputs,
                             (out->input_count + 1) * sizeof *out->inputs);
    out->inputs[out->input_count++] = *input;
}

void settings_add_beats(struct arena *arena, struct compile_options *out, const struct beat_options *beats) {
    out->beats = arena_grow(arena, out->beats, out->beat_count * sizeof *beats, (out->beat_count + 1) * sizeof *beats);
    out->beats[out->beat_count++] = *beats;
}

void settings_add_layer(struct arena *arena, struct compile_options *out, const struct layer_options *layer) {
    out->layers = arena_grow(arena, out->layers, out->layer_count * sizeof *out->layers,
                             (out->layer_count + 1) * sizeof *out->layers);
    out->layers[out->layer_count++] = *layer;
}

static struct location option_location(const char *option) {
    return (struct location){.option = option};
}

/* "NAME=fixed<16,6>" or "fixed<16,6>". */
static int read_input(struct bxc_context *context, struct arena *arena, const char *text, struct compile_options *out) {
    const char *equals = strrchr(text, '=');
    struct input_options input = {.rounding = -1, .overflow = -1};
    struct format format;
    if (setting_format(context, option_location("--input"), equals ? equals + 1 : text, &format) < 0) return -1;
    if (equals) input.name = arena_strndup(arena, text, (size_t)(equals - text));
    input.formats = formats_uniform(arena, format);
    settings_add_input(arena, out, &input);
    return 0;
}

/* Whether it is said, from option number `first` on, of the same input, or again of every one. */
static bool is_said_again(const struct compile_options *out, uint32_t first, const char *name) {
    for (uint32_t i = first; i < out->beat_count; i++) {
        const char *other = out->beats[i].name;
        if (name && other ? strcmp(name, other) == 0 : name == other) return true;
    }
    return false;
}

/* "NAME=16" or "16", several of which commas part; in front of `first` is what the configuration says. */
static int read_beats(struct bxc_context *context, struct arena *arena, const char *text, uint32_t first,
                      struct compile_options *out) {
    const char *comma = strrchr(text, ','), *own = comma ? comma + 1 : text;
    if (comma && read_beats(context, arena, arena_strndup(arena, text, (size_t)(comma - text)), first, out) < 0)
        return -1;
    const char *equals = strrchr(own, '='), *number = equals ? equals + 1 : own;
    char *end;
    long items = strtol(number, &end, 10);
    if (end == number || *end || items < 1 || items > BEAT_ITEMS_MAX)
        return diag_error(&context->diagnostics, option_location("--beats"), "as in 16 or x=16",
                          "'%s' is no number of items", own);
    struct beat_options beats = {.items = (int)items};
    if (equals) beats.name = arena_strndup(arena, own, (size_t)(equals - own));
    if (is_said_again(out, first, beats.name))
        return diag_error(&context->diagnostics, option_location("--beats"), "give one number of items an input",
                          "the items of %s are given twice",
                          equals ? arena_printf(arena, "input '%s'", beats.name) : "every input");
    settings_add_beats(arena, out, &beats);
    return 0;
}

/* "W" or "W,A". */
static int read_precision(struct bxc_context *context, const char *text, struct precision *precision) {
    char *end;
    long weights = strtol(text, &end, 10), activations = weights;
    if (end != text && *end == ',') activations = strtol(end + 1, &end, 10);
    if (end == text || *end || weights < 1 || weights > 24 || activations < 1 || activations > 32)
        return diag_error(&context->diagnostics, option_location("--precision"),
                          "as in 10 or 8,12: weights 1 to 24 bits, activations 1 to 32", "'%s' is no precision", text);
    precision->weight_bits = (int)weights;
    precision->activation_bits = (int)activations;
    return 0;
}

static void read_numbers(const struct bxc_options *options, struct compile_options *out) {
    options_number(options, "softmax-error", out->softmax_error, 1e-6, 0.5, &out->softmax_error);
    options_share(options, "prune", out->sparsity, 0.9999, &out->sparsity);
    options_whole(options, "adders", out->adder_terms, 2, 3, &out->adder_terms);
    options_whole(options, "interval", out->interval, 1, INTERVAL_MAX, &out->interval);
    options_whole(options, "block-rams", out->block_rams, 0, BLOCK_RAMS_MAX, &out->block_rams);
    options_whole(options, "margin", out->margin_percent, 0, 90, &out->margin_percent);
}

/* enum option_use of the options that ask for something. */
static unsigned given_by(const struct bxc_options *options) {
    static const struct {
        const char *key;
        unsigned use;
    } uses[] = {{"precision", USE_WEIGHTS | USE_ACTIVATIONS},
                {"prune", USE_SPARSITY},
                {"prune-scope", USE_PRUNE_SCOPE},
                {"softmax", USE_SOFTMAX},
                {"softmax-error", USE_SOFTMAX_ERROR}};
    unsigned given = 0;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (options_has(options, uses[i].key)) given |= uses[i].use;
    return given;
}

static void read_words(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                       struct compile_options *out) {
    const char *text;
    if ((text = options_get(options, "name"))) setting_name(context, arena, option_location("--name"), text, out);
    if ((text = options_get(options, "clock")))
        setting_clock(context, option_location("--clock"), text, &out->clock_ps);
    if ((text = options_get(options, "part"))) setting_part(context, arena, option_location("--part"), text, out);
    if ((text = options_get(options, "softmax")))
        setting_softmax(context, option_location("--softmax"), text, &out->softmax);
    if ((text = options_get(options, "prune-scope")))
        setting_scope(context, option_location("--prune-scope"), text, &out->sparsity_by_layer);
    if ((text = options_get(options, "precision"))) read_precision(context, text, &out->precision);
}

int settings_read(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                  struct compile_options *out) {
    *out = compile_options_default();
    if (setting_part(context, arena, option_location("--part"), out->part_code, out) < 0) return -1;
    const char *config = options_get(options, "config");
    if (config && config_read(context, arena, config, out, NULL) < 0) return -1;
    size_t before = context->diagnostics.errors;
    for (size_t i = 0; options_at(options, "input", i); i++)
        read_input(context, arena, options_at(options, "input", i), out);
    const uint32_t configured = out->beat_count;
    for (size_t i = 0; options_at(options, "beats", i); i++)
        read_beats(context, arena, options_at(options, "beats", i), configured, out);
    read_numbers(options, out);
    out->given |= given_by(options);
    read_words(context, arena, options, out);
    return context->diagnostics.errors == before ? 0 : -1;
}
