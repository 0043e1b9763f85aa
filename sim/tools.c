/* Whether the commands are there that an engine's build needs: on PATH, and for compilers behind a launcher (ccache, by
 * name or by a link that is called as the compiler) the compiler itself. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/private.h"

static const char *base_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_launcher(const char *path) {
    static const char *const launchers[] = {"ccache", "sccache", "distcc"};
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++)
        if (strcmp(base_of(path), launchers[i]) == 0) return true;
    return false;
}

/* A link to a launcher stands for what the launcher finds further on. */
static bool is_command(const char *path, const char *name) {
    char *real = access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
    bool is = real && (!is_launcher(real) || is_launcher(name));
    free(real);
    return is;
}

static bool command_exists(struct arena *arena, const char *name) {
    const char *path = getenv("PATH");
    if (strchr(name, '/')) return is_command(name, name);
    while (path && *path) {
        size_t length = strcspn(path, ":");
        if (is_command(arena_printf(arena, "%.*s/%s", (int)length, path, name), name)) return true;
        path += length + (path[length] == ':');
    }
    return false;
}

/* The first word of a command that is not there: its program, or the compiler behind a launcher. */
static const char *missing_word(struct arena *arena, const char *command) {
    for (command += strspn(command, " "); *command; command += strspn(command, " ")) {
        const char *word = arena_strndup(arena, command, strcspn(command, " "));
        if (!command_exists(arena, word)) return word;
        if (!is_launcher(word)) return NULL;
        command += strlen(word);
    }
    return NULL;
}

const char *engine_missing_tool(struct arena *arena, enum engine_id id) {
    const char *tools = engine_kinds[id].tools;
    while (tools && *tools) {
        size_t length = strcspn(tools, " ");
        const char *tool = arena_strndup(arena, tools, length), *otherwise = strchr(tool, '='), *said = NULL;
        if (otherwise) said = getenv(arena_strndup(arena, tool, (size_t)(otherwise - tool)));
        const char *missing = missing_word(arena, said && *said ? said : otherwise ? otherwise + 1 : tool);
        if (missing) return missing;
        tools += length + (tools[length] == ' ');
    }
    return NULL;
}
