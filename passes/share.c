/* Common subexpressions of sums, computed once. Sums that have their operands at the same time, and some in common,
 * make a matrix: a row a sum, a column a wire, digits for shifted terms; share_search.c replaces pairs of digits.
 * Any sharing is exact: a sum's value does not depend on the order of its terms. */
#include "passes/rewrite.h"
#include "passes/share.h"
#include "passes/table.h"

#include <stdlib.h>
#include <string.h>

/* Pairs of digits that one matrix may hold; larger ones are cut into blocks of columns, which bounds
 * the work for long rows at the cost of pairs across blocks. */
enum { PAIRS_MAX = 2000000 };

/* Of a matrix, whose candidates are a ring. */
struct candidate {
    uint32_t latest, sum;  /* latest: the operand that is there last */
    uint32_t joined, next; /* joined: another one of the matrix, or itself */
    bool taken;            /* shared */
};

struct sharing {
    struct design *design;
    struct datapath *from, to;
    struct arena *scratch;
    wireref *map;
    int adder_terms;
    struct term_list
        *shared; /* of each sum of `from`: what replaces its terms, in wires of `to`; NULL terms: unchanged */
    struct candidate *candidates; /* those first whose operands are there first */
    uint32_t candidate_count, ready;
    uint32_t *candidate_of; /* by wire of `from` */
    uint32_t *reader;       /* by wire of `from`: a candidate that reads it, + 1 */
    uint32_t made;
};

struct coefficient {
    uint32_t wire;
    int64_t factor;
};

static int compare_coefficients(const void *left, const void *right) {
    const struct coefficient *a = left, *b = right;
    return a->wire < b->wire ? -1 : a->wire > b->wire;
}

/* The sum as a coefficient a wire, wires ascending; -1 when one leaves 62 bits. */
static int64_t coefficients_of(const struct wire *wire, struct coefficient *out) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < wire->operand_count; i++) {
        if (wire->operands[i].shift > 60) return -1;
        int64_t factor = (int64_t)1 << wire->operands[i].shift;
        out[i] = (struct coefficient){wire->operands[i].wire.id, wire->operands[i].negative ? -factor : factor};
    }
    qsort(out, wire->operand_count, sizeof *out, compare_coefficients);
    for (uint32_t i = 0; i < wire->operand_count;) {
        int128 factor = 0;
        uint32_t id = out[i].wire;
        for (; i < wire->operand_count && out[i].wire == id; i++) factor += out[i].factor;
        if (factor > INT64_MAX / 4 || factor < -(INT64_MAX / 4)) return -1;
        if (factor) out[kept++] = (struct coefficient){id, (int64_t)factor};
    }
    return kept;
}

static struct share_entry digits_of(uint32_t column, int64_t factor) {
    uint8_t position[65];
    bool negative[65];
    struct share_entry entry = {.column = column};
    int count = signed_digits(factor, position, negative);
    for (int i = 0; i < count; i++) *(negative[i] ? &entry.minus : &entry.plus) |= UINT64_C(1) << position[i];
    return entry;
}

/* ---- one matrix ---- */

struct matrix {
    uint32_t *sums; /* wires of `from` */
    uint32_t sum_count;
    uint32_t *columns; /* wires of `from` that they read, ascending */
    uint32_t column_count;
    struct share_row *rows; /* all digits */
};

static int compare_ids(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static uint32_t column_of(const struct matrix *matrix, uint32_t wire) {
    const uint32_t *found = bsearch(&wire, matrix->columns, matrix->column_count, sizeof wire, compare_ids);
    return (uint32_t)(found - matrix->columns);
}

static void find_columns(struct sharing *sharing, struct matrix *matrix) {
    size_t total = 1;
    for (uint32_t i = 0; i < matrix->sum_count; i++) total += sharing->from->wires[matrix->sums[i]].operand_count;
    matrix->columns = ARENA_ARRAY(sharing->scratch, uint32_t, total);
    uint32_t count = 0;
    for (uint32_t i = 0; i < matrix->sum_count; i++) {
        const struct wire *wire = &sharing->from->wires[matrix->sums[i]];
        for (uint32_t k = 0; k < wire->operand_count; k++) matrix->columns[count++] = wire->operands[k].wire.id;
    }
    qsort(matrix->columns, count, sizeof *matrix->columns, compare_ids);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || matrix->columns[i] != matrix->columns[i - 1])
            matrix->columns[matrix->column_count++] = matrix->columns[i];
}

/* Sums whose coefficients get too large keep their terms: they leave the matrix here. */
static void find_rows(struct sharing *sharing, struct matrix *matrix) {
    uint32_t kept = 0;
    matrix->rows = ARENA_ARRAY(sharing->scratch, struct share_row, matrix->sum_count + 1);
    for (uint32_t i = 0; i < matrix->sum_count; i++) {
        const struct wire *wire = &sharing->from->wires[matrix->sums[i]];
        struct coefficient *coefficients = ARENA_ARRAY(sharing->scratch, struct coefficient, wire->operand_count + 1);
        int64_t count = coefficients_of(wire, coefficients);
        if (count < 0) continue;
        struct share_row *row = &matrix->rows[kept];
        row->count = row->capacity = (uint32_t)count;
        row->entries = ARENA_ARRAY(sharing->scratch, struct share_entry, count + 1);
        for (int64_t k = 0; k < count; k++)
            row->entries[k] = digits_of(column_of(matrix, coefficients[k].wire), coefficients[k].factor);
        matrix->sums[kept++] = matrix->sums[i];
    }
    matrix->sum_count = kept;
}

/* How many blocks of columns keep the pairs within bounds. */
static uint32_t block_count(const struct matrix *matrix) {
    uint64_t pairs = 0;
    for (uint32_t i = 0; i < matrix->sum_count; i++) {
        uint64_t terms = share_row_terms(&matrix->rows[i]);
        pairs += terms * terms / 2;
    }
    return 1 + (uint32_t)(pairs / PAIRS_MAX);
}

static struct share_problem block_problem(struct sharing *sharing, const struct matrix *matrix, uint32_t first,
                                          uint32_t last) {
    struct share_problem problem = {.arena = arena_new(sharing->design->context),
                                    .row_count = matrix->sum_count,
                                    .adder_terms = sharing->adder_terms};
    problem.given = problem.column_count = last - first;
    problem.column_capacity = 2 * problem.given + 16;
    problem.columns = ARENA_ARRAY(problem.arena, struct share_column, problem.column_capacity);
    problem.rows = ARENA_ARRAY(problem.arena, struct share_row, matrix->sum_count + 1);
    for (uint32_t c = first; c < last; c++) {
        const struct wire *wire = &sharing->from->wires[matrix->columns[c]];
        problem.columns[c - first].interval = (struct interval){wire->lo, wire->hi};
    }
    for (uint32_t r = 0; r < matrix->sum_count; r++) {
        const struct share_row *row = &matrix->rows[r];
        struct share_row *part = &problem.rows[r];
        part->entries = ARENA_ARRAY(problem.arena, struct share_entry, row->count + 1);
        for (uint32_t i = 0; i < row->count; i++)
            if (row->entries[i].column >= first && row->entries[i].column < last) {
                part->entries[part->count] = row->entries[i];
                part->entries[part->count++].column -= first;
            }
        part->capacity = part->count;
    }
    return problem;
}

/* The made columns as wires of `to`; all columns as wires. */
static wireref *emit_columns(struct sharing *sharing, const struct matrix *matrix, const struct share_problem *problem,
                             uint32_t first) {
    wireref *wires = ARENA_ARRAY(sharing->scratch, wireref, problem->column_count + 1);
    const struct wire *origin = &sharing->from->wires[matrix->sums[0]];
    for (uint32_t c = 0; c < problem->column_count; c++) {
        const struct share_column *column = &problem->columns[c];
        if (c < problem->given) {
            wires[c] = sharing->map[matrix->columns[first + c]];
            continue;
        }
        struct term terms[2] = {{wires[column->first], (int8_t)column->first_shift, false},
                                {wires[column->second], (int8_t)column->second_shift, column->second_negative}};
        struct wire wire = {
            .op = WIRE_SUM, .operands = terms, .operand_count = 2, .origin = origin->origin, .cycle = -1};
        wires[c] = datapath_append(sharing->design, &sharing->to, &wire);
        sharing->made++;
    }
    return wires;
}

static void append_row(struct sharing *sharing, const struct share_row *row, const wireref *wires,
                       struct term_list *out) {
    uint32_t terms = share_row_terms(row);
    out->terms = arena_grow(sharing->scratch, out->terms, out->count * sizeof *out->terms,
                            (out->count + terms + 1) * sizeof *out->terms);
    for (uint32_t i = 0; i < row->count; i++) {
        const struct share_entry *entry = &row->entries[i];
        for (uint64_t left = entry->plus | entry->minus; left; left &= left - 1) {
            int digit = __builtin_ctzll(left);
            out->terms[out->count++] = (struct term){wires[entry->column], (int8_t)digit, entry->minus >> digit & 1};
        }
    }
}

static void share_matrix(struct sharing *sharing, struct matrix *matrix) {
    find_columns(sharing, matrix);
    find_rows(sharing, matrix);
    if (matrix->sum_count == 0) return;
    uint32_t blocks = block_count(matrix), size = (matrix->column_count + blocks - 1) / blocks;
    for (uint32_t first = 0; first < matrix->column_count; first += size) {
        uint32_t last = first + size < matrix->column_count ? first + size : matrix->column_count;
        struct share_problem problem = block_problem(sharing, matrix, first, last);
        share_search(&problem);
        wireref *wires = emit_columns(sharing, matrix, &problem, first);
        for (uint32_t r = 0; r < matrix->sum_count; r++)
            append_row(sharing, &problem.rows[r], wires, &sharing->shared[matrix->sums[r]]);
        arena_free(problem.arena);
    }
    for (uint32_t r = 0; r < matrix->sum_count; r++)
        if (!sharing->shared[matrix->sums[r]].terms)
            sharing->shared[matrix->sums[r]].terms = ARENA_ARRAY(sharing->scratch, struct term, 1);
}

/* ---- which sums make a matrix ---- */

static int compare_candidates(const void *left, const void *right) {
    const struct candidate *a = left, *b = right;
    return a->latest != b->latest ? (a->latest < b->latest ? -1 : 1) : compare_ids(&a->sum, &b->sum);
}

static void find_candidates(struct sharing *sharing) {
    const struct datapath *datapath = sharing->from;
    sharing->candidates = ARENA_ARRAY(sharing->scratch, struct candidate, datapath->wire_count + 1);
    sharing->candidate_of = ARENA_ARRAY(sharing->scratch, uint32_t, datapath->wire_count + 1);
    sharing->reader = ARENA_ARRAY(sharing->scratch, uint32_t, datapath->wire_count + 1);
    for (uint32_t i = 0; i < datapath->wire_count; i++) {
        const struct wire *wire = &datapath->wires[i];
        if (wire->op != WIRE_SUM || wire->operand_count < 2) continue;
        struct candidate candidate = {.sum = i};
        for (uint32_t k = 0; k < wire->operand_count; k++)
            if (wire->operands[k].wire.id > candidate.latest) candidate.latest = wire->operands[k].wire.id;
        sharing->candidates[sharing->candidate_count++] = candidate;
    }
    qsort(sharing->candidates, sharing->candidate_count, sizeof *sharing->candidates, compare_candidates);
    for (uint32_t i = 0; i < sharing->candidate_count; i++) {
        struct candidate *candidate = &sharing->candidates[i];
        sharing->candidate_of[candidate->sum] = i;
        candidate->joined = candidate->next = i;
    }
}

/* The candidate that stands for its matrix. */
static uint32_t matrix_of(struct sharing *sharing, uint32_t candidate) {
    struct candidate *at = sharing->candidates;
    while (at[candidate].joined != candidate) candidate = at[candidate].joined = at[at[candidate].joined].joined;
    return candidate;
}

static void join(struct sharing *sharing, uint32_t a, uint32_t b) {
    struct candidate *x = &sharing->candidates[matrix_of(sharing, a)], *y = &sharing->candidates[matrix_of(sharing, b)];
    if (x == y) return;
    uint32_t next = x->next; /* two rings become one */
    x->next = y->next;
    y->next = next;
    y->joined = x->joined;
}

/* Joins what reads the same wires and is not shared yet. */
static void make_ready(struct sharing *sharing, uint32_t candidate) {
    const struct wire *wire = &sharing->from->wires[sharing->candidates[candidate].sum];
    for (uint32_t k = 0; k < wire->operand_count; k++) {
        uint32_t *reader = &sharing->reader[wire->operands[k].wire.id];
        if (*reader && !sharing->candidates[*reader - 1].taken) join(sharing, *reader - 1, candidate);
        *reader = candidate + 1;
    }
}

/* Before this sum is made: the matrix that it belongs to by now. */
static void share_with(struct sharing *sharing, uint32_t sum) {
    struct candidate *at = sharing->candidates;
    while (sharing->ready < sharing->candidate_count && at[sharing->ready].latest < sum)
        make_ready(sharing, sharing->ready++);
    uint32_t own = sharing->candidate_of[sum], count = 0, i = own;
    if (at[own].taken) return;
    do {
        at[i].taken = true;
        i = at[i].next;
        count++;
    } while (i != own);
    struct matrix matrix = {.sums = ARENA_ARRAY(sharing->scratch, uint32_t, count), .sum_count = count};
    for (uint32_t k = 0; k < count; k++, i = at[i].next) matrix.sums[k] = at[i].sum;
    qsort(matrix.sums, count, sizeof *matrix.sums, compare_ids);
    share_matrix(sharing, &matrix);
}

/* ---- the datapath ---- */

static void emit_wire(struct sharing *sharing, uint32_t id) {
    const struct wire *wire = &sharing->from->wires[id];
    struct wire copy = wire_mapped(sharing->design, sharing->from, &sharing->to, wire, sharing->map);
    const struct term_list *shared = &sharing->shared[id];
    if (shared->terms) {
        copy.operands = shared->terms;
        copy.operand_count = shared->count;
    }
    if (wire->op == WIRE_SUM && copy.operand_count == 1 && !copy.operands[0].shift && !copy.operands[0].negative &&
        !copy.constant)
        sharing->map[id] = copy.operands[0].wire; /* nothing but a shared wire */
    else
        sharing->map[id] = datapath_append(sharing->design, &sharing->to, &copy);
}

int pass_share(struct program *program, bool *changed) {
    struct design *design = program->design;
    struct sharing sharing = {.design = design, .from = &design->datapath, .adder_terms = adder_terms_of(program)};
    uint32_t count = sharing.from->wire_count;
    sharing.scratch = arena_new(program->context);
    sharing.map = ARENA_ARRAY(sharing.scratch, wireref, count + 1);
    sharing.shared = ARENA_ARRAY(sharing.scratch, struct term_list, count + 1);
    find_candidates(&sharing);
    for (uint32_t i = 0; i < count; i++) {
        const struct wire *wire = &sharing.from->wires[i];
        if (wire->op == WIRE_SUM && wire->operand_count > 1) share_with(&sharing, i);
        emit_wire(&sharing, i);
    }
    datapath_replace(design, &sharing.to, sharing.map);
    *changed = sharing.made > 0;
    arena_free(sharing.scratch);
    return 0;
}
