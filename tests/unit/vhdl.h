/* A second language for netlists, as small as it can be: VHDL-2008 for a simulator, every net an `unsigned`, every
 * operation a function of one package. It reads the tree and nothing else: what a printer needs is there. It counts
 * what it meets. */
#ifndef BXC_TEST_VHDL_H
#define BXC_TEST_VHDL_H

#include "codegen/netlist/build.h"

static struct {
    int expressions[EXPRESSION_KINDS], operations[OPERATION_COUNT], items[ITEM_KINDS];
    int of_signs, cleared, enabled, tables, assignments, parameters, register_outputs;
} vhdl_met;

static const char vhdl_package[] =
    "library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;\n"
    "package bxc_bits is\n"
    "  function bxc_truth(b : boolean) return unsigned;\n"
    "  function bxc_all_of(x : unsigned) return unsigned;\n"
    "  function bxc_choose(c, yes, no : unsigned) return unsigned;\n"
    "  function bxc_repeated(x : unsigned; count : positive) return unsigned;\n"
    "  function bxc_part(x : unsigned; from, bits : natural) return unsigned;\n"
    "end package;\n"
    "package body bxc_bits is\n"
    "  function bxc_truth(b : boolean) return unsigned is begin\n"
    "    if b then return \"1\"; else return \"0\"; end if;\n  end function;\n"
    "  function bxc_all_of(x : unsigned) return unsigned is begin return bxc_truth((not x) = 0); end function;\n"
    "  function bxc_choose(c, yes, no : unsigned) return unsigned is begin\n"
    "    if c = \"1\" then return yes; else return no; end if;\n  end function;\n"
    "  function bxc_repeated(x : unsigned; count : positive) return unsigned is\n"
    "    variable all_bits : unsigned(count * x'length - 1 downto 0);\n  begin\n"
    "    for i in 0 to count - 1 loop all_bits((i + 1) * x'length - 1 downto i * x'length) := x; end loop;\n"
    "    return all_bits;\n  end function;\n"
    "  function bxc_part(x : unsigned; from, bits : natural) return unsigned is\n"
    "    variable all_bits : unsigned(x'length - 1 downto 0) := x;\n  begin\n"
    "    return all_bits(from + bits - 1 downto from);\n  end function;\n"
    "end package body;\n";

static inline const char *vhdl_type(struct arena *arena, uint32_t bits) {
    return arena_printf(arena, "unsigned(%u downto 0)", bits - 1);
}

/* ---- expressions ---- */

/* What stands before, between and behind the operands. */
static const struct {
    const char *before, *between, *behind, *between_signs;
} vhdl_operations[OPERATION_COUNT] = {
    [OPERATION_NOT] = {"(not ", "", ")", NULL},
    [OPERATION_ANY] = {"bxc_truth(", "", " /= 0)", NULL},
    [OPERATION_ALL] = {"bxc_all_of(", "", ")", NULL},
    [OPERATION_NONE] = {"bxc_truth(", "", " = 0)", NULL},
    [OPERATION_ADD] = {"(", " + ", ")", NULL},
    [OPERATION_SUBTRACT] = {"(", " - ", ")", NULL},
    [OPERATION_AND] = {"(", " and ", ")", NULL},
    [OPERATION_OR] = {"(", " or ", ")", NULL},
    [OPERATION_XOR] = {"(", " xor ", ")", NULL},
    [OPERATION_EQUAL] = {"bxc_truth(", " = ", ")", NULL},
    [OPERATION_LESS] = {"bxc_truth(", " < ", ")", ") < signed("},
    [OPERATION_GREATER] = {"bxc_truth(", " > ", ")", ") > signed("},
};

static inline void vhdl_expression(struct strbuf *out, const struct expression *e);

static inline void vhdl_operands(struct strbuf *out, const struct expression *e, const char *between) {
    for (uint32_t i = 0; i < e->operand_count; i++) {
        if (i) strbuf_append(out, between);
        vhdl_expression(out, e->operands[i]);
    }
}

static inline void vhdl_operation(struct strbuf *out, const struct expression *e) {
    vhdl_met.operations[e->operation]++;
    vhdl_met.of_signs += e->is_signed;
    strbuf_append(out, vhdl_operations[e->operation].before);
    if (e->is_signed) strbuf_append(out, "signed(");
    vhdl_operands(out, e,
                  e->is_signed ? vhdl_operations[e->operation].between_signs : vhdl_operations[e->operation].between);
    if (e->is_signed) strbuf_append(out, ")");
    strbuf_append(out, vhdl_operations[e->operation].behind);
}

static inline void vhdl_bits(struct strbuf *out, const uint64_t *words, uint32_t bits, uint32_t given) {
    strbuf_append(out, "unsigned'(\"");
    for (uint32_t bit = bits; bit-- > 0;)
        strbuf_append(out, bit < given && words[bit / 64] >> bit % 64 & 1 ? "1" : "0");
    strbuf_append(out, "\")");
}

static inline void vhdl_expression(struct strbuf *out, const struct expression *e) {
    vhdl_met.expressions[e->kind]++;
    switch (e->kind) {
    case EXPRESSION_CONSTANT: vhdl_bits(out, &e->value, e->bits, 64); return;
    case EXPRESSION_NET: strbuf_append(out, e->net->name); return;
    case EXPRESSION_SLICE: strbuf_printf(out, "%s(%u downto %u)", e->net->name, e->from + e->bits - 1, e->from); return;
    case EXPRESSION_CONCATENATION:
        strbuf_append(out, "unsigned'(");
        vhdl_operands(out, e, " & ");
        strbuf_append(out, ")");
        return;
    case EXPRESSION_REPETITION:
        strbuf_append(out, "bxc_repeated(");
        vhdl_operands(out, e, "");
        strbuf_printf(out, ", %u)", e->bits / e->operands[0]->bits);
        return;
    case EXPRESSION_OPERATION: vhdl_operation(out, e); return;
    case EXPRESSION_CONDITIONAL:
        strbuf_append(out, "bxc_choose(");
        vhdl_operands(out, e, ", ");
        strbuf_append(out, ")");
        return;
    case EXPRESSION_CALL:
        strbuf_printf(out, "%s(", e->function->result->name);
        vhdl_operands(out, e, ", ");
        strbuf_append(out, ")");
        return;
    case EXPRESSION_WORD:
        strbuf_printf(out, "%s(to_integer(", e->memory->name);
        vhdl_operands(out, e, "");
        strbuf_append(out, "))");
        return;
    case EXPRESSION_KINDS: break;
    }
    strbuf_append(out, "?");
}

/* ---- functions ---- */

static inline void vhdl_assignment(struct strbuf *out, const struct function *function, const struct assignment *a) {
    uint32_t from = a->value->bits;
    vhdl_met.assignments++;
    for (uint32_t i = 0; i < a->target_count; i++) {
        const struct net *target = a->targets[i];
        from -= target->bits;
        strbuf_printf(out, "    %s := bxc_part(", target == function->result ? "bxc_result" : target->name);
        vhdl_expression(out, a->value);
        strbuf_printf(out, ", %u, %u);\n", from, target->bits);
    }
}

static inline void vhdl_columns(struct strbuf *out, const struct function *function) {
    uint32_t size = UINT32_C(1) << function->arguments[0]->bits;
    vhdl_met.tables++;
    for (uint32_t bit = 0; bit < function->result->bits; bit++) {
        strbuf_printf(out, "  constant %s : %s := ", function->columns[bit].name, vhdl_type(out->arena, size));
        vhdl_bits(out, function->columns[bit].words, size, size);
        strbuf_append(out, ";\n");
    }
}

static inline void vhdl_function(struct strbuf *out, const struct function *function) {
    for (const char *const *line = function->comment; line && *line; line++) strbuf_printf(out, "  -- %s\n", *line);
    if (function->columns) vhdl_columns(out, function);
    strbuf_printf(out, "  function %s(", function->result->name);
    for (uint32_t i = 0; i < function->argument_count; i++)
        strbuf_printf(out, "%s%s : %s", i ? "; " : "", function->arguments[i]->name,
                      vhdl_type(out->arena, function->arguments[i]->bits));
    strbuf_printf(out, ") return unsigned is\n    variable bxc_result : %s;\n",
                  vhdl_type(out->arena, function->result->bits));
    for (uint32_t i = 0; i < function->variable_count; i++)
        strbuf_printf(out, "    variable %s : %s;\n", function->variables[i]->name,
                      vhdl_type(out->arena, function->variables[i]->bits));
    strbuf_append(out, "  begin\n");
    for (uint32_t i = 0; i < function->assignment_count; i++) vhdl_assignment(out, function, &function->assignments[i]);
    for (uint32_t bit = 0; function->columns && bit < function->result->bits; bit++)
        strbuf_printf(out, "    bxc_result(%u) := %s(to_integer(%s));\n", bit, function->columns[bit].name,
                      function->arguments[0]->name);
    strbuf_append(out, "    return bxc_result;\n  end function;\n");
}

/* ---- items: what they declare, what they do ---- */

static inline void vhdl_signal(struct strbuf *out, const struct net *net) {
    strbuf_printf(out, "  signal %s : %s;\n", net->name, vhdl_type(out->arena, net->bits));
}

static inline void vhdl_declaration(struct strbuf *out, const struct item *item) {
    vhdl_met.items[item->kind]++;
    if (item->kind == ITEM_WIRE || item->kind == ITEM_REGISTER) vhdl_signal(out, item->net);
    if (item->kind != ITEM_MEMORY) return;
    const struct memory *memory = item->write->memory;
    strbuf_printf(out, "  type %s_words is array (0 to %u) of %s;\n  signal %s : %s_words", memory->name,
                  memory->words - 1, vhdl_type(out->arena, memory->bits), memory->name, memory->name);
    for (uint32_t i = 0; memory->contents && i < memory->words; i++) {
        strbuf_printf(out, "%s%u => ", i ? ", " : " := (", i);
        vhdl_bits(out, &memory->contents[i], memory->bits, memory->bits);
    }
    strbuf_append(out, memory->contents ? ");\n" : ";\n");
}

/* target <= value; */
static inline void vhdl_drive(struct strbuf *out, const char *target, const struct expression *value) {
    strbuf_printf(out, "  %s <= ", target);
    vhdl_expression(out, value);
    strbuf_append(out, ";\n");
}

static inline void vhdl_if(struct strbuf *out, const struct expression *condition) {
    strbuf_append(out, "  if ");
    vhdl_expression(out, condition);
    strbuf_append(out, " = \"1\" then\n");
}

static inline void vhdl_update(struct strbuf *out, const struct update *update) {
    vhdl_met.cleared += update->clear != NULL;
    vhdl_met.enabled += update->enable != NULL;
    if (update->clear) {
        vhdl_if(out, update->clear);
        vhdl_drive(out, update->net->name, update->cleared);
        strbuf_append(out, "  else\n");
    }
    if (update->enable) vhdl_if(out, update->enable);
    vhdl_drive(out, update->net->name, update->next);
    if (update->enable) strbuf_append(out, "  end if;\n");
    if (update->clear) strbuf_append(out, "  end if;\n");
}

static inline void vhdl_write(struct strbuf *out, const struct memory_write *write) {
    struct strbuf word = strbuf_new(out->arena);
    strbuf_printf(&word, "%s(to_integer(", write->memory->name);
    vhdl_expression(&word, write->address);
    strbuf_append(&word, "))");
    if (write->enable) vhdl_if(out, write->enable);
    vhdl_drive(out, word.data, write->data);
    if (write->enable) strbuf_append(out, "  end if;\n");
}

static inline void vhdl_clocked(struct strbuf *out, const struct netlist *netlist, const struct item *item) {
    strbuf_printf(out, "  process (%s) begin\n  if rising_edge(%s(0)) then\n", netlist->clock->name,
                  netlist->clock->name);
    if (item->kind == ITEM_MEMORY) vhdl_write(out, item->write);
    for (uint32_t i = 0; item->kind != ITEM_MEMORY && i < item->update_count; i++) vhdl_update(out, &item->updates[i]);
    strbuf_append(out, "  end if;\n  end process;\n");
}

static inline void vhdl_instance(struct strbuf *out, const struct instance *instance) {
    strbuf_printf(out, "  %s : entity work.%s port map (", instance->name, instance->module);
    for (uint32_t i = 0; i < instance->connection_count; i++) {
        strbuf_printf(out, "%s\n    %s => ", i ? "," : "", instance->connections[i].port);
        vhdl_expression(out, instance->connections[i].value);
    }
    strbuf_append(out, ");\n");
}

static inline void vhdl_statement(struct strbuf *out, const struct netlist *netlist, const struct item *item) {
    switch (item->kind) {
    case ITEM_WIRE:
        if (item->value) vhdl_drive(out, item->net->name, item->value);
        return;
    case ITEM_ASSIGN: vhdl_drive(out, item->net->name, item->value); return;
    case ITEM_MEMORY:
        if (item->write->data) vhdl_clocked(out, netlist, item);
        return;
    case ITEM_UPDATE:
    case ITEM_UPDATES: vhdl_clocked(out, netlist, item); return;
    case ITEM_INSTANCE: vhdl_instance(out, item->instance); return;
    case ITEM_NOTE: strbuf_printf(out, "  -- %s\n", item->note); return;
    case ITEM_SPACE: strbuf_append(out, "\n"); return;
    case ITEM_REGISTER:
    case ITEM_UNUSED:
    case ITEM_KINDS: return;
    }
}

/* ---- modules ---- */

static inline void vhdl_generics(struct strbuf *out, const struct netlist *netlist) {
    for (uint32_t i = 0; i < netlist->parameter_count; i++, vhdl_met.parameters++)
        strbuf_printf(out, "%s%s : %s := x\"%s\"", i ? "; " : "  generic (", netlist->parameters[i].net->name,
                      vhdl_type(out->arena, netlist->parameters[i].net->bits), netlist->parameters[i].digits);
    if (netlist->parameter_count) strbuf_append(out, ");\n");
}

static inline void vhdl_entity(struct strbuf *out, const struct netlist *netlist) {
    strbuf_printf(out,
                  "library ieee;\nuse ieee.std_logic_1164.all;\nuse ieee.numeric_std.all;\nuse work.bxc_bits.all;\n"
                  "entity %s is\n",
                  netlist->name);
    vhdl_generics(out, netlist);
    for (uint32_t i = 0; i < netlist->port_count; i++) {
        const struct module_port *port = &netlist->ports[i];
        vhdl_met.register_outputs += port->is_register;
        strbuf_printf(out, "%s    %s : %s %s", i ? ";\n" : "  port (\n", port->net->name,
                      port->is_output ? "out" : "in", vhdl_type(out->arena, port->net->bits));
    }
    strbuf_printf(out, ");\nend entity;\n");
}

static inline struct strbuf vhdl_print(struct arena *arena, const struct netlist *netlist) {
    struct strbuf text = strbuf_new(arena), *out = &text;
    vhdl_entity(out, netlist);
    strbuf_printf(out, "architecture made of %s is\n", netlist->name);
    for (uint32_t i = 0; i < netlist->item_count; i++) vhdl_declaration(out, &netlist->items[i]);
    for (uint32_t i = 0; i < netlist->function_count; i++) vhdl_function(out, netlist->functions[i]);
    strbuf_append(out, "begin\n");
    for (uint32_t i = 0; i < netlist->item_count; i++) vhdl_statement(out, netlist, &netlist->items[i]);
    strbuf_append(out, "end architecture;\n");
    return text;
}

static inline const char *vhdl_element(struct arena *arena, const char *port, int bits) {
    return arena_printf(arena, "%s(%d * i + %d downto %d * i)", port, bits, bits - 1, bits);
}

#endif
