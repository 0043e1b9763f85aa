/* What the files of target/ that know the shape of wires share among themselves. */
#ifndef BXC_TARGET_SHAPE_H
#define BXC_TARGET_SHAPE_H

#include "target/target.h"

enum { LUT_INPUTS = 6 };
/* Of a function of so many bits that is mapped with haste: a multiplexer of two for each bit beyond a LUT's. Wider ones
 * would be fewer, but mapping shares what is before them among the bits of an entry. */
int lut_levels(int inputs);

const struct wire *operand_of(const struct datapath *datapath, const struct wire *wire, uint32_t i);
bool is_constant_wire(const struct wire *wire);
bool wire_is_relu(const struct datapath *datapath, const struct wire *wire); /* a clamp */
/* a value or 0: a reset where registers read it */
bool wire_is_mask(const struct datapath *datapath, const struct wire *wire);
bool wire_is_slice(const struct wire *wire); /* wiring: some bits of another wire */
int widest_operand(const struct datapath *datapath, const struct wire *wire, uint32_t first);
/* Bits of a clamp's operand that tell whether it lies outside. */
int clamp_detection(const struct datapath *datapath, const struct wire *wire);

#endif
