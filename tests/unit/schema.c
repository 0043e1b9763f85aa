/* Whether JSON follows its schema in doc/: a validator of the few rules that they use. With arguments it is a tool:
 *   schema SCHEMA.json FILE.json...
 * Without, it tests itself. A rule that it does not know is an error, so that none is passed over. */
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "ir/context.h"
#include "ir/file.h"
#include "tests/test.h"

struct check {
    const cJSON *root;  /* of the schema */
    const char *folder; /* where it lies, for other schemas that it names; NULL: nowhere */
    char problem[1024]; /* the first */
};

static bool follows(struct check *check, const cJSON *schema, const cJSON *json, const char *path);

static bool wrong(struct check *check, const char *path, const char *what, const char *name) {
    if (!*check->problem)
        snprintf(check->problem, sizeof check->problem, "%.300s: %.300s%s%.300s", *path ? path : "/", what,
                 name ? " " : "", name ? name : "");
    return false;
}

static bool has_type(const cJSON *json, const char *type) {
    if (!strcmp(type, "integer"))
        return cJSON_IsNumber(json) && json->valuedouble == (double)(long long)json->valuedouble;
    return (!strcmp(type, "object") && cJSON_IsObject(json)) || (!strcmp(type, "array") && cJSON_IsArray(json)) ||
           (!strcmp(type, "string") && cJSON_IsString(json)) || (!strcmp(type, "number") && cJSON_IsNumber(json)) ||
           (!strcmp(type, "boolean") && cJSON_IsBool(json)) || (!strcmp(type, "null") && cJSON_IsNull(json));
}

static bool check_type(const cJSON *rule, const cJSON *json) {
    const cJSON *type;
    bool any = false;
    if (cJSON_IsString(rule)) return has_type(json, rule->valuestring);
    cJSON_ArrayForEach (type, rule) any |= has_type(json, type->valuestring);
    return any;
}

static bool check_enum(const cJSON *rule, const cJSON *json) {
    const cJSON *value;
    bool any = false;
    cJSON_ArrayForEach (value, rule) any |= cJSON_Compare(value, json, true);
    return any;
}

static bool check_members(struct check *check, const cJSON *schema, const cJSON *json, const char *path) {
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties"), *item, *name;
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(schema, "additionalProperties");
    cJSON_ArrayForEach (name, cJSON_GetObjectItemCaseSensitive(schema, "required"))
        if (!cJSON_GetObjectItemCaseSensitive(json, name->valuestring))
            return wrong(check, path, "lacks", name->valuestring);
    cJSON_ArrayForEach (item, json) {
        char inner[300];
        const cJSON *rule = cJSON_GetObjectItemCaseSensitive(properties, item->string);
        snprintf(inner, sizeof inner, "%.200s/%.80s", path, item->string);
        if (!rule && cJSON_IsFalse(others))
            return wrong(check, path, "has a member that the schema lacks:", item->string);
        if (!rule) rule = others;
        if (cJSON_IsObject(rule) && !follows(check, rule, item, inner)) return false;
    }
    return true;
}

static bool check_items(struct check *check, const cJSON *rule, const cJSON *json, const char *path) {
    const cJSON *item;
    int index = 0;
    cJSON_ArrayForEach (item, json) {
        char inner[300];
        snprintf(inner, sizeof inner, "%.200s/%d", path, index++);
        if (!follows(check, rule, item, inner)) return false;
    }
    return true;
}

static int count_following(const struct check *check, const cJSON *rule, const cJSON *json) {
    const cJSON *choice;
    int count = 0;
    cJSON_ArrayForEach (choice, rule) {
        struct check quiet = {.root = check->root, .folder = check->folder};
        count += follows(&quiet, choice, json, "");
    }
    return count;
}

static const cJSON *find_definition(const struct check *check, const char *reference) {
    static const char prefix[] = "#/$defs/";
    if (strncmp(reference, prefix, strlen(prefix)) != 0) return NULL;
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(check->root, "$defs"),
                                            reference + strlen(prefix));
}

/* Another schema, by its file's name. */
static bool follows_other(struct check *check, const char *name, const cJSON *json, const char *path) {
    struct bxc_context *context = context_new();
    size_t length;
    const char *text = check->folder ? file_read(context, context->arena,
                                                 arena_printf(context->arena, "%s/%s", check->folder, name), &length)
                                     : NULL;
    cJSON *rules = text ? cJSON_Parse(text) : NULL;
    struct check inner = {.root = rules, .folder = check->folder};
    bool result = rules ? follows(&inner, rules, json, path) : wrong(check, path, "no schema", name);
    if (*inner.problem) wrong(check, inner.problem, "by", name);
    cJSON_Delete(rules);
    context_free(context);
    return result;
}

static bool follows_rule(struct check *check, const cJSON *schema, const cJSON *rule, const cJSON *json,
                         const char *path) {
    static const char *const notes[] = {"$schema",     "$id",     "$defs",    "title",
                                        "description", "default", "required", "additionalProperties"};
    const char *name = rule->string;
    bool number = cJSON_IsNumber(json);
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (!strcmp(name, notes[i])) return true;
    if (!strcmp(name, "type")) return check_type(rule, json) || wrong(check, path, "is of another type", NULL);
    if (!strcmp(name, "const")) return cJSON_Compare(rule, json, true) || wrong(check, path, "is another value", NULL);
    if (!strcmp(name, "enum")) return check_enum(rule, json) || wrong(check, path, "is none of the values", NULL);
    if (!strcmp(name, "properties")) return true; /* check_members */
    if (!strcmp(name, "items")) return !cJSON_IsArray(json) || check_items(check, rule, json, path);
    if (!strcmp(name, "minItems"))
        return !cJSON_IsArray(json) || cJSON_GetArraySize(json) >= rule->valueint ||
               wrong(check, path, "has too few items", NULL);
    if (!strcmp(name, "maxItems"))
        return !cJSON_IsArray(json) || cJSON_GetArraySize(json) <= rule->valueint ||
               wrong(check, path, "has too many items", NULL);
    if (!strcmp(name, "minimum"))
        return !number || json->valuedouble >= rule->valuedouble || wrong(check, path, "is too small", NULL);
    if (!strcmp(name, "maximum"))
        return !number || json->valuedouble <= rule->valuedouble || wrong(check, path, "is too large", NULL);
    if (!strcmp(name, "exclusiveMinimum"))
        return !number || json->valuedouble > rule->valuedouble || wrong(check, path, "is too small", NULL);
    if (!strcmp(name, "pattern")) return true;
    if (!strcmp(name, "oneOf"))
        return count_following(check, rule, json) == 1 ||
               wrong(check, path, "follows none or several of the choices", NULL);
    if (!strcmp(name, "anyOf"))
        return count_following(check, rule, json) >= 1 || wrong(check, path, "follows none of the choices", NULL);
    if (!strcmp(name, "$ref")) {
        const cJSON *definition = find_definition(check, rule->valuestring);
        if (*rule->valuestring != '#') return follows_other(check, rule->valuestring, json, path);
        return definition ? follows(check, definition, json, path)
                          : wrong(check, path, "no definition", rule->valuestring);
    }
    (void)schema;
    return wrong(check, path, "a rule that this test does not know:", name);
}

static bool follows(struct check *check, const cJSON *schema, const cJSON *json, const char *path) {
    const cJSON *rule;
    cJSON_ArrayForEach (rule, schema)
        if (!follows_rule(check, schema, rule, json, path)) return false;
    return !cJSON_IsObject(json) || check_members(check, schema, json, path);
}

/* NULL: it follows. */
static const char *problem_of(const char *schema, const char *json, const char *folder) {
    static struct check check;
    cJSON *rules = cJSON_Parse(schema), *data = cJSON_Parse(json);
    check = (struct check){.root = rules, .folder = folder};
    if (!rules || !data)
        snprintf(check.problem, sizeof check.problem, "no JSON");
    else
        follows(&check, rules, data, "");
    cJSON_Delete(rules);
    cJSON_Delete(data);
    return *check.problem ? check.problem : NULL;
}

static const char rules[] =
    "{\"type\": \"object\", \"required\": [\"a\"], \"additionalProperties\": false, \"properties\": {"
    "\"a\": {\"type\": [\"integer\", \"null\"], \"minimum\": 1}, \"b\": {\"type\": \"array\", \"maxItems\": 2, \"items\": {\"$ref\": \"#/$defs/c\"}}},"
    "\"$defs\": {\"c\": {\"enum\": [\"x\", \"y\"]}}}";

static void what_follows_passes(void) {
    CHECK(problem_of(rules, "{\"a\": 3, \"b\": [\"x\", \"y\"]}", NULL) == NULL);
    CHECK(problem_of(rules, "{\"a\": null}", NULL) == NULL);
}

static void what_does_not_is_told(void) {
    CHECK_STR(problem_of(rules, "{}", NULL), "/: lacks a");
    CHECK_STR(problem_of(rules, "{\"a\": 0}", NULL), "/a: is too small");
    CHECK_STR(problem_of(rules, "{\"a\": 1.5}", NULL), "/a: is of another type");
    CHECK_STR(problem_of(rules, "{\"a\": 1, \"z\": 1}", NULL), "/: has a member that the schema lacks: z");
    CHECK_STR(problem_of(rules, "{\"a\": 1, \"b\": [\"x\", \"z\"]}", NULL), "/b/1: is none of the values");
    CHECK_STR(problem_of(rules, "{\"a\": 1, \"b\": [\"x\", \"x\", \"x\"]}", NULL), "/b: has too many items");
    CHECK_STR(problem_of("{\"unheard\": 1}", "{}", NULL), "/: a rule that this test does not know: unheard");
}

static int check_files(int count, char **paths) {
    struct bxc_context *context = context_new();
    size_t length;
    const char *slash = strrchr(paths[0], '/');
    const char *folder = slash ? arena_strndup(context->arena, paths[0], (size_t)(slash - paths[0])) : ".";
    const char *schema = file_read(context, context->arena, paths[0], &length);
    int failures = 0;
    for (int i = 1; i < count; i++) {
        const char *json = file_read(context, context->arena, paths[i], &length);
        const char *problem = schema && json ? problem_of(schema, json, folder) : "cannot be read";
        if (problem) printf("not ok %s: %s\n", paths[i], problem);
        failures += problem != NULL;
    }
    context_free(context);
    return failures ? 1 : 0;
}

int main(int argc, char **argv) {
    if (argc > 2) return check_files(argc - 1, argv + 1);
    RUN(what_follows_passes);
    RUN(what_does_not_is_told);
    TEST_EXIT();
}
