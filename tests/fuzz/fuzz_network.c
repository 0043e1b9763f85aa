/* Fuzzes what stands behind the readers: the bytes choose a small network (shared values, residuals, heads, odd
 * scales), options and calibration events, which go through the passes, the emitters and back. It is compiled right, or
 * refused with a reason; what is emitted under one content hash is the same to the byte, and no name in it is a word of
 * a language. */
#include "tests/prop/trial.h"

struct emitted {
    char hash[65];
    struct file_set files;
};

static int emit(struct trial *trial, struct emitted *out) {
    struct arena *arena = trial->context->arena;
    struct strbuf quantised = strbuf_new(arena), reference = strbuf_new(arena);
    graph_print(&quantised, trial->program.graph);
    graph_print(&reference, trial->reference);
    content_hash(arena, out->hash, &quantised, &reference, &trial->options, trial->name);
    out->files = (struct file_set){.arena = arena};
    struct emission emission = {.context = trial->context,
                                .graph = trial->program.graph,
                                .design = trial->program.design,
                                .name = trial->name,
                                .content_hash = out->hash,
                                .clock_ps = trial->options.clock_ps,
                                .part_code = trial->options.part_code,
                                .files = &out->files};
    for (const struct language *language = languages; language->name; language++)
        if (language->emit(&emission) < 0) {
            trial->wrong = arena_printf(arena, "'%s' refuses what the passes let through", language->name);
            return -1;
        }
    check_names(trial, &out->files);
    return trial->wrong ? -1 : 0;
}

static bool same_files(const struct file_set *a, const struct file_set *b) {
    for (uint32_t i = 0; i < a->count && a->count == b->count; i++)
        if (a->files[i].length != b->files[i].length ||
            memcmp(a->files[i].data, b->files[i].data, a->files[i].length) != 0)
            return false;
    return a->count == b->count;
}

/* Sometimes the same once more, with another option below the line. */
static int emit_again(struct trial *trial, const struct emitted *first) {
    struct emitted again;
    uint64_t choice = trial->bytes && trial->byte_count ? trial->bytes[trial->byte_count - 1] : trial->seed;
    if (choice % 4 == 0) return 0;
    if (choice % 4 == 1) trial->options.clock_ps += 1 + (int)(choice / 4 % 3);
    if (choice % 4 == 2) trial->options.margin_percent -= 1 + (int)(choice / 4 % 3);
    if (choice % 4 == 3) trial->options.adder_terms = 2;
    trial->program = (struct program){.context = trial->context,
                                      .arena = trial->context->arena,
                                      .options = &trial->options,
                                      .technology = trial->program.technology,
                                      .calibration = trial->program.calibration};
    trial->program.graph = graph_clone(trial->reference);
    size_t before = trial->context->diagnostics.count;
    if (passes_run(&trial->program, NULL, NULL) < 0) {
        trial_judge_refusal(trial, before);
        return 0;
    }
    if (emit(trial, &again) == 0 && strcmp(again.hash, first->hash) == 0 && !same_files(&again.files, &first->files))
        trial->wrong = "two firmwares have one content hash";
    return 0;
}

static int emit_all(void *user) {
    struct trial *trial = user;
    struct emitted first;
    return emit(trial, &first) < 0 ? 0 : emit_again(trial, &first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length) {
    struct trial trial = trial_new(1, data, length);
    trial.hard = true;
    if (context_guarded(trial.context, network_compile, &trial) < 0)
        trial_judge_refusal(&trial, 0);
    else if (context_guarded(trial.context, network_check, &trial) < 0 ||
             (!trial.wrong && context_guarded(trial.context, emit_all, &trial) < 0)) {
        if (!trial.wrong) trial.wrong = "a check fell over";
    }
    if (trial.wrong) {
        fprintf(stderr, "%s\n", trial.wrong);
        trial_print(&trial);
        fflush(stdout);
        abort();
    }
    trial_free(&trial);
    return 0;
}
