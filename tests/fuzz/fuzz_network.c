/* Fuzzes what stands behind the readers: the bytes choose a small network (shared values, residuals, heads, odd scales),
 * which goes through the passes, the emitters and back. It is compiled right, or refused with a reason. */
#include "tests/prop/trial.h"

static int emit(void *user) {
    struct trial *trial = user;
    struct file_set files = {.arena = trial->program.graph->arena};
    struct emission emission = {.context = trial->context, .graph = trial->program.graph, .design = trial->program.design,
                                .name = "network", .content_hash = "0000000000000000000000000000000000000000000000000000000000000000",
                                .clock_ps = trial->options.clock_ps, .part_code = trial->options.part_code, .files = &files};
    for (const struct language *language = languages; language->name; language++)
        if (language->emit(&emission) < 0) trial->wrong = "an emitter refuses";
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    struct trial trial = trial_new(1, data, length);
    if (context_guarded(trial.context, network_compile, &trial) < 0) trial_judge_refusal(&trial);
    else if (context_guarded(trial.context, network_check, &trial) < 0 || (!trial.wrong && context_guarded(trial.context, emit, &trial) < 0))
        trial.wrong = trial.wrong ? trial.wrong : "a check fell over";
    if (trial.wrong) {
        fprintf(stderr, "%s\n", trial.wrong);
        trial_print(&trial);
        abort();
    }
    trial_free(&trial);
    return 0;
}
