/* A clock as text becomes its period in whole picoseconds: the one number that pipeline, constraints,
 * reports and hash go by. Exact decimal arithmetic, so that 360MHz and 2.778ns are one clock everywhere. */
#include "target/target.h"

#include <strings.h>

enum { DIGITS_MAX = 18, EXPONENT_MAX = 12 };

struct decimal {
    int64_t digits;
    int exponent; /* of ten */
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *read_digits(const char *text, struct decimal *number, bool fraction) {
    for (; is_digit(*text); text++) {
        if (number->digits >= INT64_C(100000000000000000)) /* one more would be beyond DIGITS_MAX */
            return NULL;
        number->digits = 10 * number->digits + (*text - '0');
        number->exponent -= fraction;
    }
    return text;
}

static const char *read_exponent(const char *text, struct decimal *number) {
    bool negative = *text == '-';
    int exponent = 0;
    text += *text == '-' || *text == '+';
    if (!is_digit(*text)) return NULL;
    for (; is_digit(*text) && exponent < 100; text++) exponent = 10 * exponent + (*text - '0');
    number->exponent += negative ? -exponent : exponent;
    return text;
}

/* The text behind the number; NULL when there is none that fits. */
static const char *read_decimal(const char *text, struct decimal *number) {
    const char *start = text;
    *number = (struct decimal){0};
    text = read_digits(text, number, false);
    if (text && *text == '.') text = read_digits(text + 1, number, true);
    if (!text || !number->digits || !(is_digit(*start) || is_digit(start[1]))) return NULL;
    if (*text == 'e' || *text == 'E') text = read_exponent(text + 1, number);
    return text && number->exponent >= -DIGITS_MAX && number->exponent <= EXPONENT_MAX ? text : NULL;
}

static int128 power_of_ten(int exponent) {
    int128 power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

bool clock_parse(const char *text, int *picoseconds) {
    static const struct {
        const char *unit;
        int exponent;
        bool frequency;
    } units[] = {/* of a picosecond */
                 {"GHz", 3, true}, {"MHz", 6, true}, {"kHz", 9, true},
                 {"ps", 0, false}, {"ns", 3, false}, {"us", 6, false}};
    struct decimal number;
    const char *unit = read_decimal(text, &number);
    while (unit && *unit == ' ') unit++;
    for (size_t i = 0; unit && i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(unit, units[i].unit) != 0) continue;
        int up = units[i].exponent + (units[i].frequency ? -number.exponent : number.exponent);
        int128 over = power_of_ten(up), under = power_of_ten(-up);
        *(units[i].frequency ? &under : &over) *= number.digits;
        int128 period = (2 * over + under) / (2 * under);
        *picoseconds = period <= CLOCK_PS_MAX ? (int)period : 0;
        return period >= CLOCK_PS_MIN && period <= CLOCK_PS_MAX;
    }
    return false;
}
