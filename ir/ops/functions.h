/* Functions of one number, for the family of activations (activation.c). */
#ifndef BXC_IR_OPS_FUNCTIONS_H
#define BXC_IR_OPS_FUNCTIONS_H

#include "ir/meaning.h"
#include "ir/ops.h"

enum { TURNS_MAX = 2 };
struct real_function {
    float (*binary32)(float x, const struct activation_attributes *attributes); /* NULL: binary64's, rounded once */
    double (*binary64)(double x, const struct activation_attributes *attributes);
    /* Between these, and beyond them, it rises or falls; it may jump there. NULL: no more of them. */
    double (*turns[TURNS_MAX])(const struct activation_attributes *attributes);
};
extern const struct real_function real_functions[OP_COUNT];
float real_function_value(const struct node *node, float x); /* in binary32 */

/* activation.c: what such a node gives of an operand in that range. */
struct real_range activation_range(const struct node *node, struct real_range operand);

#endif
