/* Writes the made events of a firmware to standard output as its engines take them: for each event every element
 * of every port, an int64, little-endian.
 *   fault_events FOLDER all|random EVENTS      all: every corner vector, then so many random events */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"
#include "sim/private.h"

static void put(const int64_t *event, size_t count) {
    fwrite(event, sizeof *event, count, stdout);
}

int main(int count, char **arguments) {
    struct bxc_context *context = context_new();
    struct firmware *firmware = count == 4 ? firmware_open(context, arguments[1]) : NULL;
    struct integrity integrity;
    if (!firmware || integrity_check(firmware, true, &integrity) < 0) return 2;
    struct port_elements *ports = port_elements_new(firmware, context->arena);
    int64_t *event = ARENA_ARRAY(context->arena, int64_t, ports->count + 1);
    for (uint64_t i = 0; i < corner_events(ports); i++) {
        corner_event(ports, i, event);
        put(event, ports->count);
    }
    if (!strcmp(arguments[2], "all")) {
        struct row_set extremes = extreme_events(firmware->quantised, ports, context->arena);
        if (firmware->sums)
            extreme_events_of_adders(firmware->quantised, firmware->sums, ports, context->arena, &extremes);
        put(extremes.rows, extremes.count * ports->count);
    }
    for (uint64_t i = 0; i < strtoull(arguments[3], NULL, 10); i++) {
        uniform_event(ports, 1, i, event);
        put(event, ports->count);
    }
    context_free(context);
    return 0;
}
