/* Events, engines, comparison, verdict. Knows graphs, and what lies on disk in fw/. */
#ifndef BXC_SIM_H
#define BXC_SIM_H

#include "ir/port.h"

/* ---- npy.c, csv.c, events.c: event sources and sinks, block by block ---- */
struct event_source; /* one model input: events x elements */
struct event_source *event_source_open(struct bxc_context *context, const char *path); /* by name: .npy, .csv */
void event_source_close(struct event_source *source);
uint64_t event_source_count(const struct event_source *source);
const char *event_source_path(const struct event_source *source);
/* Elements an event; *shape the array's without its first axis. */
size_t event_source_elements(const struct event_source *source, struct shape *shape);
/* The next at most `events` events as binary64 (exact for float32 and integers to 2^53), row-major.
 * Returns how many, 0 at the end, -1 and a diagnosis (event, column). */
int64_t event_source_read(struct event_source *source, double *data, size_t events);
int event_source_rewind(struct event_source *source);
/* The next `events` events as an input's port takes them: whole numbers from 64 bits, all others from binary64,
 * by the port's rule. numbers (may be NULL) get them in binary64, reals (may be NULL) in binary32, as a model sees
 * them; without a reader that is all. first: the number of the first event, for diagnoses. */
int event_source_read_port(struct event_source *source, const struct port_reader *reader, size_t events, size_t first,
                           double *numbers, float *reals, int64_t *integers);
/* Opens "file" or "name=file" for every input of the graph, checks columns and equal counts; sources[i]
 * is the i-th input's. -1 and a diagnosis: none is left open. */
int event_sources_open(struct bxc_context *context, const struct graph *graph, const char *const *files,
                       uint32_t file_count, struct event_source **sources);
/* The same for labels: sources[o] is the o-th output's, or NULL; a file without a name is of the first output. */
int label_sources_open(struct bxc_context *context, const struct graph *graph, const char *const *files,
                       uint32_t file_count, struct event_source **sources);

enum npy_type { NPY_FLOAT32, NPY_FLOAT64, NPY_INT64, NPY_UINT8, NPY_INT32 };
struct npy_writer; /* writes beside the goal, renames at close; a path that ends in .csv gives lines of text */
struct npy_writer *npy_writer_open(struct bxc_context *context, const char *path, enum npy_type type,
                                   const struct shape *shape);
int npy_writer_write(struct npy_writer *writer, const double *data, size_t events); /* row-major; -1: abandon it then */
int npy_writer_write_integers(struct npy_writer *writer, const int64_t *data, size_t events); /* of NPY_INT64 only */
int npy_writer_close(struct npy_writer *writer); /* completes the header, frees the writer; -1: nothing is left */
void npy_writer_abandon(struct npy_writer *writer);

/* ---- engine.c and engine_<name>.c ---- */
enum engine_id {
    ENGINE_FLOAT,
    ENGINE_EMULATOR,
    ENGINE_DATAPATH,
    ENGINE_C,
    ENGINE_HLS,
    ENGINE_RTL,
    ENGINE_ICARUS,
    ENGINE_COUNT
};

/* The firmware folder as verify reads it. */
struct firmware {
    struct bxc_context *context;
    struct arena *arena;
    const char *folder;
    const char *name;        /* prefix */
    char content_hash[65];   /* in manifest.json */
    struct graph *quantised; /* model.bxc */
    struct graph *sums;      /* the same with the sums of its adders, for corner vectors; NULL: not known */
    struct graph *reference; /* reference.bxc */
    int latency;             /* cycles, interface.json */
    int initiation_interval;
};
int firmware_check(struct bxc_context *context, const char *folder); /* that it is one at all; -1 and a diagnosis */
struct firmware *firmware_open(struct bxc_context *context, const char *folder); /* NULL and a diagnosis */
void firmware_close(struct firmware *firmware);

struct engine;
struct engine_options {
    int jobs;             /* processes or threads; 0: as many as processors */
    const char *ap_types; /* hls: folder with the vendors' open headers, or NULL */
    bool check_hash;      /* refuse sources whose content hash is not the firmware's; default true */
    const char *work;     /* folder for builds; NULL: fw/verify/build, kept between runs by content */
    uint64_t gap_seed;    /* rtl: random gaps of garbage between events; 0: back to back */
    uint64_t reset_seed; /* rtl: resets of every kind, the events in flight sent again; 0: one before the first event */
    size_t rounds;       /* the events go so often, one after the other, through one process; 0: once */
    size_t
        inner_words; /* numbers beyond the outputs that a build for inner values gives an event (narrow.c); 0: none */
    double idle_seconds; /* a process without a sign of life for so long has hung; 0: 300 */
};
/* Builds what is needed (rtl: verilator; c, hls: the compiler) from the files as they lie there. NULL and a diagnosis;
 * *built tells whether that was the building's. */
struct engine *engine_open(const struct firmware *firmware, enum engine_id id, const struct engine_options *options,
                           bool *built);
void engine_close(struct engine *engine);
/* Port integers in and out, events x elements, row-major, one array a port. -1 and a diagnosis when
 * the engine dies, gives too few or too many events, or is out of step with valid. Any number of events. */
int engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs);
/* Float engine only: binary32 in, binary32 out. */
int engine_run_reals(struct engine *engine, size_t events, const float *const *inputs, float *const *outputs);
/* rtl, icarus: the latency it measured in cycles, the same for all events, else -1 */
int engine_latency(const struct engine *engine);
/* rtl, icarus, sent back to back: the fewest cycles from one event that came out to the next; 0: not measured */
int engine_interval(const struct engine *engine);
const char *engine_name(enum engine_id id);
const char *engine_names(struct arena *arena, const char *last); /* of all; last: what stands before the last one */
bool engine_is_program(enum engine_id id);                       /* built from files, and asked for its content hash */
double engine_build_seconds(const struct engine *engine);
/* A command that the engine needs and that is not on PATH, in the arena; NULL: none. */
const char *engine_missing_tool(struct arena *arena, enum engine_id id);

/* ---- decisions.c: what a network decides ---- */
struct decision_rule { /* of an output */
    size_t wide;       /* numbers that one decision is made from: their largest, or */
    double threshold;  /* of one number, what it must reach */
    bool is_index;     /* it is the class already */
    bool last_wins;    /* of equal numbers */
    bool is_arg_max;   /* of one number too: that one, and no threshold decides */
};
struct decision_rule decision_rule_of(const struct graph *graph, uint32_t output);
int64_t decision_of(const struct decision_rule *rule, const double *numbers);
int64_t decision_of_floats(const struct decision_rule *rule, const float *numbers);
double number_distance(double a, double b); /* infinite where one of them is no number */

/* ---- loss.c, rounding.c, accuracy.c, worst.c, labels.c, errors.c, layer_loss.c, cause.c: is it still the trained
 * network? ---- */
enum loss_cause {                     /* why a decision flipped, or a number is further off than its formats explain */
                  LOSS_PORT_ROUNDING, /* the float model does the same on the event as the port rounds it */
                  LOSS_PORT_RANGE,    /* it does, and a number of the event is outside the port's format */
                  LOSS_FORMATS,       /* the rounding inside: no further than its formats explain */
                  LOSS_RANGE,         /* a number inside is outside the format that was chosen for it */
                  LOSS_UNEXPLAINED,
                  LOSS_CAUSE_COUNT
};
enum { LOSS_QUANTILES = 4, LOSS_NAMED_LAYERS = 200, LOSS_WORST = 10 };
extern const double loss_quantiles[LOSS_QUANTILES]; /* 0.5, 0.9, 0.99, 0.999 */

struct layer_loss { /* values of a layer, firmware against float model; both are zero for a dead layer */
    const char *name;
    double error;    /* root mean square */
    double relative; /* to the values' own root mean square */
    double added;    /* beyond what the layers before it had */
};

/* The answer to the second question, on events with a float model beside them. */
struct loss_output { /* what is judged of each output by itself */
    const char *name;
    uint64_t decisions, flipped, flipped_by[LOSS_CAUSE_COUNT];
};

struct loss {
    const char
        *compared; /* what of the float model: "its outputs", "the operand of its softmax", ...; NULL: nothing, */
    const char *not_compared; /* why, where there is a float model */
    uint64_t events;
    uint64_t outputs, exact;           /* numbers compared, and how many were equal to the last bit */
    uint64_t grid_outputs, grid_exact; /* the same for events whose inputs lie on the ports' grid */
    double max_error, mean_error;
    double quantile[LOSS_QUANTILES]; /* of the errors; not too small, and at most 2 % too large */
    uint64_t decisions, flipped;     /* arg-max, or the sign at the threshold for one output */
    uint64_t flipped_by[LOSS_CAUSE_COUNT];
    double allowed;      /* the largest error that the formats explain at an event that was judged (rounding.c) */
    const char *formats; /* which formats, in words */
    bool made_up;        /* random events are among those that were measured */
    uint64_t judged;     /* events whose errors were held against what the formats explain; */
    uint64_t beyond_by[LOSS_CAUSE_COUNT]; /* those with a larger one; by FORMATS: none */
    struct loss_output *by_output;
    uint32_t output_count;
    double coarseness;    /* the errors' root mean square, in units of the outputs' spread about their mean */
    const char *coarsest; /* the element where it is that, "output 'y', element 2" */
    struct worst_number { /* of an event the number that is furthest off */
        uint64_t event;
        const char *event_name, *output_name, *cause;
        uint32_t output, element;
        double error, expected, got; /* got: the firmware, expected: the float model */
    } worst[LOSS_WORST];             /* the largest first */
    uint32_t worst_count;
    struct layer_loss *layers; /* in order, those that can be compared */
    uint32_t layer_count;
    const char *layer;        /* where most of the error arises, or NULL */
    bool explained;           /* by the formats, or there is no loss */
    const char *warning;      /* what they do not explain, or NULL */
    bool quantised;           /* the network came with quantisers, so: */
    const char *undetermined; /* where its floats depend on who computes them; NULL: nowhere, on events of the ports' */
    int sum_bits;             /* grid, as its widest sum needs so many bits */
};

/* Of the decisions of the output that has lost most of its own, which many others do not hide. */
double loss_flipped_share(const struct loss *loss);
/* Which formats explain a loss, in words. */
const char *loss_formats(const struct graph *reference, const struct graph *fixed, struct arena *arena);
/* The rule, whether the loss as counted is explained: sets `explained` and `warning`. accuracy_lost: share, or NaN. */
void loss_judge(struct loss *loss, double accuracy_lost, struct arena *arena);

/* All of it for events in memory; inputs as graph_run_reals, threshold NaN: 0.5 after a sigmoid or softmax, else 0;
 * calibrated: calibration events, else random ones (for their names).
 * false: nothing can be compared (the model came quantised, or its outputs have another shape). */
bool loss_measure(const struct graph *reference, const struct graph *fixed, size_t events, const float *const *inputs,
                  double threshold, bool calibrated, struct arena *arena, struct loss *loss);
/* True classes of events by one output. */
struct output_labels {
    const char *file; /* NULL: none */
    double *classes;  /* events x columns */
    size_t columns;
};
struct labelled;
/* The same with them, an output_labels an output, and what they give (labelled_count of those that have a file). */
struct truth {
    const struct output_labels *labels;
    struct labelled *labelled;
    uint32_t labelled_count;
};
bool loss_measure_labelled(const struct graph *reference, const struct graph *fixed, size_t events,
                           const float *const *inputs, double threshold, bool calibrated, struct truth *truth,
                           struct arena *arena, struct loss *loss);

/* ---- compare.c, verdict.c ---- */
struct difference { /* the first one */
    bool found;
    uint64_t event;
    uint32_t output, element;
    int bit;                  /* lowest differing bit */
    int64_t expected, got;    /* stored integers: emulator, engine */
    const char *layer;        /* the first layer whose values differ, or the output's own node */
    bool narrowed;            /* inner values were compared; */
    bool only_output;         /* none of them differs: it begins behind the layer */
    const char *not_narrowed; /* why they were not, or NULL */
    uint32_t layer_element;   /* where in the layer, when narrowed and not only_output */
    int layer_bit;
    int64_t layer_expected, layer_got; /* equal: bits below its format differ, as a lane of several formats has them */
    const char *holds;                 /* layers that cannot be told from it: "'dense1', 'bias1'", or NULL */
    const char *within;                /* where in a layer with a body, in words, or NULL */
    const char *output_name;           /* the model's name of that output */
    const char *event_name;            /* "event 12 of the files", "corner vector 3", ... */
};
struct engine_result {
    enum engine_id id;
    const char *variant;   /* "", or how else than back to back: "gaps", "reset" */
    bool asked;            /* for; else `skipped` says so */
    bool ran, equal;       /* equal: where engine_is_judged */
    const char *skipped;   /* why it did not run, or NULL */
    const char *not_built; /* the first error of what builds it, or NULL */
    const char *failure;   /* why it could not begin or finish (negative verdict), or NULL */
    uint64_t events;
    double seconds, build_seconds;
    int latency;  /* measured, cycles; -1: none, or not one */
    int interval; /* the same between events; 0: none */
    struct difference difference;
};
struct class_curve { /* one class against the rest */
    double area_float, area_fixed;
    uint32_t points;
    double *false_positive_float, *true_positive_float, *false_positive_fixed, *true_positive_fixed;
};
struct labelled { /* what the labels of one output give */
    const char *output;
    uint64_t events;
    double accuracy_float, accuracy_fixed;
    uint32_t class_count;                        /* of the matrices; 0: too many */
    uint64_t *confusion_float, *confusion_fixed; /* events by true class (row) and chosen class */
    const char **class_names;                    /* as the user calls them, or NULL */
    uint32_t class_name_count;
    struct class_curve *curves;
    uint32_t curve_count;
};
double labelled_loss(const struct labelled *labelled, uint32_t count); /* the largest accuracy lost; NaN: no labels */
enum { GATES_MAX = 3 };
struct gate {            /* what the user lets a loss be at most */
    const char *name;    /* "max-flips", "max-error", "max-loss" */
    double limit, value; /* shares; the error in the outputs' own unit */
    bool passed;
};
enum { ENGINE_RESULT_MAX = ENGINE_COUNT + 8 }; /* rtl also with gaps and resets, the compiled ones also in a row */
enum { CONFUSION_MAX = 64 };                   /* classes of a matrix; beyond there is none */
enum { STILL_NAMED = 20 };                     /* of the activations that never moved */

struct verdict {
    struct firmware *firmware; /* NULL when the verdict was read back */
    const char *name;          /* the firmware's */
    const char *content_hash;
    int latency, interval;                         /* cycles that interface.json tells */
    uint64_t events, corner_events, random_events; /* events: all, these, the user's and regression vectors */
    uint64_t user_events, regression_events;
    uint64_t seed;
    struct engine_result engines[ENGINE_RESULT_MAX];
    uint32_t engine_count;
    bool hash_checked; /* every compiled engine was asked for its content hash */
    const char *
        *edited; /* files that are not as bxc compiled them, in words: the verdict is about them as they lie there */
    uint32_t edited_count;
    const char *files_hash; /* of the files that it is about, as they lay there; NULL: not known */
    bool latency_measured, interval_measured;
    bool equal;                         /* bits, all engines that ran */
    bool latency_right, interval_right; /* measured = reported, where it was measured */
    struct gate gates[GATES_MAX];       /* those that were asked for */
    uint32_t gate_count;
    struct loss loss;          /* the second question, on the user's or random events only */
    struct labelled *labelled; /* by output that has labels */
    uint32_t labelled_count;
    uint32_t still_count; /* activations (elements) that never moved */
    const char **still;   /* their names, at most STILL_NAMED */
    struct value_range {  /* a layer */
        const char *name;
        double lo, hi, seen_lo, seen_hi; /* the format's, and what events as the network will see them showed */
        uint32_t elements;               /* numbers that can move */
        double reached;                  /* of their intervals, by all events, on average: 0 to 1 */
        uint32_t short_elements;         /* whose highest bit no event needed */
    } * ranges;
    uint32_t range_count;
};
struct verify_options {
    uint64_t events;          /* -n; 0: all of the files */
    const char **event_files; /* one an input: "file" or "name=file"; none: random events */
    uint32_t event_file_count;
    const char **label_files; /* class numbers: "file" of the first output, or "name=file" */
    uint32_t label_file_count;
    const char **class_names; /* in the order of the numbers, of the first output with labels, or NULL */
    uint32_t class_name_count;
    uint64_t seed;
    double max_flips, max_error, max_loss; /* gates; NaN: none */
    double threshold;                      /* for one output; NaN: 0.5 after a sigmoid or softmax, else 0 */
    bool engine[ENGINE_COUNT];             /* which to run */
    struct engine_options engine_options;
};
struct verify_options verify_options_default(void); /* no gates */
/* NULL and a diagnosis when it could not be had; a negative verdict is a verdict. In the arena of context. */
struct verdict *verify_firmware(struct firmware *firmware, const struct verify_options *options);
/* Something was compared, every engine that was asked for ran, bits equal, every gate passed, and no latency or
 * interval that was measured is another than the one told: where none was, that does not make it negative. */
bool verdict_is_positive(const struct verdict *verdict);
/* Its bits were held against the emulator's, or it failed before they could be. */
bool engine_is_judged(const struct engine_result *result);
bool verdict_latency_is_wrong(const struct verdict *verdict);
bool verdict_interval_is_wrong(const struct verdict *verdict);
bool verdict_timing_is_wrong(const struct verdict *verdict); /* either */
bool verdict_engines_ran(const struct verdict *verdict);     /* those that were asked for, and at least one */
bool verdict_is_complete(const struct verdict *verdict);     /* all engines ran, whatever came out */
/* FAILED: something differs, failed or took other cycles. RESERVED: what was compared is equal, but not everything was,
 * or files were edited. */
enum verdict_state { VERDICT_FAILED, VERDICT_RESERVED, VERDICT_EQUAL };
enum verdict_state verdict_state(const struct verdict *verdict);
bool verdict_gates_pass(const struct verdict *verdict);
/* A loss that the formats do not explain, and no gate says that it may be: an amber banner. */
bool verdict_warns_of_loss(const struct verdict *verdict);

#endif
