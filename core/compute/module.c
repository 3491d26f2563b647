/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finds and loads the CUDA module; see module.h.  Nothing of CUDA is loaded into a process that
 * does not ask for it, and nothing is missed where it is not installed.
 */
#include "compute/module.h"

#include <dlfcn.h>
#include <glib/gi18n-lib.h>

#define FILE_NAME "libedt-cuda." G_MODULE_SUFFIX

/* The folder of the program or library that holds this code. */
static char *own_folder(void)
{
    Dl_info info;
    if (dladdr((void *)(gsize)own_folder, &info) == 0 || info.dli_fname == NULL)
        return g_strdup(".");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    /* for the program itself the loader only knows what it was called by */
    gboolean library = g_str_has_suffix(info.dli_fname, "." G_MODULE_SUFFIX);
    return g_path_get_dirname(library || program == NULL ? info.dli_fname : program);
}

/* Absolute path of the module file, or NULL. */
static char *find_file(void)
{
    const char *wish = g_getenv("EDT_CUDA_MODULE");
    if (wish && *wish)
        return g_strdup(wish);
    g_autofree char *folder = own_folder();
    g_autofree char *installed = g_build_filename(EDT_LIBDIR, "edt", NULL);
    const struct {
        const char *base, *below;
    } places[] = {
        {folder, ""},                /* beside the program */
        {folder, "../cuda"},         /* in a build folder */
        {folder, "../../cuda"},      /* in a build folder, from tests/NAME */
        {folder, "../lib/edt"},      /* an installation that was moved */
        {installed, ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        char *path = g_build_filename(places[i].base, places[i].below, FILE_NAME, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return path;
        g_free(path);
    }
    return NULL;
}

static const EdtBackendModule *load(const char *path, GError **error)
{
    EdtBackendModuleGet get = NULL;
    GModule *file = g_module_open(path, G_MODULE_BIND_LOCAL);
    const EdtBackendModule *module = NULL;

    if (file == NULL) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("its module cannot be loaded (%s)"),
                    g_module_error());
        return NULL;
    }
    if (g_module_symbol(file, EDT_BACKEND_MODULE_SYMBOL, (gpointer *)&get) && get)
        module = get();
    if (module && g_strcmp0(module->version, EDT_VERSION) == 0 &&
        module->table_bytes == sizeof(EdtBackend)) {
        g_module_make_resident(file); /* libraries below it do not bear being unloaded */
        return module;
    }
    g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("the module “%s” is of another version"),
                path);
    g_module_close(file);
    return NULL;
}

const EdtBackendModule *edt_backend_module_find(GError **error)
{
    static GMutex lock;
    static const EdtBackendModule *loaded;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    if (loaded == NULL) {
        g_autofree char *path = find_file();
        if (path)
            loaded = load(path, error);
        else
            g_set_error(error, EDT_ERROR, EDT_ERROR_BACKEND, _("its module is not installed"));
    }
    return loaded;
}
