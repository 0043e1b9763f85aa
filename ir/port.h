/* Between the numbers outside and the integers at a port. */
#ifndef BXC_IR_PORT_H
#define BXC_IR_PORT_H

#include "ir/graph.h"

struct port_rule { /* of one element */
    struct format format;
    int64_t lo, hi;          /* what the port can carry */
    double step;             /* 2^fraction */
    float scale, zero_point; /* of the meaning; 1 and 0 without one */
    const float *constants;  /* one for each of the reader's operations */
};
/* How numbers become the integers of one input, planned once: whoever turns an event into port integers reads
 * by this, and the emitted C prints it. */
struct port_reader {
    const struct graph *graph;
    valref input;
    enum rounding rounding;
    enum overflow overflow;
    bool meant; /* through the operations, in binary32; else there are none */
    uint32_t operation_count;
    const enum port_operation *operations; /* in order, one rounding each */
    size_t elements;
    struct port_rule *rules;        /* by element */
    const struct port_lanes *lanes; /* the same for many numbers at once; NULL: formats are too large for it */
};
struct port_reader *port_reader_new(const struct graph *graph, valref input, struct arena *arena);
/* in, out: events x elements, row-major. Exact up to the port's rounding. -1 and a diagnosis for NaN (event and
 * element named, counted from first_event). */
int port_read_doubles(const struct port_reader *reader, size_t events, size_t first_event, const double *in,
                      int64_t *out);
int port_read_floats(const struct port_reader *reader, size_t events, size_t first_event, const float *in,
                     int64_t *out);
int port_read_integers(const struct port_reader *reader, size_t events, size_t first_event, const int64_t *in,
                       int64_t *out);
/* The same for one array of binary32 numbers. */
int port_from_reals(const struct graph *graph, valref input, size_t events, size_t first_event, const float *in,
                    int64_t *out);
const struct meaning *input_meaning(const struct graph *graph, valref input); /* empty: none */
/* integer -> real, with the meaning of the input or output when there is one (NULL: none). */
void port_to_reals(const struct graph *graph, valref value, const struct meaning *meaning, size_t events,
                   const int64_t *in, double *out);

#endif
