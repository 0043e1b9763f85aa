/* The datapath's own meaning: wires in order, blocks of events side by side. Every wire's value fits
 * 64 bits, so sums may be taken modulo 2^64 on the way. Schedules do not matter here. */
#include "ir/datapath.h"

#include <omp.h>

enum { LANES = 32 };

struct run {
    const struct design *design;
    const struct datapath *datapath;
    const int64_t *const *inputs;
    int64_t *const *outputs;
};

static void run_sum(const struct wire *wire, int64_t (*values)[LANES], int64_t *out) {
    uint64_t sum[LANES];
    for (int l = 0; l < LANES; l++) sum[l] = (uint64_t)wire->constant;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        const int64_t *x = values[term.wire.id];
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

static void run_wire(const struct run *run, const struct wire *wire, int64_t (*values)[LANES], int64_t *out,
                     size_t first, int lanes) {
    const int64_t *operand[3] = {out, out, out};
    if (wire->op == WIRE_INPUT) {
        size_t stride = run->design->inputs[wire->table].element_count;
        for (int l = 0; l < LANES; l++)
            out[l] = run->inputs[wire->table][(first + (size_t)(l < lanes ? l : 0)) * stride + (size_t)wire->amount];
        return;
    }
    if (wire->op == WIRE_SUM) {
        run_sum(wire, values, out);
        return;
    }
    for (uint32_t i = 0; i < wire->operand_count && i < 3; i++) operand[i] = values[wire->operands[i].wire.id];
    for (int l = 0; l < LANES; l++) out[l] = run_one(run->datapath, wire, operand[0][l], operand[1][l], operand[2][l]);
}

static void run_block(const struct run *run, int64_t (*values)[LANES], size_t first, int lanes) {
    const struct datapath *datapath = run->datapath;
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        run_wire(run, &datapath->wires[i], values, values[i], first, lanes);
    for (uint32_t p = 0; p < run->design->output_count; p++) {
        const struct port *port = &run->design->outputs[p];
        for (uint32_t e = 0; e < port->element_count; e++)
            for (int l = 0; l < lanes; l++)
                run->outputs[p][(first + (size_t)l) * port->element_count + e] = values[port->elements[e].wire.id][l];
    }
}

int design_run(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *const *outputs) {
    if (design->block_count != 1)
        return diag_error(&design->context->diagnostics, (struct location){0}, NULL,
                          "a design of %u blocks cannot be run", design->block_count);
    struct run run = {design, &design->blocks[0].datapath, inputs, outputs};
    int threads = design->context->threads > 0 ? design->context->threads : omp_get_max_threads();
    size_t blocks = (events + LANES - 1) / LANES;
    if ((size_t)threads > blocks) threads = blocks ? (int)blocks : 1;
    struct arena *arena = arena_new(design->context);
    int64_t(*values)[LANES] = arena_calloc(arena, (size_t)threads * run.datapath->wire_count + 1, sizeof *values);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t b = 0; b < blocks; b++) {
        size_t left = events - b * LANES;
        int64_t(*mine)[LANES] = values + (size_t)omp_get_thread_num() * run.datapath->wire_count;
        run_block(&run, mine, b * LANES, left < LANES ? (int)left : LANES);
    }
    arena_free(arena);
    return 0;
}

void design_run_probes(const struct design *design, size_t events, const int64_t *const *inputs, int64_t *values) {
    struct arena *arena = arena_new(design->context);
    int64_t **outputs = ARENA_ARRAY(arena, int64_t *, design->output_count + 1);
    struct run run = {design, &design->blocks[0].datapath, inputs, outputs};
    int64_t(*wires)[LANES] = arena_calloc(arena, run.datapath->wire_count + 1, sizeof *wires);
    for (uint32_t p = 0; p < design->output_count; p++)
        outputs[p] = ARENA_ARRAY(arena, int64_t, events * design->outputs[p].element_count + 1);
    for (size_t first = 0; first < events; first += LANES) {
        int lanes = events - first < LANES ? (int)(events - first) : LANES;
        run_block(&run, wires, first, lanes);
        for (uint32_t i = 0; i < run.datapath->probe_count; i++) {
            const struct probe *probe = &run.datapath->probes[i];
            for (int l = 0; probe->wire.id != UINT32_MAX && l < lanes; l++)
                values[(first + (size_t)l) * run.datapath->probe_count + i] =
                    probe_value(probe, wires[probe->wire.id][l]);
        }
    }
    arena_free(arena);
}
