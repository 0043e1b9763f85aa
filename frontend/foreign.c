/* What people have in hand that is no model bxc reads: what it is, and what reads it or the one command that exports
 * it. */
#include "frontend/frontend.h"

#include <string.h>
#include <sys/stat.h>

#define EVENTS_HELP "the model comes first, events go to --calibrate, --events or 'bxc run'"
#define TORCH_HELP                                                                                                     \
    "export the network to ONNX: torch.onnx.export(model.eval(), example, 'model.onnx'); from Brevitas to QONNX: "     \
    "export_qonnx(model, example, 'model.onnx')"
#define LWTNN_HELP                                                                                                     \
    "give it with the architecture and the weights to lwtnn's converter, or the architecture alone to bxc, with "      \
    "--weights"
#define KAN_HELP "networks of splines (KAN) are not read yet; of networks bxc reads those that 'bxc ops' lists"
#define TREES_HELP "trees are compiled by conifer and fwX; of networks bxc reads those that 'bxc ops' lists"

/* start: what the file begins with, at byte `at`; within: what it holds somewhere. Extensions count where no reader has
 * them. */
static const struct foreign {
    const char *start;
    size_t start_length, at;
    const char *within[2], *extensions[3];
    const char *what, *help;
} foreign[] = {
    /* trees */
    {NULL, 0, 0, {"\"learner\"", "\"gradient_booster\""}, {NULL}, "XGBoost's JSON, a tree ensemble", TREES_HELP},
    {"{L", 2, 0, {"learner", "gradient_booster"}, {".ubj"}, "XGBoost's UBJSON, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"\"left_children\"", NULL}, {NULL}, "XGBoost's JSON, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"\"tree_structure\"", NULL}, {NULL}, "LightGBM's JSON, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"\nleft_child=", NULL}, {NULL}, "LightGBM's text, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"\"children_left\"", NULL}, {NULL}, "conifer's JSON, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"<MethodSetup", "Method=\"BDT::"}, {NULL}, "TMVA's boosted decision trees", TREES_HELP},
    {"CBM1", 4, 0, {NULL}, {".cbm"}, "CatBoost's model, a tree ensemble", TREES_HELP},
    {NULL, 0, 0, {"<PMML", NULL}, {".pmml"}, "PMML", "export the network from where it was trained, to ONNX"},
    /* networks */
    {NULL, 0, 0, {NULL}, {".pt", ".pth", ".ckpt"}, "PyTorch's own format", TORCH_HELP},
    {NULL,
     0,
     0,
     {NULL},
     {".mlmodel", ".mlpackage"},
     "a model of Core ML",
     "export the network from where it was trained, to ONNX"},
    {NULL,
     0,
     0,
     {NULL},
     {".safetensors"},
     "weights without a network (safetensors)",
     "load them into the network and export that to ONNX: torch.onnx.export(model.eval(), example, 'model.onnx')"},
    {NULL,
     0,
     0,
     {NULL},
     {".caffemodel", ".prototxt"},
     "Caffe's format",
     "export the network from where it was trained, to ONNX"},
    {NULL,
     0,
     0,
     {"<net ", "<layers>"},
     {NULL},
     "OpenVINO's form of a network",
     "compile the model that it was made from"},
    {NULL,
     0,
     0,
     {NULL},
     {".joblib", ".pkl", ".pickle"},
     "a pickled object of Python",
     "load it and export the model: skl2onnx.to_onnx(model, X[:1]) for scikit-learn, torch.onnx.export for PyTorch"},
    {NULL,
     0,
     0,
     {NULL},
     {".yml", ".yaml"},
     "a configuration of other tools",
     "bxc takes the model itself; its own configuration is JSON, for --config"},
    {NULL, 0, 0, {"\"class_labels\"", "\"inputs\""}, {NULL}, "lwtnn's list of variables", LWTNN_HELP},
    {NULL, 0, 0, {"\"input_sequences\"", "\"outputs\""}, {NULL}, "lwtnn's list of variables", LWTNN_HELP},
    {NULL, 0, 0, {"\"layers_bitwidth\"", "\"grid_size\""}, {NULL}, "KANELE's configuration", KAN_HELP},
    {NULL, 0, 0, {"\"values_int\"", NULL}, {NULL}, "a file of KANELE's tables", KAN_HELP},
    /* what is no model */
    {"\223NUMPY", 6, 0, {NULL}, {".npy"}, "an array of events or labels", EVENTS_HELP},
    {NULL,
     0,
     0,
     {NULL},
     {".npz"},
     "an archive of arrays and no model",
     "events are one array a file, saved with numpy.save"},
    {NULL, 0, 0, {NULL}, {".csv"}, "a table of events or labels", EVENTS_HELP},
    {"root",
     4,
     0,
     {NULL},
     {".root"},
     "a ROOT file",
     "events are .npy or .csv: numpy.save of uproot's arrays; the model comes first"},
    {"\037\213", 2, 0, {NULL}, {".gz", ".tgz"}, "a compressed file", "unpack it: gunzip, or tar xf"},
};

static bool has_extension(const char *path, const char *extension) {
    size_t length = strlen(path), tail = strlen(extension);
    return length > tail && !strcmp(path + length - tail, extension);
}

static bool holds(const struct foreign *row, const char *data, size_t length) {
    if (!row->start && !row->within[0]) return false;
    if (row->start && (length < row->at + row->start_length || memcmp(data + row->at, row->start, row->start_length)))
        return false;
    for (int i = 0; i < 2 && row->within[i]; i++) {
        const char *at = data, *end = data + length;
        size_t size = strlen(row->within[i]);
        while (at && (size_t)(end - at) >= size && memcmp(at, row->within[i], size))
            at = memchr(at + 1, row->within[i][0], (size_t)(end - at) - 1);
        if (!at || (size_t)(end - at) < size) return false;
    }
    return true;
}

static const struct foreign *by_content(const char *data, size_t length) {
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (holds(&foreign[i], data, length)) return &foreign[i];
    return NULL;
}

static const struct foreign *by_name(const char *path) {
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        for (int e = 0; e < 3 && foreign[i].extensions[e]; e++)
            if (has_extension(path, foreign[i].extensions[e])) return &foreign[i];
    return NULL;
}

static int tell(struct bxc_context *context, const char *path, const struct foreign *row) {
    return diag_error(&context->diagnostics, (struct location){.file = path}, row->help,
                      "this is %s, which bxc does not read", row->what);
}

bool foreign_content(struct bxc_context *context, const char *path, const char *data, size_t length) {
    const struct foreign *row = by_content(data, length);
    if (row) tell(context, path, row);
    return row;
}

/* The formats with their extensions, by the table of readers. */
static const char *read_here(struct arena *arena) {
    struct strbuf text = strbuf_new(arena);
    for (const struct reader *reader = readers; reader->name; reader++)
        strbuf_printf(&text, "%s%s (%s)", reader == readers ? "known: " : ", ", reader->summary, reader->extensions);
    return text.data;
}

void foreign_refuse(struct bxc_context *context, struct arena *arena, const char *path, size_t length) {
    const struct foreign *row = length ? by_name(path) : NULL;
    if (row)
        tell(context, path, row);
    else
        diag_error(&context->diagnostics, (struct location){.file = path}, read_here(arena),
                   length ? "the file is of no format that bxc reads" : "the file is empty");
}

bool foreign_folder(struct bxc_context *context, struct arena *arena, const char *path) {
    struct stat status;
    const char *graph = arena_printf(arena, "%s/saved_model.pb", path);
    if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode) || stat(graph, &status) < 0) return false;
    diag_error(&context->diagnostics, (struct location){.file = path},
               arena_printf(arena,
                            "convert it: python -m tf2onnx.convert --saved-model %s --output model.onnx, or save "
                            "the Keras model as .keras",
                            path),
               "this is a SavedModel of TensorFlow, which bxc does not read");
    return true;
}
