/* Tables as functions with a case statement: the entry that is met most often is the default, so every
 * index has a value and nothing is latched.
 */
#include "codegen/verilog/verilog.h"

#include <stdlib.h>

/* One function of the module; a table read at another width is another function. */
struct lookup {
    uint32_t table;
    int index_bits, bits;
    int64_t lo, hi; /* of the index */
    const char *name;
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

static void write_cases(struct module *module, const struct lookup *lookup, const struct wire *operand) {
    struct arena *arena = module->plan->arena;
    const struct table *table = &module->plan->path->tables[lookup->table];
    uint32_t count = (uint32_t)(operand->hi - operand->lo + 1);
    uint64_t *entries = ARENA_ARRAY(arena, uint64_t, count);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (uint64_t)table->entries[operand->lo - table->first + i] & low_bits(lookup->bits);
    uint64_t otherwise = most_frequent(arena, entries, count);
    for (uint32_t i = 0; i < count; i++)
        if (entries[i] != otherwise)
            strbuf_printf(&module->functions, "            %s: %s = %s;\n",
                          literal_text(arena, lookup->index_bits, (uint64_t)(operand->lo + i)), lookup->name,
                          literal_text(arena, lookup->bits, entries[i]));
    strbuf_printf(&module->functions, "            default: %s = %s;\n", lookup->name,
                  literal_text(arena, lookup->bits, otherwise));
}

static void write_function(struct module *module, const struct lookup *lookup, const struct wire *operand) {
    struct arena *arena = module->plan->arena;
    strbuf_printf(&module->functions, "\n    function %s%s;\n        input %sindex;\n        case (index)\n",
                  range_text(arena, lookup->bits), lookup->name, range_text(arena, lookup->index_bits));
    write_cases(module, lookup, operand);
    strbuf_append(&module->functions, "        endcase\n    endfunction\n");
}

/* Functions are shared by wires that read the same table alike. */
static const struct lookup *find_lookup(struct module *module, const struct wire *wire, int bits) {
    const struct wire *operand = plan_wire(module->plan, wire->operands[0].wire);
    struct lookup wanted = {.table = wire->table, .index_bits = wire_width(operand), .bits = bits, .lo = operand->lo, .hi = operand->hi};
    for (uint32_t i = 0; i < module->lookup_count; i++) {
        const struct lookup *l = &module->lookups[i];
        if (l->table == wanted.table && l->bits == bits && l->lo == wanted.lo && l->hi == wanted.hi)
            return l;
    }
    if (module->lookup_count == module->lookup_capacity) {
        uint32_t capacity = 2 * module->lookup_capacity + 8;
        module->lookups = arena_grow(module->plan->arena, module->lookups, module->lookup_capacity * sizeof wanted, capacity * sizeof wanted);
        module->lookup_capacity = capacity;
    }
    wanted.name = names_unique(module->plan->scope, arena_printf(module->plan->arena, "lookup_%u", module->lookup_count));
    module->lookups[module->lookup_count] = wanted;
    write_function(module, &wanted, operand);
    return &module->lookups[module->lookup_count++];
}

const char *lookup_expression(struct module *module, const struct wire *wire, int bits) {
    const struct lookup *lookup = find_lookup(module, wire, bits);
    return arena_printf(module->plan->arena, "%s(%s)", lookup->name,
                        bits_text(module, operand_signal(module->plan, wire, 0), 0, lookup->index_bits));
}
