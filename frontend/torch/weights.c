/* Parameters, buffers and constants: raw bytes in the archive, a shape and strides in its JSON. */
#include "frontend/torch/torch.h"

#include <inttypes.h>
#include <string.h>

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const struct {
    int64_t type; /* ScalarType, as torch.export numbers it */
    int element;  /* ONNX's */
} types[] = {
    {1, TYPE(UINT8)},   {2, TYPE(INT8)},  {3, TYPE(INT16)},  {4, TYPE(INT32)}, {5, TYPE(INT64)},
    {6, TYPE(FLOAT16)}, {7, TYPE(FLOAT)}, {8, TYPE(DOUBLE)}, {12, TYPE(BOOL)}, {13, TYPE(BFLOAT16)},
};
enum { TYPES = sizeof types / sizeof *types };

int torch_element_type(int64_t type) {
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == type) return types[i].element;
    return TYPE(UNDEFINED);
}

static int64_t whole(const cJSON *item) {
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(item, "as_int");
    return cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble <= ONNX_ELEMENTS_MAX
               ? (int64_t)number->valuedouble
               : -1;
}

/* How its elements lie in the bytes. */
struct layout {
    Onnx__TensorProto told;
    int64_t dims[SHAPE_RANK_MAX], strides[SHAPE_RANK_MAX], offset;
    size_t count, size;
};

static bool find_layout(const cJSON *meta, struct layout *layout) {
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(meta, "dtype");
    const cJSON *sizes = cJSON_GetObjectItemCaseSensitive(meta, "sizes"),
                *strides = cJSON_GetObjectItemCaseSensitive(meta, "strides");
    const cJSON *size = cJSON_IsArray(sizes) ? sizes->child : NULL, *stride = strides ? strides->child : NULL;
    onnx__tensor_proto__init(&layout->told);
    layout->told.has_data_type = layout->told.has_raw_data = 1;
    layout->told.data_type = cJSON_IsNumber(type) ? torch_element_type((int64_t)type->valuedouble) : TYPE(UNDEFINED);
    layout->size = onnx_type_bytes(layout->told.data_type);
    layout->offset = whole(cJSON_GetObjectItemCaseSensitive(meta, "storage_offset"));
    layout->count = 1;
    layout->told.dims = layout->dims;
    for (; size; size = size->next, stride = stride->next) {
        size_t axis = layout->told.n_dims;
        if (axis == SHAPE_RANK_MAX || !stride) return false;
        layout->dims[axis] = whole(size);
        layout->strides[axis] = whole(stride);
        if (layout->dims[axis] < 0 || layout->strides[axis] < 0 ||
            (layout->dims[axis] && layout->count > (size_t)ONNX_ELEMENTS_MAX / (size_t)layout->dims[axis]))
            return false;
        layout->count *= (size_t)layout->dims[axis];
        layout->told.n_dims++;
    }
    return layout->size && layout->offset >= 0;
}

/* Elements in order; false where one lies outside of the bytes. */
static bool gather(struct onnx_reader *reader, struct layout *layout, const char *bytes, size_t length) {
    uint8_t *raw = arena_alloc(reader->arena, layout->count * layout->size + 1);
    for (size_t i = 0; i < layout->count; i++) {
        size_t rest = i, at = (size_t)layout->offset;
        for (size_t axis = layout->told.n_dims; axis--;) {
            at += rest % (size_t)layout->dims[axis] * (size_t)layout->strides[axis];
            rest /= (size_t)layout->dims[axis];
        }
        if (at >= length / layout->size) return false;
        memcpy(raw + i * layout->size, bytes + at * layout->size, layout->size);
    }
    layout->told.raw_data = (ProtobufCBinaryData){.len = layout->count * layout->size, .data = raw};
    return true;
}

struct tensor *torch_read_weight(struct onnx_reader *reader, const struct operation *operation) {
    const struct torch_node *node = torch_node_of(operation);
    struct torch_reading *reading = reader->foreign;
    struct layout layout = {.offset = 0};
    const cJSON *entry =
        cJSON_GetObjectItemCaseSensitive(node->constant ? reading->constants : reading->weights, node->weight);
    const char *path = torch_text(entry, "path_name");
    if (!path) return onnx_refuse(reader, operation, NULL, "the archive has no numbers of '%s'", node->weight);
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "use_pickle")))
        return onnx_refuse(reader, operation, "export the model with plain tensors", "its numbers are pickled");
    if (!find_layout(cJSON_GetObjectItemCaseSensitive(entry, "tensor_meta"), &layout))
        return onnx_refuse(reader, operation, NULL, "its numbers are of a type or shape that bxc does not read");
    size_t length = 0;
    const char *folder = node->constant ? "data/constants/" : "data/weights/";
    const char *bytes =
        archive_entry(&reading->archive, arena_printf(reader->arena, "%s%s%s", reading->prefix, folder, path), &length);
    reading->loaded += length + layout.count * layout.size;
    if (!bytes || reading->loaded > 8 * reading->archive.length + 65536 || !gather(reader, &layout, bytes, length))
        return onnx_refuse(reader, operation, "copy or export the file again", "its numbers are missing or damaged");
    return tensor_from_proto(reader, onnx_location(reader, operation), &layout.told);
}
