/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * frames.h: frames from the class of the large dialog to the one that is mixed with it.  The small
 * dialog of morph.c asks for the rest; they are made where pictures are, one order after the other.
 */
#pragma once

#include "plugin/dialog_state.h"

/* What that dialog said, on its way from one run to the next. */
void edt_frames_free(EdtFrames *frames); /* NULL is fine */
/* In a moment; edt_frames_forget() before the dialog goes. */
void edt_frames_ask(EdtDialog *self);
void edt_frames_forget(EdtDialog *self);
/* These pictures measure the way, and are not shown. */
gboolean edt_frames_measures(const EdtRun *run);
/* A run that has frames is done: they become layers, or the next run begins. */
void edt_frames_take(EdtDialog *self, EdtRun *run);
/* Once the panel knows what was made of it. */
void edt_frames_play(EdtDialog *self, const EdtRun *run);
