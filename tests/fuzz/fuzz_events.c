/* Fuzzes the readers of event files: the first byte chooses .npy or .csv, the others are the file. Any
 * bytes are read or diagnosed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/sim.h"

struct request {
    struct bxc_context *context;
    const char *path;
};

static int read_request(void *user) {
    const struct request *request = user;
    struct event_source *source = event_source_open(request->context, request->path);
    if (!source) return -1;
    size_t elements = event_source_elements(source, NULL);
    if (elements < 100000) {
        double *data = malloc(64 * elements * sizeof *data);
        for (int pass = 0; data && pass < 2; pass++) {
            while (event_source_read(source, data, 64) > 0)
                ;
            event_source_rewind(source);
        }
        free(data);
    }
    event_source_close(source);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    char path[64];
    if (length == 0) return 0;
    snprintf(path, sizeof path, "/tmp/bxc-fuzz-%ld.%s", (long)getpid(), data[0] % 2 ? "npy" : "csv");
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fwrite(data + 1, 1, length - 1, file);
    fclose(file);
    struct request request = {context_new(), path};
    context_guarded(request.context, read_request, &request);
    context_free(request.context);
    unlink(path);
    return 0;
}
