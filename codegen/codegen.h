/* Emitters: one folder a language. Each gives files in memory; the driver puts them on disk. */
#ifndef BXC_CODEGEN_H
#define BXC_CODEGEN_H

#include "target/target.h"

struct emitted_file {
    char *path; /* inside fw/: "rtl/jets_top.v" */
    char *data;
    size_t length;
    bool executable;
};

struct file_set { /* in order of emission */
    struct arena *arena;
    struct emitted_file *files;
    uint32_t count, capacity;
};

void file_set_add(struct file_set *files, const char *path, const char *data, size_t length); /* copies */

/* What emitters know besides graph and design. */
struct emission {
    struct bxc_context *context;
    const struct graph *graph;   /* the quantised graph */
    const struct design *design; /* scheduled; NULL for languages that do not need it */
    const char *name;            /* legal identifier, prefix of every module and external symbol */
    const char *content_hash;    /* 64 hexadecimal digits */
    int clock_ps;                /* period in picoseconds */
    const char *part_code;
    struct file_set *files;
};

struct language {
    const char *name, *summary;                   /* "verilog" */
    int (*emit)(const struct emission *emission); /* -1 and diagnoses by node name */
    bool (*supports)(enum op op);                 /* for 'bxc ops' */
};
extern const struct language languages[]; /* verilog, hls, c, interface; ends with a NULL name (codegen/codegen.c) */

int verilog_emit(const struct emission *emission);   /* rtl/ and sim/ */
int hls_emit(const struct emission *emission);       /* hls/ */
int c_emit(const struct emission *emission);         /* c/ */
int interface_emit(const struct emission *emission); /* interface.json */
bool verilog_supports(enum op op);
bool hls_supports(enum op op);
bool c_supports(enum op op);

/* ---- names.c: injective maps to legal identifiers ---- */
struct names; /* one scope */
struct names *names_new(struct arena *arena);
/* A legal identifier of C, C++, Verilog and VHDL (no keyword of any), unique in the scope, as near to
 * `wanted` as that allows; the same for the same sequence of calls. */
const char *names_unique(struct names *names, const char *wanted);
/* A legal identifier from any text, not made unique. NULL or empty gives "bxc". */
const char *name_identifier(struct arena *arena, const char *wanted);
/* The same for the whole firmware: no name of the templates either. */
const char *name_firmware(struct arena *arena, const char *wanted);
/* A name of the model as it may stand in a comment of one line, of any language. */
const char *comment_text(struct arena *arena, const char *text);

/* ---- layers.c: what modules and rows of reports are ---- */
/* For each node of the quantised graph the node whose layer it belongs to; itself when it opens one. */
uint32_t *layer_heads(const struct graph *graph, struct arena *arena);
extern const char shared_layer[]; /* the name of that of wires which are no node's */

/* ---- layout.c: flat ports, element 0 in the low bits, no padding ---- */
struct port_layout {
    const char *name;     /* identifier */
    const char *original; /* the model's */
    uint32_t elements;
    uint32_t *offset;      /* bits, of each element */
    struct format *format; /* of each element; width 0 takes no bits */
    uint32_t width;        /* of the flat port; at least 1 (a port of no bits has one bit, 0) */
    uint32_t beats, slots; /* clocks in a row in which the elements arrive, and numbers in each; 1 and all of them */
    uint32_t *slot, *beat; /* of each element; its offset is its slot's */
    uint32_t *slot_offset; /* bits, of each slot; so wide as every element in it fits when its sign is extended */
    struct format *slot_format;
    valref value;
    const struct meaning *meaning;  /* NULL: a number is m * 2^-fraction */
    const struct port_steps *steps; /* NULL: none are listed */
};
struct layout {
    struct port_layout *inputs, *outputs;
    uint32_t input_count, output_count;
};
/* Names that the top's own ports, parameters and signals have; ends with NULL. No port has one of them, nor the
 * module's. */
extern const char *const layout_own_names[];
/* "s13f7", or "3 to 9 bits" where elements have formats of their own: for comments. */
const char *format_range(struct arena *arena, const struct format *format, size_t count);
struct layout *layout_new(const struct graph *graph, struct arena *arena); /* all elements at once */
struct layout *layout_of_design(const struct design *design, struct arena *arena);

/* ---- template.c: files of hls_templates/ with @{key}s; built into the library (build/templates.c) ---- */
struct template_key {
    const char *key, *value; /* ends with a NULL key */
};
/* An unknown or unused key is an error with the template's line. */
int template_expand(struct bxc_context *context, const char *file, const struct template_key *keys, struct strbuf *out);
/* What codegen/embed.sh made of hls_templates/; ends with a NULL name. */
struct template_file {
    const char *name;
    const unsigned char *text; /* length bytes and a terminating 0 */
    size_t length;
};
extern const struct template_file template_files[];
/* Every identifier of their code, in lower case; ends with NULL. */
extern const char *const template_words[];
/* The text of a file of hls_templates/, or NULL. */
const char *template_text(const char *file, size_t *length);

/* ---- wrap.c ---- */
/* The text with no line longer than 119 columns where a space allows it. */
struct strbuf wrap_code(struct arena *arena, const char *text);
/* Every line four blanks further in, but for empty ones and those of a preprocessor. */
const char *code_indented(struct arena *arena, const char *text);

/* ---- movement.c ---- */
/* Loops that copy the operands of a transpose, a slice or a concatenation to `y`; operands: their names. */
void movement_print(const struct graph *graph, const struct node *node, const char *const *operands, bool unrolled,
                    struct arena *arena, struct strbuf *out);

/* ---- nest.c: loop nests over the elements of a tensor, for languages that keep loops ---- */
enum { NEST_ARRAYS_MAX = 4 };
struct nest {
    struct arena *arena;
    struct shape shape; /* of what is looped over */
    int rank;           /* loops after nest_finish */
    int64_t count[SHAPE_RANK_MAX];
    int array_count;
    int64_t offset[NEST_ARRAYS_MAX], stride[NEST_ARRAYS_MAX][SHAPE_RANK_MAX];
};
void nest_start(struct nest *nest, struct arena *arena, const struct shape *shape);
/* Adds an array by its stride along each axis; returns its number. */
int nest_array(struct nest *nest, int64_t offset, const int64_t *stride);
/* Adds an array whose shape broadcasts to the nest's. */
int nest_broadcast(struct nest *nest, const struct shape *narrow);
void nest_finish(struct nest *nest); /* drops loops of one turn, merges loops */
/* The loops' heads, ready for one statement; then what closes them. Unrolled: with braces and bxc_hls.h's marks. */
void nest_open(const struct nest *nest, struct strbuf *out, bool unrolled);
void nest_close(const struct nest *nest, struct strbuf *out, bool unrolled);
const char *nest_index(const struct nest *nest, int array); /* "32 * i + j" */
/* One floating-point number printed by a format, with a point whatever the locale says. */
const char *real_text(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
