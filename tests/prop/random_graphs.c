/* Random networks from reader to schedule: every one is compiled, or refused with a reason that is no defect; what is
 * written reads back; the design computes the quantised graph bit for bit at any clock; the quantised graph computes
 * the network, bit for bit where the notes claim it, else as close as tables and binary32 allow. random_graphs [COUNT
 * [SEED]]     env: GRAPHS, SEED, HARD=1 (all that tests/fuzz draws), V=1 (each network as it was read, and what was
 * said), WRITE=FOLDER (each network that compiles as SEED.bxc) */
#include "tests/prop/trial.h"

enum { REASONS_MAX = 256 };

static struct {
    char text[160];
    uint64_t seed;
    int count;
} reasons[REASONS_MAX];
static int reason_count;

/* Messages without names and numbers are one reason. */
static void count_reason(const char *message, uint64_t seed) {
    char text[160];
    size_t length = 0;
    bool quoted = false;
    for (; *message && length + 1 < sizeof text; message++) {
        if (*message == '\'') quoted = !quoted;
        if (!quoted && !(*message >= '0' && *message <= '9')) text[length++] = *message;
    }
    text[length] = 0;
    int i = 0;
    while (i < reason_count && strcmp(reasons[i].text, text) != 0) i++;
    if (i == REASONS_MAX) return;
    if (i == reason_count) memcpy(reasons[reason_count++].text, text, sizeof text), reasons[i].seed = seed;
    reasons[i].count++;
}

static void write_network(const struct trial *trial) {
    struct strbuf text = strbuf_new(trial->context->arena);
    graph_print(&text, trial->as_read);
    (void)file_write(
        trial->context,
        arena_printf(trial->context->arena, "%s/%llu.bxc", getenv("WRITE"), (unsigned long long)trial->seed), text.data,
        text.length);
}

static uint64_t bounded, unbounded;

static bool run(uint64_t seed, int *refused) {
    struct trial trial = trial_new(seed, NULL, 0);
    trial.hard = getenv("HARD") != NULL;
    if (context_guarded(trial.context, network_compile, &trial) < 0)
        trial_judge_refusal(&trial, 0);
    else if (context_guarded(trial.context, network_check, &trial) < 0)
        trial.wrong = "a check fell over";
    if (trial.reason && !trial.wrong) count_reason(trial.reason, seed);
    bounded += trial.bounded;
    unbounded += trial.unbounded;
    *refused += trial.refused && !trial.wrong;
    bool right = !trial.wrong;
    if (!right) printf("# seed %llu: %s\n", (unsigned long long)seed, trial.wrong);
    if (getenv("V")) trial_print(&trial);
    if (getenv("WRITE") && right && !trial.refused) write_network(&trial);
    trial_free(&trial);
    return right;
}

static long number_of(const char *text, const char *variable, long otherwise) {
    if (!text) text = getenv(variable);
    return text ? strtol(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    long count = number_of(argc > 1 ? argv[1] : NULL, "GRAPHS", 1500),
         first = number_of(argc > 2 ? argv[2] : NULL, "SEED", 1);
    int wrong = 0, refused = 0;
    for (long i = 0; i < count; i++) wrong += !run((uint64_t)(first + i), &refused);
    printf("# %ld networks from seed %ld: %d wrong, %d refused\n", count, first, wrong, refused);
    printf("# %llu numbers were held to bounds, %llu had none\n", (unsigned long long)bounded,
           (unsigned long long)unbounded);
    for (int i = 0; i < reason_count; i++)
        printf("# %4d refused, the first of seed %llu: %s\n", reasons[i].count, (unsigned long long)reasons[i].seed,
               reasons[i].text);
    printf(wrong ? "not ok random_graphs: %d are wrong\n" : "ok random_graphs\n", wrong);
    return wrong != 0;
}
