/* a < b by digits of two bits on a carry chain: a digit that is smaller makes a carry, one that is equal hands on
 * what comes from below. Two functions of four inputs a digit, one for the lowest. Of `<` some tools make a chain of
 * single bits and, beside it, a tree that tests equality. What is local to functions begins as no name of a model does.
 */
#include "codegen/verilog/verilog.h"

const char less_digit_name[] = "less_digit";

/* Whether the left digit is the smaller one. */
static const char *digit_function(struct module *module) {
    if (module->less_digit) return module->less_digit;
    const char *name = names_unique(module->plan->scope, less_digit_name);
    strbuf_printf(&module->functions,
                  "\n    // Whether the left digit is the smaller one.\n"
                  "    function %s;\n"
                  "        input [1:0] bxc_left, bxc_right;\n"
                  "        %s = (~bxc_left[1] & bxc_right[1]) |\n"
                  "            (~(bxc_left[1] ^ bxc_right[1]) & ~bxc_left[0] & bxc_right[0]);\n"
                  "    endfunction\n",
                  name, name);
    return module->less_digit = name;
}

/* Bits [from, from + LESS_DIGIT_BITS) of an argument, 0 beyond the last. */
static const char *digit_text(struct arena *arena, const char *argument, int from, int bits) {
    int count = bits - from < LESS_DIGIT_BITS ? bits - from : LESS_DIGIT_BITS;
    const char *range = bits == 1    ? argument
                        : count == 1 ? arena_printf(arena, "%s[%d]", argument, from)
                                     : arena_printf(arena, "%s[%d:%d]", argument, from + count - 1, from);
    return count == LESS_DIGIT_BITS ? range : arena_printf(arena, "{%d'd0, %s}", LESS_DIGIT_BITS - count, range);
}

static void write_function(struct module *module, const char *name, int bits) {
    struct arena *arena = module->plan->arena;
    const char *digit = digit_function(module);
    struct concatenation below = concatenation_new(arena), equal = concatenation_new(arena);
    int digits = less_digits(bits);
    for (int i = digits - 1; i >= 0; i--) {
        const char *left = digit_text(arena, "bxc_left", i * LESS_DIGIT_BITS, bits),
                   *right = digit_text(arena, "bxc_right", i * LESS_DIGIT_BITS, bits);
        concatenation_add(&below, "%s(%s, %s)", digit, left, right);
        if (i > 0)
            concatenation_add(&equal, "%s == %s", left, right);
        else
            concatenation_add(&equal, "1'd0");
    }
    const char *range = range_text(arena, digits);
    if (digits == 1) {
        strbuf_printf(&module->functions,
                      "\n    // a < b of %d bits without signs: of one digit.\n    function %s;\n"
                      "        input %sbxc_left, bxc_right;\n        %s = %s;\n    endfunction\n",
                      bits, name, range_text(arena, bits), name, concatenation_text(&below));
        return;
    }
    strbuf_printf(
        &module->functions,
        "\n    // a < b of %d bits without signs, by digits of two bits on a carry chain: of '<' synthesis makes a\n"
        "    // chain of single bits, twice as long, and a tree of LUT beside it.\n"
        "    function %s;\n        input %sbxc_left, bxc_right;\n"
        "        reg %sbxc_below, bxc_equal, bxc_unused;\n"
        "        begin\n            bxc_below = %s;\n            bxc_equal = %s;\n"
        "            {%s, bxc_unused} = {1'd0, bxc_below} + {1'd0, bxc_below | bxc_equal};\n"
        "        end\n    endfunction\n",
        bits, name, range_text(arena, bits), range, concatenation_text(&below), concatenation_text(&equal), name);
}

const char *less_name(struct arena *arena, int bits) {
    return arena_printf(arena, "less_%d", bits);
}

const char *less_text(struct module *module, int bits, const char *left, const char *right) {
    struct arena *arena = module->plan->arena;
    if (!module->less[bits]) {
        module->less[bits] = names_unique(module->plan->scope, less_name(arena, bits));
        write_function(module, module->less[bits], bits);
    }
    return arena_printf(arena, "%s(%s, %s)", module->less[bits], left, right);
}
