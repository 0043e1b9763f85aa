/* Moves long chains of registers into block RAM. A value that is read many cycles after it was made stands in a
 * register in each of them; where nobody reads it on the way, a memory holds it as well, which is written in every
 * cycle and read so many later. One register stays before the memory and one behind it, so that no path gets longer.
 *
 * What is equally old lies side by side in one memory of a module. So values of one module whose chains are of
 * different lengths go into one memory as long as the shortest of them, where that saves more than memories of their
 * own, and wait in registers for the rest. */
#include "passes/rewrite.h"
#include "passes/pipeline.h"
#include "passes/table.h"
#include "target/memories.h"

#include <stdlib.h>

/* Flip-flops in whose place a block RAM stands, at least: parts have 280 to 740 of them for each of 18 Kbit, most about
 * 550 (target/parts.def), so one that holds fewer is the dearer way. 36 bits for 14 cycles are as many. */
enum { REGISTERS_WORTH = 500 };

/* A wire is read so many cycles after it is computed. */
struct read {
    uint32_t source; /* the wire that has the registers */
    int delay;
    int until;      /* the last delay at which it is read through the same item, which is one wire */
    uint32_t owner; /* node whose module reads it */
};

/* Registers of a wire between those that are read. */
struct gap {
    uint32_t source, owner; /* owner: node in whose module the memory stands */
    int from, to;           /* delays: of the register that the memory reads, and of the next one that is read */
    int bits;
    int latency;    /* of the memory that stands there; 0: none */
    wireref memory; /* the wire that comes out of it */
};

struct delays {
    struct design *design;
    const struct datapath *from;
    struct arena *scratch;
    const uint32_t *owners;
    uint8_t *bits;
    int *first, *last; /* by item: delays at which it is read */
    int *carried;      /* by wire: delay at which a state takes it, which does not follow it into a memory */
    struct read *reads;
    struct gap *gaps;   /* by source, then by delay */
    uint32_t *gaps_of;  /* by wire: the first one; those of the next wire come behind its last */
    struct gap **order; /* by owner, longest first */
    uint32_t read_count, gap_count;
};

/* ---- who reads what when ---- */

/* Where a wire is read: the registers of what it is an item of. */
struct place {
    uint32_t source, item; /* item: of the source; UINT32_MAX: none */
    int delay;
};

static struct place place_of(const struct delays *d, wireref wire, int cycle) {
    uint32_t item = UINT32_MAX;
    int beats = 0;
    for (; d->from->wires[wire.id].op == WIRE_ITEM; wire = d->from->wires[wire.id].operands[0].wire) {
        item = wire.id;
        beats += d->from->wires[wire.id].amount;
    }
    return (struct place){wire.id, item, cycle - beats - d->from->wires[wire.id].cycle};
}

/* reader: a wire, or wire_count for an output. */
static void each_read(struct delays *d, void (*visit)(struct delays *d, struct place place, uint32_t reader)) {
    const struct datapath *from = d->from;
    for (uint32_t w = 0; w < from->wire_count; w++)
        for (uint32_t k = 0; from->wires[w].op != WIRE_ITEM && k < from->wires[w].operand_count; k++)
            visit(d, place_of(d, from->wires[w].operands[k].wire, wire_read_cycle(&from->wires[w])), w);
    for (uint32_t p = 0; p < d->design->output_count; p++)
        for (uint32_t e = 0; e < d->design->outputs[p].element_count; e++)
            visit(d, place_of(d, d->design->outputs[p].elements[e].wire, design_last_cycle(d->design)),
                  from->wire_count);
}

static void note_item(struct delays *d, struct place place, uint32_t reader) {
    (void)reader;
    if (place.item == UINT32_MAX) return;
    if (place.delay < d->first[place.item]) d->first[place.item] = place.delay;
    if (place.delay > d->last[place.item]) d->last[place.item] = place.delay;
}

/* The beat and what it chooses are a few bits, and the chosen constants share registers: they stay. */
static bool may_move(const struct delays *d, uint32_t source) {
    const struct wire *wire = &d->from->wires[source];
    return d->bits[source] && wire->op != WIRE_BEAT && wire->op != WIRE_FIRST && !wire_is_by_beat(d->from, wire);
}

static void note_read(struct delays *d, struct place place, uint32_t reader) {
    bool is_output = reader == d->from->wire_count;
    if (!may_move(d, place.source) || (!is_output && !d->bits[reader])) return;
    d->reads[d->read_count++] = (struct read){.source = place.source,
                                              .delay = place.delay,
                                              .until = place.item == UINT32_MAX ? place.delay : d->last[place.item],
                                              .owner = is_output ? d->design->graph->node_count : d->owners[reader]};
}

static int compare_reads(const void *left, const void *right) {
    const struct read *a = left, *b = right;
    if (a->source != b->source) return a->source < b->source ? -1 : 1;
    if (a->delay != b->delay) return a->delay < b->delay ? -1 : 1;
    return (a->owner > b->owner) - (a->owner < b->owner);
}

static void find_reads(struct delays *d) {
    const struct datapath *from = d->from;
    size_t count = 1;
    for (uint32_t w = 0; w < from->wire_count; w++) {
        const struct wire *wire = &from->wires[w];
        d->first[w] = INT32_MAX;
        count += wire->operand_count;
        if (wire->op != WIRE_STATE) continue;
        struct place place = place_of(d, wire->next, wire->cycle + 1);
        if (place.delay > d->carried[place.source]) d->carried[place.source] = place.delay;
    }
    for (uint32_t p = 0; p < d->design->output_count; p++) count += d->design->outputs[p].element_count;
    d->reads = ARENA_ARRAY(d->scratch, struct read, count);
    each_read(d, note_item);
    each_read(d, note_read);
    qsort(d->reads, d->read_count, sizeof *d->reads, compare_reads);
}

/* ---- gaps ---- */

/* Elements of ports are the top's, which has no memories: theirs stand where they are read. */
static uint32_t owner_of(const struct delays *d, const struct read *read) {
    return wire_is_source(&d->from->wires[read->source]) ? read->owner : d->owners[read->source];
}

static int longest(const struct gap *gap) {
    return gap->to - gap->from - 1;
}

/* The registers before a read, where they are long enough for a memory. `from`: the delay of the read before. */
static void add_gap(struct delays *d, const struct read *read, int from) {
    struct gap gap = {.source = read->source,
                      .owner = owner_of(d, read),
                      .from = from > 1 ? from : 1,
                      .to = read->delay,
                      .bits = d->bits[read->source]};
    if (longest(&gap) > BLOCK_RAM_LATENCY) d->gaps[d->gap_count++] = gap;
}

static void find_gaps(struct delays *d) {
    d->gaps = ARENA_ARRAY(d->scratch, struct gap, d->read_count + 1);
    d->gaps_of = ARENA_ARRAY(d->scratch, uint32_t, d->from->wire_count + 1);
    uint32_t i = 0;
    for (uint32_t w = 0; w < d->from->wire_count; w++) {
        int from = 0, until = d->carried[w];
        d->gaps_of[w] = d->gap_count;
        for (; i < d->read_count && d->reads[i].source == w; i++) {
            const struct read *read = &d->reads[i];
            if (until < read->delay) add_gap(d, read, from);
            from = read->delay;
            until = read->until > until ? read->until : until;
        }
    }
    d->gaps_of[d->from->wire_count] = d->gap_count;
}

static int compare_gaps(const void *left, const void *right) {
    const struct gap *a = *(const struct gap *const *)left, *b = *(const struct gap *const *)right;
    if (a->owner != b->owner) return a->owner < b->owner ? -1 : 1;
    if (longest(a) != longest(b)) return longest(a) > longest(b) ? -1 : 1;
    return (a > b) - (a < b);
}

/* ---- which of them share a memory ---- */

struct memory {
    struct gap **gaps;
    uint32_t gap_count;
    int latency;
    int64_t bits;
};
struct memory_list {
    struct memory *at;
    uint32_t count;
};

static int64_t rams_of(int latency, int64_t bits) {
    return block_rams(delay_words(latency), bits, 1);
}

/* Gaps of one owner that are equally long: those before `end` in the order, after the class before. */
struct class {
    uint32_t end;
    int latency;
    int64_t bits;   /* of it and all before */
    int64_t best;   /* what it and all before save, less what the block RAMs are worth */
    uint32_t first; /* the first class in its memory; UINT32_MAX: it has none */
};

static uint32_t find_classes(struct gap **gaps, uint32_t count, struct class *classes) {
    uint32_t n = 0;
    classes[0] = (struct class){.first = UINT32_MAX};
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || longest(gaps[i]) != longest(gaps[i - 1])) {
            classes[n + 1] = (struct class){.latency = longest(gaps[i]), .bits = classes[n].bits};
            n++;
        }
        classes[n].bits += gaps[i]->bits;
        classes[n].end = i + 1;
    }
    return n;
}

/* The best way to share memories among the classes up to each one, which are numbered from 1. A memory takes classes
 * that follow each other and is as long as the last. */
static void share_memories(struct class *classes, uint32_t count) {
    enum { CLASSES_MAX = 256 };
    for (uint32_t c = 1; c <= count; c++) {
        classes[c].best = classes[c - 1].best;
        classes[c].first = UINT32_MAX;
        for (uint32_t first = c; first >= 1 && c - first < CLASSES_MAX; first--) {
            int64_t bits = classes[c].bits - classes[first - 1].bits, latency = classes[c].latency;
            int64_t value = classes[first - 1].best + latency * bits - REGISTERS_WORTH * rams_of((int)latency, bits);
            if (value <= classes[c].best) continue;
            classes[c].best = value;
            classes[c].first = first;
        }
    }
}

static void add_memories(struct delays *d, struct gap **gaps, uint32_t count, struct memory_list *list) {
    struct class *classes = ARENA_ARRAY(d->scratch, struct class, count + 1);
    uint32_t n = find_classes(gaps, count, classes);
    share_memories(classes, n);
    for (uint32_t c = n; c > 0;) {
        uint32_t first = classes[c].first;
        if (first != UINT32_MAX)
            list->at[list->count++] = (struct memory){.gaps = gaps + classes[first - 1].end,
                                                      .gap_count = classes[c].end - classes[first - 1].end,
                                                      .latency = classes[c].latency,
                                                      .bits = classes[c].bits - classes[first - 1].bits};
        c = first == UINT32_MAX ? c - 1 : first - 1;
    }
}

static struct memory_list find_memories(struct delays *d) {
    struct memory_list list = {ARENA_ARRAY(d->scratch, struct memory, d->gap_count + 1), 0};
    d->order = ARENA_ARRAY(d->scratch, struct gap *, d->gap_count + 1);
    for (uint32_t i = 0; i < d->gap_count; i++) d->order[i] = &d->gaps[i];
    qsort(d->order, d->gap_count, sizeof(struct gap *), compare_gaps);
    for (uint32_t i = 0, end; i < d->gap_count; i = end) {
        for (end = i; end < d->gap_count && d->order[end]->owner == d->order[i]->owner;) end++;
        add_memories(d, d->order + i, end - i, &list);
    }
    return list;
}

/* ---- which of them there are block RAMs for ---- */

/* What saves more for each block RAM comes first. */
static int compare_memories(const void *left, const void *right) {
    const struct memory *a = left, *b = right;
    int128 x = (int128)a->latency * a->bits * rams_of(b->latency, b->bits),
           y = (int128)b->latency * b->bits * rams_of(a->latency, a->bits);
    if (x != y) return x > y ? -1 : 1;
    return (a->gaps > b->gaps) - (a->gaps < b->gaps);
}

/* Bits of it that so many block RAMs hold, in its order; which these are is noted where `take`. */
static int64_t bits_in(const struct memory *memory, int64_t rams, bool take) {
    int64_t bits = 0;
    for (uint32_t i = 0; i < memory->gap_count; i++) {
        struct gap *gap = memory->gaps[i];
        if (rams_of(memory->latency, bits + gap->bits) > rams) continue;
        bits += gap->bits;
        if (take) gap->latency = memory->latency;
    }
    return bits;
}

/* Block RAMs that it takes, of so many: as many as are worth it. */
static int64_t worth_of(const struct memory *memory, int64_t most) {
    int64_t rams = rams_of(memory->latency, memory->bits);
    rams = rams < most ? rams : most;
    while (rams > 0 &&
           memory->latency * (bits_in(memory, rams, false) - bits_in(memory, rams - 1, false)) < REGISTERS_WORTH)
        rams--;
    return rams > 0 ? rams_of(memory->latency, bits_in(memory, rams, false)) : 0;
}

/* Returns how many more would be worth it. */
static int64_t choose(struct delays *d, int64_t left) {
    struct memory_list list = find_memories(d);
    int64_t more = 0;
    qsort(list.at, list.count, sizeof *list.at, compare_memories);
    for (uint32_t m = 0; m < list.count; m++) {
        int64_t rams = worth_of(&list.at[m], left);
        more += worth_of(&list.at[m], INT64_MAX) - rams;
        left -= rams;
        if (rams > 0) bits_in(&list.at[m], rams, true);
    }
    return more;
}

/* ---- the datapath with memories ---- */

/* The wire that is read so many cycles after `source`: itself, or wire_count + the gap whose memory it comes out of. */
static uint32_t held_by(const struct delays *d, uint32_t source, int delay) {
    uint32_t wire = source;
    for (uint32_t g = d->gaps_of[source]; g < d->gaps_of[source + 1] && d->gaps[g].to <= delay; g++)
        if (d->gaps[g].latency) wire = d->from->wire_count + g;
    return wire;
}

/* An item is one of the memory where all that read it do so behind that. */
static uint32_t operand_of_wire(const struct delays *d, uint32_t id, uint32_t operand) {
    const struct wire *wire = &d->from->wires[id];
    uint32_t x = wire->operands[operand].wire.id;
    if (d->from->wires[x].op == WIRE_ITEM) return x;
    return held_by(d, x, wire->op == WIRE_ITEM ? d->first[id] : wire_read_cycle(wire) - d->from->wires[x].cycle);
}

static void append_delays(struct delays *d, struct datapath *to, uint32_t source, wireref *map) {
    const struct wire *held = &d->from->wires[source];
    for (uint32_t g = d->gaps_of[source]; g < d->gaps_of[source + 1]; g++) {
        const struct gap *gap = &d->gaps[g];
        if (!gap->latency) continue;
        struct term operand = {.wire = map[held_by(d, source, gap->from)]};
        struct wire delay = {.op = WIRE_DELAY,
                             .operands = &operand,
                             .operand_count = 1,
                             .origin = gap->owner < d->design->graph->node_count ? (noderef){gap->owner} : NO_NODE,
                             .resource = RESOURCE_BLOCK_RAM,
                             .latency = gap->latency,
                             .cycle = held->cycle + gap->from + gap->latency};
        if (delay.origin.id == held->origin.id) delay.element = held->element;
        map[d->from->wire_count + g] = datapath_append(d->design, to, &delay);
    }
}

static void insert_delays(struct delays *d) {
    struct datapath to = {0};
    wireref *map = ARENA_ARRAY(d->scratch, wireref, (size_t)d->from->wire_count + d->gap_count + 1);
    for (uint32_t w = 0; w < d->from->wire_count; w++) {
        struct wire wire = wire_mapped(d->design, d->from, &to, &d->from->wires[w], map);
        for (uint32_t k = 0; k < wire.operand_count; k++) wire.operands[k].wire = map[operand_of_wire(d, w, k)];
        if (wire.op == WIRE_ITEM) wire.cycle = to.wires[wire.operands[0].wire.id].cycle + wire.amount;
        map[w] = datapath_append(d->design, &to, &wire);
        append_delays(d, &to, w, map);
    }
    for (uint32_t p = 0; p < d->design->output_count; p++)
        for (uint32_t e = 0; e < d->design->outputs[p].element_count; e++) {
            wireref *wire = &d->design->outputs[p].elements[e].wire;
            if (d->from->wires[wire->id].op != WIRE_ITEM)
                wire->id = held_by(d, wire->id, design_last_cycle(d->design) - d->from->wires[wire->id].cycle);
        }
    datapath_replace(d->design, &to, map);
}

/* ---- the pass ---- */

static int64_t count_block_rams(const struct design *design, struct arena *scratch) {
    uint8_t *bits = ARENA_ARRAY(scratch, uint8_t, design->datapath.wire_count + 1);
    datapath_demand(design, &design->datapath, bits);
    struct block_memory_list memories = design_memories(design, bits, scratch);
    int64_t count = 0;
    for (uint32_t m = 0; m < memories.count; m++) count += memories.at[m].block_rams;
    return count;
}

static struct delays delays_new(struct design *design, struct arena *scratch) {
    const struct datapath *from = &design->datapath;
    size_t count = (size_t)from->wire_count + 1;
    struct delays d = {.design = design,
                       .from = from,
                       .scratch = scratch,
                       .owners = datapath_owners(design, from, scratch),
                       .bits = ARENA_ARRAY(scratch, uint8_t, count),
                       .first = ARENA_ARRAY(scratch, int, count),
                       .last = ARENA_ARRAY(scratch, int, count),
                       .carried = ARENA_ARRAY(scratch, int, count)};
    datapath_demand(design, from, d.bits);
    return d;
}

/* Whether a stage has the time that a memory takes before and behind its registers, however many read it. */
static bool stage_has_time(const struct stage *stage, const struct design *design, struct arena *scratch) {
    const struct technology *t = stage->technology;
    int memory = t->memory_out > t->memory_setup ? t->memory_out : t->memory_setup;
    return memory + timing_most_fan_out(timing_new(scratch, design, t)) <= stage->budget;
}

static void check_arrivals(const struct stage *stage, struct design *design, struct arena *scratch) {
    int last = timing_settle(timing_new(scratch, design, stage->technology), &design->datapath);
    if (last > stage->budget)
        context_bug(design->context, "with delays in memories a wire arrives %d ps into a stage of %d ps", last,
                    stage->budget);
}

static void tell(struct program *program, int64_t block_rams, double registers, int64_t more) {
    const struct datapath *datapath = &program->design->datapath;
    int count = 0, cycles = 0;
    for (uint32_t w = 0; w < datapath->wire_count; w++) {
        if (datapath->wires[w].op != WIRE_DELAY) continue;
        cycles = datapath->wires[w].latency > cycles ? datapath->wires[w].latency : cycles;
        count++;
    }
    program_note(program, "delays", NULL, registers,
                 "%d delay%s of up to %d cycles in %lld block RAM%s, %.0f registers fewer%s", count,
                 count == 1 ? "" : "s", cycles, (long long)block_rams, block_rams == 1 ? "" : "s", registers,
                 more ? arena_printf(program->arena, "; %lld more would be worth it", (long long)more) : "");
}

static void move_chains(struct program *program, const struct stage *stage, struct arena *scratch, bool *changed) {
    struct design *design = program->design;
    struct delays d = delays_new(design, scratch);
    const int64_t taken = count_block_rams(design, scratch);
    const double registers = design_cost(design, program->technology).ff;
    find_reads(&d);
    find_gaps(&d);
    int64_t more = choose(&d, program->options->block_rams - taken);
    program->more_block_rams += more;
    for (uint32_t g = 0; g < d.gap_count; g++) *changed |= d.gaps[g].latency > 0;
    if (!*changed && more)
        program_note(program, "delays", NULL, (double)more, "no block RAM is left for delays: %lld would be worth it",
                     (long long)more);
    if (!*changed) return;
    insert_delays(&d);
    check_arrivals(stage, design, scratch);
    int64_t now = count_block_rams(design, scratch);
    tell(program, now - taken, registers - design_cost(design, program->technology).ff, more);
}

int pass_delays(struct program *program, bool *changed) {
    if (program->options->block_rams <= 0) return 0;
    const struct stage stage = stage_of_clock(program);
    struct arena *scratch = arena_new(program->context);
    if (stage_has_time(&stage, program->design, scratch)) move_chains(program, &stage, scratch, changed);
    int64_t used = count_block_rams(program->design, scratch);
    arena_free(scratch);
    if (used > program->options->block_rams)
        context_bug(program->context, "%lld block RAMs where %d were given", (long long)used,
                    program->options->block_rams);
    return 0;
}
