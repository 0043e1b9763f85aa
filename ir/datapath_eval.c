/* The datapath's own meaning: block after block, wires in order, in each beat where they are served in every one; lanes
 * of events side by side. Every wire's value fits
 * 64 bits, so sums may be taken modulo 2^64 on the way. Schedules do not matter here. */
#include "ir/datapath.h"

#include <omp.h>

enum { LANES = 32 };

struct run {
    const struct design *design;
    const struct datapath *datapath;
    struct block_list blocks;
    size_t *row;       /* by wire: of its value, or of that in beat 0, which others follow */
    uint32_t **placed; /* by input port: the element in each slot of each beat; UINT32_MAX: none */
    size_t rows;
    const int64_t *const *inputs;
    int64_t *const *outputs;
};

static uint32_t *placed_elements(const struct port *port, struct arena *arena) {
    uint32_t *placed = ARENA_ARRAY(arena, uint32_t, (size_t)port->beats * port->slots + 1);
    for (uint32_t i = 0; i < port->beats * port->slots; i++) placed[i] = UINT32_MAX;
    for (uint32_t e = 0; e < port->element_count; e++)
        placed[port->elements[e].beat * port->slots + port->elements[e].slot] = e;
    return placed;
}

static struct run run_new(const struct design *design, const int64_t *const *inputs, int64_t *const *outputs,
                          struct arena *arena) {
    struct run run = {design, &design->datapath, design_blocks(design, arena), .inputs = inputs, .outputs = outputs};
    run.row = ARENA_ARRAY(arena, size_t, run.datapath->wire_count + 1);
    run.placed = ARENA_ARRAY(arena, uint32_t *, design->input_count + 1);
    for (uint32_t p = 0; p < design->input_count; p++) run.placed[p] = placed_elements(&design->inputs[p], arena);
    for (uint32_t i = 0; i < run.datapath->wire_count; i++) {
        run.row[i] = run.rows;
        run.rows += run.datapath->wires[i].every_beat ? (size_t)design->beats : 1;
    }
    return run;
}

/* The row of a wire in a beat. */
static size_t row_in(const struct run *run, wireref wire, int beat) {
    return run->row[wire.id] + (run->datapath->wires[wire.id].every_beat ? (size_t)beat : 0);
}

static void run_sum(const struct run *run, const struct wire *wire, int64_t (*values)[LANES], int beat, int64_t *out) {
    uint64_t sum[LANES];
    for (int l = 0; l < LANES; l++) sum[l] = (uint64_t)wire->constant;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        const int64_t *x = values[row_in(run, term.wire, beat)];
        for (int l = 0; l < LANES; l++) {
            uint64_t shifted = (uint64_t)x[l] << term.shift;
            sum[l] = term.negative ? sum[l] - shifted : sum[l] + shifted;
        }
    }
    for (int l = 0; l < LANES; l++) out[l] = (int64_t)sum[l];
}

static int64_t wrap(int64_t x, int bits, bool is_signed) {
    if (bits >= 64) return x;
    uint64_t low = (uint64_t)x & (((uint64_t)1 << bits) - 1);
    bool negative = is_signed && bits && low >> (bits - 1);
    return (int64_t)(negative ? low - ((uint64_t)1 << bits) : low);
}

static int64_t run_one(const struct datapath *datapath, const struct wire *wire, int64_t a, int64_t b, int64_t c) {
    switch (wire->op) {
    case WIRE_CONSTANT: return wire->constant;
    case WIRE_MULTIPLY: return (int64_t)((uint64_t)a * (uint64_t)b);
    case WIRE_LESS: return a < b;
    case WIRE_EQUAL: return a == b;
    case WIRE_SELECT: return a ? b : c;
    case WIRE_TABLE: return datapath->tables[wire->table].entries[a - datapath->tables[wire->table].first];
    case WIRE_CLAMP: return a < wire->clamp_lo ? wire->clamp_lo : a > wire->clamp_hi ? wire->clamp_hi : a;
    case WIRE_SHIFT_RIGHT: return a >> (wire->amount > 63 ? 63 : wire->amount);
    case WIRE_WRAP: return wrap(a, wire->amount, wire->wrap_signed);
    case WIRE_AND: return a & b;
    case WIRE_OR: return a | b;
    case WIRE_XOR: return a ^ b;
    case WIRE_NOT: return ~a;
    default: return 0;
    }
}

static void run_input(const struct run *run, const struct wire *wire, int beat, int64_t *out, size_t first, int lanes) {
    const struct port *port = &run->design->inputs[wire->table];
    uint32_t element = run->placed[wire->table][(uint32_t)beat * port->slots + (uint32_t)wire->amount];
    for (int l = 0; l < LANES; l++) {
        size_t event = first + (size_t)(l < lanes ? l : 0);
        out[l] = element == UINT32_MAX ? 0 : run->inputs[wire->table][event * port->element_count + element];
    }
}

/* What it takes over, from another beat or another wire. */
static const int64_t *taken(const struct run *run, const struct wire *wire, int64_t (*values)[LANES], int beat) {
    if (wire->op == WIRE_ITEM) return values[row_in(run, wire->operands[0].wire, wire->amount)];
    if (wire->op != WIRE_STATE) return NULL;
    return values[beat ? row_in(run, wire->next, beat - 1) : row_in(run, wire->operands[1].wire, 0)];
}

static void run_wire(const struct run *run, const struct wire *wire, int64_t (*values)[LANES], int beat, int64_t *out,
                     size_t first, int lanes) {
    const int64_t *operand[3] = {out, out, out}, *from = taken(run, wire, values, beat);
    if (wire->op == WIRE_INPUT) {
        run_input(run, wire, beat, out, first, lanes);
        return;
    }
    if (wire->op == WIRE_SUM) {
        run_sum(run, wire, values, beat, out);
        return;
    }
    for (uint32_t i = 0; i < wire->operand_count && i < 3; i++)
        operand[i] = values[row_in(run, wire->operands[i].wire, beat)];
    for (int l = 0; l < LANES; l++)
        out[l] = from                    ? from[l]
                 : wire->op == WIRE_BEAT ? beat
                                         : run_one(run->datapath, wire, operand[0][l], operand[1][l], operand[2][l]);
}

static void run_block(const struct run *run, uint32_t block, int64_t (*values)[LANES], size_t first, int lanes) {
    const struct datapath *datapath = run->datapath;
    for (int beat = 0; beat < run->blocks.at[block].beats; beat++)
        for (uint32_t i = 0; i < datapath->wire_count; i++)
            if (run->blocks.of[i] == block)
                run_wire(run, &datapath->wires[i], values, beat, values[run->row[i] + (size_t)beat], first, lanes);
}

static void run_events(const struct run *run, int64_t (*values)[LANES], size_t first, int lanes) {
    for (uint32_t block = 0; block < run->blocks.count; block++) run_block(run, block, values, first, lanes);
    for (uint32_t p = 0; p < run->design->output_count; p++) {
        const struct port *port = &run->design->outputs[p];
        for (uint32_t e = 0; e < port->element_count; e++)
            for (int l = 0; l < lanes; l++)
                run->outputs[p][(first + (size_t)l) * port->element_count + e] =
                    values[row_in(run, port->elements[e].wire, 0)][l];
    }
}

int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    struct arena *arena = arena_new(design->context);
    struct run run = run_new(design, inputs, outputs, arena);
    int threads = design->context->threads > 0 ? design->context->threads : omp_get_max_threads();
    size_t groups = (events + LANES - 1) / LANES;
    if ((size_t)threads > groups) threads = groups ? (int)groups : 1;
    int64_t(*values)[LANES] = arena_calloc(arena, (size_t)threads * run.rows + 1, sizeof *values);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t g = 0; g < groups; g++) {
        size_t left = events - g * LANES;
        run_events(&run, values + (size_t)omp_get_thread_num() * run.rows, g * LANES, left < LANES ? (int)left : LANES);
    }
    arena_free(arena);
    return 0;
}

void design_run_probes(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *values) {
    struct arena *arena = arena_new(design->context);
    int64_t **outputs = ARENA_ARRAY(arena, int64_t *, design->output_count + 1);
    struct run run = run_new(design, inputs, outputs, arena);
    int64_t(*wires)[LANES] = arena_calloc(arena, run.rows + 1, sizeof *wires);
    for (uint32_t p = 0; p < design->output_count; p++)
        outputs[p] = ARENA_ARRAY(arena, int64_t, events * design->outputs[p].element_count + 1);
    for (size_t first = 0; first < events; first += LANES) {
        int lanes = events - first < LANES ? (int)(events - first) : LANES;
        run_events(&run, wires, first, lanes);
        for (uint32_t i = 0; i < run.datapath->probe_count; i++) {
            const struct probe *probe = &run.datapath->probes[i];
            for (int l = 0; probe->wire.id != UINT32_MAX && l < lanes; l++)
                values[(first + (size_t)l) * run.datapath->probe_count + i] =
                    probe_value(probe, wires[row_in(&run, probe->wire, probe->beat)][l]);
        }
    }
    arena_free(arena);
}
