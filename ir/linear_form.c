/* Linear forms, added up source by source in arrays that are as long as there are sources: a form may be the sum of
 * many long ones. */
#include "ir/linear_form.h"

struct form_sum form_sum_new(struct arena *arena, uint32_t limit) {
    return (struct form_sum){.arena = arena, .limit = limit};
}

void form_reserve(struct form_sum *sum, uint32_t count) {
    if (count <= sum->capacity) return;
    size_t capacity = count > UINT32_MAX / 2 ? UINT32_MAX : 2 * count, old = sum->capacity;
    size_t terms = capacity < sum->limit ? capacity : sum->limit, old_terms = old < sum->limit ? old : sum->limit;
    sum->coefficients = arena_extend(sum->arena, sum->coefficients, old * sizeof(int128), capacity * sizeof(int128));
    sum->is_touched = arena_extend(sum->arena, sum->is_touched, old * sizeof(bool), capacity * sizeof(bool));
    if (terms > old_terms)
        sum->touched = arena_extend(sum->arena, sum->touched, old_terms * sizeof(uint32_t), terms * sizeof(uint32_t));
    sum->capacity = (uint32_t)capacity;
}

void form_begin(struct form_sum *sum) {
    sum->touched_count = 0;
    sum->constant = 0;
    sum->fails = false;
}

void form_add_constant(struct form_sum *sum, int64_t constant, int64_t factor) {
    sum->fails |= __builtin_add_overflow(sum->constant, (int128)constant * factor, &sum->constant);
}

void form_add_source(struct form_sum *sum, uint32_t source, int64_t factor) {
    sum->work++;
    if (!sum->is_touched[source]) {
        if (sum->touched_count == sum->limit) {
            sum->fails = true;
            return;
        }
        sum->is_touched[source] = true;
        sum->coefficients[source] = 0;
        sum->touched[sum->touched_count++] = source;
    }
    sum->coefficients[source] += factor;
}

void form_add(struct form_sum *sum, const struct linear_form *form, int64_t factor) {
    form_add_constant(sum, form->constant, factor);
    for (uint32_t i = 0; i < form->count && !sum->fails; i++) {
        int64_t coefficient;
        if (__builtin_mul_overflow(form->terms[i].coefficient, factor, &coefficient))
            sum->fails = true;
        else
            form_add_source(sum, form->terms[i].source, coefficient);
    }
}

static bool fits(int128 number) {
    return number >= INT64_MIN && number <= INT64_MAX;
}

bool form_end(struct form_sum *sum, struct arena *arena, struct linear_form *out) {
    bool fails = sum->fails || !fits(sum->constant);
    uint32_t count = 0;
    for (uint32_t i = 0; i < sum->touched_count; i++) {
        uint32_t source = sum->touched[i];
        sum->is_touched[source] = false;
        fails |= !fits(sum->coefficients[source]);
        if (sum->coefficients[source]) sum->touched[count++] = source;
    }
    *out = (struct linear_form){0};
    sum->touched_count = 0;
    if (fails) return false;
    struct form_term *terms = ARENA_ARRAY(arena, struct form_term, count);
    for (uint32_t i = 0; i < count; i++)
        terms[i] = (struct form_term){sum->touched[i], (int64_t)sum->coefficients[sum->touched[i]]};
    *out = (struct linear_form){terms, count, (int64_t)sum->constant};
    return true;
}

bool form_interval(const struct linear_form *form, struct interval (*source)(const void *user, uint32_t source),
                   const void *user, struct interval *out) {
    *out = (struct interval){form->constant, form->constant};
    for (uint32_t i = 0; i < form->count; i++) {
        const struct form_term *term = &form->terms[i];
        struct interval of = source(user, term->source);
        bool falls = term->coefficient < 0;
        int128 lo = (falls ? of.hi : of.lo) * term->coefficient, hi = (falls ? of.lo : of.hi) * term->coefficient;
        if (__builtin_add_overflow(out->lo, lo, &out->lo) || __builtin_add_overflow(out->hi, hi, &out->hi))
            return false;
    }
    return true;
}
