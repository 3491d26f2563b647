/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The options of `edt sample` as they stand on the command line, and their way into a request.
 * Precedence: option, then the record of --from, then what suits the model.
 */
#pragma once

#include "cli/command.h"

#define EDT_CLI_UNSAID G_MININT

/* What was not said is NULL, NAN, EDT_CLI_UNSAID, or the default of edt_cli_settings_init(). */
typedef struct {
    char *model, *output, *classes, *seed, *sampler, *amm, *vae, *backend, *type, *rng;
    char *latent_out, *init_latent, *preview_dir, *from, *jobs;
    int steps, size, batch_count, batch_size, threads;
    double eta, cfg_scale;
    gboolean clip, latent_only, json, no_metadata, force;
    char *record;     /* text of --from */
    EdtItem recorded; /* class and seed in it */
} EdtCliSettings;

void edt_cli_settings_init(EdtCliSettings *settings);
void edt_cli_settings_clear(EdtCliSettings *settings);

/* Reads the record of --from, if any, and looks at everything that can be judged without a model.
 * Errors: EDT_ERROR_USAGE naming the option, EDT_ERROR_BAD_FILE for the record. */
gboolean edt_cli_settings_check(EdtCliSettings *settings, GError **error);
/* The model's path: -m, else the one of the record, else the first found. */
char *edt_cli_settings_model(const EdtCliSettings *settings, GError **error);
gboolean edt_cli_settings_engine(const EdtCliSettings *settings, EdtEngineOptions *options,
                                 GError **error);
/* Lays the record and the options over request. */
gboolean edt_cli_settings_apply(const EdtCliSettings *settings, EdtRequest *request,
                                GError **error);

/* "random", "null", a number or a name; random draws anew at each call. */
gboolean edt_cli_class_parse(const EdtModelInfo *info, const char *text, int *class_index,
                             GError **error);
/* A whole number, or -1 for a random 32-bit one. */
gboolean edt_cli_seed_parse(const char *text, guint64 *seed, GError **error);
gboolean edt_cli_backend_parse(const char *name, EdtBackendKind *kind);
gboolean edt_cli_precision_parse(const char *name, EdtPrecision *precision);
