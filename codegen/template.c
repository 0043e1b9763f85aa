/* Files of hls_templates/ with @{key}s, instantiated. A key that the emitter does not know and a key
 * that the template does not use are both mistakes of bxc; they are diagnosed with the template's line.
 */
#include "codegen/codegen.h"

#include <string.h>

const char *template_text(const char *file, size_t *length) {
    for (const struct template_file *t = template_files; t->name; t++) {
        if (strcmp(t->name, file) != 0) continue;
        if (length) *length = t->length;
        return (const char *)t->text;
    }
    return NULL;
}

static int find_key(const struct template_key *keys, const char *name, size_t length) {
    for (int k = 0; keys[k].key; k++)
        if (strlen(keys[k].key) == length && memcmp(keys[k].key, name, length) == 0) return k;
    return -1;
}

/* Every key must stand in the text. */
static int check_used(struct bxc_context *context, const char *file, const char *text,
                      const struct template_key *keys) {
    int result = 0, lines = 1;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    for (int k = 0; keys[k].key; k++) {
        size_t length = strlen(keys[k].key);
        bool used = false;
        for (const char *at = strstr(text, "@{"); at && !used; at = strstr(at + 2, "@{"))
            used = strncmp(at + 2, keys[k].key, length) == 0 && at[2 + length] == '}';
        if (!used)
            result = diag_error(&context->diagnostics, (struct location){.file = file, .line = lines}, NULL,
                                "template does not use key '%s'", keys[k].key);
    }
    return result;
}

int template_expand(struct bxc_context *context, const char *file, const struct template_key *keys,
                    struct strbuf *out) {
    const char *text = template_text(file, NULL);
    if (!text) return diag_error(&context->diagnostics, (struct location){.file = file}, NULL, "no such template");
    int result = check_used(context, file, text, keys), line = 1;
    const char *done = text;
    for (const char *at = strstr(text, "@{"); at; at = strstr(done, "@{")) {
        for (const char *c = done; c < at; c++) line += *c == '\n';
        size_t length = strcspn(at + 2, "}\n");
        int key = at[2 + length] == '}' ? find_key(keys, at + 2, length) : -1;
        strbuf_append_bytes(out, done, (size_t)(at - done));
        if (key >= 0)
            strbuf_append(out, keys[key].value);
        else
            result = diag_error(&context->diagnostics, (struct location){.file = file, .line = line}, NULL,
                                "unknown template key '%.*s'", (int)length, at + 2);
        done = at + 2 + length + (at[2 + length] == '}');
    }
    strbuf_append(out, done);
    return result;
}
