/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The module's entry: the table of module.h.  Next: generate.c.
 */
#include "plugin/module.h"
#include "plugin/again.h"
#include "plugin/generate.h"
#include "plugin/lists.h"
#include "plugin/morph.h"
#include "plugin/process.h"
#include "plugin/resource.h"
#include "plugin/scatter.h"
#include "plugin/layer_settings.h"

const EdtModule *edt_plugin_module(void)
{
    static const EdtModule module = {{EDT_VERSION, sizeof module},
                                     edt_plugin_generate,
                                     edt_plugin_redraw,
                                     edt_plugin_fill,
                                     edt_plugin_again,
                                     edt_plugin_settings,
                                     edt_plugin_morph,
                                     edt_plugin_scatter,
                                     edt_plugin_brush,
                                     edt_plugin_pattern,
                                     edt_plugin_classes,
                                     edt_plugin_models,
                                     edt_process_quit};
    return &module;
}
