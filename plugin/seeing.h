/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seeing.h: shows in the panel what the network is given to start from.  GIMP does not say when
 * somebody paints: it is read anew when the choice, the layer or the selection is another one, when
 * the dialog is turned to, and for every order.
 */
#pragma once

#include "plugin/dialog_state.h"

/* Of an order that is about to be worked on. */
void edt_seeing_show(EdtDialog *self, const EdtOrder *order);
/* Of the next one, as the settings say, if it may look different than before; in a moment. */
void edt_seeing_look(EdtDialog *self, const EdtPlace *place);
/* It may, whatever is known. */
void edt_seeing_forget(EdtDialog *self);
/* No more, before the panel goes. */
void edt_seeing_end(EdtDialog *self);
