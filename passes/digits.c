/* Canonical signed digits: the form of a constant with the fewest nonzero digits in which no two
 * neighbours are nonzero (Reitwiesner 1960). Each digit is one shifted term of a sum. */
#include "passes/passes.h"

int signed_digits(int64_t constant, uint8_t position[65], bool negative[65]) {
    int128 rest = constant;
    int count = 0;
    for (uint8_t bit = 0; rest != 0; bit++, rest >>= 1) {
        if (!(rest & 1)) continue;
        bool minus = (rest & 3) == 3;
        position[count] = bit;
        negative[count++] = minus;
        rest += minus ? 1 : -1;
    }
    return count;
}
