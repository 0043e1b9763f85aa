/* What an adder is: how a sum of shifted terms is cut into bits that pass and one carry chain, and what its carries
 * take. Area, delay, trees and the emitted Verilog ask here. */
#ifndef BXC_TARGET_ADDER_H
#define BXC_TARGET_ADDER_H

#include "ir/datapath.h"

enum { SUMMANDS_MAX = 16 };

/* In the bits of the result. From `end` on its bits are zero (64: its sign goes on). */
struct summand {
    bool is_literal, negative;
    int operand; /* of the wire; -1: the literal */
    int start, end;
};

/* What is left of a sum from bit `from` on, where two summands meet or a negative one begins. */
struct adder {
    struct summand summands[SUMMANDS_MAX];
    int count, terms; /* 0: nothing is left; terms: those that are no literal */
    int from, bits;
    uint64_t literal; /* the wire's constant, and operands that are constants; modulo 2^64, from bit 0 */
    bool carried;     /* the literal and the +1 of negated terms come by the carries: */
    int ones;         /* so many terms are subtracted (x as - ~x), the others added (-x as + ~x) */
};

/* Bits [from, until) below it, which one positive summand alone provides, or nobody. */
struct passing {
    int from, until;
    bool is_zero;
    struct summand summand;
};

/* Of its first three operands: what is longer before `trees` is not told apart. */
struct adder adder_of(const struct datapath *datapath, const struct wire *wire, int bits);
/* Of all of them, of which there must be fewer than SUMMANDS_MAX; passing has room for twice as many, low bits first.
 */
struct adder adder_with_passing(const struct datapath *datapath, const struct wire *wire, int bits,
                                struct passing *passing, int *passing_count);
/* Of a << shift_a plus or minus b << shift_b, in the bits of the longer one: the carry out of them is left off. */
struct adder adder_of_pair(struct interval a, int shift_a, struct interval b, int shift_b, bool subtract);
/* LUT of an adder of two terms: bits in which both have something of their own; beside those the carry chain passes
 * through without a LUT, but for a negative term's borrow, which takes one more. */
struct overlap {
    int bits;
    bool borrow;
};
struct overlap adder_overlap(const struct adder *adder);
/* Operands that share the chain: wires, and a literal that is no carry-in. */
int adder_chain_terms(const struct adder *adder);
/* Whether so many ones, the constant and a +1 for each negated term, come by the carries of so many terms. */
bool adder_carries(int64_t ones, int64_t terms);

#endif
