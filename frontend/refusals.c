/* Long lists of what is wrong with a model: what is said of many nodes alike is told once, with how many they are. */
#include "frontend/refusals.h"

#include <ctype.h>
#include <string.h>

enum { ALONE_MAX = 3, NAMES_MAX = 5 };

struct group {
    const char *what;
    size_t first, count;
};

/* The message and what it is of, without names and numbers, which differ from node to node. */
static const char *kind_of(struct arena *arena, const struct diagnostic *item) {
    const struct location *at = &item->location;
    char *text = arena_printf(arena, "%d|%s|%s|%s|%s", item->severity, at->file ? at->file : "", at->op ? at->op : "",
                              item->help ? item->help : "", item->message);
    char *const message = text + strlen(text) - strlen(item->message), *out = message;
    bool quoted = false;
    char before = ' ';
    for (const char *in = message; *in; before = *in++) {
        if (*in == '\'' && (quoted || !isalnum((unsigned char)before))) quoted = !quoted; /* no apostrophe */
        if (!quoted && !isdigit((unsigned char)*in)) *out++ = *in;
    }
    *out = 0;
    return text;
}

/* Who else it is said of, behind the first one's message. */
static char *told_together(struct arena *arena, const struct diagnostics *diagnostics, const size_t *group_of,
                           const struct group *group, size_t which) {
    struct strbuf text = strbuf_new(arena);
    size_t told = 0;
    strbuf_printf(&text, "%s (%zu nodes: ", diagnostics->items[group->first].message, group->count);
    for (size_t i = group->first; i < diagnostics->count && told < NAMES_MAX; i++)
        if (group_of[i] == which)
            strbuf_printf(&text, "%s'%s'", told++ ? ", " : "", diagnostics->items[i].location.node);
    strbuf_printf(&text, "%s)", group->count > told ? ", ..." : "");
    return text.data;
}

/* Of each diagnosis its group; the groups. */
static struct group *find_groups(struct arena *scratch, const struct diagnostics *diagnostics, size_t first,
                                 size_t *group_of) {
    struct group *groups = ARENA_ARRAY(scratch, struct group, diagnostics->count + 1);
    struct name_map known = name_map_new(scratch);
    for (size_t i = first; i < diagnostics->count; i++) {
        const char *what = kind_of(scratch, &diagnostics->items[i]);
        struct group *group = diagnostics->items[i].location.node ? name_map_find(&known, what) : NULL;
        if (!group) {
            group = &groups[i];
            *group = (struct group){.what = what, .first = i};
            if (diagnostics->items[i].location.node) name_map_put(&known, what, group);
        }
        group->count++;
        group_of[i] = group->first;
    }
    return groups;
}

void refusals_group(struct diagnostics *diagnostics, struct arena *scratch, size_t first) {
    size_t kept = first, *group_of = ARENA_ARRAY(scratch, size_t, diagnostics->count + 1);
    const struct group *groups = find_groups(scratch, diagnostics, first, group_of);
    for (size_t i = first; i < diagnostics->count; i++) {
        const struct group *group = &groups[group_of[i]];
        if (group->count > ALONE_MAX && group->first == i)
            diagnostics->items[i].message = told_together(diagnostics->arena, diagnostics, group_of, group, i);
    }
    for (size_t i = first; i < diagnostics->count; i++) {
        bool again = groups[group_of[i]].count > ALONE_MAX && group_of[i] != i;
        if (!again) diagnostics->items[kept++] = diagnostics->items[i];
        if (again && diagnostics->items[i].severity == SEVERITY_ERROR) diagnostics->errors--;
    }
    diagnostics->count = kept;
}
