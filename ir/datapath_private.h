/* What the files of the datapath share among themselves. */
#ifndef BXC_IR_DATAPATH_PRIVATE_H
#define BXC_IR_DATAPATH_PRIVATE_H

#include "ir/datapath.h"
#include "ir/linear_form.h"

/* The form of the wire that is appended next, from its operands': its own source when it is no sum, or too large a one.
 * Of a sum also what the form can be over its sources' intervals; else false. */
bool datapath_form(struct arena *arena, struct datapath *datapath, const struct wire *wire, struct interval *interval);

/* The form of the wire that is appended next, as a source. */
void datapath_form_of_itself(struct arena *arena, struct datapath *datapath);

#endif
