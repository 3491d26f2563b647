/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NumPy's .npy: a magic, a version, a header that is a Python dictionary, the values.  The header
 * is read by its exact grammar (three known keys), never as Python.
 */
#include "files/npy.h"
#include "base/number.h"
#include "files/mapping.h"
#include "files/output.h"
#include "base/memory.h"
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEADER_MAX 65536
#define COUNT_MAX ((gsize)1 << 30) /* numbers: far above any latent or picture */

static const struct {
    const char *descr;
    EdtType type;
} types[] = {{"<f4", EDT_F32}, {"<f8", EDT_F64}, {"<f2", EDT_F16}, {"<i8", EDT_I64}};

static gboolean refuse(const char *path, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE, "“%s” is refused: %s.", path, what);
    return FALSE;
}

/* ---- the header ---- */

static const char *after_space(const char *p)
{
    return p + strspn(p, " ");
}

/* Steps over text (and space before it), or returns FALSE. */
static gboolean accept(const char **p, const char *text)
{
    const char *at = after_space(*p);

    if (!g_str_has_prefix(at, text))
        return FALSE;
    *p = at + strlen(text);
    return TRUE;
}

static gboolean parse_descr(const char **p, EdtNpy *npy)
{
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        char quoted[8];
        g_snprintf(quoted, sizeof quoted, "'%s'", types[i].descr);
        if (accept(p, quoted)) {
            npy->type = types[i].type;
            return TRUE;
        }
    }
    return FALSE;
}

/* (), (3,), (1, 4, 32, 32) */
static gboolean parse_shape(const char **p, EdtNpy *npy)
{
    if (!accept(p, "("))
        return FALSE;
    while (!accept(p, ")")) {
        char *end;
        const char *at = after_space(*p);
        if (npy->rank == EDT_RANK_MAX || !g_ascii_isdigit(*at))
            return FALSE;
        errno = 0;
        npy->shape[npy->rank++] = g_ascii_strtoll(at, &end, 10);
        *p = end;
        if (errno != 0 || (!accept(p, ",") && *after_space(*p) != ')'))
            return FALSE;
    }
    return TRUE;
}

/* Each key once, in any order. */
static gboolean parse_header(const char *p, EdtNpy *npy)
{
    guint seen = 0;

    if (!accept(&p, "{"))
        return FALSE;
    while (!accept(&p, "}")) {
        guint bit = 0;
        if (accept(&p, "'descr':"))
            bit = parse_descr(&p, npy) ? 1 : 0;
        else if (accept(&p, "'fortran_order':"))
            bit = accept(&p, "False") ? 2 : 0;
        else if (accept(&p, "'shape':"))
            bit = parse_shape(&p, npy) ? 4 : 0;
        if (bit == 0 || (seen & bit) || (!accept(&p, ",") && *after_space(p) != '}'))
            return FALSE;
        seen |= bit;
    }
    return seen == 7 && p[strspn(p, " \n")] == '\0';
}

/* Length of everything before the values, 0 on error. */
static gsize read_header(const guint8 *data, gsize size, EdtNpy *npy)
{
    gsize start = 10, length;

    if (size < 12 || memcmp(data, "\x93NUMPY", 6) != 0 || data[7] != 0)
        return 0;
    length = data[8] | (gsize)data[9] << 8;
    if (data[6] == 2) {
        length |= (gsize)data[10] << 16 | (gsize)data[11] << 24;
        start = 12;
    } else if (data[6] != 1) {
        return 0;
    }
    if (length > HEADER_MAX || length > size - start)
        return 0;
    g_autofree char *text = g_strndup((const char *)data + start, length);
    gboolean ok = strlen(text) == length && parse_header(text, npy);
    return ok ? start + length : 0;
}

/* ---- reading ---- */

static gboolean count_values(EdtNpy *npy)
{
    npy->count = 1;
    for (int i = 0; i < npy->rank; i++)
        if (!edt_size_mul(&npy->count, npy->count, (gsize)npy->shape[i]))
            return FALSE;
    return npy->count <= COUNT_MAX;
}

static gboolean take_values(EdtNpy *npy, const guint8 *from, GError **error)
{
    npy->values = edt_alloc(npy->count * sizeof(float), error);
    if (!npy->values)
        return FALSE;
    edt_numbers_to_f32(npy->type, from, npy->count, npy->values);
    if (npy->type != EDT_I64)
        return TRUE;
    npy->ints = edt_alloc(npy->count * sizeof(gint64), error);
    if (!npy->ints)
        return FALSE;
    memcpy(npy->ints, from, npy->count * sizeof(gint64));
    return TRUE;
}

static gboolean read_map(EdtNpy *npy, const EdtMapping *mapping, const char *path, GError **error)
{
    const guint8 *data = edt_mapping_data(mapping);
    gsize size = edt_mapping_size(mapping), header = read_header(data, size, npy);

    if (header == 0)
        return refuse(path,
                      "it is no .npy array that can be read here. Save it with numpy.save as "
                      "little-endian float32 in C order",
                      error);
    if (!count_values(npy) || npy->count * edt_type_size(npy->type) != size - header)
        return refuse(path, "its shape does not fit its length; it was cut off or damaged", error);
    return take_values(npy, data + header, error) && !edt_mapping_damaged(mapping, error);
}

EdtNpy *edt_npy_read(const char *path, GError **error)
{
    EdtMapping *mapping = edt_mapping_open(path, error);
    EdtNpy *npy;

    if (!mapping)
        return NULL;
    npy = g_new0(EdtNpy, 1);
    if (!read_map(npy, mapping, path, error))
        g_clear_pointer(&npy, edt_npy_free);
    edt_mapping_close(mapping);
    return npy;
}

void edt_npy_free(EdtNpy *npy)
{
    if (!npy)
        return;
    edt_free(npy->values);
    edt_free(npy->ints);
    g_free(npy);
}

/* ---- writing ---- */

gboolean edt_npy_save_as(const char *path, const float *values, int rank, const gint64 *shape,
                         EdtWrite write, char **written, GError **error)
{
    EdtOutput *output = edt_output_open(path, write, error);
    g_autoptr(GString) header = g_string_new("{'descr': '<f4', 'fortran_order': False, 'shape': (");
    gsize count = 1;
    FILE *stream;

    if (output) {
        for (int i = 0; i < rank; i++) {
            g_string_append_printf(header, "%" G_GINT64_FORMAT "%s", shape[i],
                                   i + 1 < rank ? ", "
                                   : rank == 1  ? ","
                                                : "");
            count *= (gsize)shape[i];
        }
        g_string_append(header, "), }");
        while ((header->len + 11) % 64 != 0) /* the values begin at a multiple of 64 */
            g_string_append_c(header, ' ');
        g_string_append_c(header, '\n');
        stream = edt_output_stream(output);
        fwrite("\x93NUMPY\1\0", 1, 8, stream);
        fputc((int)(header->len & 255), stream);
        fputc((int)(header->len >> 8), stream);
        fwrite(header->str, 1, header->len, stream);
        fwrite(values, sizeof *values, count, stream); /* a failure shows when committing */
    }
    return output && edt_output_commit_as(output, written, error);
}

gboolean edt_npy_save(const char *path, const float *values, int rank, const gint64 *shape,
                      GError **error)
{
    return edt_npy_save_as(path, values, rank, shape, EDT_WRITE_REPLACE, NULL, error);
}

/* ---- for who speaks edt.h alone ---- */

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
