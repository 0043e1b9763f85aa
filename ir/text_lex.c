/* The text form's tokens: blanks and comments, words, names in quotes, numbers, lists.
 *
 * Nothing here depends on the locale, and memory grows with what was read, never with a number
 * that the text claims. The first error stops the reading. */
#include "ir/text_private.h"

#include <math.h>
#include <string.h>

enum { ELEMENTS_MAX = 1 << 26 };

bool read_error(struct reader_state *reader, const char *format, ...) {
    if (reader->failed) return false;
    struct strbuf message = strbuf_new(reader->scratch);
    va_list arguments;
    va_start(arguments, format);
    strbuf_vprintf(&message, format, arguments);
    va_end(arguments);
    reader->failed = true;
    diag_error(&reader->context->diagnostics, (struct location){.file = reader->file, .line = reader->line}, NULL, "%s",
               message.data);
    return false;
}

int read_peek(struct reader_state *reader) {
    bool comment = false;
    for (; reader->at < reader->end; reader->at++) {
        char c = *reader->at;
        if (c == '\n') {
            reader->line++;
            comment = false;
        } else if (c == '#') {
            comment = true;
        } else if (!comment && c != ' ' && c != '\t' && c != '\r') {
            return (unsigned char)c;
        }
    }
    return -1;
}

bool read_accept(struct reader_state *reader, char mark) {
    if (read_peek(reader) != (unsigned char)mark) return false;
    reader->at++;
    return true;
}

bool read_expect(struct reader_state *reader, char mark) {
    if (read_accept(reader, mark)) return true;
    int next = read_peek(reader);
    if (next < 0) return read_error(reader, "the text ends where '%c' is expected", mark);
    if (next < ' ' || next > '~')
        return read_error(reader, "byte 0x%02x stands where '%c' is expected", (unsigned)next, mark);
    return read_error(reader, "'%c' stands where '%c' is expected", next, mark);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

bool read_word(struct reader_state *reader, char word[WORD_SIZE]) {
    size_t length = 0;
    read_peek(reader);
    for (; reader->at < reader->end && is_word(*reader->at); reader->at++) {
        if (length + 1 == WORD_SIZE) return read_error(reader, "a word has more than %d letters", WORD_SIZE - 1);
        word[length++] = *reader->at;
    }
    word[length] = 0;
    return length > 0 || read_error(reader, "a word is expected");
}

static int hexadecimal_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What stands behind a backslash. */
static bool read_escape(struct reader_state *reader, char *c) {
    if (reader->at == reader->end) return read_error(reader, "a name has no closing quote");
    char mark = *reader->at++;
    *c = mark == 'n' ? '\n' : mark;
    if (mark == '"' || mark == '\\' || mark == 'n') return true;
    if (mark != 'x' || reader->end - reader->at < 2)
        return read_error(reader, "an escape in a name is none of \\\" \\\\ \\n \\xHH");
    int high = hexadecimal_digit(reader->at[0]), low = hexadecimal_digit(reader->at[1]);
    if (high < 0 || low < 0 || high + low == 0)
        return read_error(reader, "an escape in a name is none of \\\" \\\\ \\n \\xHH");
    *c = (char)(high * 16 + low);
    reader->at += 2;
    return true;
}

bool read_string(struct reader_state *reader, char **text) {
    if (!read_expect(reader, '"')) return false;
    const char *close = reader->at;
    while (close < reader->end && *close != '"' && *close != '\n')
        close += *close == '\\' && reader->end - close > 1 ? 2 : 1;
    size_t length = 0, room = (size_t)((close < reader->end ? close : reader->end) - reader->at);
    char *copy = arena_alloc(reader->scratch, room + 1);
    while (reader->at < reader->end && *reader->at != '"') {
        char c = *reader->at++;
        if (c == '\n' || c == 0) return read_error(reader, "a name has no closing quote");
        if (c == '\\' && !read_escape(reader, &c)) return false;
        copy[length++] = c;
    }
    if (reader->at == reader->end) return read_error(reader, "a name has no closing quote");
    reader->at++;
    *text = copy;
    return true;
}

/* ---- numbers ---- */

bool read_integer(struct reader_state *reader, int64_t *number) {
    bool negative = read_accept(reader, '-');
    uint64_t magnitude = 0, limit = (uint64_t)INT64_MAX + negative;
    if (reader->at == reader->end || !is_digit(*reader->at)) return read_error(reader, "a whole number is expected");
    for (; reader->at < reader->end && is_digit(*reader->at); reader->at++) {
        uint64_t digit = (uint64_t)(*reader->at - '0');
        if (magnitude > (limit - digit) / 10) return read_error(reader, "a whole number does not fit 64 bits");
        magnitude = magnitude * 10 + digit;
    }
    *number = (int64_t)(negative ? 0 - magnitude : magnitude);
    return true;
}

bool read_integer_between(struct reader_state *reader, int64_t low, int64_t high, int64_t *number) {
    if (!read_integer(reader, number)) return false;
    if (*number < low || *number > high)
        return read_error(reader, "the number %lld is not between %lld and %lld", (long long)*number, (long long)low,
                          (long long)high);
    return true;
}

/* Digits of a base into a mantissa below 2^60; *point counts those behind the point. */
static bool read_digits(struct reader_state *reader, int base, uint64_t *mantissa, int *point) {
    bool behind = false, any = false;
    *mantissa = 0;
    *point = 0;
    for (; reader->at < reader->end; reader->at++) {
        int digit = hexadecimal_digit(*reader->at);
        if (*reader->at == '.' && !behind) {
            behind = true;
            continue;
        }
        if (digit < 0 || digit >= base) break;
        if (*mantissa >> 54) return read_error(reader, "a number has more digits than binary64 holds");
        *mantissa = *mantissa * (unsigned)base + (unsigned)digit;
        *point += behind;
        any = true;
    }
    return any || read_error(reader, "a number is expected");
}

static bool read_exponent(struct reader_state *reader, int *exponent) {
    int64_t number;
    if (reader->at < reader->end && *reader->at == '+') reader->at++;
    if (!read_integer_between(reader, -2000, 2000, &number)) return false;
    *exponent = (int)number;
    return true;
}

static bool read_hexadecimal(struct reader_state *reader, double *real) {
    uint64_t mantissa;
    int point, exponent = 0;
    if (!read_digits(reader, 16, &mantissa, &point)) return false;
    if (reader->at < reader->end && *reader->at == 'p') {
        reader->at++;
        if (!read_exponent(reader, &exponent)) return false;
    }
    *real = ldexp((double)mantissa, exponent - 4 * point);
    if ((uint64_t)(double)mantissa != mantissa || ldexp(*real, 4 * point - exponent) != (double)mantissa)
        return read_error(reader, "a number is not one of binary64");
    return true;
}

/* For people: rounded once, so it is as good as any reader's. */
static bool read_decimal(struct reader_state *reader, double *real) {
    uint64_t mantissa;
    int point;
    double scale = 1;
    if (!read_digits(reader, 10, &mantissa, &point)) return false;
    if (mantissa >> 53 || point > 22)
        return read_error(reader, "a decimal number has too many digits; write it in hexadecimal");
    for (int i = 0; i < point; i++) scale *= 10;
    *real = (double)mantissa / scale;
    return true;
}

static bool read_magnitude(struct reader_state *reader, double *real, bool *hexadecimal) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"inf", HUGE_VAL}, {"nan", NAN}};
    for (int i = 0; i < 2; i++)
        if (reader->end - reader->at >= 3 && memcmp(reader->at, words[i].word, 3) == 0) {
            reader->at += 3;
            *real = words[i].value;
            return true;
        }
    *hexadecimal = reader->end - reader->at >= 2 && reader->at[0] == '0' && reader->at[1] == 'x';
    if (!*hexadecimal) return read_decimal(reader, real);
    reader->at += 2;
    return read_hexadecimal(reader, real);
}

static bool read_signed_real(struct reader_state *reader, double *real, bool *hexadecimal) {
    bool negative = read_accept(reader, '-');
    *hexadecimal = false;
    if (!read_magnitude(reader, real, hexadecimal)) return false;
    if (negative) *real = -*real;
    return true;
}

bool read_real(struct reader_state *reader, double *real) {
    bool hexadecimal;
    return read_signed_real(reader, real, &hexadecimal);
}

bool read_float(struct reader_state *reader, float *real) {
    bool hexadecimal;
    double wide;
    if (!read_signed_real(reader, &wide, &hexadecimal)) return false;
    *real = (float)wide;
    if (hexadecimal && (double)*real != wide) return read_error(reader, "a number is not one of binary32");
    return true;
}

/* ---- shapes and formats ---- */

bool read_shape(struct reader_state *reader, struct shape *shape) {
    *shape = (struct shape){0};
    if (!read_expect(reader, '[')) return false;
    while (!read_accept(reader, ']')) {
        if (shape->rank == SHAPE_RANK_MAX) return read_error(reader, "a shape has more than %d axes", SHAPE_RANK_MAX);
        if (shape->rank && !read_expect(reader, ',')) return false;
        if (!read_integer_between(reader, 0, ELEMENTS_MAX, &shape->dim[shape->rank])) return false;
        shape->rank++;
    }
    if (shape_elements(shape) > ELEMENTS_MAX)
        return read_error(reader, "a tensor has more than %d elements", ELEMENTS_MAX);
    return true;
}

bool read_format(struct reader_state *reader, struct format *format) {
    char word[WORD_SIZE + 8];
    size_t length = 0;
    read_peek(reader);
    for (; reader->at < reader->end && (is_word(*reader->at) || *reader->at == '-') && length < WORD_SIZE; reader->at++)
        word[length++] = *reader->at;
    word[length] = 0;
    return format_parse(word, format) || read_error(reader, "'%s' is no format, such as s16f10 or u8f8", word);
}

/* ---- lists ---- */

bool read_list(struct reader_state *reader, size_t limit, size_t size,
               bool (*member)(struct reader_state *reader, void *place), struct member_list *list) {
    size_t capacity = 0;
    *list = (struct member_list){0};
    if (!read_expect(reader, '{')) return false;
    while (!read_accept(reader, '}')) {
        if (list->count && !read_expect(reader, ',')) return false;
        if (list->count == limit) return read_error(reader, "a list has more than %zu members", limit);
        if (list->count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            list->data = arena_grow(reader->scratch, list->data, list->count * size, capacity * size);
        }
        if (!member(reader, (char *)list->data + list->count * size)) return false;
        list->count++;
    }
    return true;
}

bool read_elements(struct reader_state *reader, const struct shape *shape, size_t size,
                   bool (*member)(struct reader_state *reader, void *place), void **data) {
    size_t elements = shape_elements(shape);
    struct member_list list;
    if (!read_list(reader, elements, size, member, &list)) return false;
    if (list.count != elements)
        return read_error(reader, "a list has %zu members where the shape has %zu", list.count, elements);
    *data = list.data;
    return true;
}

bool read_member_integer(struct reader_state *reader, void *place) {
    return read_integer(reader, place);
}

bool read_member_float(struct reader_state *reader, void *place) {
    return read_float(reader, place);
}
