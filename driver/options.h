/* Options as they are given, before they mean anything. One table feeds the library, the command
 * line, the manual page and the completion. Private to driver/ and read by cli/. */
#ifndef BXC_DRIVER_OPTIONS_H
#define BXC_DRIVER_OPTIONS_H

#include "driver/bxc.h"

enum command_set {
    FOR_COMPILE = 1,
    FOR_VERIFY = 2,
    FOR_REPORT = 4,
    FOR_RUN = 8,
    FOR_CONVERT = 16,
    FOR_LISTS = 32,
    FOR_INSPECT = 64,
    FOR_DIFF = 128,
    FOR_EXPLAIN = 256,
    FOR_MODEL = FOR_COMPILE | FOR_RUN | FOR_INSPECT, /* whatever compiles a model */
    FOR_READING = FOR_MODEL | FOR_CONVERT,           /* whatever reads one */
    FOR_TEXTS = 512,
    FOR_ALL = 1023
};

struct arena;
struct option_info {
    const char *key;
    int letter;
    const char *argument; /* NULL: a switch */
    unsigned commands;    /* enum command_set */
    bool repeats;
    const char *group, *summary;
};
extern const struct option_info option_table[]; /* ends with a NULL key */

enum command_id {
#define COMMAND(id, ...) COMMAND_##id,
#include "driver/commands.def"
#undef COMMAND
    COMMAND_COUNT
};
struct command_info {
    const char *name, *arguments;
    unsigned set;
    const char *summary, *description;
};
extern const struct command_info command_table[]; /* COMMAND_COUNT of them */

const struct option_info *option_find(const char *key);
/* The words that an option takes, where they are known ("a|b|c", passes, engines), with blanks between. */
bool option_has_choices(const struct option_info *option);
void option_print_choices(FILE *out, const struct option_info *option);
/* The nearest name to a wrong one, or NULL; options of these commands only. */
const char *option_nearest(const char *key, unsigned commands);
const char *command_nearest(const char *name);

/* Options that live as long as the arena; bxc_options_free is not for them. */
struct bxc_options *options_in(struct bxc_context *context, struct arena *arena);
struct bxc_context *options_context(const struct bxc_options *options);
struct arena *options_arena(const struct bxc_options *options); /* as long as they are */
bool options_misused(const struct bxc_options *options); /* one was given what is no value of it, whatever the model */
/* The last value given, or NULL; a switch that was given has the value "yes". */
const char *options_get(const struct bxc_options *options, const char *key);
/* The index-th value of a repeating option, or NULL. */
const char *options_at(const struct bxc_options *options, const char *key, size_t index);
bool options_has(const struct bxc_options *options, const char *key);
/* Numbers; the fallback when absent; -1 and a diagnosis naming the option when it is none or outside [lo, hi]. */
int options_number(const struct bxc_options *options, const char *key, double fallback, double lo, double hi,
                   double *out);
int options_count(const struct bxc_options *options, const char *key, uint64_t fallback, double lo, double hi,
                  uint64_t *out);
int options_whole(const struct bxc_options *options, const char *key, int fallback, int lo, int hi, int *out);
int options_share(const struct bxc_options *options, const char *key, double fallback, double most, double *out);

/* What was given, as a command line ends, in the order of the table: " --clock 360MHz --calibrate events.npy". Files
 * without their folders; what decides no byte of a firmware is left out. */
const char *options_words(struct arena *arena, const struct bxc_options *options);
const char *options_quoted(struct arena *arena, const char *text, bool is_path); /* for a shell, where it must be */

#endif
