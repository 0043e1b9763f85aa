/* Injective maps from the model's names to identifiers that are legal in C, C++, Verilog and VHDL alike, so
 * that one port has one name in every language.
 *
 * An identifier keeps letters and digits; every run of anything else becomes one underscore (two in a
 * row belong to the C++ implementation). Names that differ in case alone count as equal, because
 * modules become file names. A taken name gets the first free suffix _2, _3, ...; words of a language
 * (reserved.def) get _1, and so do names that begin as the templates' and the vendors' own do.
 *
 * Only the firmware and its ports stand in the emitted files by these names alone. What is made of nodes has a
 * prefix that says what it is (layer_, v_, c_, type_) or a number at its end (wires), so that it can be no
 * word of a language; one scope a file keeps the kinds apart.
 */
#include "codegen/codegen.h"

#include <string.h>

enum { IDENTIFIER_MAX = 96, WORD_MAX = 40 };

static const char *const reserved_words[] = {
#define WORDS(language, words) " " words " ",
#include "codegen/reserved.def"
#undef WORDS
};

/* bxc_hls.h and bxc_ops.h, ap_fixed.h, ac_fixed.h, Verilator, the generated files of this firmware. */
static const char *const reserved_prefixes[] = {"bxc_",    "ap_",  "ac_",     "vl_", "vl1",
                                                "verilat", "vtop", "xilinx_", "hls_"};

static bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_ignoring_case(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static bool begins_with(const char *name, const char *prefix) {
    while (*prefix && lower(*name) == *prefix) {
        name++;
        prefix++;
    }
    return !*prefix;
}

/* Lower case, a space on both sides, as the tables have words; false for what is longer than all of them. */
static bool as_word(const char *name, char word[WORD_MAX]) {
    size_t length = strlen(name);
    if (length > WORD_MAX - 3) return false;
    word[0] = ' ';
    for (size_t i = 0; i < length; i++) word[i + 1] = lower(name[i]);
    word[length + 1] = ' ';
    word[length + 2] = 0;
    return true;
}

/* Families of macros, as a prefix, or a suffix that begins with an underscore: SEEK_SET, INT_MAX. */
static const char *const macro_families[] = {"FP_",     "SEEK_",  "SNAN",     "HUGE_VAL", "LC_",    "CPU_",  "CLONE_",
                                             "CLOCK_",  "SCHED_", "PTHREAD_", "ADJ_",     "STA_",   "MOD_",  "EXIT_",
                                             "RENAME_", "FD_",    "M_E",      "M_PI",     "M_LN",   "M_LOG", "M_SQRT",
                                             "M_1_",    "M_2_",   "_MAX",     "_MIN",     "_WIDTH", "_C"};

static bool of_family(const char *name, const char *family) {
    size_t length = strlen(name), part = strlen(family);
    return length > part && strcmp(*family == '_' ? name + length - part : "", family) == 0;
}

/* PRIx64, SCNdMAX */
static bool like_a_format(const char *name) {
    static const char *const kinds[] = {"8", "16", "32", "64", "LEAST", "FAST", "MAX", "PTR"};
    if ((strncmp(name, "PRI", 3) != 0 && strncmp(name, "SCN", 3) != 0) || !name[3] || !strchr("diouxX", name[3]))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name + 4, kinds[i], strlen(kinds[i])) == 0) return true;
    return false;
}

static bool like_a_macro(const char *name) {
    size_t small = strcspn(name, "abcdefghijklmnopqrstuvwxyz"); /* none, or f, l, f32 at the end: M_PIl */
    if (like_a_format(name)) return true;
    if (name[small] && name[small] != 'f' && name[small] != 'l') return false;
    for (size_t i = 0; i < sizeof macro_families / sizeof *macro_families; i++)
        if (of_family(name, macro_families[i]) || strncmp(name, macro_families[i], strlen(macro_families[i])) == 0)
            return true;
    return false;
}

static bool is_reserved(const char *name) {
    char word[WORD_MAX];
    if (like_a_macro(name)) return true;
    for (size_t i = 0; i < sizeof reserved_prefixes / sizeof *reserved_prefixes; i++)
        if (begins_with(name, reserved_prefixes[i])) return true;
    for (size_t i = 0; as_word(name, word) && i < sizeof reserved_words / sizeof *reserved_words; i++)
        if (strstr(reserved_words[i], word)) return true;
    return false;
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
        if (length == 0 && *c >= '0' && *c <= '9') text[length++] = 'n';
        if (gap) text[length++] = '_';
        gap = false;
        text[length++] = *c;
    }
    text[length] = 0;
    if (length == 0) return arena_strdup(arena, "bxc");
    return is_reserved(text) ? arena_printf(arena, "%s_1", text) : arena_strdup(arena, text);
}

static bool in_templates(const char *name) {
    for (const char *const *word = template_words; *word; word++)
        if (equal_ignoring_case(name, *word)) return true;
    return false;
}

/* Besides, the firmware's name is a function, a namespace and a file beside those of the templates, and beside the
 * types of headers, which may be any NAME_t. */
const char *name_firmware(struct arena *arena, const char *wanted) {
    const char *name = name_identifier(arena, wanted);
    return in_templates(name) || text_ends_with(name, "_t") ? arena_printf(arena, "%s_1", name) : name;
}

const char *comment_text(struct arena *arena, const char *text) {
    char *copy = arena_strdup(arena, text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || (*c == '*' && c[1] == '/') ||
            (*c == '/' && c[1] == '*') || *c == '\\')
            *c = '?';
    return copy;
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

/* The slot of a name: its own, or the free one where it belongs. */
static struct taken *find_slot(const struct names *names, const char *name) {
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++) hash = (hash ^ (uint8_t)lower(*c)) * 16777619u;
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
        if (names->slots[i].name) *find_slot(&larger, names->slots[i].name) = names->slots[i];
    *names = larger;
}

static const char *take(struct names *names, const char *name) {
    if (2 * (names->count + 1) > names->capacity) grow(names);
    *find_slot(names, name) = (struct taken){name, 2};
    names->count++;
    return name;
}

const char *names_unique(struct names *names, const char *wanted) {
    const char *name = name_identifier(names->arena, wanted);
    if (!find_slot(names, name)->name) return take(names, name);
    uint32_t suffix = find_slot(names, name)->next_suffix;
    const char *other = arena_printf(names->arena, "%s_%u", name, suffix);
    while (find_slot(names, other)->name) other = arena_printf(names->arena, "%s_%u", name, ++suffix);
    find_slot(names, name)->next_suffix = suffix + 1;
    return take(names, other);
}
