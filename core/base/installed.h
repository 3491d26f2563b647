/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the parts of an installation are, seen from the program that runs: beside it, in a build
 * tree, in an installation that was moved as a whole, and where it was built for.  Next: module.h.
 */
#pragma once

#include <glib.h>

typedef enum {
    EDT_PART_PROGRAM, /* the command line */
    EDT_PART_PLUGIN,  /* the module with the plug-in's engine and dialog */
    EDT_PART_CUDA,    /* the module of the CUDA backend */
    EDT_PART_MPI,     /* the module that talks to other ranks */
} EdtInstalled;

/* Absolute path; NULL where there is none.  $EDT_PROGRAM, $EDT_CUDA_MODULE and $EDT_MPI_MODULE name
 * another one, and then nothing else is looked at. */
char *edt_installed_part(EdtInstalled part);
/* What that variable says; NULL where it is not set. */
const char *edt_installed_named(EdtInstalled part);
/* A folder below <datadir>, of the moved installation where there is one. */
char *edt_installed_data(const char *name);
