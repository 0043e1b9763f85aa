/* The parts that bxc knows by name. */
#include "target/target.h"

#include <string.h>

static const struct part parts[] = {
#define PART(name, family, lut, ff, dsp, bram18, slr) {name, family, lut, ff, dsp, bram18, slr},
#include "target/parts.def"
#undef PART
};

enum { PART_COUNT = sizeof parts / sizeof *parts };

static bool begins_with(const char *text, const char *prefix) {
    for (; *prefix; text++, prefix++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c != *prefix)
            return false;
    }
    return true;
}

const struct part *part_find(const char *ordering_code) {
    const struct part *best = NULL;
    for (size_t i = 0; ordering_code && i < PART_COUNT; i++)
        if (begins_with(ordering_code, parts[i].name) && (!best || strlen(parts[i].name) > strlen(best->name)))
            best = &parts[i];
    return best;
}

const struct part *part_at(size_t index) {
    return index < PART_COUNT ? &parts[index] : NULL;
}
