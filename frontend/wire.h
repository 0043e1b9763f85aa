/* Messages of protobuf, looked at before protobuf-c unpacks them. */
#ifndef BXC_FRONTEND_WIRE_H
#define BXC_FRONTEND_WIRE_H

#include "ir/context.h"

#include <protobuf-c/protobuf-c.h>

struct wire_kind {
    const char *name; /* "ONNX model" */
    const ProtobufCMessageDescriptor *descriptor;
};

/* Checks that the bytes are a well-formed message of the kind and not nested too deeply; -1 and
 * a diagnosis with the position. protobuf-c itself recurses without a bound. */
int wire_check(struct bxc_context *context, const char *path, const struct wire_kind *kind, const void *data,
               size_t length);
/* The message, in the arena; NULL and a diagnosis. */
void *wire_unpack(struct bxc_context *context, struct arena *arena, const char *path, const struct wire_kind *kind,
                  const void *data, size_t length);

#endif
