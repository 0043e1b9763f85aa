/* What passes on datapaths share: they build a new datapath, wire by wire, and put it in the place of the old one. */
#ifndef BXC_PASSES_REWRITE_H
#define BXC_PASSES_REWRITE_H

#include "passes/passes.h"

/* A list of terms that grows in an arena; constants are added up apart. */
struct term_list {
    struct term *terms;
    uint32_t count, capacity;
    int128 constant;
};

/* ---- rewrite.c ---- */
void term_list_push(struct arena *arena, struct term_list *list, struct term term);
/* Replaces the datapath: map[old wire] is the new wire; ports and probes follow. Then compacts. */
void datapath_replace(struct design *design, const struct datapath *replacement, const wireref *map);
/* The same wire with its operands (and table) renumbered; operands in the new datapath's arena. */
struct wire wire_mapped(struct design *design, const struct datapath *from, struct datapath *to,
                        const struct wire *wire, const wireref *map);
struct interval term_interval(const struct datapath *datapath, struct term term);
/* Whether every partial sum of these terms and the constant stays within 64 bits. */
bool sum_is_safe(const struct datapath *datapath, const struct term *terms, uint32_t count, int128 constant);

/* ---- trees.c: 2 or 3, as the options ask or else by the clock ---- */
int adder_terms_of(const struct program *program);

/* ---- merge.c ---- */
/* Sums that only one sum reads, and sums of one term, become part of their readers. */
void merge_sums(struct design *design);
/* The same, and shared pairs whose readers' adders of three terms have room for one more term. */
void merge_pairs(struct design *design);

#endif
