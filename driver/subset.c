/* What a file that was edited by hand may hold. Verilog: the tokens that bxc's own has, and no others, so that nothing
 * is left that a simulator and a synthesiser take differently (directives, delays, initial blocks but for the words of
 * tables, system tasks, sensitivity lists, unknown bits). C and HLS: the conditions and includes that bxc wrote, and no
 * names that only some compilers define. What else is there is told with its line. */
#include "driver/driver.h"

#include <ctype.h>
#include <string.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SYMBOL, TOKEN_REFUSED };
enum { TOLD_MAX = 10, TOKEN_MAX = 128 };

struct scan {
    struct bxc_context *context;
    struct arena *arena;
    const char *path, *original, *at;
    int line, told;
    enum token_kind kind;
    char token[TOKEN_MAX], before[TOKEN_MAX], before_that[TOKEN_MAX];
    bool clocked, may_end; /* inside an always block; it ends here unless an else follows */
    int depth;
};

static void refuse(struct scan *scan, const char *what) {
    if (scan->told++ >= TOLD_MAX) return;
    diag_error(&scan->context->diagnostics, (struct location){.file = scan->path, .line = scan->line},
               "simulation and synthesis can take it differently: write it without, or compile the model again",
               "the edit holds what bxc's own files never hold: %s", what);
}

/* ---- Verilog ---- */

static const char *const verilog_words[] = {"module", "endmodule", "parameter", "localparam", "input",    "output",
                                            "wire",   "reg",       "signed",    "always",     "posedge",  "if",
                                            "else",   "begin",     "end",       "assign",     "function", "endfunction",
                                            "case",   "endcase",   "default"};

static bool is_letter(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at += length)
        if ((at == text || !is_letter(at[-1])) && !is_letter(at[length])) return true;
    return false;
}

/* A word of the language that bxc does not write; bxc's own names are its own. */
static bool is_keyword_elsewhere(const struct scan *scan) {
    for (size_t i = 0; i < sizeof verilog_words / sizeof verilog_words[0]; i++)
        if (strcmp(scan->token, verilog_words[i]) == 0) return false;
    for (const char *c = scan->token; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c)) return false;
    return strcmp(name_identifier(scan->arena, scan->token), scan->token) != 0 &&
           !has_word(scan->original, scan->token);
}

/* Comments steer tools by their first word, or by these anywhere. */
static void check_comment(struct scan *scan, const char *text, size_t length) {
    static const char *const first[] = {"synthesis", "synopsys",  "pragma", "verilator", "cadence",       "xilinx",
                                        "altera",    "quartus",   "ambit",  "exemplar",  "rtl_synthesis", "coverage",
                                        "spyglass",  "translate", "lint",   "iverilog"};
    static const char *const anywhere[] = {"translate_o", "full_case", "parallel_case", "lint_o"};
    char *copy = arena_strndup(scan->arena, text, length), *word = copy + strspn(copy, "/* \t\n@");
    size_t end = strcspn(word, " \t\n:,");
    bool steers = false;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        steers |= strlen(first[i]) == end && strncmp(word, first[i], end) == 0;
    for (size_t i = 0; i < sizeof anywhere / sizeof anywhere[0]; i++) steers |= strstr(copy, anywhere[i]) != NULL;
    if (steers) refuse(scan, arena_printf(scan->arena, "the comment '%.40s'", word));
}

static void skip_blank(struct scan *scan) {
    for (;;) {
        const char *start = scan->at;
        while (isspace((unsigned char)*scan->at)) scan->line += *scan->at++ == '\n';
        if (strncmp(scan->at, "//", 2) != 0 && strncmp(scan->at, "/*", 2) != 0) {
            if (scan->at == start) return;
            continue;
        }
        bool block = scan->at[1] == '*';
        const char *end = strstr(scan->at + 2, block ? "*/" : "\n");
        size_t length = end ? (size_t)(end - scan->at) : strlen(scan->at);
        check_comment(scan, scan->at, length);
        for (size_t i = 0; i < length; i++) scan->line += scan->at[i] == '\n';
        scan->at += length + (end && block ? 2 : 0);
    }
}

static size_t number_length(struct scan *scan) {
    size_t length = strspn(scan->at, "0123456789_");
    if (scan->at[length] != '\'') return length;
    length++;
    length += scan->at[length] == 's' || scan->at[length] == 'S';
    length += scan->at[length] != 0; /* the base */
    size_t digits = strspn(scan->at + length, "0123456789abcdefABCDEFxXzZ?_");
    if (strcspn(scan->at + length, "xXzZ?") < digits) refuse(scan, "unknown bits (x, z)");
    return length + digits;
}

static size_t symbol_length(const char *at) {
    static const char *const symbols[] = {
        "===", "!==", "<<<", ">>>", "(*", "<=", ">=", "==", "!=", "&&", "||", "<<", ">>", "~&", "~|", "~^", "+:", "-:"};
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (strncmp(at, symbols[i], strlen(symbols[i])) == 0) return strlen(symbols[i]);
    return 1;
}

static void next(struct scan *scan) {
    size_t length;
    skip_blank(scan);
    memcpy(scan->before_that, scan->before, TOKEN_MAX);
    memcpy(scan->before, scan->token, TOKEN_MAX);
    const char *at = scan->at;
    if (!*at)
        scan->kind = TOKEN_END, length = 0;
    else if (isdigit((unsigned char)*at) || *at == '\'')
        scan->kind = TOKEN_NUMBER, length = number_length(scan);
    else if (is_letter(*at) || *at == '$') {
        scan->kind = TOKEN_WORD;
        for (length = 1; is_letter(at[length]) || at[length] == '$';) length++;
    } else
        scan->kind = TOKEN_SYMBOL, length = symbol_length(at);
    snprintf(scan->token, TOKEN_MAX, "%.*s", (int)(length < TOKEN_MAX ? length : TOKEN_MAX - 1), at);
    scan->at += length;
}

static bool is(const struct scan *scan, const char *token) {
    return strcmp(scan->token, token) == 0;
}

/* Behind "always": a clock's rising edge and nothing else. */
static void check_sensitivity(struct scan *scan) {
    static const char *const wanted[] = {"@", "(", "posedge", "clk", ")"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        next(scan);
        if (is(scan, wanted[i])) continue;
        refuse(scan, "'always' with another list than @(posedge clk)");
        return;
    }
    scan->clocked = true;
    scan->may_end = false;
    scan->depth = 0;
}

/* One clock, by its name in every module: gated or divided, flip-flops would see what no simulation shows. */
static void check_clock(struct scan *scan) {
    bool is_clock = is(scan, "clk"), behind = strcmp(scan->before, "(") == 0 && strcmp(scan->before_that, "clk") == 0;
    bool declared = strcmp(scan->before, "wire") == 0 && strcmp(scan->before_that, "input") == 0;
    if (is_clock ? !declared && !behind && strcmp(scan->before, ".") != 0 : behind)
        refuse(scan, "another clock than the port 'clk', or a use of 'clk' as a number");
}

static void follow_block(struct scan *scan) {
    if (!scan->clocked) return;
    if (scan->may_end && !is(scan, "else")) {
        scan->clocked = false;
        return;
    }
    scan->may_end = false;
    scan->depth += is(scan, "begin") - is(scan, "end");
    if (is(scan, "=")) refuse(scan, "a blocking assignment in a clocked block");
    scan->may_end = scan->depth == 0 && (is(scan, ";") || is(scan, "end"));
}

static void check_word(struct scan *scan) {
    if (scan->token[0] == '$') {
        if (!is(scan, "$signed") && !is(scan, "$unsigned"))
            refuse(scan, arena_printf(scan->arena, "the system task '%s'", scan->token));
    } else if (is_keyword_elsewhere(scan)) {
        refuse(scan, arena_printf(scan->arena, "the keyword '%s'", scan->token));
    }
}

static void check_symbol(struct scan *scan) {
    static const struct {
        const char *symbol, *what;
    } refused[] = {{"`", "a compiler directive"},
                   {"\"", "a text"},
                   {"\\", "an escaped name"},
                   {"(*", "an attribute"},
                   {"@", "an event control"},
                   {"===", "comparing unknown bits (===)"},
                   {"!==", "comparing unknown bits (!==)"}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (is(scan, refused[i].symbol)) refuse(scan, refused[i].what);
    if (is(scan, "#") && strcmp(scan->before_that, "module") != 0) refuse(scan, "a delay (#)");
}

/* Where a memory lies changes no bit. */
static bool skip_memory_style(struct scan *scan) {
    static const char *const styles[] = {" ram_style = \"block\" *)", " rom_style = \"block\" *)"};
    for (size_t i = 0; is(scan, "(*") && i < sizeof styles / sizeof styles[0]; i++) {
        if (strncmp(scan->at, styles[i], strlen(styles[i])) != 0) continue;
        scan->at += strlen(styles[i]);
        return true;
    }
    return false;
}

/* TABLE[NUMBER] = NUMBER; */
static bool is_word_of(struct scan *scan, const char *table) {
    static const char *const wanted[] = {"[", NULL, "]", "=", NULL, ";"};
    bool is_word = is(scan, table);
    for (size_t i = 0; is_word && i < sizeof wanted / sizeof wanted[0]; i++) {
        next(scan);
        is_word = wanted[i] ? is(scan, wanted[i]) : scan->kind == TOKEN_NUMBER;
    }
    return is_word;
}

/* Behind "initial": the words of a table, whose words the original has, too. */
static void check_initial(struct scan *scan) {
    next(scan);
    bool is_own = is(scan, "begin");
    next(scan);
    const char *table = arena_strdup(scan->arena, scan->token);
    is_own = is_own && strstr(scan->original, arena_printf(scan->arena, " %s[0] = ", table));
    for (; is_own && !is(scan, "end"); next(scan)) is_own = is_word_of(scan, table);
    if (!is_own) refuse(scan, "'initial' of anything but the words of a table");
}

static void check_verilog(struct scan *scan) {
    for (next(scan); scan->kind != TOKEN_END; next(scan)) {
        follow_block(scan);
        check_clock(scan);
        if (skip_memory_style(scan)) continue;
        if (is(scan, "always"))
            check_sensitivity(scan);
        else if (is(scan, "initial") && has_word(scan->original, "initial"))
            check_initial(scan);
        else if (scan->kind == TOKEN_WORD)
            check_word(scan);
        else if (scan->kind == TOKEN_SYMBOL)
            check_symbol(scan);
    }
}

/* ---- C and HLS ---- */

/* 1'000 and not L'0': a quote that opens nothing. */
static bool is_inside_number(const char *text, const char *quote) {
    const char *start = quote;
    while (start > text && (is_letter(start[-1]) || start[-1] == '\'')) start--;
    return isdigit((unsigned char)*start);
}

/* The file without comments and texts, which become blanks; lines stay, and end what they end. */
static char *without_comments(struct arena *arena, const char *text) {
    char *copy = arena_strdup(arena, text);
    char inside = 0; /* '/': to the line's end, '*': a block, or a quote */
    for (char *c = copy; *c; c++) {
        if (*c == '\n')
            inside = inside == '*' || (inside == '/' && text[c - copy - 1] == '\\') ? inside : 0;
        else if (inside == '*' && c[0] == '*' && c[1] == '/')
            inside = 0, *c++ = ' ', *c = ' ';
        else if ((inside == '"' || inside == '\'') && *c == '\\' && c[1])
            *c++ = ' ', *c = ' ';
        else if ((inside == '"' || inside == '\'') && *c == inside)
            inside = 0, *c = ' ';
        else if (inside)
            *c = ' ';
        else if (*c == '/' && (c[1] == '/' || c[1] == '*'))
            inside = c[1], *c++ = ' ', *c = ' ';
        else if (*c == '"' || (*c == '\'' && !is_inside_number(copy, c)))
            inside = *c, *c = ' ';
    }
    return copy;
}

/* The next line that begins with '#' in `bare`, as `text` has it, without blanks at its ends; *at moves behind it. */
static char *next_directive(struct arena *arena, const char *bare, const char *text, size_t *at, int *line) {
    while (bare[*at]) {
        size_t length = strcspn(bare + *at, "\n"), blank = strspn(bare + *at, " \t");
        const char *start = text + *at + blank;
        bool found = bare[*at + blank] == '#';
        *at += length + (bare[*at + length] == '\n');
        ++*line;
        if (!found) continue;
        length -= blank;
        while (length && isspace((unsigned char)start[length - 1])) length--;
        return arena_strndup(arena, start, length);
    }
    return NULL;
}

static bool directive_is(const char *line, const char *word) {
    const char *at = line + 1 + strspn(line + 1, " \t");
    return strncmp(at, word, strlen(word)) == 0;
}

static bool is_condition(const char *line) {
    return directive_is(line, "if") || directive_is(line, "el") || directive_is(line, "endif");
}

static bool is_pragma_for_hls(const char *line) {
    return directive_is(line, "pragma HLS") || directive_is(line, "pragma hls") || directive_is(line, "pragma unroll");
}

/* Conditions must be those of the original, in their order. */
static void check_conditions(struct scan *scan, const char *text, const char *original) {
    size_t here = 0, there = 0;
    int ignored = 0;
    for (char *line; (line = next_directive(scan->arena, text, text, &here, &scan->line));) {
        if (!is_condition(line)) continue;
        char *wanted = next_directive(scan->arena, original, original, &there, &ignored);
        while (wanted && !is_condition(wanted))
            wanted = next_directive(scan->arena, original, original, &there, &ignored);
        if (wanted && strcmp(line, wanted) == 0) continue;
        refuse(scan, arena_printf(scan->arena, "'%.60s'", line));
        return;
    }
}

static void check_directives(struct scan *scan, const char *bare, const char *text, const char *original) {
    size_t at = 0;
    for (char *line; (line = next_directive(scan->arena, bare, text, &at, &scan->line));) {
        bool free_to_edit = is_condition(line) || directive_is(line, "define") || directive_is(line, "undef") ||
                            is_pragma_for_hls(line);
        bool is_include = directive_is(line, "include");
        if (!free_to_edit && !strstr(original, line))
            refuse(scan, arena_printf(scan->arena, is_include ? "another include: '%.60s'" : "'%.60s'", line));
    }
}

/* Names that begin with two underscores are the compilers' own. */
static void check_names(struct scan *scan, const char *text, const char *original) {
    for (const char *c = text; *c;) {
        size_t length = 0;
        while (is_letter(c[length])) length++;
        const char *name = length ? arena_strndup(scan->arena, c, length) : "";
        if (strncmp(name, "__", 2) == 0 && !has_word(original, name))
            refuse(scan, arena_printf(scan->arena, "the compilers' own name '%s'", name));
        scan->line += *c == '\n';
        c += length ? length : 1;
    }
}

/* What hides a directive, a name or the end of a text from all that is looked for here; `bare` is without comments and
 * texts, but what is neither (signs of three letters, lines that go on) counts in those too. */
static const char *disguise(const char *bare, const char *text, const char *c) {
    const char *at = bare + (c - text), before = c > text ? c[-1] : '\n';
    size_t splice = 1 + strspn(c + (*c != 0), " \t\r");
    if (strncmp(at, "%:", 2) == 0 || strncmp(c, "?\?=", 3) == 0) return "another spelling of '#'";
    if (strncmp(c, "?\?", 2) == 0 && c[2] && strchr("/'()!<>-", c[2]))
        return "a sign of three letters (?\?/ and its kind)";
    if (strncmp(at, "##", 2) == 0) return "a name that is pasted together (##)";
    if (strncmp(c, "R\"", 2) == 0 && !(is_letter(before) && !strchr("uUL8", before))) return "a raw text (R\"...)";
    bool splits = *c == '\\' && c[splice] == '\n' && (splice > 1 || !isspace((unsigned char)before));
    return splits ? "a name on two lines" : NULL;
}

static void check_disguises(struct scan *scan, const char *bare, const char *text) {
    for (const char *c = text; *c; c++) {
        const char *what = disguise(bare, text, c);
        if (what) {
            refuse(scan, what);
            return;
        }
        scan->line += *c == '\n';
    }
}

static void check_c(struct scan *scan, const char *text) {
    char *bare = without_comments(scan->arena, text), *bare_original = without_comments(scan->arena, scan->original);
    scan->line = 1;
    check_disguises(scan, bare, text);
    scan->line = 0;
    check_conditions(scan, bare, bare_original);
    scan->line = 0;
    check_directives(scan, bare, text, scan->original);
    scan->line = 1;
    check_names(scan, bare, bare_original);
}

static bool ends_in(const char *path, const char *const *endings) {
    const char *dot = strrchr(path, '.');
    for (; dot && *endings; endings++)
        if (strcmp(dot, *endings) == 0) return true;
    return false;
}

/* Compilers read on behind a zero byte, and nothing here would. */
static void check_zero_bytes(struct scan *scan, size_t length) {
    if (strlen(scan->at) == length) return;
    int first = scan->line;
    for (const char *c = scan->at; *c; c++) scan->line += *c == '\n';
    refuse(scan, "a zero byte");
    scan->line = first;
}

int subset_check(struct bxc_context *context, const char *path, const char *text, size_t length, const char *original) {
    static const char *const verilog[] = {".v", ".vh", ".sv", ".svh", NULL}, *const c[] = {".c",   ".h",  ".cpp",
                                                                                           ".hpp", ".cc", NULL};
    struct arena *arena = arena_new(context);
    struct scan scan = {
        .context = context, .arena = arena, .path = path, .original = original ? original : "", .at = text, .line = 1};
    check_zero_bytes(&scan, length);
    if (ends_in(path, verilog)) {
        scan.original = without_comments(arena, scan.original);
        check_verilog(&scan);
    }
    if (ends_in(path, c)) check_c(&scan, text);
    arena_free(arena);
    return scan.told ? -1 : 0;
}
