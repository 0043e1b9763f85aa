/* Numbers of a .npy file of binary32 or binary64, for tests that compare with committed ones. */
#ifndef BXC_TEST_NPY_FILE_H
#define BXC_TEST_NPY_FILE_H

#include "ir/context.h"
#include "ir/file.h"

#include <string.h>

/* The numbers of a little-endian float32 or float64 .npy, version 1. */
static inline const float *npy_file_reals(struct bxc_context *context, const char *path, size_t *count) {
    size_t length;
    unsigned char *data = (unsigned char *)file_read(context, context->arena, path, &length);
    if (!data || length < 10) return NULL;
    size_t header = 10 + (size_t)data[8] + 256 * (size_t)data[9];
    bool wide = header <= length && strstr((char *)data + 10, "'<f8'");
    if (header > length || !(wide || strstr((char *)data + 10, "'<f4'"))) return NULL;
    *count = (length - header) / (wide ? sizeof(double) : sizeof(float));
    if (!wide) return arena_copy(context->arena, data + header, length - header);
    const double *from = arena_copy(context->arena, data + header, length - header);
    float *numbers = ARENA_ARRAY(context->arena, float, *count);
    for (size_t i = 0; i < *count; i++) numbers[i] = (float)from[i];
    return numbers;
}

#endif
