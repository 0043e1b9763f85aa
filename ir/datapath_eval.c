/* The datapath's own meaning: block after block, wires in order, in each beat where they are served in every one; lanes
 * of events side by side. A wire keeps the bits that its interval needs, as a wire of hardware does, so that an
 * interval which is too narrow shows; sums may be taken modulo 2^64 on the way. Schedules do not matter here.
 *
 * What a wire is stands in a row of lanes. Rows serve one wire after another, but for those that are asked for later:
 * by another block, by an item or a state, which look at other beats, by outputs and probes. */
#include "ir/datapath.h"

#include <omp.h>

enum { LANES = 32, ROWS_MAX = 1 << 22 /* 1 GiB */ };

struct source { /* of an operand */
    size_t row;
    uint32_t stride; /* rows from one beat to the next: 1, or 0 where it has one row */
    int8_t shift;
    bool negative;
};

struct step { /* one wire */
    const struct wire *wire;
    size_t row;
    uint32_t stride, count;
    struct source *from;
    const struct table *table;
    uint64_t mask, sign; /* of the bits that it keeps */
};

struct run {
    const struct design *design;
    const struct datapath *datapath;
    struct block_list blocks;
    struct step *steps;  /* by block */
    size_t *first;       /* by block: its first step; and the end of all */
    struct source *kept; /* by wire: where it is in the end, when it is asked for there */
    uint32_t **placed;   /* by input port: the element in each slot of each beat; UINT32_MAX: none */
    size_t rows;
    const int64_t *const *inputs;
    int64_t *const *outputs;
    int64_t *wires; /* NULL: not asked for */
};

static uint32_t *placed_elements(const struct port *port, struct arena *arena) {
    size_t count = (size_t)port->beats * port->slots;
    uint32_t *placed = ARENA_ARRAY(arena, uint32_t, count + 1);
    for (size_t i = 0; i < count; i++) placed[i] = UINT32_MAX;
    for (uint32_t e = 0; e < port->element_count; e++)
        placed[(size_t)port->elements[e].beat * port->slots + port->elements[e].slot] = e;
    return placed;
}

/* ---- who has which row ---- */

struct layout {
    struct run *run;
    size_t *step;     /* by wire: its number */
    size_t *last_use; /* by wire: the last step that reads it; SIZE_MAX: asked for in the end */
    bool *in_beats;   /* by wire: a row a beat */
    size_t *free_rows, free_count;
};

static void order_steps(struct layout *layout, struct arena *arena) {
    struct run *run = layout->run;
    uint32_t wires = run->datapath->wire_count;
    run->first = ARENA_ARRAY(arena, size_t, run->blocks.count + 2);
    size_t *next = ARENA_ARRAY(arena, size_t, run->blocks.count + 2);
    for (uint32_t i = 0; i < wires; i++) run->first[run->blocks.of[i] + 1]++;
    for (uint32_t b = 0; b < run->blocks.count; b++) next[b + 1] = run->first[b + 1] += run->first[b];
    for (uint32_t i = 0; i < wires; i++) layout->step[i] = next[run->blocks.of[i]]++;
}

static void use(struct layout *layout, wireref wire, size_t step) {
    if (step > layout->last_use[wire.id]) layout->last_use[wire.id] = step;
}

static void find_readers(struct layout *layout, uint32_t id) {
    const struct run *run = layout->run;
    const struct wire *wire = &run->datapath->wires[id];
    bool again = run->blocks.of[id] % 2; /* in the next beat */
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        wireref operand = wire->operands[k].wire;
        bool elsewhere = run->blocks.of[operand.id] != run->blocks.of[id];
        layout->in_beats[operand.id] |= elsewhere;
        use(layout, operand, elsewhere && again ? run->first[run->blocks.of[id] + 1] : layout->step[id]);
    }
    if (wire->op != WIRE_STATE) return;
    layout->in_beats[wire->next.id] = true;
    use(layout, wire->next, run->first[run->blocks.of[id] + 1]);
}

static void keep(struct layout *layout, wireref wire) {
    if (wire.id == UINT32_MAX) return;
    layout->last_use[wire.id] = SIZE_MAX;
    layout->in_beats[wire.id] = true;
}

static void find_uses(struct layout *layout) {
    const struct design *design = layout->run->design;
    const struct datapath *datapath = layout->run->datapath;
    for (uint32_t i = 0; i < datapath->wire_count; i++) find_readers(layout, i);
    for (uint32_t p = 0; p < design->output_count; p++)
        for (uint32_t e = 0; e < design->outputs[p].element_count; e++)
            keep(layout, design->outputs[p].elements[e].wire);
    for (uint32_t i = 0; layout->run->wires && i < datapath->probe_count; i++) keep(layout, datapath->probes[i].wire);
}

static size_t take_rows(struct layout *layout, size_t count) {
    if (count == 1 && layout->free_count) return layout->free_rows[--layout->free_count];
    layout->run->rows += count;
    return layout->run->rows - count;
}

/* Where a wire is, of which a step in this block has been made. */
static struct source source_of(const struct run *run, struct term term) {
    struct source source = run->kept[term.wire.id];
    source.shift = term.shift;
    source.negative = term.negative;
    return source;
}

static void make_step(struct layout *layout, uint32_t id, struct arena *arena) {
    struct run *run = layout->run;
    const struct wire *wire = &run->datapath->wires[id];
    struct step *step = &run->steps[layout->step[id]];
    bool strided = wire->every_beat && layout->in_beats[id];
    int bits = wire_width(wire);
    *step = (struct step){.wire = wire, .count = wire->operand_count, .stride = strided};
    step->mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX;
    step->sign = wire_is_signed(wire) ? (uint64_t)1 << (bits - 1) : 0;
    if (wire->op == WIRE_TABLE) step->table = &run->datapath->tables[wire->table];
    step->row = take_rows(layout, strided ? (size_t)run->design->beats : 1);
    run->kept[id] = (struct source){.row = step->row, .stride = step->stride};
    step->from = ARENA_ARRAY(arena, struct source, step->count + 2);
    for (uint32_t k = 0; k < step->count; k++) step->from[k] = source_of(run, wire->operands[k]);
}

/* The rows of wires that nobody reads behind this step. */
static void free_rows(struct layout *layout, size_t step, const uint32_t *ending, const uint32_t *next_ending) {
    for (uint32_t i = ending[step]; i; i = next_ending[i - 1])
        if (layout->run->kept[i - 1].stride == 0)
            layout->free_rows[layout->free_count++] = layout->run->kept[i - 1].row;
}

static void place_wires(struct layout *layout, struct arena *arena, struct arena *scratch) {
    struct run *run = layout->run;
    size_t wires = run->datapath->wire_count;
    uint32_t *ending = ARENA_ARRAY(scratch, uint32_t, wires + 1); /* by step: a list of wires, + 1 */
    uint32_t *next_ending = ARENA_ARRAY(scratch, uint32_t, wires + 1), *at = ARENA_ARRAY(scratch, uint32_t, wires + 1);
    for (uint32_t i = 0; i < wires; i++) {
        size_t last = layout->last_use[i] ? layout->last_use[i] : layout->step[i];
        at[layout->step[i]] = i;
        if (last >= wires) continue;
        next_ending[i] = ending[last];
        ending[last] = i + 1;
    }
    for (size_t step = 0; step < wires; step++) {
        make_step(layout, at[step], arena);
        free_rows(layout, step, ending, next_ending);
    }
    for (uint32_t i = 0; i < wires; i++) /* what a state carries on may come after it */
        if (run->datapath->wires[i].op == WIRE_STATE)
            run->steps[layout->step[i]].from[2] = source_of(run, (struct term){.wire = run->datapath->wires[i].next});
}

static void plan_rows(struct run *run, struct arena *arena) {
    struct arena *scratch = arena_new(run->design->context);
    size_t wires = run->datapath->wire_count;
    struct layout layout = {.run = run,
                            .step = ARENA_ARRAY(scratch, size_t, wires + 1),
                            .last_use = ARENA_ARRAY(scratch, size_t, wires + 1),
                            .in_beats = ARENA_ARRAY(scratch, bool, wires + 1),
                            .free_rows = ARENA_ARRAY(scratch, size_t, wires + 1)};
    run->steps = ARENA_ARRAY(arena, struct step, wires + 1);
    run->kept = ARENA_ARRAY(arena, struct source, wires + 1);
    order_steps(&layout, arena);
    find_uses(&layout);
    place_wires(&layout, arena, scratch);
    arena_free(scratch);
}

/* ---- one wire ---- */

typedef int64_t row[LANES];

static const int64_t *row_of(row *rows, struct source source, int beat) {
    return rows[source.row + (size_t)source.stride * (size_t)beat];
}

/* As many low bits as the wire keeps. */
static int64_t kept_bits(uint64_t value, uint64_t mask, uint64_t sign) {
    return (int64_t)(((value & mask) ^ sign) - sign);
}

static void run_sum(const struct step *step, row *rows, int beat, int64_t *restrict out) {
    const uint64_t mask = step->mask, sign = step->sign;
    uint64_t sum[LANES];
    for (int l = 0; l < LANES; l++) sum[l] = (uint64_t)step->wire->constant;
    for (uint32_t i = 0; i < step->count; i++) {
        const int64_t *x = row_of(rows, step->from[i], beat);
        int shift = step->from[i].shift;
        if (step->from[i].negative)
            for (int l = 0; l < LANES; l++) sum[l] -= (uint64_t)x[l] << shift;
        else
            for (int l = 0; l < LANES; l++) sum[l] += (uint64_t)x[l] << shift;
    }
    for (int l = 0; l < LANES; l++) out[l] = kept_bits(sum[l], mask, sign);
}

static int64_t wrap(int64_t x, int bits, bool is_signed) {
    if (bits >= 64) return x;
    uint64_t low = (uint64_t)x & (((uint64_t)1 << bits) - 1);
    bool negative = is_signed && bits && low >> (bits - 1);
    return (int64_t)(negative ? low - ((uint64_t)1 << bits) : low);
}

/* Beyond the table there is nothing. */
static int64_t entry_at(const struct table *table, int64_t index) {
    uint64_t at = (uint64_t)index - (uint64_t)table->first;
    return at < table->count ? table->entries[at] : 0;
}

static void run_input(const struct run *run, const struct step *step, int beat, int64_t *out, size_t first, int lanes) {
    const struct port *port = &run->design->inputs[step->wire->table];
    uint32_t element = run->placed[step->wire->table][(uint32_t)beat * port->slots + (uint32_t)step->wire->amount];
    const int64_t *numbers = run->inputs[step->wire->table];
    for (int l = 0; l < LANES; l++) {
        size_t event = first + (size_t)(l < lanes ? l : 0);
        uint64_t number = element == UINT32_MAX ? 0 : (uint64_t)numbers[event * port->element_count + element];
        out[l] = kept_bits(number, step->mask, step->sign);
    }
}

#define EACH(value)                                                                                                    \
    for (int l = 0; l < LANES; l++) out[l] = kept_bits((uint64_t)(value), mask, sign);                                 \
    break

static void run_step(const struct run *run, const struct step *step, row *rows, int beat, size_t first, int lanes) {
    const struct wire *wire = step->wire;
    const uint64_t mask = step->mask, sign = step->sign;
    static const row nothing;
    int64_t *restrict out = rows[step->row + (size_t)step->stride * (size_t)beat];
    const int64_t *a = nothing, *b = nothing, *c = nothing;
    if (step->count > 0) a = row_of(rows, step->from[0], wire->op == WIRE_ITEM ? wire->amount : beat);
    if (step->count > 1) b = row_of(rows, step->from[1], beat);
    if (step->count > 2) c = row_of(rows, step->from[2], beat);
    if (wire->op == WIRE_STATE && beat > 0) c = row_of(rows, step->from[2], beat - 1);
    switch (wire->op) {
    case WIRE_INPUT: run_input(run, step, beat, out, first, lanes); break;
    case WIRE_SUM: run_sum(step, rows, beat, out); break;
    case WIRE_CONSTANT: EACH(wire->constant);
    case WIRE_BEAT: EACH(beat);
    case WIRE_FIRST: EACH(beat == 0);
    case WIRE_ITEM:
    case WIRE_DELAY: EACH(a[l]);
    case WIRE_LESS: EACH(a[l] < b[l]);
    case WIRE_EQUAL: EACH(a[l] == b[l]);
    case WIRE_STATE: EACH(a[l] ? b[l] : beat ? c[l] : ~b[l]); /* in the first beat: what another event left there */
    case WIRE_SELECT: EACH(a[l] ? b[l] : c[l]);
    case WIRE_TABLE: EACH(entry_at(step->table, a[l]));
    case WIRE_CLAMP: EACH(a[l] < wire->clamp_lo ? wire->clamp_lo : a[l] > wire->clamp_hi ? wire->clamp_hi : a[l]);
    case WIRE_SHIFT_RIGHT: EACH(a[l] >> (wire->amount > 63 ? 63 : wire->amount));
    case WIRE_WRAP: EACH(wrap(a[l], wire->amount, wire->wrap_signed));
    case WIRE_AND: EACH(a[l] & b[l]);
    case WIRE_OR: EACH(a[l] | b[l]);
    case WIRE_XOR: EACH(a[l] ^ b[l]);
    case WIRE_NOT: EACH(~a[l]);
    case WIRE_OP_COUNT: break;
    }
}

/* ---- events ---- */

static void store_outputs(const struct run *run, row *rows, size_t first, int lanes) {
    for (uint32_t p = 0; p < run->design->output_count; p++) {
        const struct port *port = &run->design->outputs[p];
        for (uint32_t e = 0; e < port->element_count; e++) {
            const int64_t *x = row_of(rows, run->kept[port->elements[e].wire.id], 0);
            for (int l = 0; l < lanes; l++) run->outputs[p][(first + (size_t)l) * port->element_count + e] = x[l];
        }
    }
}

static void store_wires(const struct run *run, row *rows, size_t first, int lanes) {
    size_t count = run->datapath->probe_count;
    for (size_t i = 0; i < count; i++) {
        const struct probe *probe = &run->datapath->probes[i];
        bool absorbed = probe->wire.id == UINT32_MAX;
        const int64_t *x = absorbed ? NULL : row_of(rows, run->kept[probe->wire.id], probe->beat);
        for (int l = 0; l < lanes; l++) run->wires[(first + (size_t)l) * count + i] = absorbed ? 0 : x[l];
    }
}

static void run_events(const struct run *run, row *rows, size_t first, int lanes) {
    for (uint32_t block = 0; block < run->blocks.count; block++)
        for (int beat = 0; beat < run->blocks.at[block].beats; beat++)
            for (size_t step = run->first[block]; step < run->first[block + 1]; step++)
                run_step(run, &run->steps[step], rows, beat, first, lanes);
    store_outputs(run, rows, first, lanes);
    if (run->wires) store_wires(run, rows, first, lanes);
}

static int run_threads(const struct run *run, size_t groups) {
    const struct bxc_context *context = run->design->context;
    size_t threads = context->threads > 0 ? (size_t)context->threads : (size_t)omp_get_max_threads();
    if (threads > groups) threads = groups ? groups : 1;
    if (threads > ROWS_MAX / (run->rows + 1)) threads = ROWS_MAX / (run->rows + 1);
    return threads ? (int)threads : 1;
}

static void run_groups(const struct run *run, size_t events, struct arena *arena) {
    size_t groups = (events + LANES - 1) / LANES;
    int threads = run_threads(run, groups);
    row *rows = arena_calloc(arena, (size_t)threads * run->rows + 1, sizeof *rows);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t g = 0; g < groups; g++) {
        size_t left = events - g * LANES;
        run_events(run, rows + (size_t)omp_get_thread_num() * run->rows, g * LANES, left < LANES ? (int)left : LANES);
    }
}

int design_run_wires(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs,
                     int64_t *wires) {
    struct arena *arena = arena_new(design->context);
    struct run run = {.design = design,
                      .datapath = &design->datapath,
                      .blocks = design_blocks(design, arena),
                      .inputs = inputs,
                      .outputs = outputs,
                      .wires = wires};
    int result = 0;
    run.placed = ARENA_ARRAY(arena, uint32_t *, design->input_count + 1);
    for (uint32_t p = 0; p < design->input_count; p++) run.placed[p] = placed_elements(&design->inputs[p], arena);
    plan_rows(&run, arena);
    if (run.rows > ROWS_MAX)
        result =
            diag_error(&design->context->diagnostics, (struct location){.file = design->file}, NULL,
                       "the design holds %zu numbers an event, and no more than %d can be run", run.rows, ROWS_MAX);
    else
        run_groups(&run, events, arena);
    arena_free(arena);
    return result;
}

int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    return design_run_wires(design, events, inputs, outputs, NULL);
}

void design_run_probes(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *values) {
    const struct datapath *datapath = &design->datapath;
    struct arena *arena = arena_new(design->context);
    int64_t **outputs = ARENA_ARRAY(arena, int64_t *, design->output_count + 1);
    for (uint32_t p = 0; p < design->output_count; p++)
        outputs[p] = ARENA_ARRAY(arena, int64_t, events * design->outputs[p].element_count + 1);
    design_run_wires(design, events, inputs, outputs, values);
    for (size_t i = 0; i < events * datapath->probe_count; i++) {
        const struct probe *probe = &datapath->probes[i % datapath->probe_count];
        if (probe->wire.id != UINT32_MAX) values[i] = probe_value(probe, values[i]);
    }
    arena_free(arena);
}
