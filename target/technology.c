/* Delay models by family. One LUT level stands for the LUT and the routing to it. */
#include "target/target.h"

#include <string.h>

#define AREA "area as Yosys maps it: one LUT a bit of an adder of two or three terms (place and route of three-term ones adds up to one in eight), masks before registers free"

static const struct technology technologies[] = {
    {"ultrascale+", 0.30, 0.020, 0.20, 0.35,
     "speed grade -2: 0.30 ns a LUT level with local routing, 0.02 ns a carry bit; published timing reports, not calibrated on this design; " AREA},
    {"ultrascale", 0.42, 0.028, 0.28, 0.45,
     "speed grade -2: 0.42 ns a LUT level, 0.028 ns a carry bit; scaled from ultrascale+, not calibrated on this design; " AREA},
    {"7-series", 0.70, 0.035, 0.40, 0.55,
     "speed grade -2: 0.70 ns a LUT level, 0.035 ns a carry bit; published timing reports, not calibrated on this design; " AREA},
};

const struct technology *technology_for(const struct part *part) {
    for (size_t i = 0; part && i < sizeof technologies / sizeof *technologies; i++)
        if (strcmp(technologies[i].family, part->family) == 0)
            return &technologies[i];
    return &technologies[0];
}
