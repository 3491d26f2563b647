/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt info`: what a model file says of itself, how a picture was made, which devices there are.
 */
#include "catalogue.h"
#include "cli/command.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "machine.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

static const char summary[] =
    "Describes a model: its size, classes, licence and the memory that a run of it takes.\n"
    "Of a PNG made by edt it prints the record.";

static const char details[] =
    "Without MODEL: the one that \"edt sample\" would use, and the names of the others (with\n"
    "--json: all of them, one object a line).\n\n"
    "With --backend and MODEL: also the memory that the model takes there.\n\n"
    "Examples:\n"
    "  edt info\n"
    "  edt info edt-s --json\n"
    "  edt info dog.png\n"
    "  edt info --backend cuda\n"
    "  edt info --backend cuda edt-s";

typedef struct {
    char *backend;
    gboolean json;
} Info;

/* ---- models ---- */

static guint64 forecast(const EdtModelInfo *info, int batch)
{
    EdtEngineOptions options = {0};
    return edt_memory_forecast(info, &options, batch);
}

static void print_row(const char *name, const char *value)
{
    if (value && *value)
        printf("%-12s %s\n", name, value);
}

static void print_bytes(const char *name, guint64 bytes, const char *more)
{
    char *text = g_format_size(bytes);
    printf("%-12s %s%s\n", name, text, more);
    g_free(text);
}

static const char *class_list_text(const EdtModelInfo *info)
{
    switch (info->class_list) {
    case EDT_CLASSES_IMAGENET:
        return "ImageNet";
    case EDT_CLASSES_OWN:
        return "its own names";
    case EDT_CLASSES_UNNAMED:
        break;
    }
    return "without names";
}

static const char *vae_text(const EdtModelInfo *info)
{
    switch (edt_model_info_makes(info)) {
    case EDT_MAKES_PIXELS:
        return "not needed";
    case EDT_MAKES_LATENTS_DECODED:
        return info->has_draft ? "included, and a small one beside it" : "included";
    case EDT_MAKES_LATENTS_ONLY:
        break;
    }
    return "missing: only latents come out (edt import --vae adds one)";
}

/* "styles       3: flat, inks, wash" */
static void print_styles(const EdtModelInfo *info)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (int i = 0; i < info->n_styles; i++) {
        g_autofree char *name = edt_style_name(info, i);
        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    printf("%-12s %d: %s\n", "styles", info->n_styles, names->str);
}

static void print_guidance(const EdtModelInfo *info)
{
    if (!info->has_null)
        print_row("guidance", "none, for want of a null class");
    else if (info->cfg_pow > 0)
        printf("%-12s %g, power %g\n", "guidance", info->cfg_scale, info->cfg_pow);
    else
        printf("%-12s %g\n", "guidance", info->cfg_scale);
}

/* By official and automatic. */
static const char *amm_text(const EdtModelInfo *info)
{
    static const char *const texts[2][2] = {
        {"none: official and automatic do nothing on this network",
         "automatic; official does nothing on this network, nothing is published for it"},
        {"official; automatic leaves it off", "official and automatic"}};
    return texts[info->amm_official != 0][info->amm_helps != 0];
}

static void print_model(const EdtModelInfo *info)
{
    print_row("model", info->path);
    print_row("title", info->title);
    print_row("variant", info->variant);
    printf("%-12s %dx%d%s, latent %dx%dx%d\n", "pictures", info->image_size, info->image_size,
           info->has_alpha ? " with alpha" : "", info->channels, info->latent_size,
           info->latent_size);
    printf("%-12s %d, %s\n", "classes", info->n_classes, class_list_text(info));
    if (info->n_styles)
        print_styles(info);
    print_row("VAE", vae_text(info));
    printf("%-12s %.1f million, stored as %s\n", "parameters", (double)info->n_parameters / 1e6,
           edt_storage_words[info->stored]);
    print_guidance(info);
    print_row("AMM", amm_text(info));
    print_row("reuse", info->has_inner ? "of the inner stages, in the less noisy steps"
                                       : "none: the network has no inner stages");
    print_bytes("file", info->file_bytes, "");
    print_bytes("memory", forecast(info, 1), " for one picture at a time");
    print_bytes("", forecast(info, 8), " for eight");
    print_row("licence", info->licence);
    print_row("sha256", info->sha256);
    print_row("made from", info->source_sha256);
}

static void send_model(const EdtModelInfo *info)
{
    GString *event = edt_cli_event_new(NULL);
    edt_cli_event_text(event, "path", info->path);
    edt_cli_event_text(event, "variant", info->variant);
    edt_cli_event_text(event, "title", info->title);
    edt_cli_event_text(event, "licence", info->licence);
    edt_cli_event_text(event, "sha256", info->sha256);
    edt_cli_event_text(event, "source_sha256", info->source_sha256);
    edt_cli_event_integer(event, "size", info->image_size);
    edt_cli_event_integer(event, "latent_size", info->latent_size);
    edt_cli_event_integer(event, "channels", info->channels);
    edt_cli_event_integer(event, "guided_channels", info->guided_channels);
    edt_cli_event_number(event, "cfg_scale", info->cfg_scale);
    edt_cli_event_number(event, "cfg_pow", info->cfg_pow);
    edt_cli_event_flag(event, "null_class", info->has_null);
    edt_cli_event_flag(event, "amm_official", info->amm_official);
    edt_cli_event_flag(event, "amm_auto", info->amm_helps);
    edt_cli_event_flag(event, "inner_stages", info->has_inner);
    edt_cli_event_flag(event, "learned_variance", info->learned_variance);
    edt_cli_event_flag(event, "vae", info->has_vae);
    edt_cli_event_flag(event, "draft_vae", info->has_draft);
    edt_cli_event_flag(event, "needs_vae", info->needs_vae);
    edt_cli_event_flag(event, "alpha", info->has_alpha);
    edt_cli_event_integer(event, "classes", info->n_classes);
    edt_cli_event_integer(event, "styles", info->n_styles);
    edt_cli_event_text(event, "class_list", class_list_text(info));
    edt_cli_event_text(event, "type", edt_storage_words[info->stored]);
    edt_cli_event_integer(event, "parameters", (gint64)info->n_parameters);
    edt_cli_event_integer(event, "file_bytes", (gint64)info->file_bytes);
    edt_cli_event_integer(event, "memory_bytes", (gint64)forecast(info, 1));
    edt_cli_event_integer(event, "memory_bytes_8", (gint64)forecast(info, 8));
    edt_cli_event_send(event);
}

static gboolean show_model(const char *path, gboolean json, GError **error)
{
    EdtModelInfo *info = edt_model_info_read(path, error);
    if (!info)
        return FALSE;
    if (json)
        send_model(info);
    else
        print_model(info);
    edt_model_info_free(info);
    return TRUE;
}

/* Files that are no models of ours are passed over. */
static void show_others(const char *first, gboolean json)
{
    char **models = edt_models_list();
    for (int i = 0; models[i]; i++) {
        EdtModelInfo *info =
            strcmp(models[i], first) != 0 ? edt_model_info_read(models[i], NULL) : NULL;
        if (info && json)
            send_model(info);
        else if (info)
            print_row("also", models[i]);
        edt_model_info_free(info);
    }
    g_strfreev(models);
}

/* ---- pictures ---- */

static gboolean is_png(const char *path)
{
    char start[8] = {0};
    FILE *file = path && g_file_test(path, G_FILE_TEST_IS_REGULAR) ? fopen(path, "rb") : NULL;
    gsize n = file ? fread(start, 1, sizeof start, file) : 0;
    if (file)
        fclose(file);
    return n == sizeof start && memcmp(start, "\211PNG\r\n\032\n", sizeof start) == 0;
}

/* A picture may be a stranger's, and terminals obey control characters.  JSON has them in texts
 * alone, where they can be written so. */
static void print_harmless(const char *json)
{
    for (const char *at = json; *at; at = g_utf8_next_char(at)) {
        const gunichar c = g_utf8_get_char(at);
        if (g_unichar_iscntrl(c) && c != '\n' && c != '\t')
            printf("\\u%04x", c);
        else
            printf("%.*s", (int)(g_utf8_next_char(at) - at), at);
    }
    putchar('\n');
}

static gboolean show_record(const char *path, GError **error)
{
    g_autofree char *record = edt_png_record_text(path, error);
    if (!record)
        return FALSE;
    if (!edt_record_is_object(record)) {
        g_set_error(
            error, EDT_ERROR, EDT_ERROR_BAD_FILE,
            "“%s” says nothing of how it was made: its text “edt” is no record. Only pictures "
            "of this program have one.",
            path);
        return FALSE;
    }
    print_harmless(record);
    return TRUE;
}

/* ---- devices ---- */

static void show_backends(const Info *info, EdtBackendKind kind)
{
    EdtBackendInfo *list = edt_backends_list();
    for (int i = 0; list[i].name; i++) {
        if (kind != EDT_BACKEND_AUTO && g_ascii_strcasecmp(list[i].name, info->backend) != 0)
            continue;
        if (info->json) {
            GString *event = edt_cli_event_new(NULL);
            edt_cli_event_text(event, "backend", list[i].name);
            edt_cli_event_flag(event, "usable", list[i].usable);
            edt_cli_event_text(event, "detail", list[i].detail);
            edt_cli_event_send(event);
        } else {
            printf("%-5s %-9s %s\n", list[i].name, list[i].usable ? "usable" : "unusable",
                   list[i].detail);
        }
    }
    edt_backends_free(list);
}

/* What a run of the model takes of a device's memory, in each type. */
static void show_forecast(const Info *info, const EdtModelInfo *model, EdtBackendKind kind,
                          const char *backend)
{
    const int last =
        kind == EDT_BACKEND_CPU && edt_cpu_has_int8() ? EDT_PRECISION_INT8 : EDT_PRECISION_BF16;
    for (int type = EDT_PRECISION_F32; type <= last; type++) {
        const EdtEngineOptions options = {.backend = kind, .precision = (EdtPrecision)type};
        const char *name = edt_precision_words[type];
        guint64 one = edt_memory_forecast(model, &options, 1);
        guint64 eight = edt_memory_forecast(model, &options, 8);
        if (info->json) {
            GString *event = edt_cli_event_new(NULL);
            edt_cli_event_text(event, "path", model->path);
            edt_cli_event_text(event, "backend", backend);
            edt_cli_event_text(event, "type", name);
            edt_cli_event_integer(event, "memory_bytes", (gint64)one);
            edt_cli_event_integer(event, "memory_bytes_8", (gint64)eight);
            edt_cli_event_send(event);
        } else {
            g_autofree char *first = g_format_size(one), *second = g_format_size(eight);
            printf("%-5s %-9s %s for one picture at a time, %s for eight\n", backend, name, first,
                   second);
        }
    }
}

/* Devices, and what MODEL, if there is one, takes of their memory. */
static gboolean show_devices(const Info *info, const char *name, GError **error)
{
    int kind = edt_word_find(edt_backend_words, info->backend);
    if (kind < 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "--backend %s cannot be: give auto (all), cpu or cuda.", info->backend);
        return FALSE;
    }
    g_autofree char *path = name ? edt_models_find(name, error) : NULL;
    EdtModelInfo *model = path ? edt_model_info_read(path, error) : NULL;
    if (name && !model)
        return FALSE;
    show_backends(info, (EdtBackendKind)kind);
    if (model && kind != EDT_BACKEND_CUDA)
        show_forecast(info, model, EDT_BACKEND_CPU, "cpu");
    if (model && kind != EDT_BACKEND_CPU)
        show_forecast(info, model, EDT_BACKEND_CUDA, "cuda");
    edt_model_info_free(model);
    return TRUE;
}

static gboolean show(const Info *info, const char *name, GError **error)
{
    if (info->backend)
        return show_devices(info, name, error);
    if (is_png(name))
        return show_record(name, error);
    char *path = edt_models_find(name, error);
    gboolean ok = path && show_model(path, info->json, error);
    if (ok && !name)
        show_others(path, info->json);
    g_free(path);
    return ok;
}

int edt_cli_info(int argc, char **argv)
{
    Info info = {0};
    GError *error = NULL;
    const GOptionEntry entries[] = {
        {"backend", 0, 0, G_OPTION_ARG_STRING, &info.backend, "List devices: auto, cpu or cuda",
         "NAME"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &info.json, "One JSON object a line", NULL},
        {0}};
    if (!edt_cli_parse(&argc, &argv, entries, "[MODEL]", summary, details))
        return EDT_ERROR_USAGE;
    int code = 0;
    if (argc > 2)
        code = edt_cli_usage("\"%s\" is one name too many: one model at a time.", argv[2]);
    else if (!show(&info, argc > 1 ? argv[1] : NULL, &error))
        code = edt_cli_fail(error);
    g_free(info.backend);
    return code;
}
