/* Functions of one integer, written value by value or by the values at which they change. */
#ifndef BXC_IR_LOOKUP_H
#define BXC_IR_LOOKUP_H

#include "ir/graph.h"

/* How many of its steps are at or below a number: values[...] is what it gives there. */
uint32_t staircase_step(const struct staircase *stairs, int64_t at);
/* What a staircase gives in an interval of at most UINT32_MAX integers. */
struct table staircase_table(const struct staircase *stairs, struct interval interval, struct arena *arena);
struct staircase table_staircase(const struct table *table, struct arena *arena);
/* The part of a staircase that an interval reaches, without steps that change nothing. */
struct staircase staircase_part(const struct staircase *stairs, struct interval interval, struct arena *arena);
/* The functions of a table or a threshold, as many as its attributes' shape has elements. */
const struct staircase *lookup_staircases(const struct node *node, struct arena *arena);
/* From the least to the largest of values[first] to values[last]. */
struct interval values_interval(const int64_t *values, size_t first, size_t last);

#endif
