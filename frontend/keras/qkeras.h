/* QKeras's quantisers: as texts ("quantized_bits(6,0,alpha=1)") or objects of a configuration. */
#ifndef BXC_FRONTEND_QKERAS_H
#define BXC_FRONTEND_QKERAS_H

#include "frontend/keras/keras.h"

/* ---- qkeras_parse.c ---- */

/* A quantiser's name and its members, by the names of QKeras's constructors. */
struct qkeras_quantizer {
    const char *name;    /* "quantized_bits"; NULL: there is none */
    const char *where;   /* the member of the layer's configuration, for diagnoses */
    const cJSON *config; /* NULL: all by default */
};
/* Whether the JSON is a quantiser of QKeras. */
bool qkeras_is_quantizer(const cJSON *json);
/* JSON that is null gives one without a name. -1 and a diagnosis. */
int qkeras_parse(struct keras_reader *reader, const struct keras_layer *layer, const char *where, const cJSON *json,
                 struct qkeras_quantizer *out);

/* ---- qkeras_constant.c ---- */

/* Quantises weights in place, in binary32 as QKeras does. kernel: of a layer's kernel, whose scale is found from the
 * weights where it is not given. */
int qkeras_quantize_constant(struct keras_reader *reader, const struct keras_layer *layer,
                             const struct qkeras_quantizer *quantizer, bool kernel, struct keras_variable *variable);
/* The member of the layer's configuration that names the variable's quantiser, applied to it. */
int qkeras_constant(struct keras_reader *reader, const struct keras_layer *layer, const char *member, bool kernel,
                    struct keras_variable *variable);

/* Exponents of powers of two, as quantized_po2 and quantized_relu_po2 have them. */
struct qkeras_exponents {
    int least, most;
    float largest; /* of magnitudes; 0: not limited */
    bool quadratic, floor;
};
int qkeras_read_exponents(struct keras_reader *reader, const struct keras_layer *layer,
                          const struct qkeras_quantizer *quantizer, struct qkeras_exponents *out);

/* ---- qkeras_value.c ---- */

/* Nodes "PART..." that quantise the value; part NULL: the layer's own. */
valref qkeras_quantize_value(struct keras_reader *reader, const struct keras_layer *layer,
                             const struct qkeras_quantizer *quantizer, const char *part, valref value);

#endif
