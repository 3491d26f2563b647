/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every way of sampling that the tests go through.
 */
#pragma once

#include "sample/sampler.h"

static const struct {
    const char *name;
    EdtSampling sampling;
} ways[] = {
    {"ddpm-learned", {.sampler = EDT_SAMPLER_DDPM, .learned_variance = TRUE}},
    {"ddpm-fixed", {.sampler = EDT_SAMPLER_DDPM}},
    {"ddim", {.sampler = EDT_SAMPLER_DDIM}},
    {"ddim-0.7", {.sampler = EDT_SAMPLER_DDIM, .eta = 0.7}},
    {"ddim-1", {.sampler = EDT_SAMPLER_DDIM, .eta = 1.0}},
    {"dpm++2m", {.sampler = EDT_SAMPLER_DPMPP_2M}},
    {"unipc", {.sampler = EDT_SAMPLER_UNIPC}},
};

static inline EdtNoiseSchedule *schedule_new(EdtSchedule kind, int steps)
{
    g_autoptr(GError) error = NULL;
    EdtNoiseSchedule *schedule = edt_noise_schedule_new(kind, EDT_RESPACE_EVEN, steps, &error);
    g_assert_no_error(error);
    return schedule;
}
