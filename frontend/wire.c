/* Protobuf on the wire: a look at the bytes before protobuf-c unpacks them.
 *
 * protobuf-c recurses as deep as the file says and tells nothing about what is wrong. So the bytes
 * are walked first along the generated descriptors, with a bound on nesting, and a broken file is
 * diagnosed with the position. Unpacking takes its memory from the arena. */
#include "frontend/wire.h"
#include "ir/arena.h"
#include "ir/file.h"

enum {
    NESTING_MAX = 64,  /* messages within messages */
    FILE_MAX = 1 << 11 /* MiB, of what protobuf can say */
};

struct wire_bytes {
    const uint8_t *start;
    const char *problem; /* NULL: none */
    bool foreign;        /* the problem says that these are other bytes */
    size_t position;     /* of the problem */
};

static const uint8_t *wire_fail(struct wire_bytes *wire, const uint8_t *at, const char *problem) {
    wire->problem = problem;
    wire->position = (size_t)(at - wire->start);
    return NULL;
}

static const uint8_t *wire_foreign(struct wire_bytes *wire, const uint8_t *at, const char *problem) {
    wire->foreign = true;
    return wire_fail(wire, at, problem);
}

static const uint8_t *wire_varint(struct wire_bytes *wire, const uint8_t *at, const uint8_t *end, uint64_t *number) {
    *number = 0;
    for (int shift = 0; shift < 64; shift += 7, at++) {
        if (at == end) return wire_fail(wire, at, "is truncated");
        *number |= (uint64_t)(*at & 0x7f) << shift;
        if (!(*at & 0x80)) return at + 1;
    }
    return wire_foreign(wire, at, "a number has too many bytes");
}

static const uint8_t *wire_message(struct wire_bytes *wire, const ProtobufCMessageDescriptor *descriptor,
                                   const uint8_t *at, const uint8_t *end, int depth);

static const uint8_t *wire_field(struct wire_bytes *wire, const ProtobufCMessageDescriptor *descriptor, uint64_t tag,
                                 const uint8_t *at, const uint8_t *end, int depth) {
    uint64_t length = 0;
    switch (tag & 7) {
    case 0: return wire_varint(wire, at, end, &length);
    case 1: length = 8; break;
    case 5: length = 4; break;
    case 2:
        if (!(at = wire_varint(wire, at, end, &length))) return NULL;
        break;
    default: return wire_foreign(wire, at, "unknown kind of field");
    }
    if (length > (uint64_t)(end - at)) return wire_fail(wire, at, "is truncated");
    const ProtobufCFieldDescriptor *field =
        tag >> 3 <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3)) : NULL;
    if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && (tag & 7) == 2)
        return wire_message(wire, field->descriptor, at, at + length, depth + 1);
    return at + length;
}

static const uint8_t *wire_message(struct wire_bytes *wire, const ProtobufCMessageDescriptor *descriptor,
                                   const uint8_t *at, const uint8_t *end, int depth) {
    if (depth > NESTING_MAX) return wire_fail(wire, at, "is nested too deeply");
    while (at && at < end) {
        uint64_t tag;
        at = wire_varint(wire, at, end, &tag);
        if (at && !(tag >> 3)) return wire_foreign(wire, at, "field number 0");
        if (at) at = wire_field(wire, descriptor, tag, at, end, depth);
    }
    return at;
}

int wire_check(struct bxc_context *context, const char *path, const struct wire_kind *kind, const void *data,
               size_t length) {
    struct wire_bytes wire = {.start = data};
    struct location at = {.file = path};
    if (!length) return diag_error(&context->diagnostics, at, NULL, "the file is empty");
    if (length >> 20 >= FILE_MAX)
        return diag_error(&context->diagnostics, at, "store its weights as external data",
                          "the file is larger than %d MiB", FILE_MAX);
    wire_message(&wire, kind->descriptor, wire.start, wire.start + length, 0);
    if (!wire.problem) return 0;
    return diag_error(&context->diagnostics, at, "copy or export the file again",
                      "the file %s%s%s%s (at byte %zu of %zu)", wire.foreign ? "is no " : "",
                      wire.foreign ? kind->name : "", wire.foreign ? ": " : "", wire.problem, wire.position, length);
}

struct wire_memory {
    const struct bxc_context *context;
    struct arena *arena;
    const void *data;
    size_t length;
};

/* What was copied before is not needed in memory twice. */
static void *wire_allocate(void *user, size_t size) {
    enum { LARGE = 1 << 18 };
    const struct wire_memory *memory = user;
    if (size >= LARGE) file_pages_release(memory->context, memory->data, memory->length);
    return arena_alloc(memory->arena, size);
}

static void wire_release(void *user, void *object) {
    (void)user; /* whose arena owns it */
    (void)object;
}

void *wire_unpack(struct bxc_context *context, struct arena *arena, const char *path, const struct wire_kind *kind,
                  const void *data, size_t length) {
    struct wire_memory memory = {context, arena, data, length};
    ProtobufCAllocator allocator = {.alloc = wire_allocate, .free = wire_release, .allocator_data = &memory};
    if (wire_check(context, path, kind, data, length) < 0) return NULL;
    void *message = protobuf_c_message_unpack(kind->descriptor, &allocator, length, data);
    file_pages_release(context, data, length);
    if (!message)
        diag_error(&context->diagnostics, (struct location){.file = path}, "copy or export the file again",
                   "the file is no %s", kind->name);
    return message;
}
