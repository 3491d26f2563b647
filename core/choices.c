/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of samplers and AMM modes, as the command line, records and the dialog spell them.
 */
#include "edt.h"

static const char *const samplers[] = {"ddpm", "ddim", "dpm++2m"};
static const char *const amm_modes[] = {"off", "official", "auto"};
static const char *const decoders[] = {"full", "draft"};

static int index_of(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (g_ascii_strcasecmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *edt_sampler_name(EdtSampler sampler)
{
    return samplers[sampler];
}

gboolean edt_sampler_parse(const char *name, EdtSampler *sampler)
{
    int i = index_of(samplers, G_N_ELEMENTS(samplers), name);
    if (i >= 0)
        *sampler = (EdtSampler)i;
    return i >= 0;
}

const char *edt_amm_name(EdtAmm amm)
{
    return amm_modes[amm];
}

gboolean edt_amm_parse(const char *name, EdtAmm *amm)
{
    int i = index_of(amm_modes, G_N_ELEMENTS(amm_modes), name);
    if (i >= 0)
        *amm = (EdtAmm)i;
    return i >= 0;
}

const char *edt_decode_name(EdtDecode decode)
{
    return decoders[decode];
}

gboolean edt_decode_parse(const char *name, EdtDecode *decode)
{
    int i = index_of(decoders, G_N_ELEMENTS(decoders), name);
    if (i >= 0)
        *decode = (EdtDecode)i;
    return i >= 0;
}
