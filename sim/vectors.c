/* Events that are made, not read: corner vectors, where arithmetic goes wrong first, and random ones,
 * half uniform over what the ports can carry and half distributed as the calibration events were. An
 * event depends on the seed and its number alone, so that blocks and threads do not matter. */
#include <cjson/cJSON.h>
#include <string.h>
#include <unistd.h>

#include "sim/private.h"
#include "ir/file.h"
#include "ir/random.h"

enum { TIE_BITS_LEAST = 20, TIE_BITS_MOST = 62, SINGLE_MAX = 200 };

/* ---- random numbers ---- */

static uint64_t event_state(uint64_t seed, uint64_t index) {
    uint64_t state = seed;
    uint64_t first = splitmix64(&state);
    state = first ^ (index * 0xd1342543de82ef95u);
    splitmix64(&state);
    return state;
}

/* Near enough to normal, and the same on every machine: no logarithm of somebody's library. */
static double normal(uint64_t *state) {
    uint64_t sum = 0;
    for (int i = 0; i < 12; i++) sum += splitmix64(state) >> 16;
    return (double)sum / 281474976710656.0 - 6.0;
}

void uniform_event(const struct port_elements *ports, uint64_t seed, uint64_t index, int64_t *event) {
    uint64_t state = event_state(seed, index);
    for (size_t i = 0; i < ports->count; i++) {
        struct format format = ports->formats[i];
        uint64_t bits = splitmix64(&state);
        if (format.width <= 0)
            event[i] = 0;
        else if (format.is_signed) /* the highest bits, sign extended */
            event[i] = (int64_t)fixed_overflow((int128)(int64_t)(bits >> (64 - format.width)), format, OVERFLOW_WRAP);
        else
            event[i] = (int64_t)(bits >> (64 - format.width));
    }
}

void calibrated_event(const struct port_elements *ports, uint64_t seed, uint64_t index, float *event) {
    uint64_t state = event_state(seed, index);
    for (size_t i = 0; i < ports->count; i++) event[i] = (float)(ports->mean[i] + ports->deviation[i] * normal(&state));
}

/* ---- corners ---- */

static int64_t into(struct format format, int128 value) {
    return format.width <= 0 ? 0 : fixed_overflow(value, format, OVERFLOW_SATURATE);
}

enum whole {
    WHOLE_ZERO,
    WHOLE_MIN,
    WHOLE_MAX,
    WHOLE_ONE,
    WHOLE_MINUS_ONE,
    WHOLE_ABOVE_MIN,
    WHOLE_BELOW_MAX,
    WHOLE_MIN_MAX,
    WHOLE_MAX_MIN,
    WHOLE_COUNT
};

static int64_t whole_corner(enum whole kind, struct format format, size_t element) {
    int64_t lo = format.width > 0 ? format_min(format) : 0, hi = format.width > 0 ? format_max(format) : 0;
    switch (kind) {
    case WHOLE_MIN: return lo;
    case WHOLE_MAX: return hi;
    case WHOLE_ONE: return into(format, 1);
    case WHOLE_MINUS_ONE: return into(format, -1);
    case WHOLE_ABOVE_MIN: return into(format, (int128)lo + 1);
    case WHOLE_BELOW_MAX: return into(format, (int128)hi - 1);
    case WHOLE_MIN_MAX: return element % 2 ? hi : lo;
    case WHOLE_MAX_MIN: return element % 2 ? lo : hi;
    default: return 0;
    }
}

/* Odd multiples of every power of two: ties of whatever rounding drops the bits below and that one. */
static int64_t tie_corner(uint64_t index, struct format format) {
    static const int odd[4] = {1, 3, -1, -3};
    return into(format, (int128)odd[index % 4] * ((int128)1 << (index / 4)));
}

static int64_t single_corner(uint64_t kind, struct format format) {
    switch (kind) {
    case 0: return whole_corner(WHOLE_MIN, format, 0);
    case 1: return whole_corner(WHOLE_MAX, format, 0);
    case 2: return into(format, 1);
    default: return into(format, -1);
    }
}

static size_t singles(const struct port_elements *ports) {
    return ports->count < SINGLE_MAX ? ports->count : SINGLE_MAX;
}

/* Bits that something may drop: as many as the widest element has. */
static uint64_t tie_bits(const struct port_elements *ports) {
    int bits = TIE_BITS_LEAST;
    for (size_t i = 0; i < ports->count; i++) bits = ports->formats[i].width > bits ? ports->formats[i].width : bits;
    return (uint64_t)(bits < TIE_BITS_MOST ? bits : TIE_BITS_MOST);
}

uint64_t corner_events(const struct port_elements *ports) {
    return WHOLE_COUNT + 4 * tie_bits(ports) + 4 * singles(ports);
}

void corner_event(const struct port_elements *ports, uint64_t index, int64_t *event) {
    memset(event, 0, ports->count * sizeof *event);
    if (index < WHOLE_COUNT) {
        for (size_t i = 0; i < ports->count; i++) event[i] = whole_corner((enum whole)index, ports->formats[i], i);
        return;
    }
    index -= WHOLE_COUNT;
    const uint64_t ties = 4 * tie_bits(ports);
    if (index < ties) {
        for (size_t i = 0; i < ports->count; i++) event[i] = tie_corner(index, ports->formats[i]);
        return;
    }
    index -= ties;
    size_t element = (size_t)(index / 4) * ports->count / singles(ports); /* evenly, when there are too many */
    event[element] = single_corner(index % 4, ports->formats[element]);
}

/* ---- what the ports carry, and how calibration filled them ---- */

/* Where no calibration is known: a standard normal, as trainers standardise; smaller where it would not
 * fit, and the middle of the range where nothing is negative. */
static void guess_distribution(struct port_elements *ports, size_t element) {
    struct format format = ports->formats[element];
    double high = format.width > 0 ? fixed_to_real(format_max(format), format.fraction) : 0;
    ports->mean[element] = format.is_signed ? 0 : high / 2;
    ports->deviation[element] = format.is_signed && high > 4 ? 1 : high / 4;
}

static void read_numbers(const cJSON *list, double *numbers, size_t count) {
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != count) return;
    const cJSON *item;
    size_t i = 0;
    cJSON_ArrayForEach (item, list) {
        if (cJSON_IsNumber(item)) numbers[i] = item->valuedouble;
        i++;
    }
}

static void read_input(const cJSON *inputs, const char *name, struct port_elements *ports, size_t first, size_t count) {
    const cJSON *input;
    cJSON_ArrayForEach (input, inputs) {
        const cJSON *named = cJSON_GetObjectItemCaseSensitive(input, "name");
        if (!cJSON_IsString(named) || strcmp(named->valuestring, name)) continue;
        read_numbers(cJSON_GetObjectItemCaseSensitive(input, "mean"), ports->mean + first, count);
        read_numbers(cJSON_GetObjectItemCaseSensitive(input, "deviation"), ports->deviation + first, count);
    }
}

static void delete_json(void *json) {
    cJSON_Delete(json);
}

/* fw/verify/calibration.json, which compile leaves when it had calibration events. */
static const cJSON *read_calibration(const struct firmware *firmware, struct arena *arena) {
    const char *path = arena_printf(arena, "%s/verify/calibration.json", firmware->folder);
    size_t length;
    char *text = access(path, R_OK) == 0 ? file_read(firmware->context, arena, path, &length) : NULL;
    cJSON *json = text ? cJSON_ParseWithLength(text, length) : NULL;
    if (json) arena_defer(arena, delete_json, json);
    return cJSON_GetObjectItemCaseSensitive(json, "inputs");
}

struct port_elements *port_elements_new(const struct firmware *firmware, struct arena *arena) {
    const struct graph *graph = firmware->quantised;
    const struct value_list inputs = graph_inputs(graph, arena);
    struct port_elements *ports = ARENA_NEW(arena, struct port_elements);
    for (uint32_t i = 0; i < inputs.count; i++) ports->count += graph_elements(graph, inputs.at[i]);
    ports->formats = ARENA_ARRAY(arena, struct format, ports->count + 1);
    ports->lo = ARENA_ARRAY(arena, int64_t, ports->count + 1);
    ports->hi = ARENA_ARRAY(arena, int64_t, ports->count + 1);
    ports->mean = ARENA_ARRAY(arena, double, ports->count + 1);
    ports->deviation = ARENA_ARRAY(arena, double, ports->count + 1);
    const cJSON *calibration = read_calibration(firmware, arena);
    for (size_t i = 0, first = 0; i < inputs.count; i++) {
        size_t count = graph_elements(graph, inputs.at[i]);
        for (size_t e = 0; e < count; e++) {
            struct interval interval = graph_interval(graph, inputs.at[i], e);
            ports->formats[first + e] = graph_format(graph, inputs.at[i], e);
            ports->lo[first + e] = (int64_t)interval.lo;
            ports->hi[first + e] = (int64_t)interval.hi;
            guess_distribution(ports, first + e);
        }
        read_input(calibration, graph_definition(graph, inputs.at[i])->name, ports, first, count);
        first += count;
    }
    return ports;
}
