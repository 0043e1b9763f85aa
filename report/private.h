/* What the files of report/ know of each other. Sections are named after files. */
#ifndef BXC_REPORT_PRIVATE_H
#define BXC_REPORT_PRIVATE_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "report/report.h"

/* ---- json.c: building, with memory running out diagnosed, and reading; trees belong to the arena ---- */
cJSON *json_root(struct arena *arena);
cJSON *json_object(struct arena *arena, cJSON *parent, const char *key); /* key NULL: appended to an array */
cJSON *json_array(struct arena *arena, cJSON *parent, const char *key);
void json_text(struct arena *arena, cJSON *parent, const char *key, const char *text); /* NULL becomes null */
void json_null(struct arena *arena, cJSON *parent, const char *key);
/* NaN and infinity become null */
void json_number(struct arena *arena, cJSON *parent, const char *key, double number);
void json_bool(struct arena *arena, cJSON *parent, const char *key, bool value);
void json_answer(struct arena *arena, cJSON *parent, const char *key, bool known, bool value); /* null: not known */
void json_print(struct strbuf *out, const cJSON *root);
struct json_reader {
    struct bxc_context *context;
    struct arena *arena;
    const char *path, *what; /* what: it should be, "report" */
    struct strbuf place;     /* of the object that is being read: "layers[3].cost" */
    bool wrong;              /* something was missing or of the wrong kind: diagnosed */
};
struct json_reader json_reader_of(struct bxc_context *context, struct arena *arena, const char *path, const char *what);
const cJSON *json_read(struct json_reader *reader, const char *text); /* an object, or NULL */
/* Into a member, or with index >= 0 into an item of it, and back out with what read_into gave. */
size_t read_into(struct json_reader *reader, const char *key, int index);
void read_out(struct json_reader *reader, size_t outer);
const char *read_text(struct json_reader *reader, const cJSON *object, const char *key);
const char *read_text_or_null(struct json_reader *reader, const cJSON *object, const char *key); /* null gives NULL */
struct bound { /* what a number of a file may be; what: such a number, "a count" */
    double low, high;
    const char *what;
};
extern const struct bound bound_count, bound_int, bound_share, bound_from_zero, bound_from_one, bound_or_none,
    bound_period, bound_bit;
/* bound NULL: any; and so below */
double read_bounded(struct json_reader *reader, const cJSON *item, const char *key, const struct bound *bound);
double read_number(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound);
/* null gives otherwise */
double read_number_or(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound,
                      double otherwise);
bool read_bool(struct json_reader *reader, const cJSON *object, const char *key);
/* null gives false */
bool read_bool_or_null(struct json_reader *reader, const cJSON *object, const char *key);
/* NULL when it is no array (cJSON_ArrayForEach would walk objects too). */
const cJSON *read_array(struct json_reader *reader, const cJSON *object, const char *key, uint32_t *count);
uint64_t read_count(struct json_reader *reader, const cJSON *object, const char *key);
int read_int(struct json_reader *reader, const cJSON *object, const char *key, const struct bound *bound);
/* "layers[3].name is not a text", or that there is none (item NULL); told once a file. */
void read_wrong(struct json_reader *reader, const cJSON *item, const char *key, const char *wanted);

/* ---- fields.c: what a struct has, written and read by one table ---- */
enum field_kind {
    FIELD_END,
    FIELD_NAME,    /* const char *, never NULL */
    FIELD_TEXT,    /* const char *; NULL is null */
    FIELD_NUMBER,  /* double; NaN is null */
    FIELD_ERROR,   /* double; infinite is null */
    FIELD_AMOUNT,  /* double, always there and finite */
    FIELD_BOOL,    /* bool */
    FIELD_INT,     /* int */
    FIELD_COUNT32, /* uint32_t */
    FIELD_COUNT,   /* uint64_t */
    FIELD_WHOLE,   /* int64_t, as a text */
    FIELD_SEED,    /* uint64_t, as a text */
    FIELD_GROUP,   /* an object of fields that lie beside each other in the struct */
    FIELD_STRUCT,  /* an object: a struct in the struct */
    FIELD_IF,      /* fields that are there where the bool at `offset` is set */
    FIELD_LIST,    /* an array of structs, allocated; their number at `count` */
    FIELD_ROW,     /* an array of structs in the struct, at most so many */
    FIELD_NAMES,   /* const char **, their number at `count` */
    FIELD_OTHER    /* by `write` and `read`, which may be NULL */
};
struct field {
    const char *key;
    enum field_kind kind;
    size_t offset, count, size; /* in the struct; of an item */
    uint32_t most;
    bool later;                /* may be missing: it stays zero */
    const struct bound *bound; /* of NUMBER, ERROR, AMOUNT and INT; NULL: any */
    const struct field *fields;
    void (*write)(struct arena *arena, cJSON *json, const char *key, const void *object);
    void (*read)(struct json_reader *reader, const cJSON *json, const char *key, void *object);
};
#define FIELD(type, kind_, key_, member)                                                                               \
    { .key = (key_), .kind = FIELD_##kind_, .offset = offsetof(type, member) }
#define FIELD_LATER(type, kind_, key_, member)                                                                         \
    { .key = (key_), .kind = FIELD_##kind_, .offset = offsetof(type, member), .later = true }
#define FIELD_WITHIN(type, kind_, key_, member, bound_)                                                                \
    { .key = (key_), .kind = FIELD_##kind_, .offset = offsetof(type, member), .bound = &(bound_) }
#define FIELD_LATER_WITHIN(type, kind_, key_, member, bound_)                                                          \
    { .key = (key_), .kind = FIELD_##kind_, .offset = offsetof(type, member), .later = true, .bound = &(bound_) }
#define FIELD_TOGETHER(key_, fields_)                                                                                  \
    { .key = (key_), .kind = FIELD_GROUP, .fields = (fields_) }
#define FIELD_IN(type, key_, member, fields_)                                                                          \
    { .key = (key_), .kind = FIELD_STRUCT, .offset = offsetof(type, member), .fields = (fields_) }
#define FIELD_IF_SET(type, member, fields_)                                                                            \
    { .key = "", .kind = FIELD_IF, .offset = offsetof(type, member), .fields = (fields_) }
#define FIELD_LIST_OF(type, key_, member, count_, fields_)                                                             \
    {                                                                                                                  \
        .key = (key_), .kind = FIELD_LIST, .offset = offsetof(type, member), .count = offsetof(type, count_),          \
        .size = sizeof *((type *)0)->member, .fields = (fields_)                                                       \
    }
#define FIELD_LATER_LIST_OF(type, key_, member, count_, fields_)                                                       \
    {                                                                                                                  \
        .key = (key_), .kind = FIELD_LIST, .offset = offsetof(type, member), .count = offsetof(type, count_),          \
        .size = sizeof *((type *)0)->member, .later = true, .fields = (fields_)                                        \
    }
#define FIELD_ROW_OF(type, key_, member, count_, most_, fields_)                                                       \
    {                                                                                                                  \
        .key = (key_), .kind = FIELD_ROW, .offset = offsetof(type, member), .count = offsetof(type, count_),           \
        .size = sizeof *((type *)0)->member, .most = (most_), .fields = (fields_)                                      \
    }
#define FIELD_NAMES_OF(type, key_, member, count_)                                                                     \
    { .key = (key_), .kind = FIELD_NAMES, .offset = offsetof(type, member), .count = offsetof(type, count_) }
#define FIELD_LATER_NAMES_OF(type, key_, member, count_)                                                               \
    {                                                                                                                  \
        .key = (key_), .kind = FIELD_NAMES, .offset = offsetof(type, member), .count = offsetof(type, count_),         \
        .later = true                                                                                                  \
    }
#define FIELD_BY(key_, write_, read_)                                                                                  \
    { .key = (key_), .kind = FIELD_OTHER, .write = (write_), .read = (read_) }
void fields_write(struct arena *arena, cJSON *json, const struct field *fields, const void *object);
void fields_read(struct json_reader *reader, const cJSON *json, const struct field *fields, void *object);
/* Of a member, or with index >= 0 of an item of it. */
void fields_read_at(struct json_reader *reader, const cJSON *item, const char *key, int index,
                    const struct field *fields, void *object);
const char **read_names(struct json_reader *reader, const cJSON *json, const char *key, uint32_t *count);
extern const struct field verdict_fields[];              /* verdict_json.c */
extern const struct field layer_fields[], port_fields[]; /* report_json.c */

/* ---- words.c: numbers and names as people read them ---- */
/* UTF-8 without control characters; what is neither becomes '?' */
const char *words_clean(struct arena *arena, const char *text);
const char *words_events(struct arena *arena, double number);     /* "1 event" */
const char *words_clock(struct arena *arena, double nanoseconds); /* of a period, in MHz */
double clock_megahertz(double nanoseconds);                       /* the same number */
const char *words_number(struct arena *arena, double number);     /* four significant digits; "-" for NaN */
const char *words_area(struct arena *arena, double area);         /* of a ROC curve; "-" for NaN */
/* "4.69 % of one SLR of 4"; "" of one die */
const char *words_slr(struct arena *arena, double used, double available, int slr);
enum { CROSSING_NS = 25, LEVEL1_NS = 12500 };
const char *words_crossings(struct arena *arena, double nanoseconds); /* "2.44 bunch crossings of 25 ns" */
const char *words_level1(struct arena *arena, double nanoseconds);    /* "0.49 % of a level-1 latency of 12.5 us" */
/* "a new event every 4 cycles, 11.11 ns: 90,000,000 events/s" */
const char *words_interval(struct arena *arena, const struct compile_report *report);
double report_events_per_second(const struct compile_report *report);
/* "2 events fit in a bunch crossing of 25 ns" */
const char *words_keeps(struct arena *arena, const struct compile_report *report);
const char *words_some(struct arena *arena, double number);               /* nothing of none */
const char *words_hardware(struct arena *arena, const struct cost *cost); /* "1,642 LUT, 2,486 FF, 8 block RAMs" */
/* "block 1: 96 bits, up to 3 cycles later", "at once": what block `number`, from 1 on, reads; "" of nothing */
const char *words_channels(struct arena *arena, const struct compile_report *report, int number);
const char *words_port_bits(struct arena *arena, const struct port_report *port); /* "96", "24 x 4" */
extern const char words_formats[];                                                /* how formats are read */
const char *words_cycles(struct arena *arena, int first, int last);               /* "0-2", "-": in columns */
/* "in cycles 0 to 2", "in cycle 3", "in no cycle" */
const char *words_in_cycles(struct arena *arena, int first, int last);
/* "act0[2] -> dense1[3] (sum, sum) -> act1[3] (clamp)" */
const char *words_path(struct arena *arena, const struct compile_report *report);
const char *words_engine(struct arena *arena, const struct engine_result *result); /* "rtl, gaps" */
const char *words_result(struct arena *arena, const struct engine_result *result); /* "equal", "differs", ... */
const char *words_difference(struct arena *arena, const struct difference *difference);
/* at most so many bytes from its end, from between two words if it can */
const char *words_tail(const char *name, size_t most);
/* "gluon", or "class 2"; of a single output's curve, class 1. */
const char *words_class(struct arena *arena, const struct labelled *labelled, uint32_t number);
/* " of y" where there are several */
const char *words_of_output(struct arena *arena, const struct labelled *labelled, uint32_t count);
const char *words_engines(struct arena *arena, const struct verdict *verdict); /* "c, hls, rtl" that ran */
/* What was measured otherwise than interface.json tells: "latency", "interval" or both; and what it tells: "5 cycles"
 */
const char *words_wrong_timing(const struct verdict *verdict);
const char *words_told_timing(struct arena *arena, const struct verdict *verdict);
/* What a verdict does not say, a line each: engines that did not run or were not built, files that were edited. */
const char **words_reservations(struct arena *arena, const struct verdict *verdict, uint32_t *count);
const char *words_made_up(const struct verdict *verdict); /* "", or that no event was the experiment's */
/* "18 of 10,000 decisions flipped (0.18 %), largest error ..." */
const char *words_loss(struct arena *arena, const struct loss *loss);
/* What is proven of the floats of a network with quantisers; NULL: it has none, or nothing was compared. */
const char *words_floats(struct arena *arena, const struct loss *loss);
/* "event 5 of the files: y[2] is 0.5, not 0.53: the port's rounding" */
const char *words_worst(struct arena *arena, const struct worst_number *worst);
const char *words_flips(struct arena *arena, const struct loss *loss); /* by cause; "" without any */
/* "flipped decisions 1.20 % of at most 1.00 %: too many" */
const char *words_gate(struct arena *arena, const struct gate *gate);
/* else it is of an earlier make */
bool verdict_is_of(const struct verdict *verdict, const struct compile_report *report);
extern const char words_hls[]; /* what stands beside figures of the HLS path */

/* ---- modules.c ---- */
/* The layers' rows by module, rows of nothing left out. */
struct layer_report *report_modules(struct arena *arena, const struct compile_report *report, uint32_t *count);

/* ---- table.c: tables for the terminal ---- */
enum { TABLE_COLUMNS_MAX = 12 };
struct text_table {
    struct arena *arena;
    int columns;
    const char *const *headings; /* '>' before a heading: numbers, to the right */
    const char ***rows;
    size_t count, capacity;
};
void table_row(struct text_table *table, const char *const *cells); /* NULL: an empty cell */
void table_print(struct strbuf *out, const struct text_table *table, bool colour);
void table_heading(struct strbuf *out, const char *text, bool colour);
const char *table_shortened(struct arena *arena, const char *name); /* the end of a long name */

/* ---- svg.c, html.c, html_verdict.c ---- */
void append_escaped(struct strbuf *out, const char *text); /* for XML text and attributes */
void svg_timeline(struct strbuf *out, const struct compile_report *report);
void svg_resources(struct strbuf *out, const struct compile_report *report);
void svg_ranges(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict);
void svg_curves(struct strbuf *out, const struct labelled *labelled);
void html_network_banner(struct strbuf *out, const struct verdict *verdict);
void html_verdict(struct strbuf *out, const struct verdict *verdict);
/* Up to the end of the title, inside <header>. */
void html_page_start(struct strbuf *out, const char *title, const char *kicker);
/* ends with NULL; '>' before a name: numbers */
void html_table_start(struct strbuf *out, const char *caption, const char *const *headings);
void html_name(struct strbuf *out, const char *name); /* may be broken between its words */
void html_name_cell(struct strbuf *out, const char *name);
void html_cell(struct strbuf *out, const char *text, bool is_number);
void html_command(struct strbuf *out, const char *text);
extern const char html_style[], html_style_pictures[]; /* one after the other */

#endif
