/* Numbers that are the same on every machine. */
#ifndef BXC_IR_RANDOM_H
#define BXC_IR_RANDOM_H

#include <stdint.h>

uint64_t splitmix64(uint64_t *state); /* the next one; the state may begin as anything */

#endif
