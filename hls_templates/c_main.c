/* Reads events from standard input, writes what the network gives to standard output: per event each
 * port in order, each element an int64 in little-endian order. `--hash` prints the content hash.
 *
 * `--double` and `--float` run events of binary64 numbers through the entry points in real numbers, and write for
 * each what the function returned, an int64, and then the outputs in binary64. `--ports` prints what the code says
 * of its ports: a line "in" or "out" and the number of elements, then width, fraction and sign of each. */
#include <stdio.h>
#include <string.h>

#include "@{name}.h"

#ifdef BXC_PROBES /* inner values follow each event's outputs */
extern int64_t *@{name}_probe;
enum { PROBES = @{probes} };
#else
enum { PROBES = 0 };
#endif
enum { INPUTS = @{inputs}, OUTPUTS = @{outputs}, GIVEN = OUTPUTS + PROBES, BLOCK = 64 };

static unsigned char in_bytes[BLOCK][8 * INPUTS + 1], out_bytes[BLOCK][8 * GIVEN + 1];

static int64_t load(const unsigned char *bytes) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | bytes[i];
    return (int64_t)word;
}

static void store(unsigned char *bytes, int64_t value) {
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)value >> 8 * i);
}

static void run_event(const unsigned char *from, unsigned char *to) {
    int64_t in[INPUTS + 1], out[GIVEN + 1];
    for (int i = 0; i < INPUTS; i++) in[i] = load(from + 8 * i);
#ifdef BXC_PROBES
    @{name}_probe = out + OUTPUTS;
#endif
    @{name}_run(@{arguments});
    for (int i = 0; i < GIVEN; i++) store(to + 8 * i, out[i]);
}

static const struct {
    const char *direction;
    int elements;
    const int16_t *width, *fraction;
    const uint8_t *is_signed;
} ports[] = {
@{ports}};

static void print_ports(void) {
    for (size_t p = 0; p < sizeof ports / sizeof ports[0]; p++) {
        printf("%s %d\n", ports[p].direction, ports[p].elements);
        for (int i = 0; i < ports[p].elements; i++)
            printf("%d %d %d\n", ports[p].width[i], ports[p].fraction[i], ports[p].is_signed[i]);
    }
}

/* Outputs that the function leaves alone stay 0.5. */
static int64_t double_event(const double *in, double *out) {
    for (int i = 0; i < OUTPUTS; i++) out[i] = 0.5;
    return @{name}_run_double(@{arguments});
}

static int64_t float_event(const double *from, double *to) {
    float in[INPUTS + 1], out[OUTPUTS + 1];
    for (int i = 0; i < INPUTS; i++) in[i] = (float)from[i];
    for (int i = 0; i < OUTPUTS; i++) out[i] = 0.5f;
    const int64_t status = @{name}_run_float(@{arguments});
    for (int i = 0; i < OUTPUTS; i++) to[i] = (double)out[i];
    return status;
}

static int run_reals(int64_t (*run)(const double *, double *)) {
    unsigned char bytes[8 * (INPUTS + 1)], result[8 * (OUTPUTS + 1)];
    double in[INPUTS + 1], out[OUTPUTS + 1];
    size_t got;
    while ((got = fread(bytes, 1, 8 * INPUTS, stdin)) == 8 * INPUTS) {
        for (int i = 0; i < INPUTS; i++) {
            const int64_t bits = load(bytes + 8 * i);
            memcpy(&in[i], &bits, 8);
        }
        store(result, run(in, out));
        for (int i = 0; i < OUTPUTS; i++) {
            int64_t bits;
            memcpy(&bits, &out[i], 8);
            store(result + 8 * (i + 1), bits);
        }
        if (fwrite(result, 1, 8 * (OUTPUTS + 1), stdout) != 8 * (OUTPUTS + 1)) return 1;
    }
    return got != 0 || fflush(stdout) != 0;
}

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "--hash") == 0) {
        puts(@{name}_content_hash);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "--ports") == 0) {
        print_ports();
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "--double") == 0) return run_reals(double_event);
    if (count > 1 && strcmp(arguments[1], "--float") == 0) return run_reals(float_event);
    for (;;) {
        size_t events = 0;
        size_t got = 8 * INPUTS;
        for (; events < BLOCK && got == 8 * INPUTS; events += got == 8 * INPUTS)
            got = fread(in_bytes[events], 1, 8 * INPUTS, stdin);
        for (size_t i = 0; i < events; i++) run_event(in_bytes[i], out_bytes[i]);
        for (size_t i = 0; i < events; i++)
            if (fwrite(out_bytes[i], 1, 8 * GIVEN, stdout) != 8 * GIVEN) return 1;
        if (got == 0) return fflush(stdout) != 0;
        if (got != 8 * INPUTS) {
            fputs("the last event is incomplete\n", stderr);
            return 1;
        }
    }
}
