/* Random networks as firmwares, many in one build: each is tried as tests/prop/trial.h does, compiled by the way that
 * 'bxc compile' goes with the same options, and its files are written with events and the emulator's outputs.
 *   random_firmwares FOLDER FIRST COUNT
 * FOLDER/nSEED/ holds a firmware and its vectors; FOLDER/batch.v and FOLDER/batch.h join them for
 * random_firmwares.cpp, FOLDER/c.list names a C program each. FOLDER/census has a line a network:
 * seed, outcome (compiled, refused, wrong, defect), what it has, options, reason; tabs between them. */
#include "tests/prop/trial.h"
#include "tests/prop/census.h"

enum { CODES = 64, ROWS = EVENTS + CODES }; /* CODES: events of any bits, behind those on the network's grid */

struct batch {
    const char *folder;
    struct arena *arena;
    struct strbuf ports, instances, includes, table, programs, census;
};

struct firmware_trial {
    struct trial trial;
    struct batch *batch;
    const char *name, *folder; /* "n7", FOLDER/n7 */
    struct file_set files;
    struct layout *layout;
    int latency;
};

static struct arena *arena_of(const struct firmware_trial *at) {
    return at->trial.context->arena;
}

/* ---- events and what the emulator makes of them ---- */

static int64_t any_code(struct network *random, struct format format) {
    uint64_t bits = network_random(random);
    if (format.width == 0) return 0;
    int drop = 64 - format.width;
    return format.is_signed ? (int64_t)bits >> drop : (int64_t)(bits >> drop);
}

static int64_t extreme_code(struct format format, bool high) {
    if (format.width == 0) return 0;
    int64_t half = (int64_t)(UINT64_C(1) << (format.width - 1));
    if (format.is_signed) return high ? half - 1 : -half;
    return high ? half - 1 + half : 0;
}

/* All smallest, all largest, one of them here and there, then any bits. */
static int64_t code_of(struct network *random, int row, struct format format) {
    if (row < 2) return extreme_code(format, row == 1);
    return draw(random, 4) || row > CODES / 2 ? any_code(random, format) : extreme_code(format, draw(random, 2));
}

static int64_t **firmware_inputs(const struct firmware_trial *at, const struct events *block) {
    struct arena *arena = arena_of(at);
    struct network random = {.state = at->trial.seed + 1};
    int64_t **codes = ARENA_ARRAY(arena, int64_t *, at->layout->input_count);
    for (uint32_t p = 0; p < at->layout->input_count; p++) {
        const struct port_layout *port = &at->layout->inputs[p];
        size_t elements = port->elements;
        codes[p] = ARENA_ARRAY(arena, int64_t, ROWS * elements);
        memcpy(codes[p], block->integers[p], EVENTS * elements * sizeof **codes);
        for (int row = 0; row < CODES; row++)
            for (size_t e = 0; e < elements; e++)
                codes[p][((size_t)EVENTS + (size_t)row) * elements + e] = code_of(&random, row, port->format[e]);
    }
    return codes;
}

static void put(struct strbuf *out, const void *data, size_t size) {
    strbuf_append_bytes(out, data, size);
}

/* A row an event: inputs, outputs as integers; for the first EVENTS the inputs and outputs as binary64 too. */
static int write_vectors(const struct firmware_trial *at) {
    const struct graph *graph = at->trial.program.graph;
    struct arena *arena = arena_of(at);
    struct events block = events_of(&at->trial);
    int64_t **in = firmware_inputs(at, &block), **out = ARENA_ARRAY(arena, int64_t *, graph->output_count);
    double **reals = ARENA_ARRAY(arena, double *, graph->output_count);
    for (uint32_t o = 0; o < graph->output_count; o++) {
        out[o] = ARENA_ARRAY(arena, int64_t, ROWS * output_elements(graph, o));
        reals[o] = ARENA_ARRAY(arena, double, (EVENTS * output_elements(graph, o)));
    }
    (void)graph_run_integers(graph, ROWS, (const int64_t *const *)in, out);
    for (uint32_t o = 0; o < graph->output_count; o++)
        port_to_reals(graph, graph->outputs[o].value, &graph->outputs[o].meaning, EVENTS, out[o], reals[o]);
    struct strbuf data = strbuf_new(arena);
    for (size_t row = 0; row < ROWS; row++) {
        for (uint32_t p = 0; p < at->layout->input_count; p++)
            put(&data, in[p] + row * at->layout->inputs[p].elements, at->layout->inputs[p].elements * sizeof **in);
        for (uint32_t o = 0; o < graph->output_count; o++)
            put(&data, out[o] + row * output_elements(graph, o), output_elements(graph, o) * sizeof **out);
        for (uint32_t p = 0; row < EVENTS && p < at->layout->input_count; p++)
            for (uint32_t e = 0; e < at->layout->inputs[p].elements; e++) {
                double real = (double)block.reals[p][row * at->layout->inputs[p].elements + e];
                put(&data, &real, sizeof real);
            }
        for (uint32_t o = 0; row < EVENTS && o < graph->output_count; o++)
            put(&data, reals[o] + row * output_elements(graph, o), output_elements(graph, o) * sizeof **reals);
    }
    return file_write(at->trial.context, arena_printf(arena, "%s/vectors", at->folder), data.data, data.length);
}

/* ---- the firmware, by the way that 'bxc compile' goes ---- */

static int write_calibration(struct firmware_trial *at) {
    struct arena *arena = arena_of(at);
    const struct calibration *calibration = &at->trial.program.calibration;
    struct value_list inputs = graph_inputs(at->trial.reference, arena);
    for (uint32_t p = 0; p < calibration->input_count; p++) {
        const char *name = graph_definition(at->trial.reference, inputs.at[p])->name;
        size_t elements = shape_elements(&graph_value(at->trial.reference, inputs.at[p])->shape);
        struct strbuf text = strbuf_new(arena);
        for (size_t i = 0; i < calibration->events * elements; i++)
            strbuf_printf(&text, "%.9g%s", (double)calibration->data[p][i], (i + 1) % elements ? "," : "\n");
        const char *path = arena_printf(arena, "%s/%s.csv", at->folder, name);
        if (file_write(at->trial.context, path, text.data, text.length) < 0) return -1;
        (void)bxc_options_set(at->trial.given, "calibrate", arena_printf(arena, "%s=%s", name, path));
    }
    return 0;
}

static int write_files(const struct firmware_trial *at) {
    for (uint32_t i = 0; i < at->files.count; i++) {
        const struct emitted_file *file = &at->files.files[i];
        const char *path = arena_printf(arena_of(at), "%s/%s", at->folder, file->path);
        if (folder_make(at->trial.context, arena_strndup(arena_of(at), path, (size_t)(strrchr(path, '/') - path))) < 0)
            return -1;
        if (file_write(at->trial.context, path, file->data, file->length) < 0) return -1;
    }
    return 0;
}

static const struct emitted_file *file_of(const struct firmware_trial *at, const char *path) {
    for (uint32_t i = 0; i < at->files.count; i++)
        if (strcmp(at->files.files[i].path, path) == 0) return &at->files.files[i];
    return NULL;
}

static int compile_files(struct firmware_trial *at) {
    struct arena *arena = arena_of(at);
    struct strbuf text = strbuf_new(arena), quantised = strbuf_new(arena);
    const char *model = arena_printf(arena, "%s/model_as_read.bxc", at->folder);
    struct compilation compilation = {
        .context = at->trial.context, .model = model, .options = at->trial.given, .files = &at->files};
    at->files.arena = arena;
    if (folder_make(at->trial.context, at->folder) < 0) return -1;
    graph_print(&text, at->trial.as_read);
    if (file_write(at->trial.context, model, text.data, text.length) < 0 || write_calibration(at) < 0) return -1;
    (void)bxc_options_set(at->trial.given, "name", at->name);
    if (compile_model(&compilation) < 0) return -1;
    at->trial.program.graph->name = at->name;
    graph_print(&quantised, at->trial.program.graph);
    const struct emitted_file *written = file_of(at, "model.bxc");
    if (written->length != quantised.length || memcmp(written->data, quantised.data, quantised.length) != 0)
        at->trial.wrong = "the passes alone and 'bxc compile' come to different graphs";
    return write_files(at);
}

/* ---- the batch: one Verilog top, one table ---- */

static uint32_t ports_width(const struct port_layout *ports, uint32_t count) {
    uint32_t width = 0;
    for (uint32_t i = 0; i < count; i++) width += ports[i].width;
    return width < 65 ? 65 : width; /* an array of words in Verilator, always */
}

static void print_elements(struct strbuf *out, const char *name, const char *what, const struct port_layout *ports,
                           uint32_t count) {
    uint32_t base = 0;
    strbuf_printf(out, "static const element %s_%s[] = {", name, what);
    for (uint32_t p = 0; p < count; base += ports[p++].width)
        for (uint32_t e = 0; e < ports[p].elements; e++)
            strbuf_printf(out, "{%u, %u, %s}, ", base + ports[p].offset[e], (unsigned)ports[p].format[e].width,
                          ports[p].format[e].is_signed ? "true" : "false");
    strbuf_append(out, "{0, 0, false}};\n");
}

static uint32_t count_elements(const struct port_layout *ports, uint32_t count) {
    uint32_t elements = 0;
    for (uint32_t p = 0; p < count; p++) elements += ports[p].elements;
    return elements;
}

/* The text with the firmware's name for each '$'. */
static void put_named(struct strbuf *out, const char *name, const char *text) {
    for (; *text; text++) strbuf_printf(out, *text == '$' ? "%s" : "%.1s", *text == '$' ? name : text);
}

static void connect(struct strbuf *out, const char *name, const char *what, const struct port_layout *ports,
                    uint32_t count) {
    uint32_t base = 0;
    for (uint32_t p = 0; p < count; base += ports[p++].width)
        strbuf_printf(out, ", .%s(%s_%s[%u:%u])", ports[p].name, name, what, base + ports[p].width - 1, base);
}

static void add_verilog(struct batch *batch, const char *name, const struct layout *layout) {
    strbuf_printf(&batch->ports, ",\n    input wire [%u:0] %s_in, output wire [%u:0] %s_out, output wire %s_valid",
                  ports_width(layout->inputs, layout->input_count) - 1, name,
                  ports_width(layout->outputs, layout->output_count) - 1, name, name);
    put_named(&batch->instances, name, "    $ $_top (.clk(clk), .rst(rst), .in_valid(in_valid), .out_valid($_valid)");
    connect(&batch->instances, name, "in", layout->inputs, layout->input_count);
    connect(&batch->instances, name, "out", layout->outputs, layout->output_count);
    strbuf_append(&batch->instances, ");\n");
}

static void add_to_batch(const struct firmware_trial *at) {
    struct batch *batch = at->batch;
    const struct layout *layout = at->layout;
    add_verilog(batch, at->name, layout);
    /* hls/main.cpp as it lies there, its main and its functions in a namespace */
    put_named(&batch->includes, at->name,
              "#include \"$/hls/$.cpp\"\nnamespace $_hls {\n#include \"$/hls/main.cpp\"\n}\n"
              "extern \"C\" void $_c(const unsigned char *, unsigned char *);\n"
              "extern \"C\" int64_t $_double(const double *, double *);\n"
              "extern \"C\" int64_t $_float(const double *, double *);\n");
    print_elements(&batch->includes, at->name, "in", layout->inputs, layout->input_count);
    print_elements(&batch->includes, at->name, "out", layout->outputs, layout->output_count);
    strbuf_printf(&batch->table, "    {\"%s\", %u, %u, %d, %u, ", at->name,
                  count_elements(layout->inputs, layout->input_count),
                  count_elements(layout->outputs, layout->output_count), at->latency,
                  ports_width(layout->inputs, layout->input_count));
    put_named(&batch->table, at->name,
              "$_in, $_out, $_c, $_hls::run_event, $_double, $_float, "
              "top.$_in.data(), top.$_out.data(), &top.$_valid},\n");
    put_named(&batch->programs, at->name, "$\n");
}

static int write_c_unit(const struct firmware_trial *at) {
    struct strbuf text = strbuf_new(arena_of(at));
    put_named(&text, at->name,
              "#include \"c/$.c\"\n#define main $_main\n#include \"c/main.c\"\n"
              "void $_c(const unsigned char *in, unsigned char *out) { run_event(in, out); }\n"
              "int64_t $_double(const double *in, double *out) { return double_event(in, out); }\n"
              "int64_t $_float(const double *in, double *out) { return float_event(in, out); }\n");
    return file_write(at->trial.context, arena_printf(arena_of(at), "%s/unit.c", at->folder), text.data, text.length);
}

static int make_firmware(void *user) {
    struct firmware_trial *at = user;
    if (compile_files(at) < 0) return -1;
    at->layout = layout_new(at->trial.program.graph, arena_of(at));
    at->latency = at->trial.program.design->latency;
    if (write_vectors(at) < 0 || write_c_unit(at) < 0) return -1;
    if (!at->trial.wrong) add_to_batch(at);
    return 0;
}

/* ---- one network ---- */

static void add_to_census(struct batch *batch, const struct trial *trial) {
    const char *outcome = !trial->wrong                             ? trial->refused ? "refused" : "compiled"
                          : strncmp(trial->wrong, "defect", 6) == 0 ? "defect"
                                                                    : "wrong";
    strbuf_printf(&batch->census, "%llu\t%s\t%s\t%s\t%s\n", (unsigned long long)trial->seed, outcome,
                  trial->as_read ? census_kinds(trial, trial->context->arena) : "",
                  options_words(trial->context->arena, trial->given),
                  trial->wrong    ? trial->wrong
                  : trial->reason ? trial->reason
                                  : "");
}

static void run(struct batch *batch, uint64_t seed) {
    struct firmware_trial at = {.trial = trial_new(seed, NULL, 0), .batch = batch};
    struct trial *trial = &at.trial;
    at.name = arena_printf(arena_of(&at), "n%llu", (unsigned long long)seed);
    at.folder = arena_printf(arena_of(&at), "%s/%s", batch->folder, at.name);
    trial->folder = at.folder;
    if (context_guarded(trial->context, network_compile, trial) < 0)
        trial_judge_refusal(trial, 0);
    else if (context_guarded(trial->context, network_check, trial) < 0)
        trial->wrong = "a check fell over";
    else if (!trial->wrong && context_guarded(trial->context, make_firmware, &at) < 0)
        trial_judge_refusal(trial, 0);
    if (getenv("V")) trial_print(trial);
    add_to_census(batch, trial);
    trial_free(trial);
}

static int write_batch(struct bxc_context *context, const struct batch *batch) {
    struct strbuf verilog = strbuf_new(batch->arena), header = strbuf_new(batch->arena);
    strbuf_printf(&verilog,
                  "module batch (\n    input wire clk, input wire rst, input wire in_valid%s\n);\n%sendmodule\n",
                  batch->ports.data, batch->instances.data);
    strbuf_printf(&header, "enum { EVENTS = %d, ROWS = %d };\n%s#define FIRMWARES(top) \\\n", EVENTS, ROWS,
                  batch->includes.data);
    for (const char *at = batch->table.data; *at; at++) strbuf_printf(&header, *at == '\n' ? " \\\n" : "%c", *at);
    strbuf_append(&header, "\n");
    return file_write(context, arena_printf(batch->arena, "%s/batch.v", batch->folder), verilog.data, verilog.length) <
               0 ||
           file_write(context, arena_printf(batch->arena, "%s/batch.h", batch->folder), header.data, header.length) <
               0 ||
           file_write(context, arena_printf(batch->arena, "%s/c.list", batch->folder), batch->programs.data,
                      batch->programs.length) < 0 ||
           file_write(context, arena_printf(batch->arena, "%s/census", batch->folder), batch->census.data,
                      batch->census.length) < 0;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct bxc_context *context = context_new();
    struct batch batch = {.folder = argv[1], .arena = context->arena};
    struct strbuf *const texts[] = {&batch.ports, &batch.instances, &batch.includes,
                                    &batch.table, &batch.programs,  &batch.census};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) *texts[i] = strbuf_new(batch.arena);
    unsigned long long first = strtoull(argv[2], NULL, 10), count = strtoull(argv[3], NULL, 10);
    for (unsigned long long i = 0; i < count; i++) run(&batch, first + i);
    int status = write_batch(context, &batch);
    context_free(context);
    return status;
}
