/* bxc as a library: a network compiled in memory, asked what it is, what it costs and what it computes.
 *   cc in_memory.c -I PREFIX/include -L PREFIX/lib -lbxc -o in_memory        with libbxc.so
 *   cc in_memory.c $(pkg-config --cflags --libs bxc | sed 's/-lbxc/-l:libbxc.a/') -o in_memory   with libbxc.a
 *   ./in_memory model.onnx [FOLDER] */
#include <bxc.h>
#include <stdio.h>
#include <stdlib.h>

static void print_ports(const char *what, const struct bxc_tensor *ports, size_t count) {
    for (size_t i = 0; i < count; i++)
        printf("%s '%s': %zu numbers, the first of %d bits, %d of them fraction\n", what, ports[i].name,
               ports[i].elements, ports[i].formats[0].width, ports[i].formats[0].fraction);
}

/* One event of zeros through the network as trained and through the firmware. */
static int predict(struct bxc_firmware *firmware) {
    const struct bxc_tensor *inputs, *outputs;
    size_t input_count = bxc_firmware_inputs(firmware, &inputs),
           output_count = bxc_firmware_outputs(firmware, &outputs);
    double **in = calloc(input_count, sizeof *in), **out = calloc(output_count, sizeof *out);
    for (size_t i = 0; in && i < input_count; i++) in[i] = calloc(inputs[i].elements, sizeof **in);
    for (size_t o = 0; out && o < output_count; o++) out[o] = calloc(outputs[o].elements, sizeof **out);
    int result = in && out ? bxc_firmware_predict(firmware, 1, (const double *const *)in, out) : -1;
    for (size_t o = 0; result == 0 && o < output_count; o++)
        for (size_t e = 0; e < outputs[o].elements; e++) printf("%s[%zu] = %.9g\n", outputs[o].name, e, out[o][e]);
    for (size_t i = 0; in && i < input_count; i++) free(in[i]);
    for (size_t o = 0; out && o < output_count; o++) free(out[o]);
    free(in);
    free(out);
    return result;
}

static int show(struct bxc_firmware *firmware, const char *folder) {
    const struct bxc_tensor *ports;
    const struct bxc_summary *summary = bxc_firmware_summary(firmware);
    size_t count = bxc_firmware_inputs(firmware, &ports);
    print_ports("input", ports, count);
    count = bxc_firmware_outputs(firmware, &ports);
    print_ports("output", ports, count);
    printf("%s: %d cycles, %.2f ns, about %.0f LUT and %.0f FF\n", summary->name, summary->latency_cycles,
           summary->latency_ns, summary->resources.lut, summary->resources.ff);
    for (size_t i = 0; i < summary->layer_count; i++)
        printf("  %-20s %8.0f LUT, %s\n", summary->layers[i].name, summary->layers[i].resources.lut,
               summary->layers[i].format);
    if (predict(firmware) < 0) return -1;
    return folder ? bxc_firmware_write(firmware, folder) : 0;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 3) return fprintf(stderr, "usage: %s MODEL [FOLDER]\n", argv[0]), 2;
    struct bxc_context *context = bxc_context_new();
    struct bxc_options *options = context ? bxc_options_new(context) : NULL;
    struct bxc_firmware *firmware = NULL;
    int result = -1;
    if (options && bxc_options_set(options, "clock", "360MHz") == 0)
        firmware = bxc_firmware_compile(context, argv[1], options);
    if (firmware) result = show(firmware, argc == 3 ? argv[2] : NULL);
    fputs(context ? bxc_context_diagnostics(context) : "out of memory\n", stderr);
    bxc_firmware_free(firmware);
    bxc_options_free(options);
    bxc_context_free(context);
    return result == 0 ? 0 : 1;
}
