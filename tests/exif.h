/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures as cameras and phones write them.
 */
#pragma once

/* A PNG gets Exif: "turn me to the right" (6). */
void test_add_exif(const char *path);
