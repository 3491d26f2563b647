/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One step of a sampler for one sample in ordinary memory.
 */
#pragma once

#include "sample/sampler.h"

/* out: [C or 2C, hw]; x: x_t, then x_{t-1}; denoised: the last step's estimate, then this one's;
 * older: that of the step before the last, then the last one's; NULL: not asked for. */
static inline void next_step(const EdtSampling *sampling, int s, int C, int hw, const float *out,
                             const float *noise, float *x, float *denoised, float *older)
{
    const EdtStepCoefficients how = edt_sampling_coefficients(sampling, s);
    edt_step_run(&(EdtSamplerStep){
        .N = 1,
        .C = C,
        .C_out = sampling->learned_variance ? 2 * C : C,
        .hw = hw,
        .how = &how,
        .out = out,
        .noise = noise,
        .x = x,
        .denoised = denoised,
        .older = older,
    });
}

static inline void one_step(const EdtSampling *sampling, int s, int C, int hw, const float *out,
                            const float *noise, float *x, float *denoised)
{
    next_step(sampling, s, C, hw, out, noise, x, denoised, NULL);
}
