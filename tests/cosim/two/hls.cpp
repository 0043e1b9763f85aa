// Both networks of HLS C++ in one program, for two.sh: events from standard input, what each gives to a file.
#include <cstdio>

#include "first.h"
#include "second.h"

template <class T> static void write_event(FILE *file, const T (&y)[3]) {
    std::fprintf(file, "%d %d %d\n", (int)bxc_raw(y[0]), (int)bxc_raw(y[1]), (int)bxc_raw(y[2]));
}

int main(int, char **arguments) {
    int in[4];
    FILE *first_file = std::fopen(arguments[1], "w"), *second_file = std::fopen(arguments[2], "w");
    while (std::scanf("%d %d %d %d", &in[0], &in[1], &in[2], &in[3]) == 4) {
        first_x_t first_x[4];
        second_x_t second_x[4];
        first_y_t first_y[3];
        second_y_t second_y[3];
        for (int i = 0; i < 4; i++) {
            first_x[i] = bxc_from_raw<first_x_t>(in[i]);
            second_x[i] = bxc_from_raw<second_x_t>(in[i]);
        }
        first(first_x, first_y);
        second(second_x, second_y);
        write_event(first_file, first_y);
        write_event(second_file, second_y);
    }
    return std::fclose(first_file) | std::fclose(second_file);
}
