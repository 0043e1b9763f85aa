/* bxc's own JSON: what its reader and its writer share. doc/model.schema.json describes it. */
#ifndef BXC_FRONTEND_NATIVE_H
#define BXC_FRONTEND_NATIVE_H

#include "frontend/frontend.h"
#include "frontend/name_map.h"
#include "ir/ops.h"

#define NATIVE_FORMAT "bxc-graph"
enum { NATIVE_VERSION = 1, NATIVE_NESTING_MAX = 16 + 3 * BODY_DEPTH_MAX, NATIVE_NODES_MAX = 1 << 24 };
#define NATIVE_WHOLE_MAX (INT64_C(1) << 53) /* larger ones are text: a JSON number is a binary64 */

extern const char *const native_kinds[]; /* enum value_kind: "real", ... */
/* Whether the field stands in the JSON of the operator. */
bool native_field_applies(const struct attribute_field *field, enum op op);

/* ---- json.c: checked steps through a cJSON tree ---- */

struct cJSON;
struct json {
    struct bxc_context *context;
    struct arena *arena;
    const char *file;
    struct graph *graph;   /* that is read: the whole, or a body */
    struct name_map nodes; /* of it: name to valref, of the first result */
    int depth;             /* bodies around it */
};

/* Diagnoses at a JSON path; always -1. */
int native_fail(const struct json *json, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);
/* NULL and a diagnosis with the line when the text is no JSON or is nested too deeply. The tree is the arena's. */
const struct cJSON *native_parse(const struct json *json, const char *text, size_t length);
/* -1 and a diagnosis when the object has a member that is not among the names (NULL ends them), or one twice. */
int native_members(const struct json *json, const char *path, const struct cJSON *object, const char *const *names);
const struct cJSON *native_member(const struct cJSON *object, const char *name); /* NULL: none */
/* Each: -1 and a diagnosis when it is not of that kind. item may be NULL: it is missing. */
int native_text(const struct json *json, const char *path, const struct cJSON *item, const char **text);
int native_whole(const struct json *json, const char *path, const struct cJSON *item, int64_t low, int64_t high,
                 int64_t *number);
int native_real(const struct json *json, const char *path, const struct cJSON *item, double *number);
int native_array(const struct json *json, const char *path, const struct cJSON *item, size_t *count);
/* Arrays of exactly `count` numbers, in the arena. */
int native_wholes(const struct json *json, const char *path, const struct cJSON *item, size_t count, int64_t **numbers);
int native_reals(const struct json *json, const char *path, const struct cJSON *item, size_t count, double **numbers);
int native_shape(const struct json *json, const char *path, const struct cJSON *item, struct shape *shape);
const char *native_path(const struct json *json, const char *path, const char *member);

/* ---- fields.c: attributes by the operators' tables ---- */

/* rank: of the first operand, or 0. */
int native_attributes(const struct json *json, const char *path, const struct cJSON *object, enum op op, int rank,
                      union attributes *attributes);
int native_meaning(const struct json *json, const char *path, const struct cJSON *item, struct meaning *meaning);

#endif
