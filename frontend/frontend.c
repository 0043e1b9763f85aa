/* The readers, one line each, and how one is chosen: by content, then by the file's name. */
#include "frontend/frontend.h"
#include "frontend/refusals.h"
#include "ir/file.h"

#include <string.h>

const struct reader readers[] = {
    {"tensorflow", ".pb", "frozen graphs of TensorFlow", tensorflow_recognises, tensorflow_read, tensorflow_operators},
    {"torch", ".pt2", "archives of torch.export", torch_recognises, torch_read, torch_operators},
    {"tflite", ".tflite", "TFLite models", tflite_recognises, tflite_read, tflite_operators},
    {"onnx", ".onnx", "ONNX and QONNX models", onnx_recognises, onnx_read, onnx_operators},
    {"keras", ".keras", "Keras models, with HGQ2 layers, too", keras_recognises, keras_read, keras_operators},
    {"native", ".json", "bxc's own JSON (doc/model.schema.json)", native_recognises, native_read, NULL},
    {"lwtnn", ".json", "lwtnn's JSON, sequential and graph", lwtnn_recognises, lwtnn_read, lwtnn_operators},
    {"tmva", ".xml", "TMVA's MLP weights", tmva_recognises, tmva_read, tmva_operators},
    {"text", ".bxc", "the text form of a graph (doc/ir.md)", text_recognises, text_read, NULL},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

static bool has_extension(const char *path, const char *extension) {
    size_t length = strlen(path), tail = strlen(extension);
    return length > tail && !strcmp(path + length - tail, extension);
}

/* A broken file is still the business of the reader that its name asks for. */
const struct reader *frontend_reader(const char *path, const void *data, size_t length) {
    for (const struct reader *reader = readers; reader->name; reader++)
        if (reader->recognises(path, data, length)) return reader;
    for (const struct reader *reader = readers; reader->name; reader++)
        if (has_extension(path, reader->extensions)) return reader;
    return NULL;
}

struct request {
    struct bxc_context *context;
    const char *path;
    const struct frontend_options *options;
    struct graph *graph;
};

/* Events are what verify and the harnesses count by. */
static void refuse_no_inputs(struct request *request) {
    struct arena *scratch = arena_new(request->context);
    bool none = request->graph && graph_inputs(request->graph, scratch).count == 0;
    arena_free(scratch);
    if (!none || request->options->whole_tensors || (request->options->partial && request->context->diagnostics.errors))
        return;
    diag_error(&request->context->diagnostics, (struct location){.file = request->path}, NULL,
               "the model has no inputs");
    if (request->options->partial) return;
    graph_free(request->graph);
    request->graph = NULL;
}

/* What could not be read at all tells nothing of its axes. */
static void refuse_sizes(struct request *request, size_t errors_before) {
    const bool whole = request->context->diagnostics.errors == errors_before;
    if (!whole && !request->options->open->count) return;
    frontend_refuse_sizes(request->context, request->path, request->options);
    if (!whole || request->context->diagnostics.errors == errors_before || request->options->partial) return;
    graph_free(request->graph);
    request->graph = NULL;
}

static int read_request(void *user) {
    struct request *request = user;
    struct arena *arena = arena_new(request->context);
    struct open_axes open = {.arena = arena};
    struct frontend_options options = *request->options;
    size_t length, errors = request->context->diagnostics.errors;
    options.open = &open;
    request->options = &options;
    const char *data = foreign_folder(request->context, arena, request->path)
                           ? NULL
                           : file_map(request->context, arena, request->path, &length);
    const struct reader *reader = data ? frontend_reader(request->path, data, length) : NULL;
    bool known = reader && reader->recognises(request->path, data, length);
    if (data && !known && foreign_content(request->context, request->path, data, length)) {
        /* told */
    } else if (reader && request->options->weights && reader->read != keras_read) {
        diag_error(&request->context->diagnostics, (struct location){.file = request->path, .option = "--weights"},
                   "leave it away", "the weights of this format stand in the model's own file");
    } else if (reader) {
        size_t before = request->context->diagnostics.count;
        request->graph = reader->read(request->context, request->path, data, length, request->options);
        refusals_group(&request->context->diagnostics, arena, before);
        refuse_no_inputs(request);
        refuse_sizes(request, errors);
    } else if (data) {
        foreign_refuse(request->context, arena, request->path, length);
    }
    arena_free(arena);
    return request->graph ? 0 : -1;
}

struct graph *frontend_read(struct bxc_context *context, const char *path, const struct frontend_options *options) {
    static const struct frontend_options defaults;
    struct request request = {.context = context, .path = path, .options = options ? options : &defaults};
    if (context_guarded(context, read_request, &request) == 0) {
        context_check(context);
        return request.graph;
    }
    context_check_failed(context);
    return NULL;
}
