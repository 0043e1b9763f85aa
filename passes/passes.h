/* Passes: one a file, named after its file; the table that names them all is passes/passes.c. */
#ifndef BXC_PASSES_H
#define BXC_PASSES_H

#include "target/target.h"

enum softmax_mode { SOFTMAX_KEEP, SOFTMAX_DROP, SOFTMAX_ARGMAX };
enum granularity { GRANULARITY_TENSOR, GRANULARITY_CHANNEL };

/* How float models become fixed: for all, or for one layer. Fields at -1 are inherited. */
struct precision {
    int weight_bits, activation_bits;
    int rounding, overflow; /* enum rounding, enum overflow, of activations */
    int granularity;        /* enum granularity */
};
struct layer_options {
    const char *node; /* name of the model's node (matmul or what follows it), shell pattern */
    struct precision precision;
    double sparsity; /* -1: inherited */
};
struct input_options {
    const char *name;       /* of the model's input; NULL: every input */
    struct formats formats; /* one, or one a feature */
    int rounding, overflow; /* -1: half_even, saturate */
    bool configured;        /* by the configuration, which the command line goes over */
};

/* What a compilation can take from its options; what is given and nobody takes is told (driver/unused.c). */
enum option_use {
    USE_WEIGHTS = 1,
    USE_ACTIVATIONS = 2,
    USE_ROUNDING = 4,
    USE_OVERFLOW = 8,
    USE_GRANULARITY = 16,
    USE_SPARSITY = 32,
    USE_PRUNE_SCOPE = 64,
    USE_SOFTMAX = 128,
    USE_SOFTMAX_ERROR = 256,
    USE_FORMATS = USE_ACTIVATIONS | USE_ROUNDING | USE_OVERFLOW
};

enum { INTERVAL_MAX = 1 << 16, BEAT_ITEMS_MAX = 1 << 20, BLOCK_RAMS_MAX = 1 << 20 };
struct beat_options {
    const char *name; /* of the model's input; NULL: every input */
    int items;        /* that arrive in a clock */
};

struct compile_options {
    unsigned given;        /* enum option_use: by the user, for the whole network */
    const char *name;      /* prefix of modules and symbols; NULL: from the model */
    int clock_ps;          /* period in picoseconds; 0: none is known */
    const char *part_code; /* as the vendor's tools spell it */
    const struct part *part;
    struct part_grade grade; /* of the ordering code */
    enum softmax_mode softmax;
    double softmax_error;       /* largest error of a probability; 2^-10 by default */
    struct precision precision; /* defaults filled in */
    double sparsity;            /* 0: no pruning */
    bool sparsity_by_layer;     /* else over the whole network */
    struct layer_options *layers;
    uint32_t layer_count;
    struct input_options *inputs;
    uint32_t input_count;
    int margin_percent; /* of the period, kept free by the pipeliner */
    int adder_terms;    /* 0: chosen by the clock; 2 or 3 */
    int interval; /* cycles between events, at least; 0: 1, or what `beats` needs: what they leave is used to serve
                     items one after the other */
    struct beat_options *beats;
    uint32_t beat_count;
    int block_rams; /* 18 Kbit block RAMs that the design may use, at most */
};
struct compile_options compile_options_default(void);

/* Calibration events as real numbers; count 0: none. data[i]: events x elements of input i. */
struct calibration {
    size_t events;
    const float **data;
    uint32_t input_count;
};

/* One thing worth telling in the report about what a pass did. */
struct pass_note {
    const char *pass, *subject, *text; /* subject: node or value, or NULL */
    double number;                     /* or NAN */
};

/* The state that passes work on. */
struct program {
    struct bxc_context *context;
    struct arena *arena; /* notes and options live here */
    const struct compile_options *options;
    const struct technology *technology;
    struct calibration calibration;
    struct graph *graph;   /* real above integerise, integer after it */
    struct design *design; /* after lower */
    struct pass_note *notes;
    uint32_t note_count, note_capacity;
    unsigned used;           /* enum option_use, of the whole network's options */
    unsigned *layers_used;   /* of each layer's; NULL: nobody asks */
    bool *inputs_used;       /* of the inputs'; NULL: nobody asks */
    int64_t more_block_rams; /* than there are would be worth it */
};
void program_use_layer(struct program *program, uint32_t layer, unsigned used);
void program_use_input(struct program *program, uint32_t input);
/* enum option_use: those that are set (layer_precision.c) */
unsigned precision_fields(const struct precision *precision);
void program_note(struct program *program, const char *pass, const char *subject, double number, const char *format,
                  ...) PRINTF_LIKE(5, 6);

enum pass_side { ABOVE_THE_LINE, BELOW_THE_LINE };

/* What holds of the program; passes need, give and destroy such facts. */
enum pass_facts {
    FACT_REAL_GRAPH = 1, /* the graph has real arithmetic */
    FACT_CONSTANTS_FOLDED = 2,
    FACT_NO_BATCH_NORM = 4,
    FACT_QUANTISED = 8,      /* every activation that needs one has a quantiser */
    FACT_INTEGER_GRAPH = 16, /* the quantised graph: the line is crossed */
    FACT_DESIGN = 32,
    FACT_NARROW_SUMS = 64, /* no sum has more than adder_terms terms */
    FACT_SCHEDULED = 128,
    FACT_SOFTMAX_EXPANDED = 256,
    FACT_PORTS = 512, /* every input that is read has its rule */
    FACT_NO_BODIES = 1024
};

struct pass {
    const char *name;
    /* Returns -1 after a diagnosis, else 0; *changed tells whether anything was. */
    int (*run)(struct program *program, bool *changed);
    unsigned needs, gives, destroys; /* enum pass_facts */
    enum pass_side side;
    const char *summary;
};

extern const struct pass passes[]; /* in the order in which they run; ends with a NULL name */
/* Runs the table: checks needs, verifies after each pass and names the one that broke the program.
 * before/after are called around each pass (dumps, measurement); may be NULL. stop_after may be NULL. */
struct pass_hooks {
    void *user;
    int (*after)(void *user, struct program *program, const struct pass *pass, bool changed, double seconds);
};
int passes_run(struct program *program, const struct pass_hooks *hooks, const char *stop_after);
const struct pass *pass_find(const char *name);

/* ---- canonical signed digits, shared by lower, share and cost (passes/digits.c) ---- */
/* Non-adjacent form of a constant: positions and signs, least significant first; returns the count (<= 65). */
int signed_digits(int64_t constant, uint8_t position[65], bool negative[65]);

#endif
