/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finding what was installed; see installed.h.  Every folder is known from the build, as EDT_BINDIR
 * and so on; where the program is not in one of them, the others are looked for relative to it.
 * Nothing is looked for further up: a folder that others may write to would be one of theirs.
 */
#include "base/installed.h"

#include <gmodule.h>
#include <string.h>

static const struct {
    const char *variable, *name, *build, *installed;
} parts[] = {
    [EDT_PART_PROGRAM] = {"EDT_PROGRAM", "edt", "cli", EDT_BINDIR},
    [EDT_PART_PLUGIN] = {NULL, "edt-engine." G_MODULE_SUFFIX, "plugin", EDT_PLUGINDIR},
    [EDT_PART_CUDA] = {"EDT_CUDA_MODULE", "libedt-cuda." G_MODULE_SUFFIX, "cuda",
                       EDT_LIBDIR "/edt"},
    [EDT_PART_MPI] = {"EDT_MPI_MODULE", "libedt-mpi." G_MODULE_SUFFIX, "core/train",
                      EDT_LIBDIR "/edt"},
};

/* The folder of the program, links followed: a build tree may be linked into a profile of GIMP. */
static char *own_folder(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    return program ? g_path_get_dirname(program) : g_strdup(".");
}

/* "/bin" of "/usr/bin"; NULL of a folder outside of the prefix. */
static const char *below_prefix(const char *folder)
{
    const char *below = g_str_has_prefix(folder, EDT_PREFIX) ? folder + strlen(EDT_PREFIX) : NULL;
    return below && *below == '/' ? below : NULL;
}

/* As installed, but where the program has come to; NULL where that cannot be told. */
static char *moved(const char *own, const char *installed)
{
    const char *const homes[] = {EDT_BINDIR, EDT_PLUGINDIR};
    const char *wanted = below_prefix(installed);
    for (gsize i = 0; wanted && i < G_N_ELEMENTS(homes); i++) {
        const char *home = below_prefix(homes[i]);
        if (home && g_str_has_suffix(own, home))
            return g_strdup_printf("%.*s%s", (int)(strlen(own) - strlen(home)), own, wanted);
    }
    return NULL;
}

/* The file in that folder, where both are; takes the folder. */
static char *look(char *folder, const char *name)
{
    g_autofree char *path = folder ? g_build_filename(folder, name, NULL) : NULL;
    g_free(folder);
    return path && g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&path) : NULL;
}

const char *edt_installed_named(EdtInstalled part)
{
    const char *told = parts[part].variable ? g_getenv(parts[part].variable) : NULL;
    return told && *told ? told : NULL;
}

char *edt_installed_part(EdtInstalled part)
{
    const char *told = edt_installed_named(part);
    const char *name = parts[part].name, *build = parts[part].build;
    g_autofree char *own = own_folder();
    char *found;

    if (told)
        return g_strdup(told);
    if ((found = look(g_strdup(own), name)) ||
        (found = look(g_build_filename(own, "..", build, NULL), name)) ||
        (found = look(g_build_filename(own, "..", "..", build, NULL), name)) || /* tests/NAME */
        (found = look(moved(own, parts[part].installed), name)))
        return found;
    return look(g_strdup(parts[part].installed), name);
}

char *edt_installed_data(const char *name)
{
    g_autofree char *own = own_folder();
    g_autofree char *folder = moved(own, EDT_DATADIR);
    gboolean there = folder && g_file_test(folder, G_FILE_TEST_IS_DIR);
    return g_build_filename(there ? folder : EDT_DATADIR, name, NULL);
}
