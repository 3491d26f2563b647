/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Models for tests of import and info: made by edt_import(), and copies with other metadata.
 */
#pragma once

#include "craft.h"
#include "catalogue.h"
#include "files/safetensors.h"

/* Imports golden files ("pt/edt_tiny_bare.pt"; vae may be NULL) under a name in the test's folder;
 * must succeed.  Returns the path. */
char *import_golden(const char *name, const char *edt, const char *vae, EdtStored stored);
/* The message and code of an import that must fail and leave nothing behind. */
char *failed_import(const EdtImport *import, int *code);

EdtSafetensors *open_model(const char *path); /* must succeed */

/* A copy of a model with one key of its metadata changed (value NULL: left out). */
char *with_metadata(const char *model, const char *name, const char *key, const char *value);
