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
    if (length <= NAME_MAX_LETTERS) return name;
    return arena_printf(arena, "\xe2\x80\xa6%s", words_tail(name, NAME_MAX_LETTERS - 1));
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
static void bar_at(struct strbuf *out, const char *kind, double x, double y, double width, double height,
                   const char *hint) {
    strbuf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\"><title>", kind,
                  x, y, width < 1.5 ? 1.5 : width, height);
    append_escaped(out, hint);
    strbuf_append(out, "</title></rect>\n");
}

/* ---- latency ---- */

static int timeline_rows(const struct layer_report *modules, uint32_t count) {
    int rows = 0;
    for (uint32_t i = 0; i < count; i++) rows += modules[i].first_cycle >= 0;
    return rows;
}

/* A line every bunch crossing. */
static void timeline_crossings(struct strbuf *out, const struct compile_report *report, double cell, int height) {
    double latency = report->latency * report->clock_period;
    for (int crossing = 1; crossing * CROSSING_NS < latency && latency < 60 * CROSSING_NS; crossing++)
        line_at(out, "crossing", LABEL + cell * crossing * CROSSING_NS / report->clock_period, AXIS - 4,
                LABEL + cell * crossing * CROSSING_NS / report->clock_period, height - 4);
}

static void timeline_axis(struct strbuf *out, const struct compile_report *report, double cell, int height) {
    int step = 1;
    while (cell * step < 34) step *= step == 1 ? 2 : step % 5 == 0 ? 2 : 5;
    for (int cycle = 0; cycle <= report->latency; cycle++) {
        double x = LABEL + cell * cycle;
        bool told = cycle % step == 0 || cycle == report->latency;
        if (cell < 4 && !told) continue;
        line_at(out, told ? "grid" : "grid faint", x, AXIS - 4, x, height - 4);
        if (cycle % step == 0 && (cycle == report->latency || (report->latency - cycle) * cell >= 34)) {
            text_at(out, "tick middle", x, 12, arena_printf(out->arena, "%d", cycle));
            text_at(out, "tick middle muted", x, 25, words_number(out->arena, cycle * report->clock_period));
        }
    }
    if (report->latency % step) {
        text_at(out, "tick middle strong", LABEL + cell * report->latency, 12,
                arena_printf(out->arena, "%d", report->latency));
        text_at(out, "tick middle muted", LABEL + cell * report->latency, 25,
                words_number(out->arena, report->latency * report->clock_period));
    }
    text_at(out, "tick", 0, 12, "clock cycle");
    text_at(out, "tick muted", 0, 25, "nanoseconds");
}

void svg_timeline(struct strbuf *out, const struct compile_report *report) {
    uint32_t count;
    const struct layer_report *modules = report_modules(out->arena, report, &count);
    int rows = timeline_rows(modules, count), height = AXIS + rows * ROW + 6, row = 0;
    if (rows == 0 || report->latency <= 0) return;
    double cell = (WIDTH - LABEL - 24.0) / report->latency;
    start_picture(out, height, "Clock cycles in which each module computes");
    timeline_axis(out, report, cell, height);
    timeline_crossings(out, report, cell, height);
    for (uint32_t i = 0; i < count; i++) {
        const struct layer_report *module = &modules[i];
        if (module->first_cycle < 0) continue;
        double y = AXIS + row++ * ROW;
        const char *hint = arena_printf(out->arena, "%s (%s): %s", module->name, module->op,
                                        words_in_cycles(out->arena, module->first_cycle, module->last_cycle));
        text_at(out, "name", 0, y + BAR - 2, label(out->arena, module->name));
        bar_at(out, strcmp(module->op, "input") ? "bar a" : "bar quiet", LABEL + cell * module->first_cycle + 1, y,
               cell * (module->last_cycle - module->first_cycle + 1) - 2, BAR, hint);
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

void svg_resources(struct strbuf *out, const struct compile_report *whole) {
    int rows = 0, row = 0;
    struct compile_report by_module = *whole;
    const struct compile_report *report = &by_module;
    by_module.layers = report_modules(out->arena, whole, &by_module.layer_count);
    for (uint32_t i = 0; i < report->layer_count; i++) rows += costs_anything(&report->layers[i]);
    if (rows == 0) return;
    double scale = (WIDTH - LABEL - 110.0) / largest_cost(report), pitch = ROW + 8;
    start_picture(out, (int)(rows * pitch) + 6, "Estimated LUT and FF of each module");
    for (uint32_t i = 0; i < report->layer_count; i++) {
        const struct layer_report *layer = &report->layers[i];
        if (!costs_anything(layer)) continue;
        double y = 2 + row++ * pitch, lut = layer->cost.lut * scale, ff = layer->cost.ff * scale;
        text_at(out, "name", 0, y + 16, label(out->arena, layer->name));
        if (lut > 0)
            bar_at(out, "bar a", LABEL, y, lut, 11,
                   arena_printf(out->arena, "%s: %s LUT", layer->name, words_count(out->arena, layer->cost.lut)));
        if (ff > 0)
            bar_at(out, "bar b", LABEL, y + 12, ff, 11,
                   arena_printf(out->arena, "%s: %s FF", layer->name, words_count(out->arena, layer->cost.ff)));
        text_at(out, "tick", LABEL + lut + 6, y + 10,
                arena_printf(out->arena, "%s LUT", words_count(out->arena, layer->cost.lut)));
        text_at(out, "tick muted", LABEL + ff + 6, y + 22,
                arena_printf(out->arena, "%s FF", words_count(out->arena, layer->cost.ff)));
    }
    strbuf_append(out, "</svg>\n");
}

/* ---- ranges ---- */

static const struct value_range *seen_range(const struct verdict *verdict, const char *name) {
    for (uint32_t i = 0; verdict && i < verdict->range_count; i++)
        if (verdict->ranges[i].name && name && !strcmp(verdict->ranges[i].name, name)) return &verdict->ranges[i];
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
           arena_printf(arena, "%s, format: %s to %s", layer->name, words_number(arena, layer->format_lo),
                        words_number(arena, layer->format_hi)));
    if (isfinite(layer->range_lo) && isfinite(layer->range_hi))
        bar_at(out, "bar b", LABEL + (layer->range_lo - layer->format_lo) * scale, y + 2,
               (layer->range_hi - layer->range_lo) * scale, BAR - 4,
               arena_printf(arena, "%s, can occur: %s to %s", layer->name, words_number(arena, layer->range_lo),
                            words_number(arena, layer->range_hi)));
    if (seen && isfinite(seen->seen_lo) && isfinite(seen->seen_hi))
        bar_at(out, "bar a", LABEL + (seen->seen_lo - layer->format_lo) * scale, y + 4,
               (seen->seen_hi - seen->seen_lo) * scale, BAR - 8,
               arena_printf(arena, "%s, seen: %s to %s", layer->name, words_number(arena, seen->seen_lo),
                            words_number(arena, seen->seen_hi)));
    if (layer->format_lo < 0 && layer->format_hi > 0)
        line_at(out, "zero", LABEL - layer->format_lo * scale, y - 2, LABEL - layer->format_lo * scale, y + BAR + 2);
    text_at(out, "tick", LABEL + width + 10, y + BAR - 3,
            arena_printf(arena, "%s \xe2\x80\xa6 %s", words_number(arena, layer->format_lo),
                         words_number(arena, layer->format_hi)));
}

void svg_ranges(struct strbuf *out, const struct compile_report *report, const struct verdict *verdict) {
    int rows = 0, row = 0;
    for (uint32_t i = 0; i < report->layer_count; i++) rows += has_range(&report->layers[i]);
    if (rows == 0) return;
    start_picture(out, rows * ROW + 8, "Values of each layer within the range of its format");
    for (uint32_t i = 0; i < report->layer_count; i++)
        if (has_range(&report->layers[i]))
            range_row(out, &report->layers[i], seen_range(verdict, report->layers[i].name), 4 + row++ * ROW);
    strbuf_append(out, "</svg>\n");
}

/* ---- ROC curves: background that passes against signal that is kept; below, firmware over float model ---- */

enum {
    PLOT_LEFT = 80,
    PLOT_TOP = 12,
    PLOT_WIDTH = 560,
    PLOT_HEIGHT = 360,
    RATIO_TOP = PLOT_TOP + PLOT_HEIGHT + 24,
    RATIO_HEIGHT = 110,
    DECADES_MAX = 7
};

static double plot_x(double efficiency) {
    return PLOT_LEFT + PLOT_WIDTH * efficiency;
}

static double plot_y(double background, int decades) {
    return PLOT_TOP + PLOT_HEIGHT * fmin(-log10(background), decades) / decades;
}

/* As far down as some threshold lets background pass. */
static int plot_decades(const struct labelled *labelled) {
    double least = 0.1;
    for (uint32_t c = 0; c < labelled->curve_count; c++)
        for (uint32_t i = 0; i < labelled->curves[c].points; i++) {
            double a = labelled->curves[c].false_positive_float[i], b = labelled->curves[c].false_positive_fixed[i];
            least = a > 0 && a < least ? a : least;
            least = b > 0 && b < least ? b : least;
        }
    return (int)fmin(ceil(-log10(least) - 1e-9), DECADES_MAX);
}

static void plot_axes(struct strbuf *out, int decades) {
    for (int i = 0; i <= 10; i += 2) {
        line_at(out, "grid", plot_x(i / 10.0), PLOT_TOP, plot_x(i / 10.0), PLOT_TOP + PLOT_HEIGHT);
        line_at(out, "grid", plot_x(i / 10.0), RATIO_TOP, plot_x(i / 10.0), RATIO_TOP + RATIO_HEIGHT);
        text_at(out, "tick middle", plot_x(i / 10.0), RATIO_TOP + RATIO_HEIGHT + 18,
                arena_printf(out->arena, "%.1f", i / 10.0));
    }
    for (int i = 0; i <= decades; i++) {
        double y = PLOT_TOP + PLOT_HEIGHT * (double)i / decades;
        line_at(out, "grid", PLOT_LEFT, y, PLOT_LEFT + PLOT_WIDTH, y);
        text_at(out, "tick end", PLOT_LEFT - 8, y + 4, i == 0 ? "1" : arena_printf(out->arena, "%.*f", i, pow(10, -i)));
    }
    text_at(out, "tick middle", PLOT_LEFT + PLOT_WIDTH / 2.0, RATIO_TOP + RATIO_HEIGHT + 38,
            "signal efficiency (true-positive rate)");
    strbuf_printf(
        out,
        "<text class=\"tick middle\" transform=\"translate(16 %d) rotate(-90)\">background efficiency (false-positive rate)</text>\n",
        PLOT_TOP + PLOT_HEIGHT / 2);
    strbuf_printf(out, "<text class=\"tick middle\" transform=\"translate(16 %d) rotate(-90)\">fixed / float</text>\n",
                  RATIO_TOP + RATIO_HEIGHT / 2);
}

/* Where no background passes there is nothing to draw on an axis of decades. */
static void curve_line(struct strbuf *out, const char *kind, uint32_t number, const double *x, const double *y,
                       uint32_t points, int decades) {
    bool begun = false;
    strbuf_printf(out, "<polyline class=\"curve c%u %s\" points=\"", number % CURVES_MAX, kind);
    for (uint32_t i = 0; i < points; i++) {
        if (!isfinite(x[i]) || !(y[i] > 0)) continue;
        strbuf_printf(out, "%s%.1f,%.1f", begun ? " " : "", plot_x(x[i]), plot_y(y[i], decades));
        begun = true;
    }
    strbuf_append(out, "\"/>\n");
}

/* ---- the ratio of the two backgrounds where both keep as much of the class ---- */

static double ratio_at(const struct class_curve *curve, uint32_t i) {
    double fixed = curve->false_positive_fixed[i], reference = curve->false_positive_float[i];
    return fixed > 0 && reference > 0 ? fixed / reference : (double)NAN;
}

static double ratio_range(const struct labelled *labelled) {
    static const double ranges[] = {1.01, 1.02, 1.05, 1.1, 1.2, 1.5};
    double most = 1;
    for (uint32_t c = 0; c < labelled->curve_count; c++)
        for (uint32_t i = 0; i + 1 < labelled->curves[c].points; i++) {
            double ratio = ratio_at(&labelled->curves[c], i);
            most = isfinite(ratio) ? fmax(most, fmax(ratio, 1 / ratio)) : most;
        }
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (most <= ranges[i]) return ranges[i];
    return 2;
}

/* As far above 1 as below it, in logarithms; what is further off stands at the edge. */
static double ratio_y(double ratio, double range) {
    return RATIO_TOP + RATIO_HEIGHT / 2.0 * (1 - fmax(-1, fmin(1, log(ratio) / log(range))));
}

static void ratio_axes(struct strbuf *out, double range) {
    double at[3] = {1 / range, 1, range};
    for (int i = 0; i < 3; i++) {
        line_at(out, i == 1 ? "zero" : "grid", PLOT_LEFT, ratio_y(at[i], range), PLOT_LEFT + PLOT_WIDTH,
                ratio_y(at[i], range));
        text_at(out, "tick end", PLOT_LEFT - 8, ratio_y(at[i], range) + 4, words_number(out->arena, at[i]));
    }
}

/* The last point, which keeps everything, is 1 by nature. */
static void ratio_line(struct strbuf *out, uint32_t number, const struct class_curve *curve, double range) {
    bool begun = false;
    strbuf_printf(out, "<polyline class=\"curve thin c%u\" points=\"", number % CURVES_MAX);
    for (uint32_t i = 0; i + 1 < curve->points; i++) {
        double ratio = ratio_at(curve, i);
        if (!isfinite(ratio)) continue;
        strbuf_printf(out, "%s%.1f,%.1f", begun ? " " : "", plot_x((double)i / (curve->points - 2)),
                      ratio_y(ratio, range));
        begun = true;
    }
    strbuf_append(out, "\"/>\n");
}

static void curve_legend(struct strbuf *out, const struct labelled *labelled, uint32_t number) {
    const struct class_curve *curve = &labelled->curves[number];
    double y = PLOT_TOP + 38 + 42.0 * number, x = PLOT_LEFT + PLOT_WIDTH + 30.0;
    struct arena *arena = out->arena;
    strbuf_printf(out, "<polyline class=\"curve c%u\" points=\"%.1f,%.1f %.1f,%.1f\"/>\n", number % CURVES_MAX, x, y,
                  x + 26, y);
    text_at(out, "name", x + 36, y + 4, words_class(arena, labelled, labelled->curve_count == 1 ? 1 : number));
    text_at(out, "tick muted", x + 36, y + 20,
            arena_printf(arena, "area %s fixed, %s float", words_area(arena, curve->area_fixed),
                         words_area(arena, curve->area_float)));
}

void svg_curves(struct strbuf *out, const struct labelled *labelled) {
    uint32_t count = labelled->curve_count < CURVES_MAX ? labelled->curve_count : CURVES_MAX;
    if (count == 0) return;
    int decades = plot_decades(labelled);
    double range = ratio_range(labelled);
    start_picture(out, RATIO_TOP + RATIO_HEIGHT + 50, "ROC curves of each class, float and fixed, and their ratio");
    plot_axes(out, decades);
    ratio_axes(out, range);
    for (uint32_t i = 0; i < count; i++) {
        const struct class_curve *curve = &labelled->curves[i];
        curve_line(out, "float", i, curve->true_positive_float, curve->false_positive_float, curve->points, decades);
        curve_line(out, "", i, curve->true_positive_fixed, curve->false_positive_fixed, curve->points, decades);
        ratio_line(out, i, curve, range);
        curve_legend(out, labelled, i);
    }
    text_at(out, "tick", PLOT_LEFT + PLOT_WIDTH + 30.0, PLOT_TOP + 10, "solid: firmware, dashed: float model");
    strbuf_append(out, "</svg>\n");
}
