/* ADD and SUB of whole numbers with scales. The kernel takes both operands to numbers of 28 bits, adds them and rounds
 * the sum: binary32 does not hold that. The result depends on two codes alone, so it is also a sum of two tables of
 * fewer bits, rounded, if there are such tables: each pair of codes bounds what the sum of their entries may be. */
#include "frontend/tflite/integers.h"

#include <math.h>

enum {
    CODES = 256,
    FRACTION_MIN = 3,
    FRACTION_BITS_MAX = 13,
    ROUNDS_MAX = 32,
    SUMS_MAX = 256 /* of a model: each takes some milliseconds */,
    WIDE_SHIFT = 20
};

struct sum {
    struct tflite_codes x[2], y;
    bool subtracts;
    int64_t wide[2][CODES]; /* what the kernel takes the codes to */
    struct tflite_factor back;
    int64_t entries[2][CODES]; /* of the tables, in units of 2^-fraction of the result's */
    int fraction;
    int16_t results[CODES][CODES]; /* of each pair of codes */
};

static void find_wide(struct sum *sum) {
    const double twice = 2 * (double)fmaxf(sum->x[0].scale, sum->x[1].scale);
    for (int i = 0; i < 2; i++) {
        const struct tflite_factor factor = tflite_factor((double)sum->x[i].scale / twice);
        for (int64_t q = 0; q < CODES; q++) {
            int64_t wide = (sum->x[i].least + q - sum->x[i].zero_point) * (INT64_C(1) << WIDE_SHIFT);
            wide = tflite_multiplied(wide, factor);
            sum->wide[i][q] = i && sum->subtracts ? -wide : wide;
        }
    }
    sum->back = tflite_factor(twice / (double)(sum->y.scale * (float)(1 << WIDE_SHIFT)));
}

static int64_t result_of(const struct sum *sum, int a, int b) {
    const int64_t least = sum->y.least - sum->y.zero_point, most = sum->y.most - sum->y.zero_point;
    const int64_t result = tflite_multiplied(sum->wide[0][a] + sum->wide[1][b], sum->back);
    return result < least ? least : result > most ? most : result;
}

/* The least and the largest sum of entries that is rounded to the result; beyond its limits there is no such. */
static int64_t least_sum(const struct sum *sum, int64_t result) {
    if (result == sum->y.least - sum->y.zero_point) return INT32_MIN;
    return result * (INT64_C(1) << sum->fraction) - (INT64_C(1) << (sum->fraction - 1));
}
static int64_t largest_sum(const struct sum *sum, int64_t result) {
    if (result == sum->y.most - sum->y.zero_point) return INT32_MAX;
    return result * (INT64_C(1) << sum->fraction) + (INT64_C(1) << (sum->fraction - 1)) - 1;
}

static void begin(struct sum *sum) {
    const double unit = ldexp((double)sum->back.multiplier, (int)sum->back.exponent - 31 + sum->fraction);
    for (int i = 0; i < 2; i++)
        for (int q = 0; q < CODES; q++) sum->entries[i][q] = llrint((double)sum->wide[i][q] * unit);
}

/* Raises the first table's entries, and lowers the second one's, where a pair asks for it: where there are tables at
 * all that comes to an end. True when nothing changed. */
static bool settle(struct sum *sum) {
    bool settled = true;
    for (int a = 0; a < CODES; a++) {
        int64_t entry = sum->entries[0][a];
        for (int b = 0; b < CODES; b++) {
            const int64_t need = least_sum(sum, sum->results[a][b]) - sum->entries[1][b];
            entry = need > entry ? need : entry;
        }
        settled = settled && entry == sum->entries[0][a];
        sum->entries[0][a] = entry;
    }
    for (int b = 0; b < CODES; b++) {
        int64_t entry = sum->entries[1][b];
        for (int a = 0; a < CODES; a++) {
            const int64_t room = largest_sum(sum, sum->results[a][b]) - sum->entries[0][a];
            entry = room < entry ? room : entry;
        }
        settled = settled && entry == sum->entries[1][b];
        sum->entries[1][b] = entry;
    }
    return settled;
}

static bool find_entries(struct sum *sum) {
    for (sum->fraction = FRACTION_MIN; sum->fraction <= FRACTION_BITS_MAX; sum->fraction++) {
        begin(sum);
        for (int round = 0; round < ROUNDS_MAX; round++)
            if (settle(sum)) return true;
    }
    return false;
}

static const char *tell_table(const struct tflite_operation *operation, const struct sum *sum, size_t i) {
    Tensorflow__NodeDef *node = tflite_code_node(operation, "Table", i ? "b" : "a", tflite_centred(operation, i));
    tflite_set_table(operation, node, sum->x[i].least - sum->x[i].zero_point, sum->entries[i], CODES, 1, sum->fraction);
    return node->name;
}

static int read_codes(const struct tflite_operation *operation, struct sum *sum) {
    if (operation->inputs.count != 2) return tflite_refuse(operation, NULL, "it has no two operands");
    for (size_t i = 0; i < 2; i++)
        if (tflite_codes(operation, tflite_input(operation, i), &sum->x[i]) < 0) return -1;
    if (tflite_codes(operation, flat_element(operation->outputs, 0), &sum->y) < 0 ||
        tflite_limit_fused(operation, &sum->y) < 0)
        return -1;
    const float largest = fmaxf(sum->x[0].scale, sum->x[1].scale);
    if (largest / sum->y.scale < 0x1p-8f || largest / sum->y.scale > 0x1p8f)
        return tflite_refuse(operation, NULL, "its scales are %g times apart", (double)(largest / sum->y.scale));
    return 0;
}

int tflite_tell_code_sum(const struct tflite_operation *operation) {
    const struct tflite_model *model = operation->model;
    struct sum *sum = ARENA_NEW(model->arena, struct sum);
    if (++operation->model->sums > SUMS_MAX)
        return tflite_refuse(operation, NULL, "the model adds whole numbers in more than %d places", SUMS_MAX);
    sum->subtracts = operation->operator->code == 41;
    if (read_codes(operation, sum) < 0) return -1;
    find_wide(sum);
    for (int a = 0; a < CODES; a++)
        for (int b = 0; b < CODES; b++) sum->results[a][b] = (int16_t)result_of(sum, a, b);
    if (!find_entries(sum))
        return tflite_refuse(operation, "quantise the float model with bxc",
                             "no two tables of 22 bits add up to what its kernel computes");
    const char *a = tell_table(operation, sum, 0), *b = tell_table(operation, sum, 1);
    Tensorflow__NodeDef *node = tflite_node(operation, "Add", "sum");
    tflite_reads_name(model, node, a);
    tflite_reads_name(model, node, b);
    tflite_set_limits(model, tflite_code_node(operation, "Rounded", NULL, node->name), &sum->y, true);
    return 0;
}
