/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape legend that every comment in core/ uses; types are in base/type.h.
 *
 *     N  samples in a forward (twice the pictures under guidance)
 *     n  side of the token grid; T = n*n tokens
 *     D  width of a stage; H heads; d = D/H head width
 *     C  channels; h, w latent height and width; p patch side
 *     S  steps; R rows of modulation (steps x distinct classes of a slice)
 *
 * Matrices are row-major.  Activations are [N*T, D] rows; pictures inside the VAE are NHWC.
 * Next: compute/backend.h.
 */
#pragma once

#include "base/type.h"
