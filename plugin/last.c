/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file and its form are libgimp's own: <profile>/plug-in-settings/<config type>.last.
 */
#include "plugin/last.h"

#define OF_A_RUN "GimpProcedureConfigRun-"

/* GIMP reads those of its own runs alone, not what another procedure of ours asked with. */
void edt_last_values_save(GimpProcedureConfig *config)
{
    if (!g_str_has_prefix(G_OBJECT_TYPE_NAME(config), OF_A_RUN))
        return;
    char *name = g_strconcat(G_OBJECT_TYPE_NAME(config), ".last", NULL);
    GFile *file = gimp_directory_file("plug-in-settings", name, NULL);
    gimp_config_serialize_to_file(GIMP_CONFIG(config), file, "settings", "end of settings", NULL,
                                  NULL);
    g_object_unref(file);
    g_free(name);
}
