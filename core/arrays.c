/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Latents in and out as .npy files: the public face of files/npy.h, so that programs which speak
 * the public headers alone can hand arrays to NumPy and back.
 */
#include "machine.h"

#include <string.h>

#include "files/npy.h"

gboolean edt_npy_save(const char *path, const float *values, int rank, const gint64 *shape,
                      GError **error)
{
    return edt_npy_write(path, values, rank, shape, error);
}

static float *copy_values(const EdtNpy *npy, const char *path, GError **error)
{
    if (npy->type == EDT_I64) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "%s holds whole numbers, but a latent is made of floats: save it with dtype "
                    "float32.",
                    path);
        return NULL;
    }
    float *values = g_try_new(float, MAX(npy->count, 1));
    if (!values) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_NO_MEMORY,
                    "There is no memory for the %" G_GSIZE_FORMAT " values of %s.", npy->count,
                    path);
        return NULL;
    }
    memcpy(values, npy->values, npy->count * sizeof(float));
    return values;
}

float *edt_npy_load(const char *path, int *rank, gint64 shape[8], GError **error)
{
    EdtNpy *npy = edt_npy_read(path, error);
    if (!npy)
        return NULL;
    float *values = copy_values(npy, path, error);
    *rank = npy->rank;
    for (int i = 0; i < 8; i++)
        shape[i] = i < npy->rank ? npy->shape[i] : 1;
    edt_npy_free(npy);
    return values;
}
