/* Both networks in one program, for two.sh: events from standard input, what each gives to a file. */
#include <stdio.h>

#include "alpha.h"
#include "beta.h"

static void write_event(FILE *file, const int64_t *y) {
    fprintf(file, "%d %d %d\n", (int)y[0], (int)y[1], (int)y[2]);
}

int main(int count, char **arguments) {
    int x[4];
    FILE *alpha = fopen(arguments[1], "w"), *beta = fopen(arguments[2], "w");
    if (count != 3 || !alpha || !beta) return 1;
    while (scanf("%d %d %d %d", &x[0], &x[1], &x[2], &x[3]) == 4) {
        const int64_t in[4] = {x[0], x[1], x[2], x[3]};
        int64_t out[3];
        alpha_run(in, out);
        write_event(alpha, out);
        beta_run(in, out);
        write_event(beta, out);
    }
    return fclose(alpha) | fclose(beta);
}
