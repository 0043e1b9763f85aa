/* The verdict as JSON (doc/verdict.schema.json) and back. Stored integers and the seed are texts, because a JSON number
 * holds no more than 53 bits. What verdicts of 0.1.0 do not have is marked as later. */
#include <math.h>
#include <string.h>

#include "ir/context.h"
#include "report/private.h"

/* ---- engines ---- */

static const struct field difference_fields[] = {
    FIELD(struct difference, COUNT, "event", event),
    FIELD(struct difference, TEXT, "event_name", event_name),
    FIELD(struct difference, TEXT, "layer", layer),
    FIELD(struct difference, TEXT, "output_name", output_name),
    FIELD(struct difference, COUNT32, "output", output),
    FIELD(struct difference, COUNT32, "element", element),
    FIELD_WITHIN(struct difference, INT, "bit", bit, bound_bit),
    FIELD(struct difference, WHOLE, "expected", expected),
    FIELD(struct difference, WHOLE, "got", got),
    FIELD(struct difference, BOOL, "narrowed", narrowed),
    FIELD(struct difference, TEXT, "not_narrowed", not_narrowed),
    FIELD(struct difference, BOOL, "only_output", only_output),
    FIELD(struct difference, COUNT32, "layer_element", layer_element),
    FIELD_WITHIN(struct difference, INT, "layer_bit", layer_bit, bound_bit),
    FIELD(struct difference, WHOLE, "layer_expected", layer_expected),
    FIELD(struct difference, WHOLE, "layer_got", layer_got),
    FIELD(struct difference, TEXT, "holds", holds),
    FIELD_LATER(struct difference, TEXT, "within", within),
    {0}};

static void write_engine(struct arena *arena, cJSON *json, const char *key, const void *object) {
    json_text(arena, json, key, engine_name(((const struct engine_result *)object)->id));
}

static void read_engine(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    const char *name = read_text(reader, json, key);
    for (int i = 0; i < ENGINE_COUNT; i++)
        if (!strcmp(name, engine_name((enum engine_id)i))) {
            ((struct engine_result *)object)->id = (enum engine_id)i;
            return;
        }
    read_wrong(reader, cJSON_GetObjectItemCaseSensitive(json, key), key,
               arena_printf(reader->arena, "the name of an engine: '%s'", name));
}

/* null where it was not compared; until 0.1.0 false. */
static void write_equal(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct engine_result *result = object;
    json_answer(arena, json, key, engine_is_judged(result), result->equal);
}

static void read_equal(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    ((struct engine_result *)object)->equal = read_bool_or_null(reader, json, key);
}

static void write_asked(struct arena *arena, cJSON *json, const char *key, const void *object) {
    json_bool(arena, json, key, ((const struct engine_result *)object)->asked);
}

/* In 0.1.0 every engine was. */
static void read_asked(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    (void)reader;
    ((struct engine_result *)object)->asked = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, key));
}

static void write_difference(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct difference *difference = &((const struct engine_result *)object)->difference;
    if (difference->found) fields_write(arena, json_object(arena, json, key), difference_fields, difference);
}

static void read_difference(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct difference *difference = &((struct engine_result *)object)->difference;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    difference->found = item != NULL;
    if (item) fields_read_at(reader, item, key, -1, difference_fields, difference);
}

static const struct field engine_fields[] = {
    FIELD_BY("engine", write_engine, read_engine),
    FIELD(struct engine_result, NAME, "variant", variant),
    FIELD_BY("asked", write_asked, read_asked),
    FIELD(struct engine_result, BOOL, "ran", ran),
    FIELD_BY("equal", write_equal, read_equal),
    FIELD(struct engine_result, TEXT, "skipped", skipped),
    FIELD_LATER(struct engine_result, TEXT, "not_built", not_built),
    FIELD(struct engine_result, TEXT, "failure", failure),
    FIELD(struct engine_result, COUNT, "events", events),
    FIELD_WITHIN(struct engine_result, INT, "latency", latency, bound_or_none),
    FIELD_LATER_WITHIN(struct engine_result, INT, "interval", interval, bound_int),
    FIELD_BY("difference", write_difference, read_difference),
    {0}};

/* ---- labels ---- */

static void write_numbers(struct arena *arena, cJSON *json, const char *key, const double *numbers, uint32_t count) {
    cJSON *list = json_array(arena, json, key);
    for (uint32_t i = 0; i < count; i++) json_number(arena, list, NULL, numbers[i]);
}

static double *read_numbers(struct json_reader *reader, const cJSON *json, const char *key, const struct bound *bound,
                            uint32_t *count) {
    const cJSON *item, *list = read_array(reader, json, key, count);
    double *numbers = ARENA_ARRAY(reader->arena, double, *count + 1);
    int index = 0;
    cJSON_ArrayForEach (item, list) {
        size_t outer = read_into(reader, key, index);
        numbers[index++] = cJSON_IsNull(item) ? (double)NAN : read_bounded(reader, item, "", bound);
        read_out(reader, outer);
    }
    return numbers;
}

static const struct curve_line {
    const char *key;
    size_t offset;
} curve_lines[] = {{"false_positive_float", offsetof(struct class_curve, false_positive_float)},
                   {"true_positive_float", offsetof(struct class_curve, true_positive_float)},
                   {"false_positive_fixed", offsetof(struct class_curve, false_positive_fixed)},
                   {"true_positive_fixed", offsetof(struct class_curve, true_positive_fixed)}};
enum { CURVE_LINES = sizeof curve_lines / sizeof *curve_lines };

static double **line_of(const struct class_curve *curve, int line) {
    return (double **)(void *)((char *)(uintptr_t)curve + curve_lines[line].offset);
}

static void write_lines(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct class_curve *curve = object;
    (void)key;
    for (int i = 0; i < CURVE_LINES; i++)
        write_numbers(arena, json, curve_lines[i].key, *line_of(curve, i), curve->points);
}

static void read_lines(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct class_curve *curve = object;
    (void)key;
    for (int i = 0; i < CURVE_LINES; i++) {
        uint32_t points;
        *line_of(curve, i) = read_numbers(reader, json, curve_lines[i].key, &bound_share, &points);
        curve->points = i && curve->points < points ? curve->points : points;
    }
}

static const struct field curve_fields[] = {
    FIELD_WITHIN(struct class_curve, NUMBER, "area_float", area_float, bound_share),
    FIELD_WITHIN(struct class_curve, NUMBER, "area_fixed", area_fixed, bound_share),
    FIELD_BY("", write_lines, read_lines),
    {0}};

/* Row by row. */
static void write_matrix(struct arena *arena, cJSON *json, const char *key, const uint64_t *counts, uint32_t classes) {
    cJSON *list = json_array(arena, json, key);
    for (uint32_t i = 0; i < classes * classes; i++) json_number(arena, list, NULL, (double)counts[i]);
}

static uint64_t *read_matrix(struct json_reader *reader, const cJSON *json, const char *key, uint32_t classes) {
    uint32_t count;
    const double *numbers = read_numbers(reader, json, key, NULL, &count);
    uint64_t *counts = ARENA_ARRAY(reader->arena, uint64_t, (size_t)classes * classes + 1);
    for (uint32_t i = 0; i < count && i < classes * classes; i++) {
        if (numbers[i] >= 0 && numbers[i] < 1e18 && numbers[i] == floor(numbers[i]))
            counts[i] = (uint64_t)numbers[i];
        else
            read_wrong(reader, json, key, "counts alone");
    }
    return counts;
}

static void write_matrices(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct labelled *labelled = object;
    json_number(arena, json, key, labelled->class_count);
    write_matrix(arena, json, "confusion_float", labelled->confusion_float, labelled->class_count);
    write_matrix(arena, json, "confusion_fixed", labelled->confusion_fixed, labelled->class_count);
}

/* Later, too. */
static void read_matrices(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct labelled *labelled = object;
    if (!cJSON_GetObjectItemCaseSensitive(json, key)) return;
    uint64_t classes = read_count(reader, json, key);
    labelled->class_count = classes <= CONFUSION_MAX ? (uint32_t)classes : 0;
    labelled->confusion_float = read_matrix(reader, json, "confusion_float", labelled->class_count);
    labelled->confusion_fixed = read_matrix(reader, json, "confusion_fixed", labelled->class_count);
}

static const struct field labelled_fields[] = {
    FIELD_LATER(struct labelled, TEXT, "output", output),
    FIELD(struct labelled, COUNT, "events", events),
    FIELD_WITHIN(struct labelled, AMOUNT, "accuracy_float", accuracy_float, bound_share),
    FIELD_WITHIN(struct labelled, AMOUNT, "accuracy_fixed", accuracy_fixed, bound_share),
    FIELD_LATER_NAMES_OF(struct labelled, "class_names", class_names, class_name_count),
    FIELD_BY("classes", write_matrices, read_matrices),
    FIELD_LIST_OF(struct labelled, "curves", curves, curve_count, curve_fields),
    {0}};

static void write_labels(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct verdict *verdict = object;
    if (!verdict->labelled_count) return;
    fields_write(arena, json_object(arena, json, key), labelled_fields, &verdict->labelled[0]);
    if (verdict->labelled_count == 1) return;
    cJSON *others = json_array(arena, json, "other_labels");
    for (uint32_t i = 1; i < verdict->labelled_count; i++)
        fields_write(arena, json_object(arena, others, NULL), labelled_fields, &verdict->labelled[i]);
}

static void read_labels(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct verdict *verdict = object;
    const cJSON *item, *labels = cJSON_GetObjectItemCaseSensitive(json, key), *others = NULL;
    uint32_t count = 0;
    if (!labels) return;
    if (cJSON_GetObjectItemCaseSensitive(json, "other_labels"))
        others = read_array(reader, json, "other_labels", &count);
    verdict->labelled = ARENA_ARRAY(reader->arena, struct labelled, count + 1);
    fields_read_at(reader, labels, key, -1, labelled_fields, &verdict->labelled[verdict->labelled_count++]);
    int index = 0;
    cJSON_ArrayForEach (item, others)
        fields_read_at(reader, item, "other_labels", index++, labelled_fields,
                       &verdict->labelled[verdict->labelled_count++]);
}

/* ---- against the trained network ---- */

static const struct field cause_fields[] = {
    {.key = "port_rounding", .kind = FIELD_COUNT, .offset = LOSS_PORT_ROUNDING * sizeof(uint64_t), .later = true},
    {.key = "port_range", .kind = FIELD_COUNT, .offset = LOSS_PORT_RANGE * sizeof(uint64_t), .later = true},
    {.key = "formats", .kind = FIELD_COUNT, .offset = LOSS_FORMATS * sizeof(uint64_t), .later = true},
    {.key = "range", .kind = FIELD_COUNT, .offset = LOSS_RANGE * sizeof(uint64_t), .later = true},
    {.key = "unexplained", .kind = FIELD_COUNT, .offset = LOSS_UNEXPLAINED * sizeof(uint64_t), .later = true},
    {0}};

static void write_quantiles(struct arena *arena, cJSON *json, const char *key, const void *object) {
    write_numbers(arena, json, key, ((const struct loss *)object)->quantile, LOSS_QUANTILES);
}

static void read_quantiles(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    uint32_t count;
    const double *numbers = read_numbers(reader, json, key, &bound_from_zero, &count);
    for (uint32_t i = 0; i < count && i < LOSS_QUANTILES; i++)
        ((struct loss *)object)->quantile[i] = isnan(numbers[i]) ? (double)INFINITY : numbers[i];
}

static const struct field worst_fields[] = {FIELD(struct worst_number, COUNT, "event", event),
                                            FIELD(struct worst_number, NAME, "event_name", event_name),
                                            FIELD(struct worst_number, TEXT, "output_name", output_name),
                                            FIELD(struct worst_number, COUNT32, "output", output),
                                            FIELD(struct worst_number, COUNT32, "element", element),
                                            FIELD(struct worst_number, NUMBER, "expected", expected),
                                            FIELD(struct worst_number, NUMBER, "got", got),
                                            {.key = "error",
                                             .kind = FIELD_ERROR,
                                             .offset = offsetof(struct worst_number, error),
                                             .later = true,
                                             .bound = &bound_from_zero},
                                            FIELD(struct worst_number, TEXT, "cause", cause),
                                            {0}};

static void write_worst(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct loss *loss = object;
    cJSON *list = json_array(arena, json, key);
    for (uint32_t i = 0; i < loss->worst_count; i++)
        fields_write(arena, json_object(arena, list, NULL), worst_fields, &loss->worst[i]);
}

static void read_worst_number(struct json_reader *reader, const cJSON *json, const char *key, int index,
                              struct loss *loss) {
    if (loss->worst_count == LOSS_WORST) return;
    struct worst_number *worst = &loss->worst[loss->worst_count++];
    fields_read_at(reader, json, key, index, worst_fields, worst);
    if (!cJSON_HasObjectItem(json, "error")) worst->error = fabs(worst->expected - worst->got);
}

/* Verdicts of 0.1.0 have one, which is no list, without its error. */
static void read_worst(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    const cJSON *item, *worst = cJSON_GetObjectItemCaseSensitive(json, key);
    int index = 0;
    if (cJSON_IsObject(worst)) read_worst_number(reader, worst, key, -1, object);
    if (!cJSON_IsArray(worst)) return;
    cJSON_ArrayForEach (item, worst) read_worst_number(reader, item, key, index++, object);
}

static const struct field layer_loss_fields[] = {
    FIELD(struct layer_loss, NAME, "name", name),
    FIELD_WITHIN(struct layer_loss, NUMBER, "error", error, bound_from_zero),
    FIELD_WITHIN(struct layer_loss, NUMBER, "relative", relative, bound_from_zero),
    FIELD(struct layer_loss, NUMBER, "added", added),
    {0}};

/* There where something was compared, and where what was found is not explained. */
static void write_formats(struct arena *arena, cJSON *json, const char *key, const void *object) {
    json_text(arena, json, key, ((const struct loss *)object)->formats);
}

static void read_formats(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct loss *loss = object;
    loss->formats = loss->compared ? read_text(reader, json, key) : NULL;
}

static void write_warning(struct arena *arena, cJSON *json, const char *key, const void *object) {
    json_text(arena, json, key, ((const struct loss *)object)->warning);
}

static void read_warning(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct loss *loss = object;
    loss->warning = loss->explained ? NULL : read_text(reader, json, key);
}

static const struct field loss_fields[] = {FIELD(struct loss, TEXT, "compared", compared),
                                           FIELD_LATER(struct loss, TEXT, "not_compared", not_compared),
                                           FIELD(struct loss, COUNT, "events", events),
                                           FIELD_WITHIN(struct loss, ERROR, "max_error", max_error, bound_from_zero),
                                           FIELD_WITHIN(struct loss, ERROR, "mean_error", mean_error, bound_from_zero),
                                           FIELD_BY("quantiles", write_quantiles, read_quantiles),
                                           FIELD(struct loss, COUNT, "outputs", outputs),
                                           FIELD(struct loss, COUNT, "exact", exact),
                                           FIELD(struct loss, COUNT, "grid_outputs", grid_outputs),
                                           FIELD(struct loss, COUNT, "grid_exact", grid_exact),
                                           FIELD(struct loss, COUNT, "decisions", decisions),
                                           FIELD(struct loss, COUNT, "flipped", flipped),
                                           FIELD_IN(struct loss, "flipped_by", flipped_by, cause_fields),
                                           FIELD_WITHIN(struct loss, ERROR, "allowed", allowed, bound_from_zero),
                                           FIELD_BY("formats", write_formats, read_formats),
                                           FIELD_LATER(struct loss, COUNT, "judged", judged),
                                           FIELD_IN(struct loss, "beyond_by", beyond_by, cause_fields),
                                           FIELD_BY("worst", write_worst, read_worst),
                                           FIELD_LIST_OF(struct loss, "layers", layers, layer_count, layer_loss_fields),
                                           FIELD(struct loss, TEXT, "layer", layer),
                                           FIELD(struct loss, BOOL, "explained", explained),
                                           FIELD_BY("warning", write_warning, read_warning),
                                           {0}};

static const struct field gate_fields[] = {FIELD(struct gate, NAME, "name", name),
                                           FIELD_WITHIN(struct gate, AMOUNT, "limit", limit, bound_from_zero),
                                           FIELD(struct gate, ERROR, "value", value),
                                           FIELD(struct gate, BOOL, "passed", passed),
                                           {0}};

/* ---- activity ---- */

static void write_still(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct verdict *verdict = object;
    json_number(arena, json, "still_count", verdict->still_count);
    cJSON *still = json_array(arena, json, key);
    for (uint32_t i = 0; i < verdict->still_count && i < STILL_NAMED; i++)
        json_text(arena, still, NULL, verdict->still[i]);
}

static void read_still(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    struct verdict *verdict = object;
    uint32_t named;
    verdict->still = read_names(reader, json, key, &named);
    verdict->still_count = (uint32_t)read_count(reader, json, "still_count");
    if (verdict->still_count > named && named < STILL_NAMED) verdict->still_count = named;
}

static const struct field range_fields[] = {FIELD(struct value_range, NAME, "name", name),
                                            FIELD(struct value_range, NUMBER, "lo", lo),
                                            FIELD(struct value_range, NUMBER, "hi", hi),
                                            FIELD(struct value_range, NUMBER, "seen_lo", seen_lo),
                                            FIELD(struct value_range, NUMBER, "seen_hi", seen_hi),
                                            FIELD(struct value_range, COUNT32, "elements", elements),
                                            FIELD_WITHIN(struct value_range, AMOUNT, "reached", reached, bound_share),
                                            FIELD(struct value_range, COUNT32, "short_elements", short_elements),
                                            {0}};

/* ---- the whole ---- */

static const struct field event_fields[] = {FIELD(struct verdict, COUNT, "all", events),
                                            FIELD(struct verdict, COUNT, "files", user_events),
                                            FIELD(struct verdict, COUNT, "corner", corner_events),
                                            FIELD(struct verdict, COUNT, "regression", regression_events),
                                            FIELD(struct verdict, COUNT, "random", random_events),
                                            FIELD(struct verdict, SEED, "seed", seed),
                                            {0}};

static void write_positive(struct arena *arena, cJSON *json, const char *key, const void *verdict) {
    json_bool(arena, json, key, verdict_is_positive(verdict));
}

/* null where it was not measured; until 0.1.0 true. */
static void write_latency_right(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct verdict *verdict = object;
    json_answer(arena, json, key, verdict->latency_measured, verdict->latency_right);
}

static void read_latency_right(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    ((struct verdict *)object)->latency_right = read_bool_or_null(reader, json, key);
}

/* null where it was not measured; until 0.1.0 not there. */
static void write_interval_right(struct arena *arena, cJSON *json, const char *key, const void *object) {
    const struct verdict *verdict = object;
    json_answer(arena, json, key, verdict->interval_measured, verdict->interval_right);
}

static void read_interval_right(struct json_reader *reader, const cJSON *json, const char *key, void *object) {
    if (cJSON_HasObjectItem(json, key))
        ((struct verdict *)object)->interval_right = read_bool_or_null(reader, json, key);
}

const struct field verdict_fields[] = {
    FIELD(struct verdict, NAME, "name", name),
    FIELD(struct verdict, NAME, "content_hash", content_hash),
    FIELD(struct verdict, BOOL, "equal", equal),
    FIELD_BY("positive", write_positive, NULL),
    FIELD(struct verdict, BOOL, "hash_checked", hash_checked),
    FIELD_LATER(struct verdict, TEXT, "files_hash", files_hash),
    FIELD_LATER_NAMES_OF(struct verdict, "edited", edited, edited_count),
    FIELD_WITHIN(struct verdict, INT, "latency", latency, bound_int),
    FIELD(struct verdict, BOOL, "latency_measured", latency_measured),
    FIELD_BY("latency_right", write_latency_right, read_latency_right),
    FIELD_LATER_WITHIN(struct verdict, INT, "interval", interval, bound_int),
    FIELD_LATER(struct verdict, BOOL, "interval_measured", interval_measured),
    FIELD_BY("interval_right", write_interval_right, read_interval_right),
    FIELD_TOGETHER("events", event_fields),
    FIELD_ROW_OF(struct verdict, "engines", engines, engine_count, ENGINE_RESULT_MAX, engine_fields),
    FIELD_IN(struct verdict, "against_float", loss, loss_fields),
    FIELD_ROW_OF(struct verdict, "gates", gates, gate_count, GATES_MAX, gate_fields),
    FIELD_BY("labels", write_labels, read_labels),
    FIELD_BY("still", write_still, read_still),
    FIELD_LIST_OF(struct verdict, "ranges", ranges, range_count, range_fields),
    {0}};

void verdict_json(struct strbuf *out, const struct verdict *verdict) {
    cJSON *root = json_root(out->arena);
    fields_write(out->arena, root, verdict_fields, verdict);
    json_print(out, root);
}

struct verdict *verdict_parse(struct bxc_context *context, struct arena *arena, const char *path, const char *json) {
    struct json_reader reader = json_reader_of(context, arena, path, "verdict");
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);
    const cJSON *root = json_read(&reader, json), *inner = cJSON_GetObjectItemCaseSensitive(root, "verdict");
    if (!root) return NULL;
    if (inner)
        fields_read_at(&reader, inner, "verdict", -1, verdict_fields, verdict);
    else
        fields_read(&reader, root, verdict_fields, verdict);
    return reader.wrong ? NULL : verdict;
}
