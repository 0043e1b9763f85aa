/* Events of every kind with the outputs that are right, gathered while a verification goes by, for what runs once
 * over all of them: many in a row, with gaps, with resets. */
#include <string.h>

#include "sim/private.h"

static int64_t **arrays_new(struct arena *arena, uint32_t count, const size_t *elements, size_t capacity) {
    int64_t **arrays = ARENA_ARRAY(arena, int64_t *, count + 1);
    for (uint32_t i = 0; i < count; i++) arrays[i] = arena_calloc(arena, capacity, elements[i] * sizeof **arrays + 1);
    return arrays;
}

struct sample *sample_new(const struct engine *engine, struct arena *arena) {
    struct sample *sample = ARENA_NEW(arena, struct sample);
    *sample = (struct sample){.capacity = GATHERED_EVENTS,
                              .input_count = engine->input_count,
                              .output_count = engine->output_count,
                              .input_elements = engine->input_elements,
                              .output_elements = engine->output_elements};
    sample->inputs = arrays_new(arena, sample->input_count, sample->input_elements, sample->capacity);
    sample->expected = arrays_new(arena, sample->output_count, sample->output_elements, sample->capacity);
    sample->phases = ARENA_ARRAY(arena, enum phase, sample->capacity);
    sample->numbers = ARENA_ARRAY(arena, uint64_t, sample->capacity);
    return sample;
}

static void copy_rows(int64_t *const *to, int64_t *const *from, uint32_t count, const size_t *elements, size_t at,
                      size_t row) {
    for (uint32_t i = 0; i < count; i++)
        memcpy(to[i] + at * elements[i], from[i] + row * elements[i], elements[i] * sizeof **to);
}

/* Spread evenly over the block. */
void sample_add(struct sample *sample, const struct event_block *block, int64_t *const *expected, uint64_t wanted) {
    size_t take = wanted < block->events ? (size_t)wanted : block->events;
    for (size_t k = 0; k < take && sample->count < sample->capacity; k++) {
        size_t row = k * block->events / take, at = sample->count++;
        copy_rows(sample->inputs, block->integers, sample->input_count, sample->input_elements, at, row);
        copy_rows(sample->expected, expected, sample->output_count, sample->output_elements, at, row);
        sample->phases[at] = block->phase;
        sample->numbers[at] = block->first_in_phase + row;
    }
}
