/* HLS C++ for functions that are known value by value: tables and staircases. */
#include "codegen/hls/hls.h"

#include <stdlib.h>

static size_t group_of(const struct hls_writer *writer, const struct node *node, size_t element) {
    return shape_project(hls_shape(writer, node->result), element, &node->attributes.lookup.shape);
}

/* Zeros that element `element`'s stored integer has in the operand's container. */
static int zeros(const struct hls_writer *writer, const struct node *node, size_t element) {
    struct format format = graph_format(writer->graph, node->inputs[0], element);
    return format.width <= 0 ? 0 : writer->containers[node->inputs[0].id].fraction - format.fraction;
}

struct grouped { /* an element, and what decides what its numbers are */
    size_t group, element;
    int fraction, zeros;
};

static int compare_kinds(const struct grouped *p, const struct grouped *q) {
    if (p->group != q->group) return p->group < q->group ? -1 : 1;
    if (p->fraction != q->fraction) return p->fraction < q->fraction ? -1 : 1;
    return (p->zeros > q->zeros) - (p->zeros < q->zeros);
}

static int compare_grouped(const void *a, const void *b) {
    const struct grouped *p = a, *q = b;
    int order = compare_kinds(p, q);
    return order ? order : (p->element > q->element) - (p->element < q->element);
}

/* The result's stored integers in its container: formats may differ where functions do not, so each
 * element that needs it gets a copy of its own. Returns the number of copies; owner[element] is one. */
static size_t assign_groups(const struct hls_writer *writer, const struct node *node, bool by_operand, size_t *owner,
                            size_t *representative) {
    size_t count = hls_elements(writer, node->result), copies = 0;
    struct grouped *grouped = ARENA_ARRAY(writer->arena, struct grouped, count + 1);
    for (size_t i = 0; i < count; i++)
        grouped[i] =
            (struct grouped){group_of(writer, node, i), i, graph_format(writer->graph, node->result, i).fraction,
                             by_operand ? zeros(writer, node, i) : 0};
    qsort(grouped, count, sizeof *grouped, compare_grouped);
    for (size_t i = 0; i < count; i++) { /* for now the first element of its kind */
        bool again = i > 0 && compare_kinds(&grouped[i - 1], &grouped[i]) == 0;
        owner[grouped[i].element] = again ? owner[grouped[i - 1].element] : grouped[i].element;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_first = owner[i] == i;
        if (is_first) representative[copies] = i;
        owner[i] = is_first ? copies++ : owner[owner[i]];
    }
    return copies;
}

static int128 to_container(const struct hls_writer *writer, const struct node *node, size_t element,
                           struct format container, int64_t m) {
    return graph_format(writer->graph, node->result, element).width <= 0
               ? 0
               : hls_in_container(writer, node->result, element, container, m);
}

static const char *print_places(struct hls_writer *writer, const struct node *node, const size_t *owner,
                                const int64_t *start) {
    size_t count = hls_elements(writer, node->result);
    const char *name = names_unique(writer->names, arena_printf(writer->arena, "c_%s_places", node->name));
    strbuf_printf(&writer->weights, "\n/* drop, start */\nstatic const bxc_table_place %s[%zu] = {", name, count);
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&writer->weights, "%s{%d, %lld},", i % 8 ? " " : "\n    ", zeros(writer, node, i),
                      (long long)start[owner[i]]);
    strbuf_append(&writer->weights, "\n};\n");
    return name;
}

int hls_emit_table(struct hls_writer *writer, const struct node *node) {
    const struct lookup_attributes *lookup = &node->attributes.lookup;
    size_t count = hls_elements(writer, node->result), total = 0;
    size_t *owner = ARENA_ARRAY(writer->arena, size_t, count),
           *representative = ARENA_ARRAY(writer->arena, size_t, count);
    struct format container;
    if (hls_container(writer, node, node->result, &container)) return -1;
    size_t copies = assign_groups(writer, node, false, owner, representative);
    for (size_t k = 0; k < copies; k++) total += lookup->tables[group_of(writer, node, representative[k])].count;
    int128 *entries = ARENA_ARRAY(writer->arena, int128, total);
    int64_t *start = ARENA_ARRAY(writer->arena, int64_t, copies);
    bool simple = copies == 1;
    for (size_t i = 0; i < count; i++) simple = simple && zeros(writer, node, i) == 0;
    total = 0;
    for (size_t k = 0; k < copies; k++) {
        const struct table *table = &lookup->tables[group_of(writer, node, representative[k])];
        start[k] = (int64_t)total - table->first;
        for (uint32_t m = 0; m < table->count; m++)
            entries[total++] = to_container(writer, node, representative[k], container, table->entries[m]);
    }
    const char *name = hls_numbers(writer, node, "table", container, entries, total), *x = hls_operand(writer, node, 0);
    if (simple && start[0] < INT32_MAX && start[0] > INT32_MIN)
        return hls_call(writer, node, "bxc_table",
                        arena_printf(writer->arena, "%zu, %lld", count, -(long long)start[0]),
                        arena_printf(writer->arena, "%s, %s, y", x, name));
    const char *places = print_places(writer, node, owner, start);
    return hls_call(writer, node, "bxc_tables", arena_printf(writer->arena, "%zu", count),
                    arena_printf(writer->arena, "%s, %s, %s, y", x, places, name));
}

/* Thresholds as stored integers of the operand's container with one bit more: those that are always or
 * never reached are brought to its ends. */
static int128 threshold_in_container(const struct hls_writer *writer, const struct node *node, size_t element,
                                     int64_t threshold) {
    struct format container = writer->containers[node->inputs[0].id];
    int128 above = (int128)1 << (container.width - container.is_signed), below = container.is_signed ? -above : 0;
    int zero = zeros(writer, node, element);
    if (threshold > above >> zero) return above > INT64_MAX && container.width <= 64 ? INT64_MAX : above;
    if (threshold < below >> zero) return below;
    int128 aligned = (int128)threshold * ((int128)1 << zero);
    if (aligned > above) aligned = above;
    /* above every operand that ends in zeros */
    return aligned > INT64_MAX && container.width <= 64 ? INT64_MAX : aligned;
}

struct stairs_plan {
    size_t copies, most;
    size_t *owner, *representative;
    int128 *thresholds, *values;
    int64_t *group;
};

static void fill_stairs(const struct hls_writer *writer, const struct node *node, struct format container,
                        struct stairs_plan *plan) {
    for (size_t k = 0; k < plan->copies; k++) {
        size_t element = plan->representative[k];
        const struct staircase *stairs = &node->attributes.lookup.stairs[group_of(writer, node, element)];
        for (size_t i = 0; i < plan->most; i++) /* the last step repeated where others have more */
            plan->thresholds[k * plan->most + i] =
                stairs->count == 0
                    ? 0
                    : threshold_in_container(writer, node, element,
                                             stairs->thresholds[i < stairs->count ? i : stairs->count - 1]);
        for (size_t i = 0; i <= plan->most; i++)
            plan->values[k * (plan->most + 1) + i] =
                to_container(writer, node, element, container, stairs->values[i < stairs->count ? i : stairs->count]);
    }
}

static void plan_stairs(struct hls_writer *writer, const struct node *node, struct format container,
                        struct stairs_plan *plan) {
    size_t count = hls_elements(writer, node->result);
    plan->owner = ARENA_ARRAY(writer->arena, size_t, count);
    plan->representative = ARENA_ARRAY(writer->arena, size_t, count);
    plan->copies = assign_groups(writer, node, true, plan->owner, plan->representative);
    for (size_t k = 0; k < plan->copies; k++) {
        size_t steps = node->attributes.lookup.stairs[group_of(writer, node, plan->representative[k])].count;
        if (steps > plan->most) plan->most = steps;
    }
    plan->thresholds = ARENA_ARRAY(writer->arena, int128, plan->copies * plan->most + 1);
    plan->values = ARENA_ARRAY(writer->arena, int128, plan->copies * (plan->most + 1));
    plan->group = ARENA_ARRAY(writer->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) plan->group[i] = (int64_t)plan->owner[i];
    fill_stairs(writer, node, container, plan);
}

int hls_emit_threshold(struct hls_writer *writer, const struct node *node) {
    struct stairs_plan plan = {0};
    struct format container, wide = writer->containers[node->inputs[0].id];
    size_t count = hls_elements(writer, node->result);
    if (hls_container(writer, node, node->result, &container)) return -1;
    plan_stairs(writer, node, container, &plan);
    wide.width = (int16_t)(wide.width < 63 || wide.width > 64 ? wide.width + 1 : 64);
    wide.is_signed = wide.is_signed || wide.width == 64;
    const char *x = hls_operand(writer, node, 0);
    const char *thresholds = hls_numbers(writer, node, "thresholds", wide, plan.thresholds, plan.copies * plan.most);
    const char *values = hls_numbers(writer, node, "values", container, plan.values, plan.copies * (plan.most + 1));
    const char *parameters = arena_printf(writer->arena, "%zu, %zu", count, plan.most);
    if (plan.copies == 1)
        return hls_call(writer, node, "bxc_threshold", parameters,
                        arena_printf(writer->arena, "%s, %s, %s, y", x, thresholds, values));
    const char *group = hls_integers(writer, node->name, "groups", plan.group, count);
    return hls_call(writer, node, "bxc_thresholds", parameters,
                    arena_printf(writer->arena, "%s, %s, %s, %s, y", x, group, thresholds, values));
}
