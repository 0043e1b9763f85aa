// Both networks of HLS C++ in one program, for two.sh: events from standard input, what each gives to a file.
#include <cstdio>

#include "alpha.h"
#include "beta.h"

template <class T> static void write_event(FILE *file, const T (&y)[3]) {
    std::fprintf(file, "%d %d %d\n", (int)bxc_raw(y[0]), (int)bxc_raw(y[1]), (int)bxc_raw(y[2]));
}

int main(int, char **arguments) {
    int in[4];
    FILE *alpha_file = std::fopen(arguments[1], "w"), *beta_file = std::fopen(arguments[2], "w");
    while (std::scanf("%d %d %d %d", &in[0], &in[1], &in[2], &in[3]) == 4) {
        alpha_x_t alpha_x[4];
        beta_x_t beta_x[4];
        alpha_y_t alpha_y[3];
        beta_y_t beta_y[3];
        for (int i = 0; i < 4; i++) {
            alpha_x[i] = bxc_from_raw<alpha_x_t>(in[i]);
            beta_x[i] = bxc_from_raw<beta_x_t>(in[i]);
        }
        alpha(alpha_x, alpha_y);
        beta(beta_x, beta_y);
        write_event(alpha_file, alpha_y);
        write_event(beta_file, beta_y);
    }
    return std::fclose(alpha_file) | std::fclose(beta_file);
}
