/* Tensors that are stored in other ways than as their numbers: in a file beside the model, or as a few of many. */
#include "frontend/onnx/onnx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- in another file ---- */

static const char *entry(const Onnx__TensorProto *proto, const char *key) {
    for (size_t i = 0; i < proto->n_external_data; i++)
        if (proto->external_data[i]->key && !strcmp(proto->external_data[i]->key, key))
            return proto->external_data[i]->value;
    return NULL;
}

/* A number of bytes; -1 where it is none. */
static int64_t entry_number(const Onnx__TensorProto *proto, const char *key, int64_t otherwise) {
    const char *text = entry(proto, key);
    char *end;
    if (!text) return otherwise;
    long long number = strtoll(text, &end, 10);
    return *text && !*end && number >= 0 ? number : -1;
}

/* Beside the model or below: no file elsewhere is read. */
static bool is_inside(const char *location) {
    return location && *location && *location != '/' && !strstr(location, "..") && !strchr(location, '\\');
}

static char *beside(struct arena *arena, const char *model, const char *location) {
    const char *slash = strrchr(model, '/');
    return slash ? arena_printf(arena, "%.*s/%s", (int)(slash - model), model, location)
                 : arena_strdup(arena, location);
}

static int64_t file_size(FILE *file) {
    return fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
}

static bool read_bytes(FILE *file, int64_t offset, uint8_t *bytes, size_t length) {
    return fseek(file, offset, SEEK_SET) == 0 && fread(bytes, 1, length, file) == length;
}

int onnx_external_data(struct bxc_context *context, struct arena *arena, struct location at, Onnx__TensorProto *proto) {
    struct diagnostics *diag = &context->diagnostics;
    const char *location = entry(proto, "location");
    if (!is_inside(location))
        return diag_error(diag, at, "keep the file of the weights beside the model",
                          "the tensor's numbers are in '%s', which is no file beside the model",
                          location ? location : "");
    const char *path = beside(arena, at.file, location);
    FILE *file = fopen(path, "rb");
    if (!file)
        return diag_error(diag, at, "keep it beside the model",
                          "the file of the tensor's numbers, '%s', cannot be opened", path);
    int64_t size = file_size(file), offset = entry_number(proto, "offset", 0);
    int64_t length = entry_number(proto, "length", size > offset ? size - offset : -1);
    bool fits = offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
    uint8_t *bytes = fits ? arena_alloc(arena, (size_t)length + 1) : NULL;
    bool there = fits && read_bytes(file, offset, bytes, (size_t)length);
    fclose(file);
    if (!there) return diag_error(diag, at, "export the model again", "the tensor's numbers are not in '%s'", path);
    proto->has_raw_data = true;
    proto->raw_data = (ProtobufCBinaryData){.len = (size_t)length, .data = bytes};
    return 0;
}

/* ---- few of many ---- */

/* The element that number i stands for; -1 where there is none. */
static int64_t sparse_element(const struct shape *shape, const struct tensor *indices, size_t i) {
    int64_t at[SHAPE_RANK_MAX], count = (int64_t)shape_elements(shape);
    if (indices->shape.rank == 1)
        return indices->integers[i] >= 0 && indices->integers[i] < count ? indices->integers[i] : -1;
    for (int axis = 0; axis < shape->rank; axis++) {
        at[axis] = indices->integers[i * (size_t)shape->rank + (size_t)axis];
        if (at[axis] < 0 || at[axis] >= shape->dim[axis]) return -1;
    }
    return (int64_t)onnx_element(shape, at);
}

static bool sparse_fits(const Onnx__SparseTensorProto *sparse, const struct tensor *values,
                        const struct tensor *indices, struct shape *shape) {
    size_t there = shape_elements(&values->shape);
    *shape = (struct shape){.rank = (int)sparse->n_dims};
    if (sparse->n_dims > SHAPE_RANK_MAX || indices->state != TENSOR_INTEGERS) return false;
    for (size_t i = 0; i < sparse->n_dims; i++) shape->dim[i] = sparse->dims[i];
    return tensor_elements(indices) == there * (indices->shape.rank == 1 ? 1 : sparse->n_dims);
}

struct tensor *onnx_sparse_tensor(struct onnx_reader *reader, struct location at,
                                  const Onnx__SparseTensorProto *sparse) {
    struct diagnostics *diag = &reader->context->diagnostics;
    struct shape shape;
    struct tensor *values = sparse->values ? tensor_from_proto(reader, at, sparse->values) : NULL;
    struct tensor *indices = values && sparse->indices ? tensor_from_proto(reader, at, sparse->indices) : NULL;
    if (!indices || !sparse_fits(sparse, values, indices, &shape)) {
        diag_error(diag, at, "store it densely", "the sparse tensor's values, indices and shape do not go together");
        return NULL;
    }
    if (!onnx_made_size(reader, NULL, &shape)) return NULL;
    struct tensor *tensor = tensor_new(reader, values->state, values->type, shape);
    if (values->reals)
        tensor->reals = ARENA_ARRAY(reader->arena, float, shape_elements(&shape) + 1);
    else
        tensor->integers = ARENA_ARRAY(reader->arena, int64_t, shape_elements(&shape) + 1);
    for (size_t i = 0; i < tensor_elements(values); i++) {
        int64_t element = sparse_element(&shape, indices, i);
        if (element < 0) {
            diag_error(diag, at, "store it densely", "index %zu of the sparse tensor is out of range", i);
            return NULL;
        }
        if (values->reals)
            tensor->reals[element] = values->reals[i];
        else
            tensor->integers[element] = values->integers[i];
    }
    return tensor;
}
