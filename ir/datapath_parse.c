/* Reads the text of a design (datapath_text.c prints it). One pass over the lines; the first mistake is diagnosed with
 * its line. Memory is that of what is read, whatever counts the text tells. */
#include "ir/datapath.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct design *design;
    struct diagnostics *diag;
    const char *file, *at;
    int line;
    bool failed;
};

enum { CYCLES_MAX = 1 << 30 };

static void PRINTF_LIKE(2, 3) fail(struct reader *r, const char *format, ...) {
    char text[200];
    va_list arguments;
    if (r->failed) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    diag_error(r->diag, (struct location){.file = r->file, .line = r->line}, NULL, "%s", text);
    r->failed = true;
}

static void skip_blanks(struct reader *r) {
    while (*r->at == ' ') r->at++;
}

/* Takes the text when it comes next. */
static bool take(struct reader *r, const char *text) {
    skip_blanks(r);
    size_t length = strlen(text);
    if (r->failed || strncmp(r->at, text, length)) return false;
    r->at += length;
    return true;
}

static void expect(struct reader *r, const char *text) {
    if (!take(r, text)) fail(r, "expected '%s'", text);
}

static void end_of_line(struct reader *r) {
    skip_blanks(r);
    if (*r->at != '\n' && *r->at != 0)
        fail(r, "something stands behind the end of the statement");
    else if (*r->at)
        r->at++;
    r->line++;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static uint64_t magnitude(struct reader *r) {
    char *end = NULL;
    errno = 0;
    uint64_t n = is_digit(*r->at) ? strtoull(r->at, &end, 10) : 0;
    if (!end || errno)
        fail(r, "expected a number");
    else
        r->at = end;
    return r->failed ? 0 : n;
}

static int64_t number(struct reader *r) {
    skip_blanks(r);
    bool negative = *r->at == '-';
    r->at += negative;
    uint64_t n = magnitude(r);
    if (n > (uint64_t)INT64_MAX + negative) fail(r, "a number of more than 64 bits");
    return r->failed ? 0 : (int64_t)(negative ? -n : n);
}

static int64_t number_in(struct reader *r, int64_t lo, int64_t hi) {
    int64_t n = number(r);
    if (n < lo || n > hi) fail(r, "%" PRId64 " is not between %" PRId64 " and %" PRId64, n, lo, hi);
    return r->failed ? lo : n;
}

static int hexadecimal(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *quoted(struct reader *r) {
    struct strbuf text = strbuf_new(r->design->arena);
    expect(r, "\"");
    while (!r->failed && *r->at != '"') {
        char c = *r->at;
        if (c == 0 || c == '\n') {
            fail(r, "a name without its closing quote");
            break;
        }
        r->at++;
        if (c == '\\') {
            c = *r->at ? *r->at++ : 0;
            if (c == 'x' && hexadecimal(r->at[0]) >= 0 && hexadecimal(r->at[1]) >= 0) {
                c = (char)(hexadecimal(r->at[0]) * 16 + hexadecimal(r->at[1]));
                r->at += 2;
            }
        }
        strbuf_append_bytes(&text, &c, 1);
    }
    expect(r, "\"");
    return text.data;
}

static wireref wire_name(struct reader *r, uint32_t limit) {
    expect(r, "w");
    return (wireref){(uint32_t)number_in(r, 0, (int64_t)limit - 1)};
}

static struct format read_format(struct reader *r) {
    struct format format = {0};
    char text[32];
    skip_blanks(r);
    size_t length = strcspn(r->at, " \n");
    if (length >= sizeof text) {
        fail(r, "expected a format");
        return format;
    }
    memcpy(text, r->at, length);
    text[length] = 0;
    if (!format_parse(text, &format)) fail(r, "'%s' is no format", text);
    r->at += length;
    return format;
}

/* A larger copy where another one does not fit: as large as what is read, and never as what it says of itself. */
static void *grown(const struct reader *r, void *array, size_t count, size_t size) {
    bool full = (count & (count - 1)) == 0; /* powers of two */
    return full ? arena_grow(r->design->arena, array, count * size, (count ? 2 * count : 1) * size) : array;
}

static void read_element(struct reader *r, struct port *port, uint32_t e) {
    port->elements = grown(r, port->elements, e, sizeof *port->elements);
    struct port_element *element = &port->elements[e];
    element->wire = wire_name(r, UINT32_MAX);
    element->format = read_format(r);
    element->slot = e;
    if (port->beats > 1) {
        expect(r, "beat");
        element->beat = (uint32_t)number_in(r, 0, (int64_t)port->beats - 1);
        expect(r, "slot");
        element->slot = (uint32_t)number_in(r, 0, (int64_t)port->slots - 1);
    }
    port->element_count++;
    end_of_line(r);
}

static void read_port(struct reader *r, struct port **ports, uint32_t *count) {
    *ports = grown(r, *ports, *count, sizeof **ports);
    struct port *port = &(*ports)[(*count)++];
    port->name = quoted(r);
    expect(r, "v");
    port->value.id = (uint32_t)number_in(r, 0, (int64_t)r->design->graph->value_count - 1);
    uint32_t elements = (uint32_t)number_in(r, 0, 1 << 24);
    port->beats = take(r, "beats") ? (uint32_t)number_in(r, 2, 1 << 16) : 1;
    port->slots = elements;
    if (port->beats > 1) {
        expect(r, "slots");
        port->slots = (uint32_t)number_in(r, 1, 1 << 24);
    }
    end_of_line(r);
    for (uint32_t e = 0; e < elements && !r->failed; e++) read_element(r, port, e);
}

static struct term read_term(struct reader *r, uint32_t limit, bool negative) {
    struct term term = {.negative = negative};
    term.wire = wire_name(r, limit);
    if (take(r, "<<")) term.shift = (int8_t)number_in(r, 0, 63);
    return term;
}

/* Terms and the constant of a sum, up to the bracket of the interval. */
static void read_sum(struct reader *r, struct wire *wire, uint32_t limit) {
    skip_blanks(r);
    for (bool first = true; !r->failed && *r->at != '['; first = false, skip_blanks(r)) {
        bool minus = take(r, "-");
        if (!minus && !take(r, "+") && !first) fail(r, "expected '+' or '-'");
        skip_blanks(r);
        if (*r->at != 'w') {
            uint64_t n = magnitude(r);
            wire->constant = (int64_t)(minus ? -n : n);
            return;
        }
        wire->operands = grown(r, wire->operands, wire->operand_count, sizeof *wire->operands);
        wire->operands[wire->operand_count++] = read_term(r, limit, minus);
    }
}

static void read_operands(struct reader *r, struct wire *wire, uint32_t limit) {
    wire->operand_count = (uint32_t)wire_op_operands(wire->op);
    wire->operands = ARENA_ARRAY(r->design->arena, struct term, 3);
    for (uint32_t i = 0; i < wire->operand_count; i++) wire->operands[i].wire = wire_name(r, limit);
}

static void read_attributes(struct reader *r, struct wire *wire, const struct datapath *datapath) {
    if (wire->op == WIRE_TABLE) {
        expect(r, "t");
        wire->table = (uint32_t)number_in(r, 0, (int64_t)datapath->table_count - 1);
    } else if (wire->op == WIRE_CLAMP) {
        wire->clamp_lo = number(r);
        wire->clamp_hi = number(r);
    } else if (wire->op == WIRE_SHIFT_RIGHT)
        wire->amount = (int32_t)number_in(r, 0, 64);
    else if (wire->op == WIRE_ITEM)
        wire->amount = (int32_t)number_in(r, 0, INT32_MAX);
    else if (wire->op == WIRE_STATE) {
        expect(r, "next");
        wire->next = wire_name(r, UINT32_MAX);
    } else if (wire->op == WIRE_WRAP) {
        wire->wrap_signed = take(r, "s");
        if (!wire->wrap_signed) expect(r, "u");
        wire->amount = (int32_t)number_in(r, 0, 64);
    }
}

static void read_resource(struct reader *r, struct wire *wire) {
    for (int resource = 0; resource < RESOURCE_COUNT; resource++) {
        if (!resource_names[resource] || !take(r, resource_names[resource])) continue;
        wire->resource = (enum resource)resource;
        wire->latency = (int32_t)number_in(r, 0, CYCLES_MAX);
    }
}

static enum wire_op read_op(struct reader *r) {
    skip_blanks(r);
    size_t length = strcspn(r->at, " \n");
    for (int op = 0; op < WIRE_OP_COUNT; op++)
        if (strlen(wire_op_names[op]) == length && !strncmp(r->at, wire_op_names[op], length)) {
            r->at += length;
            return (enum wire_op)op;
        }
    fail(r, "unknown operator '%.*s'", (int)(length < 40 ? length : 40), r->at);
    return WIRE_CONSTANT;
}

static void read_further_origins(struct reader *r, struct wire *wire) {
    const struct origin_list **last = &wire->also;
    while (take(r, ",n")) {
        struct origin_list *added = ARENA_NEW(r->design->arena, struct origin_list);
        added->node.id = (uint32_t)number_in(r, 0, (int64_t)r->design->graph->node_count - 1);
        *last = added;
        last = &added->next;
    }
}

static void read_wire(struct reader *r, struct datapath *datapath) {
    struct wire wire = {.origin = NO_NODE, .cycle = -1};
    uint32_t limit = datapath->wire_count;
    if (number_in(r, 0, UINT32_MAX) != limit) fail(r, "wires are numbered in order, this is w%u", limit);
    expect(r, "=");
    wire.op = read_op(r);
    if (wire.op == WIRE_INPUT) {
        wire.table = (uint32_t)number_in(r, 0, (int64_t)r->design->input_count - 1);
        wire.amount = (int32_t)number_in(r, 0, INT32_MAX);
        wire.every_beat = !r->failed && r->design->inputs[wire.table].beats > 1;
    } else if (wire.op == WIRE_CONSTANT)
        wire.constant = number(r);
    else if (wire.op == WIRE_SUM)
        read_sum(r, &wire, limit);
    else
        read_operands(r, &wire, limit);
    read_attributes(r, &wire, datapath);
    read_resource(r, &wire);
    expect(r, "[");
    wire.lo = number(r);
    expect(r, ",");
    wire.hi = number(r);
    expect(r, "]");
    if (take(r, "n")) {
        wire.origin.id = (uint32_t)number_in(r, 0, (int64_t)r->design->graph->node_count - 1);
        expect(r, ".");
        wire.element = (uint32_t)number_in(r, 0, UINT32_MAX);
        read_further_origins(r, &wire);
    }
    if (take(r, "@")) {
        wire.cycle = (int32_t)number_in(r, 0, CYCLES_MAX);
        expect(r, "+");
        wire.arrival = (int32_t)number_in(r, 0, INT32_MAX);
    }
    if (!r->failed) datapath_declare(r->design, datapath, &wire);
    end_of_line(r);
}

static void read_table(struct reader *r, struct datapath *datapath) {
    struct table table = {0};
    if (number_in(r, 0, UINT32_MAX) != datapath->table_count)
        fail(r, "tables are numbered in order, this is t%u", datapath->table_count);
    table.first = number(r);
    table.count = (uint32_t)number_in(r, 1, 1 << 24);
    for (uint32_t i = 0; i < table.count && !r->failed; i++) {
        table.entries = grown(r, table.entries, i, sizeof *table.entries);
        table.entries[i] = number(r);
    }
    end_of_line(r);
    if (!r->failed) datapath_add_table(r->design, datapath, &table);
}

static void read_probe(struct reader *r, struct datapath *datapath) {
    struct probe probe = {.wire = NO_WIRE, .absorber = NO_VALUE};
    expect(r, "v");
    probe.value.id = (uint32_t)number_in(r, 0, (int64_t)r->design->graph->value_count - 1);
    expect(r, ".");
    probe.element = (uint32_t)number_in(r, 0, UINT32_MAX);
    if (take(r, "beat")) probe.beat = (int)number_in(r, 0, INT32_MAX);
    expect(r, "=");
    if (take(r, "absorbed by v"))
        probe.absorber.id = (uint32_t)number_in(r, 0, (int64_t)r->design->graph->value_count - 1);
    else if (!take(r, "absorbed")) {
        bool negative = take(r, "-");
        struct term term = read_term(r, datapath->wire_count, negative);
        probe.wire = term.wire;
        probe.shift = term.shift;
        probe.negative = term.negative;
        if (take(r, "offset")) {
            probe.offset = number(r);
            expect(r, "shift");
            probe.shift = (int32_t)number_in(r, -63, 63);
        }
    }
    end_of_line(r);
    if (!r->failed) datapath_probe(r->design, datapath, probe);
}

static void read_datapath(struct reader *r) {
    struct datapath *datapath = &r->design->datapath;
    expect(r, "datapath");
    end_of_line(r);
    while (!r->failed && !take(r, "end")) {
        if (take(r, "table t"))
            read_table(r, datapath);
        else if (take(r, "probe "))
            read_probe(r, datapath);
        else if (take(r, "w"))
            read_wire(r, datapath);
        else
            fail(r, "expected a table, a wire, a probe or 'end'");
    }
    end_of_line(r);
}

static void check_ports(struct reader *r, const struct port *ports, uint32_t count) {
    uint32_t limit = r->design->datapath.wire_count;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t e = 0; e < ports[i].element_count; e++)
            if (ports[i].elements[e].wire.id >= limit)
                fail(r, "port '%.60s' names a wire that is not there", ports[i].name);
}

static void read_design(struct reader *r) {
    struct design *design = r->design;
    expect(r, "design");
    design->name = quoted(r);
    expect(r, "period");
    design->clock_ps = (int)number_in(r, 0, INT32_MAX);
    expect(r, "interval");
    design->interval = (int)number_in(r, 1, INT32_MAX);
    expect(r, "beats");
    design->beats = (int)number_in(r, 1, 1 << 16);
    expect(r, "latency");
    design->latency = (int)number_in(r, 0, INT32_MAX);
    expect(r, "registers");
    design->input_registers = number_in(r, 0, 1);
    design->output_registers = number_in(r, 0, 1);
    end_of_line(r);
    while (take(r, "input")) read_port(r, &design->inputs, &design->input_count);
    while (take(r, "output")) read_port(r, &design->outputs, &design->output_count);
    read_datapath(r);
    if (!r->failed && *r->at) fail(r, "something stands behind the datapath");
    check_ports(r, design->inputs, design->input_count);
    check_ports(r, design->outputs, design->output_count);
}

struct design *design_parse(struct bxc_context *context, const struct graph *graph, const char *file, const char *text,
                            size_t length) {
    struct design *design = design_new(graph, "");
    struct reader r = {.design = design, .diag = &context->diagnostics, .file = file, .line = 1};
    design->file = arena_strdup(design->arena, file);
    r.at = arena_strndup(design->arena, text, length);
    read_design(&r);
    if (!r.failed && memchr(text, 0, length)) fail(&r, "a zero byte");
    if (!r.failed && design_check(design) == 0) return design;
    design_free(design);
    return NULL;
}
