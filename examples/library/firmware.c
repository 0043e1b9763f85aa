/* bxc as a library: converts a model to bxc's own JSON and compiles it to firmware.
 *   cc firmware.c $(pkg-config --cflags --libs bxc) -o firmware
 *   ./firmware model.onnx model.json fw */
#include <bxc.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: %s MODEL JSON FOLDER\n", argv[0]), 2;
    struct bxc_context *context = bxc_context_new();
    struct bxc_options *options = context ? bxc_options_new(context) : NULL;
    int result = -1;
    if (options && bxc_options_set(options, "clock", "360MHz") == 0 &&
        bxc_convert(context, argv[1], argv[2], options, NULL) == 0)
        result = bxc_compile(context, argv[1], argv[3], options, stdout);
    fputs(context ? bxc_context_diagnostics(context) : "out of memory\n", stderr);
    bxc_options_free(options);
    bxc_context_free(context);
    return result == 0 ? 0 : 1;
}
