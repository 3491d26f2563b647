/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt classes`: the classes of a model by number, name or synonym; without any model the thousand
 * of ImageNet, which all official models share.
 */
#include "catalogue.h"
#include "cli/command.h"
#include "cli/event.h"
#include "cli/talk.h"

#include <stdio.h>

static const char summary[] = "Lists the classes, or those that match TEXT, best first.";

static const char details[] =
    "TEXT is a number, a name, a synonym or a part of one. Columns: number, name, synonyms.\n\n"
    "Examples:\n"
    "  edt classes dog\n"
    "  edt classes 7 --json";

static const EdtModelInfo imagenet = {.n_classes = 1000, .class_list = EDT_CLASSES_IMAGENET};

static const EdtClass *imagenet_class(const EdtModelInfo *info, int index)
{
    int n = 0;
    const EdtClass *classes =
        info->class_list == EDT_CLASSES_IMAGENET ? edt_imagenet_classes(&n) : NULL;
    return index < n ? &classes[index] : NULL;
}

static void show_class(const EdtModelInfo *info, int index, gboolean json)
{
    const EdtClass *known = imagenet_class(info, index);
    char *name = edt_class_name(info, index);
    if (json) {
        GString *event = edt_cli_event_new(NULL);
        edt_cli_event_integer(event, "class", index);
        edt_cli_event_text(event, "name", name);
        edt_cli_event_text(event, "synonyms", known ? known->synonyms : name);
        edt_cli_event_text(event, "synset", known ? known->synset : "");
        edt_cli_event_send(event);
    } else if (known && g_strcmp0(known->synonyms, name) != 0) {
        printf("%4d  %-28s %s\n", index, name, known->synonyms);
    } else {
        printf("%4d  %s\n", index, name);
    }
    g_free(name);
}

static int show_all(const EdtModelInfo *info, gboolean json)
{
    for (int i = 0; i < info->n_classes; i++)
        show_class(info, i, json);
    return 0;
}

static int show_matches(const EdtModelInfo *info, const char *text, gboolean json)
{
    int *matches = edt_class_search(info, text);
    gboolean none = matches[0] < 0;
    for (int i = 0; matches[i] >= 0; i++)
        show_class(info, matches[i], json);
    g_free(matches);
    if (none)
        edt_cli_error("No class matches \"%s\": \"edt classes\" lists all of them.", text);
    return none ? EDT_ERROR_FAILED : 0;
}

/* The model's classes; without -m those of the first model, if there is one. */
static EdtModelInfo *read_model(const char *name, GError **error)
{
    char *path = edt_models_find(name, error);
    EdtModelInfo *info = path ? edt_model_info_read(path, error) : NULL;
    g_free(path);
    return info;
}

static int show_styles(const EdtModelInfo *info, gboolean json)
{
    for (int i = 0; i < info->n_styles; i++) {
        g_autofree char *name = edt_style_name(info, i);
        if (json) {
            GString *event = edt_cli_event_new(NULL);
            edt_cli_event_integer(event, "style", i);
            edt_cli_event_text(event, "name", name);
            edt_cli_event_send(event);
        } else {
            printf("%4d  %s\n", i, name);
        }
    }
    if (info->n_styles == 0)
        edt_cli_say("This model knows no styles.");
    return 0;
}

static int show(const char *model, const char *text, gboolean styles, gboolean json)
{
    GError *error = NULL;
    EdtModelInfo *own = read_model(model, &error);
    g_auto(GStrv) there = edt_models_list();
    if (!own && (model || *there))
        return edt_cli_fail(error);
    if (!own)
        edt_cli_say("There is no model here: these are the classes of ImageNet.");
    g_clear_error(&error);
    const EdtModelInfo *info = own ? own : &imagenet;
    int code = styles ? show_styles(info, json)
               : text ? show_matches(info, text, json)
                      : show_all(info, json);
    edt_model_info_free(own);
    return code;
}

/* "edt classes golden retriever" needs no quotes. */
static char *join_words(int argc, char **argv)
{
    return argc > 1 ? g_strjoinv(" ", argv + 1) : NULL;
}

int edt_cli_classes(int argc, char **argv)
{
    char *model = NULL;
    gboolean json = FALSE, styles = FALSE;
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &model, "Path or name of the model", "MODEL"},
        {"styles", 0, 0, G_OPTION_ARG_NONE, &styles, "The styles of the model instead", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object a line", NULL},
        {0}};
    if (!edt_cli_parse(&argc, &argv, entries, "[TEXT]", summary, details))
        return EDT_ERROR_USAGE;
    char *text = join_words(argc, argv);
    int code = styles && text ? edt_cli_usage("--styles lists all of them: leave \"%s\" out.", text)
                              : show(model, text, styles, json);
    g_free(text);
    g_free(model);
    return code;
}
