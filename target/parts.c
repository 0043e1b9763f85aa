/* The parts that bxc knows by name, and the ordering codes that their vendor gives them.
 *
 * A code is device, package, speed grade and temperature. It is read in both spellings of the vendor, that
 * of its tools (xcvu13p-flga2577-2-e, xc7k325tffg900-2) and that of its data sheets (XCVU13P-2FLGA2577E,
 * XC7K325T-2FFG900C), checked against what exists of that device, and handed on as the tools spell it.
 */
#include "target/target.h"
#include "ir/nearest.h"

#include <string.h>

static const struct part parts[] = {
#define PART(name, family, lut, ff, dsp, bram18, slr, packages, grades)                                                \
    {name, family, lut, ff, dsp, bram18, slr, packages, grades},
#include "target/parts.def"
#undef PART
};

enum { PART_COUNT = sizeof parts / sizeof *parts };

/* Families whose cells no model here describes, by how their codes begin. */
static const struct refused_family refused[] = {
    {"xcvc xcvm xcvp xcvh xcve xcvn xqvc xqvm xqvp xave xc2v", "Versal",
     "bxc has no delay and area model of its carry look-ahead and LUT cascades"},
    {"xcau xaau", "Artix UltraScale+", "its devices are not in bxc's table yet"},
    {"xc7s xa7s", "Spartan-7", "its devices are not in bxc's table yet"},
    {"agf agi agm age agc ag3 ag5 a3c a5e", "Agilex",
     "bxc has no delay and area model of its ALMs, and no script for Quartus"},
    {"1s 10a 10c 10m 5s 5a 5c ep", "Stratix, Arria, Cyclone, MAX",
     "bxc has no delay and area model of ALMs, and no script for Quartus"},
    {"mpf rtpf", "PolarFire", "bxc has no delay and area model of its four-input LUTs, and no script for Libero"},
    {"lfe lfc lfm lif ice", "Lattice", "bxc has no delay and area model of its LUTs, and no script for its tools"},
    {NULL, NULL, NULL},
};

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool begins_with(const char *text, const char *prefix, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (lower(text[i]) != prefix[i]) return false;
    return true;
}

const struct part *part_find(const char *ordering_code) {
    const struct part *best = NULL;
    for (size_t i = 0; ordering_code && i < PART_COUNT; i++)
        if (begins_with(ordering_code, parts[i].name, strlen(parts[i].name)) &&
            (!best || strlen(parts[i].name) > strlen(best->name)))
            best = &parts[i];
    return best;
}

const struct part *part_at(size_t index) {
    return index < PART_COUNT ? &parts[index] : NULL;
}

const struct refused_family *part_refused_at(size_t index) {
    return refused[index].name ? &refused[index] : NULL;
}

static const struct refused_family *find_refused(const char *code) {
    for (const struct refused_family *family = refused; family->name; family++)
        for (const char *word = family->prefixes; *word; word += strspn(word, " ")) {
            size_t length = strcspn(word, " ");
            if (begins_with(code, word, length)) return family;
            word += length;
        }
    return NULL;
}

/* ---- the pieces of a code ---- */

struct pieces { /* of the code's text; grade without its '-' */
    char package[16], grade[8], temperature[4];
    bool industrial; /* an 'i' behind the device: xc7k325ti */
};

/* Letters, then digits: "flga2577". Returns what follows, or NULL. */
static const char *take_package(const char *text, struct pieces *pieces) {
    size_t letters = 0, all;
    while (letters < 6 && lower(text[letters]) >= 'a' && lower(text[letters]) <= 'z') letters++;
    for (all = letters; all < sizeof pieces->package - 1 && text[all] >= '0' && text[all] <= '9'; all++) {
    }
    if (letters == 0 || all == letters) return NULL;
    for (size_t i = 0; i < all; i++) pieces->package[i] = lower(text[i]);
    return text + all;
}

/* A digit, then letters of `allowed`: "2LV". */
static const char *take_grade(const char *text, const char *allowed, struct pieces *pieces) {
    size_t length = 1;
    if (*text < '1' || *text > '9') return NULL;
    while (length < sizeof pieces->grade - 1 && text[length] && strchr(allowed, upper(text[length]))) length++;
    for (size_t i = 0; i < length; i++) pieces->grade[i] = upper(text[i]);
    return text + length;
}

static const char *take_temperature(const char *text, struct pieces *pieces) {
    if (!*text || !strchr("ceimq", lower(*text))) return NULL;
    pieces->temperature[0] = lower(*text);
    return text + 1;
}

static const char *take_dash(const char *text) {
    return text && *text == '-' ? text + 1 : NULL;
}

/* xcvu13p -flga2577-2-e; xc7k325t [i]ffg900-2 */
static bool split_tool_code(const char *rest, bool seven_series, struct pieces *pieces) {
    if (seven_series) {
        pieces->industrial = lower(*rest) == 'i';
        rest = take_dash(take_package(rest + pieces->industrial, pieces));
        rest = rest ? take_grade(rest, "LHVI", pieces) : NULL;
        return rest && !*rest;
    }
    rest = take_dash(rest);
    rest = rest ? take_dash(take_package(rest, pieces)) : NULL;
    rest = rest ? take_dash(take_grade(rest, "LHVI", pieces)) : NULL;
    rest = rest ? take_temperature(rest, pieces) : NULL;
    return rest && !*rest;
}

/* XCVU13P -2FLGA2577E, XCVU9P -L2FLGA2104E */
static bool split_data_sheet_code(const char *rest, bool seven_series, struct pieces *pieces) {
    char letter = (rest = take_dash(rest)) && strchr("LH", upper(*rest)) ? upper(*rest) : 0;
    if (!rest || !*rest) return false;
    rest = take_grade(rest + (letter != 0), "", pieces);
    pieces->grade[1] = letter;
    rest = rest ? take_package(rest, pieces) : NULL;
    rest = rest ? take_temperature(rest, pieces) : NULL;
    /* the tools know the industrial low-power devices of the 7 series as devices of their own */
    pieces->industrial = seven_series && pieces->temperature[0] == 'i' && letter == 'L';
    return rest && !*rest;
}

/* ---- what exists ---- */

static bool has_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

static const char *first_word(struct arena *arena, const char *words) {
    return arena_strndup(arena, words, strcspn(words, " "));
}

static const char *tool_code(struct arena *arena, const struct part *part, const char *package, const char *grade) {
    bool industrial = *grade == 'i';
    if (part_is_7_series(part))
        return arena_printf(arena, "%s%s%s-%s", part->name, industrial ? "i" : "", package, grade + industrial);
    return arena_printf(arena, "%s-%s-%s", part->name, package, grade);
}

bool part_is_7_series(const struct part *part) {
    return strcmp(part->family, "7-series") == 0;
}

const char *part_example(struct arena *arena, const struct part *part) {
    return tool_code(arena, part, first_word(arena, part->packages), first_word(arena, part->grades));
}

static int unknown_device(struct bxc_context *context, struct location at, const char *text) {
    const struct refused_family *family = find_refused(text);
    if (family)
        return diag_error(&context->diagnostics, at, "'bxc parts' lists the parts that it knows",
                          "part '%s' is of the family %s: %s", text, family->name, family->reason);
    struct arena *scratch = arena_new(context);
    const char *device = arena_strndup(scratch, text, strcspn(text, "-"));
    struct nearest nearest = {.wanted = device};
    for (size_t i = 0; i < PART_COUNT; i++) nearest_offer(&nearest, parts[i].name);
    const char *help = nearest.name
                           ? arena_printf(scratch, "did you mean '%s'? 'bxc parts' lists the known ones", nearest.name)
                           : "'bxc parts' lists the known ones";
    diag_error(&context->diagnostics, at, help, "part '%s' is unknown", text);
    arena_free(scratch);
    return -1;
}

static int malformed(struct bxc_context *context, struct location at, struct arena *arena, const struct part *part,
                     const char *text) {
    const char *what = part_is_7_series(part) ? "package and speed grade" : "package, speed grade and temperature";
    const char *help = arena_printf(arena, "as in %s", part_example(arena, part));
    if (strlen(text) == strlen(part->name))
        return diag_error(&context->diagnostics, at, help, "'%s' is a device: its ordering code goes on with %s", text,
                          what);
    return diag_error(&context->diagnostics, at, help, "'%s' is no ordering code: after the device %s come %s", text,
                      part->name, what);
}

static int check_pieces(struct bxc_context *context, struct location at, struct arena *arena, const struct part *part,
                        const struct pieces *pieces, const char *grade) {
    int result = 0;
    if (!has_word(part->packages, pieces->package))
        result = diag_error(&context->diagnostics, at, arena_printf(arena, "its packages: %s", part->packages),
                            "%s does not come in package '%s'", part->name, pieces->package);
    if (!has_word(part->grades, grade))
        result = diag_error(&context->diagnostics, at, arena_printf(arena, "its speed grades: %s", part->grades),
                            part_is_7_series(part) ? "%s does not come in speed grade '%s'"
                                                   : "%s does not come in speed grade and temperature '%s'",
                            part->name, grade);
    return result;
}

/* "2L-e"; in the 7 series "2L" or "i2L". */
static const char *grade_text(struct arena *arena, const struct pieces *pieces, bool seven_series) {
    if (seven_series) return arena_printf(arena, "%s%s", pieces->industrial ? "i" : "", pieces->grade);
    return arena_printf(arena, "%s-%s", pieces->grade, pieces->temperature);
}

static struct part_grade grade_of(const struct pieces *pieces) {
    return (struct part_grade){.speed = pieces->grade[0] - '0',
                               .low_power = strchr(pieces->grade, 'L') != NULL,
                               .low_voltage = strchr(pieces->grade, 'V') != NULL,
                               .high_voltage = strcmp(pieces->grade, "1H") == 0,
                               .temperature = pieces->temperature[0] ? pieces->temperature[0]
                                              : pieces->industrial   ? 'i'
                                                                     : 'c'};
}

int part_parse(struct bxc_context *context, struct location at, struct arena *arena, const char *text,
               struct part_code *out) {
    const struct part *part = part_find(text);
    if (!part) return unknown_device(context, at, text);
    bool seven_series = part_is_7_series(part);
    const char *rest = text + strlen(part->name);
    struct pieces pieces = {0};
    if (!split_tool_code(rest, seven_series, &pieces)) {
        pieces = (struct pieces){0};
        if (!split_data_sheet_code(rest, seven_series, &pieces)) return malformed(context, at, arena, part, text);
    }
    const char *grade = grade_text(arena, &pieces, seven_series);
    if (check_pieces(context, at, arena, part, &pieces, grade) < 0) return -1;
    *out = (struct part_code){
        .part = part, .grade = grade_of(&pieces), .text = tool_code(arena, part, pieces.package, grade)};
    return 0;
}
