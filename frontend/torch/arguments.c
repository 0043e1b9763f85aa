/* Arguments of a node: a name and a value of one of several kinds, as torch.export writes them. */
#include "frontend/torch/torch.h"

#include <math.h>
#include <string.h>

const char *torch_text(const cJSON *object, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* "as_int": 3; NULL: None. */
static const cJSON *value_of(const cJSON *input) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(input, "arg");
    value = value ? value->child : NULL;
    return value && value->string && strcmp(value->string, "as_none") ? value : NULL;
}

static bool is_kind(const cJSON *value, const char *kind) {
    return value && value->string && !strcmp(value->string, kind);
}

static size_t add_name(const char *name, void (*add)(void *user, const char *name), void *user) {
    if (!name) return 0;
    if (add) add(user, name);
    return 1;
}

size_t torch_argument_operands(const cJSON *argument, void (*add)(void *user, const char *name), void *user) {
    const cJSON *value = value_of(argument);
    size_t count = 0;
    if (is_kind(value, "as_tensor")) return add_name(torch_text(value, "name"), add, user);
    if (is_kind(value, "as_sym_int")) return add_name(torch_text(value, "as_name"), add, user);
    if (is_kind(value, "as_optional_tensors"))
        for (const cJSON *item = value->child; item; item = item->next)
            count += add_name(torch_text(cJSON_GetObjectItemCaseSensitive(item, "as_tensor"), "name"), add, user);
    if (!is_kind(value, "as_tensors") && !is_kind(value, "as_sym_ints")) return count;
    const char *key = is_kind(value, "as_tensors") ? "name" : "as_name";
    for (const cJSON *item = value->child; item; item = item->next) count += add_name(torch_text(item, key), add, user);
    return count;
}

/* The argument of that name, and which operand is its first. */
static const cJSON *find_argument(const struct operation *operation, const char *name, size_t *operand) {
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(torch_node_of(operation)->json, "inputs");
    *operand = 0;
    for (const cJSON *input = inputs ? inputs->child : NULL; input; input = input->next) {
        const char *its = torch_text(input, "name");
        if (its && !strcmp(its, name)) return value_of(input);
        *operand += torch_argument_operands(input, NULL, NULL);
    }
    return NULL;
}

bool torch_has(const struct operation *operation, const char *name) {
    size_t operand;
    return find_argument(operation, name, &operand) != NULL;
}

struct tensor *torch_tensor(const struct operation *operation, const char *name) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    return is_kind(value, "as_tensor") && operand < operation->input_count ? operation->inputs[operand] : NULL;
}

struct tensor **torch_tensors(const struct operation *operation, const char *name, size_t *count) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    *count = is_kind(value, "as_tensors") ? (size_t)cJSON_GetArraySize(value) : 0;
    if (*count > operation->input_count - operand) *count = operation->input_count - operand;
    return operation->inputs + operand;
}

struct tensor **torch_places(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count) {
    size_t operand, place = 0;
    const cJSON *value = find_argument(operation, name, &operand);
    bool optional = is_kind(value, "as_optional_tensors");
    *count = optional || is_kind(value, "as_tensors") ? (size_t)cJSON_GetArraySize(value) : 0;
    struct tensor **places = ARENA_ARRAY(reader->arena, struct tensor *, *count + 1);
    for (const cJSON *item = *count ? value->child : NULL; item; item = item->next, place++)
        if ((!optional || cJSON_GetObjectItemCaseSensitive(item, "as_tensor")) && operand < operation->input_count)
            places[place] = operation->inputs[operand++];
    return places;
}

static void mistyped(struct onnx_reader *reader, const struct operation *operation, const char *name,
                     const char *wanted) {
    onnx_refuse(reader, operation, NULL, "argument '%s' is not %s", name, wanted);
}

int64_t torch_integer(struct onnx_reader *reader, const struct operation *operation, const char *name,
                      int64_t otherwise) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    if (!value) return otherwise;
    if (is_kind(value, "as_sym_int") && operand < operation->input_count &&
        operation->inputs[operand]->state == TENSOR_INTEGERS && tensor_elements(operation->inputs[operand]) == 1)
        return operation->inputs[operand]->integers[0];
    if (is_kind(value, "as_bool")) return cJSON_IsTrue(value);
    /* beyond 2^53 only 2^63 - 1 is met: the end of an axis */
    if ((is_kind(value, "as_int") || is_kind(value, "as_scalar_type")) && cJSON_IsNumber(value))
        return value->valuedouble >= 9.2e18    ? INT64_MAX
               : value->valuedouble <= -9.2e18 ? INT64_MIN
                                               : (int64_t)value->valuedouble;
    mistyped(reader, operation, name, "a whole number");
    return otherwise;
}

double torch_real(struct onnx_reader *reader, const struct operation *operation, const char *name, double otherwise) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    if (!value) return otherwise;
    if ((is_kind(value, "as_float") || is_kind(value, "as_int")) && cJSON_IsNumber(value)) return value->valuedouble;
    if (is_kind(value, "as_bool")) return cJSON_IsTrue(value);
    if (is_kind(value, "as_float") && cJSON_IsString(value)) {
        if (!strcmp(value->valuestring, "Infinity")) return INFINITY;
        if (!strcmp(value->valuestring, "-Infinity")) return -INFINITY;
    }
    mistyped(reader, operation, name, "a number");
    return otherwise;
}

bool torch_flag(const struct operation *operation, const char *name, bool otherwise) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    return is_kind(value, "as_bool") ? cJSON_IsTrue(value) : otherwise;
}

bool torch_is_real(const struct operation *operation, const char *name) {
    size_t operand;
    return is_kind(find_argument(operation, name, &operand), "as_float");
}

bool torch_is_truth(const struct operation *operation, const char *name) {
    size_t operand;
    return is_kind(find_argument(operation, name, &operand), "as_bool");
}

const char *torch_word(const struct operation *operation, const char *name) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    return is_kind(value, "as_string") && cJSON_IsString(value) ? value->valuestring : NULL;
}

/* A number of a list, or the symbol that is the next operand. */
static bool list_entry(const struct operation *operation, const cJSON *item, size_t *operand, int64_t *number) {
    const cJSON *whole = cJSON_IsNumber(item) ? item : cJSON_GetObjectItemCaseSensitive(item, "as_int");
    if (cJSON_IsNumber(whole)) {
        *number = fabs(whole->valuedouble) < 9e15 ? (int64_t)whole->valuedouble : INT64_MAX;
        return true;
    }
    if (!torch_text(item, "as_name") || *operand >= operation->input_count) return false;
    const struct tensor *symbol = operation->inputs[(*operand)++];
    if (symbol->state != TENSOR_INTEGERS || tensor_elements(symbol) != 1) return false;
    *number = symbol->integers[0];
    return true;
}

/* At most `most` numbers; -1 after a diagnosis. */
static int read_list(struct onnx_reader *reader, const struct operation *operation, const char *name, int64_t *list,
                     int most) {
    size_t operand;
    int count = 0;
    const cJSON *value = find_argument(operation, name, &operand);
    if (!value) return 0;
    bool one = is_kind(value, "as_int");
    if (is_kind(value, "as_sym_int")) return list[0] = torch_integer(reader, operation, name, 0), 1;
    if (!one && !is_kind(value, "as_ints") && !is_kind(value, "as_sym_ints")) {
        mistyped(reader, operation, name, "a list of whole numbers");
        return -1;
    }
    for (const cJSON *item = one ? value : value->child; item; item = one ? NULL : item->next, count++)
        if (count == most || !list_entry(operation, item, &operand, &list[count])) {
            mistyped(reader, operation, name, "a list of a few whole numbers that are known");
            return -1;
        }
    return count;
}

int torch_integers(struct onnx_reader *reader, const struct operation *operation, const char *name, int64_t *list) {
    return read_list(reader, operation, name, list, SHAPE_RANK_MAX);
}

int64_t *torch_integer_list(struct onnx_reader *reader, const struct operation *operation, const char *name,
                            int *count) {
    size_t operand;
    const cJSON *value = find_argument(operation, name, &operand);
    int most = value && value->child ? cJSON_GetArraySize(value) : 1;
    int64_t *list = ARENA_ARRAY(reader->arena, int64_t, most + 1);
    *count = read_list(reader, operation, name, list, most);
    return list;
}

int torch_symbol_place(const struct operation *operation, const char *name) {
    size_t operand;
    int place = 0;
    const cJSON *value = find_argument(operation, name, &operand);
    if (!is_kind(value, "as_sym_ints")) return -1;
    for (const cJSON *item = value->child; item; item = item->next, place++)
        if (torch_text(item, "as_name")) return place;
    return -1;
}

int torch_reals(struct onnx_reader *reader, const struct operation *operation, const char *name, double *list) {
    size_t operand;
    int count = 0;
    const cJSON *value = find_argument(operation, name, &operand);
    if (!value) return 0;
    for (const cJSON *item = value->child; item; item = item->next) {
        if (count == SHAPE_RANK_MAX || !cJSON_IsNumber(item)) {
            mistyped(reader, operation, name, "a list of a few numbers");
            return -1;
        }
        list[count++] = item->valuedouble;
    }
    return count;
}

struct tensor *torch_operand(struct onnx_reader *reader, const struct operation *operation, const char *name) {
    struct tensor *tensor = torch_tensor(operation, name);
    size_t operand;
    if (tensor || !torch_has(operation, name)) return tensor;
    if (is_kind(find_argument(operation, name, &operand), "as_sym_int")) {
        const int64_t number = torch_integer(reader, operation, name, 0);
        return tensor_integers(reader, (struct shape){0}, &number);
    }
    return onnx_number(reader, operation, name, (float)torch_real(reader, operation, name, 0));
}

/* Where and how numbers are kept, which is not what they are. */
static const char placement[] = " device layout pin_memory memory_format non_blocking copy requires_grad ";

bool torch_arguments_known(struct onnx_reader *reader, const struct operation *operation) {
    const struct torch_node *node = torch_node_of(operation);
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(node->json, "inputs");
    for (const cJSON *input = inputs ? inputs->child : NULL; input; input = input->next) {
        const char *name = torch_text(input, "name");
        if (!value_of(input)) continue;
        const char *spaced = arena_printf(reader->arena, " %s ", name ? name : "?");
        if (strstr(node->operator->arguments, spaced) || strstr(placement, spaced)) continue;
        onnx_refuse(reader, operation, NULL, "argument '%s' is not read", name ? name : "");
        return false;
    }
    return true;
}
