/* The pictures of report.html as inline SVG: layers on the latency axis, resources by layer, value
 * ranges inside their formats, ROC curves. Colours come from the page's style, so that light and dark both work. */
#include <math.h>
#include <string.h>

#include "report/private.h"

enum { WIDTH = 960, LABEL = 250, ROW = 22, BAR = 14, AXIS = 34, NAME_MAX_LETTERS = 32, CURVES_MAX = 8 };

void append_escaped(struct strbuf *out, const char *text) {
    for (text = words_clean(out->arena, text); text && *text; text++) {
        switch (*text) {
        case '&': strbuf_append(out, "&amp;"); break;
        case '<': strbuf_append(out, "&lt;"); break;
        case '>': strbuf_append(out, "&gt;"); break;
        case '"': strbuf_append(out, "&quot;"); break;
        case '\'': strbuf_append(out, "&#39;"); break;
        default: strbuf_append_bytes(out, text, 1);
        }
    }
}

/* The end of a long name tells more than its beginning. Never cuts a UTF-8 character. */
static const char *label(struct arena *arena, const char *name) {
    size_t length = strlen(name);
    if (length <= NAME_MAX_LETTERS)
        return name;
    const char *tail = name + length - NAME_MAX_LETTERS + 1;
    while (((unsigned char)*tail & 0xc0) == 0x80)
        tail++;
    return arena_printf(arena, "\xe2\x80\xa6%s", tail);
}

static void start_picture(struct strbuf *out, int height, const char *title) {
    strbuf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height);
    append_escaped(out, title);
    strbuf_append(out, "\">\n");
}

static void text_at(struct strbuf *out, const char *kind, double x, double y, const char *text) {
    strbuf_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", kind, x, y);
    append_escaped(out, text);
    strbuf_append(out, "</text>\n");
}

static void line_at(struct strbuf *out, const char *kind, double x1, double y1, double x2, double y2) {
    strbuf_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", kind, x1, y1, x2, y2);
}

/* A bar with a title that browsers show as a hint. */
static void bar_at(struct strbuf *out, const char *kind, double x, double y, double width, double height, const char *hint) {
    strbuf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"><title>", kind, x, y,
                  width < 1.5 ? 1.5 : width, height);
    append_escaped(out, hint);
    strbuf_append(out, "</title></rect>\n");
}

/* ---- latency ---- */

static int timeline_rows(const struct compile_report *report) {
    int rows = 0;
    for (uint32_t i = 0; i < report->layer_count; i++)
        rows += report->layers[i].first_cycle >= 0;
    return rows;
}

static void timeline_axis(struct strbuf *out, const struct compile_report *report, double cell, int height) {
    int step = 1;
    while (cell * step < 34)
        step *= step == 1 ? 2 : step % 5 == 0 ? 2 : 5;
    for (int cycle = 0; cycle <= report->latency; cycle++) {
        double x = LABEL + cell * cycle;
        bool told = cycle % step == 0 || cycle == report->latency;
        if (cell < 4 && !told)
            continue;
        line_at(out, told ? "grid" : "grid faint", x, AXIS - 4, x, height - 4);
        if (cycle % step == 0 && (cycle == report->latency || (report->latency - cycle) * cell >= 34)) {
            text_at(out, "tick middle", x, 12, arena_printf(out->arena, "%d", cycle));
            text_at(out, "tick middle muted", x, 25, words_number(out->arena, cycle * report->clock_period));
        }
    }
    if (report->latency % step) {
        text_at(out, "tick middle strong", LABEL + cell * report->latency, 12, arena_printf(out->arena, "%d", report->latency));
        text_at(out, "tick middle muted", LABEL + cell * report->latency, 25, words_number(out->arena, report->latency * report->clock_period));
    }
    text_at(out, "tick", 0, 12, "clock cycle");
    text_at(out, "tick muted", 0, 25, "nanoseconds");
}

void svg_timeline(struct strbuf *out, const struct compile_report *report) {
    int rows = timeline_rows(report), height = AXIS + rows * ROW + 6, row = 0;
    if (rows == 0 || report->latency <= 0)
        return;
    double cell = (WIDTH - LABEL - 24.0) / report->latency;
    start_picture(out, height, "Clock cycles in which each layer is computed");
    timeline_axis(out, report, cell, height);
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        if (layer->first_cycle < 0)
            continue;
        double y = AXIS + row++ * ROW;
        const char *hint = arena_printf(out->arena, "%s (%s): cycles %d to %d", layer->name, layer->op, layer->first_cycle, layer->last_cycle);
        text_at(out, "name", 0, y + BAR - 2, label(out->arena, layer->name));
        bar_at(out, strcmp(layer->op, "input") ? "bar a" : "bar quiet", LABEL + cell * layer->first_cycle + 1, y,
               cell * (layer->last_cycle - layer->first_cycle + 1) - 2, BAR, hint);
    }
    strbuf_append(out, "</svg>\n");
}

/* ---- resources ---- */

static bool costs_anything(const struct layer_report *layer) {
    return layer->cost.lut + layer->cost.ff + layer->cost.dsp + layer->cost.bram18 >= 0.5;
}

static double largest_cost(const struct compile_report *report) {
    double largest = 1;
    for (uint32_t i = 0; i < report->layer_count; i++)
        largest = fmax(largest, fmax(report->layers[i].cost.lut, report->layers[i].cost.ff));
    return largest;
}

void svg_resources(struct strbuf *out, const struct compile_report *report) {
    int rows = 0, row = 0;
    for (uint32_t i = 0; i < report->layer_count; i++)
        rows += costs_anything(&report->layers[i]);
    if (rows == 0)
        return;
    double scale = (WIDTH - LABEL - 110.0) / largest_cost(report), pitch = ROW + 8;
    start_picture(out, (int)(rows * pitch) + 6, "Estimated LUT and FF of each layer");
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        if (!costs_anything(layer))
            continue;
        double y = 2 + row++ * pitch, lut = layer->cost.lut * scale, ff = layer->cost.ff * scale;
        text_at(out, "name", 0, y + 16, label(out->arena, layer->name));
        if (lut > 0)
            bar_at(out, "bar a", LABEL, y, lut, 11, arena_printf(out->arena, "%s: %s LUT", layer->name, words_count(out->arena, layer->cost.lut)));
        if (ff > 0)
            bar_at(out, "bar b", LABEL, y + 12, ff, 11, arena_printf(out->arena, "%s: %s FF", layer->name, words_count(out->arena, layer->cost.ff)));
        text_at(out, "tick", LABEL + lut + 6, y + 10, arena_printf(out->arena, "%s LUT", words_count(out->arena, layer->cost.lut)));
        text_at(out, "tick muted", LABEL + ff + 6, y + 22, arena_printf(out->arena, "%s FF", words_count(out->arena, layer->cost.ff)));
    }
    strbuf_append(out, "</svg>\n");
}

/* ---- ranges ---- */

static const struct value_range *seen_range(const struct verdict *verdict, const char *name) {
    for (uint32_t i = 0; verdict && i < verdict->range_count; i++)
        if (verdict->ranges[i].name && name && !strcmp(verdict->ranges[i].name, name))
            return &verdict->ranges[i];
    return NULL;
}

static bool has_range(const struct layer_report *layer) {
    return isfinite(layer->format_lo) && isfinite(layer->format_hi) && layer->format_hi > layer->format_lo;
}

/* Each row has its own scale: the whole bar is what the format can hold. */
static void range_row(struct strbuf *out, const struct layer_report *layer, const struct value_range *seen, double y) {
    double width = WIDTH - LABEL - 190.0, scale = width / (layer->format_hi - layer->format_lo);
    struct arena *arena = out->arena;
    text_at(out, "name", 0, y + BAR - 2, label(arena, layer->name));
    bar_at(out, "bar quiet", LABEL, y, width, BAR,
           arena_printf(arena, "%s, format: %s to %s", layer->name, words_number(arena, layer->format_lo), words_number(arena, layer->format_hi)));
    if (isfinite(layer->range_lo) && isfinite(layer->range_hi))
        bar_at(out, "bar b", LABEL + (layer->range_lo - layer->format_lo) * scale, y + 2, (layer->range_hi - layer->range_lo) * scale, BAR - 4,
               arena_printf(arena, "%s, can occur: %s to %s", layer->name, words_number(arena, layer->range_lo), words_number(arena, layer->range_hi)));
    if (seen && isfinite(seen->seen_lo) && isfinite(seen->seen_hi))
        bar_at(out, "bar a", LABEL + (seen->seen_lo - layer->format_lo) * scale, y + 4, (seen->seen_hi - seen->seen_lo) * scale, BAR - 8,
               arena_printf(arena, "%s, seen: %s to %s", layer->name, words_number(arena, seen->seen_lo), words_number(arena, seen->seen_hi)));
    if (layer->format_lo < 0 && layer->format_hi > 0)
        line_at(out, "zero", LABEL - layer->format_lo * scale, y - 2, LABEL - layer->format_lo * scale, y + BAR + 2);
    text_at(out, "tick", LABEL + width + 10, y + BAR - 3,
            arena_printf(arena, "%s \xe2\x80\xa6 %s", words_number(arena, layer->format_lo), words_number(arena, layer->format_hi)));
}

void svg_ranges(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    int rows = 0, row = 0;
    for (uint32_t i = 0; i < report->layer_count; i++)
        rows += has_range(&report->layers[i]);
    if (rows == 0)
        return;
    start_picture(out, rows * ROW + 8, "Values of each layer within the range of its format");
    for (uint32_t i = 0; i < report->layer_count; i++)
        if (has_range(&report->layers[i]))
            range_row(out, &report->layers[i], seen_range(verdict, report->layers[i].name), 4 + row++ * ROW);
    strbuf_append(out, "</svg>\n");
}

/* ---- ROC curves: background that passes against signal that is kept ---- */

enum { PLOT_LEFT = 80, PLOT_TOP = 12, PLOT_WIDTH = 560, PLOT_HEIGHT = 380, DECADES = 4 };

static double plot_x(double efficiency) {
    return PLOT_LEFT + PLOT_WIDTH * efficiency;
}

static double plot_y(double background) {
    double decades = background > 0 ? -log10(background) : DECADES;
    return PLOT_TOP + PLOT_HEIGHT * fmin(fmax(decades, 0), DECADES) / DECADES;
}

static void plot_axes(struct strbuf *out) {
    static const char *const powers[] = {"1", "0.1", "0.01", "0.001", "0.0001"};
    for (int i = 0; i <= 10; i += 2) {
        line_at(out, "grid", plot_x(i / 10.0), PLOT_TOP, plot_x(i / 10.0), PLOT_TOP + PLOT_HEIGHT);
        text_at(out, "tick middle", plot_x(i / 10.0), PLOT_TOP + PLOT_HEIGHT + 18, arena_printf(out->arena, "%.1f", i / 10.0));
    }
    for (int i = 0; i <= DECADES; i++) {
        double y = PLOT_TOP + PLOT_HEIGHT * (double)i / DECADES;
        line_at(out, "grid", PLOT_LEFT, y, PLOT_LEFT + PLOT_WIDTH, y);
        text_at(out, "tick end", PLOT_LEFT - 8, y + 4, powers[i]);
    }
    text_at(out, "tick middle", PLOT_LEFT + PLOT_WIDTH / 2.0, PLOT_TOP + PLOT_HEIGHT + 38, "signal efficiency (true-positive rate)");
    strbuf_printf(out, "<text class=\"tick middle\" transform=\"translate(16 %d) rotate(-90)\">background efficiency (false-positive rate)</text>\n",
                  PLOT_TOP + PLOT_HEIGHT / 2);
}

static void curve_line(struct strbuf *out, const char *kind, uint32_t number, const double *x, const double *y, uint32_t points) {
    strbuf_printf(out, "<polyline class=\"curve c%u %s\" points=\"", number % CURVES_MAX, kind);
    for (uint32_t i = 0; i < points; i++)
        if (isfinite(x[i]) && isfinite(y[i]))
            strbuf_printf(out, "%s%.1f,%.1f", i ? " " : "", plot_x(x[i]), plot_y(y[i]));
    strbuf_append(out, "\"/>\n");
}

static void curve_legend(struct strbuf *out, const struct class_curve *curve, uint32_t number, bool single) {
    double y = PLOT_TOP + 38 + 42.0 * number, x = PLOT_LEFT + PLOT_WIDTH + 30.0;
    struct arena *arena = out->arena;
    strbuf_printf(out, "<polyline class=\"curve c%u\" points=\"%.1f,%.1f %.1f,%.1f\"/>\n", number % CURVES_MAX, x, y, x + 26, y);
    text_at(out, "name", x + 36, y + 4, single ? "class 1" : arena_printf(arena, "class %u", number));
    text_at(out, "tick muted", x + 36, y + 20,
            arena_printf(arena, "area %s fixed, %s float", words_area(arena, curve->area_fixed), words_area(arena, curve->area_float)));
}

void svg_curves(struct strbuf *out, const struct verdict *verdict) {
    uint32_t count = verdict->curve_count < CURVES_MAX ? verdict->curve_count : CURVES_MAX;
    if (count == 0)
        return;
    start_picture(out, PLOT_TOP + PLOT_HEIGHT + 50, "ROC curves of each class, float and fixed");
    plot_axes(out);
    for (uint32_t i = 0; i < count; i++) {
        const struct class_curve *curve = &verdict->curves[i];
        curve_line(out, "float", i, curve->true_positive_float, curve->false_positive_float, curve->points);
        curve_line(out, "", i, curve->true_positive_fixed, curve->false_positive_fixed, curve->points);
        curve_legend(out, curve, i, verdict->curve_count == 1);
    }
    text_at(out, "tick", PLOT_LEFT + PLOT_WIDTH + 30.0, PLOT_TOP + 10, "solid: firmware, dashed: float model");
    strbuf_append(out, "</svg>\n");
}
