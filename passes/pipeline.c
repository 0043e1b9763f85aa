/* Cuts the datapath into clock cycles. As soon as possible first: a wire joins its operands' cycle
 * where its delay still fits, else it opens the next one, so a slower clock needs no more cycles for the same wires.
 * Then wires move later where that needs fewer registers: a bit that is made of wires which live on
 * anyway need not be stored beside them. Delays are whole picoseconds. */
#include "passes/rewrite.h"
#include "passes/pipeline.h"
#include "passes/table.h"

#include <string.h>

struct schedule {
    struct design *design;
    struct arena *scratch;
    struct datapath *datapath;
    struct stage stage;
    struct timing *timing;
    int *delay;         /* ps, of each wire behind registers */
    int *last_use;      /* latest cycle in which it is read */
    int *need;          /* earliest cycle in which it is read, */
    int *limit;         /* and by when, in that cycle */
    int *early;         /* the earliest cycle of each wire */
    int *not_before;    /* of states: the cycle of what they carry on */
    bool *is_read_bare; /* of each wire: see find_bare_reads */
    bool *is_fixed;     /* that moves no more: inputs, states and what they carry, items and what they are of */
    int last;           /* cycle */
    int by_beat;        /* bits that the beat chooses */
};

/* ---- partial products ---- */

/* A copy of a factor, or 0, as a bit of the other factor says. Before a register it costs nothing: it is
 * that register's synchronous reset. So its readers come a cycle later. */
static bool is_partial_product(const struct schedule *s, uint32_t id) {
    const struct wire *wire = &s->datapath->wires[id];
    if (wire->op != WIRE_SELECT || wire_width(wire) < 2 || s->is_read_bare[id]) return false;
    const struct wire *bit = &s->datapath->wires[wire->operands[0].wire.id],
                      *otherwise = &s->datapath->wires[wire->operands[2].wire.id];
    return otherwise->lo == 0 && otherwise->hi == 0 && (bit->op == WIRE_WRAP || bit->op == WIRE_SHIFT_RIGHT);
}

/* Somebody reads it, or a part of it, that adds nothing up. */
static void find_bare_reads(struct schedule *s) {
    for (uint32_t p = 0; p < s->design->output_count; p++)
        for (uint32_t e = 0; e < s->design->outputs[p].element_count; e++)
            s->is_read_bare[s->design->outputs[p].elements[e].wire.id] = true;
    for (uint32_t i = s->datapath->wire_count; i-- > 0;) {
        const struct wire *wire = &s->datapath->wires[i];
        bool is_wiring = wire->op == WIRE_WRAP || wire->op == WIRE_SHIFT_RIGHT;
        bool is_bare = is_wiring ? s->is_read_bare[i] : wire->op != WIRE_SUM;
        for (uint32_t k = 0; is_bare && k < wire->operand_count; k++) s->is_read_bare[wire->operands[k].wire.id] = true;
    }
}

/* ---- as soon as possible ---- */

static void place_early(struct schedule *s, uint32_t id) {
    struct wire *wire = &s->datapath->wires[id];
    int cycle = s->not_before[id];
    if (wire->op == WIRE_STATE && wire->next.id < id) cycle = s->datapath->wires[wire->next.id].cycle;
    if (wire->op == WIRE_ITEM) { /* there when its beat is, and not before */
        wire->cycle = s->datapath->wires[wire->operands[0].wire.id].cycle + wire->amount;
        timing_place(s->timing, id, wire->cycle);
        s->last = wire->cycle > s->last ? wire->cycle : s->last;
        return;
    }
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        uint32_t operand = wire->operands[k].wire.id;
        int other = s->datapath->wires[operand].cycle + is_partial_product(s, operand);
        cycle = other > cycle ? other : cycle;
    }
    cycle += wire->latency;
    if (timing_place(s->timing, id, cycle) > s->stage.budget) timing_place(s->timing, id, ++cycle);
    wire->cycle = cycle;
    s->last = cycle > s->last ? cycle : s->last;
}

/* What a state carries on is there when it is: where that comes later, the state does too, and all behind it. False
 * when it does not end: what is between the two takes longer than a cycle. */
static bool place_all_early(struct schedule *s) {
    enum { ROUNDS_MAX = 256 }; /* sums one behind the other need a few each */
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool again = false;
        context_check(s->design->context);
        s->last = 0;
        for (uint32_t i = 0; i < s->datapath->wire_count; i++) place_early(s, i);
        for (uint32_t i = 0; i < s->datapath->wire_count; i++) {
            const struct wire *wire = &s->datapath->wires[i];
            if (wire->op != WIRE_STATE || s->datapath->wires[wire->next.id].cycle <= wire->cycle) continue;
            s->not_before[i] = s->datapath->wires[wire->next.id].cycle;
            again = true;
        }
        if (!again) return true;
    }
    return false;
}

static void find_fixed(struct schedule *s) {
    memset(s->is_fixed, 0, s->datapath->wire_count * sizeof *s->is_fixed);
    s->by_beat = 0;
    for (uint32_t i = 0; i < s->datapath->wire_count; i++) {
        const struct wire *wire = &s->datapath->wires[i];
        s->not_before[i] = 0;
        s->is_fixed[i] |= wire_is_source(wire) || wire->op == WIRE_CONSTANT || wire->op == WIRE_STATE ||
                          wire->op == WIRE_ITEM || wire->resource != RESOURCE_LOGIC;
        if (wire->op == WIRE_STATE) s->is_fixed[wire->next.id] = true;
        if (wire->op == WIRE_ITEM) s->is_fixed[wire->operands[0].wire.id] = true;
        if (wire_is_by_beat(s->datapath, wire)) s->by_beat += wire_width(wire);
    }
}

/* ---- later, where registers are saved ---- */

static void find_last_uses(struct schedule *s) {
    const struct datapath *datapath = s->datapath;
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        s->last_use[i] = -1;
        s->need[i] = s->last + 1;
        s->limit[i] = s->stage.budget;
    }
    for (uint32_t i = 0; i < datapath->wire_count; i++)
        for (uint32_t k = 0; k < datapath->wires[i].operand_count; k++) {
            uint32_t operand = datapath->wires[i].operands[k].wire.id;
            int read = wire_read_cycle(&datapath->wires[i]);
            s->last_use[operand] = read > s->last_use[operand] ? read : s->last_use[operand];
        }
    for (uint32_t p = 0; p < s->design->output_count; p++)
        for (uint32_t e = 0; e < s->design->outputs[p].element_count; e++) {
            uint32_t wire = s->design->outputs[p].elements[e].wire.id;
            s->last_use[wire] = s->last + 1; /* the output register */
        }
}

/* The beat itself is stored for all that it chooses, where that is more. */
static bool is_stored(const struct schedule *s, const struct wire *wire) {
    return wire->lo != wire->hi && (wire->op != WIRE_BEAT || wire_width(wire) > s->by_beat);
}

/* Register bits that computing the wire in `cycle` instead of its own saves. */
static int64_t saving(const struct schedule *s, uint32_t id, int cycle) {
    const struct wire *wire = &s->datapath->wires[id];
    int64_t bits = is_stored(s, wire) ? (int64_t)wire_width(wire) * (cycle - wire->cycle) : 0;
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        uint32_t operand = wire->operands[k].wire.id;
        const struct wire *x = &s->datapath->wires[operand];
        if (is_stored(s, x) && s->last_use[operand] < cycle)
            bits -= (int64_t)wire_width(x) * (cycle - s->last_use[operand]);
    }
    return bits;
}

/* What the beat chooses is known long before: it is read from registers, a few bits each. */
static void tell_operands(struct schedule *s, uint32_t id, int by) {
    const struct wire *wire = &s->datapath->wires[id];
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        uint32_t operand = wire->operands[k].wire.id;
        bool by_beat = wire_is_by_beat(s->datapath, &s->datapath->wires[operand]);
        bool registered = is_partial_product(s, operand) || (by_beat && wire->cycle > 0);
        int read = wire_read_cycle(wire), cycle = read - registered;
        int start = registered ? s->stage.budget : by - s->delay[id];
        if (read > s->last_use[operand]) s->last_use[operand] = read;
        if (cycle < s->need[operand]) {
            s->need[operand] = cycle;
            s->limit[operand] = start;
        } else if (cycle == s->need[operand] && start < s->limit[operand])
            s->limit[operand] = start;
    }
}

/* Readers are placed, operands stand as early as they can: any later cycle has them registered. */
static void place_late(struct schedule *s, uint32_t id) {
    struct wire *wire = &s->datapath->wires[id];
    int best = wire->cycle;
    int64_t most = 0;
    for (int cycle = wire->cycle + 1; !s->is_fixed[id] && cycle <= s->need[id] && cycle <= s->last; cycle++) {
        if (cycle == s->need[id] && s->delay[id] > s->limit[id]) break;
        int64_t bits = saving(s, id, cycle);
        if (bits > most) {
            most = bits;
            best = cycle;
        }
    }
    wire->cycle = best;
    bool is_read_fresh = best == s->need[id] && wire->resource == RESOURCE_LOGIC;
    tell_operands(s, id, is_read_fresh ? s->limit[id] : s->stage.budget);
}

static void check_arrivals(const struct schedule *s) {
    for (uint32_t i = 0; i < s->datapath->wire_count; i++)
        if (s->datapath->wires[i].arrival > s->stage.budget)
            context_bug(s->design->context, "a wire arrives %d ps into a stage of %d ps", s->datapath->wires[i].arrival,
                        s->stage.budget);
}

static void stay_early(struct schedule *s) {
    for (uint32_t i = 0; i < s->datapath->wire_count; i++) s->datapath->wires[i].cycle = s->early[i];
}

/* What arrives too late, and all that it is made of in its cycle. */
static void keep_late_ones_early(struct schedule *s) {
    bool *is_late = ARENA_ARRAY(s->scratch, bool, s->datapath->wire_count);
    for (uint32_t i = s->datapath->wire_count; i-- > 0;) {
        const struct wire *wire = &s->datapath->wires[i];
        is_late[i] |= wire->arrival > s->stage.budget;
        for (uint32_t k = 0; is_late[i] && k < wire->operand_count; k++) {
            uint32_t operand = wire->operands[k].wire.id;
            is_late[operand] |= s->datapath->wires[operand].cycle == wire_read_cycle(wire);
        }
        s->is_fixed[i] |= is_late[i];
    }
}

/* Late places are chosen by delays alone; what arrives later than that, where bits of several readers meet, stays where
 * it was, and the others choose again. */
static void save_registers(struct schedule *s) {
    enum { ROUNDS_MAX = 8 };
    for (uint32_t i = 0; i < s->datapath->wire_count; i++) s->early[i] = s->datapath->wires[i].cycle;
    bool fits = false;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        context_check(s->design->context);
        find_last_uses(s);
        for (uint32_t i = s->datapath->wire_count; i-- > 0;) place_late(s, i);
        fits = timing_settle(s->timing, s->datapath) <= s->stage.budget;
        if (fits) break;
        keep_late_ones_early(s);
        stay_early(s);
    }
    if (!fits) timing_settle(s->timing, s->datapath);
    check_arrivals(s);
}

/* ---- the pass ---- */

/* A clock that would do, and what else would. */
static const char *would_do(const struct program *program, const struct stage *stage, int logic_ps,
                            const char *otherwise) {
    /* sums from beat to beat are not tried */
    int megahertz = program->design->beats > 1 ? 0 : clock_that_does(program, stage, logic_ps);
    if (!megahertz) return arena_printf(program->arena, "choose a slower clock%s", otherwise);
    return arena_printf(program->arena, "a clock of %d MHz would do%s", megahertz, otherwise);
}

static int refuse_slow(const struct program *program, struct schedule *s, uint32_t id) {
    const struct wire *wire = &s->datapath->wires[id];
    const struct graph *graph = s->design->graph;
    const struct node *node = wire->origin.id < graph->node_count ? graph_node(graph, wire->origin) : NULL;
    int slowest = 0;
    for (uint32_t i = 0; i < s->datapath->wire_count; i++) slowest = s->delay[i] > slowest ? s->delay[i] : slowest;
    return diag_error(&program->context->diagnostics, graph_location(graph, node),
                      would_do(program, &s->stage, slowest, ""),
                      "a '%s' of %d bits needs %d ps, and the clock leaves %d ps of a stage", wire_op_names[wire->op],
                      wire_width(wire), s->delay[id], s->stage.budget);
}

static int refuse_loop(const struct program *program, const struct schedule *s) {
    const struct graph *graph = s->design->graph;
    const struct wire *wire = NULL;
    for (uint32_t i = 0; i < s->datapath->wire_count; i++)
        if (s->datapath->wires[i].op == WIRE_STATE && s->not_before[i] > s->datapath->wires[i].cycle)
            wire = &s->datapath->wires[i];
    const struct node *node = wire && wire->origin.id < graph->node_count ? graph_node(graph, wire->origin) : NULL;
    return diag_error(&program->context->diagnostics, graph_location(graph, node),
                      "choose a slower clock, or --interval 1",
                      "what is summed up from beat to beat, of %d bits, does not fit a clock period of %d ps",
                      wire ? wire_width(wire) : 0, program->options->clock_ps);
}

static int schedule_wires(const struct program *program, struct schedule *s) {
    s->last = 0;
    for (uint32_t i = 0; i < s->datapath->wire_count; i++) s->delay[i] = timing_alone(s->timing, i);
    for (uint32_t i = 0; i < s->datapath->wire_count; i++)
        if (s->delay[i] > s->stage.budget) return refuse_slow(program, s, i);
    find_fixed(s);
    if (!place_all_early(s)) return refuse_loop(program, s);
    save_registers(s);
    return 0;
}

/* Once as if mapping hurried everywhere, and again with what that schedule shows of where it does not. */
static int schedule_twice(const struct program *program, struct schedule *s, struct arena *scratch) {
    s->timing = timing_new(scratch, s->design, program->technology);
    if (schedule_wires(program, s) < 0) return -1;
    if (!design_find_haste(s->design, program->technology, s->stage.budget)) return 0;
    s->timing = timing_new(scratch, s->design, program->technology);
    return schedule_wires(program, s);
}

/* What the clock leaves of a stage beside its registers and the margin. */
struct stage stage_of_clock(const struct program *program) {
    struct stage stage = {.technology = program->technology,
                          .margin = program->options->margin_percent,
                          .overhead = technology_overhead(program->technology)};
    stage.budget = (int)((int64_t)program->options->clock_ps * (100 - stage.margin) / 100) - stage.overhead;
    return stage;
}

static int refuse_fast(const struct program *program, const struct stage *stage) {
    const struct technology *t = program->technology;
    const struct graph *graph = program->graph;
    int period = program->options->clock_ps, least = t->net + t->lut;
    if (t->clock_tree_megahertz && (int64_t)(period + 1) * t->clock_tree_megahertz <= 1000000)
        return diag_error(
            &program->context->diagnostics, graph_location(graph, NULL),
            would_do(program, stage, least, t->speed < 3 ? ", or on a faster speed grade a faster one" : ""),
            "a clock period of %d ps is more than the part's clock tree carries: %d MHz", period,
            t->clock_tree_megahertz);
    if (stage->budget < least)
        return diag_error(
            &program->context->diagnostics, graph_location(graph, NULL),
            would_do(program, stage, least, stage->margin ? ", or with a smaller --margin a faster one" : ""),
            "a LUT and a register alone need %d ps on this part, and a clock period of %d ps leaves %d ps beside a margin of %d %%",
            stage->overhead + least, period, stage->budget + stage->overhead, stage->margin);
    return 0;
}

int pass_pipeline(struct program *program, bool *changed) {
    struct design *design = program->design;
    struct schedule s = {.design = design, .stage = stage_of_clock(program)};
    if (refuse_fast(program, &s.stage) < 0) return -1;
    for (uint32_t i = 0; i < design->datapath.wire_count; i++) design->datapath.wires[i].unhurried = 0;
    split_wide_wires(design, &s.stage);
    s.datapath = &design->datapath;
    struct arena *scratch = s.scratch = arena_new(program->context);
    int **columns[] = {&s.delay, &s.last_use, &s.need, &s.limit, &s.early, &s.not_before};
    s.is_fixed = ARENA_ARRAY(scratch, bool, s.datapath->wire_count + 1);
    s.is_read_bare = ARENA_ARRAY(scratch, bool, s.datapath->wire_count + 1);
    find_bare_reads(&s);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        *columns[i] = ARENA_ARRAY(scratch, int, s.datapath->wire_count + 1);
    int result = schedule_twice(program, &s, scratch);
    arena_free(scratch);
    design->clock_ps = program->options->clock_ps;
    design->latency = s.last + 2; /* stages, and the input register */
    *changed = true;
    return result;
}
