/* What the files of sim/ know of each other and nobody else needs. Sections are named after files. */
#ifndef BXC_SIM_PRIVATE_H
#define BXC_SIM_PRIVATE_H

#include <stdio.h>
#include <sys/types.h>

#include "ir/datapath.h"
#include "ir/eval.h"
#include "sim/sim.h"

/* ---- events.c: what the formats share ---- */
struct event_source {
    struct bxc_context *context;
    struct arena *arena; /* closes the file when it goes */
    const char *path;
    FILE *file;
    int64_t (*read)(struct event_source *source, double *data, size_t events);
    int64_t (*read_whole)(struct event_source *source, int64_t *data,
                          size_t events); /* NULL: numbers need not be whole */
    int (*rewind)(struct event_source *source);
    uint64_t count, next;
    struct shape shape; /* without the first axis */
    size_t elements;
    char kind; /* npy: 'f', 'i', 'u' or 'b', of `size` bytes from data_start on */
    int size;
    long data_start;
    char *text; /* csv: the current line */
    size_t text_capacity;
    int line;
    bool has_header;
};
int npy_open(struct event_source *source);
int csv_open(struct event_source *source);
int event_source_error(const struct event_source *source, int line, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
int64_t event_source_read_whole(struct event_source *source, int64_t *data, size_t events);
int event_source_not_a_number(const struct event_source *source, int line, uint64_t event, size_t column);

/* ---- child.c: processes fed and drained side by side ---- */
enum { CHILD_TAIL = 4096, CHILD_MAX = 64 };
struct child {
    const char *const *arguments; /* ends with NULL */
    const char *folder;           /* where it runs and has its temporary files; NULL: as bxc */
    const uint8_t *input;         /* all that is written to it; may be NULL */
    size_t input_length, input_sent;
    uint8_t *output; /* NULL: its output joins its errors in `tail` */
    size_t output_capacity, output_length;
    size_t rounds;             /* how often the input goes in; 0: once. `output` holds what the first gave */
    size_t output_total;       /* of all rounds */
    bool output_changed;       /* a later round gave something else, */
    size_t output_changed_at;  /* first at this byte of all */
    size_t output_extra;       /* bytes beyond the capacity; thrown away */
    char tail[CHILD_TAIL + 1]; /* the last that it said on stderr */
    size_t tail_length;
    char *head; /* the first that it said there; may be NULL */
    size_t head_capacity, head_length;
    pid_t pid;
    int in, out, err;
    double last_sign; /* of life, seconds */
    bool hung, overran;
    int start_error; /* errno when it did not start */
    int status;      /* of waitpid */
};
/* Runs them to their ends; -1 when the context was cancelled (they are killed then, not diagnosed). A child
 * without a sign of life for idle_seconds is killed and marked as hung. */
int children_run(struct bxc_context *context, struct arena *scratch, struct child *children, int count,
                 double idle_seconds);
const char *child_fate(struct arena *arena, const struct child *child); /* NULL: ended well */
const char *child_last_lines(struct arena *arena, const struct child *child, int lines);
double monotonic_seconds(void);

/* ---- build.c ---- */
struct build_request {
    const char *engine;      /* name, for folders and diagnoses */
    const char *folder;      /* in fw/, where its Makefile is */
    const char *sources[3];  /* folders in fw/ that it is made from; ends with NULL */
    const char *target;      /* of make, or NULL */
    const char *products[3]; /* what stays of what make leaves in BUILD, the program first; ends with NULL */
    const char *versions;    /* commands for a shell that tell what the compilers are; NULL: nothing does */
    const char *variable;    /* for make: "PROBES=1", or NULL */
    bool takes_ap_types;
};
/* The program's path; builds when these very sources have not been built yet. NULL and a diagnosis. */
const char *build_program(const struct firmware *firmware, struct arena *arena, const struct engine_options *options,
                          const struct build_request *request);

/* ---- engine.c, engine_graph.c, engine_datapath.c, engine_process.c ---- */
struct engine;
struct engine_kind {
    const char *name, *summary;
    const char *tools; /* commands it needs, blank-separated, or NULL; "CC=cc": what the variable says, or cc */
    bool measures;     /* it tells at its end how many cycles events took */
    int (*open)(struct engine *engine);
    int (*run)(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs);
    int (*run_reals)(struct engine *engine, size_t events, const float *const *inputs, float *const *outputs);
    struct build_request build;
};
struct engine {
    const struct engine_kind *kind;
    enum engine_id id;
    const struct firmware *firmware;
    struct arena *arena;
    struct engine_options options;
    const struct graph *graph;
    struct design *design; /* datapath */
    const char *program;
    bool is_built; /* or needs no building */
    uint32_t input_count, output_count;
    size_t *input_elements, *output_elements; /* by port */
    size_t input_total, output_total;
    int latency; /* -1: not measured, or not one */
    bool latency_seen;
    int interval;       /* 0: not measured */
    bool outputs_whole; /* the last run failed on `valid`, but every event gave its outputs: compare them */
    double build_seconds;
};
extern const struct engine_kind engine_kinds[ENGINE_COUNT];
int graph_engine_open(struct engine *engine);
int graph_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs);
int graph_engine_run_reals(struct engine *engine, size_t events, const float *const *inputs, float *const *outputs);
int engine_cancelled(const struct engine *engine); /* -1 and a diagnosis, or 0 */
/* design.bxd, with the ports of model.bxc, as long as the arena lives; NULL and a diagnosis. */
struct design *design_of_firmware(const struct firmware *firmware, struct arena *arena);
int datapath_engine_open(struct engine *engine);
/* Inner values: one word a probe, the number of the wire that it names. */
int datapath_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs);
int process_engine_open(struct engine *engine);
int process_engine_run(struct engine *engine, size_t events, const int64_t *const *inputs, int64_t *const *outputs);

/* ---- vectors.c: events that are made, not read ---- */
struct port_elements { /* all elements of all input ports, one after the other */
    size_t count;
    struct format *formats;
    int64_t *lo, *hi;         /* what the port can carry */
    double *mean, *deviation; /* of the calibration, in real numbers */
};
/* Those of the ports' formats alone. */
uint64_t corner_events(const struct port_elements *ports);
void corner_event(const struct port_elements *ports, uint64_t index, int64_t *event);
void uniform_event(const struct port_elements *ports, uint64_t seed, uint64_t index, int64_t *event);
void calibrated_event(const struct port_elements *ports, uint64_t seed, uint64_t index, float *event);
struct port_elements *port_elements_new(const struct firmware *firmware, struct arena *arena);

/* ---- index_set.c: numbers below a size, taken out in order ---- */
struct index_set {
    uint32_t word_count, summary_count;
    uint64_t *words, *summary;
};
struct index_set *index_set_new(uint32_t size, struct arena *arena);
void index_set_add(struct index_set *set, uint32_t index);
uint32_t index_set_take_first(struct index_set *set); /* UINT32_MAX: none is left */
uint32_t index_set_take_last(struct index_set *set);

/* ---- slopes.c: how the numbers before it move one number inside the graph ---- */
struct slopes;
/* as_guide: for a search, of variables alone; else exactly those at the event, of constants too. */
struct slopes *slopes_new(const struct graph *graph, const struct evaluator_state *state, bool as_guide,
                          struct arena *arena);
/* At the event that the state holds in this lane; then by element of any value before it, in real units. */
void slopes_find(struct slopes *slopes, int lane, valref value, size_t element);
const double *slopes_of(const struct slopes *slopes, valref value);
/* The values with a slope that is not 0 everywhere. */
const uint32_t *slopes_touched(const struct slopes *slopes, uint32_t *count);
/* The node cuts a number in two with another one, which has the bits that this one drops. */
bool narrow_is_high_part(const struct graph *graph, const struct node *node);

/* ---- lanes.c: a graph of integers at EVENT_LANES events at once ---- */
struct lanes {
    const struct graph *graph;
    struct evaluator *evaluator;
    struct evaluator_state *state;
    uint32_t input_count;
    valref *inputs;
    int64_t **in, **out; /* by input and output: [EVENT_LANES][elements] */
};
/* Raises what is wrong with the graph, or that memory has run out. */
void lanes_open(struct lanes *lanes, const struct graph *graph, struct arena *arena);
void lanes_close(struct lanes *lanes);
/* in: by input, [count][elements], count at most EVENT_LANES. */
void lanes_run(struct lanes *lanes, int count, const int64_t *const *in);
/* rows: [EVENT_LANES][columns], the elements of all inputs side by side. */
void lanes_run_rows(struct lanes *lanes, const int64_t *rows, size_t columns);
/* The stored integers of an element, one a lane, until the next run. */
const int64_t *lanes_of(const struct lanes *lanes, valref value, size_t element);

/* ---- extremes.c: corner vectors from the weights ---- */
struct row_set { /* events, all inputs side by side, each once */
    size_t columns, count, capacity;
    int64_t *rows;
    uint32_t *slots;
};
void row_set_add(struct row_set *set, struct arena *arena, const int64_t *row);
double work_of_event(const struct graph *graph); /* multiply-adds and other operations, roughly */
struct row_set extreme_events(const struct graph *graph, const struct port_elements *ports, struct arena *arena);
/* And those that make the sums large and small that adders add up on the way (ir/partial_sums.c). */
void extreme_events_of_adders(const struct graph *graph, const struct graph *sums, const struct port_elements *ports,
                              struct arena *arena, struct row_set *found);

/* ---- last_bits.c: events for a sum whose highest bit is seldom needed ---- */
/* The numbers of an interval that do with a bit less than it needs; none (lo > hi) when it needs one or no bit. */
struct interval numbers_of_fewer_bits(struct interval interval);
bool needs_all_bits(struct interval interval, int64_t lowest, int64_t highest); /* one of the two */
/* From the events that made the sum smallest and largest, with so many multiply-adds; how many it took. */
double last_bit_events(const struct graph *graph, valref value, size_t element, const int64_t *const rows[2],
                       const struct port_elements *ports, double work, struct arena *arena, struct row_set *found);

/* ---- stream.c: the events of one verification, block by block ---- */
enum phase { PHASE_USER, PHASE_CORNER, PHASE_REGRESSION, PHASE_RANDOM, PHASE_COUNT, PHASE_CALIBRATION /* compile's */ };
struct event_block { /* events of one phase only */
    enum phase phase;
    uint64_t first; /* number of its first event in the whole verification */
    uint64_t first_in_phase;
    size_t events;
    int64_t **integers;                 /* at the ports */
    float **reals;                      /* what the float model sees; NULL in phases that are not compared with it */
    bool *measured;                     /* by event: compared with the float model */
    bool *on_grid;                      /* by event: its numbers are the port's, not rounded to it */
    const struct output_labels *labels; /* one an output; NULL: of none */
};
struct event_stream;
struct event_stream *event_stream_new(struct firmware *firmware, const struct verify_options *options,
                                      struct arena *arena);
void event_stream_close(struct event_stream *stream);
uint64_t event_stream_events(const struct event_stream *stream, enum phase phase);
bool event_stream_has_labels(const struct event_stream *stream, uint32_t output);
uint64_t event_stream_measured(const struct event_stream *stream); /* that are held against the float model */
uint64_t event_stream_total(const struct event_stream *stream);
int64_t event_stream_next(struct event_stream *stream, struct event_block *block); /* 0 at the end, -1 diagnosed */
const char *event_name(struct arena *arena, enum phase phase, uint64_t number);    /* "event 12 of the files", ... */

/* ---- sample.c: some events of all kinds, for what is run once at the end ---- */
struct sample {
    size_t capacity, count;
    uint32_t input_count, output_count;
    size_t *input_elements, *output_elements;
    int64_t **inputs, **expected; /* by port */
    enum phase *phases;
    uint64_t *numbers; /* in their phases */
};
enum { GATHERED_EVENTS = 4096 };
struct sample *sample_new(const struct engine *engine, struct arena *arena);
/* Takes what it still wants of the block, with the outputs that are right. */
void sample_add(struct sample *sample, const struct event_block *block, int64_t *const *expected, uint64_t wanted);

/* ---- entries.c: the emitted C's entry points in real numbers, and what its header tells ---- */
/* -1 and a diagnosis when NAME_run_double, or NAME_run_float, does not give what the port's rule, the emulator and
 * the outputs' meaning give. */
int entry_run(struct engine *engine, struct engine *emulator, const struct sample *sample, bool single, size_t *events);
int entry_ports(struct engine *engine);

/* ---- regression.c: events that once failed ---- */
/* As port integers, all inputs side by side. NULL: there are none that fit. */
int64_t *regression_read(const struct firmware *firmware, struct arena *arena, uint64_t *events);
/* Adds one unless it is there already; the oldest goes when there are too many. */
int regression_add(struct firmware *firmware, struct arena *arena, const int64_t *event);

/* ---- compare.c ---- */
/* Looks for the first difference in a block; `first` is the number of its first event. */
bool compare_outputs(const struct graph *graph, uint64_t first, size_t events, int64_t *const *expected,
                     int64_t *const *got, struct difference *difference);
/* The failing event with as few non-zero inputs as greedy zeroing finds; changes it in place. */
void shrink_event(struct engine *emulator, struct engine *engine, struct arena *arena, int64_t *event);
/* ---- narrow.c: the layer in which a difference begins ---- */
/* inputs: the events that the engine ran, of which event `row` is the first that differs. */
void narrow_difference(const struct firmware *firmware, enum engine_id id, const struct engine_options *options,
                       const int64_t *const *inputs, size_t events, size_t row, struct difference *difference);

/* Writes fw/verify/failing.npy (one file an input when there are several) and adds the event to the regression vectors.
 */
int failing_event_write(struct firmware *firmware, struct arena *arena, const int64_t *event);

/* ---- rounding.c: how far the formats may put a number of the firmware from the model's ---- */
struct roundings;
struct allowance {
    double rounding;          /* explained by it */
    double range;             /* ... together with numbers beyond the formats that were chosen for them, */
    const struct node *clamp; /* first of all by this narrow, */
    size_t clamp_element;
    double clamp_from, clamp_to;
};
/* NULL and a diagnosis */
struct roundings *roundings_new(const struct graph *reference, const struct graph *fixed, struct arena *arena);
void roundings_close(struct roundings *roundings);
/* Up to EVENT_LANES events: by input, [count][elements]. It stands at the first of them. */
void roundings_run(struct roundings *roundings, int count, const int64_t *const *events);
void roundings_stand_at(struct roundings *roundings, int event); /* of those */
/* In the units of the fixed graph's value, at that event. */
struct allowance roundings_explains(struct roundings *roundings, valref value, size_t element);
/* ... by the rounding of factors that an output's meaning took over, in the float output's unit. */
double roundings_explain_meaning(const struct roundings *roundings, const struct graph_output *output, size_t element);

/* ---- decisions.c ---- */
const struct node *through_reshapes(const struct graph *graph, valref value); /* what computes it */
bool gives_index(const struct graph *graph, valref value);                    /* a class, reshaped or not */

/* ---- loss.c ---- */
bool loss_has_quantisers(const struct graph *reference); /* the model came with them: its weights are exact */

/* ---- worst.c ---- */
struct worst_events;
struct worst_event {
    double error, inside;   /* from the float model; from the float model on the event as the port rounds it */
    uint64_t event, number; /* in all, in its phase */
    enum phase phase;
    uint32_t output, element;
    double expected, got;
    float **reals; /* by input: as it came, and as the port rounds it */
    int64_t **integers;
};
struct worst_events *worst_events_new(const struct graph *fixed, struct arena *arena);
double worst_events_least(const struct worst_events *worst); /* an error that is kept is larger */
/* Its place among them; the caller fills in all but the error. */
struct worst_event *worst_events_add(struct worst_events *worst, double error);
/* 0: the largest; NULL: there are fewer */
const struct worst_event *worst_events_at(const struct worst_events *worst, uint32_t rank);

/* ---- accuracy.c: fixed against the model as trained ---- */
struct accuracy;
struct accuracy *accuracy_new(const struct graph *reference, const struct graph *fixed, double threshold,
                              const char *file, struct arena *arena);
int accuracy_expect_labels(struct accuracy *accuracy, uint32_t output, uint64_t events);
/* outputs as they are compared; NULL: nothing can be */
const struct graph *accuracy_reference(const struct accuracy *accuracy);
bool accuracy_has_numbers(const struct accuracy *accuracy);   /* or decisions only */
bool accuracy_has_threshold(const struct accuracy *accuracy); /* by which some output decides */
void accuracy_close(struct accuracy *accuracy);
int accuracy_add(struct accuracy *accuracy, const struct event_block *block, float *const *floats,
                 int64_t *const *integers);
void accuracy_finish(struct accuracy *accuracy, struct loss *loss, struct arena *arena);
/* After it; how many outputs have labels, and what they give. */
uint32_t accuracy_finish_labels(const struct accuracy *accuracy, struct loss *loss, struct labelled **out,
                                struct arena *arena);

/* ---- determined.c: whether the trained network's floats are one set of numbers ---- */
/* NULL: on events of the ports' grid they are, whoever computes them and in whatever order sums are added up, the
 * widest of which needs so many bits; else where they are not, in words. Outputs are those that the reference has. */
const char *floats_undetermined(const struct graph *reference, const struct graph *fixed, int *bits,
                                struct arena *arena);

/* ---- labels.c ---- */
struct labels;
struct labels *labels_new(struct arena *arena, size_t classes, uint64_t events);
void labels_add(struct labels *labels, int64_t truth, int64_t choice_float, int64_t choice_fixed,
                const float *scores_float, const float *scores_fixed); /* a score a class */
/* false: there was none */
bool labels_finish(const struct labels *labels, bool curves, struct labelled *out, struct arena *arena);

/* ---- errors.c ---- */
struct errors;
struct errors *errors_new(struct arena *arena);
void errors_add(struct errors *errors, double error);
double errors_largest(const struct errors *errors);
double errors_mean(const struct errors *errors);
double errors_quantile(const struct errors *errors, double share);

/* ---- layer_loss.c ---- */
struct layer_errors;
struct layer_errors *layer_errors_new(const struct graph *reference, const struct graph *fixed, struct arena *arena);
/* inputs: events x elements each; the events that are measured count. */
void layer_errors_add(struct layer_errors *errors, size_t events, const float *const *reals,
                      const int64_t *const *integers, const size_t *elements, uint32_t inputs, const bool *measured);
void layer_errors_finish(const struct layer_errors *errors, struct loss *loss, struct arena *arena);
void layer_errors_close(struct layer_errors *errors);

/* ---- cause.c ---- */
/* Whether the port changes the number by more than a step of its format. */
bool port_is_beyond(const struct graph *fixed, valref input, size_t element, double real, double at_port);
/* events: by input, the event as it came and as the port rounds it; whole, inside: its error, and what the float
 * model on the rounded one leaves of it; allowance: what the formats explain. */
const char *cause_of_event(const struct graph *reference, const struct graph *fixed, const float *const *events,
                           double whole, double inside, const struct allowance *allowance, const struct loss *loss,
                           struct arena *arena);

/* ---- curves.c ---- */
struct scored {
    float score;
    bool positive;
};
enum { CURVE_POINTS = 102 };
/* Sorts `events` in place, descending. The area under the curve, ties by midranks; NaN when one class is missing. */
double curve_area(struct scored *events, size_t count);
/* After curve_area: the false-positive rate at true-positive rates 0, 1 %, ... 100 %, then (1, 1). */
void curve_sample(const struct scored *events, size_t count, double *false_positive, double *true_positive);

/* ---- activity.c: which values ever moved, and how far ---- */
/* ---- reach.c: which intervals are more than bounds ---- */
enum reach {
    REACH_UNKNOWN,
    REACH_ENDS,       /* events reach both ends of every element's interval */
    REACH_ONE_BY_ONE, /* and elements move independently of each other */
};
enum reach *reach_of_values(const struct graph *graph, struct arena *arena); /* by value */

struct activity;
struct activity *activity_new(const struct firmware *firmware, struct arena *arena);
void activity_add(struct activity *activity, const struct event_block *block);
void activity_finish(struct activity *activity, struct verdict *verdict);
void activity_close(struct activity *activity);

#endif
