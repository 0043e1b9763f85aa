/* Inside the reader of torch.export's archives: what its files share. */
#ifndef BXC_FRONTEND_TORCH_H
#define BXC_FRONTEND_TORCH_H

#include "frontend/archive.h"
#include "frontend/onnx/calls.h"

#include <cjson/cJSON.h>

struct torch_operator {
    const char *name; /* "aten.relu", without overload and the line of what is done in place */
    operation_reader *read;
    const char *onnx;      /* the operator of ONNX that it is, for torch_read_same; else NULL */
    const char *arguments; /* known ones, blank before and after each */
};

/* A node of the graph, as the reader of ONNX keeps it; of a parameter, buffer or constant, too. */
struct torch_node {
    Onnx__NodeProto proto; /* operands: every tensor and symbol among the arguments, in their order. First. */
    const cJSON *json;     /* NULL: a parameter */
    const char *weight;    /* its name in the archive */
    bool constant;         /* it stands among the constants, not the weights */
    const struct torch_operator *operator;
};

/* Of a name: how many read it, and how many of them are a softmax, or ask what one makes of infinities. */
struct torch_uses {
    size_t count, softmax;
    const struct torch_node *maker; /* NULL: an input, a parameter, or nobody */
    bool alone;                     /* asked before: its one reader is all who reads its memory (in_place.c) */
};

/* What the reading keeps (reader->foreign). */
struct torch_reading {
    struct archive archive;
    const char *prefix;               /* of the archive's entries: "model/" */
    const cJSON *weights, *constants; /* what is told of each, by name */
    struct name_map uses;             /* struct torch_uses */
    size_t loaded;                    /* bytes of weights so far */
};

static inline const struct torch_node *torch_node_of(const struct operation *operation) {
    return (const struct torch_node *)(const void *)operation->proto;
}

/* ---- in_place.c ---- */

/* Whether the memory of the tensor is read by others than its one reader, maybe through a view of it. */
bool torch_memory_is_shared(const struct torch_reading *reading, struct arena *arena, const char *name);

/* ---- arguments.c: by the names that PyTorch's schemas have ---- */

const char *torch_text(const cJSON *object, const char *key); /* NULL: none */
/* How many operands of the reader of ONNX an argument is; their names through `add`, unless it is NULL. */
size_t torch_argument_operands(const cJSON *argument, void (*add)(void *user, const char *name), void *user);
bool torch_has(const struct operation *operation, const char *name);              /* given, and not None */
struct tensor *torch_tensor(const struct operation *operation, const char *name); /* NULL: not given, or none */
/* Tensors of a list, from that operand on. */
struct tensor **torch_tensors(const struct operation *operation, const char *name, size_t *count);
/* One for each entry of a list, NULL where that is None. */
struct tensor **torch_places(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count);
int64_t torch_integer(struct onnx_reader *reader, const struct operation *operation, const char *name,
                      int64_t otherwise);
double torch_real(struct onnx_reader *reader, const struct operation *operation, const char *name, double otherwise);
bool torch_flag(const struct operation *operation, const char *name, bool otherwise);
const char *torch_word(const struct operation *operation, const char *name); /* NULL: none */
/* At most SHAPE_RANK_MAX numbers, symbols among them (the batch, which stands as 1); how many, or -1 after a diagnosis.
 * A single number counts as a list of one. */
int torch_integers(struct onnx_reader *reader, const struct operation *operation, const char *name, int64_t *list);
int torch_symbol_place(const struct operation *operation, const char *name); /* the first of a list; -1: none is */
/* Likewise, any number of them. */
int64_t *torch_integer_list(struct onnx_reader *reader, const struct operation *operation, const char *name,
                            int *count);
int torch_reals(struct onnx_reader *reader, const struct operation *operation, const char *name, double *list);
/* A tensor, or a number as one; NULL after a diagnosis. */
struct tensor *torch_operand(struct onnx_reader *reader, const struct operation *operation, const char *name);
bool torch_arguments_known(struct onnx_reader *reader, const struct operation *operation); /* refuses others */

bool torch_is_real(const struct operation *operation, const char *name);  /* a number with a fraction's point */
bool torch_is_truth(const struct operation *operation, const char *name); /* True or False */
/* The first operand. */
static inline struct tensor *torch_self(const struct operation *operation) {
    struct tensor *self = torch_tensor(operation, "self");
    return self ? self : torch_tensor(operation, "input");
}

/* ---- types.c: what PyTorch makes of operands of several types; NULL for NULL ---- */

/* Truths and whole numbers as real ones. */
struct tensor *torch_as_real(struct onnx_reader *reader, const struct operation *operation, const char *part,
                             struct tensor *x);
/* x as the type that it has beside `other`. */
struct tensor *torch_as(struct onnx_reader *reader, const struct operation *operation, const char *part,
                        struct tensor *x, const struct tensor *other);
/* self, as the type that `dtype` asks for. */
struct tensor *torch_as_asked(struct onnx_reader *reader, const struct operation *operation);
/* The same numbers under the name of another type. */
struct tensor *torch_retyped(struct onnx_reader *reader, struct tensor *x, int type);

/* ---- attention.c ---- */

/* An operand whose minus infinities are numbers whose exponential is 0, where a softmax alone reads the result; else
 * the operand itself. */
struct tensor *torch_masking(struct onnx_reader *reader, const struct operation *operation, struct tensor *x);

/* ---- constants.c ---- */

struct tensor *torch_filled(struct onnx_reader *reader, struct shape shape, int type, double number);

/* ---- weights.c ---- */

int torch_element_type(int64_t type); /* ONNX's number for a ScalarType; 0: none */
struct tensor *torch_read_weight(struct onnx_reader *reader, const struct operation *operation);

/* ---- operators: one function each, named in operators.def ---- */

#define TORCH_OPERATOR(name, function, onnx, arguments, becomes) operation_reader function;
#include "frontend/torch/operators.def"
#undef TORCH_OPERATOR

#endif
