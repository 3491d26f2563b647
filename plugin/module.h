/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The seam between the small program that GIMP queries at start-up (main.c) and the
 * module with the engine and the dialog, loaded when a procedure runs for the first time.
 */
#pragma once

#include "base/module.h"

#include <libgimp/gimp.h>

#define EDT_MODULE_SYMBOL "edt_plugin_module"

#define EDT_PROC_GENERATE "plug-in-edt-generate"
#define EDT_PROC_REDRAW "plug-in-edt-redraw"
#define EDT_PROC_FILL "plug-in-edt-fill"
#define EDT_PROC_AGAIN "plug-in-edt-again"
#define EDT_PROC_SETTINGS "plug-in-edt-settings"
#define EDT_PROC_MORPH "plug-in-edt-morph"
#define EDT_PROC_SCATTER "plug-in-edt-scatter"
#define EDT_PROC_BRUSH "plug-in-edt-brush"
#define EDT_PROC_PATTERN "plug-in-edt-pattern"
#define EDT_PROC_CLASSES "plug-in-edt-classes"
#define EDT_PROC_MODELS "plug-in-edt-models"

/* What a procedure on an image does. */
typedef GimpValueArray *(*EdtImageRun)(GimpProcedure *procedure, GimpRunMode run_mode,
                                       GimpImage *image, GimpDrawable **drawables,
                                       GimpProcedureConfig *config);

typedef struct {
    EdtModuleHead head;
    EdtImageRun generate, redraw, fill, again, settings, morph, scatter, brush, pattern;
    GimpValueArray *(*classes)(GimpProcedure *procedure, GimpProcedureConfig *config);
    GimpValueArray *(*models)(GimpProcedure *procedure, GimpProcedureConfig *config);
    void (*quit)(void); /* stops what runs and joins its thread; safe at any time */
} EdtModule;

/* The one symbol of the module. */
G_MODULE_EXPORT const EdtModule *edt_plugin_module(void);
