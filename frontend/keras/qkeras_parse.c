/* QKeras's quantisers as texts and as objects: both become a name and members. */
#include "frontend/keras/qkeras.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In the order of their constructors. */
static const struct quantizer_class {
    const char *name, *members;
} classes[] = {
    {"quantized_bits", "bits integer symmetric keep_negative alpha use_stochastic_rounding scale_axis qnoise_factor "
                       "var_name use_ste use_variables elements_per_scale min_po2_exponent max_po2_exponent "
                       "post_training_scale"},
    {"quantized_linear", "bits integer symmetric keep_negative alpha use_stochastic_rounding scale_axis qnoise_factor "
                         "var_name use_variables"},
    {"quantized_relu", "bits integer use_sigmoid negative_slope use_stochastic_rounding relu_upper_bound "
                       "is_quantized_clip qnoise_factor var_name use_ste use_variables enable_fast_inference"},
    {"quantized_ulaw", "bits integer symmetric u"},
    {"quantized_tanh", "bits use_stochastic_rounding symmetric use_real_tanh"},
    {"quantized_sigmoid", "bits symmetric use_real_sigmoid use_stochastic_rounding"},
    {"quantized_po2", "bits max_value use_stochastic_rounding quadratic_approximation log2_rounding qnoise_factor "
                      "var_name use_ste use_variables"},
    {"quantized_relu_po2", "bits max_value negative_slope use_stochastic_rounding quadratic_approximation "
                           "log2_rounding qnoise_factor var_name use_ste use_variables"},
    {"quantized_hswish", "bits integer symmetric alpha use_stochastic_rounding scale_axis qnoise_factor var_name "
                         "use_ste use_variables relu_shift relu_upper_bound keep_negative post_training_scale"},
    {"binary", "use_01 alpha use_stochastic_rounding scale_axis elements_per_scale min_po2_exponent max_po2_exponent"},
    {"ternary", "alpha threshold use_stochastic_rounding number_of_unrolls"},
    {"stochastic_binary", "alpha temperature use_real_sigmoid"},
    {"stochastic_ternary", "alpha threshold temperature use_real_sigmoid number_of_unrolls"},
    {"bernoulli", "alpha temperature use_real_sigmoid"},
};

static const struct quantizer_class *find_class(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0) return &classes[i];
    return NULL;
}

static const struct quantizer_class *class_of(const cJSON *json) {
    if (cJSON_IsString(json)) return find_class(json->valuestring, strcspn(json->valuestring, "("));
    const char *name = cJSON_IsObject(json) ? keras_text(json, "class_name") : NULL;
    return name ? find_class(name, strlen(name)) : NULL;
}

bool qkeras_is_quantizer(const cJSON *json) {
    return class_of(json) != NULL;
}

/* Member number `at` of the class; NULL behind the last. */
static const char *member_at(struct arena *arena, const struct quantizer_class *of, int at) {
    const char *name = of->members;
    for (; at > 0; at--) {
        name = strchr(name, ' ');
        if (!name) return NULL;
        name++;
    }
    return arena_strndup(arena, name, strcspn(name, " "));
}

static bool has_member(const struct quantizer_class *of, const char *name) {
    size_t length = strlen(name);
    for (const char *at = of->members; (at = strstr(at, name)); at += length)
        if ((at == of->members || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
    return false;
}

/* A number, True, False, None or a text in quotes; NULL: none of them. */
static cJSON *literal(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_strndup(arena, text, length), *end;
    if (strcmp(copy, "True") == 0 || strcmp(copy, "False") == 0) return cJSON_CreateBool(*copy == 'T');
    if (strcmp(copy, "None") == 0) return cJSON_CreateNull();
    if (length >= 2 && (*copy == '\'' || *copy == '"') && copy[length - 1] == *copy) {
        copy[length - 1] = 0;
        return cJSON_CreateString(copy + 1);
    }
    double number = strtod(copy, &end);
    return end != copy && !*end && isfinite(number) ? cJSON_CreateNumber(number) : NULL;
}

static void trim(const char **text, size_t *length) {
    while (*length && isspace((unsigned char)**text)) (*text)++, (*length)--;
    while (*length && isspace((unsigned char)(*text)[*length - 1])) (*length)--;
}

/* One argument, by position or by name. */
static int add_argument(struct arena *arena, const struct quantizer_class *of, cJSON *config, int position,
                        const char *text, size_t length) {
    const char *equals = memchr(text, '=', length), *name;
    const char *value = equals ? equals + 1 : text;
    size_t value_length = equals ? length - (size_t)(value - text) : length,
           name_length = equals ? (size_t)(equals - text) : 0;
    trim(&text, &name_length);
    trim(&value, &value_length);
    name = equals ? arena_strndup(arena, text, name_length) : member_at(arena, of, position);
    cJSON *item = name && has_member(of, name) ? literal(arena, value, value_length) : NULL;
    if (!item || cJSON_HasObjectItem(config, name)) {
        cJSON_Delete(item);
        return -1;
    }
    cJSON_AddItemToObject(config, name, item);
    return 0;
}

/* "6, 0, alpha=1)" */
static int add_arguments(struct arena *arena, const struct quantizer_class *of, cJSON *config, const char *text) {
    for (int position = 0;; position++) {
        size_t length = strcspn(text, ",)"), all = length;
        const char *argument = text;
        trim(&argument, &length);
        bool last = text[all] == ')', empty = length == 0;
        if (!text[all] || (empty && !(last && position == 0))) return -1;
        if (!empty && add_argument(arena, of, config, position, argument, length) < 0) return -1;
        text += all + 1;
        if (last) return *text ? -1 : 0;
    }
}

static void release_json(void *object) {
    cJSON_Delete(object);
}

static int check_members(struct keras_reader *reader, const struct keras_layer *layer, const struct quantizer_class *of,
                         const char *where, const cJSON *config) {
    for (const cJSON *item = cJSON_IsObject(config) ? config->child : NULL; item; item = item->next)
        if (!cJSON_IsNull(item) && strcmp(item->string, "name") && !has_member(of, item->string))
            return keras_error(reader, layer, where, NULL, "'%s' has a member '%s', which is not known", of->name,
                               item->string);
    if (keras_number(config, "qnoise_factor", 1) != 1)
        return keras_error(reader, layer, where, "set qnoise_factor to 1 before the model is saved",
                           "'%s' quantises in part only", of->name);
    return 0;
}

int qkeras_parse(struct keras_reader *reader, const struct keras_layer *layer, const char *where, const cJSON *json,
                 struct qkeras_quantizer *out) {
    *out = (struct qkeras_quantizer){.where = where};
    if (!json || cJSON_IsNull(json)) return 0;
    const struct quantizer_class *of = class_of(json);
    const char *text = cJSON_IsString(json) ? json->valuestring : keras_text(json, "class_name");
    if (!of)
        return keras_error(reader, layer, where, NULL, "the quantiser '%s' is not known", text ? text : "(an object)");
    out->name = of->name;
    out->config = keras_member(json, "config");
    if (cJSON_IsString(json)) {
        cJSON *config = cJSON_CreateObject();
        arena_defer(reader->arena, release_json, config);
        const char *open = strchr(text, '(');
        if (open && add_arguments(reader->arena, of, config, open + 1) < 0)
            return keras_error(reader, layer, where, NULL, "'%s' is not understood", text);
        out->config = config;
    }
    return check_members(reader, layer, of, where, out->config);
}
