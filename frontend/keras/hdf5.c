/* HDF5 files from memory: variables, and texts that are attributes of groups. */
#include "frontend/keras/keras.h"

#include <hdf5.h>
#include <pthread.h>
#include <string.h>

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

/* Until the arena is freed. */
static void take_turn(struct arena *arena) {
    struct silence *before = ARENA_NEW(arena, struct silence);
    pthread_mutex_lock(&hdf5_turn);
    H5Eget_auto2(H5E_DEFAULT, &before->print, &before->user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    arena_defer(arena, end_turn, before);
}

static int refuse(const struct keras_hdf5 *hdf5, const char *path, const char *why) {
    return diag_error(&hdf5->context->diagnostics, (struct location){.file = hdf5->path, .path = path}, NULL, "%s",
                      why);
}

int64_t keras_hdf5_open_image(const void *image, size_t length) {
    /* The name alone tells images apart: two that are open at once must not share one. */
    char name[64];
    snprintf(name, sizeof name, "model.weights.h5 %p", image);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    hid_t file = -1;
    if (access >= 0 && H5Pset_fapl_core(access, 1 << 16, 0) >= 0 &&
        H5Pset_file_image(access, (void *)(uintptr_t)image, length) >= 0 &&
        H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0)
        file = H5Fopen(name, H5F_ACC_RDONLY, access);
    if (access >= 0) H5Pclose(access);
    return file;
}

int keras_hdf5_open(struct keras_hdf5 *hdf5, const void *image, size_t length, const char *what) {
    take_turn(hdf5->arena);
    if (!keras_hdf5_survives(image, length))
        return refuse(hdf5, what, "this HDF5 file is damaged: its library does not survive it");
    hid_t *handle = ARENA_NEW(hdf5->arena, hid_t);
    hid_t file = keras_hdf5_open_image(image, length);
    if (file < 0) return refuse(hdf5, what, "this is no HDF5 file, or it is damaged");
    *handle = file;
    hdf5->file = file;
    arena_defer(hdf5->arena, release_file, handle);
    return 0;
}

bool keras_hdf5_has(const struct keras_hdf5 *hdf5, const char *path) {
    hid_t file = (hid_t)hdf5->file;
    char *copy = arena_strdup(hdf5->arena, path);
    for (char *at = copy; *at; at++) {
        if (*at != '/') continue;
        *at = 0;
        htri_t found = H5Lexists(file, copy, H5P_DEFAULT);
        *at = '/';
        if (found <= 0) return false;
    }
    return H5Lexists(file, copy, H5P_DEFAULT) > 0;
}

static int read_shape(const struct keras_hdf5 *hdf5, const char *path, hid_t dataset, struct shape *out) {
    hid_t space = H5Dget_space(dataset);
    hsize_t dims[H5S_MAX_RANK];
    int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    if (rank >= 0 && rank <= SHAPE_RANK_MAX) H5Sget_simple_extent_dims(space, dims, NULL);
    if (space >= 0) H5Sclose(space);
    if (rank < 0 || rank > SHAPE_RANK_MAX) return refuse(hdf5, path, "this variable has no usable shape");
    *out = (struct shape){.rank = rank};
    hsize_t count = 1;
    for (int d = 0; d < rank; d++) {
        if (dims[d] == 0 || dims[d] > VARIABLE_MAX || (count *= dims[d]) > VARIABLE_MAX)
            return refuse(hdf5, path, "this variable is empty or has an absurd size");
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

static int read_dataset(const struct keras_hdf5 *hdf5, const char *path, hid_t dataset, struct keras_variable *out) {
    int result = is_number(dataset) ? read_shape(hdf5, path, dataset, &out->shape)
                                    : refuse(hdf5, path, "this variable holds no numbers");
    if (result == 0) {
        out->values = ARENA_ARRAY(hdf5->arena, float, shape_elements(&out->shape));
        if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->values) < 0)
            result = refuse(hdf5, path, "this variable cannot be read");
    }
    return result;
}

int keras_hdf5_variable(const struct keras_hdf5 *hdf5, const char *path, struct keras_variable *out) {
    *out = (struct keras_variable){0};
    if (!keras_hdf5_has(hdf5, path)) return 0;
    struct arena *scratch = arena_new(hdf5->context);
    hid_t *dataset = ARENA_NEW(scratch, hid_t);
    *dataset = H5Dopen2((hid_t)hdf5->file, path, H5P_DEFAULT);
    int result = -1;
    if (*dataset >= 0) {
        arena_defer(scratch, release_dataset, dataset);
        result = read_dataset(hdf5, path, *dataset, out);
    } else {
        refuse(hdf5, path, "this variable cannot be opened");
    }
    arena_free(scratch);
    return result;
}

/* ---- attributes ---- */

enum { TEXTS_MAX = 1 << 16, TEXT_MAX = 1 << 26 };

struct attribute {
    hid_t handle, type, space;
};

static void release_attribute(void *object) {
    struct attribute *attribute = object;
    if (attribute->space >= 0) H5Sclose(attribute->space);
    if (attribute->type >= 0) H5Tclose(attribute->type);
    if (attribute->handle >= 0) H5Aclose(attribute->handle);
}

/* What HDF5 allocates for texts without a fixed length. */
struct loose_texts {
    hid_t type, space;
    char **at;
};

static void release_loose(void *object) {
    struct loose_texts *texts = object;
    H5Dvlen_reclaim(texts->type, texts->space, H5P_DEFAULT, texts->at);
    H5Tclose(texts->type);
}

static int read_loose(struct arena *scratch, struct arena *arena, const struct attribute *attribute, size_t count,
                      const char **texts) {
    struct loose_texts *loose = ARENA_NEW(scratch, struct loose_texts);
    *loose = (struct loose_texts){H5Tcopy(attribute->type), attribute->space, ARENA_ARRAY(scratch, char *, count)};
    if (loose->type < 0 || H5Aread(attribute->handle, loose->type, loose->at) < 0) return -1;
    arena_defer(scratch, release_loose, loose);
    for (size_t i = 0; i < count; i++) texts[i] = loose->at[i] ? arena_strdup(arena, loose->at[i]) : "";
    return 0;
}

static int read_fixed(struct arena *scratch, struct arena *arena, const struct attribute *attribute, size_t count,
                      const char **texts) {
    size_t size = H5Tget_size(attribute->type);
    if (size == 0 || size > TEXT_MAX || size * count > TEXT_MAX) return -1;
    char *all = ARENA_ARRAY(scratch, char, size *count);
    if (H5Aread(attribute->handle, attribute->type, all) < 0) return -1;
    for (size_t i = 0; i < count; i++) texts[i] = arena_strndup(arena, all + i * size, strnlen(all + i * size, size));
    return 0;
}

static int read_texts(const struct keras_hdf5 *hdf5, struct arena *scratch, const struct attribute *attribute,
                      const char ***texts, size_t *count) {
    if (attribute->type < 0 || attribute->space < 0 || H5Tget_class(attribute->type) != H5T_STRING) return -1;
    hssize_t points = H5Sget_simple_extent_npoints(attribute->space);
    if (points < 0 || points > TEXTS_MAX) return -1;
    *count = (size_t)points;
    *texts = ARENA_ARRAY(hdf5->arena, const char *, *count + 1);
    if (points == 0) return 0;
    return (H5Tis_variable_str(attribute->type) > 0 ? read_loose : read_fixed)(scratch, hdf5->arena, attribute, *count,
                                                                               *texts);
}

int keras_hdf5_texts(const struct keras_hdf5 *hdf5, const char *group, const char *attribute, const char ***texts,
                     size_t *count) {
    *count = 0;
    *texts = NULL;
    hid_t file = (hid_t)hdf5->file;
    if (H5Aexists_by_name(file, group, attribute, H5P_DEFAULT) <= 0) return 0;
    struct arena *scratch = arena_new(hdf5->context);
    struct attribute *opened = ARENA_NEW(scratch, struct attribute);
    opened->handle = H5Aopen_by_name(file, group, attribute, H5P_DEFAULT, H5P_DEFAULT);
    opened->type = opened->handle < 0 ? -1 : H5Aget_type(opened->handle);
    opened->space = opened->handle < 0 ? -1 : H5Aget_space(opened->handle);
    arena_defer(scratch, release_attribute, opened);
    int result = read_texts(hdf5, scratch, opened, texts, count);
    arena_free(scratch);
    if (result < 0) {
        *count = 0;
        return refuse(hdf5, group, arena_printf(hdf5->arena, "the attribute '%s' holds no texts", attribute));
    }
    return 0;
}
