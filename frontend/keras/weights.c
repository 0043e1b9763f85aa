/* Variables of model.weights.h5 through HDF5, from memory. */
#include "frontend/keras/keras.h"

#include <hdf5.h>
#include <pthread.h>

enum { VARIABLE_MAX = 1 << 26 };

static void release_file(void *handle) {
    H5Fclose(*(hid_t *)handle);
}

static void release_dataset(void *handle) {
    H5Dclose(*(hid_t *)handle);
}

/* HDF5 is one library for the whole process: as Debian builds it, one thread may be in it at a time, and its printing
 * of errors is a setting of the process. A reader has both to itself, and leaves the setting as it was. */
static pthread_mutex_t hdf5_turn = PTHREAD_MUTEX_INITIALIZER;

struct silence {
    H5E_auto2_t print;
    void *user;
};

static void end_turn(void *object) {
    const struct silence *before = object;
    H5Eset_auto2(H5E_DEFAULT, before->print, before->user);
    pthread_mutex_unlock(&hdf5_turn);
}

/* Until the reader's arena is freed. */
static void take_turn(struct keras_reader *reader) {
    struct silence *before = ARENA_NEW(reader->arena, struct silence);
    pthread_mutex_lock(&hdf5_turn);
    H5Eget_auto2(H5E_DEFAULT, &before->print, &before->user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    arena_defer(reader->arena, end_turn, before);
}

int keras_weights_open(struct keras_reader *reader, const void *image, size_t length) {
    take_turn(reader);
    /* The name alone tells images apart: two that are open at once must not share one. */
    const char *name = arena_printf(reader->arena, "model.weights.h5 %p", image);
    hid_t *handle = ARENA_NEW(reader->arena, hid_t);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;
    if (access >= 0 && H5Pset_fapl_core(access, 1 << 16, 0) >= 0 &&
        H5Pset_file_image(access, (void *)(uintptr_t)image, length) >= 0 &&
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0)
        file = H5Fopen(name, H5F_ACC_RDONLY, access);
    if (access >= 0) H5Pclose(access);
    if (file < 0)
        return diag_error(&reader->context->diagnostics,
                          (struct location){.file = reader->path, .path = "model.weights.h5"}, NULL,
                          "this is no HDF5 file, or it is damaged");
    *handle = file;
    reader->weights = file;
    arena_defer(reader->arena, release_file, handle);
    return 0;
}

static int refuse(struct keras_reader *reader, const char *path, const char *why) {
    return diag_error(&reader->context->diagnostics, (struct location){.file = reader->path, .path = path}, NULL, "%s",
                      why);
}

/* 0 when every group on the way is there. */
static bool exists(hid_t file, struct arena *arena, const char *path) {
    char *copy = arena_strdup(arena, path);
    for (char *at = copy; *at; at++) {
        if (*at != '/') continue;
        *at = 0;
        htri_t found = H5Lexists(file, copy, H5P_DEFAULT);
        *at = '/';
        if (found <= 0) return false;
    }
    return H5Lexists(file, copy, H5P_DEFAULT) > 0;
}

static int read_shape(struct keras_reader *reader, const char *path, hid_t dataset, struct shape *out) {
    hid_t space = H5Dget_space(dataset);
    hsize_t dims[H5S_MAX_RANK];
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank >= 0 && rank <= SHAPE_RANK_MAX) H5Sget_simple_extent_dims(space, dims, NULL);
    if (space >= 0) H5Sclose(space);
    if (rank < 0 || rank > SHAPE_RANK_MAX) return refuse(reader, path, "this variable has no usable shape");
    *out = (struct shape){.rank = rank};
    hsize_t count = 1;
    for (int d = 0; d < rank; d++) {
        if (dims[d] == 0 || dims[d] > VARIABLE_MAX || (count *= dims[d]) > VARIABLE_MAX)
            return refuse(reader, path, "this variable is empty or has an absurd size");
        out->dim[d] = (int64_t)dims[d];
    }
    return 0;
}

static bool is_number(hid_t dataset) {
    hid_t type = H5Dget_type(dataset);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (type >= 0) H5Tclose(type);
    return class == H5T_FLOAT || class == H5T_INTEGER;
}

static int read_dataset(struct keras_reader *reader, const char *path, hid_t dataset, struct keras_variable *out) {
    int result = is_number(dataset) ? read_shape(reader, path, dataset, &out->shape)
                                    : refuse(reader, path, "this variable holds no numbers");
    if (result == 0) {
        out->values = ARENA_ARRAY(reader->arena, float, shape_elements(&out->shape));
        if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->values) < 0)
            result = refuse(reader, path, "this variable cannot be read");
    }
    return result;
}

int keras_weights_read(struct keras_reader *reader, const char *path, struct keras_variable *out) {
    *out = (struct keras_variable){0};
    hid_t file = (hid_t)reader->weights;
    if (!exists(file, reader->arena, path)) return 0;
    struct arena *scratch = arena_new(reader->context);
    hid_t *dataset = ARENA_NEW(scratch, hid_t);
    *dataset = H5Dopen2(file, path, H5P_DEFAULT);
    int result = -1;
    if (*dataset >= 0) {
        arena_defer(scratch, release_dataset, dataset);
        result = read_dataset(reader, path, *dataset, out);
    } else {
        refuse(reader, path, "this variable cannot be opened");
    }
    arena_free(scratch);
    return result;
}
