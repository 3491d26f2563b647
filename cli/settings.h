/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The options of `edt sample` as they stand on the command line, and their way into a request.
 * Precedence: option, then the preset of --speed, then the record of --from, then what suits the
 * model.
 */
#pragma once

#include "cli/command.h"
#include "cli/value.h"
#include "record.h"

/* The option of one setting of a request: a flag, or a text. */
typedef struct {
    char *text;
    gboolean on;
} EdtCliSaid;

/* What was not said is NULL, EDT_CLI_UNSAID, or the default of edt_cli_settings_init(). */
typedef struct {
    char *model, *output, *classes, *styles, *seed, *backend, *type, *rng;
    char *latent_out, *init_latent, *preview_dir, *from, *jobs, *npz;
    char *image, *mask, *paper, *mix, *vary, *speed;
    EdtCliSaid *said; /* one for each of edt_settings() */
    int size, batch_count, batch_size, threads, frames;
    gboolean latent_only, json, no_metadata, force;
    EdtRecord *record; /* of --from, or NULL */
} EdtCliSettings;

void edt_cli_settings_init(EdtCliSettings *settings);
void edt_cli_settings_clear(EdtCliSettings *settings);
/* Where the option of a setting goes, by the setting's name. */
EdtCliSaid *edt_cli_settings_said(const EdtCliSettings *settings, const char *name);

/* Reads the record of --from, if any, and looks at everything that can be judged without a model.
 * Errors: EDT_ERROR_USAGE naming the option, EDT_ERROR_BAD_FILE for the record. */
gboolean edt_cli_settings_check(EdtCliSettings *settings, GError **error);
/* The model's path: -m, else the one of the record, else the first found. */
char *edt_cli_settings_model(const EdtCliSettings *settings, GError **error);
gboolean edt_cli_settings_engine(const EdtCliSettings *settings, EdtEngineOptions *options,
                                 GError **error);
/* Lays the record and the options over request and over item, what all its pictures begin as. */
gboolean edt_cli_settings_apply(const EdtCliSettings *settings, EdtRequest *request, EdtItem *item,
                                GError **error);

/* FALSE: what `reader` reads lies where a preview, with --force, would replace it. */
gboolean edt_cli_settings_keep(const EdtCliSettings *settings, const char *reader, const char *path,
                               GError **error);
/* FALSE: a file that is read, which what an option writes would replace; or that a preview would
 * replace. */
gboolean edt_cli_settings_spare(const EdtCliSettings *settings, const char *option,
                                const char *path, GError **error);

/* Whether an option or the record of --from says a setting. */
gboolean edt_cli_settings_says(const EdtCliSettings *settings, const char *name);
