/* The verdict's sections of report.html: engines, distance from the float model, ROC curves. */
#include <math.h>

#include "report/private.h"

static void engines_table(struct strbuf *out, const struct verdict *verdict) {
    static const char *const headings[] = {"Engine", ">Events", ">Latency", ">Interval", "Result", NULL};
    struct arena *arena = out->arena;
    html_table_start(out, NULL, headings);
    for (uint32_t i = 0; i < verdict->engine_count; i++) {
        const struct engine_result *result = &verdict->engines[i];
        strbuf_append(out, "<tr>");
        html_cell(out, words_engine(arena, result), false);
        html_cell(out, result->ran ? words_count(arena, (double)result->events) : "", true);
        html_cell(out, result->latency >= 0 ? arena_printf(arena, "%d", result->latency) : "", true);
        html_cell(out, result->interval ? arena_printf(arena, "%d", result->interval) : "", true);
        html_cell(out,
                  result->difference.found
                      ? arena_printf(arena, "differs, %s", words_difference(arena, &result->difference))
                      : words_result(arena, result),
                  false);
        strbuf_append(out, "</tr>\n");
    }
    strbuf_append(out, "</tbody></table></div>\n");
}

static void events_words(struct strbuf *out, const struct verdict *verdict) {
    struct arena *arena = out->arena;
    strbuf_printf(
        out,
        "<p class=\"lead\">%s events: %s of files, %s random (seed %llu), %s corner vectors, %s regression vectors.</p>\n",
        words_count(arena, (double)verdict->events), words_count(arena, (double)verdict->user_events),
        words_count(arena, (double)verdict->random_events), (unsigned long long)verdict->seed,
        words_count(arena, (double)verdict->corner_events), words_count(arena, (double)verdict->regression_events));
}

static void fact(struct strbuf *out, const char *name, const char *value) {
    strbuf_append(out, "<tr>");
    html_cell(out, name, false);
    html_cell(out, value, true);
    strbuf_append(out, "</tr>\n");
}

static const char *of(struct arena *arena, uint64_t part, uint64_t whole) {
    return arena_printf(arena, "%s of %s", words_count(arena, (double)part), words_count(arena, (double)whole));
}

static void float_table(struct strbuf *out, const struct verdict *verdict) {
    static const char *const headings[] = {"Firmware against the model as trained", "> ", NULL};
    struct arena *arena = out->arena;
    html_table_start(out, NULL, headings);
    const struct loss *loss = &verdict->loss;
    const char *causes = words_flips(arena, loss);
    fact(out, arena_printf(arena, "compared: %s", loss->compared),
         arena_printf(arena, "%s events", words_count(arena, (double)loss->events)));
    fact(out, "decisions flipped", of(arena, loss->flipped, loss->decisions));
    if (*causes) fact(out, "of them", causes);
    if (loss->outputs) {
        fact(out, "largest error", words_number(arena, loss->max_error));
        fact(out, "mean error", words_number(arena, loss->mean_error));
        for (int i = 0; i < LOSS_QUANTILES; i++)
            fact(out,
                 arena_printf(arena, "%s %% of the errors are at most", words_number(arena, 100 * loss_quantiles[i])),
                 words_number(arena, loss->quantile[i]));
        fact(out, arena_printf(arena, "error that %s explain, at most", loss->formats),
             words_number(arena, loss->allowed));
        fact(out, "numbers equal to the last bit", of(arena, loss->exact, loss->outputs));
    }
    if (loss->grid_outputs)
        fact(out, "the same, where the inputs lie on the port\xe2\x80\x99s grid",
             of(arena, loss->grid_exact, loss->grid_outputs));
    for (uint32_t i = 0; i < verdict->labelled_count; i++) {
        const struct labelled *labelled = &verdict->labelled[i];
        const char *of_output = words_of_output(arena, labelled, verdict->labelled_count);
        fact(out, arena_printf(arena, "accuracy%s, float model", of_output),
             share_words(arena, labelled->accuracy_float, 1));
        fact(out, arena_printf(arena, "accuracy%s, firmware", of_output),
             share_words(arena, labelled->accuracy_fixed, 1));
    }
    strbuf_append(out, "</tbody></table></div>\n");
}

static void worst_table(struct strbuf *out, const struct loss *loss) {
    static const char *const headings[] = {"Event", "Output", ">Float model", ">Firmware", ">Error", "Cause", NULL};
    struct arena *arena = out->arena;
    if (loss->worst_count == 0 || !(loss->max_error > 0)) return;
    html_table_start(out, "Worst events", headings);
    for (uint32_t i = 0; i < loss->worst_count && loss->worst[i].error > 0; i++) {
        const struct worst_number *worst = &loss->worst[i];
        strbuf_append(out, "<tr>");
        html_cell(out, worst->event_name, false);
        html_name_cell(out,
                       arena_printf(arena, "%s[%u]", worst->output_name ? worst->output_name : "?", worst->element));
        html_cell(out, words_number(arena, worst->expected), true);
        html_cell(out, words_number(arena, worst->got), true);
        html_cell(out, words_number(arena, worst->error), true);
        html_cell(out, worst->cause ? worst->cause : "?", false);
        strbuf_append(out, "</tr>\n");
    }
    strbuf_append(out, "</tbody></table></div>\n");
}

static void layers_table(struct strbuf *out, const struct loss *loss) {
    static const char *const headings[] = {"Layer", ">Error, root mean square", ">relative to its values",
                                           ">added here", NULL};
    struct arena *arena = out->arena;
    if (loss->layer_count == 0 || !loss->layer) return;
    strbuf_append(out, "<p>Most of the error arises at layer <code>");
    append_escaped(out, loss->layer);
    strbuf_append(out, "</code>.</p>\n");
    html_table_start(out, "Error by layer", headings);
    for (uint32_t i = 0; i < loss->layer_count; i++) {
        strbuf_append(out, "<tr>");
        html_name_cell(out, loss->layers[i].name);
        html_cell(out, words_number(arena, loss->layers[i].error), true);
        html_cell(out, share_words(arena, loss->layers[i].relative, 1), true);
        html_cell(out, share_words(arena, loss->layers[i].added, 1), true);
        strbuf_append(out, "</tr>\n");
    }
    strbuf_append(out, "</tbody></table></div>\n");
}

/* The answer to the second question, as large as the first one's. */
void html_network_banner(struct strbuf *out, const struct verdict *verdict) {
    const struct loss *loss = &verdict->loss;
    bool fails = !verdict_gates_pass(verdict), warns = verdict_warns_of_loss(verdict);
    strbuf_printf(out, "<div class=\"banner %s\">%s<span>",
                  fails                      ? "bad"
                  : warns || !loss->compared ? "warn"
                                             : "good",
                  !loss->compared  ? "Not compared with the trained network"
                  : fails || warns ? "Not the network that was trained"
                                   : "Still the trained network");
    append_escaped(out, words_loss(out->arena, loss));
    struct strbuf accuracies = strbuf_new(out->arena);
    labelled_words(&accuracies, verdict->labelled, verdict->labelled_count);
    append_escaped(out, accuracies.data);
    for (uint32_t i = 0; i < verdict->gate_count; i++)
        if (!verdict->gates[i].passed) {
            strbuf_append(out, ". ");
            append_escaped(out, words_gate(out->arena, &verdict->gates[i]));
        }
    if (warns) {
        strbuf_append(out, ". ");
        append_escaped(out, loss->warning);
    }
    strbuf_printf(out, "%s.</span></div>\n", words_made_up(verdict));
}

static void still_words(struct strbuf *out, const struct verdict *verdict) {
    if (!verdict->still_count) return;
    strbuf_printf(out, "<p>%s activation%s never moved:", words_count(out->arena, verdict->still_count),
                  verdict->still_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < verdict->still_count && i < STILL_NAMED; i++) {
        strbuf_append(out, i ? ", <code>" : " <code>");
        append_escaped(out, verdict->still[i]);
        strbuf_append(out, "</code>");
    }
    strbuf_append(out, verdict->still_count > STILL_NAMED ? ", \xe2\x80\xa6</p>\n" : "</p>\n");
}

/* ---- the confusion matrix ---- */

enum { CONFUSION_SHOWN = 20 };

static double row_sum(const uint64_t *counts, uint32_t classes, uint32_t truth) {
    double sum = 0;
    for (uint32_t choice = 0; choice < classes; choice++) sum += (double)counts[truth * classes + choice];
    return sum;
}

static void confusion_cell(struct strbuf *out, const struct labelled *labelled, uint32_t truth, uint32_t choice) {
    struct arena *arena = out->arena;
    uint32_t at = truth * labelled->class_count + choice;
    double sum = row_sum(labelled->confusion_fixed, labelled->class_count, truth);
    double fixed = sum > 0 ? (double)labelled->confusion_fixed[at] / sum : 0,
           reference = sum > 0 ? (double)labelled->confusion_float[at] / sum : 0;
    strbuf_printf(
        out,
        "<td class=\"n heat\" style=\"--share:%.3f\" title=\"%s events, float model %s\">%.1f<small>%.1f</small></td>",
        fixed, words_count(arena, (double)labelled->confusion_fixed[at]),
        words_count(arena, (double)labelled->confusion_float[at]), 100 * fixed, 100 * reference);
}

static void confusion_section(struct strbuf *out, const struct labelled *labelled, const char *of_output) {
    uint32_t classes = labelled->class_count;
    struct arena *arena = out->arena;
    if (classes < 2) return;
    strbuf_append(out, "<section><h2>Confusion matrix");
    append_escaped(out, of_output);
    if (classes > CONFUSION_SHOWN) {
        strbuf_printf(
            out,
            "</h2>\n<p class=\"lead\">%u classes are too many for a page: their matrix stands in report.json, "
            "<code>verdict.labels.confusion_fixed</code>.</p>\n</section>\n",
            classes);
        return;
    }
    const char **headings = ARENA_ARRAY(arena, const char *, classes + 3);
    headings[0] = "True class";
    for (uint32_t c = 0; c < classes; c++)
        headings[c + 1] = arena_printf(arena, ">%s", words_class(arena, labelled, c));
    headings[classes + 1] = ">Events";
    strbuf_append(out,
                  "</h2>\n<p class=\"lead\">Of the events of each true class, the share in percent that goes to each "
                  "chosen class: the firmware, and small below it the float model.</p>\n");
    html_table_start(out, NULL, headings);
    for (uint32_t truth = 0; truth < classes; truth++) {
        strbuf_append(out, "<tr>");
        html_cell(out, words_class(arena, labelled, truth), false);
        for (uint32_t choice = 0; choice < classes; choice++) confusion_cell(out, labelled, truth, choice);
        html_cell(out, words_count(arena, row_sum(labelled->confusion_fixed, classes, truth)), true);
        strbuf_append(out, "</tr>\n");
    }
    strbuf_append(out, "</tbody></table></div>\n</section>\n");
}

static void labelled_sections(struct strbuf *out, const struct labelled *labelled, const char *of_output) {
    confusion_section(out, labelled, of_output);
    if (labelled->curve_count == 0) return;
    strbuf_append(out, "<section><h2>ROC curves");
    append_escaped(out, of_output);
    strbuf_printf(
        out,
        "</h2>\n<p class=\"lead\">Each class against the rest, %s labelled events. Every point is what a "
        "threshold gives; below, how much more background the firmware lets pass where it keeps as much of the class.</p>\n",
        words_count(out->arena, (double)labelled->events));
    svg_curves(out, labelled);
    strbuf_append(out, "</section>\n");
}

void html_verdict(struct strbuf *out, const struct verdict *verdict) {
    strbuf_append(out, "<section><h2>Is every bit the same?</h2>\n");
    events_words(out, verdict);
    engines_table(out, verdict);
    still_words(out, verdict);
    strbuf_append(out, "</section>\n");
    if (verdict->loss.compared) {
        strbuf_append(out, "<section><h2>Is it still the trained network?</h2>\n");
        float_table(out, verdict);
        worst_table(out, &verdict->loss);
        layers_table(out, &verdict->loss);
        strbuf_append(out, "</section>\n");
    }
    for (uint32_t i = 0; i < verdict->labelled_count; i++)
        labelled_sections(out, &verdict->labelled[i],
                          words_of_output(out->arena, &verdict->labelled[i], verdict->labelled_count));
}
