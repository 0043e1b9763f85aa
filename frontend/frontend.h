/* Readers: one folder a format. Each gives a graph in real arithmetic that is the model as trained. */
#ifndef BXC_FRONTEND_H
#define BXC_FRONTEND_H

#include "ir/graph.h"

struct frontend_size { /* --shape NAME=SIZE: how long an axis or a sequence is that the model leaves open */
    const char *name;
    int64_t size;
    bool configured; /* by the configuration file */
    bool used;       /* by a reader */
};
struct open_axes { /* by all their names, as the reader meets them */
    struct arena *arena;
    const char **names;
    size_t count, capacity;
};
struct frontend_options {
    bool whole_tensors;  /* the first axis is no batch: shapes are taken as they stand (conformance tests) */
    const char *weights; /* a file of weights for a model that has them in a file of its own; NULL: beside it */
    struct frontend_size *sizes;
    size_t size_count;
    struct open_axes *open; /* frontend_read's own; NULL: nobody asks */
    bool partial; /* what could be read, though something was refused and told: no outputs, perhaps (bxc inspect) */
};

/* An operator or layer that a reader knows, the operators of the IR that it may become, comma separated ("nothing": it
 * is another name for its operand), and the domain or library that it stands in. NULL name ends a list. */
struct reader_operator {
    const char *domain, *name, *becomes;
};
extern const struct reader_operator onnx_operators[], tensorflow_operators[], keras_operators[], lwtnn_operators[],
    tmva_operators[];

/* Each reader: a graph that passes graph_verify, or NULL with every problem diagnosed at once. `path`
 * is the file as the user named it; data is its content, length bytes. */
struct reader {
    const char *name;       /* "onnx" */
    const char *extensions; /* ".onnx", comma separated */
    const char *summary;
    bool (*recognises)(const char *path, const void *data, size_t length); /* by content and name */
    struct graph *(*read)(struct bxc_context *context, const char *path, const void *data, size_t length,
                          const struct frontend_options *options);
    const struct reader_operator *operators; /* NULL: those of the IR, by their names */
};

extern const struct reader readers[]; /* ends with a NULL name (frontend/frontend.c) */

/* By content, then by name; NULL: of no known format. */
const struct reader *frontend_reader(const char *path, const void *data, size_t length);
/* Opens the file, picks the reader, reads. NULL and a diagnosis otherwise. options may be NULL. */
struct graph *frontend_read(struct bxc_context *context, const char *path, const struct frontend_options *options);

/* ---- axes.c ---- */

/* The size that --shape gives an axis of an input, which the model calls `symbol` (NULL: by no name); 0 and a diagnosis
 * where it gives none. options may be NULL. */
int64_t frontend_axis(struct bxc_context *context, const char *path, const struct frontend_options *options,
                      const char *input, int axis, const char *symbol);
/* Sizes of axes that there are none of. */
void frontend_refuse_sizes(struct bxc_context *context, const char *path, const struct frontend_options *options);

/* ---- foreign.c: files of other tools, named, with what to do with them ---- */

/* True after a diagnosis: the content is something else than a model that bxc reads. */
bool foreign_content(struct bxc_context *context, const char *path, const char *data, size_t length);
/* Diagnoses what no reader takes, by its name. */
void foreign_refuse(struct bxc_context *context, struct arena *arena, const char *path, size_t length);
/* True after a diagnosis: a folder that is a model of another tool. */
bool foreign_folder(struct bxc_context *context, struct arena *arena, const char *path);

/* ---- native/: bxc's own JSON, written too (doc/model.schema.json) ---- */
void native_write(const struct graph *graph, struct strbuf *out);

/* readers, for the table */
struct graph *onnx_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *tensorflow_read(struct bxc_context *, const char *, const void *, size_t,
                              const struct frontend_options *);
extern const struct reader_operator tflite_operators[], torch_operators[];
struct graph *torch_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
bool torch_recognises(const char *, const void *, size_t);
struct graph *tflite_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *keras_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *native_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *text_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *lwtnn_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
struct graph *tmva_read(struct bxc_context *, const char *, const void *, size_t, const struct frontend_options *);
bool tmva_recognises(const char *, const void *, size_t);
bool lwtnn_recognises(const char *, const void *, size_t);
bool onnx_recognises(const char *, const void *, size_t);
bool tensorflow_recognises(const char *, const void *, size_t);
bool tflite_recognises(const char *, const void *, size_t);
bool keras_recognises(const char *, const void *, size_t);
bool native_recognises(const char *, const void *, size_t);
bool text_recognises(const char *, const void *, size_t);

/* ---- tensors.c of onnx/, for tests and tools: a TensorProto (.pb) as numbers ---- */
int onnx_tensor_read(struct bxc_context *context, struct arena *arena, const char *path, struct shape *shape,
                     enum value_kind *kind, double **numbers);
#endif
