/* Reports: what is written is read back to the same bytes; the page parses as XML, refers to nothing
 * outside and escapes what models may be called; JUnit XML is well-formed. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <math.h>

#include "report/report.h"
#include "tests/test.h"

static struct layer_report layers[] = {
    {"x", "input", "s16f10", {0, 256, 0, 0}, 0, 0, -32, 31.9990234375, -32, 31.9990234375, NULL, false, NULL, 0},
    {"dense_1/MatMul <script>alert('&')</script>",
     "matmul",
     "17 to 21 bits, by element",
     {1234.5, 678, 0, 0},
     0,
     2,
     -101.5,
     99.25,
     -128,
     127.9,
     "dense_1/MatMul <script>alert('&')</script>",
     false,
     NULL,
     0},
    {"a/very/long/name/of/a/layer/that/does/not/fit/\xc3\xa9t\xc3\xa9/relu\xff\x01",
     "relu",
     "u6f4",
     {64, 192, 0, 0},
     3,
     3,
     0,
     3.9375,
     0,
     3.9375,
     "dense_1/MatMul <script>alert('&')</script>",
     false,
     NULL,
     0},
    {"softmax.exp", "table", "u12f11", {90, 60, 0, 1}, 4, 5, 0, 1, 0, 1.9995, "softmax.exp", true, NULL, 0},
    {"softmax.idle", "narrow", "u12f11", {0, 0, 0, 0}, -1, -1, 0, 1, 0, 1.9995, "softmax.idle", true, NULL, 0},
    {"(top: ports and valid)", "", "", {0, 300, 0, 0}, -1, -1, 0, 0, 0, 0, NULL, true, NULL, 0},
};
static struct port_report ports[] = {
    {"x", "input", 16, 64, 4, "s16f10", "half_even", "saturate", "default: \"no input quantiser\"", "0123abcd"},
    {"y", "output", 5, 80, 1, "u16f15", "", "", "", "4567cdef"},
};
static struct block_report blocks[] = {
    {"item by item, with state", 4, 0, 6, 1666, 16, 2, {1000, 500, 0, 1}},
    {"once an event", 1, 8, 12, 907, 0, 0, {388.5, 900, 0, 0}},
};
static struct channel_report channels[] = {{1, 2, 16, 160, 3}};
static struct pass_report passes[] = {
    {"clean", "above", "drop nodes no output depends on", true, 0.001, false, 0, 0, 0, 0},
    {"quantise", "above", "formats for weights & activations", true, 0.01, true, 0.0123456789012345, 1e-300, 10000, 12},
    {"ports", "above", "a format for every input", true, 0.01, true, (double)INFINITY, 0.1, 10000, 0},
};
static struct note_report notes[] = {{"softmax", "soft", "error at most 2^-10", 0.0009765625},
                                     {"measure", NULL, "on 4,096 events", (double)NAN}};
static const char *warnings[] = {"input 'x' has no quantiser: fixed<16,6> is used"};

static struct path_report path[] = {
    {"x[3]", "register", 8, 0}, {"dense <1>", "sum", 9, 560}, {"dense <1>", "sum", 10, 1510}};

static struct compile_report report = {.name = "jets",
                                       .model = "jets.onnx",
                                       .part_code = "xcvu13p-flga2577-2-e",
                                       .part_name = "xcvu13p",
                                       .technology_source = "published reports",
                                       .tool_version = "0.1.0",
                                       .content_hash =
                                           "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                       .command = "bxc compile jets.onnx --name 'a <b>'",
                                       .model_sha256 = "fedc",
                                       .slr = 4,
                                       .clock_period = 2.777777777777778,
                                       .latency = 7,
                                       .initiation_interval = 1,
                                       .beats = 4,
                                       .blocks = blocks,
                                       .block_count = 2,
                                       .channels = channels,
                                       .channel_count = 1,
                                       .stage_delay = 2.61,
                                       .margin = 10,
                                       .path = path,
                                       .path_count = 3,
                                       .total = {1388.5, 1486, 0, 1},
                                       .available = {1728000, 3456000, 12288, 5376},
                                       .layers = layers,
                                       .layer_count = 6,
                                       .ports = ports,
                                       .port_count = 2,
                                       .passes = passes,
                                       .pass_count = 3,
                                       .notes = notes,
                                       .note_count = 2,
                                       .warnings = warnings,
                                       .warning_count = 1};

static double rising[5] = {0, 0.25, 0.5, 0.75, 1}, low[5] = {0, 0.001, 0.01, 0.2, 1},
              lower[5] = {0, 0.0009, 0.011, 0.21, 1};
static struct class_curve curves[] = {
    {0.98765432109876, 0.98712345, 5, low, rising, lower, rising},
    {(double)NAN, (double)NAN, 5, lower, rising, low, rising},
};
static uint64_t confusion_float[9] = {5, 1, 0, 2, 40, 0, 1, 1, 50}, confusion_fixed[9] = {4, 2, 0, 2, 40, 0, 1, 1, 50};
static const char *class_names[] = {"q&g", "top"};
static struct labelled labelled = {.output = "y",
                                   .events = 100,
                                   .accuracy_float = 0.76,
                                   .accuracy_fixed = 0.755,
                                   .class_count = 3,
                                   .confusion_float = confusion_float,
                                   .confusion_fixed = confusion_fixed,
                                   .class_names = class_names,
                                   .class_name_count = 2,
                                   .curves = curves,
                                   .curve_count = 2};
static const char *still[] = {"relu[3]", "<relu>[4]"};
static struct value_range ranges[] = {{"x", -32, 31.9990234375, -4.5, 4.25, 16, 1, 0},
                                      {"softmax.exp", 0, 1.9995, 0.01, 1, 5, 0.75, 2}};

static struct layer_loss losses[] = {{"x", 0.001, 0.0005, 0.0005}, {"relu <2>", 0.01, 0.005, 0.0045}};
static struct verdict verdict = {
    .name = "jets",
    .content_hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .latency = 7,
    .interval = 1,
    .events = 100203,
    .user_events = 100,
    .corner_events = 102,
    .regression_events = 1,
    .random_events = 100000,
    .seed = 18446744073709551615u,
    .engines = {{.id = ENGINE_FLOAT, .asked = true, .variant = "", .ran = true, .latency = -1, .events = 50100},
                {.id = ENGINE_EMULATOR,
                 .asked = true,
                 .variant = "",
                 .ran = true,
                 .equal = true,
                 .latency = -1,
                 .events = 100203,
                 .seconds = 0.5},
                {.id = ENGINE_C,
                 .asked = true,
                 .variant = "",
                 .ran = true,
                 .equal = false,
                 .latency = -1,
                 .events = 16384,
                 .difference = {.found = true,
                                .event = 17,
                                .element = 3,
                                .bit = 5,
                                .expected = INT64_MIN,
                                .got = INT64_MAX,
                                .layer = "relu <2>",
                                .narrowed = true,
                                .layer_element = 7,
                                .layer_bit = 2,
                                .layer_expected = 8,
                                .layer_got = 12,
                                .holds = "'dense1'",
                                .output_name = "y",
                                .event_name = "corner vector 17"}},
                {.id = ENGINE_RTL,
                 .asked = true,
                 .variant = "",
                 .ran = true,
                 .equal = true,
                 .latency = 7,
                 .interval = 1,
                 .events = 100203},
                {.id = ENGINE_RTL,
                 .asked = true,
                 .variant = "gaps",
                 .failure = "engine 'rtl' gave 9 events of 10 & died",
                 .latency = -1},
                {.id = ENGINE_ICARUS,
                 .asked = true,
                 .variant = "",
                 .skipped = "the command 'iverilog' is not installed",
                 .latency = -1}},
    .engine_count = 6,
    .equal = false,
    .hash_checked = true,
    .latency_measured = true,
    .latency_right = true,
    .interval_measured = true,
    .interval_right = true,
    .loss = {.compared = "its outputs",
             .events = 50100,
             .max_error = 0.03,
             .mean_error = 0.001,
             .outputs = 250500,
             .exact = 17,
             .grid_outputs = 250000,
             .grid_exact = 16,
             .quantile = {0.001, 0.005, 0.01, 0.02},
             .decisions = 50100,
             .flipped = 3,
             .flipped_by = {1, 0, 2, 0},
             .allowed = 0.0625,
             .formats = "formats of 12 bits",
             .worst = {{17, "event 17 of the files", "y", "the formats' rounding, most of it at layer 'relu <2>'", 0, 3,
                        0.03, 0.5, 0.53}},
             .worst_count = 1,
             .layers = losses,
             .layer_count = 2,
             .layer = "relu <2>",
             .explained = true},
    .labelled = &labelled,
    .labelled_count = 1,
    .still_count = 2,
    .still = still,
    .ranges = ranges,
    .range_count = 2};

static void json_is_read_back(void) {
    struct bxc_context *context = context_new();
    struct strbuf first = strbuf_new(context->arena), second = strbuf_new(context->arena);
    report_json(&first, &report, &verdict);
    struct compile_report *again = report_parse(context, context->arena, "report.json", first.data);
    struct verdict *verdict_again = verdict_parse(context, context->arena, "report.json", first.data);
    CHECK(again && verdict_again);
    report_json(&second, again, verdict_again);
    CHECK_STR(first.data, second.data);
    CHECK(strstr(first.data, "\"seed\":\t\"18446744073709551615\""));
    CHECK(strstr(first.data, "\"expected\":\t\"-9223372036854775808\""));
    CHECK(!strstr(first.data, "\"seconds"));
    context_free(context);
}

static void verdicts_are_read_back(void) {
    struct bxc_context *context = context_new();
    struct strbuf first = strbuf_new(context->arena), second = strbuf_new(context->arena);
    verdict_json(&first, &verdict);
    struct verdict *again = verdict_parse(context, context->arena, "verdict.json", first.data);
    CHECK(again != NULL);
    verdict_json(&second, again);
    CHECK_STR(first.data, second.data);
    context_free(context);
}

/* The report with one line, from and to, replaced, and what is said of it. */
static const char *refusal(struct bxc_context *context, const char *from, const char *to) {
    struct strbuf text = strbuf_new(context->arena), copy = strbuf_new(context->arena);
    report_json(&text, &report, &verdict);
    const char *at = strstr(text.data, from);
    if (!at) return "no such line";
    strbuf_append_bytes(&copy, text.data, (size_t)(at - text.data));
    strbuf_printf(&copy, "%s%s", to, at + strlen(from));
    size_t before = context->diagnostics.count;
    const void *parsed = report_parse(context, context->arena, "report.json", copy.data);
    const void *judged = parsed ? verdict_parse(context, context->arena, "report.json", copy.data) : NULL;
    return judged || context->diagnostics.count == before ? "" : context->diagnostics.items[before].message;
}

/* As often as the key stands there with this value. */
static int count_of(const char *text, const char *line) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, line)); at++) count++;
    return count;
}

/* What was not compared or not measured is neither right nor wrong; verdicts of 0.1.0 had it false and true. */
static void what_was_not_compared_is_null(void) {
    struct bxc_context *context = context_new();
    struct strbuf json = strbuf_new(context->arena), old = strbuf_new(context->arena),
                  again = strbuf_new(context->arena);
    struct verdict other = verdict;
    other.equal = true;
    other.engines[2] = other.engines[3]; /* in place of those that differ and fail */
    other.engines[4] = other.engines[5];
    other.latency_measured = other.latency_right = false;
    verdict_json(&json, &other);
    CHECK_EQ(count_of(json.data, "\"equal\":\tnull"), 3); /* float, and two that did not run */
    CHECK_EQ(count_of(json.data, "\"equal\":\tfalse"), 0);
    CHECK_EQ(count_of(json.data, "\"latency_right\":\tnull"), 1);
    CHECK(!verdict_latency_is_wrong(&other) && verdict_state(&other) == VERDICT_RESERVED);
    for (const char *at = json.data; *at;) {
        static const char equal[] = "\"equal\":\tnull", right[] = "\"latency_right\":\tnull";
        bool is_equal = !strncmp(at, equal, strlen(equal)), is_right = !strncmp(at, right, strlen(right));
        strbuf_printf(&old, is_equal ? "\"equal\": false" : is_right ? "\"latency_right\": true" : "%c", *at);
        at += is_equal ? strlen(equal) : is_right ? strlen(right) : 1;
    }
    const struct verdict *parsed = verdict_parse(context, context->arena, "verdict.json", old.data);
    CHECK(parsed && verdict_state(parsed) == VERDICT_RESERVED);
    if (parsed) verdict_json(&again, parsed);
    CHECK_STR(again.data, json.data);
    CHECK_STR(refusal(context, "\"latency_right\":\ttrue", "\"latency_right\":\t1"),
              "verdict.latency_right is not true or false");
    context_free(context);
}

/* Every prefix and every byte changed: a diagnosis or a report, never a crash. */
static void broken_json_is_refused(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    report_json(&text, &report, &verdict);
    for (size_t i = 0; i < text.length; i += 7) {
        struct bxc_context *inner = context_new();
        char *copy = arena_strdup(inner->arena, text.data);
        copy[i] = i % 2 ? 0 : '7';
        struct compile_report *parsed = report_parse(inner, inner->arena, "report.json", copy);
        struct verdict *judged = verdict_parse(inner, inner->arena, "report.json", copy);
        CHECK(parsed || inner->diagnostics.errors);
        if (parsed && judged) {
            struct strbuf page = strbuf_new(inner->arena);
            report_html(&page, parsed, judged);
        }
        context_free(inner);
    }
    static const char list[] = "[\"relu[3]\", \"<relu>[4]\"]", object[] = "{\"relu[3]\": \"<relu>[4]\"}";
    char *place = strstr(text.data, list);
    CHECK(place != NULL && sizeof list == sizeof object);
    memcpy(place, object, sizeof object - 1); /* an object where a list should be: found by fuzzing */
    CHECK(verdict_parse(context, context->arena, "report.json", text.data) == NULL);
    CHECK_STR(context->diagnostics.items[0].message, "verdict.still is not an array");
    CHECK(report_parse(context, context->arena, "report.json", "{}") == NULL);
    CHECK_STR(context->diagnostics.items[1].message, "version is missing");
    context_free(context);
}

/* What C prints where a number or a text is none. */
static bool shows_none(const char *text) {
    static const char *const none[] = {"(null)", "nan", "inf", "e+30"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        for (const char *at = text; (at = strstr(at, none[i])); at++)
            if (at == text || !isalpha((unsigned char)at[-1]))
                if (!isalpha((unsigned char)at[strlen(none[i])])) return true;
    return false;
}

/* Where the value that begins there ends; NULL: it is an object or a list. */
static const char *end_of_value(const char *value) {
    if (*value == '{' || *value == '[') return NULL;
    if (*value != '"') return value + strcspn(value, ",\n}]");
    const char *end = strchr(value + 1, '"');
    while (end[-1] == '\\') end = strchr(end + 1, '"');
    return end + 1;
}

/* In all that is told of them. */
static bool all_is_told(struct arena *arena, const struct compile_report *parsed, const struct verdict *judged) {
    struct firmware_side sides[2] = {{"a", &report, &verdict}, {"b", parsed, judged}};
    struct strbuf out = strbuf_new(arena);
    report_html(&out, parsed, judged);
    report_terminal(&out, parsed, judged, false);
    verdict_junit(&out, judged);
    for (int i = 0; i < 2; i++) {
        diff_terminal(&out, &sides[i], &sides[!i], false);
        diff_html(&out, &sides[i], &sides[!i]);
        diff_json(&out, &sides[i], &sides[!i]);
    }
    return !shows_none(out.data);
}

/* Every text, number and answer in turn is null: it is refused, or told as what is not known. */
static void nulls_are_refused_or_told(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    report_json(&text, &report, &verdict);
    int refused = 0, told = 0;
    for (const char *at = text.data; (at = strstr(at, ":\t")); at++) {
        const char *end = end_of_value(at + 2);
        if (!end) continue;
        struct bxc_context *inner = context_new();
        struct strbuf copy = strbuf_new(inner->arena);
        strbuf_append_bytes(&copy, text.data, (size_t)(at + 2 - text.data));
        strbuf_printf(&copy, "null%s", end);
        struct compile_report *parsed = report_parse(inner, inner->arena, "report.json", copy.data);
        struct verdict *judged = verdict_parse(inner, inner->arena, "report.json", copy.data);
        CHECK((parsed && judged) || inner->diagnostics.errors);
        refused += !parsed || !judged;
        told += parsed && judged;
        bool well = !parsed || !judged || all_is_told(inner->arena, parsed, judged);
        if (!well) fprintf(stderr, "null at: %.60s\n", at - 20 > text.data ? at - 20 : text.data);
        CHECK(well);
        context_free(inner);
    }
    CHECK(refused > 100 && told > 60);
    context_free(context);
}

static void the_place_is_told(void) {
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"name\":\t\"softmax.exp\"", "\"name\":\t7", "layers[3].name is not a text"},
        {"\"lut\":\t1234.5", "\"lut\":\tnull", "layers[1].cost.lut is not a number"},
        {"\"lut\":\t1234.5", "\"lat\":\t1234.5", "layers[1].cost.lut is missing"},
        {"\"clock_period_ns\":\t2.7", "\"clock_period_ns\":\tnull, \"x\":\t2.7",
         "target.clock_period_ns is not a number"},
        {"\"estimates_from\":\t\"published reports\"", "\"estimates_from\":\tnull",
         "target.estimates_from is not a text"},
        {"\"model\":\t\"jets.onnx\"", "\"model\":\tnull", "model is not a text"},
        {"\"critical_path\":\t[{", "\"critical_path\":\t[3, {", "latency.critical_path[0] is not an object"},
        {"\"elements\":\t5", "\"elements\":\t-5", "ports[1].elements is not a count"},
        {"\"warnings\":\t[", "\"warnings\":\t[null, ", "warnings[0] is not a text"},
        {"\"engine\":\t\"c\"", "\"engine\":\t\"\"", "verdict.engines[2].engine is not the name of an engine: ''"},
        {"\"engine\":\t\"c\"", "\"engine\":\tnull", "verdict.engines[2].engine is not a text"},
        {"\"engine\":\t\"c\"", "\"x\":\t1", "verdict.engines[2].engine is missing"},
        {"\"expected\":\t\"-9223372036854775808\"", "\"expected\":\t\"5 bits\"",
         "verdict.engines[2].difference.expected is not a whole number in quotes"},
        {"\"area_float\":\t0.98", "\"area_float\":\t\"\", \"x\":\t0.98",
         "verdict.labels.curves[0].area_float is not a number"},
        {"\"still\":\t[\"relu[3]\"", "\"still\":\t[3", "verdict.still[0] is not a text"},
        {"\"cycles\":\t7", "\"cycles\":\t-1", "latency.cycles is not a count"},
        {"\"cycles\":\t7", "\"cycles\":\t7.5", "latency.cycles is not a count"},
        {"\"clock_period_ns\":\t2.7", "\"clock_period_ns\":\t0, \"x\":\t2.7",
         "target.clock_period_ns is not a period: at least 0.001"},
        {"\"clock_period_ns\":\t2.7", "\"clock_period_ns\":\t-2.7",
         "target.clock_period_ns is not a period: at least 0.001"},
        {"\"initiation_interval\":\t1", "\"initiation_interval\":\t0",
         "latency.initiation_interval is not a whole number from 1 on"},
        {"\"elements\":\t5", "\"elements\":\t1.5", "ports[1].elements is not a count"},
        {"\"lut\":\t1234.5", "\"lut\":\t-1", "layers[1].cost.lut is not a number from 0 on"},
        {"\"first_cycle\":\t3", "\"first_cycle\":\t-2", "layers[2].first_cycle is not a count, or -1 for none"},
        {"\"first_cycle\":\t3", "\"first_cycle\":\t4", "layers[2].last_cycle is not a cycle from first_cycle on"},
        {"\"first_cycle\":\t3", "\"first_cycle\":\t-1", "layers[2].last_cycle is not -1, as first_cycle is"},
        {"\"accuracy_fixed\":\t0.755", "\"accuracy_fixed\":\t75.5",
         "verdict.labels.accuracy_fixed is not a number from 0 to 1"},
        {"\"area_float\":\t0.98", "\"area_float\":\t-0.98",
         "verdict.labels.curves[0].area_float is not a number from 0 to 1"},
        {"\"latency\":\t-1", "\"latency\":\t-4", "verdict.engines[0].latency is not a count, or -1 for none"},
        {"\"quantiles\":\t[0.001", "\"quantiles\":\t[-1",
         "verdict.against_float.quantiles[0] is not a number from 0 on"},
    };
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STR(refusal(context, cases[i].from, cases[i].to), cases[i].message);
    context_free(context);
}

static void what_is_no_object_is_no_report(void) {
    static const char *const texts[] = {"[]", "7", "null", "\"version\""};
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK(report_parse(context, context->arena, "report.json", texts[i]) == NULL);
        CHECK(verdict_parse(context, context->arena, "verdict.json", texts[i]) == NULL);
        CHECK_STR(context->diagnostics.items[2 * i].message, "no report: not an object");
        CHECK_STR(context->diagnostics.items[2 * i + 1].message, "no verdict: not an object");
    }
    CHECK(report_parse(context, context->arena, "report.json", "{") == NULL);
    CHECK_STR(context->diagnostics.items[8].message, "no report: not JSON");
    context_free(context);
}

static const cJSON *row_named(const cJSON *root, const char *group, const char *what) {
    const cJSON *row;
    cJSON_ArrayForEach (row, cJSON_GetObjectItem(root, group))
        if (!strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(row, "what")), what)) return row;
    return NULL;
}

static bool is_number(const cJSON *row, const char *key, double number) {
    const cJSON *item = cJSON_GetObjectItem(row, key);
    return cJSON_IsNumber(item) && fabs(item->valuedouble - number) < 1e-9;
}

/* Machines read numbers, with their units; people the words of before. */
static void differences_are_numbers(void) {
    struct bxc_context *context = context_new();
    struct strbuf json = strbuf_new(context->arena), text = strbuf_new(context->arena);
    struct compile_report other = report;
    struct layer_report fewer[3] = {layers[0], layers[1], layers[2]};
    struct verdict judged = verdict;
    other.total.lut = 2777;
    other.clock_period = 5;
    other.layers = fewer;
    other.layer_count = 3;
    fewer[1].cost.lut = 1234;
    judged.loss.flipped = 6;
    judged.labelled_count = 0;
    const struct firmware_side left = {"a", &report, &verdict}, right = {"b", &other, &judged};
    diff_json(&json, &left, &right);
    cJSON *root = cJSON_Parse(json.data);
    const cJSON *row = row_named(root, "hardware", "LUT");
    CHECK(is_number(row, "left", 1388.5) && is_number(row, "right", 2777) && is_number(row, "change", 1388.5) &&
          is_number(row, "change_percent", 100));
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(row, "unit")), "LUT");
    row = row_named(root, "hardware", "DSP");
    CHECK(is_number(row, "change", 0) && cJSON_IsNull(cJSON_GetObjectItem(row, "change_percent")));
    row = row_named(root, "make", "clock");
    CHECK(is_number(row, "left", 360) && is_number(row, "right", 200));
    row = row_named(root, "make", "name");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(row, "left")), "jets");
    row = row_named(root, "layers", layers[1].name); /* 1,234 LUT and 1,234: words do not tell them apart */
    CHECK(is_number(row, "change", -0.5) && cJSON_IsTrue(cJSON_GetObjectItem(row, "differs")));
    CHECK(is_number(cJSON_GetObjectItem(cJSON_GetObjectItem(row, "left"), "cost"), "lut", 1234.5));
    row = row_named(root, "layers", "softmax.exp");
    CHECK(cJSON_IsObject(cJSON_GetObjectItem(row, "left")) && cJSON_IsNull(cJSON_GetObjectItem(row, "right")) &&
          cJSON_IsNull(cJSON_GetObjectItem(row, "change")));
    row = row_named(root, "ports", "x");
    CHECK(is_number(cJSON_GetObjectItem(row, "left"), "width", 64) &&
          cJSON_IsFalse(cJSON_GetObjectItem(row, "differs")));
    row = row_named(root, "verdicts", "decisions flipped against the model");
    CHECK(is_number(row, "right", 100 * 6 / 50100.0) && is_number(row, "change_percent", 100));
    row = row_named(root, "verdicts", "accuracy");
    CHECK(is_number(row, "left", 75.5) && cJSON_IsNull(cJSON_GetObjectItem(row, "right")));
    cJSON_Delete(root);
    diff_terminal(&text, &left, &right, false);
    CHECK(strstr(text.data, "1,388") && strstr(text.data, "+100.0 %") && strstr(text.data, "6 of 50,100"));
    context_free(context);
}

/* Only a layer or a port is new or gone, not what was 0 or becomes 0. */
static void only_objects_are_new_or_gone(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena), back = strbuf_new(context->arena),
                  page = strbuf_new(context->arena);
    struct compile_report other = report;
    struct verdict exact = verdict;
    other.layer_count = 5;
    other.port_count = 1;
    other.total.bram18 = 0;
    exact.loss.max_error = 0;
    const struct firmware_side left = {"a", &report, &verdict}, right = {"b", &other, &exact};
    diff_terminal(&text, &left, &right, false);
    diff_terminal(&back, &right, &left, false);
    diff_html(&page, &left, &right);
    CHECK_EQ(count_of(text.data, " gone\n"), 2);
    CHECK_EQ(count_of(back.data, " new\n"), 2);
    CHECK_EQ(count_of(text.data, "-100.0 %\n"), 2);
    CHECK(strstr(back.data, "  largest error against the model      0             0.03               -\n"));
    CHECK(strstr(text.data, "change of LUT\n") && strstr(page.data, ">Change of LUT<"));
    CHECK(strstr(text.data, "no format, in no cycle, 0 LUT, 300 FF"));
    context_free(context);
}

static bool is_well_formed(const char *text, size_t length) {
    xmlDocPtr document = xmlReadMemory(text, (int)length, "memory.xml", NULL, XML_PARSE_NONET);
    xmlErrorPtr error = xmlGetLastError();
    if (!document || error)
        fprintf(stderr, "line %d: %s", error ? error->line : 0, error && error->message ? error->message : "");
    xmlFreeDoc(document);
    xmlResetLastError();
    return document && !error;
}

static void the_page_stands_alone(void) {
    struct bxc_context *context = context_new();
    for (int with = 0; with < 2; with++) {
        struct strbuf page = strbuf_new(context->arena), again = strbuf_new(context->arena);
        report_html(&page, &report, with ? &verdict : NULL);
        report_html(&again, &report, with ? &verdict : NULL);
        CHECK_STR(page.data, again.data);
        CHECK(is_well_formed(page.data, page.length));
        CHECK(!strstr(page.data, "http") && !strstr(page.data, "<script") && !strstr(page.data, "src=") &&
              !strstr(page.data, "url("));
        CHECK(strstr(page.data, "&lt;script&gt;"));
        CHECK(strstr(page.data, "19.44 ns"));
        CHECK(strstr(page.data, "the vendor tool&#39;s to say"));
        CHECK(!strstr(page.data, "nan ") && !strstr(page.data, "nan,") && !strstr(page.data, "nan\"") &&
              !strstr(page.data, "inf\""));
        CHECK(!with == !strstr(page.data, "ROC curves"));
    }
    context_free(context);
}

static const char *after(const char *text, const char *mark) {
    const char *at = strstr(text, mark);
    return at ? at + strlen(mark) : "";
}

/* A row a module: costs of its nodes together, what costs nothing left out. */
static void rows_are_modules(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena), text = strbuf_new(context->arena);
    report_html(&page, &report, &verdict);
    report_terminal(&text, &report, NULL, false);
    CHECK(strstr(text.data, "matmul, relu  u6f4       0-3  1,298  870"));
    CHECK(strstr(
        page.data,
        "<td>matmul, relu</td><td>u6f4</td><td class=\"n\">0-3</td><td class=\"n\">1,298</td><td class=\"n\">870</td>"));
    CHECK(!strstr(text.data, "softmax.idle"));
    CHECK(strstr(page.data, "(input): in cycle 0<") && strstr(page.data, "(matmul, relu): in cycles 0 to 3<"));
    CHECK(strstr(after(page.data, "with a/"), "relu")); /* the nodes behind are named */
    context_free(context);
}

/* The model's nodes that became part of another's module, not what passes made of them. */
static void rows_name_what_they_absorbed(void) {
    static struct layer_report some[] = {
        {.name = "dense.1", .op = "matmul", .format = "s9f3", .last_cycle = 1, .module = "dense.1"},
        {.name = "dense.bias", .op = "add", .format = "s9f3", .last_cycle = 1, .module = "dense.1"},
        {.name = "relu", .op = "relu", .format = "s9f3", .last_cycle = 1, .module = "dense.1"},
        {.name = "dense.1.quant", .op = "narrow", .format = "u6f4", .last_cycle = 1, .module = "dense.1"},
        {.name = "relu.narrow", .op = "narrow", .format = "u6f4", .last_cycle = 1, .module = "dense.1", .made = true},
        {.name = "max", .op = "reduce_max", .format = "s9f3", .last_cycle = 1, .module = "max"},
    };
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena), page = strbuf_new(context->arena),
                  json = strbuf_new(context->arena), again = strbuf_new(context->arena);
    struct compile_report other = report;
    other.layers = some;
    other.layer_count = sizeof some / sizeof *some;
    report_terminal(&text, &other, NULL, false);
    report_html(&page, &other, NULL);
    report_json(&json, &other, NULL);
    const struct compile_report *parsed = report_parse(context, context->arena, "report.json", json.data);
    report_terminal(&again, parsed, NULL, false);
    CHECK(strstr(again.data, "  dense.1  dense.bias, relu, dense.1.quant  matmul"));
    CHECK_STR(refusal(context, "\"made\":\tfalse,", ""), ""); /* until 0.1.0 */
    CHECK(strstr(page.data, "<small>with dense.<wbr/>bias, relu, dense.<wbr/>1.<wbr/>quant</small>"));
    CHECK(strstr(text.data, "  dense.1  dense.bias, relu, dense.1.quant  matmul, add, relu, narrow  u6f4"));
    CHECK(strstr(text.data, "  max                                       reduce_max"));
    context_free(context);
}

/* One cycle is "0", several are "0-3", none is "-": in all tables. */
static void cycles_have_one_form(void) {
    struct layer_share shares[] = {{.name = "x", .kind = "input"},
                                   {.name = "dense", .kind = "matmul", .last_cycle = 3, .adds = 3}};
    struct explanation explanation = {.report = &report, .layers = shares, .layer_count = 2};
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    explanation_terminal(&text, &explanation, false);
    CHECK(strstr(text.data, "  x                       input          0  "));
    CHECK(strstr(text.data, "  dense                   matmul       0-3  "));
    context_free(context);
}

/* As it was asked for, where whole picoseconds give it back; the report of a folder shows no column that is empty. */
static void clocks_and_columns_are_plain(void) {
    static const struct {
        double period;
        const char *words;
    } clocks[] = {{1.389, "clock 720 MHz (1.389 ns)"},
                  {2.778, "clock 360 MHz"},
                  {2.5, "clock 400 MHz"},
                  {2.49, "clock 401.6 MHz"}};
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct compile_report other = report;
        struct strbuf text = strbuf_new(context->arena);
        other.clock_period = clocks[i].period;
        report_terminal(&text, &other, NULL, false);
        CHECK(strstr(text.data, clocks[i].words));
    }
    const struct engine_result engine = {
        .id = ENGINE_C, .variant = "", .asked = true, .ran = true, .equal = true, .events = 7, .latency = -1};
    struct verdict other = verdict;
    struct strbuf text = strbuf_new(context->arena);
    other.engines[0] = engine;
    other.engine_count = 1;
    verdict_terminal(&text, &other, false);
    CHECK(strstr(text.data, "  engine  events  result\n  c            7  equal\n"));
    context_free(context);
}

/* 360 and 240 MHz are nine and six times the rate of bunch crossings, though their periods are kept in picoseconds. */
static void crossings_hold_whole_events(void) {
    static const struct {
        double period;
        const char *words;
    } clocks[] = {{2.778, "9 events fit in a bunch crossing"},
                  {4.167, "6 events fit in a bunch crossing"},
                  {2.5, "10 events fit in"},
                  {25, "1 event fits in a bunch crossing"},
                  {25.1, "longer than a bunch crossing"},
                  {2.6, "9 events fit in"}};
    struct bxc_context *context = context_new();
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct compile_report other = report;
        struct strbuf page = strbuf_new(context->arena);
        other.clock_period = clocks[i].period;
        report_html(&page, &other, NULL);
        CHECK(strstr(page.data, clocks[i].words));
    }
    struct compile_report one = report;
    struct strbuf text = strbuf_new(context->arena);
    one.latency = 9;
    report_terminal(&text, &one, NULL, false);
    CHECK(strstr(text.data, " 1 bunch crossing of 25 ns, "));
    context_free(context);
}

/* The critical path ends at the figure that stands at the top as the slowest stage. */
static void path_ends_at_the_stage(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena);
    report_html(&page, &report, NULL);
    CHECK(strstr(page.data, "<b>2.61 ns</b>") &&
          strstr(page.data, "a net and set-up</td><td></td><td class=\"n\">2,610</td>"));
    context_free(context);
}

/* A loss on events that nobody measured is told with what it is worth. */
static void random_events_are_no_experiment(void) {
    static const char words[] = "; on random events, each feature drawn by itself: only --events FILE can judge it";
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena), text = strbuf_new(context->arena);
    struct verdict other = verdict;
    report_html(&page, &report, &other);
    verdict_terminal(&text, &other, false);
    CHECK(!strstr(page.data, words) && !strstr(text.data, words));
    other.user_events = 0;
    report_html(&page, &report, &other);
    verdict_terminal(&text, &other, false);
    CHECK(strstr(page.data, words) && strstr(text.data, words));
    context_free(context);
}

static void budgets_are_told(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena), text = strbuf_new(context->arena);
    report_html(&page, &report, NULL);
    report_terminal(&text, &report, NULL, false);
    CHECK(strstr(page.data, "0.7778 bunch crossings of 25 ns") &&
          strstr(page.data, "0.16 % of a level-1 latency of 12.5"));
    CHECK(strstr(page.data, "9 events fit in a bunch crossing of 25 ns"));
    CHECK(strstr(text.data, "0.7778 bunch crossings of 25 ns, 0.16 % of a level-1 latency of 12.5"));
    CHECK(strstr(page.data, "0.32 % of one SLR of 4") &&
          strstr(text.data, "0.32 % of one SLR of 4")); /* 4 x 1,388.5 of 1,728,000 */
    CHECK(strstr(page.data, "bxc compile jets.onnx <span class=\"whole\">--name</span> &#39;a &lt;b&gt;&#39;") &&
          strstr(page.data, ">fedc<"));
    CHECK(strstr(page.data, "ap_fixed&lt;16,6&gt;") && strstr(text.data, "ap_fixed<16,6>"));
    context_free(context);
}

/* Names as the user gave them, numbers beyond; percent of the true class. */
static void classes_have_names(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena), text = strbuf_new(context->arena);
    report_html(&page, &report, &verdict);
    verdict_terminal(&text, &verdict, false);
    const char *matrix = after(page.data, "<h2>Confusion matrix</h2>");
    CHECK(strstr(
        matrix,
        "<th scope=\"col\" class=\"n\">q&amp;g</th><th scope=\"col\" class=\"n\">top</th><th scope=\"col\" class=\"n\">class 2</th>"));
    CHECK(strstr(matrix, ">66.7<small>83.3</small></td>")); /* 4 and 5 of 6 */
    CHECK(strstr(matrix, ">96.2<small>96.2</small></td>")); /* 50 of 52 */
    CHECK(strstr(text.data, "  q&g ") && strstr(text.data, "  top "));
    context_free(context);
}

/* Labels of several outputs: each by its name, in every report, and read back. */
static void labels_of_several_outputs(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena), text = strbuf_new(context->arena),
                  json = strbuf_new(context->arena), again = strbuf_new(context->arena);
    struct labelled both[2] = {labelled, labelled};
    struct verdict two = verdict;
    both[1].output = "z<";
    both[1].accuracy_fixed = 0.25;
    both[1].class_name_count = 0;
    two.labelled = both;
    two.labelled_count = 2;
    report_html(&page, &report, &two);
    verdict_terminal(&text, &two, false);
    verdict_json(&json, &two);
    const struct verdict *back = verdict_parse(context, context->arena, "v.json", json.data);
    CHECK(strstr(page.data, "<h2>ROC curves of y</h2>") && strstr(page.data, "<h2>Confusion matrix of z&lt;</h2>") &&
          strstr(page.data, "accuracy of z&lt;, firmware"));
    CHECK(strstr(text.data, "accuracy of y 75.5") && strstr(text.data, "; accuracy of z< 25.0"));
    CHECK(back && back->labelled_count == 2);
    verdict_json(&again, back);
    CHECK_STR(again.data, json.data);
    CHECK_STR(back->labelled[1].output, "z<");
    CHECK(back->labelled[1].accuracy_fixed == 0.25 && labelled_loss(back->labelled, 2) == 0.51);
    context_free(context);
}

/* A matrix that is too large for a page is not left out without a word. */
static void many_classes_are_told(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena);
    struct verdict many = verdict;
    struct labelled classes = labelled;
    many.labelled = &classes;
    classes.class_count = 21;
    classes.confusion_float = classes.confusion_fixed = ARENA_ARRAY(context->arena, uint64_t, 21 * 21);
    report_html(&page, &report, &many);
    CHECK(strstr(after(page.data, "<h2>Confusion matrix</h2>"), "21 classes are too many for a page"));
    context_free(context);
}

/* Where no background passes, an axis of decades has no point; the ratio stands where both pass some. */
static void curves_have_no_points_of_their_own(void) {
    struct bxc_context *context = context_new();
    struct strbuf page = strbuf_new(context->arena);
    report_html(&page, &report, &verdict);
    const char *curve = after(page.data, "<polyline class=\"curve c0 float\" points=\"");
    CHECK(strncmp(curve, "220.0,", 6) == 0); /* at 0.25, not at 0 */
    const char *ratio = after(page.data, "<polyline class=\"curve thin c0\" points=\"");
    int points = 1;
    for (const char *c = ratio; *c && *c != '"'; c++) points += *c == ' ';
    CHECK_EQ(points, 3); /* 0.9, 1.1, 1.05 */
    context_free(context);
}

static void junit_is_well_formed(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    CHECK_EQ(verdict_junit(&text, &verdict), 0);
    CHECK(is_well_formed(text.data, text.length));
    CHECK(strstr(text.data, "tests=\"10\" failures=\"2\" errors=\"1\" skipped=\"0\""));
    CHECK(strstr(text.data, "first at corner vector 17"));
    context_free(context);
}

static void a_wrong_interval_is_told_everywhere(void) {
    struct bxc_context *context = context_new();
    struct strbuf junit = strbuf_new(context->arena), text = strbuf_new(context->arena),
                  page = strbuf_new(context->arena);
    struct verdict other = verdict;
    other.equal = true;
    other.engines[2] = other.engines[4] = other.engines[3];
    other.interval_right = false;
    CHECK(verdict_interval_is_wrong(&other) && !verdict_latency_is_wrong(&other) && !verdict_is_positive(&other));
    CHECK_EQ(verdict_junit(&junit, &other), 0);
    CHECK(strstr(junit.data, "name=\"interval\""));
    CHECK_EQ(count_of(junit.data, "not the 1 cycles that interface.json tells"), 1);
    verdict_terminal(&text, &other, false);
    CHECK(strstr(text.data, "verdict: wrong interval: interface.json tells 1 cycles from event to event\n"));
    report_html(&page, &report, &other);
    CHECK(strstr(page.data, "Another interval was measured than interface.json tells."));
    other.latency_right = false;
    text.length = 0;
    verdict_terminal(&text, &other, false);
    CHECK(strstr(text.data, "wrong latency and interval: interface.json tells 7 cycles, and 1 from event to event\n"));
    context_free(context);
}

static void tables_say_what_matters(void) {
    struct bxc_context *context = context_new();
    struct strbuf text = strbuf_new(context->arena);
    report_terminal(&text, &report, &verdict, false);
    CHECK(strstr(text.data, "7 cycles, 19.44 ns"));
    CHECK(strstr(text.data, "a new event every cycle, 2.778 ns: 360,000,000 events/s"));
    CHECK(strstr(text.data, "item by item, with state      4"));
    CHECK(strstr(text.data, "block 1: 160 bits, up to 3 cycles later"));
    CHECK(strstr(text.data, "64 x 4"));
    CHECK(strstr(text.data, "NOT equal"));
    CHECK(strstr(text.data, "1,728,000"));
    CHECK(strstr(text.data, "corner vector 17: output 'y', element 3, bit 5"));
    CHECK(strstr(
        text.data,
        "it begins in layer 'relu <2>', element 7, bit 2: 12, not 8 (or in 'dense1', which cannot be told from it)"));
    CHECK(strstr(text.data, "16 of 250,000 where the inputs lie on the port's grid"));
    CHECK(!strchr(text.data, '\033'));
    report_terminal(&text, &report, NULL, true);
    CHECK(strchr(text.data, '\033'));
    context_free(context);
}

int main(int argc, char **argv) {
    if (argc > 1) { /* to look at: report > page.html */
        struct bxc_context *context = context_new();
        struct strbuf text = strbuf_new(context->arena);
        if (!strcmp(argv[1], "html"))
            report_html(&text, &report, &verdict);
        else if (!strcmp(argv[1], "json"))
            report_json(&text, &report, &verdict);
        else
            report_terminal(&text, &report, &verdict, false);
        fputs(text.data, stdout);
        context_free(context);
        return 0;
    }
    RUN(json_is_read_back);
    RUN(verdicts_are_read_back);
    RUN(what_was_not_compared_is_null);
    RUN(broken_json_is_refused);
    RUN(nulls_are_refused_or_told);
    RUN(the_place_is_told);
    RUN(what_is_no_object_is_no_report);
    RUN(differences_are_numbers);
    RUN(only_objects_are_new_or_gone);
    RUN(the_page_stands_alone);
    RUN(rows_are_modules);
    RUN(rows_name_what_they_absorbed);
    RUN(cycles_have_one_form);
    RUN(clocks_and_columns_are_plain);
    RUN(crossings_hold_whole_events);
    RUN(path_ends_at_the_stage);
    RUN(random_events_are_no_experiment);
    RUN(budgets_are_told);
    RUN(classes_have_names);
    RUN(many_classes_are_told);
    RUN(labels_of_several_outputs);
    RUN(curves_have_no_points_of_their_own);
    RUN(junit_is_well_formed);
    RUN(a_wrong_interval_is_told_everywhere);
    RUN(tables_say_what_matters);
    xmlCleanupParser();
    TEST_EXIT();
}
