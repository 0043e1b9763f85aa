// Feeds both networks of both.v with the events of standard input, writes what each gives to a file.
#include <cstdio>

#include "Vboth.h"
#include "verilated.h"

double sc_time_stamp() {
    return 0;
}

static void write_event(FILE *file, unsigned y) {
    for (int i = 0; i < 3; i++) std::fprintf(file, "%d%c", (int)(signed char)(y >> 8 * i & 255), i < 2 ? ' ' : '\n');
}

int main(int, char **arguments) {
    enum { DRAIN = 50 };
    Vboth both;
    FILE *alpha = std::fopen(arguments[1], "w"), *beta = std::fopen(arguments[2], "w");
    for (int cycle = -2, idle = 0; idle < DRAIN; cycle++) {
        int x[4];
        bool event = cycle >= 0 && std::scanf("%d %d %d %d", &x[0], &x[1], &x[2], &x[3]) == 4;
        idle += cycle >= 0 && !event;
        both.rst = cycle < 0;
        both.in_valid = event;
        both.x = 0xdeadbeef;
        if (event) both.x = (x[0] & 255u) | (x[1] & 255u) << 8 | (x[2] & 255u) << 16 | (x[3] & 255u) << 24;
        both.clk = 0;
        both.eval();
        if (cycle >= 0 && both.alpha_valid) write_event(alpha, both.alpha_y);
        if (cycle >= 0 && both.beta_valid) write_event(beta, both.beta_y);
        both.clk = 1;
        both.eval();
    }
    return std::fclose(alpha) | std::fclose(beta);
}
