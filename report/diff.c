/* Two firmwares side by side. One list of rows feeds the terminal and the page, which show its words, and the JSON,
 * which has what they are about. */
#include <math.h>
#include <string.h>

#include "report/private.h"

enum row_kind { ROW_WORDS, ROW_NUMBER, ROW_OBJECT }; /* what a machine reads */

struct diff_side {
    const char *words;  /* NULL: none */
    double number;      /* what the change is of; NaN: none */
    const void *object; /* a layer, a port; NULL: not there */
};

struct diff_row {
    const char *what, *unit; /* of the numbers, or NULL */
    enum row_kind kind;
    struct diff_side left, right;
    const char *change; /* "+12 %", or "" */
    bool differs, is_worse, is_better;
};

struct diff_group {
    const char *title, *key, *change_of; /* "": of what the row is about */
    const struct field *fields;          /* of its objects */
    struct diff_row *rows;
    uint32_t count, capacity;
};

enum { GROUP_MAKE, GROUP_VERDICT, GROUP_HARDWARE, GROUP_PORTS, GROUP_LAYERS, GROUP_COUNT };

struct comparison {
    struct arena *arena;
    const struct firmware_side *left, *right;
    struct diff_group groups[GROUP_COUNT];
};

static const char *shown(const struct diff_side *side) {
    return side->words ? side->words : "-";
}

static struct diff_row *add_row(struct comparison *comparison, int group, const char *what, const char *left,
                                const char *right) {
    struct diff_group *rows = &comparison->groups[group];
    if (rows->count == rows->capacity) {
        uint32_t larger = rows->capacity ? 2 * rows->capacity : 16;
        rows->rows =
            arena_grow(comparison->arena, rows->rows, rows->count * sizeof *rows->rows, larger * sizeof *rows->rows);
        rows->capacity = larger;
    }
    struct diff_row *row = &rows->rows[rows->count++];
    *row = (struct diff_row){.what = what,
                             .left = {.words = left, .number = (double)NAN},
                             .right = {.words = right, .number = (double)NAN},
                             .change = ""};
    row->differs = strcmp(shown(&row->left), shown(&row->right)) != 0;
    return row;
}

/* The numbers whose change the row tells; they may differ where its words do not. */
static void set_change(struct diff_row *row, const char *unit, double left, double right) {
    row->unit = unit;
    row->left.number = left;
    row->right.number = right;
    row->differs |= isnan(left) != isnan(right) || left < right || left > right;
}

/* What the words of the row are about. */
static void set_numbers(struct diff_row *row, const char *unit, double left, double right) {
    row->kind = ROW_NUMBER;
    set_change(row, unit, left, right);
}

static void set_objects(struct diff_row *row, const void *left, const void *right) {
    row->kind = ROW_OBJECT;
    row->left.object = left;
    row->right.object = right;
}

/* Of nothing there is no percentage. */
static const char *change_words(struct arena *arena, double left, double right) {
    if (!isfinite(left) || !isfinite(right) || left == right) return "";
    return left == 0 ? "-" : arena_printf(arena, "%+.1f %%", 100 * (right - left) / left);
}

/* A number of which less is better. */
static void add_cost(struct comparison *comparison, int group, const char *what, const char *unit, double left,
                     double right, const char *(*words)(struct arena *, double)) {
    struct arena *arena = comparison->arena;
    struct diff_row *row = add_row(comparison, group, what, words(arena, left), words(arena, right));
    set_numbers(row, unit, left, right);
    row->change = change_words(arena, left, right);
    row->is_better = right < left;
    row->is_worse = right > left;
}

static const char *hash_words(struct arena *arena, const char *hash) {
    return hash ? arena_printf(arena, "%.16s", hash) : NULL;
}

static void compare_make(struct comparison *comparison) {
    const struct compile_report *left = comparison->left->report, *right = comparison->right->report;
    struct arena *arena = comparison->arena;
    add_row(comparison, GROUP_MAKE, "name", left->name, right->name);
    add_row(comparison, GROUP_MAKE, "model", left->model, right->model);
    add_row(comparison, GROUP_MAKE, "command", left->command, right->command);
    add_row(comparison, GROUP_MAKE, "model, sha256", hash_words(arena, left->model_sha256),
            hash_words(arena, right->model_sha256));
    add_row(comparison, GROUP_MAKE, "bxc", left->tool_version, right->tool_version);
    add_row(comparison, GROUP_MAKE, "part", left->part_code, right->part_code);
    struct diff_row *clock = add_row(comparison, GROUP_MAKE, "clock", words_clock(arena, left->clock_period),
                                     words_clock(arena, right->clock_period));
    set_numbers(clock, "MHz", clock_megahertz(left->clock_period), clock_megahertz(right->clock_period));
    add_row(comparison, GROUP_MAKE, "content hash", hash_words(arena, left->content_hash),
            hash_words(arena, right->content_hash));
}

static void compare_hardware(struct comparison *comparison) {
    const struct compile_report *left = comparison->left->report, *right = comparison->right->report;
    struct arena *arena = comparison->arena;
    double rate[2] = {report_events_per_second(left) / 1e6, report_events_per_second(right) / 1e6};
    add_cost(comparison, GROUP_HARDWARE, "latency, cycles", "cycles", left->latency, right->latency, words_count);
    add_cost(comparison, GROUP_HARDWARE, "latency, ns", "ns", left->latency * left->clock_period,
             right->latency * right->clock_period, words_number);
    add_cost(comparison, GROUP_HARDWARE, "initiation interval", "cycles", left->initiation_interval,
             right->initiation_interval, words_count);
    if (left->beats > 1 || right->beats > 1)
        set_numbers(add_row(comparison, GROUP_HARDWARE, "beats", words_count(arena, left->beats),
                            words_count(arena, right->beats)),
                    "clocks", left->beats, right->beats);
    struct diff_row *events = add_row(comparison, GROUP_HARDWARE, "events/s, million", words_number(arena, rate[0]),
                                      words_number(arena, rate[1]));
    set_numbers(events, "events/s", 1e6 * rate[0], 1e6 * rate[1]);
    events->change = change_words(arena, rate[0], rate[1]);
    events->is_better = rate[1] > rate[0];
    events->is_worse = rate[1] < rate[0];
    add_cost(comparison, GROUP_HARDWARE, "slowest stage, ns", "ns", left->stage_delay, right->stage_delay,
             words_number);
    add_cost(comparison, GROUP_HARDWARE, "LUT", "LUT", left->total.lut, right->total.lut, words_count);
    add_cost(comparison, GROUP_HARDWARE, "FF", "FF", left->total.ff, right->total.ff, words_count);
    add_cost(comparison, GROUP_HARDWARE, "DSP", "DSP", left->total.dsp, right->total.dsp, words_count);
    add_cost(comparison, GROUP_HARDWARE, "BRAM18", "BRAM18", left->total.bram18, right->total.bram18, words_count);
}

/* ---- ports and layers, by name ---- */

static const char *port_words(struct arena *arena, const struct port_report *port) {
    if (!port) return NULL;
    return arena_printf(arena, "%s, %u x %s, %s bits%s%s%s%s", port->direction, port->elements, port->format,
                        words_port_bits(arena, port), *port->rounding ? ", " : "", port->rounding,
                        *port->overflow ? ", " : "", port->overflow);
}

static const struct port_report *find_port(const struct compile_report *report, const char *name) {
    for (uint32_t i = 0; i < report->port_count; i++)
        if (!strcmp(report->ports[i].name, name)) return &report->ports[i];
    return NULL;
}

/* Ports that words do not tell apart may have other formats, scales or steps by element. */
static void add_port(struct comparison *comparison, const struct port_report *left, const struct port_report *right) {
    struct arena *arena = comparison->arena;
    const char *a = port_words(arena, left), *b = port_words(arena, right);
    if (left && right && strcmp(a, b) == 0 && strcmp(left->numbers, right->numbers) != 0) {
        a = arena_printf(arena, "%s, elements of interface.json: %s", a, left->numbers);
        b = arena_printf(arena, "%s, elements of interface.json: %s", b, right->numbers);
    }
    struct diff_row *row = add_row(comparison, GROUP_PORTS, left ? left->name : right->name, a, b);
    set_objects(row, left, right);
    row->change = !left ? "new" : !right ? "gone" : "";
}

static void compare_ports(struct comparison *comparison) {
    const struct compile_report *left = comparison->left->report, *right = comparison->right->report;
    for (uint32_t i = 0; i < left->port_count; i++)
        add_port(comparison, &left->ports[i], find_port(right, left->ports[i].name));
    for (uint32_t i = 0; i < right->port_count; i++)
        if (!find_port(left, right->ports[i].name)) add_port(comparison, NULL, &right->ports[i]);
}

static const char *layer_words(struct arena *arena, const struct layer_report *layer) {
    if (!layer) return NULL;
    return arena_printf(arena, "%s, %s, %s", *layer->format ? layer->format : "no format",
                        words_in_cycles(arena, layer->first_cycle, layer->last_cycle),
                        words_hardware(arena, &layer->cost));
}

static const struct layer_report *find_layer(const struct compile_report *report, const char *name) {
    for (uint32_t i = 0; i < report->layer_count; i++)
        if (!strcmp(report->layers[i].name, name)) return &report->layers[i];
    return NULL;
}

static void add_layer(struct comparison *comparison, const char *name, const struct layer_report *left,
                      const struct layer_report *right) {
    struct arena *arena = comparison->arena;
    double before = left ? left->cost.lut : 0, after = right ? right->cost.lut : 0;
    struct diff_row *row = add_row(comparison, GROUP_LAYERS, name, layer_words(arena, left), layer_words(arena, right));
    set_objects(row, left, right);
    if (left && right) set_change(row, "LUT", before, after);
    if (left && right && (before == 0) != (after == 0))
        row->change =
            arena_printf(arena, "%s%s LUT", after > before ? "+" : "-", words_count(arena, fabs(after - before)));
    else
        row->change = !left ? "new" : !right ? "gone" : change_words(arena, before, after);
    row->is_better = after < before;
    row->is_worse = after > before;
}

static void compare_layers(struct comparison *comparison) {
    const struct compile_report *left = comparison->left->report, *right = comparison->right->report;
    for (uint32_t i = 0; i < left->layer_count; i++)
        add_layer(comparison, left->layers[i].name, &left->layers[i], find_layer(right, left->layers[i].name));
    for (uint32_t i = 0; i < right->layer_count; i++)
        if (!find_layer(left, right->layers[i].name))
            add_layer(comparison, right->layers[i].name, NULL, &right->layers[i]);
}

/* ---- verdicts ---- */

static const char *bits_words(struct arena *arena, const struct verdict *verdict) {
    if (!verdict) return "not verified";
    return verdict_is_positive(verdict) ? arena_printf(arena, "equal: %s", words_engines(arena, verdict))
                                        : "NOT positive";
}

static const char *flips_words(struct arena *arena, const struct verdict *verdict) {
    return !verdict || !verdict->loss.compared
               ? NULL
               : arena_printf(arena, "%s of %s", words_count(arena, (double)verdict->loss.flipped),
                              words_count(arena, (double)verdict->loss.decisions));
}

static double flip_rate(const struct verdict *verdict) {
    return verdict && verdict->loss.decisions ? (double)verdict->loss.flipped / (double)verdict->loss.decisions
                                              : (double)NAN;
}

static double accuracy_of(const struct verdict *verdict) {
    return verdict && verdict->labelled_count ? verdict->labelled[0].accuracy_fixed : (double)NAN;
}

static const char *accuracy_words(struct arena *arena, const struct verdict *verdict) {
    double accuracy = accuracy_of(verdict);
    return isnan(accuracy) ? NULL : share_words(arena, accuracy, 1);
}

static double error_of(const struct verdict *verdict) {
    return verdict && verdict->loss.compared && verdict->loss.outputs ? verdict->loss.max_error : (double)NAN;
}

static void compare_verdicts(struct comparison *comparison) {
    const struct verdict *left = comparison->left->verdict, *right = comparison->right->verdict;
    struct arena *arena = comparison->arena;
    struct diff_row *row =
        add_row(comparison, GROUP_VERDICT, "bits", bits_words(arena, left), bits_words(arena, right));
    row->is_worse = right && !verdict_is_positive(right) && left && verdict_is_positive(left);
    row->is_better = left && !verdict_is_positive(left) && right && verdict_is_positive(right);
    row = add_row(comparison, GROUP_VERDICT, "decisions flipped against the model", flips_words(arena, left),
                  flips_words(arena, right));
    set_numbers(row, "%", 100 * flip_rate(left), 100 * flip_rate(right));
    row->is_worse = flip_rate(right) > flip_rate(left);
    row->is_better = flip_rate(right) < flip_rate(left);
    add_cost(comparison, GROUP_VERDICT, "largest error against the model", NULL, error_of(left), error_of(right),
             words_number);
    row = add_row(comparison, GROUP_VERDICT, "accuracy", accuracy_words(arena, left), accuracy_words(arena, right));
    set_numbers(row, "%", 100 * accuracy_of(left), 100 * accuracy_of(right));
    row->is_worse = accuracy_of(right) < accuracy_of(left);
    row->is_better = accuracy_of(right) > accuracy_of(left);
}

static struct comparison compare(struct arena *arena, const struct firmware_side *left,
                                 const struct firmware_side *right) {
    struct comparison comparison = {
        .arena = arena,
        .left = left,
        .right = right,
        .groups = {
            [GROUP_MAKE] = {.title = "made from", .key = "make", .change_of = ""},
            [GROUP_HARDWARE] = {.title = "hardware", .key = "hardware", .change_of = ""},
            [GROUP_PORTS] = {.title = "ports", .key = "ports", .change_of = "", .fields = port_fields},
            [GROUP_LAYERS] = {.title = "layers", .key = "layers", .change_of = " of LUT", .fields = layer_fields},
            [GROUP_VERDICT] = {.title = "verdicts", .key = "verdicts", .change_of = ""}}};
    compare_make(&comparison);
    compare_hardware(&comparison);
    compare_ports(&comparison);
    compare_layers(&comparison);
    compare_verdicts(&comparison);
    return comparison;
}

static uint32_t count_equal(const struct diff_group *group) {
    uint32_t equal = 0;
    for (uint32_t i = 0; i < group->count; i++) equal += !group->rows[i].differs;
    return equal;
}

/* Hardware and verdicts are shown whole: they are what one asks for. */
static bool is_shown(int group, const struct diff_row *row) {
    return row->differs || group == GROUP_HARDWARE || group == GROUP_VERDICT;
}

static const char *equal_words(struct arena *arena, int group, uint32_t equal) {
    bool whole = group == GROUP_HARDWARE || group == GROUP_VERDICT;
    return equal == 0 || whole ? NULL : arena_printf(arena, "%u %s equal", equal, equal == 1 ? "row is" : "rows are");
}

/* ---- for the terminal ---- */

void diff_terminal(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right,
                   bool colour) {
    struct arena *arena = out->arena;
    struct comparison comparison = compare(arena, left, right);
    for (int g = 0; g < GROUP_COUNT; g++) {
        const struct diff_group *group = &comparison.groups[g];
        const char *headings[] = {group->title, words_clean(arena, left->folder), words_clean(arena, right->folder),
                                  arena_printf(arena, ">change%s", group->change_of)};
        struct text_table table = {.arena = arena, .columns = 4, .headings = headings};
        for (uint32_t i = 0; i < group->count; i++)
            if (is_shown(g, &group->rows[i]))
                table_row(&table,
                          (const char *[]){table_shortened(arena, group->rows[i].what), shown(&group->rows[i].left),
                                           shown(&group->rows[i].right), group->rows[i].change});
        strbuf_append(out, g ? "\n" : "");
        if (table.count) table_print(out, &table, colour);
        const char *equal = equal_words(arena, g, count_equal(group));
        if (equal) strbuf_printf(out, "  %s: %s\n", group->title, equal);
    }
}

/* ---- as a page ---- */

static void diff_group_html(struct strbuf *out, const struct comparison *comparison, int g) {
    struct arena *arena = out->arena;
    const struct diff_group *group = &comparison->groups[g];
    const char *headings[] = {"", words_clean(arena, comparison->left->folder),
                              words_clean(arena, comparison->right->folder),
                              arena_printf(arena, ">Change%s", group->change_of), NULL};
    strbuf_printf(out, "<section><h2 class=\"first-up\">%s</h2>\n", group->title);
    const char *equal = equal_words(arena, g, count_equal(group));
    if (equal) strbuf_printf(out, "<p class=\"lead\">%s.</p>\n", equal);
    if (count_equal(group) < group->count || !equal) {
        html_table_start(out, NULL, headings);
        for (uint32_t i = 0; i < group->count; i++) {
            const struct diff_row *row = &group->rows[i];
            if (!is_shown(g, row)) continue;
            strbuf_append(out, "<tr>");
            html_cell(out, row->what, false);
            for (int side = 0; side < 2; side++) {
                strbuf_append(out, "<td>");
                html_command(out, shown(side ? &row->right : &row->left));
                strbuf_append(out, "</td>");
            }
            strbuf_printf(out, "<td class=\"n %s\">", row->is_worse ? "worse" : row->is_better ? "better" : "");
            append_escaped(out, *row->change ? row->change : row->is_worse ? "worse" : row->is_better ? "better" : "");
            strbuf_append(out, "</td></tr>\n");
        }
        strbuf_append(out, "</tbody></table></div>\n");
    }
    strbuf_append(out, "</section>\n");
}

void diff_html(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right) {
    struct comparison comparison = compare(out->arena, left, right);
    html_page_start(out, arena_printf(out->arena, "%s \xe2\x86\x92 %s", left->folder, right->folder),
                    "bxc firmware comparison");
    strbuf_append(out, "</header>\n<main>\n");
    for (int g = 0; g < GROUP_COUNT; g++) diff_group_html(out, &comparison, g);
    strbuf_append(out, "</main>\n</body>\n</html>\n");
}

/* ---- as JSON ---- */

static void add_side(struct arena *arena, cJSON *json, const char *key, const struct diff_group *group,
                     const struct diff_row *row, const struct diff_side *side) {
    switch (row->kind) {
    case ROW_WORDS: json_text(arena, json, key, side->words); break;
    case ROW_NUMBER: json_number(arena, json, key, side->number); break;
    case ROW_OBJECT:
        if (side->object)
            fields_write(arena, json_object(arena, json, key), group->fields, side->object);
        else
            json_null(arena, json, key);
        break;
    }
}

static void add_json(struct arena *arena, cJSON *json, const struct diff_group *group, const struct diff_row *row) {
    double before = row->left.number, change = row->right.number - before;
    json_text(arena, json, "what", row->what);
    add_side(arena, json, "left", group, row, &row->left);
    add_side(arena, json, "right", group, row, &row->right);
    json_text(arena, json, "unit", row->unit);
    json_number(arena, json, "change", change);
    json_number(arena, json, "change_percent", before != 0 ? 100 * change / before : (double)NAN);
    json_bool(arena, json, "differs", row->differs);
}

void diff_json(struct strbuf *out, const struct firmware_side *left, const struct firmware_side *right) {
    struct arena *arena = out->arena;
    struct comparison comparison = compare(arena, left, right);
    cJSON *root = json_root(arena);
    json_text(arena, root, "left", left->folder);
    json_text(arena, root, "right", right->folder);
    for (int g = 0; g < GROUP_COUNT; g++) {
        const struct diff_group *group = &comparison.groups[g];
        cJSON *list = json_array(arena, root, group->key);
        for (uint32_t i = 0; i < group->count; i++)
            add_json(arena, json_object(arena, list, NULL), group, &group->rows[i]);
    }
    json_print(out, root);
}
