/* Words that no identifier of emitted files may be, as names of ports and of the firmware: of the languages, and of our
 * own templates. What is emitted is read again, by this file's own eyes. */
#ifndef BXC_TEST_WORDS_H
#define BXC_TEST_WORDS_H

#include "codegen/codegen.h"
#include "tests/prop/network.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const words_of_languages[] = {
#define WORDS(language, words) " " words " ",
#include "codegen/reserved.def"
#undef WORDS
};
enum { WORD_LISTS = sizeof words_of_languages / sizeof words_of_languages[0] };

/* All words, of the languages first. */
struct words {
    const char **at;
    size_t languages, count;
};

static inline struct words words_all(struct arena *arena) {
    struct words words = {0};
    size_t most = 0;
    for (size_t l = 0; l < WORD_LISTS; l++) most += strlen(words_of_languages[l]) / 2;
    for (const char *const *word = template_words; *word; word++) most++;
    words.at = ARENA_ARRAY(arena, const char *, most);
    for (size_t l = 0; l < WORD_LISTS; l++)
        for (const char *c = words_of_languages[l] + 1; *c; c = strchr(c, ' ') + 1)
            words.at[words.languages++] = arena_strndup(arena, c, (size_t)(strchr(c, ' ') - c));
    words.count = words.languages;
    for (const char *const *word = template_words; *word; word++) words.at[words.count++] = *word;
    return words;
}

static inline const char *words_draw(const struct words *words, struct network *random) {
    return words->at[draw(random, (int)words->count)];
}

static inline bool is_word(const struct words *words, size_t count, const char *name) {
    size_t w = 0;
    while (w < count && strcasecmp(words->at[w], name) != 0) w++;
    return w < count;
}

/* The last identifier in front of `end`. */
static inline const char *identifier_before(struct arena *arena, const char *line, const char *end) {
    const char *last = end;
    while (last > line && !isalnum((unsigned char)last[-1]) && last[-1] != '_') last--;
    const char *first = last;
    while (first > line && (isalnum((unsigned char)first[-1]) || first[-1] == '_')) first--;
    return arena_strndup(arena, first, (size_t)(last - first));
}

/* A module or port of a Verilog file that has such a name, or NULL; modules are named as the firmware is. */
static inline const char *words_in_verilog(const struct words *words, struct arena *arena, const char *text) {
    for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        bool module = strncmp(line, "module ", 7) == 0;
        bool port = strncmp(line, "    input wire ", 15) == 0 || strncmp(line, "    output wire ", 16) == 0;
        if (!module && !port) continue;
        const char *stop = module ? line + 7 + strcspn(line + 7, " (;\n") : end;
        const char *name = identifier_before(arena, line, stop);
        if (is_word(words, module ? words->count : words->languages, name)) return name;
    }
    return NULL;
}

#endif
