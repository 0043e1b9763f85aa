/* What is said of many nodes alike, told once (refusals.c). */
#ifndef BXC_FRONTEND_REFUSALS_H
#define BXC_FRONTEND_REFUSALS_H

#include "frontend/name_map.h"
#include "ir/diag.h"

/* Of the diagnoses from the first on: those of more than three nodes that differ in names and numbers alone become the
 * first one of them, with how many there are. */
void refusals_group(struct diagnostics *diagnostics, struct arena *scratch, size_t first);

#endif
