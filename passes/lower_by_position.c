#include "passes/lower_beats.h"
void lower_quantizer_by_items(struct lower *lower, struct term *out) {
    lower_quantizer(lower, out);
}
