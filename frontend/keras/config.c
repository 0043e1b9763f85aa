/* Members of configurations: absent and null are the same. */
#include "frontend/keras/keras.h"

#include <math.h>
#include <string.h>

const cJSON *keras_member(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

const char *keras_text(const cJSON *object, const char *key) {
    const cJSON *item = keras_member(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

bool keras_flag(const cJSON *object, const char *key, bool fallback) {
    const cJSON *item = keras_member(object, key);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : cJSON_IsNumber(item) ? item->valuedouble != 0 : fallback;
}

double keras_number(const cJSON *object, const char *key, double fallback) {
    const cJSON *item = keras_member(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

/* -1: it is none that counts anything. */
static int whole(const cJSON *item, int64_t *out) {
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble) ||
        fabs(item->valuedouble) > (double)(1 << 30))
        return -1;
    *out = (int64_t)item->valuedouble;
    return 0;
}

/* Nested lists, as of ((1, 2), (3, 4)), in one row. */
static int append_integers(const cJSON *item, int64_t *out, int count, int most) {
    if (!cJSON_IsArray(item)) return count < most && whole(item, &out[count]) == 0 ? count + 1 : -1;
    for (const cJSON *each = item->child; each && count >= 0; each = each->next)
        count = cJSON_IsArray(each) && cJSON_IsArray(each->child) ? -1 : append_integers(each, out, count, most);
    return count;
}

int keras_integers(const struct keras_reader *reader, const struct keras_layer *layer, const char *key, int64_t *out,
                   int most) {
    const cJSON *item = keras_member(layer->config, key);
    if (!item) return 0;
    int count = append_integers(item, out, 0, most);
    return count >= 0 ? count
                      : keras_error(reader, layer, key, NULL, "%s is no list of at most %d whole numbers", key, most);
}

int keras_integer_each(const struct keras_reader *reader, const struct keras_layer *layer, const char *key,
                       int64_t fallback, int64_t *out, int count) {
    int got = keras_integers(reader, layer, key, out, count);
    if (got < 0) return -1;
    if (got == 0) out[0] = fallback;
    if (got > 1 && got != count)
        return keras_error(reader, layer, key, NULL, "%s has %d numbers where %d are needed", key, got, count);
    for (int i = 1; got <= 1 && i < count; i++) out[i] = out[0];
    return 0;
}

int keras_axis(const struct keras_reader *reader, const struct keras_layer *layer, const char *key, double axis,
               int rank) {
    double at = axis < 0 ? axis + rank : axis;
    if (at >= 1 && at < rank && at == floor(at)) return (int)at;
    return keras_error(reader, layer, key, NULL, at == 0 ? "axis %g is that of the events" : "the input has no axis %g",
                       axis);
}

bool keras_channels_first(const struct keras_reader *reader, const struct keras_layer *layer) {
    (void)reader;
    const char *format = keras_text(layer->config, "data_format");
    return format && strcmp(format, "channels_first") == 0;
}
