/* a < b by digits of two bits on a carry chain: a digit that is smaller makes a carry, one that is equal hands on
 * what comes from below. Two functions of four inputs a digit, one for the lowest. Of `<` some tools make a chain of
 * single bits and, beside it, a tree that tests equality. What is local to functions begins as no name of a model does.
 */
#include "codegen/netlist/build.h"

#include <string.h>

static const char less_digit_name[] = "less_digit";

static const char *less_name(struct arena *arena, int bits) {
    return arena_printf(arena, "less_%d", bits);
}

bool less_has_own_names(const struct module *module) {
    if (module->less_digit && strcmp(module->less_digit->result->name, less_digit_name) != 0) return false;
    for (int bits = 0; bits <= BITS_MAX; bits++)
        if (module->less[bits] && strcmp(module->less[bits]->result->name, less_name(module->arena, bits)) != 0)
            return false;
    return true;
}

/* ---- a function of two arguments, and one assignment or a few ---- */

struct comparison {
    struct arena *arena;
    const struct net *left, *right;
    struct function *function;
};

/* The comment's lines end with NULL and stay where they are. */
static struct comparison comparison_new(struct module *module, const char *name, int bits, const char *const *comment) {
    struct arena *arena = module->arena;
    struct comparison c = {.arena = arena, .function = ARENA_NEW(arena, struct function)};
    c.left = net_new(arena, "bxc_left", (uint32_t)bits);
    c.right = net_new(arena, "bxc_right", (uint32_t)bits);
    c.function->result = net_new(arena, names_unique(module->plan->scope, name), 1);
    c.function->comment = comment;
    c.function->arguments = arena_copy(arena, (const struct net *[]){c.left, c.right}, 2 * sizeof(struct net *));
    c.function->argument_count = 2;
    return c;
}

static void assign(struct comparison *c, const struct assignment *assignments, uint32_t count) {
    c->function->assignments = arena_copy(c->arena, assignments, count * sizeof *assignments);
    c->function->assignment_count = count;
}

static struct assignment assignment_to(struct arena *arena, const struct net *net, const struct expression *value) {
    return (struct assignment){arena_copy(arena, &net, sizeof(const struct net *)), 1, value};
}

/* ---- a digit ---- */

/* Whether the left digit is the smaller one. */
static const struct expression *digit_below(const struct comparison *c) {
    struct arena *arena = c->arena;
    const struct expression *left[] = {expression_slice(arena, c->left, 0, 1), expression_slice(arena, c->left, 1, 1)};
    const struct expression *right[] = {expression_slice(arena, c->right, 0, 1),
                                        expression_slice(arena, c->right, 1, 1)};
    const struct expression *high =
        expression_binary(arena, OPERATION_AND, expression_unary(arena, OPERATION_NOT, left[1]), right[1]);
    const struct expression *alike =
        expression_unary(arena, OPERATION_NOT, expression_binary(arena, OPERATION_XOR, left[1], right[1]));
    const struct expression *low = expression_binary(
        arena, OPERATION_AND,
        expression_binary(arena, OPERATION_AND, alike, expression_unary(arena, OPERATION_NOT, left[0])), right[0]);
    return expression_binary(arena, OPERATION_OR, high, low);
}

static const struct function *digit_function(struct module *module) {
    static const char *const comment[] = {"Whether the left digit is the smaller one.", NULL};
    if (module->less_digit) return module->less_digit;
    struct comparison c = comparison_new(module, less_digit_name, LESS_DIGIT_BITS, comment);
    struct assignment result = assignment_to(c.arena, c.function->result, digit_below(&c));
    assign(&c, &result, 1);
    netlist_function(module->netlist, c.function);
    return module->less_digit = c.function;
}

/* Bits [from, from + LESS_DIGIT_BITS) of an argument, 0 beyond the last. */
static const struct expression *digit_of(struct arena *arena, const struct net *argument, int from) {
    int bits = (int)argument->bits, count = bits - from < LESS_DIGIT_BITS ? bits - from : LESS_DIGIT_BITS;
    struct parts parts = parts_new(arena);
    if (count < LESS_DIGIT_BITS) parts_add(&parts, expression_constant(arena, (uint32_t)(LESS_DIGIT_BITS - count), 0));
    parts_add(&parts, expression_slice(arena, argument, (uint32_t)from, (uint32_t)count));
    return parts_joined(&parts);
}

/* ---- the digits of a comparison ---- */

/* {carry, unused} = below + (below | equal) */
static void chain(struct comparison *c, const struct expression *below_bits, const struct expression *equal_bits) {
    struct arena *arena = c->arena;
    uint32_t digits = below_bits->bits;
    const struct net *below = net_new(arena, "bxc_below", digits), *equal = net_new(arena, "bxc_equal", digits);
    const struct net *unused = net_new(arena, "bxc_unused", digits);
    const struct expression *carry = expression_constant(arena, 1, 0), *generated = expression_net(arena, below);
    const struct expression *handed_on =
        expression_binary(arena, OPERATION_OR, generated, expression_net(arena, equal));
    struct parts left = parts_new(arena), right = parts_new(arena);
    parts_add(&left, carry);
    parts_add(&left, generated);
    parts_add(&right, carry);
    parts_add(&right, handed_on);
    struct assignment assignments[] = {
        assignment_to(arena, below, below_bits),
        assignment_to(arena, equal, equal_bits),
        {arena_copy(arena, (const struct net *[]){c->function->result, unused}, 2 * sizeof(struct net *)), 2,
         expression_binary(arena, OPERATION_ADD, parts_joined(&left), parts_joined(&right))},
    };
    assign(c, assignments, 3);
    c->function->variables = arena_copy(arena, (const struct net *[]){below, equal, unused}, 3 * sizeof(struct net *));
    c->function->variable_count = 3;
}

static const char *const *comment_of(struct arena *arena, int bits) {
    const char *one[] = {arena_printf(arena, "a < b of %d bits without signs: of one digit.", bits), NULL};
    const char *several[] = {
        arena_printf(arena,
                     "a < b of %d bits without signs, by digits of two bits on a carry chain: of '<' synthesis makes a",
                     bits),
        "chain of single bits, twice as long, and a tree of LUT beside it.", NULL};
    return less_digits(bits) == 1 ? arena_copy(arena, one, sizeof one) : arena_copy(arena, several, sizeof several);
}

static const struct function *less_function(struct module *module, int bits) {
    struct arena *arena = module->arena;
    struct comparison c = comparison_new(module, less_name(arena, bits), bits, comment_of(arena, bits));
    const struct function *digit = digit_function(module);
    struct parts below = parts_new(arena), equal = parts_new(arena);
    for (int i = less_digits(bits) - 1; i >= 0; i--) {
        const struct expression *left = digit_of(arena, c.left, i * LESS_DIGIT_BITS);
        const struct expression *right = digit_of(arena, c.right, i * LESS_DIGIT_BITS);
        parts_add(&below, expression_call(arena, digit, (const struct expression *[]){left, right}, 2));
        parts_add(&equal,
                  i > 0 ? expression_binary(arena, OPERATION_EQUAL, left, right) : expression_constant(arena, 1, 0));
    }
    if (below.count > 1) {
        chain(&c, parts_joined(&below), parts_joined(&equal));
    } else {
        struct assignment result = assignment_to(arena, c.function->result, parts_joined(&below));
        assign(&c, &result, 1);
    }
    netlist_function(module->netlist, c.function);
    return c.function;
}

const struct expression *less_expression(struct module *module, const struct expression *left,
                                         const struct expression *right) {
    const struct function **function = &module->less[left->bits];
    if (!*function) *function = less_function(module, (int)left->bits);
    return expression_call(module->arena, *function, (const struct expression *[]){left, right}, 2);
}
