/* From tensors to wires: every element of every value of the quantised graph becomes a wire, and
 * constant weights become shifted terms of sums. Requires an integer graph; keeps every bit.
 *
 * What an operator becomes stands in lower_<family>.c. Equal wires are made once. */
#include "passes/lower.h"
#include "passes/lower_block_ram.h"
#include "ir/ops.h"
#include "passes/table.h"

#include <string.h>

/* ---- wires ---- */

static uint64_t hash_step(uint64_t hash, uint64_t x) {
    hash = (hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_wire(const struct wire *wire) {
    uint64_t hash = hash_step(wire->op, (uint64_t)wire->constant);
    hash = hash_step(hash, (uint64_t)wire->clamp_lo);
    hash = hash_step(hash, (uint64_t)wire->clamp_hi);
    hash = hash_step(hash, (uint64_t)wire->amount * 2 + wire->wrap_signed);
    hash = hash_step(hash, wire->table);
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        struct term term = wire->operands[i];
        hash = hash_step(hash, (uint64_t)term.wire.id * 128 + (uint64_t)term.shift * 2 + term.negative);
    }
    return hash;
}

static bool same_wire(const struct wire *a, const struct wire *b) {
    if (a->op != b->op || a->operand_count != b->operand_count || a->constant != b->constant ||
        a->amount != b->amount || a->clamp_lo != b->clamp_lo || a->clamp_hi != b->clamp_hi ||
        a->wrap_signed != b->wrap_signed || a->table != b->table ||
        (a->op == WIRE_ITEM && (a->lo != b->lo || a->hi != b->hi))) /* what is known of each item */
        return false;
    for (uint32_t i = 0; i < a->operand_count; i++) {
        struct term x = a->operands[i], y = b->operands[i];
        if (x.wire.id != y.wire.id || x.shift != y.shift || x.negative != y.negative) return false;
    }
    return true;
}

static void rehash(struct lower *lower) {
    lower->slot_count = lower->slot_count ? 2 * lower->slot_count : 1024;
    lower->slots = ARENA_ARRAY(lower->scratch, uint32_t, lower->slot_count);
    for (uint32_t i = 0; i < lower->datapath->wire_count; i++) {
        uint32_t slot = (uint32_t)hash_wire(&lower->datapath->wires[i]) & (lower->slot_count - 1);
        while (lower->slots[slot]) slot = (slot + 1) & (lower->slot_count - 1);
        lower->slots[slot] = i + 1;
    }
}

static wireref once_more(struct lower *lower, uint32_t id) {
    struct wire *wire = &lower->datapath->wires[id];
    bool has_origin = wire->origin.id != UINT32_MAX && wire->op != WIRE_CONSTANT && !wire_is_source(wire);
    if (has_origin) wire_add_origin(lower->design, wire, lower->origin);
    return (wireref){id};
}

/* That of an equal wire, or a free one. */
static uint32_t find_slot(const struct lower *lower, const struct wire *wire) {
    uint32_t slot = (uint32_t)hash_wire(wire) & (lower->slot_count - 1);
    while (lower->slots[slot] && !same_wire(&lower->datapath->wires[lower->slots[slot] - 1], wire))
        slot = (slot + 1) & (lower->slot_count - 1);
    return slot;
}

wireref lower_wire(struct lower *lower, struct wire wire) {
    if (2 * lower->datapath->wire_count >= lower->slot_count) rehash(lower);
    uint32_t slot = find_slot(lower, &wire);
    if (lower->slots[slot]) return once_more(lower, lower->slots[slot] - 1);
    wire.origin = lower->origin;
    wire.element = lower->in_body ? 0 : lower->element;
    wire.cycle = -1;
    wireref added = datapath_append(lower->design, lower->datapath, &wire);
    lower->slots[slot] = added.id + 1;
    return added;
}

static const struct wire *wire_at(const struct lower *lower, wireref wire) {
    return &lower->datapath->wires[wire.id];
}

struct term lower_constant(struct lower *lower, int64_t constant) {
    return (struct term){.wire = lower_wire(lower, (struct wire){.op = WIRE_CONSTANT, .constant = constant})};
}

bool lower_is_constant(const struct lower *lower, struct term term, int64_t *constant) {
    const struct wire *wire = wire_at(lower, term.wire);
    if (wire->lo != wire->hi) return false;
    int128 value = term_interval(lower->datapath, term).lo;
    if (value < INT64_MIN || value > INT64_MAX) return false;
    *constant = (int64_t)value;
    return true;
}

int lower_refuse(struct lower *lower, const char *why) {
    if (!lower->failed)
        diag_error(&lower->design->context->diagnostics, graph_location(lower->graph, lower->node),
                   "narrow its operands or its weights", "%s (element %u)", why, lower->element);
    lower->failed = true;
    return -1;
}

wireref lower_plain(struct lower *lower, struct term term) {
    int64_t constant;
    if (lower_is_constant(lower, term, &constant)) return lower_constant(lower, constant).wire;
    if (!term.shift && !term.negative) return term.wire;
    if (term.shift < 0) {
        term.wire = lower_shift_right(lower, term.wire, -term.shift);
        term.shift = 0;
        return lower_plain(lower, term);
    }
    if (!sum_is_safe(lower->datapath, &term, 1, 0)) {
        lower_refuse(lower, "a value needs more than 64 bits");
        return lower_constant(lower, 0).wire;
    }
    return lower_wire(lower, (struct wire){.op = WIRE_SUM, .operands = &term, .operand_count = 1});
}

wireref lower_shift_right(struct lower *lower, wireref a, int amount) {
    struct term operand = {.wire = a};
    if (amount == 0) return a;
    struct wire wire = {.op = WIRE_SHIFT_RIGHT, .operands = &operand, .operand_count = 1, .amount = amount};
    return lower_plain(lower, (struct term){.wire = lower_wire(lower, wire)});
}

wireref lower_wrap(struct lower *lower, wireref a, int bits, bool is_signed) {
    struct term operand = {.wire = a};
    const struct wire *x = wire_at(lower, a);
    if (bits <= 0) return lower_constant(lower, 0).wire;
    if (interval_fits((struct interval){x->lo, x->hi}, (struct format){is_signed, (int16_t)bits, 0})) return a;
    struct wire wire = {
        .op = WIRE_WRAP, .operands = &operand, .operand_count = 1, .amount = bits, .wrap_signed = is_signed};
    return lower_plain(lower, (struct term){.wire = lower_wire(lower, wire)});
}

wireref lower_sign(struct lower *lower, wireref a) {
    const struct wire *x = wire_at(lower, a);
    if (x->lo >= 0 || x->hi < 0) return lower_constant(lower, x->hi < 0).wire;
    return lower_wrap(lower, lower_shift_right(lower, a, wire_width(x) - 1), 1, false);
}

struct term lower_apply(struct lower *lower, enum wire_op op, wireref a, wireref b) {
    struct term operands[2] = {{.wire = a}, {.wire = b}};
    wireref wire = lower_wire(lower, (struct wire){.op = op, .operands = operands, .operand_count = 2});
    return (struct term){.wire = lower_plain(lower, (struct term){.wire = wire})};
}

struct term lower_select(struct lower *lower, wireref condition, struct term a, struct term b) {
    int64_t always;
    if (lower_is_constant(lower, (struct term){.wire = condition}, &always)) return always ? a : b;
    struct term operands[3] = {{.wire = condition}};
    operands[1].wire = lower_plain(lower, a);
    operands[2].wire = lower_plain(lower, b);
    wireref wire = lower_wire(lower, (struct wire){.op = WIRE_SELECT, .operands = operands, .operand_count = 3});
    return (struct term){.wire = wire};
}

/* Of a term that drops bits: its wire between limits with so many zeros below. */
static struct term clamp_above_zeros(struct lower *lower, struct term term, int128 lo, int128 hi) {
    int8_t shift = term.shift;
    struct interval x = term_interval(lower->datapath, term);
    term.shift = 0;
    struct interval wire = term_interval(lower->datapath, term);
    lo = lo <= x.lo ? wire.lo : lo * ((int128)1 << -shift);
    hi = hi >= x.hi ? wire.hi : hi * ((int128)1 << -shift);
    term = lower_clamp(lower, term, lo, hi);
    term.shift = (int8_t)(term.shift + shift);
    return term;
}

struct term lower_clamp(struct lower *lower, struct term term, int128 lo, int128 hi) {
    struct interval x = term_interval(lower->datapath, term);
    if (lo <= x.lo && hi >= x.hi) return term;
    if (hi <= x.lo || lo >= x.hi || lo >= hi) return lower_constant(lower, (int64_t)(hi <= x.lo || lo >= hi ? hi : lo));
    if (term.shift < 0) return clamp_above_zeros(lower, term, lo, hi);
    lo = lo < x.lo ? x.lo : lo;
    hi = hi > x.hi ? x.hi : hi;
    int128 below = ((int128)1 << term.shift) - 1;
    if (term.negative || (lo & below) || (hi & below)) term = (struct term){.wire = lower_plain(lower, term)};
    const struct wire *wire = wire_at(lower, term.wire);
    struct term operand = {.wire = term.wire};
    lo >>= term.shift;
    hi >>= term.shift;
    if (wire->op == WIRE_CLAMP) /* the new bounds lie inside the old ones */
        operand = wire->operands[0];
    struct wire clamp = {
        .op = WIRE_CLAMP, .operands = &operand, .operand_count = 1, .clamp_lo = (int64_t)lo, .clamp_hi = (int64_t)hi};
    term.wire = lower_wire(lower, clamp);
    return term;
}

/* 0 and a power of two, or that power with either sign: a bit that sums can take as it is. */
static bool is_scaled_bit(const int64_t entries[2]) {
    int64_t size = entries[1] < 0 ? entries[0] : entries[1];
    return size > 0 && (size & (size - 1)) == 0 && (entries[0] == 0 || entries[0] == -entries[1]);
}

static struct term scaled_bit(struct lower *lower, wireref bit, const int64_t entries[2]) {
    int128 step = (int128)entries[1] - entries[0];
    struct term_list list = {.constant = entries[0] - step * wire_at(lower, bit)->lo};
    term_list_add(lower, &list, (struct term){.wire = bit}, (int64_t)step, 0);
    return lower_sum(lower, &list);
}

struct term lower_table(struct lower *lower, struct term term, const struct table *table) {
    if (term.shift < 0) term = (struct term){.wire = lower_plain(lower, term)};
    const struct wire *wire = wire_at(lower, term.wire);
    int128 count = (int128)wire->hi - wire->lo + 1;
    if (count > 1 << 20) {
        lower_refuse(lower, "a table of more than 2^20 entries");
        return lower_constant(lower, 0);
    }
    struct table made = {.first = wire->lo, .count = (uint32_t)count};
    made.entries = ARENA_ARRAY(lower->scratch, int64_t, made.count);
    bool same = true;
    for (uint32_t i = 0; i < made.count; i++) {
        int128 m = ((int128)wire->lo + i) * ((int128)1 << term.shift);
        int128 at = (term.negative ? -m : m) - table->first;
        at = at < 0 ? 0 : at >= table->count ? table->count - 1 : at;
        made.entries[i] = table->entries[at];
        same &= made.entries[i] == made.entries[0];
    }
    if (same) return lower_constant(lower, made.entries[0]);
    if (made.count == 2 && is_scaled_bit(made.entries)) return scaled_bit(lower, term.wire, made.entries);
    struct term operand = {.wire = term.wire};
    struct wire look_up = {.op = WIRE_TABLE, .operands = &operand, .operand_count = 1};
    look_up.table = datapath_table(lower->design, lower->datapath, &made);
    return (struct term){.wire = lower_wire(lower, look_up)};
}

bool lower_has_table(const struct lower *lower, wireref index, const struct table *table) {
    struct term operand = {.wire = index};
    struct wire look_up = {.op = WIRE_TABLE, .operands = &operand, .operand_count = 1};
    return lower->slot_count && datapath_find_table(lower->datapath, table, &look_up.table) &&
           lower->slots[find_slot(lower, &look_up)];
}

/* ---- sums ---- */

void term_list_add(struct lower *lower, struct term_list *list, struct term term, int64_t factor, int shift) {
    uint8_t position[65];
    bool negative[65];
    int64_t constant;
    if (lower_is_constant(lower, term, &constant)) {
        int128 product = (int128)constant * factor;
        if (product && (shift > 62 || product > ((int128)1 << 100 >> shift) || -product > ((int128)1 << 100 >> shift)))
            lower_refuse(lower, "a constant needs more than 64 bits");
        else if (product)
            list->constant += product * ((int128)1 << shift);
        return;
    }
    int count = signed_digits(factor, position, negative);
    for (int i = 0; i < count; i++) {
        int total = term.shift + position[i] + shift;
        if (total > 62)
            lower_refuse(lower, "a product needs more than 64 bits");
        else
            term_list_push(lower->scratch, list, (struct term){term.wire, (int8_t)total, term.negative ^ negative[i]});
    }
}

/* With terms that drop bits: everything so much higher that none does, and the sum drops them. */
static struct term sum_above_zeros(struct lower *lower, const struct term_list *list, int drop) {
    struct term_list raised = {.constant = list->constant * ((int128)1 << drop)};
    for (uint32_t i = 0; i < list->count; i++) {
        struct term term = list->terms[i];
        term.shift = (int8_t)(term.shift + drop);
        term_list_push(lower->scratch, &raised, term);
    }
    struct term sum = lower_sum(lower, &raised);
    sum.shift = (int8_t)(sum.shift - drop);
    return sum;
}

struct term lower_sum(struct lower *lower, const struct term_list *list) {
    int drop = 0;
    bool fits = list->constant >= INT64_MIN && list->constant <= INT64_MAX;
    if (!fits || !sum_is_safe(lower->datapath, list->terms, list->count, list->constant)) {
        lower_refuse(lower, "a sum needs more than 64 bits on its way");
        return lower_constant(lower, 0);
    }
    if (list->count == 0) return lower_constant(lower, (int64_t)list->constant);
    if (list->count == 1 && list->constant == 0) return list->terms[0];
    for (uint32_t i = 0; i < list->count; i++) drop = -list->terms[i].shift > drop ? -list->terms[i].shift : drop;
    if (drop) return sum_above_zeros(lower, list, drop);
    struct wire wire = {
        .op = WIRE_SUM, .operands = list->terms, .operand_count = list->count, .constant = (int64_t)list->constant};
    return (struct term){.wire = lower_wire(lower, wire)};
}

/* ---- nodes ---- */

typedef void (*lower_family)(struct lower *lower, struct term *out);

static const lower_family families[OP_COUNT] = {
    [OP_INPUT] = lower_ports,
    [OP_CONSTANT] = lower_ports,
    [OP_ADD] = lower_arithmetic,
    [OP_SUB] = lower_arithmetic,
    [OP_MUL] = lower_arithmetic,
    [OP_MATMUL] = lower_linear,
    [OP_RELU] = lower_relu,
    [OP_ARGMAX] = lower_reduction,
    [OP_REDUCE_MAX] = lower_reduction,
    [OP_REDUCE_SUM] = lower_reduction,
    [OP_RESHAPE] = lower_movement,
    [OP_TRANSPOSE] = lower_movement,
    [OP_CONCAT] = lower_movement,
    [OP_SLICE] = lower_movement,
    [OP_GATHER] = lower_movement,
    [OP_WINDOW] = lower_movement,
    [OP_NARROW] = lower_quantizer,
    [OP_TABLE] = lower_lookup,
    [OP_THRESHOLD] = lower_lookup,
    [OP_SCAN] = lower_loop,
    [OP_MAP] = lower_loop,
};

struct term lower_operand(const struct lower *lower, uint32_t input, size_t element) {
    return lower->elements[lower->node->inputs[input].id][element];
}

struct term lower_known(struct lower *lower, struct term term, struct interval known) {
    struct interval seen = term_interval(lower->datapath, term);
    if (seen.lo >= known.lo && seen.hi <= known.hi) return term;
    if (known.lo == known.hi) return lower_constant(lower, (int64_t)known.lo);
    struct format narrow = format_for(known, 0);
    bool flip = known.hi <= 0 && wire_at(lower, term.wire)->op == WIRE_SUM &&
                format_for((struct interval){-known.hi, -known.lo}, 0).width < narrow.width;
    if (interval_fits(seen, narrow) && !flip) return term;
    if (flip) {
        narrow = format_for((struct interval){-known.hi, -known.lo}, 0);
        term.negative = !term.negative;
    }
    wireref wire = lower_wrap(lower, lower_plain(lower, term), narrow.width, narrow.is_signed);
    return (struct term){.wire = wire, .negative = flip};
}

/* Of an item what it is an item of, in its beat. */
void lower_probe(struct lower *lower, valref value, uint32_t element, struct term term) {
    int beats;
    wireref wire = datapath_source(lower->datapath, term.wire, &beats);
    if (lower->datapath->wires[term.wire.id].every_beat) beats = lower_beat(lower, value, element);
    datapath_probe(lower->design, lower->datapath,
                   (struct probe){.value = value,
                                  .element = element,
                                  .wire = wire,
                                  .beat = beats,
                                  .shift = term.shift,
                                  .negative = term.negative,
                                  .absorber = NO_VALUE});
}

/* The bits that the value has by the graph, and probes. Of a value by items: when its lanes are joined. */
static void finish_value(struct lower *lower, valref value) {
    if (lower_is_by_items(lower, value)) return;
    struct term *elements = lower->elements[value.id];
    size_t count = shape_elements(&graph_value(lower->graph, value)->shape);
    for (size_t e = 0; e < count && !lower->failed; e++) {
        lower->element = (uint32_t)e;
        if (elements[e].shift < 0) elements[e] = (struct term){.wire = lower_plain(lower, elements[e])};
        elements[e] = lower_known(lower, elements[e], graph_interval(lower->graph, value, e));
        if (!lower->in_body && !graph_integers(lower->graph, value))
            lower_probe(lower, value, (uint32_t)e, elements[e]);
    }
}

void lower_node(struct lower *lower, const struct node *node) {
    lower_node_as(lower, node, NULL);
}

void lower_node_as(struct lower *lower, const struct node *node, void (*instead)(struct lower *, struct term *)) {
    bool integer = graph_value(lower->graph, node->result)->kind == VALUE_INTEGER;
    lower->node = node;
    if (!lower->in_body) lower->origin = (noderef){(uint32_t)(node - lower->graph->nodes)};
    for (uint32_t r = 0; r < node->result_count; r++) {
        valref value = node_result(node, r);
        lower->elements[value.id] =
            ARENA_ARRAY(lower->scratch, struct term, shape_elements(&graph_value(lower->graph, value)->shape) + 1);
    }
    if (!integer) return;
    if (!families[node->op]) {
        diag_error(&lower->design->context->diagnostics, graph_location(lower->graph, node), NULL,
                   "operator '%s' has no hardware form", op_info(node->op)->name);
        lower->failed = true;
        return;
    }
    (instead ? instead : families[node->op])(lower, lower->elements[node->result.id]);
    for (uint32_t r = 0; r < node->result_count; r++) finish_value(lower, node_result(node, r));
}

/* ---- ports ---- */

static struct port make_port(struct lower *lower, const char *name, valref value, bool input) {
    struct arena *arena = lower->design->arena;
    uint32_t count = (uint32_t)shape_elements(&graph_value(lower->graph, value)->shape);
    struct port port = {
        .name = arena_strdup(arena, name), .value = value, .element_count = count, .beats = 1, .slots = count};
    port.elements = ARENA_ARRAY(arena, struct port_element, count + 1);
    lower->node = graph_definition(lower->graph, value);
    lower->origin = graph_value(lower->graph, value)->definition;
    const struct term *elements = input ? lower_place_port(lower, &port) : lower_collected(lower, value);
    for (uint32_t e = 0; e < count; e++) {
        lower->element = e;
        port.elements[e].wire = lower_plain(lower, elements[e]);
        port.elements[e].format = graph_format(lower->graph, value, e);
        if (port.beats == 1) port.elements[e].slot = e;
    }
    return port;
}

static void make_ports(struct lower *lower) {
    struct design *design = lower->design;
    const struct graph *graph = lower->graph;
    const struct value_list inputs = graph_inputs(graph, lower->scratch);
    design->inputs = ARENA_ARRAY(design->arena, struct port, inputs.count + 1);
    design->outputs = ARENA_ARRAY(design->arena, struct port, graph->output_count + 1);
    for (uint32_t i = 0; i < inputs.count; i++)
        design->inputs[i] = make_port(lower, graph_input_name(graph, inputs.at[i]), inputs.at[i], true);
    for (uint32_t i = 0; i < graph->output_count; i++)
        design->outputs[i] = make_port(lower, graph->outputs[i].name, graph->outputs[i].value, false);
    design->input_count = inputs.count;
    design->output_count = graph->output_count;
}

/* A value that lowering made no wire for is part of the first value that reads it. */
static void name_absorbers(struct lower *lower) {
    const struct graph *graph = lower->graph;
    valref *reader = ARENA_ARRAY(lower->scratch, valref, graph->value_count + 1);
    for (uint32_t v = 0; v < graph->value_count; v++) reader[v] = NO_VALUE;
    for (uint32_t n = graph->node_count; n-- > 0;)
        for (uint32_t i = 0; !graph->nodes[n].dead && i < graph->nodes[n].input_count; i++)
            reader[graph->nodes[n].inputs[i].id] = graph->nodes[n].result;
    for (uint32_t i = 0; i < lower->datapath->probe_count; i++) {
        struct probe *probe = &lower->datapath->probes[i];
        if (probe->wire.id == UINT32_MAX) probe->absorber = reader[probe->value.id];
    }
}

static struct design *lower_graph(const struct program *program, struct block_rams *block_rams) {
    const struct graph *graph = program->graph;
    const char *name = program->options && program->options->name ? program->options->name : graph->name;
    struct design *design = design_new(graph, name);
    struct lower lower = {.design = design, .graph = graph, .datapath = &design->datapath, .block_rams = block_rams};
    lower.scratch = arena_new(program->context);
    lower.elements = ARENA_ARRAY(lower.scratch, struct term *, graph->value_count + 1);
    lower.ports = ARENA_ARRAY(lower.scratch, uint32_t, graph->node_count + 1);
    for (uint32_t i = 0, port = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op == OP_INPUT && !graph->nodes[i].dead) lower.ports[i] = port++;
    lower.failed = lower_beats_new(&lower, program) < 0;
    for (uint32_t i = 0; i < graph->node_count && !lower.failed; i++)
        if (!graph->nodes[i].dead) (lower.beats ? lower_node_in_beats : lower_node)(&lower, &graph->nodes[i]);
    if (!lower.failed) {
        make_ports(&lower);
        design_compact(design);
        name_absorbers(&lower);
        merge_sums(design);
    }
    arena_free(lower.scratch);
    if (!lower.failed) return design;
    design_free(design);
    return NULL;
}

int pass_lower(struct program *program, bool *changed) {
    struct arena *scratch = arena_new(program->context);
    int count = program->options ? program->options->block_rams : 0;
    struct block_rams *block_rams = count ? block_rams_new(scratch, count) : NULL;
    struct design *design = lower_graph(program, block_rams);
    if (design && block_rams && !block_rams_settle(block_rams)) {
        design_free(design);
        design = lower_graph(program, block_rams);
    }
    if (design && block_rams) block_rams_tell(block_rams, program);
    arena_free(scratch);
    if (!design) return -1;
    design_free(program->design);
    program->design = design;
    *changed = true;
    return 0;
}
