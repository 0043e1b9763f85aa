/* The verdict as JSON (doc/verdict.schema.json) and back. Stored integers and the seed are texts,
 * because a JSON number holds no more than 53 bits. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/private.h"

static void whole(struct arena *arena, cJSON *parent, const char *key, int64_t number) {
    json_text(arena, parent, key, arena_printf(arena, "%" PRId64, number));
}

static void add_difference(struct arena *arena, cJSON *parent, const struct difference *difference) {
    cJSON *object = json_object(arena, parent, "difference");
    json_number(arena, object, "event", (double)difference->event);
    json_text(arena, object, "event_name", difference->event_name);
    json_text(arena, object, "layer", difference->layer);
    json_text(arena, object, "output_name", difference->output_name);
    json_number(arena, object, "output", difference->output);
    json_number(arena, object, "element", difference->element);
    json_number(arena, object, "bit", difference->bit);
    whole(arena, object, "expected", difference->expected);
    whole(arena, object, "got", difference->got);
    json_bool(arena, object, "narrowed", difference->narrowed);
    json_text(arena, object, "not_narrowed", difference->not_narrowed);
    json_bool(arena, object, "only_output", difference->only_output);
    json_number(arena, object, "layer_element", difference->layer_element);
    json_number(arena, object, "layer_bit", difference->layer_bit);
    whole(arena, object, "layer_expected", difference->layer_expected);
    whole(arena, object, "layer_got", difference->layer_got);
    json_text(arena, object, "holds", difference->holds);
}

static void add_engines(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    cJSON *list = json_array(arena, parent, "engines");
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "engine", engine_name(result->id));
        json_text(arena, object, "variant", result->variant ? result->variant : "");
        json_bool(arena, object, "asked", result->asked);
        json_bool(arena, object, "ran", result->ran);
        json_bool(arena, object, "equal", result->equal);
        json_text(arena, object, "skipped", result->skipped);
        json_text(arena, object, "not_built", result->not_built);
        json_text(arena, object, "failure", result->failure);
        json_number(arena, object, "events", (double)result->events);
        json_number(arena, object, "latency", result->latency);
        if (result->difference.found) add_difference(arena, object, &result->difference);
    }
}

static void add_numbers(struct arena *arena, cJSON *parent, const char *key, const double *numbers, uint32_t count) {
    cJSON *list = json_array(arena, parent, key);
    for (uint32_t i = 0; i < count; i++) json_number(arena, list, NULL, numbers[i]);
}

/* Row by row. */
static void add_matrix(struct arena *arena, cJSON *parent, const char *key, const uint64_t *counts, uint32_t classes) {
    cJSON *list = json_array(arena, parent, key);
    for (uint32_t i = 0; i < classes * classes; i++) json_number(arena, list, NULL, (double)counts[i]);
}

static void add_labelled(struct arena *arena, cJSON *labels, const struct labelled *labelled) {
    json_text(arena, labels, "output", labelled->output);
    json_number(arena, labels, "events", (double)labelled->events);
    json_number(arena, labels, "accuracy_float", labelled->accuracy_float);
    json_number(arena, labels, "accuracy_fixed", labelled->accuracy_fixed);
    cJSON *names = json_array(arena, labels, "class_names");
    for (uint32_t i = 0; i < labelled->class_name_count; i++) json_text(arena, names, NULL, labelled->class_names[i]);
    json_number(arena, labels, "classes", labelled->class_count);
    add_matrix(arena, labels, "confusion_float", labelled->confusion_float, labelled->class_count);
    add_matrix(arena, labels, "confusion_fixed", labelled->confusion_fixed, labelled->class_count);
    cJSON *curves = json_array(arena, labels, "curves");
    for (uint32_t i = 0; i < labelled->curve_count; i++) {
        const struct class_curve *curve = &labelled->curves[i];
        cJSON *object = json_object(arena, curves, NULL);
        json_number(arena, object, "area_float", curve->area_float);
        json_number(arena, object, "area_fixed", curve->area_fixed);
        add_numbers(arena, object, "false_positive_float", curve->false_positive_float, curve->points);
        add_numbers(arena, object, "true_positive_float", curve->true_positive_float, curve->points);
        add_numbers(arena, object, "false_positive_fixed", curve->false_positive_fixed, curve->points);
        add_numbers(arena, object, "true_positive_fixed", curve->true_positive_fixed, curve->points);
    }
}

static void add_labels(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    if (!verdict->labelled_count) return;
    add_labelled(arena, json_object(arena, parent, "labels"), &verdict->labelled[0]);
    if (verdict->labelled_count == 1) return;
    cJSON *others = json_array(arena, parent, "other_labels");
    for (uint32_t i = 1; i < verdict->labelled_count; i++)
        add_labelled(arena, json_object(arena, others, NULL), &verdict->labelled[i]);
}

static void add_activity(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    json_number(arena, parent, "still_count", verdict->still_count);
    cJSON *still = json_array(arena, parent, "still");
    for (uint32_t i = 0; i < verdict->still_count && i < STILL_NAMED; i++)
        json_text(arena, still, NULL, verdict->still[i]);
    cJSON *ranges = json_array(arena, parent, "ranges");
    for (uint32_t i = 0; i < verdict->range_count; i++) {
        cJSON *object = json_object(arena, ranges, NULL);
        json_text(arena, object, "name", verdict->ranges[i].name);
        json_number(arena, object, "lo", verdict->ranges[i].lo);
        json_number(arena, object, "hi", verdict->ranges[i].hi);
        json_number(arena, object, "seen_lo", verdict->ranges[i].seen_lo);
        json_number(arena, object, "seen_hi", verdict->ranges[i].seen_hi);
        json_number(arena, object, "elements", verdict->ranges[i].elements);
        json_number(arena, object, "reached", verdict->ranges[i].reached);
        json_number(arena, object, "short_elements", verdict->ranges[i].short_elements);
    }
}

static void add_events(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    cJSON *events = json_object(arena, parent, "events");
    json_number(arena, events, "all", (double)verdict->events);
    json_number(arena, events, "files", (double)verdict->user_events);
    json_number(arena, events, "corner", (double)verdict->corner_events);
    json_number(arena, events, "regression", (double)verdict->regression_events);
    json_number(arena, events, "random", (double)verdict->random_events);
    json_text(arena, events, "seed", arena_printf(arena, "%" PRIu64, verdict->seed));
}

static const char *const cause_keys[LOSS_CAUSE_COUNT] = {"port_rounding", "port_range", "formats", "range",
                                                         "unexplained"};

static void add_causes(struct arena *arena, cJSON *parent, const char *key, const uint64_t *counts) {
    cJSON *object = json_object(arena, parent, key);
    for (int i = 0; i < LOSS_CAUSE_COUNT; i++) json_number(arena, object, cause_keys[i], (double)counts[i]);
}

static void add_worst(struct arena *arena, cJSON *parent, const struct loss *loss) {
    cJSON *list = json_array(arena, parent, "worst");
    for (uint32_t i = 0; i < loss->worst_count; i++) {
        const struct worst_number *worst = &loss->worst[i];
        cJSON *object = json_object(arena, list, NULL);
        json_number(arena, object, "event", (double)worst->event);
        json_text(arena, object, "event_name", worst->event_name);
        json_text(arena, object, "output_name", worst->output_name);
        json_number(arena, object, "output", worst->output);
        json_number(arena, object, "element", worst->element);
        json_number(arena, object, "expected", worst->expected);
        json_number(arena, object, "got", worst->got);
        json_number(arena, object, "error", worst->error);
        json_text(arena, object, "cause", worst->cause);
    }
}

static void add_layer_losses(struct arena *arena, cJSON *parent, const struct loss *loss) {
    cJSON *list = json_array(arena, parent, "layers");
    for (uint32_t i = 0; i < loss->layer_count; i++) {
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", loss->layers[i].name);
        json_number(arena, object, "error", loss->layers[i].error);
        json_number(arena, object, "relative", loss->layers[i].relative);
        json_number(arena, object, "added", loss->layers[i].added);
    }
    json_text(arena, parent, "layer", loss->layer);
}

void loss_to_json(struct arena *arena, cJSON *parent, const struct loss *loss) {
    cJSON *object = json_object(arena, parent, "against_float");
    json_text(arena, object, "compared", loss->compared);
    json_text(arena, object, "not_compared", loss->not_compared);
    json_number(arena, object, "events", (double)loss->events);
    json_number(arena, object, "max_error", loss->max_error);
    json_number(arena, object, "mean_error", loss->mean_error);
    cJSON *quantiles = json_array(arena, object, "quantiles");
    for (int i = 0; i < LOSS_QUANTILES; i++) json_number(arena, quantiles, NULL, loss->quantile[i]);
    json_number(arena, object, "outputs", (double)loss->outputs);
    json_number(arena, object, "exact", (double)loss->exact);
    json_number(arena, object, "grid_outputs", (double)loss->grid_outputs);
    json_number(arena, object, "grid_exact", (double)loss->grid_exact);
    json_number(arena, object, "decisions", (double)loss->decisions);
    json_number(arena, object, "flipped", (double)loss->flipped);
    add_causes(arena, object, "flipped_by", loss->flipped_by);
    json_number(arena, object, "allowed", loss->allowed);
    json_text(arena, object, "formats", loss->formats);
    json_number(arena, object, "judged", (double)loss->judged);
    add_causes(arena, object, "beyond_by", loss->beyond_by);
    add_worst(arena, object, loss);
    add_layer_losses(arena, object, loss);
    json_bool(arena, object, "explained", loss->explained);
    json_text(arena, object, "warning", loss->warning);
}

static void add_gates(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    cJSON *list = json_array(arena, parent, "gates");
    for (uint32_t i = 0; i < verdict->gate_count; i++) {
        cJSON *object = json_object(arena, list, NULL);
        json_text(arena, object, "name", verdict->gates[i].name);
        json_number(arena, object, "limit", verdict->gates[i].limit);
        json_number(arena, object, "value", verdict->gates[i].value);
        json_bool(arena, object, "passed", verdict->gates[i].passed);
    }
}

void verdict_to_json(struct arena *arena, cJSON *parent, const struct verdict *verdict) {
    json_text(arena, parent, "name", verdict->name);
    json_text(arena, parent, "content_hash", verdict->content_hash);
    json_bool(arena, parent, "equal", verdict->equal);
    json_bool(arena, parent, "positive", verdict_is_positive(verdict));
    json_bool(arena, parent, "hash_checked", verdict->hash_checked);
    json_text(arena, parent, "files_hash", verdict->files_hash);
    cJSON *edited = json_array(arena, parent, "edited");
    for (uint32_t i = 0; i < verdict->edited_count; i++) json_text(arena, edited, NULL, verdict->edited[i]);
    json_number(arena, parent, "latency", verdict->latency);
    json_bool(arena, parent, "latency_measured", verdict->latency_measured);
    json_bool(arena, parent, "latency_right", verdict->latency_right);
    add_events(arena, parent, verdict);
    add_engines(arena, parent, verdict);
    loss_to_json(arena, parent, &verdict->loss);
    add_gates(arena, parent, verdict);
    add_labels(arena, parent, verdict);
    add_activity(arena, parent, verdict);
}

void verdict_json(struct strbuf *out, const struct verdict *verdict) {
    cJSON *root = json_root(out->arena);
    verdict_to_json(out->arena, root, verdict);
    json_print(out, root);
}

/* ---- back ---- */

static int64_t read_whole(struct json_reader *reader, const cJSON *object, const char *key) {
    const char *text = read_text(reader, object, key);
    return text ? strtoll(text, NULL, 10) : 0;
}

static void read_difference(struct json_reader *reader, const cJSON *object, struct difference *difference) {
    *difference = (struct difference){.found = true, .event = read_count(reader, object, "event")};
    difference->event_name = read_text(reader, object, "event_name");
    difference->layer = read_text(reader, object, "layer");
    difference->output_name = read_text(reader, object, "output_name");
    difference->output = (uint32_t)read_int(reader, object, "output");
    difference->element = (uint32_t)read_int(reader, object, "element");
    difference->bit = read_int(reader, object, "bit");
    difference->expected = read_whole(reader, object, "expected");
    difference->got = read_whole(reader, object, "got");
    difference->narrowed = read_bool(reader, object, "narrowed");
    difference->not_narrowed = read_text(reader, object, "not_narrowed");
    difference->only_output = read_bool(reader, object, "only_output");
    difference->layer_element = (uint32_t)read_count(reader, object, "layer_element");
    difference->layer_bit = read_int(reader, object, "layer_bit");
    difference->layer_expected = read_whole(reader, object, "layer_expected");
    difference->layer_got = read_whole(reader, object, "layer_got");
    difference->holds = read_text(reader, object, "holds");
}

static enum engine_id read_engine_id(struct json_reader *reader, const cJSON *object) {
    const char *name = read_text(reader, object, "engine");
    for (int i = 0; i < ENGINE_COUNT && name; i++)
        if (!strcmp(name, engine_name((enum engine_id)i))) return (enum engine_id)i;
    reader->wrong = true;
    diag_error(&reader->context->diagnostics, (struct location){.file = reader->path}, NULL, "unknown engine '%s'",
               name ? name : "");
    return ENGINE_FLOAT;
}

/* What verdicts of 0.1.0 do not have. */
static const char *later_text(struct json_reader *reader, const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key) ? read_text(reader, object, key) : NULL;
}

static uint64_t later_count(struct json_reader *reader, const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key) ? read_count(reader, object, key) : 0;
}

static void read_engines(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    uint32_t count;
    const cJSON *item, *list = read_array(reader, root, "engines", &count);
    cJSON_ArrayForEach (item, list) {
        if (verdict->engine_count == ENGINE_RESULT_MAX) return;
        struct engine_result *result = &verdict->engines[verdict->engine_count++];
        result->id = read_engine_id(reader, item);
        result->variant = read_text(reader, item, "variant");
        result->asked =
            !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(item, "asked")); /* verdicts of 0.1.0 have none */
        result->ran = read_bool(reader, item, "ran");
        result->equal = read_bool(reader, item, "equal");
        result->skipped = read_text(reader, item, "skipped");
        result->not_built = later_text(reader, item, "not_built");
        result->failure = read_text(reader, item, "failure");
        result->events = read_count(reader, item, "events");
        result->latency = read_int(reader, item, "latency");
        const cJSON *difference = cJSON_GetObjectItemCaseSensitive(item, "difference");
        if (difference) read_difference(reader, difference, &result->difference);
    }
}

static double *read_numbers(struct json_reader *reader, const cJSON *object, const char *key, uint32_t *count) {
    const cJSON *item, *list = read_array(reader, object, key, count);
    double *numbers = ARENA_ARRAY(reader->arena, double, *count + 1), *next = numbers;
    cJSON_ArrayForEach (item, list) *next++ = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    return numbers;
}

static void read_curve(struct json_reader *reader, const cJSON *item, struct class_curve *curve) {
    uint32_t counts[4];
    curve->area_float = read_number(reader, item, "area_float");
    curve->area_fixed = read_number(reader, item, "area_fixed");
    curve->false_positive_float = read_numbers(reader, item, "false_positive_float", &counts[0]);
    curve->true_positive_float = read_numbers(reader, item, "true_positive_float", &counts[1]);
    curve->false_positive_fixed = read_numbers(reader, item, "false_positive_fixed", &counts[2]);
    curve->true_positive_fixed = read_numbers(reader, item, "true_positive_fixed", &counts[3]);
    curve->points = counts[0];
    for (int i = 1; i < 4; i++) curve->points = counts[i] < curve->points ? counts[i] : curve->points;
}

static uint64_t *read_matrix(struct json_reader *reader, const cJSON *labels, const char *key, uint32_t classes) {
    uint32_t count;
    const double *numbers = read_numbers(reader, labels, key, &count);
    uint64_t *counts = ARENA_ARRAY(reader->arena, uint64_t, (size_t)classes * classes + 1);
    for (uint32_t i = 0; i < count && i < classes * classes; i++)
        counts[i] = numbers[i] >= 0 && numbers[i] < 1e18 ? (uint64_t)numbers[i] : 0;
    return counts;
}

/* What verdicts of 0.1.0 do not have. */
static void read_classes(struct json_reader *reader, const cJSON *labels, struct labelled *labelled) {
    if (!cJSON_GetObjectItemCaseSensitive(labels, "classes")) return;
    const cJSON *item, *names = read_array(reader, labels, "class_names", &labelled->class_name_count);
    const char **name = labelled->class_names =
        ARENA_ARRAY(reader->arena, const char *, labelled->class_name_count + 1);
    cJSON_ArrayForEach (item, names)
        *name++ = arena_strdup(reader->arena, cJSON_IsString(item) ? item->valuestring : "");
    uint64_t classes = read_count(reader, labels, "classes");
    labelled->class_count = classes <= CONFUSION_MAX ? (uint32_t)classes : 0;
    labelled->confusion_float = read_matrix(reader, labels, "confusion_float", labelled->class_count);
    labelled->confusion_fixed = read_matrix(reader, labels, "confusion_fixed", labelled->class_count);
}

static void read_labelled(struct json_reader *reader, const cJSON *labels, struct labelled *labelled) {
    labelled->output = later_text(reader, labels, "output");
    labelled->events = read_count(reader, labels, "events");
    labelled->accuracy_float = read_number(reader, labels, "accuracy_float");
    labelled->accuracy_fixed = read_number(reader, labels, "accuracy_fixed");
    read_classes(reader, labels, labelled);
    const cJSON *item, *list = read_array(reader, labels, "curves", &labelled->curve_count);
    struct class_curve *curve = labelled->curves =
        ARENA_ARRAY(reader->arena, struct class_curve, labelled->curve_count + 1);
    cJSON_ArrayForEach (item, list) read_curve(reader, item, curve++);
}

static void read_labels(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    const cJSON *item, *labels = cJSON_GetObjectItemCaseSensitive(root, "labels"), *others = NULL;
    uint32_t count = 0;
    if (!labels) return;
    if (cJSON_GetObjectItemCaseSensitive(root, "other_labels"))
        others = read_array(reader, root, "other_labels", &count);
    verdict->labelled = ARENA_ARRAY(reader->arena, struct labelled, count + 1);
    read_labelled(reader, labels, &verdict->labelled[verdict->labelled_count++]);
    cJSON_ArrayForEach (item, others) read_labelled(reader, item, &verdict->labelled[verdict->labelled_count++]);
}

static void read_activity(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    uint32_t names;
    const cJSON *item, *list = read_array(reader, root, "still", &names);
    verdict->still_count = (uint32_t)read_count(reader, root, "still_count");
    verdict->still = ARENA_ARRAY(reader->arena, const char *, STILL_NAMED + names);
    const char **name = verdict->still;
    cJSON_ArrayForEach (item, list)
        *name++ = arena_strdup(reader->arena, cJSON_IsString(item) ? item->valuestring : "");
    verdict->still_count = verdict->still_count < names || names >= STILL_NAMED ? verdict->still_count : names;
    list = read_array(reader, root, "ranges", &verdict->range_count);
    struct value_range *range = verdict->ranges =
        ARENA_ARRAY(reader->arena, struct value_range, verdict->range_count + 1);
    cJSON_ArrayForEach (item, list) {
        range->name = read_text(reader, item, "name");
        range->lo = read_number(reader, item, "lo");
        range->hi = read_number(reader, item, "hi");
        range->seen_lo = read_number(reader, item, "seen_lo");
        range->seen_hi = read_number(reader, item, "seen_hi");
        range->elements = (uint32_t)read_count(reader, item, "elements");
        range->reached = read_number(reader, item, "reached");
        range->short_elements = (uint32_t)read_count(reader, item, "short_elements");
        range++;
    }
}

static void read_causes(struct json_reader *reader, const cJSON *parent, const char *key, uint64_t *counts) {
    const cJSON *object = read_member(reader, parent, key);
    for (int i = 0; i < LOSS_CAUSE_COUNT; i++) counts[i] = later_count(reader, object, cause_keys[i]);
}

/* Verdicts of 0.1.0 have one, without its error. */
static void read_worst_number(struct json_reader *reader, const cJSON *object, struct worst_number *worst) {
    worst->event = read_count(reader, object, "event");
    worst->event_name = read_text(reader, object, "event_name");
    worst->output_name = read_text(reader, object, "output_name");
    worst->output = (uint32_t)read_count(reader, object, "output");
    worst->element = (uint32_t)read_count(reader, object, "element");
    worst->expected = read_number(reader, object, "expected");
    worst->got = read_number(reader, object, "got");
    worst->error = cJSON_HasObjectItem(object, "error") ? read_error_number(reader, object, "error")
                                                        : fabs(worst->expected - worst->got);
    worst->cause = read_text(reader, object, "cause");
}

static void read_worst(struct json_reader *reader, const cJSON *parent, struct loss *loss) {
    const cJSON *item, *worst = cJSON_GetObjectItemCaseSensitive(parent, "worst");
    if (cJSON_IsObject(worst)) read_worst_number(reader, worst, &loss->worst[loss->worst_count++]);
    if (!cJSON_IsArray(worst)) return;
    cJSON_ArrayForEach (item, worst)
        if (loss->worst_count < LOSS_WORST) read_worst_number(reader, item, &loss->worst[loss->worst_count++]);
}

static void read_layer_losses(struct json_reader *reader, const cJSON *object, struct loss *loss) {
    const cJSON *item, *list = read_array(reader, object, "layers", &loss->layer_count);
    struct layer_loss *layer = loss->layers = ARENA_ARRAY(reader->arena, struct layer_loss, loss->layer_count + 1);
    cJSON_ArrayForEach (item, list) {
        layer->name = read_text(reader, item, "name");
        layer->error = read_number(reader, item, "error");
        layer->relative = read_number(reader, item, "relative");
        layer->added = read_number(reader, item, "added");
        layer++;
    }
    loss->layer = read_text(reader, object, "layer");
}

void read_loss(struct json_reader *reader, const cJSON *root, struct loss *loss) {
    const cJSON *object = read_member(reader, root, "against_float");
    uint32_t quantiles;
    loss->compared = read_text(reader, object, "compared");
    loss->not_compared = later_text(reader, object, "not_compared");
    loss->events = read_count(reader, object, "events");
    loss->max_error = read_error_number(reader, object, "max_error");
    loss->mean_error = read_error_number(reader, object, "mean_error");
    const double *numbers = read_numbers(reader, object, "quantiles", &quantiles);
    for (uint32_t i = 0; i < quantiles && i < LOSS_QUANTILES; i++)
        loss->quantile[i] = isnan(numbers[i]) ? (double)INFINITY : numbers[i];
    loss->outputs = read_count(reader, object, "outputs");
    loss->exact = read_count(reader, object, "exact");
    loss->grid_outputs = read_count(reader, object, "grid_outputs");
    loss->grid_exact = read_count(reader, object, "grid_exact");
    loss->decisions = read_count(reader, object, "decisions");
    loss->flipped = read_count(reader, object, "flipped");
    read_causes(reader, object, "flipped_by", loss->flipped_by);
    loss->allowed = read_error_number(reader, object, "allowed");
    loss->formats = read_text(reader, object, "formats");
    loss->judged = later_count(reader, object, "judged");
    read_causes(reader, object, "beyond_by", loss->beyond_by);
    read_worst(reader, object, loss);
    read_layer_losses(reader, object, loss);
    loss->explained = read_bool(reader, object, "explained");
    loss->warning = read_text(reader, object, "warning");
}

static void read_gates(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    uint32_t count;
    const cJSON *item, *list = read_array(reader, root, "gates", &count);
    cJSON_ArrayForEach (item, list) {
        if (verdict->gate_count == GATES_MAX) return;
        struct gate *gate = &verdict->gates[verdict->gate_count++];
        gate->name = read_text(reader, item, "name");
        gate->limit = read_number(reader, item, "limit");
        gate->value = read_error_number(reader, item, "value");
        gate->passed = read_bool(reader, item, "passed");
    }
}

static void read_edited(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    if (!cJSON_GetObjectItemCaseSensitive(root, "edited")) return;
    const cJSON *item, *list = read_array(reader, root, "edited", &verdict->edited_count);
    const char **name = verdict->edited = ARENA_ARRAY(reader->arena, const char *, verdict->edited_count + 1);
    cJSON_ArrayForEach (item, list)
        *name++ = arena_strdup(reader->arena, cJSON_IsString(item) ? item->valuestring : "");
}

static void read_events(struct json_reader *reader, const cJSON *root, struct verdict *verdict) {
    const cJSON *events = read_member(reader, root, "events");
    const char *seed = read_text(reader, events, "seed");
    verdict->events = read_count(reader, events, "all");
    verdict->user_events = read_count(reader, events, "files");
    verdict->corner_events = read_count(reader, events, "corner");
    verdict->regression_events = read_count(reader, events, "regression");
    verdict->random_events = read_count(reader, events, "random");
    verdict->seed = seed ? strtoull(seed, NULL, 10) : 0;
}

struct verdict *verdict_parse(struct bxc_context *context, struct arena *arena, const char *path, const char *json) {
    struct json_reader reader = {.context = context, .arena = arena, .path = path};
    struct verdict *verdict = ARENA_NEW(arena, struct verdict);
    const cJSON *root = json_read(&reader, json);
    if (cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "verdict")))
        root = cJSON_GetObjectItemCaseSensitive(root, "verdict");
    if (!root) return NULL;
    verdict->name = read_text(&reader, root, "name");
    verdict->content_hash = read_text(&reader, root, "content_hash");
    verdict->equal = read_bool(&reader, root, "equal");
    verdict->hash_checked = read_bool(&reader, root, "hash_checked");
    verdict->files_hash = later_text(&reader, root, "files_hash");
    read_edited(&reader, root, verdict);
    verdict->latency = read_int(&reader, root, "latency");
    verdict->latency_measured = read_bool(&reader, root, "latency_measured");
    verdict->latency_right = read_bool(&reader, root, "latency_right");
    read_events(&reader, root, verdict);
    read_engines(&reader, root, verdict);
    read_loss(&reader, root, &verdict->loss);
    read_gates(&reader, root, verdict);
    read_labels(&reader, root, verdict);
    read_activity(&reader, root, verdict);
    return reader.wrong ? NULL : verdict;
}
