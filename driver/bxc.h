/* libbxc: the public interface. Everything takes the context first; every result has one owner and
 * one free. Functions return -1 and leave diagnoses in the context when something is wrong. */
#ifndef BXC_H
#define BXC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BXC_VERSION "0.1.0"

struct bxc_context;

struct bxc_context *bxc_context_new(void); /* NULL when memory is out */
void bxc_context_free(struct bxc_context *context);
void bxc_context_threads(struct bxc_context *context, int threads); /* 0: all processors */
/* Called with the stage, how much is done and of how much (0: unknown); from the calling thread. */
void bxc_context_progress(struct bxc_context *context,
                          void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total), void *user);
void bxc_context_cancel(struct bxc_context *context); /* safe in a signal handler */
/* Diagnoses so far, as text; taken: a second call gives what came since. Valid until the next call. */
const char *bxc_context_diagnostics(struct bxc_context *context);
size_t bxc_context_errors(const struct bxc_context *context);
void bxc_context_quiet(struct bxc_context *context); /* diagnoses as text: errors only */

/* Options are pairs "key", "value", as on the command line without the dashes ("clock", "360MHz");
 * ends with NULL. `bxc compile --help` lists them: driver/options.def is the one table. */
struct bxc_options;
struct bxc_options *bxc_options_new(struct bxc_context *context);
void bxc_options_free(struct bxc_options *options);
int bxc_options_set(struct bxc_options *options, const char *key, const char *value);
int bxc_options_config(struct bxc_options *options, const char *path); /* a JSON configuration */

/* Compiles a model file to the folder; an earlier one is exchanged, keeping its verify/. Dumps that
 * the options ask for go to `terminal`, and so does a summary unless "quiet" is set. */
int bxc_compile(struct bxc_context *context, const char *model, const char *folder, const struct bxc_options *options, FILE *terminal);
/* Runs all engines; *equal tells the verdict. Prints the table to `terminal` when not NULL. */
int bxc_verify(struct bxc_context *context, const char *folder, const struct bxc_options *options, bool *equal, FILE *terminal);
int bxc_report(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal);
/* One engine over event files ("file" or "name=file"), outputs to .npy or .csv. Model file or firmware folder. */
int bxc_run(struct bxc_context *context, const char *model, const char *const *events, size_t event_count,
            const char *output, const struct bxc_options *options, FILE *terminal);
/* By extension: .json, .bxc. What was written is told on `terminal` when not NULL, here and above. */
int bxc_convert(struct bxc_context *context, const char *model, const char *output, FILE *terminal);
/* The model as it was read, and whether it compiles with these options; *accepted tells. Every reason against it is
 * printed, and left out of the context's diagnoses. -1 only when nothing of the file could be read. */
int bxc_inspect(struct bxc_context *context, const char *model, const struct bxc_options *options, bool *accepted, FILE *terminal);
int bxc_diff(struct bxc_context *context, const char *left, const char *right, const struct bxc_options *options, FILE *terminal);
int bxc_explain(struct bxc_context *context, const char *folder, const struct bxc_options *options, FILE *terminal);
void bxc_operators(FILE *out, bool json); /* the support matrix */
void bxc_passes(FILE *out);
void bxc_parts(FILE *out, bool json);

#ifdef __cplusplus
}
#endif
#endif
