/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which libraries the engine stands on and in which versions they were found at run time: what a
 * bug report needs.  Shown by `edt doctor`.
 */
#include "edt.h"

#include <json-glib/json-glib.h>
#include <oneapi/dnnl/dnnl.h>
#include <png.h>
#include <zip.h>

static char glib_text[16], dnnl_text[16];

static gpointer collect(gpointer list)
{
    EdtLibrary *next = list;
    g_snprintf(glib_text, sizeof glib_text, "%u.%u.%u", glib_major_version, glib_minor_version,
               glib_micro_version);
    *next++ = (EdtLibrary){"GLib", glib_text};
    const dnnl_version_t *dnnl = dnnl_version();
    g_snprintf(dnnl_text, sizeof dnnl_text, "%d.%d.%d", dnnl->major, dnnl->minor, dnnl->patch);
    *next++ = (EdtLibrary){"oneDNN", dnnl_text};
    *next++ = (EdtLibrary){"libzip", zip_libzip_version()};
    *next++ = (EdtLibrary){"libpng", png_get_libpng_ver(NULL)};
    *next++ = (EdtLibrary){"json-glib", JSON_VERSION_S};
    return list;
}

const EdtLibrary *edt_libraries_list(void)
{
    static EdtLibrary list[8];
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, collect, list);
}
