/* Linear forms: a constant plus coefficients times sources. A source is a number of which an interval alone is known;
 * whoever adds forms up says which numbers those are. */
#ifndef BXC_IR_LINEAR_FORM_H
#define BXC_IR_LINEAR_FORM_H

#include "ir/arena.h"
#include "ir/fixed.h"

struct form_term {
    uint32_t source;
    int64_t coefficient; /* not 0 */
};
struct linear_form {
    const struct form_term *terms; /* each source once */
    uint32_t count;
    int64_t constant;
};

/* One form that is added up. Sums are kept in 128 bits: nothing but its end may leave 64. */
struct form_sum {
    struct arena *arena;
    uint32_t capacity; /* sources are below it */
    uint32_t limit;    /* of terms on the way */
    int128 *coefficients;
    bool *is_touched;
    uint32_t *touched;
    uint32_t touched_count;
    int128 constant;
    bool fails;    /* too many terms, too large a coefficient */
    uint64_t work; /* terms added, since the beginning of all forms */
};

/* limit: more terms make a form fail. */
struct form_sum form_sum_new(struct arena *arena, uint32_t limit);
/* Between two forms: sources up to `count` may be added. */
void form_reserve(struct form_sum *sum, uint32_t count);
void form_begin(struct form_sum *sum);
void form_add_constant(struct form_sum *sum, int64_t constant, int64_t factor);
void form_add_source(struct form_sum *sum, uint32_t source, int64_t factor);
void form_add(struct form_sum *sum, const struct linear_form *form, int64_t factor);
/* Gives the form, its terms in `arena` in the order in which their sources came; false when it failed or a number
 * leaves 64 bits. The sum is empty again. */
bool form_end(struct form_sum *sum, struct arena *arena, struct linear_form *out);

/* What a form can be, over its sources' intervals, which lie within 64 bits; false when that leaves 128. */
bool form_interval(const struct linear_form *form, struct interval (*source)(const void *user, uint32_t source),
                   const void *user, struct interval *out);

#endif
