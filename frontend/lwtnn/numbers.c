/* Numbers, which lwtnn's converters write as they are or as texts. */
#include "frontend/lwtnn/lwtnn.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Decimal, whatever the locale has as its point: text that strtod would end at is none. */
static bool number_of(const cJSON *item, double *number) {
    if (cJSON_IsNumber(item)) *number = item->valuedouble;
    if (cJSON_IsNumber(item)) return true;
    if (!cJSON_IsString(item)) return false;
    cJSON *parsed = cJSON_Parse(item->valuestring);
    bool is = cJSON_IsNumber(parsed);
    *number = is ? parsed->valuedouble : 0;
    cJSON_Delete(parsed);
    return is;
}

int lwtnn_number(const struct lwtnn_reader *reader, const char *path, const cJSON *item, double *number) {
    *number = 0;
    if (!number_of(item, number))
        return native_fail(&reader->json, path, item ? "this is not a number" : "a number is missing");
    if (fabs(*number) <= (double)FLT_MAX) return 0;
    return native_fail(&reader->json, path, "%g is no number of binary32", *number);
}

float *lwtnn_numbers(const struct lwtnn_reader *reader, const char *path, const cJSON *item, size_t *count) {
    const cJSON *member;
    size_t i = 0;
    if (native_array(&reader->json, path, item, count) < 0) return NULL;
    if (*count > LWTNN_NUMBERS_MAX) {
        native_fail(&reader->json, path, "%zu numbers are more than %d", *count, LWTNN_NUMBERS_MAX);
        return NULL;
    }
    float *numbers = ARENA_ARRAY(reader->json.arena, float, *count + 1);
    cJSON_ArrayForEach (member, item) {
        double number;
        if (!number_of(member, &number) || !(fabs(number) <= (double)FLT_MAX)) {
            native_fail(&reader->json, path, "member %zu is no number of binary32", i);
            return NULL;
        }
        numbers[i++] = (float)number;
    }
    return numbers;
}

int lwtnn_whole(const struct lwtnn_reader *reader, const char *path, const cJSON *item, int64_t low, int64_t high,
                int64_t *number) {
    return native_whole(&reader->json, path, item, low, high, number);
}
