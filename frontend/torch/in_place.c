/* What PyTorch changes in place: a view of a tensor is the same memory, so its other readers would see the change. */
#include "frontend/torch/torch.h"

#include <string.h>

enum { VIEWS_MAX = 256 }; /* one upon the other; more count as shared */

/* Operators that may give the operand's memory itself. Of those that bxc does not read nothing is known. */
static bool may_be_view(const struct torch_node *node, struct arena *arena) {
    static const char views[] =
        " aten.view aten.reshape aten._unsafe_view aten.flatten aten.unflatten aten.view_as aten.reshape_as "
        "aten.permute aten.transpose aten.t aten.mT aten.numpy_T aten.swapaxes aten.movedim aten.unsqueeze "
        "aten.squeeze aten.slice aten.select aten.narrow aten.expand aten.expand_as aten.split aten.chunk aten.unbind "
        "aten.split_with_sizes aten.tensor_split aten.einsum aten.detach aten.alias aten.contiguous aten.to "
        "aten.type_as aten.dropout aten.feature_dropout aten.alpha_dropout ";
    return !node->operator|| strstr(views, arena_printf(arena, " %s ", node->proto.op_type)) != NULL;
}

static bool is_shared(const struct torch_reading *reading, struct arena *arena, const char *name, int views) {
    struct torch_uses *uses = name_map_find(&reading->uses, name);
    if (!views || (uses && uses->count > 1)) return true;
    if (!uses || uses->alone || !uses->maker || !may_be_view(uses->maker, arena)) return false;
    uses->alone = true;
    for (size_t i = 0; i < uses->maker->proto.n_input && uses->alone; i++)
        uses->alone = !is_shared(reading, arena, uses->maker->proto.input[i], views - 1);
    return !uses->alone;
}

bool torch_memory_is_shared(const struct torch_reading *reading, struct arena *arena, const char *name) {
    return is_shared(reading, arena, name, VIEWS_MAX);
}
