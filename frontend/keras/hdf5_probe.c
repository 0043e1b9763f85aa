/* Whether HDF5 survives a file. Its library trusts what it reads: damaged files end it, or it never ends. So all of a
 * file is read in a process of its own first, whose end is told; what it gives there is of no interest. */
#include "frontend/keras/keras.h"

#include <errno.h>
#include <hdf5.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBE_BYTES = 1 << 28 /* of one variable or attribute */ };
/* Reading a file takes a few milliseconds, and a second for some 200 MB: ten times that, and not less than half of one.
 */
enum { PROBE_MILLISECONDS = 500, PROBE_BYTES_A_MILLISECOND = 20000 };

static herr_t read_attribute(hid_t object, const char *name, const H5A_info_t *info, void *user) {
    (void)info, (void)user;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute), space = attribute < 0 ? -1 : H5Aget_space(attribute);
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    size_t size = type < 0 ? 0 : H5Tget_size(type);
    if (count > 0 && size > 0 && (size_t)count <= PROBE_BYTES / size) {
        void *data = calloc((size_t)count, size);
        if (data && H5Aread(attribute, type, data) >= 0 && H5Tis_variable_str(type) > 0)
            H5Dvlen_reclaim(type, space, H5P_DEFAULT, data);
        free(data);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return 0;
}

static void read_dataset(hid_t dataset) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    bool is_number = class == H5T_FLOAT || class == H5T_INTEGER;
    if (is_number && count > 0 && (size_t)count <= PROBE_BYTES / sizeof(float)) {
        float *data = malloc((size_t)count * sizeof *data);
        if (data) (void)H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
        free(data);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
}

static herr_t read_object(hid_t root, const char *name, const H5O_info_t *info, void *user) {
    (void)user;
    hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    if (object < 0) return 0;
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, read_attribute, NULL);
    if (info->type == H5O_TYPE_DATASET) read_dataset(object);
    H5Oclose(object);
    return 0;
}

/* What ends the process tells nobody: no dump of memory, and its own time of the processor. */
static _Noreturn void probe(const void *image, size_t length) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    static const int ends[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGPROF};
    const size_t milliseconds = PROBE_MILLISECONDS + length / PROBE_BYTES_A_MILLISECOND;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) signal(ends[i], SIG_DFL);
    setitimer(
        ITIMER_PROF, /* of the processor's time, so that a busy machine judges alike */
        &(struct itimerval){.it_value = {(time_t)(milliseconds / 1000), (suseconds_t)(milliseconds % 1000 * 1000)}},
        NULL);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = keras_hdf5_open_image(image, length);
    if (file >= 0) {
        H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, read_object, NULL);
        H5Fclose(file);
    }
    _exit(0);
}

bool keras_hdf5_survives(const void *image, size_t length) {
    int status;
    pid_t child = fork();
    if (child == 0) probe(image, length);
    if (child < 0) return true; /* no process to be had: as it was without */
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return true;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
