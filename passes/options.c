/* The defaults of compilation, in one place. */
#include "passes/passes.h"

struct compile_options compile_options_default(void) {
    return (struct compile_options){
        .clock_ps = 2778, /* 360 MHz */
        .margin_percent = 10,
        .interval = 0,
        .part_code = "xcvu13p-flga2577-2-e",
        .softmax = SOFTMAX_KEEP,
        .softmax_error = 1.0 / 1024,
        .precision = {.weight_bits = 12,
                      .activation_bits = 16,
                      .rounding = ROUND_HALF_EVEN,
                      .overflow = OVERFLOW_SATURATE,
                      .granularity = GRANULARITY_CHANNEL},
    };
}
