/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of pictures: edt-<model>-<class>-<seed>.png, or the -o of the command line with %03d.
 */
#pragma once

#include "cli/command.h"

/* "Golden Retriever (old)" -> "golden-retriever-old": at most 48 characters of a-z, 0-9 and '-'. */
char *edt_cli_name_slug(const char *text);
/* <folder>/edt-<model>-<class>-<seed>.png; folder NULL: here.  A model's own "edt-" is not doubled.
 */
char *edt_cli_name_default(const char *folder, const char *model_path, const char *class_name,
                           guint64 seed);
/* path, or path with -1, -2, ... before the extension: the first that neither exists nor is in
 * taken (a set of paths), to which it is added. */
char *edt_cli_name_unused(const char *path, GHashTable *taken);
/* TRUE when the path holds a "%d", "%03d", "%i" or "%u". */
gboolean edt_cli_name_is_pattern(const char *path);
/* A pattern with its one number filled in; "%%" is a percent sign.  Errors: EDT_ERROR_USAGE. */
char *edt_cli_name_expand(const char *pattern, int number, GError **error);
/* What must be right with a path before hours are spent on a picture for it: it ends in .png and
 * its folder can be written to. */
gboolean edt_cli_name_check(const char *path, GError **error);
/* Makes the folder part of a path, where it is not there yet: "set" of "set/" and of "set/1.png".
 * Errors: EDT_ERROR_USAGE. */
gboolean edt_cli_name_make_folder(const char *path, GError **error);
/* The folder alone; what: "the picture", to choose another for. */
gboolean edt_cli_name_check_folder(const char *path, const char *what, GError **error);
/* Whether a file of this name, without its folder, is one of --preview-dir. */
gboolean edt_cli_name_is_preview(const char *name);
