/* Loop nests over the elements of a tensor, for languages that keep loops (C, HLS C++).
 *
 * Every array in a nest is read or written at offset + sum of stride * loop variable. Broadcasting,
 * transposing and slicing are such strides. Loops of one turn are left out and neighbours that all
 * arrays step through alike are merged, so that an ordinary tensor is one loop. */
#include "codegen/codegen.h"

void nest_start(struct nest *nest, struct arena *arena, const struct shape *shape) {
    *nest = (struct nest){.arena = arena, .shape = *shape};
    nest->rank = shape->rank;
    for (int axis = 0; axis < shape->rank; axis++) nest->count[axis] = shape->dim[axis];
}

int nest_array(struct nest *nest, int64_t offset, const int64_t *stride) {
    int index = nest->array_count++;
    if (index >= NEST_ARRAYS_MAX)
        context_bug(arena_context(nest->arena), "a loop nest over more than %d arrays", NEST_ARRAYS_MAX);
    nest->offset[index] = offset;
    for (int axis = 0; axis < nest->shape.rank; axis++) nest->stride[index][axis] = stride[axis];
    return index;
}

int nest_broadcast(struct nest *nest, const struct shape *narrow) {
    int64_t own[SHAPE_RANK_MAX] = {0}, stride[SHAPE_RANK_MAX] = {0};
    int missing = nest->shape.rank - narrow->rank;
    shape_strides(narrow, own);
    for (int axis = 0; axis < narrow->rank; axis++)
        if (axis + missing >= 0 && narrow->dim[axis] != 1) stride[axis + missing] = own[axis];
    return nest_array(nest, 0, stride);
}

static bool mergeable(const struct nest *nest, int axis) {
    for (int array = 0; array < nest->array_count; array++)
        if (nest->stride[array][axis] != nest->stride[array][axis + 1] * nest->count[axis + 1]) return false;
    return true;
}

static void remove_axis(struct nest *nest, int gone) {
    nest->rank--;
    for (int axis = gone; axis < nest->rank; axis++) {
        nest->count[axis] = nest->count[axis + 1];
        for (int array = 0; array < nest->array_count; array++)
            nest->stride[array][axis] = nest->stride[array][axis + 1];
    }
}

void nest_finish(struct nest *nest) {
    for (int axis = nest->rank - 1; axis >= 0; axis--)
        if (nest->count[axis] == 1) remove_axis(nest, axis);
    for (int axis = nest->rank - 2; axis >= 0; axis--) {
        if (!mergeable(nest, axis)) continue;
        nest->count[axis + 1] *= nest->count[axis];
        remove_axis(nest, axis);
    }
}

static char loop_variable(int axis) {
    return (char)('i' + axis);
}

void nest_open(const struct nest *nest, struct strbuf *out, bool unrolled) {
    for (int axis = 0; axis < nest->rank; axis++) {
        int indent = 4 * (axis + 1);
        bool braces = unrolled || axis + 1 < nest->rank;
        char i = loop_variable(axis);
        if (unrolled) strbuf_printf(out, "%*sBXC_UNROLL_NEXT\n", indent, "");
        strbuf_printf(out, "%*sfor (int %c = 0; %c < %lld; %c++)%s\n", indent, "", i, i, (long long)nest->count[axis],
                      i, braces ? " {" : "");
        if (unrolled) strbuf_printf(out, "%*sBXC_UNROLL\n", indent + 4, "");
    }
    strbuf_printf(out, "%*s", 4 * (nest->rank + 1), "");
}

void nest_close(const struct nest *nest, struct strbuf *out, bool unrolled) {
    for (int axis = nest->rank - (unrolled ? 1 : 2); axis >= 0; axis--)
        strbuf_printf(out, "%*s}\n", 4 * (axis + 1), "");
}

const char *nest_index(const struct nest *nest, int array) {
    struct strbuf text = strbuf_new(nest->arena);
    for (int axis = 0; axis < nest->rank; axis++) {
        int64_t stride = nest->stride[array][axis];
        if (stride == 0) continue;
        if (text.length)
            strbuf_append(&text, stride < 0 ? " - " : " + ");
        else if (stride < 0)
            strbuf_append(&text, "-");
        if (stride != 1 && stride != -1) strbuf_printf(&text, "%lld * ", (long long)(stride < 0 ? -stride : stride));
        strbuf_printf(&text, "%c", loop_variable(axis));
    }
    if (nest->offset[array] != 0 || !text.length) {
        if (text.length)
            strbuf_printf(&text, " + %lld", (long long)nest->offset[array]);
        else
            strbuf_printf(&text, "%lld", (long long)nest->offset[array]);
    }
    return text.data;
}

const char *real_text(struct arena *arena, const char *format, ...) {
    va_list arguments;
    struct strbuf text = strbuf_new(arena), out = strbuf_new(arena);
    va_start(arguments, format);
    strbuf_vprintf(&text, format, arguments);
    va_end(arguments);
    for (const char *at = text.data; *at; at++) {
        bool digit = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || *at == '+' || *at == '-';
        if (digit)
            strbuf_append_bytes(&out, at, 1);
        else if (out.length == 0 || out.data[out.length - 1] != '.')
            strbuf_append(&out, ".");
    }
    return out.data;
}
