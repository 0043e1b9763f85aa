/* Block RAMs: an array, and for each of its readers a register at the array and one more behind it, which are the RAM's
 * own: two cycles from the address to the word. */
#include "codegen/netlist/build.h"

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

void add_memories(struct module *module) {
    const struct plan *plan = module->plan;
    for (uint32_t m = 0; m < plan->memories.count; m++) {
        const struct block_memory *memory = &plan->memories.at[m];
        if (plan->wires[memory->wires[0]].layer == module->layer && !memory->is_written) add_table(module, memory);
    }
}
