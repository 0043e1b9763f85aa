/* Injective maps from the model's names to identifiers that are legal in C, C++ and Verilog alike, so
 * that one port has one name in every language.
 *
 * An identifier keeps letters and digits; every run of anything else becomes one underscore (two in a
 * row belong to the C++ implementation). Names that differ in case alone count as equal, because
 * modules become file names. A taken name gets the first free suffix _2, _3, ...; words of a language
 * get _1.
 */
#include "codegen/codegen.h"

#include <string.h>

enum { IDENTIFIER_MAX = 96 };

/* Keywords of C11, C++20, Verilog and SystemVerilog; names that headers may define as macros; what Verilator
 * renames, and the members of the class that it makes. */
static const char *const reserved_words =
    " abort accept_on alias alignas alignof always always_comb always_ff always_latch and and_eq asm assert assign "
    "assume atomic_cancel atomic_commit atomic_noexcept auto automatic before begin bind bins binsof bit bitand bitor "
    "bool break buf bufif0 bufif1 byte case casex casez catch cdecl cell chandle char char16_t char32_t char8_t checker "
    "class clocking close cmos co_await co_return co_yield compl complex concept config const const_cast consteval "
    "constexpr constinit constraint context continue cover covergroup coverpoint cross deassign decltype default "
    "defparam delete design disable dist do double dynamic_cast edge else end endcase endchecker endclass endclocking "
    "endconfig endfunction endgenerate endgroup endif endinterface endmodule endpackage endprimitive endprogram "
    "endproperty endsequence endspecify endtable endtask entity enum eof errno event eventually exit expect explicit "
    "export extends extern false fclose fflush fgetc fgets final first_match float fopen for force foreach forever fork "
    "forkjoin fprintf fread free friend fscanf fwrite function generate genvar getc getchar global goto highz0 highz1 "
    "if iff ifnone ignore_bins illegal_bins imaginary implements implies import incdir include infinity initial inline "
    "inout input inside instance int integer interconnect interface intersect isalnum isalpha join join_any join_none "
    "large let liblist library local localparam logic long longint main malloc macromodule matches math_errhandling "
    "medium modport module mutable namespace nan nand negedge nettype new nexttime nmos noexcept nor noshowcancelled "
    "not not_eq notif0 notif1 null nullptr operator or or_eq output package packed parameter pmos posedge primitive "
    "printf priority private program property protected public pull0 pull1 pulldown pullup pulsestyle_ondetect "
    "pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg register reinterpret_cast "
    "reject_on release repeat requires reset restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually "
    "s_nexttime s_until s_until_with scalared scanf sequence shared short shortint shortreal showcancelled signed sizeof "
    "small soft solve specify specparam static static_assert static_cast std stderr stdin stdout strong strong0 strong1 "
    "struct super supply0 supply1 switch sync_accept_on sync_reject_on synchronized table tagged task template this "
    "thread_local throughout throw time timeprecision timeunit tran tranif0 tranif1 transaction_safe "
    "transaction_safe_dynamic tri tri0 tri1 triand trior trireg true try type typedef typeid typename typeof union "
    "unique unique0 unsigned until until_with untyped unused use uwire var vectored virtual void volatile wait "
    "wait_order wand wchar_t weak weak0 weak1 while wildcard wire with within wor xnor xor xor_eq "
    "atClone bit_vector const_iterator const_reference contextp deque eval eval_end_step eval_step eventsPending far "
    "hierName huge i386 int16_t int32_t int64_t int8_t interrupt iterator linux list map modelName multimap multiset name "
    "near nextTimeSlot override pascal prepareClone queue reference rootp sc_clock sc_in sc_inout sc_out sc_signal "
    "sensitive sensitive_neg sensitive_pos set stack threads trace type_info uint16_t uint32_t uint64_t uint8_t unix "
    "vector vlSymsp Vtop "
    "ac_fixed ac_int ap_fixed ap_int ap_uint half uint log exp "
    "CHAR_BIT EOF FALSE FILE INFINITY INT16_MAX INT32_MAX INT64_MAX INT_MAX INT_MIN LONG_MAX M_PI NAN NDEBUG NULL "
    "RAND_MAX SIZE_MAX TRUE UINT_MAX ";

static bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_reserved(const char *name) {
    char word[IDENTIFIER_MAX + 8] = " ";
    size_t length = strlen(name);
    if (length > 32)
        return false;
    for (size_t i = 0; i < length; i++)
        word[i + 1] = name[i];
    word[length + 1] = ' ';
    return strstr(reserved_words, word) != NULL;
}

const char *name_identifier(struct arena *arena, const char *wanted) {
    char text[IDENTIFIER_MAX + 1];
    size_t length = 0;
    bool gap = false;
    for (const char *c = wanted ? wanted : ""; *c && length < IDENTIFIER_MAX - 2; c++) {
        if (!letter_or_digit(*c)) {
            gap = length > 0;
            continue;
        }
        if (length == 0 && *c >= '0' && *c <= '9')
            text[length++] = 'n';
        if (gap)
            text[length++] = '_';
        gap = false;
        text[length++] = *c;
    }
    text[length] = 0;
    if (length == 0)
        return arena_strdup(arena, "bxc");
    return is_reserved(text) ? arena_printf(arena, "%s_1", text) : arena_strdup(arena, text);
}

/* ---- scopes: an open hash table of the names taken, in lower case ---- */

struct taken {
    const char *name;
    uint32_t next_suffix;
};

struct names {
    struct arena *arena;
    struct taken *slots;
    uint32_t capacity, count; /* capacity is a power of two */
};

struct names *names_new(struct arena *arena) {
    struct names *names = ARENA_NEW(arena, struct names);
    names->arena = arena;
    names->capacity = 64;
    names->slots = ARENA_ARRAY(arena, struct taken, names->capacity);
    return names;
}

static bool equal_ignoring_case(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

/* The slot of a name: its own, or the free one where it belongs. */
static struct taken *find_slot(const struct names *names, const char *name) {
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (uint8_t)lower(*c)) * 16777619u;
    uint32_t at = hash & (names->capacity - 1);
    while (names->slots[at].name && !equal_ignoring_case(names->slots[at].name, name))
        at = (at + 1) & (names->capacity - 1);
    return &names->slots[at];
}

static void grow(struct names *names) {
    struct names larger = *names;
    larger.capacity = 2 * names->capacity;
    larger.slots = ARENA_ARRAY(names->arena, struct taken, larger.capacity);
    for (uint32_t i = 0; i < names->capacity; i++)
        if (names->slots[i].name)
            *find_slot(&larger, names->slots[i].name) = names->slots[i];
    *names = larger;
}

static const char *take(struct names *names, const char *name) {
    if (2 * (names->count + 1) > names->capacity)
        grow(names);
    *find_slot(names, name) = (struct taken){name, 2};
    names->count++;
    return name;
}

const char *names_unique(struct names *names, const char *wanted) {
    const char *name = name_identifier(names->arena, wanted);
    if (!find_slot(names, name)->name)
        return take(names, name);
    uint32_t suffix = find_slot(names, name)->next_suffix;
    const char *other = arena_printf(names->arena, "%s_%u", name, suffix);
    while (find_slot(names, other)->name)
        other = arena_printf(names->arena, "%s_%u", name, ++suffix);
    find_slot(names, name)->next_suffix = suffix + 1;
    return take(names, other);
}
