/* libbxc: the public interface. Every result has one owner and one free; what a result gives in turn (texts, arrays)
 * is its own and lasts as long. Functions return -1 or NULL and leave diagnoses in the context when something is wrong.
 * A context belongs to one thread at a time; several may work in several threads. Nothing of the process is changed. */
#ifndef BXC_H
#define BXC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define BXC_VERSION "0.2.0"

struct bxc_context;

struct bxc_context *bxc_context_new(void); /* NULL when memory is out */
void bxc_context_free(struct bxc_context *context);
void bxc_context_threads(struct bxc_context *context, int threads); /* 0: all processors */
/* Called with the stage, how much is done and of how much (0: unknown); from the calling thread. */
void bxc_context_progress(struct bxc_context *context,
                          void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total), void *user);
void bxc_context_cancel(struct bxc_context *context); /* safe in a signal handler */
/* Diagnoses so far, as text; taken: a second call gives what came since. Valid until the next call. */
const char *bxc_context_diagnostics(struct bxc_context *context);
/* The same one by one; *list is valid until the next call of either. Returns how many. */
enum bxc_severity { BXC_NOTE, BXC_WARNING, BXC_ERROR };
struct bxc_diagnosis {
    enum bxc_severity severity;
    const char *message;                                    /* lower case, no full stop */
    const char *help, *file, *path, *node, *op, *attribute; /* NULL where there is none */
    int line;                                               /* of a text, from 1; 0: none */
    const char *text;                                       /* all of it, as the command line prints it */
};
size_t bxc_context_take(struct bxc_context *context, const struct bxc_diagnosis **list);
size_t bxc_context_errors(const struct bxc_context *context);
/* From now on diagnoses call the file or folder at `path` by this name: one that the caller made, and its user never
 * saw. */
int bxc_context_call(struct bxc_context *context, const char *path, const char *name);
void bxc_context_quiet(struct bxc_context *context); /* diagnoses as text: errors only */

/* Options are pairs "key", "value", as on the command line without the dashes ("clock", "360MHz");
 * ends with NULL. `bxc compile --help` lists them: driver/options.def is the one table. */
struct bxc_options;
struct bxc_options *bxc_options_new(struct bxc_context *context);
void bxc_options_free(struct bxc_options *options);
int bxc_options_set(struct bxc_options *options, const char *key, const char *value);
int bxc_options_config(struct bxc_options *options, const char *path); /* a JSON configuration */
/* Events in memory for an option that takes a file of them ("calibrate", "events", "labels"): events x elements,
 * row-major. input: the name of the model's input, or NULL where there is one; for labels of the output, or NULL: of
 * the first one. They are copied. */
int bxc_options_events(struct bxc_options *options, const char *key, const char *input, size_t events, size_t elements,
                       const double *numbers);

/* ---- models ---- */

struct bxc_format { /* a stored integer m stands for m * 2^-fraction */
    bool is_signed;
    int width, fraction;
};
struct bxc_tensor {
    const char *name;
    int rank;
    const int64_t *shape; /* of one event: the batch axis is 1 */
    size_t elements;
    const struct bxc_format *formats; /* one an element; NULL: real numbers */
};

/* A model as it was read: every format that `bxc compile` takes. Of options, which may be NULL, "shape", "weights" and
 * "config" count. */
struct bxc_model;
struct bxc_model *bxc_model_load(struct bxc_context *context, const char *path, const struct bxc_options *options);
void bxc_model_free(struct bxc_model *model);
const char *bxc_model_name(const struct bxc_model *model);
const char *bxc_model_text(struct bxc_model *model); /* the graph, doc/ir.md; NULL: memory is out */
size_t bxc_model_inputs(const struct bxc_model *model, const struct bxc_tensor **inputs); /* how many */
size_t bxc_model_outputs(const struct bxc_model *model, const struct bxc_tensor **outputs);
/* As trained, in binary32 and in the trainer's order. One array an input, events x elements, row-major; outputs
 * likewise. A model that came quantised has no numbers as trained: -1. */
int bxc_model_evaluate(struct bxc_model *model, size_t events, const float *const *inputs, float *const *outputs);

/* ---- firmwares ---- */

struct bxc_firmware;
/* In memory, or from a folder that `bxc compile` wrote. */
struct bxc_firmware *bxc_firmware_compile(struct bxc_context *context, const char *model,
                                          const struct bxc_options *options);
struct bxc_firmware *bxc_firmware_open(struct bxc_context *context, const char *folder);
void bxc_firmware_free(struct bxc_firmware *firmware);
struct bxc_file {
    const char *path, *data; /* path: inside the folder */
    size_t length;
};
/* Those that were made in memory; of one that was opened: none. */
size_t bxc_firmware_files(const struct bxc_firmware *firmware, const struct bxc_file **files);
int bxc_firmware_write(struct bxc_firmware *firmware, const char *folder); /* as bxc_compile does */
size_t bxc_firmware_inputs(const struct bxc_firmware *firmware, const struct bxc_tensor **inputs); /* its ports */
size_t bxc_firmware_outputs(const struct bxc_firmware *firmware, const struct bxc_tensor **outputs);
/* The firmware's own numbers, bit for bit: real numbers become port integers by the ports' rules, and outputs real
 * numbers again. NaN is refused. */
int bxc_firmware_predict(struct bxc_firmware *firmware, size_t events, const double *const *inputs,
                         double *const *outputs);
/* Stored integers at the ports, in and out. */
int bxc_firmware_run(struct bxc_firmware *firmware, size_t events, const int64_t *const *inputs,
                     int64_t *const *outputs);
/* Inner values: every layer by the name of its node, in order. values: one array a layer, events x elements. */
size_t bxc_firmware_layers(const struct bxc_firmware *firmware, const struct bxc_tensor **layers);
int bxc_firmware_trace(struct bxc_firmware *firmware, size_t events, const double *const *inputs,
                       double *const *values);
/* The network as it was trained (reference.bxc), as bxc_model_evaluate. */
int bxc_firmware_evaluate(struct bxc_firmware *firmware, size_t events, const float *const *inputs,
                          float *const *outputs);

struct bxc_resources { /* estimated */
    double lut, ff, dsp, bram18;
};
struct bxc_layer {
    const char *name, *op, *format; /* format of its result, in words */
    struct bxc_resources resources;
    int first_cycle, last_cycle;
};
struct bxc_summary { /* what report.json tells */
    const char *name, *part, *content_hash;
    double clock_ns, stage_delay_ns, latency_ns;
    int latency_cycles, interval_cycles;
    struct bxc_resources resources, available;
    const struct bxc_layer *layers;
    size_t layer_count;
    const char *json, *html; /* all of it, and the page */
};
const struct bxc_summary *bxc_firmware_summary(const struct bxc_firmware *firmware);

struct bxc_engine_verdict {
    const char *name, *variant; /* variant: "", "gaps", "reset", "in a row" */
    bool ran;
    bool compared;   /* with the emulator, or it failed before it could be; float never is: it has other numbers */
    bool equal;      /* where it was compared; false of what failed */
    const char *why; /* it did not run, or what differs; NULL: it is equal */
    uint64_t events;
    double events_per_second;
    int latency, interval; /* measured, cycles, and between events; 0: the engine has none */
};
struct bxc_verdict {
    bool positive;   /* every engine ran, is equal, and every gate passed: exit code 0 */
    bool equal;      /* as far as engines ran */
    bool compared;   /* with the network as trained */
    bool as_trained; /* its loss is none, or explained by the formats */
    uint64_t events, decisions, flipped;
    double max_error, mean_error;
    double accuracy_float, accuracy_fixed; /* of the first output with labels; NaN: none has */
    const struct bxc_engine_verdict *engines;
    size_t engine_count;
    const char *json, *text; /* doc/verdict.schema.json, and as the command line prints it */
};
/* As bxc_verify, on a folder; NULL and diagnoses where there is no verdict. */
struct bxc_verdict *bxc_firmware_verify(struct bxc_context *context, const char *folder,
                                        const struct bxc_options *options);
void bxc_verdict_free(struct bxc_verdict *verdict);

/* ---- what the commands do ---- */

/* Compiles a model file to the folder; an earlier one is exchanged, keeping its verify/. Dumps that
 * the options ask for go to `terminal`, and so does a summary unless "quiet" is set. */
int bxc_compile(struct bxc_context *context, const char *model, const char *folder, const struct bxc_options *options,
                FILE *terminal);
/* Runs all engines; *equal tells the verdict. Prints the table to `terminal` when not NULL. */
int bxc_verify(struct bxc_context *context, const char *folder, const struct bxc_options *options, bool *equal,
               FILE *terminal);
int bxc_report(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal);
/* One engine over event files ("file" or "name=file"), outputs to .npy or .csv. Model file or firmware folder. */
int bxc_run(struct bxc_context *context, const char *model, const char *const *events, size_t event_count,
            const char *output, const struct bxc_options *options, FILE *terminal);
/* By extension: .json, .bxc. Of options, which may be NULL, "shape", "weights" and "config" count. What was written is
 * told on `terminal` when not NULL, here and above. */
int bxc_convert(struct bxc_context *context, const char *model, const char *output, const struct bxc_options *options,
                FILE *terminal);
/* The model as it was read, and whether it compiles with these options; *accepted tells. Every reason against it is
 * printed, and left out of the context's diagnoses. -1 only when nothing of the file could be read. */
int bxc_inspect(struct bxc_context *context, const char *model, const struct bxc_options *options, bool *accepted,
                FILE *terminal);
int bxc_diff(struct bxc_context *context, const char *left, const char *right, const struct bxc_options *options,
             FILE *terminal);
int bxc_explain(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal);
void bxc_operators(FILE *out, bool json); /* the support matrix */
void bxc_passes(FILE *out);
void bxc_parts(FILE *out, bool json);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
