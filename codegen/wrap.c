/* Lines that are longer than a person reads, broken at spaces. Only where that means nothing: not in texts, not
 * in lines of a preprocessor.
 */
#include "codegen/codegen.h"

#include <string.h>

enum { COLUMNS_MAX = 119 };

/* Where a line may end: after the last space outside of texts within the first `most` columns, else after the
 * first one behind them; 0: nowhere. Nothing before `from` counts. */
static size_t break_at(const char *line, size_t length, size_t from, size_t most) {
    size_t best = 0;
    bool quoted = false, comment = strncmp(line + strspn(line, " "), "//", 2) == 0;
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '"' && (i == 0 || line[i - 1] != '\\')) quoted = !quoted;
        if (!comment && !quoted && i + 1 < length && line[i] == '/' && line[i + 1] == '/') break;
        if (line[i] != ' ' || (quoted && !comment) || i < from) continue;
        if (i >= most) return best ? best : i;
        best = i;
    }
    return best;
}

static void wrap_line(struct strbuf *out, const char *line, size_t length) {
    size_t indent = strspn(line, " "), done = 0;
    bool comment = strncmp(line + indent, "//", 2) == 0;
    const char *leader = comment ? "//  " : "       "; /* and a space, which the break leaves */
    while (length - done > COLUMNS_MAX - (done ? indent + strlen(leader) : 0)) {
        size_t room = COLUMNS_MAX - (done ? indent + strlen(leader) : 0);
        size_t at = break_at(line + done, length - done, done ? 1 : indent + (comment ? 3 : 1), room);
        if (at == 0 || at + 1 >= length - done) break;
        strbuf_append_bytes(out, line + done, at);
        strbuf_printf(out, "\n%*s%s", (int)indent, "", leader);
        done += at;
    }
    strbuf_append_bytes(out, line + done, length - done);
}

struct strbuf wrap_code(struct arena *arena, const char *text) {
    struct strbuf out = strbuf_new(arena);
    while (*text) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        const char *line = arena_strndup(arena, text, length);
        if (length <= COLUMNS_MAX || line[indent] == '#' || line[indent] == '`')
            strbuf_append_bytes(&out, line, length);
        else
            wrap_line(&out, line, length);
        text += length;
        if (*text == '\n') {
            strbuf_append(&out, "\n");
            text++;
        }
    }
    return out;
}

const char *code_indented(struct arena *arena, const char *text) {
    struct strbuf out = strbuf_new(arena);
    for (size_t length; *text; text += length) {
        length = strcspn(text, "\n");
        length += text[length] == '\n';
        if (*text != '\n' && *text != '#') strbuf_append(&out, "    ");
        strbuf_append_bytes(&out, text, length);
    }
    return out.data;
}
