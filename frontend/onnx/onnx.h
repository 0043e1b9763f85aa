/* Inside the reader of ONNX: what its files share. */
#ifndef BXC_FRONTEND_ONNX_H
#define BXC_FRONTEND_ONNX_H

#include "frontend/frontend.h"
#include "frontend/layers/layers.h"
#include "frontend/name_map.h"
#include "onnx.pb-c.h"

enum {
    ONNX_OPSET_MIN = 6,
    ONNX_OPSET_MAX = 24,
    ONNX_ELEMENTS_MAX = 1 << 26, /* of one tensor */
    ONNX_MADE_MAX = 1 << 24,     /* elements of a tensor that the model makes of a few numbers */
    ONNX_UNROLLED_MAX = 4096     /* entries that an operator takes one after the other */
};

/* Element types that are newer than the distribution's schema. */
enum {
    ONNX_FLOAT8E4M3FN = 17,
    ONNX_FLOAT8E4M3FNUZ = 18,
    ONNX_FLOAT8E5M2 = 19,
    ONNX_FLOAT8E5M2FNUZ = 20,
    ONNX_UINT4 = 21,
    ONNX_INT4 = 22
};

/* ---- the model while it is read -------------------------------------------------------------- */

/* A tensor of the model. Its numbers are known (shapes, indices, weights: nothing is in the graph
 * until an operator needs it there), or it is a value of the graph. */
enum tensor_state { TENSOR_FAILED, TENSOR_INTEGERS, TENSOR_REALS, TENSOR_VALUE };

struct tensor {
    const char *name;
    enum tensor_state state; /* failed: diagnosed already, readers keep silent */
    int type;                /* of its elements in the model: TensorProto.DataType */
    struct shape shape;
    int64_t *integers; /* TENSOR_INTEGERS */
    float *reals;      /* TENSOR_REALS */
    bool kept;         /* they are in the arena of the model's graph, and constants of it need no copy */
    bool read_once;    /* of an initialiser: by one operand in all */
    valref value;      /* NO_VALUE as long as it is not in the graph */
    bool depends;      /* on an input of the model */
    int batch_axis;    /* of one that depends; -1: none (whole tensors) */
    int64_t in_front; /* entries of a merged axis among which the batch is one factor that stand in front of it, as 5 in
                         [5 * batch * 2]; 0 or 1: none */

    const struct codes *codes; /* what DequantizeLinear made it of, or NULL */
    struct tensor *centred;    /* of codes: themselves less the zero point `centre`, where that is at hand */
    int64_t centre;
    const bool *allowed;        /* by element, of scores that Softmax alone reads: the others are left out; NULL: all */
    struct tensor *requantised; /* the codes that stand in its place: QuantizeLinear alone reads it */
};

struct onnx_reader;
struct operation;

/* Makes what output 0 stands for; NULL after a diagnosis, or where nobody reads that output. What further outputs
 * stand for goes into operation->results; one that is read and not made is refused. No input is failed; those
 * that the model leaves out are NULL. */
typedef struct tensor *operation_reader(struct onnx_reader *reader, const struct operation *operation);

struct onnx_operator {
    const char *domain, *name;
    operation_reader *read;
    uint32_t inputs_min, inputs_max;
    const char *attributes; /* known ones, blank before and after each */
};

/* A node of the model while it is read. */
struct operation {
    const Onnx__NodeProto *proto;
    const struct onnx_operator *operator;
    const char *name; /* unique in the graph */
    uint32_t input_count;
    struct tensor **inputs;
    uint32_t output_count;
    struct tensor **results;  /* by output; the first is what `read` returns */
    const bool *outputs_read; /* by output: whether anything reads it */
    const char *source_op;    /* what diagnoses and the graph call the operator; NULL: the node's own word */
};

/* Of nodes of another format. */
struct foreign_reader {
    operation_reader *read;
    bool (*knows)(struct onnx_reader *reader, const struct operation *operation); /* its operator; false: diagnosed */
};

struct onnx_reader {
    struct bxc_context *context;
    struct arena *arena; /* lives as long as the reading */
    struct graph *graph;
    struct arena *kept; /* the model's graph's, while `graph` may be that of a body or of what is folded */
    const char *path;
    const struct frontend_options *options; /* or NULL */
    const Onnx__ModelProto *model;
    const Onnx__GraphProto *source;
    int opset;
    const struct foreign_reader *reads; /* nodes of other formats, by calls (calls.h); NULL: the model is ONNX */
    void *foreign;                      /* what that function keeps */
    struct name_map *uses;              /* by tensor of `source`, who reads it (uses.c); NULL: not asked yet */
    bool remade;                        /* qdq.c may have left nodes that nothing reads */
    bool whole_tensors;
    int64_t batch_number; /* what the model stores as the batch; 0: a symbol or nothing */
    struct name_map tensors, node_names;
    const char *scope;          /* inside of a subgraph: what begins the names of its nodes; or NULL */
    struct subgraph *subgraphs; /* whose initialisers are read (subgraphs.c) */
    size_t inlined;             /* nodes of subgraphs, each time that they are read */
};

/* Whether the model has the output and something reads it. */
bool output_is_read(const struct operation *operation, uint32_t output);
struct location onnx_location(const struct onnx_reader *reader, const struct operation *operation);
/* Diagnoses at the node; always NULL. help may be NULL. */
struct tensor *onnx_refuse(struct onnx_reader *reader, const struct operation *operation, const char *help,
                           const char *format, ...) PRINTF_LIKE(4, 5);

/* ---- model.c --- */

/* Runs the operation's operator on its operands, all of which are there: checks how many they are and the attributes.
 * Fills the results; -1 after a diagnosis. */
int onnx_run(struct onnx_reader *reader, const struct operation *operation);
const struct onnx_operator *onnx_operator_find(const char *domain, const char *name); /* or NULL; any domain: NULL */
/* A model of another format, whose inputs, initialisers and outputs are said as in ONNX, while its nodes are foreign.
 * arena: of the model, and of the reading; foreign: what `reads` finds in the reader. NULL after diagnoses. */
struct graph *onnx_read_foreign(struct bxc_context *context, struct arena *arena, const char *path,
                                const Onnx__ModelProto *model, const struct foreign_reader *reads, void *foreign,
                                const struct frontend_options *options);

/* Those of reader->source: their tensors by name. */
void onnx_read_initialisers(struct onnx_reader *reader);
/* The nodes that its outputs depend on, whose results become tensors by name; -1 after a diagnosis. */
int onnx_read_nodes(struct onnx_reader *reader);
const char *onnx_scoped(const struct onnx_reader *reader, const char *name);

/* ---- subgraphs.c: bodies of If, Loop and Scan --------------------------------------------------------- */

/* Reads it with its formal inputs standing for the operands, as often as it is called; nodes are called after the
 * operation and `what`. A result an output; -1 after a diagnosis. */
int onnx_read_subgraph(struct onnx_reader *reader, const struct operation *operation, const char *what,
                       const Onnx__GraphProto *graph, struct tensor *const *operands, size_t operand_count,
                       struct tensor **results);
/* The subgraph that the attribute holds; NULL and a diagnosis. */
const Onnx__GraphProto *attribute_graph(struct onnx_reader *reader, const struct operation *operation,
                                        const char *name);
bool onnx_holds_subgraph(const Onnx__NodeProto *node);
/* Names that the node's subgraphs read from outside of them, each once. */
char **onnx_captured(struct onnx_reader *reader, const Onnx__NodeProto *node, size_t *count);

/* ---- tensors.c ----------------------------------------------------------------------------------- */

/* The numbers of a TensorProto; NULL and a diagnosis at `at`. */
struct tensor *tensor_from_proto(struct onnx_reader *reader, struct location at, Onnx__TensorProto *proto);
const char *onnx_type_name(int type);        /* "float16" */
size_t onnx_type_bytes(int type);            /* of an element of whole bytes; 0: of no type that is read */
bool type_is_whole(int type);                /* integers of any width */
bool type_is_real(int type);                 /* float, double, float16, bfloat16 */
int64_t type_wrap(int type, int64_t number); /* modulo the width of a whole type */
float type_round(int type, double number);   /* to a real type, ties to even */

/* ---- stored.c ------------------------------------------------------------------------------------ */

/* Raw data of a tensor whose numbers are in a file beside the model's (location at); -1 and a diagnosis. */
int onnx_external_data(struct bxc_context *context, struct arena *arena, struct location at, Onnx__TensorProto *proto);
/* Zeros but for some numbers; NULL and a diagnosis. */
struct tensor *onnx_sparse_tensor(struct onnx_reader *reader, struct location at,
                                  const Onnx__SparseTensorProto *sparse);

/* ---- functions.c --------------------------------------------------------------------------------- */

/* The model's graph with its own functions written out; NULL and a diagnosis. */
const Onnx__GraphProto *onnx_inline(struct onnx_reader *reader);

/* ---- values.c: tensors in the graph, and the batch --------------------------------------------------- */

struct tensor *tensor_new(struct onnx_reader *reader, enum tensor_state state, int type, struct shape shape);
struct tensor *tensor_integers(struct onnx_reader *reader, struct shape shape, const int64_t *integers); /* int64 */
bool tensor_is_static(const struct tensor *tensor);
size_t tensor_elements(const struct tensor *tensor);
/* The tensor as a value, made a constant when it is none yet; NO_VALUE and a diagnosis. */
valref tensor_value(struct onnx_reader *reader, const struct operation *operation, struct tensor *tensor);
/* Static whole numbers of an operand (axes, shapes, indices); NULL and a diagnosis. */
const int64_t *static_integers(struct onnx_reader *reader, const struct operation *operation, uint32_t input,
                               const char *what, size_t *count);
/* A static number, e.g. a bound of Clip. -1 and a diagnosis when it is none. */
int static_number(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what,
                  float *number);
/* The operation as a layer of frontend/layers/, whose nodes are named as emit names them. */
struct layer onnx_layer(struct onnx_reader *reader, const struct operation *operation);
/* Appends a node "<operation>" or "<operation>.<what>"; NO_VALUE after a diagnosis. */
valref onnx_emit(struct onnx_reader *reader, const struct operation *operation, enum op op, const char *what,
                 const valref *inputs, uint32_t input_count, const union attributes *attributes);
/* emit for operands that are tensors; the result's batch axis as given. */
struct tensor *onnx_emit_tensor(struct onnx_reader *reader, const struct operation *operation, enum op op,
                                const char *what, struct tensor *const *inputs, uint32_t input_count,
                                const union attributes *attributes, int batch_axis);
/* What a layer made of x; NULL where it made nothing. */
struct tensor *onnx_made_of(struct onnx_reader *reader, const struct tensor *x, valref value, int batch_axis);
/* A constant "<operation>.<what>". */
struct tensor *onnx_number(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           float number);
/* -1 * x, as a node "<operation>" or "<operation>.<what>"; NULL after a diagnosis. */
struct tensor *onnx_negated(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *x);
/* Batch axis of an elementwise result; -1 without one, -2 and a diagnosis when events would mix. */
int broadcast_batch(struct onnx_reader *reader, const struct operation *operation, struct tensor *const *inputs,
                    uint32_t count);
/* -1 and a diagnosis when the operation works along the batch axis. */
int refuse_batch_axis(struct onnx_reader *reader, const struct operation *operation, const struct tensor *tensor,
                      int64_t axis);
/* -1 and a diagnosis when a tensor that must be the same for all events depends on an input. */
int refuse_dependence(struct onnx_reader *reader, const struct operation *operation, uint32_t input, const char *what);
/* -1 and a diagnosis when arithmetic on this tensor's whole numbers would differ from the model's. */
int refuse_whole(struct onnx_reader *reader, const struct operation *operation, const struct tensor *tensor);
/* A negative axis counts from the end; -1 and a diagnosis when it is out of range. */
int64_t onnx_axis(struct onnx_reader *reader, const struct operation *operation, int64_t axis, int rank);
const char *onnx_unique_name(struct onnx_reader *reader, const char *name);

/* ---- attributes.c ---------------------------------------------------------------------------------- */

const Onnx__AttributeProto *attribute_find(const struct operation *operation, const char *name);
/* The attribute, or `otherwise` when the node has none. A wrong type is diagnosed and counts as none. */
int64_t attribute_integer(struct onnx_reader *reader, const struct operation *operation, const char *name,
                          int64_t otherwise);
float attribute_real(struct onnx_reader *reader, const struct operation *operation, const char *name, float otherwise);
/* NULL when absent; a copy in the reader's arena. */
const char *attribute_text(struct onnx_reader *reader, const struct operation *operation, const char *name);
const int64_t *attribute_integers(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                  size_t *count);
/* Likewise; *count is SIZE_MAX after a diagnosis. */
const float *attribute_reals(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count);
const char **attribute_texts(struct onnx_reader *reader, const struct operation *operation, const char *name,
                             size_t *count);
/* Whole numbers that older opsets give as an attribute and newer ones as an operand. NULL: neither
 * (*count is 0) or a diagnosis (*count is SIZE_MAX). */
const int64_t *attribute_or_operand(struct onnx_reader *reader, const struct operation *operation, const char *name,
                                    uint32_t input, size_t *count);
void attributes_check(struct onnx_reader *reader, const struct operation *operation); /* warns about unknown ones */

/* ---- fold.c ---- */

bool onnx_is_static(const struct operation *operation); /* all operands are, and it is no quantiser */
/* Reads the operation and computes its results; -1 after a diagnosis. */
int onnx_fold(struct onnx_reader *reader, const struct operation *operation);

/* ---- movement.c, used by others ------------------------------------------------------------------------- */

struct tensor *move_reshape(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *tensor, struct shape shape, int batch_axis);
struct tensor *move_transpose(struct onnx_reader *reader, const struct operation *operation, const char *what,
                              struct tensor *tensor, const int *permutation);

/* Likewise, with the batch in that axis, alone or as a factor (in_front); -1: it must stand alone, wherever that is.
 * NULL after a diagnosis. */
struct tensor *onnx_reshape(struct onnx_reader *reader, const struct operation *operation, const char *what,
                            struct tensor *tensor, struct shape shape, int batch_axis);

/* Before opset 7 an attribute said where the axes of b stand in a (arithmetic.c). */
struct tensor *onnx_old_axis(struct onnx_reader *reader, const struct operation *operation, const struct tensor *a,
                             struct tensor *b);

/* Axes as a set of bits, negative ones from the end; false after a diagnosis. */
bool onnx_axes_set(struct onnx_reader *reader, const struct operation *operation, const int64_t *axes, size_t count,
                   int rank, unsigned *set);

/* ---- spatial.c: attributes of convolutions and pooling ------------------------------------------------------ */

enum auto_pad { AUTO_PAD_FAILED, AUTO_PAD_NOT_SET, AUTO_PAD_VALID, AUTO_PAD_SAME_UPPER, AUTO_PAD_SAME_LOWER };

/* Windows of operand 0: kernel_shape (0 where it is not given), strides, dilations, pads. The batch is the first axis.
 * False after a diagnosis. */
bool onnx_spatial(struct onnx_reader *reader, const struct operation *operation, struct spatial *spatial);
enum auto_pad onnx_auto_pad(struct onnx_reader *reader, const struct operation *operation,
                            const struct spatial *spatial);
/* ---- uses.c ---- */

/* The one node that reads the node's first result, once; or NULL. */
const Onnx__NodeProto *onnx_sole_reader(struct onnx_reader *reader, const Onnx__NodeProto *node);
bool onnx_is_operator(const Onnx__NodeProto *node, const char *name); /* of ONNX's own domain; node may be NULL */

/* ---- mask.c: numbers of a mask that keep scores out of a softmax ---- */

bool onnx_keeps_out(float number); /* -1e9 and less: exporters write that, -inf, or the least number of binary32 */
/* What operands of Add are, if one is such a mask of a Softmax: itself without those numbers, and with the scores that
 * remain by element of the sum. The pair as it stands and NULL: there is none. False after a diagnosis. */
bool onnx_mask_added(struct onnx_reader *reader, const struct operation *operation, struct tensor **pair,
                     const bool **allowed);
/* Likewise of Where, whose condition is known. */
bool onnx_mask_chosen(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape,
                      struct tensor **pair, const bool **allowed);
/* Softmax along the last axis over the scores that are allowed, 0 where none is. */
struct tensor *onnx_softmax_of_allowed(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                       struct tensor *scores, const bool *allowed);

/* ---- pooling_indices.c: the second output of MaxPool, whose first has been made; NULL after a diagnosis ---- */
struct tensor *onnx_max_pool_indices(struct onnx_reader *reader, const struct operation *operation,
                                     const struct spatial *spatial);

/* ---- pick.c ------------------------------------------------------------------------------------------------ */

/* A tensor of the shape whose element i is element indices[i] of `from` (onnx_pick_two: of a's elements and then
 * b's); indices are in range. */
struct tensor *onnx_pick(struct onnx_reader *reader, const struct operation *operation, const char *what,
                         struct tensor *from, struct shape shape, const int64_t *indices, int batch_axis);
struct tensor *onnx_pick_two(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *a, struct tensor *b, struct shape shape, const int64_t *indices,
                             int batch_axis);
/* Entries along an axis, in range, in the place of which the shape of the indices stands (indexing.c). */
struct tensor *onnx_gather(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor *data, int64_t axis, struct shape index_shape, int64_t *indices,
                           int batch_axis);
/* Indices below 0 count from the end; NULL and a diagnosis when one is out of range. */
int64_t *onnx_indices(struct onnx_reader *reader, const struct operation *operation, const int64_t *given, size_t count,
                      int64_t length);
/* False and a diagnosis for a tensor that the model makes and that is too large. */
bool onnx_made_size(struct onnx_reader *reader, const struct operation *operation, const struct shape *shape);
void onnx_coordinates(const struct shape *shape, size_t element, int64_t *at); /* along each axis */
size_t onnx_element(const struct shape *shape, const int64_t *at);

/* ---- logic.c: truths are 0 or 1. NULL after a diagnosis, and for an operand that is NULL ------------------------- */

struct tensor *onnx_bit(struct onnx_reader *reader, const struct operation *operation, const char *what,
                        struct tensor *x); /* x, which is 0 or 1, as a number of one bit */
struct tensor *onnx_positive(struct onnx_reader *reader, const struct operation *operation, const char *what,
                             struct tensor *x); /* x > 0 */
struct tensor *onnx_not(struct onnx_reader *reader, const struct operation *operation, const char *what,
                        struct tensor *truth);
struct tensor *onnx_equal(struct onnx_reader *reader, const struct operation *operation, const char *what,
                          struct tensor *a, struct tensor *b);
struct tensor *onnx_select(struct onnx_reader *reader, const struct operation *operation, const char *what,
                           struct tensor *condition, struct tensor *a, struct tensor *b); /* condition ? a : b */
/* embedding.c: rows of a constant by an index that is computed. */
struct tensor *onnx_gather_by_value(struct onnx_reader *reader, const struct operation *operation,
                                    const struct tensor *data, struct tensor *index, int64_t axis);
/* rank.c */
struct tensor *onnx_product_along(struct onnx_reader *reader, const struct operation *operation, const char *what,
                                  struct tensor *x, int64_t axis);

/* ---- operators: one function each, named in operators.def -------------------------------------------------- */

#define ONNX_OPERATOR(domain, name, function, minimum, maximum, attributes, becomes)                                   \
    struct tensor *function(struct onnx_reader *reader, const struct operation *operation);
#include "frontend/onnx/operators.def"
#undef ONNX_OPERATOR

#endif
