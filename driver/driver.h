/* What the files of driver/ share. */
#ifndef BXC_DRIVER_H
#define BXC_DRIVER_H

#include "codegen/codegen.h"
#include "driver/bxc.h"
#include "driver/options.h"
#include "frontend/frontend.h"
#include "passes/passes.h"
#include "report/report.h"
#include "sim/sim.h"

/* ---- settings.c, config.c: options become compile_options ---- */
int settings_read(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                  struct compile_options *out);
/* reading: sizes of open axes are added there; or NULL */
int config_read(struct bxc_context *context, struct arena *arena, const char *path, struct compile_options *out,
                struct frontend_options *reading);
/* One value each, shared by the command line and the configuration; -1 and a diagnosis at `at`. */
int setting_clock(struct bxc_context *context, struct location at, const char *text, int *picoseconds);
int setting_name(struct bxc_context *context, struct arena *arena, struct location at, const char *text,
                 struct compile_options *out);
int setting_part(struct bxc_context *context, struct arena *arena, struct location at, const char *text,
                 struct compile_options *out);
int setting_softmax(struct bxc_context *context, struct location at, const char *text, enum softmax_mode *out);
int setting_scope(struct bxc_context *context, struct location at, const char *text, bool *by_layer);
int setting_format(struct bxc_context *context, struct location at, const char *text, struct format *out);
void settings_add_input(struct arena *arena, struct compile_options *out, const struct input_options *input);
void settings_add_beats(struct arena *arena, struct compile_options *out, const struct beat_options *beats);
void settings_add_layer(struct arena *arena, struct compile_options *out, const struct layer_options *layer);

/* ---- reading.c ---- */
enum { READING_SIZE_MAX = 1 << 20 };
/* What readers of the model obey (--shape, --weights, and "shape" of --config, behind the command line's), added to
 * *out; -1 after a diagnosis. */
int reading_options(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                    struct frontend_options *out);
void reading_add_size(struct arena *arena, struct frontend_options *out, const char *name, int64_t size,
                      bool configured);

/* ---- lists.c: prints the JSON, and deletes it ---- */
struct cJSON;
void list_print_json(FILE *out, struct cJSON *json);

/* ---- calibrate.c: events in memory ---- */
enum { CALIBRATION_EVENTS_MAX = 100000 }; /* of a file, the first ones */
int calibration_load(struct bxc_context *context, struct arena *arena, const struct bxc_options *options,
                     const struct graph *graph, struct calibration *out);
/* Means, deviations and ranges by input element, for the random events of verify. */
void calibration_summary(struct strbuf *out, const struct graph *graph, const struct calibration *calibration);

/* ---- measure.c: what a pass did to the numbers ---- */
struct measurement;
/* Events on which passes are measured: calibration's, at most 1,000, or normal ones (seeded); fewer of large ports. */
struct measurement *measurement_new(struct program *program);
void measurement_free(struct measurement *measurement); /* NULL is allowed */
/* Outputs of the program as it stands against those after the last pass that was measured. False
 * when they cannot be compared (another shape). */
bool measurement_take(struct measurement *measurement, struct program *program, struct pass_report *out);
const char *measurement_events(const struct measurement *measurement); /* in words */
size_t measurement_count(const struct measurement *measurement);
const float *const *measurement_inputs(const struct measurement *measurement); /* as graph_run_reals */

/* ---- unused.c: options that nothing took ---- */
void unused_watch(struct program *program);       /* before the passes */
int unused_refuse(const struct program *program); /* what cannot be had of a quantised graph; -1 after a diagnosis */
void unused_warn(const struct program *program);  /* after the passes */
/* Options for compiling where nothing is compiled; reading: those of the model's reader, which have their use, or NULL.
 */
void unused_warn_of_compilation(struct bxc_context *context, const struct bxc_options *options,
                                const struct frontend_options *reading, const char *why);
void unused_warn_of_firmware(struct bxc_context *context, const struct bxc_options *options); /* with --stop-after */

/* ---- interval.c: does --interval pay? ---- */
void interval_warn(const struct program *program);   /* of a finished design */
void block_rams_warn(const struct program *program); /* likewise */

/* ---- idle.c: ports that do nothing ---- */
void idle_tell(const struct program *program); /* of a design */

/* ---- extent.c: is an event small enough for a circuit? ---- */
/* For each value whether it depends on constants alone. */
bool *extent_fixed(struct arena *arena, const struct graph *graph);
/* Of the model as it was read; -1 after a diagnosis. */
int extent_check(struct bxc_context *context, const struct graph *graph, const char *model);

/* ---- fit.c: is the part large enough? ---- */
/* How often the node takes the same sums, each time of other elements; 1 of all that is no convolution. */
double convolution_positions(const struct graph *graph, const struct node *node);
/* Of the quantised graph, before the work: warns on the terminal (NULL: by the progress) and notes it for the report;
 * -1 after a diagnosis, where it is far too large. */
int fit_foretell(struct program *program, const char *model, FILE *terminal);
/* Of the finished design; -1 after a diagnosis. */
int fit_check(const struct program *program, const struct compile_report *report, const char *model);

/* ---- network.c: is it still the trained network? ---- */
struct network;
/* Keeps the program's graph as it was trained; NULL for one that came as integers. */
struct network *network_new(struct program *program);
void network_free(struct network *network);
/* Runs the trained graph and the program's: a loss that its formats do not explain is a warning. -1 and a diagnosis
 * when it is more than --max-flips or --max-error allow. */
int network_judge(struct network *network, struct program *program, const struct measurement *measurement,
                  const struct pass_report *reports, uint32_t report_count, const struct bxc_options *options);
int network_check_options(struct bxc_context *context, const struct bxc_options *options); /* before the work is done */
void network_print(struct strbuf *out, const struct network *network);                     /* one line, or nothing */

/* ---- folder.c: the firmware's folder, all or nothing ---- */
/* Writes the files beside `folder` and exchanges the two; verify/ of an earlier firmware is kept.
 * -1 and a diagnosis, nothing changed, when it cannot, or when `folder` is no firmware of ours. */
int folder_write(struct bxc_context *context, const char *folder, const struct file_set *files);
int folder_check(struct bxc_context *context, const char *folder); /* before the work is done */
/* A new folder under the temporary directory, removed when the arena is freed. NULL and a diagnosis
 * when it cannot be made. */
char *folder_temporary(struct bxc_context *context, struct arena *arena);

/* ---- manifest.c ---- */
struct cJSON;
/* Sets those that the manifest names below the line; -1: it names none, or unknown ones. */
int manifest_set_options(const struct cJSON *manifest, struct bxc_options *options);
/* The options that decide bytes together with the quantised graph, as text for bxc_options_set: the content hash covers
 * just these, the manifest names them, and verify compiles again with them. */
struct below_option {
    const char *key;
    const char *(*text)(struct arena *arena, const struct compile_options *options); /* NULL: left to bxc */
};
extern const struct below_option below_the_line[]; /* ends with a NULL key */
void manifest_add(struct bxc_context *context, struct file_set *files, const char *name, const char *model,
                  const char *model_hash, const char *content_hash, const struct compile_options *options);
/* The options below the line with which a folder was compiled. */
int manifest_options(struct bxc_context *context, struct arena *arena, const char *folder, struct compile_options *out);
void content_hash(struct arena *arena, char out[65], const struct strbuf *quantised, const struct strbuf *reference,
                  const struct compile_options *options, const char *name);

/* ---- integrity.c: is everything in fw/ as bxc compiled it? ---- */
struct integrity {
    const char **edited; /* in words, in the context's arena */
    uint32_t edited_count;
    char files_hash[65]; /* of names and contents as they lie there, reports left out */
};
/* -1 and diagnoses: what the verdict rests on is not as it was compiled (strict), or an edited file holds what bxc's
 * never do. */
int integrity_check(struct firmware *firmware, bool strict, struct integrity *out);

int integrity_files_hash(struct bxc_context *context, const char *folder, char out[65]);

/* ---- subset.c: what an edited file may hold; original: as it was compiled, or NULL ---- */
int subset_check(struct bxc_context *context, const char *path, const char *text, size_t length, const char *original);

/* ---- verify.c ---- */
struct report_texts { /* what follows from a report.json */
    const char *json_without_verdict, *html;
};
int report_again(struct bxc_context *context, struct arena *arena, const char *json, struct report_texts *out);

/* ---- explain.c, explain_trials.c ---- */
/* Below the line once more, in memory, up to the pass `last` (NULL: all). -1 and diagnoses when it is refused; `graph`
 * becomes the program's. */
int trial_compile(struct bxc_context *context, struct arena *arena, struct graph *graph,
                  const struct compile_options *options, const char *last, struct program *out);
/* Runs a trial that leaves no diagnoses: -1 and why it is refused. */
int trial_guarded(struct bxc_context *context, int (*run)(void *), void *user, const char **why);
/* What the quantised graph of a finished compilation costs with other options, up to a pass (NULL: all); false:
 * refused. */
bool trial_cost(const struct program *made, const struct compile_options *options, const char *last_pass,
                struct cost *cost);
/* Both take the program as the folder has it, and the graph that it came from. */
void trial_clocks(const struct program *made, const struct graph *graph, struct explanation *out);
/* The node of a softmax that takes the maximum, or NULL: what passes/expand_softmax.c makes goes by "NAME.max",
 * "NAME.sum", ..., NAME. */
const struct node *softmax_start(const struct graph *graph, const char *node_name, size_t *length);
void trial_without_softmax(const struct program *made, const struct graph *graph, struct explanation *out);

/* ---- summary.c: the compile report from a program ---- */
struct node_names { /* sorted */
    const char **at;
    uint32_t count;
};
struct node_names node_names_of(struct arena *arena, const struct graph *graph);
/* Marks the layers that passes made: those whose names no node of the model as read has. */
void summary_mark_made(struct compile_report *report, const struct node_names *model);
/* summary_blocks.c: blocks and channels. */
void summary_add_blocks(struct arena *arena, const struct program *program, struct compile_report *report);
struct compile_report *summary_new(struct arena *arena, const struct program *program, const char *name,
                                   const char *content_hash);
/* "s6f3", "12 to 13 bits, by element". */
const char *formats_words(struct arena *arena, const struct formats *formats);

/* ---- read_back.c ---- */
/* Whether the text of `file` is read as this very graph; -1 and a diagnosis that names the node when it is not. */
int read_back(const struct graph *graph, const char *file, const struct strbuf *text);

/* ---- compile.c ---- */
struct compilation {
    struct bxc_context *context;
    const char *model, *folder;
    const struct bxc_options *options;
    FILE *terminal;
    const char
        *reference; /* text of reference.bxc, where the model is a firmware's model.bxc; NULL: it is the model's own */
    struct graph *
        *with_sums;         /* not NULL: the quantised graph with its adders' sums (ir/partial_sums.c), the caller's */
    struct file_set *files; /* not NULL: what would be written goes here; its arena is set */
    /* When not NULL: called with the report of what would be written, files and all checks done. */
    void (*finished)(void *user, const struct compile_report *report);
    void *user;
};
int compile_model(const struct compilation *compilation);

#endif
