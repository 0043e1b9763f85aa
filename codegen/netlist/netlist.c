/* Builders, which see to it that widths fit. */
#include "codegen/netlist/netlist.h"
#include "ir/context.h"

struct net *net_new(struct arena *arena, const char *name, uint32_t bits) {
    struct net *net = ARENA_NEW(arena, struct net);
    if (bits == 0) context_bug(arena_context(arena), "net '%s' has no bits", name);
    *net = (struct net){name, bits};
    return net;
}

/* ---- expressions ---- */

static struct expression *expression_new(struct arena *arena, enum expression_kind kind, uint32_t bits,
                                         const struct expression *const *operands, uint32_t count) {
    struct expression *expression = ARENA_NEW(arena, struct expression);
    if (bits == 0) context_bug(arena_context(arena), "an expression of no bits");
    expression->kind = kind;
    expression->bits = bits;
    expression->operand_count = count;
    if (count) expression->operands = arena_copy(arena, operands, count * sizeof *operands);
    return expression;
}

static void check_width(struct arena *arena, const struct expression *expression, uint32_t bits) {
    if (expression->bits != bits)
        context_bug(arena_context(arena), "an operand of %u bits where %u belong", expression->bits, bits);
}

const struct expression *expression_constant(struct arena *arena, uint32_t bits, uint64_t value) {
    struct expression *constant = expression_new(arena, EXPRESSION_CONSTANT, bits, NULL, 0);
    constant->value = bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
    return constant;
}

const struct expression *expression_net(struct arena *arena, const struct net *net) {
    return expression_slice(arena, net, 0, net->bits);
}

const struct expression *expression_slice(struct arena *arena, const struct net *net, uint32_t from, uint32_t bits) {
    if (from + bits > net->bits)
        context_bug(arena_context(arena), "net '%s' has no bit %u", net->name, from + bits - 1);
    struct expression *slice =
        expression_new(arena, bits == net->bits ? EXPRESSION_NET : EXPRESSION_SLICE, bits, NULL, 0);
    slice->net = net;
    slice->from = from;
    return slice;
}

const struct expression *expression_repeat(struct arena *arena, const struct expression *operand, uint32_t times) {
    if (times == 1) return operand;
    return expression_new(arena, EXPRESSION_REPETITION, times * operand->bits, &operand, 1);
}

static bool gives_one_bit(enum operation operation) {
    return operation == OPERATION_ANY || operation == OPERATION_ALL || operation == OPERATION_NONE ||
           operation >= OPERATION_EQUAL;
}

const struct expression *expression_unary(struct arena *arena, enum operation operation,
                                          const struct expression *operand) {
    uint32_t bits = gives_one_bit(operation) ? 1 : operand->bits;
    struct expression *unary = expression_new(arena, EXPRESSION_OPERATION, bits, &operand, 1);
    unary->operation = operation;
    return unary;
}

const struct expression *expression_compare(struct arena *arena, enum operation operation, bool is_signed,
                                            const struct expression *left, const struct expression *right) {
    uint32_t bits = gives_one_bit(operation) ? 1 : left->bits;
    check_width(arena, right, left->bits);
    struct expression *binary =
        expression_new(arena, EXPRESSION_OPERATION, bits, (const struct expression *[]){left, right}, 2);
    binary->operation = operation;
    binary->is_signed = is_signed;
    return binary;
}

const struct expression *expression_binary(struct arena *arena, enum operation operation, const struct expression *left,
                                           const struct expression *right) {
    return expression_compare(arena, operation, false, left, right);
}

const struct expression *expression_conditional(struct arena *arena, const struct expression *condition,
                                                const struct expression *yes, const struct expression *no) {
    check_width(arena, condition, 1);
    check_width(arena, no, yes->bits);
    return expression_new(arena, EXPRESSION_CONDITIONAL, yes->bits, (const struct expression *[]){condition, yes, no},
                          3);
}

const struct expression *expression_call(struct arena *arena, const struct function *function,
                                         const struct expression *const *operands, uint32_t count) {
    if (count != function->argument_count)
        context_bug(arena_context(arena), "function '%s' takes no %u arguments", function->result->name, count);
    for (uint32_t i = 0; i < count; i++) check_width(arena, operands[i], function->arguments[i]->bits);
    struct expression *call = expression_new(arena, EXPRESSION_CALL, function->result->bits, operands, count);
    call->function = function;
    return call;
}

uint32_t address_bits(uint32_t words) {
    uint32_t bits = 1;
    while (bits < 32 && words > UINT32_C(1) << bits) bits++;
    return bits;
}

const struct expression *expression_word(struct arena *arena, const struct memory *memory,
                                         const struct expression *address) {
    check_width(arena, address, address_bits(memory->words));
    struct expression *word = expression_new(arena, EXPRESSION_WORD, memory->bits, &address, 1);
    word->memory = memory;
    return word;
}

/* ---- lists ---- */

#define APPEND(arena, list, count, capacity, ...)                                                                      \
    do {                                                                                                               \
        list = grown(arena, list, count, &(capacity), sizeof *(list));                                                 \
        (list)[(count)++] = __VA_ARGS__;                                                                               \
    } while (0)

static void *grown(struct arena *arena, void *list, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return list;
    uint32_t larger = *capacity ? 2 * *capacity : 4;
    list = arena_grow(arena, list, count * size, larger * size);
    *capacity = larger;
    return list;
}

struct parts parts_new(struct arena *arena) {
    return (struct parts){.arena = arena};
}

void parts_add(struct parts *parts, const struct expression *part) {
    APPEND(parts->arena, parts->at, parts->count, parts->capacity, part);
}

const struct expression *parts_joined(const struct parts *parts) {
    uint32_t bits = 0;
    if (parts->count == 1) return parts->at[0];
    for (uint32_t i = 0; i < parts->count; i++) bits += parts->at[i]->bits;
    return expression_new(parts->arena, EXPRESSION_CONCATENATION, bits, parts->at, parts->count);
}

/* ---- modules ---- */

struct netlist *netlist_new(struct arena *arena, const char *name) {
    struct netlist *netlist = ARENA_NEW(arena, struct netlist);
    netlist->arena = arena;
    netlist->name = name;
    netlist->header = "";
    return netlist;
}

void netlist_parameter(struct netlist *netlist, const struct net *net, const char *digits) {
    APPEND(netlist->arena, netlist->parameters, netlist->parameter_count, netlist->parameter_capacity,
           (struct parameter){net, digits});
}

void netlist_port(struct netlist *netlist, struct module_port port) {
    APPEND(netlist->arena, netlist->ports, netlist->port_count, netlist->port_capacity, port);
}

static void add_item(struct netlist *netlist, struct item item) {
    APPEND(netlist->arena, netlist->items, netlist->item_count, netlist->item_capacity, item);
}

void netlist_wire(struct netlist *netlist, const struct net *net, const struct expression *value) {
    if (value) check_width(netlist->arena, value, net->bits);
    add_item(netlist, (struct item){.kind = ITEM_WIRE, .net = net, .value = value});
}

void netlist_assign(struct netlist *netlist, const struct net *net, const struct expression *value) {
    check_width(netlist->arena, value, net->bits);
    add_item(netlist, (struct item){.kind = ITEM_ASSIGN, .net = net, .value = value});
}

void netlist_register(struct netlist *netlist, const struct net *net) {
    add_item(netlist, (struct item){.kind = ITEM_REGISTER, .net = net});
}

static void check_clock(const struct netlist *netlist) {
    if (!netlist->clock) context_bug(arena_context(netlist->arena), "module '%s' has no clock", netlist->name);
}

static void check_update(const struct netlist *netlist, const struct update *update) {
    if (!update->clear != !update->cleared)
        context_bug(arena_context(netlist->arena), "register '%s' is cleared to nothing", update->net->name);
    if (update->clear) check_width(netlist->arena, update->clear, 1);
    if (update->clear) check_width(netlist->arena, update->cleared, update->net->bits);
    if (update->enable) check_width(netlist->arena, update->enable, 1);
    check_width(netlist->arena, update->next, update->net->bits);
}

static void add_updates(struct netlist *netlist, enum item_kind kind, const struct update *updates, uint32_t count) {
    check_clock(netlist);
    for (uint32_t i = 0; i < count; i++) check_update(netlist, &updates[i]);
    add_item(netlist, (struct item){.kind = kind,
                                    .updates = arena_copy(netlist->arena, updates, count * sizeof *updates),
                                    .update_count = count});
}

void netlist_update(struct netlist *netlist, struct update update) {
    add_updates(netlist, ITEM_UPDATE, &update, 1);
}

void netlist_updates(struct netlist *netlist, const struct update *updates, uint32_t count) {
    if (count) add_updates(netlist, ITEM_UPDATES, updates, count);
}

void netlist_memory(struct netlist *netlist, struct memory_write write) {
    check_clock(netlist);
    if (write.data) {
        if (write.enable) check_width(netlist->arena, write.enable, 1);
        check_width(netlist->arena, write.address, address_bits(write.memory->words));
        check_width(netlist->arena, write.data, write.memory->bits);
    }
    add_item(netlist, (struct item){.kind = ITEM_MEMORY, .write = arena_copy(netlist->arena, &write, sizeof write)});
}

struct instance *netlist_instance(struct netlist *netlist, const char *module, const char *name) {
    struct instance *instance = ARENA_NEW(netlist->arena, struct instance);
    instance->module = module;
    instance->name = name;
    add_item(netlist, (struct item){.kind = ITEM_INSTANCE, .instance = instance});
    return instance;
}

void netlist_connect(struct netlist *netlist, struct instance *instance, const char *port,
                     const struct expression *value) {
    APPEND(netlist->arena, instance->connections, instance->connection_count, instance->connection_capacity,
           (struct connection){port, value});
}

void netlist_unused(struct netlist *netlist, const struct parts *unused) {
    if (unused->count == 0) return;
    add_item(netlist, (struct item){.kind = ITEM_UNUSED, .unused = arena_copy(netlist->arena, unused, sizeof *unused)});
}

void netlist_note(struct netlist *netlist, const char *note) {
    add_item(netlist, (struct item){.kind = ITEM_NOTE, .note = note});
}

void netlist_space(struct netlist *netlist) {
    add_item(netlist, (struct item){.kind = ITEM_SPACE});
}

void netlist_function(struct netlist *netlist, const struct function *function) {
    APPEND(netlist->arena, netlist->functions, netlist->function_count, netlist->function_capacity, function);
}
