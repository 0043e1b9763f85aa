/* The intermediate representation: everything that is inside the compiler's one line of division.
 *
 * Sections are named after the files that implement them. Nothing here includes another folder.
 */
#ifndef BXC_IR_H
#define BXC_IR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* ---- arena.c: memory by lifetime --------------------------------------------------------- */

/* Three lifetimes are in use: program (the context's), graph or design (its own), scratch (a pass).
 * Allocation never returns NULL: when memory runs out the context's guard is raised (context.c).
 * Not for use inside an OpenMP parallel region. With -DARENA_MALLOC every object is allocated by
 * itself, so that sanitizers see through. */
struct bxc_context;
struct arena;

struct arena *arena_new(struct bxc_context *context);
/* Frees the arenas that were opened after the first `opened` ones (context.c). */
void arena_free_since(struct bxc_context *context, uint64_t opened);
void arena_free(struct arena *arena);                /* NULL is allowed; runs deferred releases, newest first */
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, 16-byte aligned */
void *arena_calloc(struct arena *arena, size_t count, size_t size); /* diagnoses overflow */
/* A larger copy of an array; the old one stays with the arena. */
void *arena_grow(struct arena *arena, const void *old, size_t old_size, size_t new_size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Calls release(object) in arena_free: how foreign objects (cJSON, HDF5, zip) are owned. */
void arena_defer(struct arena *arena, void (*release)(void *), void *object);
struct bxc_context *arena_context(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_calloc((arena), (size_t)(count), sizeof(type)))

/* ---- strbuf.c: text that grows, how it ends, shares as text ---------------------------------- */

struct strbuf {
    struct arena *arena;
    char *data; /* always terminated; "" when empty */
    size_t length, capacity;
};

struct strbuf strbuf_new(struct arena *arena);
void strbuf_append(struct strbuf *buffer, const char *text);
void strbuf_append_bytes(struct strbuf *buffer, const void *data, size_t length);
void strbuf_printf(struct strbuf *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void strbuf_vprintf(struct strbuf *buffer, const char *format, va_list arguments);
bool text_ends_with(const char *text, const char *end);
bool file_ends_with(const char *path, const char *end); /* in letters of either case */
/* "0.53 %"; "-" of nothing. */
const char *share_words(struct arena *arena, double part, double whole);

/* ---- diag.c: what is wrong, where, and what to do about it ---------------------------------- */

/* Every field may be NULL or 0. Strings are copied. */
struct location {
    const char *file;      /* as the user gave it */
    int line;              /* from 1 */
    const char *path;      /* inside the file: JSON path, HDF5 path */
    const char *node;      /* name of the node, or "#12" */
    const char *op;        /* its operator in the model's own words */
    const char *attribute; /* or input, or tensor */
    const char *option;    /* "--clock": what the command line gives it is wrong usage, whatever the files hold */
    int opset;
};

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
    enum severity severity;
    struct location location;
    char *message; /* lower case, no full stop */
    char *help;    /* or NULL */
};

struct diagnostics {
    struct arena *arena;
    struct pseudonym *pseudonyms;            /* the latest first */
    struct diagnostic *items;                /* in order */
    size_t count, capacity, errors, misuses; /* misuses: errors at an option */
    char *out_of_memory;                     /* a message and a free slot are kept for when memory has run out */
};

/* From now on what is told of the file or folder at `path` is told of `name`: a temporary one is nobody's but ours. */
void diag_call(struct diagnostics *diag, const char *path, const char *name);
/* Collect; diag_error returns -1. help may be NULL. */
int diag_error(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
void diag_warning(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
void diag_note(struct diagnostics *diag, struct location at, const char *help, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* One diagnostic as people read it: "file: error: message\n  at: ...\n  help: ...\n". */
void diag_format(struct strbuf *out, const struct diagnostic *item);

/* ---- random.c: numbers that are the same on every machine ---- */

uint64_t splitmix64(uint64_t *state); /* the next one; the state may begin as anything */

/* ---- nearest.c: "did you mean" ---- */
struct nearest {
    const char *wanted;
    const char *name; /* the nearest so far, or NULL: none is near */
    unsigned distance;
};
void nearest_offer(struct nearest *nearest, const char *candidate);

/* ---- context.c: all state hangs off it -------------------------------------------------------- */

struct bxc_context {
    struct arena *arena; /* the program's lifetime */
    struct diagnostics diagnostics;
    int threads;           /* 0: OpenMP's default */
    bool errors_only;      /* warnings and notes are collected, but not told */
    atomic_bool cancelled; /* set from a signal handler; long loops look at it */
    /* Long work tells how far it is; total 0 when unknown. NULL: silence. */
    void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total);
    void *progress_user;
    jmp_buf *guard;          /* where running out of memory and broken invariants go */
    int64_t fail_allocation; /* tests: the nth allocation from now fails; 0: none */
    struct arena *arenas;    /* all open ones, newest first, released when a guard is raised */
    uint64_t arenas_opened;  /* so far: an arena's number tells what a guard's body opened */
};

struct bxc_context *context_new(void); /* NULL when memory is out */
void context_free(struct bxc_context *context);
/* Runs body(user) so that running out of memory and broken invariants come back as a diagnosis:
 * arenas that body opened and left are released then, and -1 is returned. Guards nest. */
int context_guarded(struct bxc_context *context, int (*body)(void *user), void *user);
/* An inconsistency inside bxc: diagnosed at the nearest guard, never a crash. */
_Noreturn void context_bug(struct bxc_context *context, const char *format, ...) PRINTF_LIKE(2, 3);
/* What the arena calls, and whoever uses malloc. */
_Noreturn void context_out_of_memory(struct bxc_context *context);
/* To the nearest guard, after a diagnosis. */
_Noreturn void context_raise(struct bxc_context *context);
void context_progress(struct bxc_context *context, const char *stage, uint64_t done, uint64_t total);

/* ---- hash.c: content hashes -------------------------------------------------------------------- */

struct sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t length);
void sha256_finish(struct sha256 *hash, char hexadecimal[65]);
void sha256_of(const void *data, size_t length, char hexadecimal[65]);

/* ---- file.c: whole files in, whole files out ------------------------------------------------- */

/* Reads a file into the arena, with a terminating 0 that *length does not count. NULL and a
 * diagnosis when it cannot be read. */
char *file_read(struct bxc_context *context, struct arena *arena, const char *path, size_t *length);
/* The file is whole under its name or not there; -1 and a diagnosis, nothing left behind, when it cannot be written. */
int file_write(struct bxc_context *context, const char *path, const void *data, size_t length);
/* The same for what is written bit by bit, to the descriptor: it is put at its path when it is closed, 0 or an errno,
 * and is gone when it is not, be it that the process is killed. NULL and errno. The arena must live until then. */
struct new_file;
struct new_file *new_file_open(struct arena *arena, const char *path, int *descriptor);
int new_file_close(struct arena *arena, struct new_file *file);
/* The folder and those above it; one that is there is as good. -1 and a diagnosis. */
int folder_make(struct bxc_context *context, const char *path);
/* With all that is in it. No link is followed. */
void folder_remove(const char *folder);
/* A new folder GOAL.new-XXXXXX, removed when the arena is freed. Those whose makers have been killed are removed
 * before. What is made under "new" in it, folder_put exchanges with the goal. NULL and a diagnosis. */
char *folder_beside(struct bxc_context *context, struct arena *arena, const char *goal);
/* -1 and a diagnosis: nothing is changed */
int folder_put(struct bxc_context *context, const char *beside, const char *goal);
/* The file in a folder by which it is held. A holder that dies in whatever way gives it back. */
#define FOLDER_LOCK ".bxc-lock"
/* shared, until the arena is freed; false: it goes or is gone */
bool folder_hold(struct arena *arena, const char *folder);
void folder_remove_unheld(const char *folder); /* unless somebody holds it, or it has no such file */
/* Waits for its turn and has it until the arena is freed; false: not within the time, or there are no locks here. */
bool file_lock(struct arena *arena, const char *path, double seconds);

/* ---- fixed.c: fixed-point arithmetic, the one definition (NUMERICS) ---------------------------- */

/* A stored integer m stands for m * 2^-fraction. width 0 is the constant 0. At most 64 bits. */
struct format {
    bool is_signed;
    int16_t width;
    int16_t fraction; /* may be negative or exceed width */
};

enum rounding {
    ROUND_TRUNCATE,         /* floor(q)              AP_TRN, QONNX FLOOR */
    ROUND_TOWARD_ZERO,      /* trunc(q)              AP_TRN_ZERO, QONNX DOWN */
    ROUND_HALF_UP,          /* floor(q + 1/2)        AP_RND */
    ROUND_HALF_TOWARD_ZERO, /* ties toward zero      AP_RND_ZERO, QONNX HALF_DOWN */
    ROUND_HALF_AWAY,        /* ties away from zero   AP_RND_INF, QONNX HALF_UP */
    ROUND_HALF_DOWN,        /* ceil(q - 1/2)         AP_RND_MIN_INF */
    ROUND_HALF_EVEN,        /* ties to even          AP_RND_CONV, QONNX ROUND */
    ROUND_CEILING,          /* ceil(q)               QONNX CEIL */
    ROUND_AWAY_FROM_ZERO,   /* away from zero        QONNX UP */
    ROUNDING_COUNT
};

enum overflow {
    OVERFLOW_WRAP,               /* keep the low bits          AP_WRAP */
    OVERFLOW_SATURATE,           /* clamp to [min, max]        AP_SAT */
    OVERFLOW_SATURATE_ZERO,      /* 0 when out of range        AP_SAT_ZERO */
    OVERFLOW_SATURATE_SYMMETRIC, /* clamp to [-max, max]       AP_SAT_SYM */
    OVERFLOW_COUNT
};

extern const char *const rounding_names[ROUNDING_COUNT]; /* "truncate", "half_even", ... */
extern const char *const overflow_names[OVERFLOW_COUNT]; /* "wrap", "saturate", ... */

struct interval {
    int128 lo, hi;
};

int64_t format_min(struct format format); /* uint64 formats of width 64 are not supported: width <= 63 unsigned */
int64_t format_max(struct format format);
bool format_equal(struct format a, struct format b);
/* The narrowest format of this fraction that holds the interval; unsigned when lo >= 0; width 0
 * for [0, 0]. Width is above 64 when it does not fit: callers must diagnose. */
struct format format_for(struct interval interval, int fraction);
/* "fixed<16,6>", "ufixed<8,0>" (ap_fixed's W,I), or text form "s16f10", "u8f8". */
bool format_parse(const char *text, struct format *format);
void format_print(struct strbuf *out, struct format format); /* text form */

/* m * 2^-drop as an integer; drop <= 0 shifts left. */
int128 fixed_round(int128 value, int drop, enum rounding rounding);
int64_t fixed_overflow(int128 value, struct format format, enum overflow overflow);
/* value has fraction `from`; first round at full width, then overflow. */
int64_t fixed_narrow(int128 value, int from, struct format format, enum rounding rounding, enum overflow overflow);
/* The stored integer of a real number, exactly; false for NaN. Infinities saturate, and wrap to 0. */
bool fixed_from_real(double real, struct format format, enum rounding rounding, enum overflow overflow, int64_t *out);
double fixed_to_real(int64_t value, int fraction);
/* What narrowing can give for operands in an interval; sound, and exact for wraps that stay in one period. */
struct interval fixed_narrow_interval(struct interval interval, int from, struct format format, enum rounding rounding,
                                      enum overflow overflow);
bool interval_fits(struct interval interval, struct format format);

/* ---- graph.c: tensors, single assignment --------------------------------------------------------- */

enum { SHAPE_RANK_MAX = 8 };

/* The shape of one event: the batch axis of the model stands in it as 1. */
struct shape {
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
};

size_t shape_elements(const struct shape *shape); /* 1 for rank 0 */
bool shape_equal(const struct shape *a, const struct shape *b);
const char *shape_words(struct arena *arena, const struct shape *shape); /* "4 x 16" */
/* ONNX (numpy) broadcasting; false when the shapes do not go together. */
bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out);
/* Index of the element of `narrow` (each dim 1 or as in wide, ranks aligned at the end) that
 * element `index` of `wide` reads. */
size_t shape_project(const struct shape *wide, size_t index, const struct shape *narrow);

enum value_kind { VALUE_REAL, VALUE_INTEGER, VALUE_INDEX, VALUE_BOOLEAN };

/* Formats broadcast to the value's shape: one (rank 0), per axis, or per element. */
struct formats {
    struct shape shape;
    struct format *at; /* NULL: none */
};

struct intervals { /* one per element, or one for all */
    size_t count;
    struct interval *at; /* NULL: dropped, or not an integer */
};

/* What an integer stands for where its scale is not a power of two; only ports and comparison
 * with floats read it: real = (m * 2^-fraction - zero_point) * scale. Broadcasts as formats. */
struct meaning {
    struct shape shape;
    double *scale, *zero_point; /* NULL: none */
};

typedef struct {
    uint32_t id;
} valref;
typedef struct {
    uint32_t id;
} noderef;
#define NO_VALUE ((valref){UINT32_MAX})
#define NO_NODE ((noderef){UINT32_MAX})

enum op {
#define OP(id, ...) OP_##id,
#include "ir/ops.def"
#undef OP
    OP_COUNT
};

struct value {
    const char *name; /* from the model, or NULL */
    enum value_kind kind;
    struct shape shape;
    struct formats formats;     /* integers */
    struct intervals intervals; /* integers */
    noderef definition;
    uint32_t first_reader; /* readers.c; 0: none */
};

/* One unary function of integers: entries[m - first], for m in [first, first + count). */
struct table {
    int64_t first;
    uint32_t count;
    int64_t *entries;
};

/* values[number of thresholds t with m >= t]; thresholds ascend. */
struct staircase {
    uint32_t count;
    int64_t *thresholds; /* count */
    int64_t *values;     /* count + 1 */
};

/* What a port does to a number of binary32 before it rounds it: one operation, rounded to binary32. */
enum port_operation { PORT_ADD, PORT_MULTIPLY, PORT_DIVIDE, PORT_OPERATION_COUNT };
extern const char *const port_operation_names[PORT_OPERATION_COUNT]; /* "add", "mul", "div" */
struct port_step {
    enum port_operation operation;
    struct shape shape; /* broadcasts as formats */
    float *constants;   /* not 0 where they multiply or divide */
};
struct port_steps {
    uint32_t count;
    struct port_step *at;
};

/* Attributes: one typed struct a family (ir/ops/<family>.c). */
struct input_attributes {
    struct shape shape;
    enum rounding rounding; /* how a real number becomes the port's integer; integer graphs */
    enum overflow overflow;
    struct formats formats;  /* the port's; integer graphs */
    struct meaning meaning;  /* integer graphs, seldom */
    struct port_steps steps; /* in place of x / scale + zero_point; only beside a meaning */
};
struct constant_attributes {
    struct formats formats; /* VALUE_INTEGER */
    enum value_kind kind;
    struct shape shape;
    float *reals;      /* VALUE_REAL */
    int64_t *integers; /* every other kind */
};
struct activation_attributes {
    float alpha, beta; /* leaky_relu slope; hard_sigmoid; clip: lower, upper bound */
};
struct axis_attributes { /* softmax, argmax, reduce_*, concat, gather */
    int64_t axis;        /* normalised: 0 <= axis < rank */
    bool keep_dimensions, select_last;
};
struct transpose_attributes {
    int permutation[SHAPE_RANK_MAX];
};
struct reshape_attributes {
    struct shape shape;
};
struct slice_attributes { /* for each axis of the operand */
    int64_t start[SHAPE_RANK_MAX], step[SHAPE_RANK_MAX], count[SHAPE_RANK_MAX];
};
struct gather_attributes { /* static indices along one axis; indices replace that axis by `shape` */
    int64_t axis;
    struct shape shape;
    int64_t *indices;
};
struct normalization_attributes {
    float epsilon;
};
struct quantizer_attributes { /* narrow, quant, bipolar_quant, trunc_quant */
    enum rounding rounding;
    enum overflow overflow; /* narrow */
    struct formats formats; /* narrow: the result's, in both arithmetics */
    bool is_signed, narrow; /* quant, trunc_quant */
    int version;            /* trunc_quant: 1 or 2 */
};
struct lookup_attributes {    /* table, threshold: one a tensor, a channel or an element */
    struct shape shape;       /* broadcasts to the operand's */
    struct table *tables;     /* OP_TABLE */
    struct staircase *stairs; /* OP_THRESHOLD */
    struct formats formats;   /* the result's */
};

/* Attributes of a length of their own. All begin with their count. */
struct integer_list {
    uint32_t count;
    int64_t *at;
};
struct real_list {
    uint32_t count;
    double *at;
};
struct name_list {
    uint32_t count;
    const char **at;
};
struct shape_list {
    uint32_t count;
    struct shape *at;
};

struct loop_attributes { /* scan, map: a body run once an item */
    int64_t trips;
    int carried; /* operands first: where carried values start; the body's first inputs and outputs */
    int sliced;  /* operands after them: those of which each trip reads one item; the others it reads whole */
    struct integer_list axes;     /* of the items in each sliced operand, then in each stacked result */
    struct integer_list reversed; /* 1: from the last item to the first; one for each of them, or empty: none */
};

union attributes {
    struct input_attributes input;
    struct constant_attributes constant;
    struct activation_attributes activation;
    struct axis_attributes axis;
    struct transpose_attributes transpose;
    struct reshape_attributes reshape;
    struct slice_attributes slice;
    struct gather_attributes gather;
    struct normalization_attributes normalization;
    struct quantizer_attributes quantizer;
    struct lookup_attributes lookup;
    struct loop_attributes loop;
};

struct graph;
struct analysis; /* range.c */
struct attribute_field;

struct node {
    enum op op;
    const char *name;      /* from the model, or made by the pass that made it; never NULL */
    const char *source_op; /* the operator in the model's own words, or NULL */
    uint32_t input_count;
    valref *inputs;
    valref result; /* the first one: results are values in a row */
    uint32_t result_count;
    union attributes attributes;
    struct graph *body; /* scan, map: the node's own; whoever walks a graph recurses */
    bool dead;          /* removed; swept by graph_compact */
    uint32_t reads;     /* where its operands stand in the graph's list of readers */
};

struct graph_output {
    const char *name;
    valref value;
    struct meaning meaning; /* integer graphs, seldom */
};

struct read;
struct graph {
    struct bxc_context *context;
    struct arena *arena;
    const char *name;   /* a legal identifier is derived from it at code generation */
    const char *source; /* the file it was read from, for diagnostics; not printed */
    int opset;
    struct node *nodes; /* in an order in which operands come first */
    uint32_t node_count, node_capacity;
    struct value *values;
    uint32_t value_count, value_capacity;
    struct graph_output *outputs;
    uint32_t output_count, output_capacity;
    struct read *reads; /* every operand of every node (readers.c) */
    uint32_t read_count, read_capacity;
    struct analysis *open; /* between graph_open and graph_close, else NULL */
};

struct graph *graph_new(struct bxc_context *context, const char *name);
void graph_free(struct graph *graph);
struct graph *graph_clone(const struct graph *graph);

struct node *graph_node(const struct graph *graph, noderef node);
struct value *graph_value(const struct graph *graph, valref value);
struct node *graph_definition(const struct graph *graph, valref value);
bool valref_equal(valref a, valref b);
valref node_result(const struct node *node, uint32_t index);
/* Constants' data, or NULL when the value is not a constant of that kind. */
const float *graph_reals(const struct graph *graph, valref value);
const int64_t *graph_integers(const struct graph *graph, valref value);
struct format graph_format(const struct graph *graph, valref value, size_t element);
struct interval graph_interval(const struct graph *graph, valref value, size_t element);
/* Scale of element e of a value of this shape; 1 and zero point 0 without meaning. */
double meaning_scale(const struct meaning *meaning, const struct shape *shape, size_t element, double *zero_point);
struct location graph_location(const struct graph *graph, const struct node *node);

/* Appends a node and infers its result (kind, shape, formats, intervals). attributes may be NULL
 * where the family has none. Names and everything that attributes point to are copied. NO_VALUE and a diagnosis when
 * inference refuses. */
valref graph_append(struct graph *graph, enum op op, const char *name, const valref *inputs, uint32_t input_count,
                    const union attributes *attributes);
/* The same for a node with a body, which becomes the node's when it is appended, and with one result an output of the
 * body where its family says so. */
valref graph_append_with_body(struct graph *graph, enum op op, const char *name, const valref *inputs,
                              uint32_t input_count, const union attributes *attributes, struct graph *body);
valref graph_append_input(struct graph *graph, const char *name, struct shape shape);
valref graph_append_integer_input(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                                  enum rounding rounding, enum overflow overflow);
valref graph_append_reals(struct graph *graph, const char *name, struct shape shape, const float *reals);
/* Integers with formats (VALUE_INTEGER); an empty formats gives VALUE_INDEX. */
valref graph_append_integers(struct graph *graph, const char *name, struct shape shape, struct formats formats,
                             const int64_t *integers);
void graph_append_output(struct graph *graph, const char *name, valref value);
void graph_name_value(struct graph *graph, valref value, const char *name);
/* Every reader of `old`, outputs included, reads the replacement instead, but for what defines that. */
void graph_replace(struct graph *graph, valref old, valref replacement);
/* The same without outputs: they are the value still. */
void graph_put_behind(struct graph *graph, valref value, valref behind);
/* A new operand of a node; whoever writes to `inputs` instead leaves the graph's readers wrong. */
void graph_set_operand(struct graph *graph, struct node *node, uint32_t slot, valref value);
/* Drops dead and unused nodes (inputs stay), sorts operands first, renumbers. Returns whether any went. */
bool graph_compact(struct graph *graph);
/* The model's inputs, in order. */
struct value_list {
    uint32_t count;
    valref *at;
};
struct value_list graph_inputs(const struct graph *graph, struct arena *arena);
/* For what makes nodes: the operands of one more, and those of all. */
void readers_add_node(struct graph *graph, uint32_t node);
void readers_find(struct graph *graph);
bool readers_are_right(const struct graph *graph); /* what graph_verify asks */
/* The operands of live nodes that are this value, in the order of the nodes. */
struct reader_list {
    uint32_t count;
    struct value_reader {
        noderef node;
        uint32_t slot;
    } * at;
};
struct reader_list graph_readers(const struct graph *graph, valref value, struct arena *arena);
/* Users of a value among live nodes; *output tells whether it is a graph output too. */
uint32_t graph_use_count(const struct graph *graph, valref value, bool *output);
/* The live node whose one operand is the value, and nobody else's is; else NO_NODE. *output likewise. */
noderef graph_sole_reader(const struct graph *graph, valref value, bool *output);
/* formats helper: one format for all. */
struct formats formats_uniform(struct arena *arena, struct format format);
struct formats formats_copy(struct arena *arena, const struct formats *formats);
struct meaning meaning_copy(struct arena *arena, const struct meaning *meaning);
struct port_steps port_steps_copy(struct arena *arena, const struct port_steps *steps);
/* attributes.c: a deep copy, by the operator's field table. */
union attributes attributes_copy(struct arena *arena, enum op op, const union attributes *attributes);
/* Whether a field of the operator's family belongs to the operator. */
bool attribute_applies(const struct attribute_field *field, enum op op);
bool attribute_is_list(const struct attribute_field *field); /* of integers, reals, names, shapes or steps */

/* ---- ops.c, ops/<family>.c: what an operator is ---------------------------------------------------- */

enum { EVENT_LANES = 64 };

/* A block of one value: element e of event l is data[e * element_stride + l * lane_stride];
 * a constant has lane stride 0 and element stride 1, all else EVENT_LANES and 1. */
struct evaluator_state; /* eval.c */
struct real_operand {
    const float *data;
    size_t element_stride, lane_stride;
};
struct integer_operand {
    const int64_t *data;
    size_t element_stride, lane_stride;
};

struct evaluation {
    const struct graph *graph;
    const struct node *node;
    const void *plan;                       /* what prepare made, or NULL */
    const struct real_operand *reals;       /* one an input, in real arithmetic */
    const struct integer_operand *integers; /* one an input, in integers */
    float *real_result;                     /* elements x EVENT_LANES; of several results, one after the other */
    int64_t *integer_result;                /* likewise */
    struct evaluator_state *body;           /* of the node's body, or NULL */
    int lanes;                              /* events in this block, 1 .. EVENT_LANES */
};

enum op_arithmetic { ARITHMETIC_REAL = 1, ARITHMETIC_INTEGER = 2, ARITHMETIC_BOTH = 3 };

/* One a family; slots may be NULL, which is a diagnosis where it is needed. */
struct op_family {
    const char *name;
    /* Sets kind, shape, formats and intervals of the results (an array) from the operands'; -1 and a diagnosis
     * when operands do not go together. Also checks attributes: it is the verifier's rule. */
    int (*infer)(struct graph *graph, struct node *node, struct value *result);
    /* Work done once a graph, e.g. weights shifted to a common fraction. */
    const void *(*prepare)(const struct graph *graph, const struct node *node, struct arena *arena);
    void (*eval_real)(const struct evaluation *evaluation);
    void (*eval_integer)(const struct evaluation *evaluation);
    const struct attribute_field *fields;         /* ends with a NULL name; text, JSON and documentation come from it */
    uint32_t (*results)(const struct node *node); /* how many; NULL: one */
    bool has_body;
};

/* The aggregate kinds stand for the whole struct of their family, whatever the offset: INDICES for
 * shape and indices of gather_attributes, SLICES for slice_attributes, TABLES and STAIRS for shape
 * and tables or stairs of lookup_attributes, CONSTANT for constant_attributes. */
enum attribute_kind {
    ATTRIBUTE_BOOL,
    ATTRIBUTE_INT,
    ATTRIBUTE_INT64,
    ATTRIBUTE_FLOAT,
    ATTRIBUTE_ROUNDING,
    ATTRIBUTE_OVERFLOW,
    ATTRIBUTE_FORMATS,
    ATTRIBUTE_SHAPE,
    ATTRIBUTE_PERMUTATION,
    ATTRIBUTE_INDICES,
    ATTRIBUTE_SLICES,
    ATTRIBUTE_TABLES,
    ATTRIBUTE_STAIRS,
    ATTRIBUTE_CONSTANT,
    ATTRIBUTE_MEANING,
    /* the lists; empty when not given: */
    ATTRIBUTE_INTEGERS,
    ATTRIBUTE_REALS,
    ATTRIBUTE_NAMES,
    ATTRIBUTE_SHAPES,
    ATTRIBUTE_STEPS
};

struct attribute_field {
    const char *name;
    enum attribute_kind kind;
    size_t offset; /* in union attributes */
    const char *summary;
    const enum op *ops; /* the operators of the family that have it, then OP_COUNT; NULL: all */
};

struct op_info {
    const char *name; /* "matmul" */
    const struct op_family *family;
    enum op_arithmetic arithmetic;
    int inputs_min, inputs_max; /* -1: any number */
    const char *summary;
};

const struct op_info *op_info(enum op op);
bool op_parse(const char *name, enum op *op);
/* Elementwise function of one real operand (relu, sigmoid, exp, ...): in binary32, and in binary64
 * for the tables of transcendental ones. False when the op is no such function. */
bool op_unary_real(const struct node *node, float x, float *y);
bool op_unary_double(const struct node *node, double x, double *y);
bool op_is_transcendental(enum op op);
bool op_is_quantiser(enum op op); /* the model's, or a narrow */
/* Values that engines give when asked for inner ones: integers that are no constants, and no inputs that nobody reads.
 */
bool node_is_probed(const struct graph *graph, const struct node *node);
bool op_is_movement(enum op op); /* elements go elsewhere unchanged: reshape, transpose, concat, slice, gather */
/* Quantisers on one number, in binary32 as their sources compute it. */
float quant_real(float x, float scale, float zero_point, float bits, const struct quantizer_attributes *attributes);
float bipolar_quant_real(float x, float scale);
float trunc_quant_real(float x, float scale, float zero_point, float in_bits, float out_scale, float out_bits,
                       const struct quantizer_attributes *attributes);
float round_real(float x, enum rounding rounding);

/* ---- geometry of operators: which elements of the operands an element of the result reads ---- */

/* movement.c: the operand and its element that each element of the result is. */
struct movement {
    uint32_t operand, element;
};
const struct movement *movement_map(const struct graph *graph, const struct node *node, struct arena *arena);

/* linear.c: a product of stacks of matrices. Element ((batch * rows + row) * columns + column) of the result
 * sums left[batch] + row * depth + k times right[batch] + k * columns + column over k. */
struct matrix_product {
    size_t batches, rows, depth, columns;
    const size_t *left, *right;
};
struct matrix_product product_geometry(struct arena *arena, const struct shape *left, const struct shape *right);

/* reduction.c: elements are outer x length x inner. */
struct axis_reduction {
    size_t outer, length, inner;
};
struct axis_reduction reduction_geometry(const struct shape *shape, int64_t axis);

/* loop.c: where the items of a sliced operand or of a stacked result lie. Places count sliced operands first, then
 * stacked results. */
struct loop_place {
    int64_t trips;
    size_t inner; /* elements of the whole: outer x trips x inner */
    bool reversed;
};
struct loop_place loop_place(const struct graph *graph, const struct node *node, uint32_t place);
/* The element of the whole that is `element` of the item which a trip has. */
size_t loop_element(const struct loop_place *place, int64_t trip, size_t element);
bool loop_is_sliced(const struct node *node, uint32_t operand); /* else it is carried, or read whole */
uint32_t loop_stacked(const struct node *node);                 /* how many: results behind those that are carried */

/* ---- verify.c, range.c ---------------------------------------------------------------------------- */

/* Checks everything that must hold between passes: operands first, types as inferred afresh,
 * intervals equal to a fresh run. -1 and diagnoses naming the nodes. */
int graph_verify(const struct graph *graph);
bool graph_is_integer(const struct graph *graph); /* every value an integer (or index constant) */
/* Shapes, kinds, formats and intervals of all nodes afresh, intervals through linear forms of
 * independent sources. -1 and a diagnosis by name when one needs more than 64 bits. */
int graph_infer(struct graph *graph);
/* Between the two, graph_append gives an empty graph's nodes the intervals that graph_infer would: for whoever reads a
 * graph, or builds one whose tables must cover no more than what can come. */
void graph_open(struct graph *graph);
void graph_close(struct graph *graph);
int graph_infer_appended(struct graph *graph, struct node *node); /* what graph_append calls */

/* ---- text.c: print, parse, print gives the same bytes (doc/ir.md) ------------------------------------- */

void graph_print(struct strbuf *out, const struct graph *graph);
/* NULL and diagnoses with lines of `file` when the text is wrong. */
struct graph *graph_parse(struct bxc_context *context, const char *file, const char *text, size_t length);

/* ---- eval.c: a graph over blocks of events ----------------------------------------------------------- */

struct evaluator; /* plans for a graph; immutable, shared by threads */
/* A state: the buffers of one thread. */

struct evaluator *evaluator_new(const struct graph *graph, struct arena *arena);
struct evaluator_state *evaluator_state_new(const struct evaluator *evaluator); /* malloc; NULL when out */
void evaluator_state_free(struct evaluator_state *state);
/* Runs up to EVENT_LANES events of a graph in real arithmetic. inputs[i]: events x elements of the
 * i-th input, row-major; outputs likewise. Thread-safe between states. */
void evaluator_run_reals(const struct evaluator *evaluator, struct evaluator_state *state, int lanes,
                         const float *const *inputs, float *const *outputs);
void evaluator_run_integers(const struct evaluator *evaluator, struct evaluator_state *state, int lanes,
                            const int64_t *const *inputs, int64_t *const *outputs);
/* After a run: the block of any value of the graph, elements x EVENT_LANES (probes). */
const float *evaluator_reals(const struct evaluator_state *state, valref value);
const int64_t *evaluator_integers(const struct evaluator_state *state, valref value);
/* How many events at a time: so many that their numbers at the ports take some tens of MB, at most. */
size_t graph_block_events(const struct graph *graph);
/* Any number of events at once, blocks in parallel by OpenMP (context->threads). */
int graph_run_reals(const struct graph *graph, size_t events, const float *const *inputs, float *const *outputs);
int graph_run_integers(const struct graph *graph, size_t events, const int64_t *const *inputs, int64_t *const *outputs);

/* ---- port.c: between the numbers outside and the integers at a port -------------------------------------- */

struct port_rule { /* of one element */
    struct format format;
    int64_t lo, hi;          /* what the port can carry */
    double step;             /* 2^fraction */
    float scale, zero_point; /* of the meaning; 1 and 0 without one */
    const float *constants;  /* one for each of the reader's operations */
};
/* How numbers become the integers of one input, planned once: whoever turns an event into port integers reads
 * by this, and the emitted C prints it. */
struct port_reader {
    const struct graph *graph;
    valref input;
    enum rounding rounding;
    enum overflow overflow;
    bool meant; /* through the operations, in binary32; else there are none */
    uint32_t operation_count;
    const enum port_operation *operations; /* in order, one rounding each */
    size_t elements;
    struct port_rule *rules; /* by element */
};
struct port_reader *port_reader_new(const struct graph *graph, valref input, struct arena *arena);
/* in, out: events x elements, row-major. Exact up to the port's rounding. -1 and a diagnosis for NaN (event and
 * element named, counted from first_event). */
int port_read_doubles(const struct port_reader *reader, size_t events, size_t first_event, const double *in,
                      int64_t *out);
int port_read_floats(const struct port_reader *reader, size_t events, size_t first_event, const float *in,
                     int64_t *out);
int port_read_integers(const struct port_reader *reader, size_t events, size_t first_event, const int64_t *in,
                       int64_t *out);
/* The same for one array of binary32 numbers. */
int port_from_reals(const struct graph *graph, valref input, size_t events, size_t first_event, const float *in,
                    int64_t *out);
/* integer -> real, with the meaning of the input or output when there is one (NULL: none). */
void port_to_reals(const struct graph *graph, valref value, const struct meaning *meaning, size_t events,
                   const int64_t *in, double *out);

/* ---- datapath.c, datapath_interval.c, datapath_verify.c, datapath_text.c, datapath_eval.c, datapath_demand.c: scalars
 * on a schedule ---- */

typedef struct {
    uint32_t id;
} wireref;
#define NO_WIRE ((wireref){UINT32_MAX})

enum wire_op {
    WIRE_INPUT,       /* element of an input port */
    WIRE_CONSTANT,    /* interval lo = hi */
    WIRE_SUM,         /* constant + sum of +-(wire << shift); at most three terms after `trees` */
    WIRE_MULTIPLY,    /* a * b */
    WIRE_LESS,        /* a < b, 0 or 1 */
    WIRE_EQUAL,       /* a == b, 0 or 1 */
    WIRE_SELECT,      /* a ? b : c, a is 0 or 1 */
    WIRE_TABLE,       /* tables[table] at a */
    WIRE_CLAMP,       /* a limited to [lo, hi] of the clamp */
    WIRE_SHIFT_RIGHT, /* floor(a / 2^amount) */
    WIRE_WRAP,        /* low `amount` bits of a, read as signed or unsigned */
    WIRE_AND,
    WIRE_OR,
    WIRE_XOR, /* bitwise on two's complement of unlimited width */
    WIRE_NOT,
    WIRE_OP_COUNT
};

struct term {
    wireref wire;
    uint8_t shift;
    bool negative;
};

struct wire {
    enum wire_op op;
    uint32_t operand_count;
    struct term *operands;      /* shift and negative are 0 except in a sum */
    int64_t constant;           /* sum: the added constant; constant: its value */
    int64_t lo, hi;             /* interval of the result; every value in it fits 64 bits */
    int64_t clamp_lo, clamp_hi; /* clamp */
    int32_t amount;             /* shift_right, wrap; input: element of the port */
    bool wrap_signed;
    uint32_t table;   /* table; input: port */
    noderef origin;   /* node of the quantised graph, or NO_NODE */
    uint32_t element; /* of the origin's result */
    int32_t cycle;    /* pipeline stage in which it is computed; inputs 0; -1 unscheduled */
    int32_t arrival;  /* picoseconds after that stage's clock edge, by the delay model; estimate */
};

/* Where element e of a graph value is: value = (negative ? -1 : 1) * ((wire - offset) << shift), a negative shift
 * being one to the right that drops zeros; or absorbed: what reads it is computed without it. Probes keep nothing
 * alive. */
struct probe {
    valref value;
    uint32_t element;
    wireref wire; /* NO_WIRE: absorbed by optimisation */
    int32_t shift;
    bool negative;
    int64_t offset;
    valref absorber; /* of an absorbed one: the value that it became part of; NO_VALUE: of none, or not known */
};

struct port_element {
    wireref wire;
    struct format format;
};

struct port {
    const char *name; /* the model's */
    valref value;     /* of the quantised graph */
    uint32_t element_count;
    struct port_element *elements;
};

struct linear_form; /* datapath_interval.c: what a wire is in terms of others */

struct datapath {
    struct wire *wires; /* operands first */
    uint32_t wire_count, wire_capacity;
    struct linear_form *forms; /* one a wire; kept by datapath_append */
    struct table *tables;
    uint32_t table_count, table_capacity;
    struct probe *probes;
    uint32_t probe_count, probe_capacity;
};

enum block_kind { BLOCK_UNROLLED };

struct block {
    enum block_kind kind;
    int initiation_interval; /* cycles between events */
    int latency;             /* rising edges from the one that samples in_valid to the one that samples out_valid */
    int beats;               /* clock cycles in which one event's words arrive */
    struct datapath datapath;
};

struct design {
    struct bxc_context *context;
    struct arena *arena;
    const struct graph *graph; /* the quantised graph, outlives the design */
    const char *name;          /* prefix of every module and external symbol; a legal identifier */
    struct port *inputs, *outputs;
    uint32_t input_count, output_count;
    struct block *blocks;
    uint32_t block_count;
    int clock_ps; /* period in picoseconds; 0 before it is scheduled */
    int latency;  /* of the whole, as above; boundary registers included */
    bool input_registers, output_registers;
};

struct design *design_new(const struct graph *graph, const char *name);
void design_free(struct design *design);
/* Appends a wire and computes its interval from its operands; context_bug when it leaves 64 bits. */
wireref datapath_append(struct design *design, struct datapath *datapath, const struct wire *wire);
/* From its operands' intervals alone; what datapath_append stores may be tighter, as it follows
 * sums back to the wires that they are linear in. */
struct interval wire_interval(const struct datapath *datapath, const struct wire *wire);
int wire_width(const struct wire *wire);      /* bits of its interval; 0 for the constant 0 */
bool wire_is_signed(const struct wire *wire); /* lo < 0 */
/* A table with these entries (copied), the same index for the same content. */
uint32_t datapath_table(struct design *design, struct datapath *datapath, const struct table *table);
void datapath_probe(struct design *design, struct datapath *datapath, struct probe probe);
/* After datapath_replace put another datapath in the place of `old`: probes whose wires nobody reads any more
 * are absorbed by the value that their readers lead to. map[old wire] is the new wire. */
void design_absorb_probes(struct design *design, const struct datapath *old, const wireref *map);
int64_t probe_value(const struct probe *probe, int64_t wire); /* of the graph's value, from the wire's */
/* Values of all probes as the datapath has them, events x probes; 0 where absorbed. */
void design_run_probes(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *values);
/* Into bits[wire], zero before: how many low bits of each wire somebody reads; 0 for constants. */
void datapath_demand(const struct design *design, const struct datapath *datapath, uint8_t *bits);
/* partial_sums.c: a copy of the graph with the sums that adders make on the way, as further values that nobody reads.
 */
struct graph *graph_with_partial_sums(const struct graph *graph, const struct design *design);
/* Drops wires that no output reads, keeps order, renumbers ports and probes (probes of dropped
 * wires become absorbed). */
void design_compact(struct design *design);
/* Checks order, operand counts, intervals against a fresh run, outputs against port formats, and
 * once scheduled that no operand comes later than its reader. */
int design_verify(const struct design *design);
extern const char *const wire_op_names[WIRE_OP_COUNT]; /* "sum", "less", ... */
/* Operands that a wire of this operator has; -1 for a sum, which has any number. */
int wire_op_operands(enum wire_op op);
void design_print(struct strbuf *out, const struct design *design);
struct design *design_parse(struct bxc_context *context, const struct graph *graph, const char *file, const char *text,
                            size_t length);
/* The datapath's own meaning, event by event: inputs and outputs as graph_run_integers. */
int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs);

#endif
