/* The delay model's numbers: one set, fitted, scaled by family and speed grade.
 *
 * UltraScale+ at -2 is the set of the recipe by which the project compares compilers (tests/bench/timing.sh):
 * 100 ps a LUT, 240 ps a net that leaves it, 160 ps onto a carry chain and 140 ps to a sum straight away, 10 ps a
 * bit along it, 30 ps through a block (of eight bits; of four where Yosys adds two terms), 100 ps off it to a sum;
 * 80 ps clock to output, 30 ps set-up. Readers beyond eight make a net 10 ps slower at each doubling: an
 * assumption, as placement is not known.
 *
 * A block RAM's are those of Artix-7 at -1 (DS181: 882 ps from the clock to a registered output, 737 ps set-up of data
 * and 566 of an address), scaled back as below; what a register has is taken off.
 *
 * Grades scale as the longest combinational path that the data sheet gives, a DSP48E2 without pipeline
 * registers (FMAX_NOPIPELINEREG, DS922, DS923, DS925): 483 MHz at -3, 410 at -2, 338 at -1, and at the lower
 * voltage 323 at -2, 304 at -1. The clock tree (FMAX of BUFG, same sheets) carries 891, 775, 667, 725, 667 MHz.
 * -1L and -2L at the usual voltage are as fast as -1 and -2 (same sheets, introduction).
 *
 * Families scale as one soft processor does in all of them at its fastest grade (MicroBlaze, UG984 2025.2):
 * 682 MHz in Virtex UltraScale+, 460 in Virtex UltraScale, 398 in Kintex-7, 267 in Artix-7. Their grades
 * are taken to lie as far apart as UltraScale+'s; their clock trees' limits are not checked. */
#include "target/target.h"

#include <string.h>

#define PERCENT(number, family, grade) (((number) * (family) * (grade) + 5000) / 10000)

#define AREA                                                                                                           \
    "; area as Yosys maps it to ultrascale+: one LUT a bit of an adder of two or three terms (place and route of three-term ones adds up to one in eight), masks before registers free"

/* Percent: of UltraScale+, and of -2. */
#define TECHNOLOGY(name, percent, block, speed_, low_voltage_, grade, clock_tree, text)                                \
    {.family = name,                                                                                                   \
     .speed = speed_,                                                                                                  \
     .low_voltage = low_voltage_,                                                                                      \
     .lut = PERCENT(100, percent, grade),                                                                              \
     .net = PERCENT(240, percent, grade),                                                                              \
     .to_sum = PERCENT(140, percent, grade),                                                                           \
     .to_carry = PERCENT(160, percent, grade),                                                                         \
     .carry_bit = PERCENT(10, percent, grade),                                                                         \
     .carry_to_sum = PERCENT(100, percent, grade),                                                                     \
     .carry_to_carry = PERCENT(30, percent, grade),                                                                    \
     .carry_block = block,                                                                                             \
     .carry_block_of_two = 4,                                                                                          \
     .clock_to_out = PERCENT(80, percent, grade),                                                                      \
     .setup = PERCENT(30, percent, grade),                                                                             \
     .memory_out = PERCENT(210, percent, grade),                                                                       \
     .memory_setup = PERCENT(210, percent, grade),                                                                     \
     .fan_out = PERCENT(10, percent, grade),                                                                           \
     .fan_out_free = 8,                                                                                                \
     .clock_tree_megahertz = clock_tree,                                                                               \
     .source = text AREA},

#define GRADES(name, percent, block, text, tree3, tree2, tree1, tree2l, tree1l)                                        \
    TECHNOLOGY(name, percent, block, 3, false, 85, tree3, "speed grade -3, " text)                                     \
    TECHNOLOGY(name, percent, block, 2, false, 100, tree2, "speed grade -2, " text)                                    \
    TECHNOLOGY(name, percent, block, 1, false, 121, tree1, "speed grade -1, " text)                                    \
    TECHNOLOGY(name, percent, block, 2, true, 127, tree2l, "speed grade -2 at the lower voltage, " text)               \
    TECHNOLOGY(name, percent, block, 1, true, 135, tree1l, "speed grade -1 at the lower voltage, " text)

static const struct technology technologies[] = {
    GRADES(
        "ultrascale+", 100, 8,
        "delays fitted to mapped netlists, grades as in DS922/DS923/DS925; placement is not known", 891, 775, 667, 725,
        667) GRADES("ultrascale", 148, 8,
                    "delays scaled from ultrascale+ and not fitted: times 1.48 (UG984's maximum frequencies), grades as far apart as there; placement is not known",
                    0, 0, 0, 0, 0)
        GRADES(
            "7-series", 171, 4,
            "delays scaled from ultrascale+ and not fitted: times 1.71 (UG984's maximum frequencies), grades as far apart as there; placement is not known",
            0, 0, 0, 0, 0)
            GRADES(
                "artix-7", 255, 4,
                "delays scaled from ultrascale+ and not fitted: times 2.55 (UG984's maximum frequencies), grades as far apart as there; placement is not known",
                0, 0, 0, 0, 0)};

/* techlibs/xilinx/cells_sim.v of Yosys has a delay for each input and output: the middle of a LUT's, and of a CARRY4's
 * from any place to any; 300 ps a net is synth_xilinx's. CARRY8 has none. */
static const struct technology mapping = {.family = "cells of 7-series as Yosys describes them",
                                          .lut = 240,
                                          .net = 300,
                                          .to_sum = 230,
                                          .to_carry = 500,
                                          .carry_to_sum = 570,
                                          .carry_to_carry = 414,
                                          .carry_block_of_two = 4,
                                          .fan_out_free = 1 << 30};

const struct technology *technology_of_mapping(void) {
    return &mapping;
}

/* Artix-7, and the Zynq-7000 that are made of it, are slower than the other devices of the 7 series. */
static const char *family_of(const struct part *part) {
    static const char *const slow[] = {"xc7a", "xc7z007", "xc7z010", "xc7z012", "xc7z014", "xc7z015", "xc7z020"};
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strncmp(part->name, slow[i], strlen(slow[i])) == 0) return "artix-7";
    return part->family;
}

const struct technology *technology_for(const struct part *part, struct part_grade grade) {
    int speed = grade.speed ? grade.speed : 2;
    for (size_t i = 0; part && i < sizeof technologies / sizeof *technologies; i++)
        if (strcmp(technologies[i].family, family_of(part)) == 0 && technologies[i].speed == speed &&
            technologies[i].low_voltage == grade.low_voltage)
            return &technologies[i];
    return &technologies[1];
}
