/* The languages that firmware is written in, and the files that their emitters hand back. */
#include "codegen/codegen.h"
#include "ir/ops.h"

#include <string.h>

static bool interface_supports(enum op op) {
    return (op_info(op)->arithmetic & ARITHMETIC_INTEGER) != 0;
}

const struct language languages[] = {
    {"verilog", "Verilog-2005 for synthesis, with its Verilator and Icarus harness", verilog_emit, verilog_supports},
    {"hls", "readable HLS C++ for Vitis, Catapult and oneAPI", hls_emit, hls_supports},
    {"c", "C99 emulator without dependencies", c_emit, c_supports},
    {"interface", "interface.json: ports, elements, formats, latency", interface_emit, interface_supports},
    {NULL, NULL, NULL, NULL},
};

void file_set_add(struct file_set *files, const char *path, const char *data, size_t length) {
    if (files->count == files->capacity) {
        uint32_t capacity = files->capacity ? 2 * files->capacity : 16;
        files->files = arena_grow(files->arena, files->files, files->capacity * sizeof *files->files,
                                  capacity * sizeof *files->files);
        files->capacity = capacity;
    }
    struct emitted_file *file = &files->files[files->count++];
    *file = (struct emitted_file){.path = arena_strdup(files->arena, path), .length = length};
    file->data = arena_alloc(files->arena, length + 1);
    if (length) memcpy(file->data, data, length);
}
