/* Block RAMs: an array, and for each of its readers a register at the array and one more behind it, which are the RAM's
 * own: two cycles from the address to the word. */
#include "codegen/netlist/build.h"

#include <string.h>

/* ---- tables ---- */

bool wire_is_in_memory(const struct plan *plan, uint32_t wire) {
    return plan->path->wires[wire].resource == RESOURCE_BLOCK_RAM;
}

/* Words by address, which is the index modulo their number; what no index reaches is 0. */
static uint64_t *table_words(struct module *module, const struct block_memory *memory) {
    const struct plan *plan = module->plan;
    const struct wire *wire = &plan->path->wires[memory->wires[0]], *index = plan_wire(plan, wire->operands[0].wire);
    const struct table *table = &plan->path->tables[wire->table];
    uint64_t *words = ARENA_ARRAY(module->arena, uint64_t, memory->words);
    for (int64_t i = index->lo; i <= index->hi; i++)
        words[(uint64_t)i & (memory->words - 1)] =
            (uint64_t)table->entries[i - table->first] & low_bits((int)memory->bits);
    return words;
}

static void add_reader(struct module *module, const struct memory *array, uint32_t wire,
                       const struct expression *address) {
    struct arena *arena = module->arena;
    const struct net *out = signal_net(module->plan, (struct signal){{wire}, 0});
    const struct net *word =
        net_new(arena, names_unique(module->plan->scope, arena_printf(arena, "%s_word", out->name)), array->bits);
    struct update updates[] = {{.net = word, .next = expression_word(arena, array, address)},
                               {.net = out, .next = expression_net(arena, word)}};
    netlist_register(module->netlist, word);
    netlist_updates(module->netlist, updates, 2);
}

static void add_table(struct module *module, const struct block_memory *memory) {
    const struct plan *plan = module->plan;
    struct arena *arena = module->arena;
    struct memory *array = ARENA_NEW(arena, struct memory);
    *array = (struct memory){
        .name = names_unique(plan->scope, arena_printf(arena, "%s_table", plan->wires[memory->wires[0]].name)),
        .bits = memory->bits,
        .words = memory->words,
        .contents = table_words(module, memory),
        .is_block_ram = true};
    netlist_space(module->netlist);
    netlist_memory(module->netlist, (struct memory_write){.memory = array});
    for (uint32_t i = 0; i < memory->wire_count; i++) {
        const struct wire *wire = &plan->path->wires[memory->wires[i]];
        int bits = wire_width(plan_wire(plan, wire->operands[0].wire));
        add_reader(module, array, memory->wires[i], signal_bits(module, operand_signal(plan, wire, 0), 0, bits));
    }
}

/* ---- delays ---- */

/* The address that is read goes round, that which is written comes one behind it: so a word is read just before it is
 * written again. */
static const struct net *add_addresses(struct module *module, const struct memory *array, const struct net **write) {
    struct arena *arena = module->arena;
    struct names *scope = module->plan->scope;
    uint32_t bits = address_bits(array->words);
    const struct net *read = net_new(arena, names_unique(scope, arena_printf(arena, "%s_read", array->name)), bits);
    *write = net_new(arena, names_unique(scope, arena_printf(arena, "%s_write", array->name)), bits);
    const struct expression *at = expression_net(arena, read), *zero = expression_constant(arena, bits, 0);
    const struct expression *is_last =
        expression_binary(arena, OPERATION_EQUAL, at, expression_constant(arena, bits, array->words - 1));
    const struct expression *next = expression_binary(arena, OPERATION_ADD, at, expression_constant(arena, bits, 1));
    struct update updates[] = {{.net = read,
                                .clear = expression_net(arena, module->reset),
                                .cleared = zero,
                                .next = expression_conditional(arena, is_last, zero, next)},
                               {.net = *write, .next = at}};
    netlist_register(module->netlist, read);
    netlist_register(module->netlist, *write);
    netlist_updates(module->netlist, updates, 2);
    return read;
}

static const struct expression *delayed_word(struct module *module, const struct block_memory *memory) {
    const struct plan *plan = module->plan;
    struct parts parts = parts_new(module->arena);
    for (uint32_t i = memory->wire_count; i-- > 0;) {
        uint32_t wire = memory->wires[i];
        add_bits(module, &parts, operand_signal(plan, &plan->path->wires[wire], 0), 0, plan->wires[wire].bits);
    }
    return parts_joined(&parts);
}

static const struct memory *delay_array(struct module *module, const struct block_memory *memory) {
    struct arena *arena = module->arena;
    struct memory *array = ARENA_NEW(arena, struct memory);
    const char *name = arena_printf(arena, "delay_%d", module->plan->path->wires[memory->wires[0]].latency);
    *array = (struct memory){.name = names_unique(module->plan->scope, name),
                             .bits = memory->bits,
                             .words = memory->words,
                             .is_block_ram = true};
    module->has_numbered_memory |= strcmp(array->name, name) != 0;
    return array;
}

/* The register at the array, and behind it the parts that the wires are. */
static void add_delayed(struct module *module, const struct block_memory *memory, const struct memory *array,
                        const struct net *address) {
    struct arena *arena = module->arena;
    const char *name = arena_printf(arena, "%s_word", array->name);
    const struct net *word = net_new(arena, names_unique(module->plan->scope, name), array->bits);
    struct update *updates = ARENA_ARRAY(arena, struct update, memory->wire_count + 1);
    updates[0] = (struct update){.net = word, .next = expression_word(arena, array, expression_net(arena, address))};
    for (uint32_t i = 0, from = 0; i < memory->wire_count; i++) {
        const struct net *out = signal_net(module->plan, (struct signal){{memory->wires[i]}, 0});
        updates[i + 1] = (struct update){.net = out, .next = expression_slice(arena, word, from, out->bits)};
        from += out->bits;
    }
    netlist_register(module->netlist, word);
    netlist_updates(module->netlist, updates, memory->wire_count + 1);
}

static void add_delay_memory(struct module *module, const struct block_memory *memory) {
    const struct memory *array = delay_array(module, memory);
    const struct net *write;
    netlist_space(module->netlist);
    const struct net *read = add_addresses(module, array, &write);
    netlist_memory(module->netlist, (struct memory_write){.memory = array,
                                                          .address = expression_net(module->arena, write),
                                                          .data = delayed_word(module, memory)});
    add_delayed(module, memory, array, read);
}

/* ---- all of them ---- */

bool layer_has_delay_memory(const struct plan *plan, int layer) {
    for (uint32_t m = 0; m < plan->memories.count; m++) {
        const struct block_memory *memory = &plan->memories.at[m];
        if (plan->wires[memory->wires[0]].layer == layer && memory->is_written) return true;
    }
    return false;
}

void add_memories(struct module *module) {
    const struct plan *plan = module->plan;
    for (uint32_t m = 0; m < plan->memories.count; m++) {
        const struct block_memory *memory = &plan->memories.at[m];
        if (plan->wires[memory->wires[0]].layer != module->layer) continue;
        if (memory->is_written)
            add_delay_memory(module, memory);
        else
            add_table(module, memory);
    }
}
