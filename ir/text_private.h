/* What the parts of the text form share: text_print.c, text_lex.c, text_parse.c, text_attributes.c.
 * The form itself is specified in doc/ir.md. */
#ifndef BXC_IR_TEXT_PRIVATE_H
#define BXC_IR_TEXT_PRIVATE_H

#include "ir/ops.h"

/* ---- printing ---- */

/* Breaks long lists over lines. */
struct printer {
    struct strbuf *out;
    size_t line_start; /* offset in out */
};

void print_newline(struct printer *printer, int indent);
void print_separator(struct printer *printer, bool first); /* between two members of a list */
void print_string(struct strbuf *out, const char *text);
void print_real(struct strbuf *out, double real); /* hexadecimal, shortest, whatever the locale */
void print_shape(struct strbuf *out, const struct shape *shape);
void print_formats(struct printer *printer, const struct formats *formats);
void print_meaning(struct printer *printer, const struct meaning *meaning);
void print_attribute(struct printer *printer, const struct graph *graph, const struct node *node,
                     const struct attribute_field *field);
/* Fields that the result's type already says, or that are empty, are not printed. */
bool attribute_is_printed(const struct node *node, const struct attribute_field *field);

/* ---- reading: each returns false after the first diagnosis ---- */

struct reader_state {
    struct bxc_context *context;
    struct arena *scratch; /* of the parse */
    const char *file;
    const char *at, *end;
    int line;
    bool failed;
};

bool read_error(struct reader_state *reader, const char *format, ...) PRINTF_LIKE(2, 3);
int read_peek(struct reader_state *reader);               /* next character behind blanks and comments; -1 at the end */
bool read_accept(struct reader_state *reader, char mark); /* takes the mark when it is next; no diagnosis */
bool read_expect(struct reader_state *reader, char mark);
enum { WORD_SIZE = 64 };
bool read_word(struct reader_state *reader, char word[WORD_SIZE]); /* letters, digits, '_', '.' */
bool read_string(struct reader_state *reader, char **text);        /* in scratch */
bool read_integer(struct reader_state *reader, int64_t *number);
bool read_integer_between(struct reader_state *reader, int64_t low, int64_t high, int64_t *number);
bool read_real(struct reader_state *reader, double *real);
bool read_float(struct reader_state *reader, float *real); /* a hexadecimal number must fit exactly */
bool read_shape(struct reader_state *reader, struct shape *shape);
bool read_format(struct reader_state *reader, struct format *format);

/* A list in braces of at most `limit` members of `size` bytes, read one by one into scratch, which grows
 * as members come: counts in the text allocate nothing. */
struct member_list {
    void *data;
    size_t count;
};
bool read_list(struct reader_state *reader, size_t limit, size_t size,
               bool (*member)(struct reader_state *reader, void *place), struct member_list *list);
/* The same with exactly one member for each element of the shape. */
bool read_elements(struct reader_state *reader, const struct shape *shape, size_t size,
                   bool (*member)(struct reader_state *reader, void *place), void **data);
bool read_member_integer(struct reader_state *reader, void *place); /* int64_t */
bool read_member_float(struct reader_state *reader, void *place);

bool read_formats(struct reader_state *reader, struct formats *formats);
bool read_meaning(struct reader_state *reader, struct meaning *meaning);
/* The value behind "name=". rank: of the first operand, for permutations and slices. */
bool read_attribute(struct reader_state *reader, const struct attribute_field *field, int rank,
                    union attributes *attributes);
/* Whether numbers of this shape are spread over a tensor of that one. */
bool shape_spreads(const struct shape *narrow, const struct shape *wide);

#endif
