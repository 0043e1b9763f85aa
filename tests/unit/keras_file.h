/* Writes small .keras files in memory, for tests and as what the fuzz driver starts from: weights
 * through HDF5, the configuration as text, both in a zip. */
#ifndef BXC_TEST_KERAS_FILE_H
#define BXC_TEST_KERAS_FILE_H

#include "frontend/frontend.h"
#include "tests/unit/zip_file.h"

#include <hdf5.h>
#include <string.h>

struct keras_file {
    struct arena *arena;
    hid_t weights;        /* HDF5 file in memory */
    struct strbuf layers; /* of config.json, with commas between */
};

/* One quantiser: type "kbi" or "kif"; one width or as many as `count` in `shape`. Numbers in the order
 * k, i, and b or f. */
struct keras_file_quantizer {
    const char *type, *rounding, *overflow, *extra; /* extra: more members of the configuration, or NULL */
    struct shape shape;
    const float *k, *i, *last;
};

static inline struct keras_file keras_file_new(struct arena *arena) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 14, 0);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    struct keras_file file = {
        arena,
        H5Fcreate(arena_printf(arena, "test %p", (void *)arena_alloc(arena, 1)), H5F_ACC_TRUNC, H5P_DEFAULT, access),
        strbuf_new(arena)};
    H5Pclose(access);
    return file;
}

static inline void keras_file_variable(struct keras_file *file, const char *path, struct shape shape,
                                       const float *values) {
    hsize_t dims[SHAPE_RANK_MAX];
    for (int d = 0; d < shape.rank; d++) dims[d] = (hsize_t)shape.dim[d];
    hid_t create = H5Pcreate(H5P_LINK_CREATE);
    hid_t space = shape.rank ? H5Screate_simple(shape.rank, dims, NULL) : H5Screate(H5S_SCALAR);
    H5Pset_create_intermediate_group(create, 1);
    hid_t dataset = H5Dcreate2(file->weights, path, H5T_IEEE_F32LE, space, create, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(create);
}

/* The variables of a quantiser, trainable ones first. */
static inline void keras_file_widths(struct keras_file *file, const char *group, const struct keras_file_quantizer *q) {
    bool wrap = strcmp(q->overflow, "WRAP") == 0, kbi = strcmp(q->type, "kbi") == 0;
    const float *order[3] = {wrap || kbi ? q->last : q->i, wrap ? q->k : kbi ? q->i : q->last, wrap ? q->i : q->k};
    for (int v = 0; v < 3; v++)
        keras_file_variable(file, arena_printf(file->arena, "%s/quantizer/vars/%d", group, v), q->shape, order[v]);
}

static inline const char *keras_file_configuration(struct keras_file *file, const char *name,
                                                   const struct keras_file_quantizer *q) {
    return arena_printf(
        file->arena,
        ", \"%s_conf\": {\"config\": {\"q_type\": \"%s\", \"round_mode\": \"%s\", \"overflow_mode\": \"%s\"%s%s}}",
        name, q->type, q->rounding, q->overflow, q->extra ? ", " : "", q->extra ? q->extra : "");
}

/* A layer as JSON: class, name, further members of its configuration and of itself (both beginning with a comma). */
static inline void keras_file_layer_with(struct keras_file *file, const char *class_name, const char *name,
                                         const char *members, const char *rest) {
    strbuf_printf(&file->layers, "%s{\"class_name\": \"%s\", \"config\": {\"name\": \"%s\"%s}%s}",
                  file->layers.length ? ", " : "", class_name, name, members ? members : "", rest);
}

static inline void keras_file_layer(struct keras_file *file, const char *class_name, const char *name,
                                    const char *members) {
    keras_file_layer_with(file, class_name, name, members, "");
}

/* A layer that is called once, on the list of tensors that two layers gave. */
static inline void keras_file_layer_on(struct keras_file *file, const char *class_name, const char *name,
                                       const char *members, const char *const feeds[2]) {
    static const char tensor[] = "{\"config\": {\"keras_history\": [\"%s\", 0, 0]}}";
    const char *first = arena_printf(file->arena, tensor, feeds[0]),
               *second = arena_printf(file->arena, tensor, feeds[1]);
    keras_file_layer_with(
        file, class_name, name, members,
        arena_printf(file->arena, ", \"inbound_nodes\": [{\"args\": [[%s, %s]], \"kwargs\": {}}]", first, second));
}

static inline void keras_file_input(struct keras_file *file, int features) {
    keras_file_layer(file, "InputLayer", "x", arena_printf(file->arena, ", \"batch_shape\": [null, %d]", features));
}

/* A QDense at group layers/q_dense, the first of its class. Quantisers that are NULL are left out. */
static inline void keras_file_dense(struct keras_file *file, const char *members, int64_t rows, int64_t columns,
                                    const float *kernel, const float *bias, const struct keras_file_quantizer *iq,
                                    const struct keras_file_quantizer *kq, const struct keras_file_quantizer *bq) {
    const char *names[] = {"iq", "kq", "bq"};
    const struct keras_file_quantizer *quantizers[] = {iq, kq, bq};
    struct strbuf text = strbuf_new(file->arena);
    strbuf_printf(&text, ", \"use_bias\": %s, \"enable_iq\": %s%s", bias ? "true" : "false", iq ? "true" : "false",
                  members ? members : "");
    keras_file_variable(file, "layers/q_dense/vars/0", (struct shape){2, {rows, columns}}, kernel);
    if (bias) keras_file_variable(file, "layers/q_dense/vars/1", (struct shape){1, {columns}}, bias);
    for (int i = 0; i < 3; i++) {
        if (!quantizers[i]) continue;
        strbuf_append(&text, keras_file_configuration(file, names[i], quantizers[i]));
        keras_file_widths(file, arena_printf(file->arena, "layers/q_dense/%s", names[i]), quantizers[i]);
    }
    keras_file_layer(file, "QDense", "dense", text.data);
}

static inline char *keras_file_zip(struct arena *arena, const char *config, const char *image, size_t size,
                                   size_t *length) {
    const struct zip_entry entries[] = {{"config.json", config, strlen(config)}, {"model.weights.h5", image, size}};
    return zip_bytes(arena, entries, 2, length);
}

/* The HDF5 part alone; it is closed. */
static inline char *keras_file_image(struct keras_file *file, size_t *length) {
    H5Fflush(file->weights, H5F_SCOPE_GLOBAL);
    ssize_t size = H5Fget_file_image(file->weights, NULL, 0);
    char *image = arena_alloc(file->arena, (size_t)size + 1);
    H5Fget_file_image(file->weights, image, (size_t)size);
    H5Fclose(file->weights);
    *length = (size_t)size;
    return image;
}

/* The whole file; the HDF5 part is closed. config may be given to stand for the file's own. */
static inline char *keras_file_finish(struct keras_file *file, const char *config, size_t *length) {
    size_t size;
    char *image = keras_file_image(file, &size);
    if (!config)
        config = arena_printf(file->arena,
                              "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"test\", \"layers\": [%s]}}",
                              file->layers.data);
    return keras_file_zip(file->arena, config, image, size, length);
}

#endif
