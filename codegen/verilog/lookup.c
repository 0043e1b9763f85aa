/* Tables as functions that select from constants, one a bit of the entry. A case statement would be taken
 * for a ROM with a registered address: synthesis then moves the table before the register of its index, into
 * a stage that has no time for it. Indices that do not occur have the entry that is met most often.
 */
#include "codegen/verilog/verilog.h"

#include <inttypes.h>

#include <stdlib.h>
#include <string.h>

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

enum { WORD_BITS = 64, LINE_BITS = 256 };

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

static void write_words(struct strbuf *out, const uint64_t *words, int bits) {
    strbuf_printf(out, "%d'h", bits);
    for (int word = (bits - 1) / WORD_BITS; word >= 0; word--)
        strbuf_printf(out, "%0*" PRIx64, bits < WORD_BITS ? (bits + 3) / 4 : WORD_BITS / 4, words[word]);
}

/* localparam [63:0] lookup_0_b3 = 64'h...; long ones a line each 256 bits, the highest first. */
static const char *write_column(struct module *module, const struct lookup *lookup, const uint64_t *words, int bit) {
    struct strbuf *out = &module->functions;
    int size = 1 << lookup->index_bits;
    const char *name =
        names_unique(module->plan->scope, arena_printf(module->plan->arena, "%s_b%d", lookup->name, bit));
    strbuf_printf(out, "    localparam %s%s = ", range_text(module->plan->arena, size), name);
    for (int high = size; size > LINE_BITS && high > 0; high -= LINE_BITS) {
        strbuf_append(out, high == size ? "{\n        " : ",\n        ");
        write_words(out, words + (high - LINE_BITS) / WORD_BITS, LINE_BITS);
    }
    if (size <= LINE_BITS) write_words(out, words, size);
    strbuf_append(out, size > LINE_BITS ? "};\n" : ";\n");
    return name;
}

static void write_function(struct module *module, const struct lookup *lookup, const struct wire *operand) {
    struct arena *arena = module->plan->arena;
    const struct table *table = &module->plan->path->tables[lookup->table];
    uint32_t count = (uint32_t)(operand->hi - operand->lo + 1);
    uint64_t *entries = ARENA_ARRAY(arena, uint64_t, count);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (uint64_t)table->entries[operand->lo - table->first + i] & low_bits(lookup->bits);
    uint64_t otherwise = most_frequent(arena, entries, count);
    struct strbuf body = strbuf_new(arena);
    strbuf_append(&module->functions, "\n");
    for (int bit = 0; bit < lookup->bits; bit++) {
        const char *name = write_column(module, lookup, column_of(arena, lookup, entries, otherwise, bit), bit);
        const char *at = lookup->bits > 1 ? arena_printf(arena, "[%d]", bit) : "";
        strbuf_printf(&body, "            %s%s = %s[index];\n", lookup->name, at, name);
    }
    strbuf_printf(&module->functions,
                  "    function %s%s;\n        input %sindex;\n        begin\n%s        end\n    endfunction\n",
                  range_text(arena, lookup->bits), lookup->name, range_text(arena, lookup->index_bits), body.data);
}

static const char *lookup_name(const struct module *module, uint32_t index) {
    return arena_printf(module->plan->arena, "lookup_%u", index);
}

bool lookup_has_own_name(const struct module *module, uint32_t index) {
    return strcmp(module->lookups[index].name, lookup_name(module, index)) == 0;
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
        module->lookups = arena_grow(module->plan->arena, module->lookups, module->lookup_capacity * sizeof wanted,
                                     capacity * sizeof wanted);
        module->lookup_capacity = capacity;
    }
    wanted.name = names_unique(module->plan->scope, lookup_name(module, module->lookup_count));
    module->lookups[module->lookup_count] = wanted;
    write_function(module, &wanted, operand);
    return &module->lookups[module->lookup_count++];
}

const char *lookup_expression(struct module *module, const struct wire *wire, int bits) {
    const struct lookup *lookup = find_lookup(module, wire, bits);
    return arena_printf(module->plan->arena, "%s(%s)", lookup->name,
                        bits_text(module, operand_signal(module->plan, wire, 0), 0, lookup->index_bits));
}
