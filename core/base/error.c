/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The error domain that all rooms share; codes and meaning are in edt.h.
 */
#include "edt.h"

G_DEFINE_QUARK(edt-error-quark, edt_error)
