/* Netlists as Verilog-2005. Parentheses stand where a reader would want them, not only where the language does. */
#include "codegen/verilog/verilog.h"

#include <inttypes.h>
#include <string.h>

const char *verilog_range(struct arena *arena, uint32_t bits) {
    return bits == 1 ? "" : arena_printf(arena, "[%u:0] ", bits - 1);
}

/* ---- expressions ---- */

static const char *const symbols[OPERATION_COUNT] = {
    [OPERATION_NOT] = "~", [OPERATION_ANY] = "|",      [OPERATION_ALL] = "&",  [OPERATION_NONE] = "~|",
    [OPERATION_ADD] = "+", [OPERATION_SUBTRACT] = "-", [OPERATION_AND] = "&",  [OPERATION_OR] = "|",
    [OPERATION_XOR] = "^", [OPERATION_EQUAL] = "==",   [OPERATION_LESS] = "<", [OPERATION_GREATER] = ">",
};

static void print(struct strbuf *out, const struct expression *e);

static bool is_operation(const struct expression *e, uint32_t operands) {
    return e->kind == EXPRESSION_OPERATION && e->operand_count == operands;
}

/* Of a vector one bit: |a. */
static bool is_reduction(const struct expression *e) {
    return is_operation(e, 1) && e->operation != OPERATION_NOT;
}

static void print_within(struct strbuf *out, const struct expression *e, bool parentheses) {
    if (parentheses) strbuf_append(out, "(");
    print(out, e);
    if (parentheses) strbuf_append(out, ")");
}

static void print_list(struct strbuf *out, const struct expression *e) {
    for (uint32_t i = 0; i < e->operand_count; i++) {
        if (i) strbuf_append(out, ", ");
        print(out, e->operands[i]);
    }
}

static bool is_sum(enum operation operation) {
    return operation == OPERATION_ADD || operation == OPERATION_SUBTRACT;
}

/* Chains of one kind read from the left. */
static bool goes_on(const struct expression *chain, const struct expression *left) {
    return left->operation == chain->operation || (is_sum(left->operation) && is_sum(chain->operation));
}

static void print_operand(struct strbuf *out, const struct expression *of, uint32_t i) {
    const struct expression *e = of->operands[i];
    bool compound = is_reduction(e) || is_operation(e, 2) || e->kind == EXPRESSION_CONDITIONAL;
    if (of->is_signed) strbuf_append(out, "$signed");
    print_within(out, e, of->is_signed || (compound && !(i == 0 && is_operation(e, 2) && goes_on(of, e))));
}

static void print_operation(struct strbuf *out, const struct expression *e) {
    const char *symbol = symbols[e->operation];
    if (e->operand_count == 1) {
        strbuf_append(out, symbol);
        print_within(out, e->operands[0],
                     e->operands[0]->kind == EXPRESSION_OPERATION || e->operands[0]->kind == EXPRESSION_CONDITIONAL);
        return;
    }
    print_operand(out, e, 0);
    strbuf_printf(out, " %s ", symbol);
    print_operand(out, e, 1);
}

static void print_conditional(struct strbuf *out, const struct expression *e) {
    const struct expression *condition = e->operands[0], *yes = e->operands[1];
    print_within(out, condition,
                 is_reduction(condition) || is_operation(condition, 2) || condition->kind == EXPRESSION_CONDITIONAL);
    strbuf_append(out, " ? ");
    print_within(out, yes, yes->kind == EXPRESSION_CONDITIONAL);
    strbuf_append(out, " : ");
    print(out, e->operands[2]);
}

static void print_constant(struct strbuf *out, const struct expression *e) {
    strbuf_printf(out, e->value >> 31 ? "%" PRIu32 "'h%" PRIx64 : "%" PRIu32 "'d%" PRIu64, e->bits, e->value);
}

static void print(struct strbuf *out, const struct expression *e) {
    switch (e->kind) {
    case EXPRESSION_CONSTANT: print_constant(out, e); return;
    case EXPRESSION_NET: strbuf_append(out, e->net->name); return;
    case EXPRESSION_SLICE:
        strbuf_printf(out, e->bits == 1 ? "%s[%u]" : "%s[%u:%u]", e->net->name, e->from + e->bits - 1, e->from);
        return;
    case EXPRESSION_CONCATENATION:
        strbuf_append(out, "{");
        print_list(out, e);
        strbuf_append(out, "}");
        return;
    case EXPRESSION_REPETITION:
        strbuf_printf(out, "{%u{", e->bits / e->operands[0]->bits);
        print_within(out, e->operands[0], is_reduction(e->operands[0]));
        strbuf_append(out, "}}");
        return;
    case EXPRESSION_OPERATION: print_operation(out, e); return;
    case EXPRESSION_CONDITIONAL: print_conditional(out, e); return;
    case EXPRESSION_CALL:
        strbuf_printf(out, "%s(", e->function->result->name);
        print_list(out, e);
        strbuf_append(out, ")");
        return;
    case EXPRESSION_WORD:
        strbuf_printf(out, "%s[", e->memory->name);
        print(out, e->operands[0]);
        strbuf_append(out, "]");
        return;
    case EXPRESSION_KINDS: break;
    }
    context_bug(arena_context(out->arena), "an expression of no kind");
}

static const char *expression_text(struct arena *arena, const struct expression *expression) {
    struct strbuf out = strbuf_new(arena);
    print(&out, expression);
    return out.data;
}

/* ---- functions ---- */

enum { WORD_BITS = 64, LINE_BITS = 256, COLUMNS_ENOUGH = 100 };

static void print_words(struct strbuf *out, const uint64_t *words, uint32_t bits) {
    strbuf_printf(out, "%u'h", bits);
    for (uint32_t word = (bits - 1) / WORD_BITS + 1; word-- > 0;)
        strbuf_printf(out, "%0*" PRIx64, (int)(bits < WORD_BITS ? (bits + 3) / 4 : WORD_BITS / 4), words[word]);
}

/* localparam [63:0] lookup_0_b3 = 64'h...; long ones a line each 256 bits, the highest first. */
static void print_column(struct strbuf *out, const struct column *column, uint32_t size) {
    strbuf_printf(out, "    localparam %s%s = ", verilog_range(out->arena, size), column->name);
    for (uint32_t high = size; size > LINE_BITS && high > 0; high -= LINE_BITS) {
        strbuf_append(out, high == size ? "{\n        " : ",\n        ");
        print_words(out, column->words + (high - LINE_BITS) / WORD_BITS, LINE_BITS);
    }
    if (size <= LINE_BITS) print_words(out, column->words, size);
    strbuf_append(out, size > LINE_BITS ? "};\n" : ";\n");
}

/* Neighbours of one width share a line. */
static void print_nets(struct strbuf *out, const char *kind, const struct net *const *nets, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        bool goes_on = i > 0 && nets[i]->bits == nets[i - 1]->bits;
        bool ends = i + 1 == count || nets[i + 1]->bits != nets[i]->bits;
        if (goes_on)
            strbuf_append(out, ", ");
        else
            strbuf_printf(out, "        %s %s", kind, verilog_range(out->arena, nets[i]->bits));
        strbuf_printf(out, "%s%s", nets[i]->name, ends ? ";\n" : "");
    }
}

static void print_assignment(struct strbuf *out, int indent, const struct assignment *assignment) {
    const struct expression *value = assignment->value;
    size_t before = out->length;
    strbuf_printf(out, "%*s", indent, "");
    if (assignment->target_count > 1) strbuf_append(out, "{");
    for (uint32_t i = 0; i < assignment->target_count; i++)
        strbuf_printf(out, "%s%s", i ? ", " : "", assignment->targets[i]->name);
    strbuf_append(out, assignment->target_count > 1 ? "} = " : " = ");
    const char *text = expression_text(out->arena, value);
    if (out->length - before + strlen(text) <= COLUMNS_ENOUGH || !is_operation(value, 2)) {
        strbuf_printf(out, "%s;\n", text);
        return;
    }
    print_operand(out, value, 0);
    strbuf_printf(out, " %s\n%*s", symbols[value->operation], indent + 4, "");
    print_operand(out, value, 1);
    strbuf_append(out, ";\n");
}

static void print_table(struct strbuf *out, const struct function *function) {
    const char *name = function->result->name, *index = function->arguments[0]->name;
    strbuf_append(out, "        begin\n");
    for (uint32_t bit = 0; bit < function->result->bits; bit++) {
        const char *at = function->result->bits > 1 ? arena_printf(out->arena, "[%u]", bit) : "";
        strbuf_printf(out, "            %s%s = %s[%s];\n", name, at, function->columns[bit].name, index);
    }
    strbuf_append(out, "        end\n");
}

static void print_assignments(struct strbuf *out, const struct function *function) {
    bool several = function->assignment_count > 1;
    print_nets(out, "reg", function->variables, function->variable_count);
    if (several) strbuf_append(out, "        begin\n");
    for (uint32_t i = 0; i < function->assignment_count; i++)
        print_assignment(out, several ? 12 : 8, &function->assignments[i]);
    if (several) strbuf_append(out, "        end\n");
}

static void print_function(struct strbuf *out, const struct function *function) {
    strbuf_append(out, "\n");
    for (const char *const *line = function->comment; line && *line; line++) strbuf_printf(out, "    // %s\n", *line);
    for (uint32_t bit = 0; function->columns && bit < function->result->bits; bit++)
        print_column(out, &function->columns[bit], UINT32_C(1) << function->arguments[0]->bits);
    strbuf_printf(out, "    function %s%s;\n", verilog_range(out->arena, function->result->bits),
                  function->result->name);
    print_nets(out, "input", function->arguments, function->argument_count);
    if (function->columns)
        print_table(out, function);
    else
        print_assignments(out, function);
    strbuf_append(out, "    endfunction\n");
}

/* ---- modules ---- */

static void print_ports(struct strbuf *out, const struct netlist *netlist) {
    for (uint32_t i = 0; i < netlist->port_count; i++) {
        const struct module_port *port = &netlist->ports[i];
        strbuf_printf(out, "\n    %s %s %s%s%s", port->is_output ? "output" : "input",
                      port->is_register ? "reg" : "wire", verilog_range(out->arena, port->net->bits), port->net->name,
                      i + 1 < netlist->port_count ? "," : "");
        if (port->comment) strbuf_printf(out, " // %s", port->comment);
    }
}

static void print_parameters(struct strbuf *out, const struct netlist *netlist) {
    for (uint32_t i = 0; i < netlist->parameter_count; i++) {
        const struct parameter *parameter = &netlist->parameters[i];
        strbuf_printf(out, "%s    parameter %s%s = %u'h%s", i ? ",\n" : " #(\n",
                      verilog_range(out->arena, parameter->net->bits), parameter->net->name, parameter->net->bits,
                      parameter->digits);
    }
    if (netlist->parameter_count) strbuf_append(out, "\n)");
}

/* if (clear) r <= 0; else if (enable) r <= next; */
static void print_update(struct strbuf *out, const struct update *update) {
    const char *name = update->net->name;
    if (update->clear) {
        strbuf_printf(out, "        if (%s) %s <= ", expression_text(out->arena, update->clear), name);
        print(out, update->cleared);
        strbuf_append(out, ";\n        else ");
    }
    if (update->enable) strbuf_printf(out, "if (%s) ", expression_text(out->arena, update->enable));
    strbuf_printf(out, "%s <= ", name);
    print(out, update->next);
    strbuf_append(out, ";\n");
}

static void print_updates(struct strbuf *out, const struct netlist *netlist, const struct item *item) {
    bool several = item->kind == ITEM_UPDATES;
    strbuf_printf(out, "    always @(posedge %s)%s", netlist->clock->name, several ? " begin\n" : "");
    for (uint32_t i = 0; i < item->update_count; i++) {
        const struct update *update = &item->updates[i];
        if (several && !update->clear) strbuf_append(out, "        ");
        if (!several) strbuf_append(out, update->clear ? "\n" : " ");
        print_update(out, update);
    }
    if (several) strbuf_append(out, "    end\n");
}

/* As many words a line as have room. */
static void print_contents(struct strbuf *out, const struct memory *memory) {
    size_t begin = out->length;
    strbuf_append(out, "    initial begin");
    for (uint32_t i = 0; i < memory->words; i++) {
        const char *word =
            arena_printf(out->arena, " %s[%u] = %u'h%" PRIx64 ";", memory->name, i, memory->bits, memory->contents[i]);
        if (i == 0 || out->length - begin + strlen(word) > COLUMNS_ENOUGH) {
            strbuf_append(out, "\n       ");
            begin = out->length - strlen("       ");
        }
        strbuf_append(out, word);
    }
    strbuf_append(out, "\n    end\n");
}

static void print_memory(struct strbuf *out, const struct netlist *netlist, const struct memory_write *write) {
    struct arena *arena = out->arena;
    const char *name = write->memory->name;
    const char *style = write->memory->contents ? "rom" : "ram";
    strbuf_append(out, "    ");
    if (write->memory->is_block_ram) strbuf_printf(out, "(* %s_style = \"block\" *) ", style);
    strbuf_printf(out, "reg %s%s [0:%u];\n", verilog_range(arena, write->memory->bits), name, write->memory->words - 1);
    if (write->memory->contents) print_contents(out, write->memory);
    if (!write->data) return;
    strbuf_printf(out, "    always @(posedge %s) ", netlist->clock->name);
    if (write->enable) strbuf_printf(out, "if (%s) ", expression_text(arena, write->enable));
    strbuf_printf(out, "%s[%s] <= %s;\n", name, expression_text(arena, write->address),
                  expression_text(arena, write->data));
}

static void print_instance(struct strbuf *out, const struct instance *instance) {
    strbuf_printf(out, "    %s %s (", instance->module, instance->name);
    for (uint32_t i = 0; i < instance->connection_count; i++) {
        strbuf_printf(out, "%s\n        .%s(", i ? "," : "", instance->connections[i].port);
        print(out, instance->connections[i].value);
        strbuf_append(out, ")");
    }
    strbuf_append(out, "\n    );\n");
}

static void print_unused(struct strbuf *out, const struct parts *unused) {
    strbuf_append(out, "    wire unused = &{1'b0");
    for (uint32_t i = 0; i < unused->count; i++) {
        strbuf_append(out, ", ");
        print(out, unused->at[i]);
    }
    strbuf_append(out, "};\n");
}

static void print_net(struct strbuf *out, const char *kind, const struct net *net, const struct expression *value) {
    strbuf_printf(out, "    %s %s%s", kind, verilog_range(out->arena, net->bits), net->name);
    if (value) strbuf_append(out, " = ");
    if (value) print(out, value);
    strbuf_append(out, ";\n");
}

static void print_item(struct strbuf *out, const struct netlist *netlist, const struct item *item) {
    switch (item->kind) {
    case ITEM_WIRE: print_net(out, "wire", item->net, item->value); return;
    case ITEM_ASSIGN:
        strbuf_printf(out, "    assign %s = ", item->net->name);
        print(out, item->value);
        strbuf_append(out, ";\n");
        return;
    case ITEM_REGISTER: print_net(out, "reg", item->net, NULL); return;
    case ITEM_UPDATE:
    case ITEM_UPDATES: print_updates(out, netlist, item); return;
    case ITEM_MEMORY: print_memory(out, netlist, item->write); return;
    case ITEM_INSTANCE: print_instance(out, item->instance); return;
    case ITEM_UNUSED: print_unused(out, item->unused); return;
    case ITEM_NOTE: strbuf_printf(out, "    // %s\n", item->note); return;
    case ITEM_SPACE: strbuf_append(out, "\n"); return;
    case ITEM_KINDS: break;
    }
    context_bug(arena_context(out->arena), "an item of no kind");
}

static void print_header(struct strbuf *out, const char *text) {
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        strbuf_append(out, length ? "// " : "//");
        strbuf_append_bytes(out, text, length);
        strbuf_append(out, "\n");
    }
}

void verilog_print(struct strbuf *out, const struct netlist *netlist) {
    print_header(out, netlist->header);
    strbuf_printf(out, "module %s", netlist->name);
    print_parameters(out, netlist);
    strbuf_append(out, " (");
    print_ports(out, netlist);
    strbuf_append(out, "\n);\n");
    for (uint32_t i = 0; i < netlist->item_count; i++) print_item(out, netlist, &netlist->items[i]);
    for (uint32_t i = 0; i < netlist->function_count; i++) print_function(out, netlist->functions[i]);
    strbuf_append(out, "endmodule\n");
}
