/* Tables as functions that select from constants, one a bit of the entry. A case statement would be taken
 * for a ROM with a registered address: synthesis then moves the table before the register of its index, into
 * a stage that has no time for it. Indices that do not occur have the entry that is met most often.
 */
#include "codegen/netlist/build.h"

#include <stdlib.h>
#include <string.h>

/* A table read at another width is another function. */
struct lookup {
    uint32_t table;
    int index_bits, bits;
    int64_t lo, hi; /* of the index */
    const struct function *function;
};

static int compare_entries(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint64_t most_frequent(struct arena *arena, const uint64_t *entries, uint32_t count) {
    uint64_t *sorted = arena_copy(arena, entries, count * sizeof *entries), best = sorted[0];
    uint32_t best_run = 0, run = 0;
    qsort(sorted, count, sizeof *sorted, compare_entries);
    for (uint32_t i = 0; i < count; i++) {
        run = i > 0 && sorted[i] == sorted[i - 1] ? run + 1 : 1;
        if (run > best_run) {
            best_run = run;
            best = sorted[i];
        }
    }
    return best;
}

enum { WORD_BITS = 64 };

/* Bit `bit` of the entries by the index's bits, the word of index 0 first; what no index reaches is `otherwise`. */
static uint64_t *column_of(struct arena *arena, const struct lookup *lookup, const uint64_t *entries,
                           uint64_t otherwise, int bit) {
    uint32_t size = UINT32_C(1) << lookup->index_bits, count = (uint32_t)(lookup->hi - lookup->lo + 1);
    uint64_t *words = ARENA_ARRAY(arena, uint64_t, size / WORD_BITS + 1);
    for (uint32_t i = 0; i < size; i++) words[i / WORD_BITS] |= (otherwise >> bit & 1) << i % WORD_BITS;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)((uint64_t)(lookup->lo + i) & low_bits(lookup->index_bits));
        words[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
        words[index / WORD_BITS] |= (entries[i] >> bit & 1) << index % WORD_BITS;
    }
    return words;
}

static struct column *columns_of(struct module *module, const struct lookup *lookup, const char *name) {
    struct arena *arena = module->arena;
    const struct table *table = &module->plan->path->tables[lookup->table];
    uint32_t count = (uint32_t)(lookup->hi - lookup->lo + 1);
    uint64_t *entries = ARENA_ARRAY(arena, uint64_t, count);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (uint64_t)table->entries[lookup->lo - table->first + i] & low_bits(lookup->bits);
    uint64_t otherwise = most_frequent(arena, entries, count);
    struct column *columns = ARENA_ARRAY(arena, struct column, lookup->bits);
    for (int bit = 0; bit < lookup->bits; bit++) {
        columns[bit].name = names_unique(module->plan->scope, arena_printf(arena, "%s_b%d", name, bit));
        columns[bit].words = column_of(arena, lookup, entries, otherwise, bit);
    }
    return columns;
}

static const struct function *table_function(struct module *module, const struct lookup *lookup, const char *name) {
    struct arena *arena = module->arena;
    const struct net *index = net_new(arena, "index", (uint32_t)lookup->index_bits);
    struct function *function = ARENA_NEW(arena, struct function);
    function->result = net_new(arena, name, (uint32_t)lookup->bits);
    function->arguments = arena_copy(arena, &index, sizeof(const struct net *));
    function->argument_count = 1;
    function->columns = columns_of(module, lookup, name);
    return function;
}

static const char *lookup_name(const struct module *module, uint32_t index) {
    return arena_printf(module->arena, "lookup_%u", index);
}

bool lookup_has_own_name(const struct module *module, uint32_t index) {
    return strcmp(module->lookups[index].function->result->name, lookup_name(module, index)) == 0;
}

/* Functions are shared by wires that read the same table alike. */
static const struct lookup *find_lookup(struct module *module, const struct wire *wire, int bits) {
    const struct wire *operand = plan_wire(module->plan, wire->operands[0].wire);
    struct lookup wanted = {
        .table = wire->table, .index_bits = wire_width(operand), .bits = bits, .lo = operand->lo, .hi = operand->hi};
    for (uint32_t i = 0; i < module->lookup_count; i++) {
        const struct lookup *l = &module->lookups[i];
        if (l->table == wanted.table && l->bits == bits && l->lo == wanted.lo && l->hi == wanted.hi) return l;
    }
    if (module->lookup_count == module->lookup_capacity) {
        uint32_t capacity = 2 * module->lookup_capacity + 8;
        module->lookups = arena_grow(module->arena, module->lookups, module->lookup_capacity * sizeof wanted,
                                     capacity * sizeof wanted);
        module->lookup_capacity = capacity;
    }
    const char *name = names_unique(module->plan->scope, lookup_name(module, module->lookup_count));
    wanted.function = table_function(module, &wanted, name);
    netlist_function(module->netlist, wanted.function);
    module->lookups[module->lookup_count] = wanted;
    return &module->lookups[module->lookup_count++];
}

const struct expression *lookup_expression(struct module *module, const struct wire *wire, int bits) {
    const struct lookup *lookup = find_lookup(module, wire, bits);
    const struct expression *index = signal_bits(module, operand_signal(module->plan, wire, 0), 0, lookup->index_bits);
    return expression_call(module->arena, lookup->function, &index, 1);
}
