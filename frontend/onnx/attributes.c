/* Attributes of a node: found by name, checked for their type. */
#include "frontend/onnx/onnx.h"

#include <string.h>

const Onnx__AttributeProto *attribute_find(const struct operation *operation, const char *name) {
    for (size_t i = 0; i < operation->proto->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = operation->proto->attribute[i];
        if (attribute->name && !strcmp(attribute->name, name)) return attribute;
    }
    return NULL;
}

static void attribute_mistyped(struct onnx_reader *reader, const struct operation *operation, const char *name,
                               const char *wanted) {
    struct location at = onnx_location(reader, operation);
    at.attribute = name;
    diag_error(&reader->context->diagnostics, at, NULL, "attribute '%s' is not %s", name, wanted);
}

int64_t attribute_integer(struct onnx_reader *reader, const struct operation *operation, const char *name,
                          int64_t otherwise) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    if (!attribute) return otherwise;
    if (attribute->has_i) return attribute->i;
    attribute_mistyped(reader, operation, name, "a whole number");
    return otherwise;
}

float attribute_real(struct onnx_reader *reader, const struct operation *operation, const char *name, float otherwise) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    if (!attribute) return otherwise;
    if (attribute->has_f && attribute->f == attribute->f) return attribute->f;
    attribute_mistyped(reader, operation, name, "a number");
    return otherwise;
}

const char *attribute_text(struct onnx_reader *reader, const struct operation *operation, const char *name) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    if (!attribute) return NULL;
    if (attribute->has_s) return arena_strndup(reader->arena, (const char *)attribute->s.data, attribute->s.len);
    attribute_mistyped(reader, operation, name, "a text");
    return NULL;
}

const int64_t *attribute_integers(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                  size_t *count) {
    static const int64_t none[1];
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    *count = 0;
    if (!attribute) return NULL;
    if (attribute->has_i || attribute->has_f || attribute->has_s || attribute->n_floats) {
        attribute_mistyped(reader, operation, name, "a list of whole numbers");
        *count = SIZE_MAX;
        return NULL;
    }
    *count = attribute->n_ints;
    return attribute->n_ints ? attribute->ints : none;
}

const float *attribute_reals(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    *count = 0;
    if (!attribute) return NULL;
    bool is = !attribute->has_i && !attribute->has_f && !attribute->has_s && !attribute->n_ints;
    for (size_t i = 0; is && i < attribute->n_floats; i++) is = attribute->floats[i] == attribute->floats[i];
    *count = is ? attribute->n_floats : SIZE_MAX;
    if (!is) attribute_mistyped(reader, operation, name, "a list of numbers");
    return is ? attribute->floats : NULL;
}

const char **attribute_texts(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count) {
    const Onnx__AttributeProto *attribute = attribute_find(operation, name);
    *count = 0;
    if (!attribute) return NULL;
    bool is = !attribute->has_i && !attribute->has_f && !attribute->has_s && !attribute->n_ints && !attribute->n_floats;
    *count = is ? attribute->n_strings : SIZE_MAX;
    if (!is) {
        attribute_mistyped(reader, operation, name, "a list of texts");
        return NULL;
    }
    const char **texts = ARENA_ARRAY(reader->arena, const char *, attribute->n_strings + 1);
    for (size_t i = 0; i < attribute->n_strings; i++)
        texts[i] = arena_strndup(reader->arena, (const char *)attribute->strings[i].data, attribute->strings[i].len);
    return texts;
}

const int64_t *attribute_or_operand(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                    uint32_t input, size_t *count) {
    if (input >= operation->input_count || !operation->inputs[input])
        return attribute_integers(reader, operation, name, count);
    const int64_t *integers = static_integers(reader, operation, input, name, count);
    if (!integers) *count = SIZE_MAX;
    return integers;
}

void attributes_check(struct onnx_reader *reader, const struct operation *operation) {
    for (size_t i = 0; i < operation->proto->n_attribute; i++) {
        const char *name = operation->proto->attribute[i]->name;
        char *spaced = arena_printf(reader->arena, " %s ", name ? name : "");
        if (strstr(operation->operator->attributes, spaced)) continue;
        struct location at = onnx_location(reader, operation);
        at.attribute = name;
        diag_warning(&reader->context->diagnostics, at, NULL, "attribute '%s' is unknown and has no effect",
                     name ? name : "");
    }
}
