/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt doctor`: can a picture be made here, and if not, what is missing and where does it come
 * from?  It looks at everything and loads nothing.
 */
#include "catalogue.h"
#include "cli/command.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "machine.h"

#include <stdio.h>

static const char summary[] =
    "Looks at libraries, devices and models, and says what is missing and how to get it.\n"
    "Answers 0 when a picture can be made, else 1.";

#define EDT_PAGE "https://github.com/xinwangChen/EDT"
#define VAE_EMA_PAGE "https://huggingface.co/stabilityai/sd-vae-ft-ema"
#define VAE_MSE_PAGE "https://huggingface.co/stabilityai/sd-vae-ft-mse"

/* What was found out; with json NULL it was printed on the way. */
typedef struct {
    GString *json;
    gboolean device;                          /* one can compute */
    gboolean picture;                         /* one model can make pictures ... */
    gboolean fits;                            /* ... in the memory that is free */
    gboolean latent;                          /* one model lacks only its VAE */
    gboolean seen, first_latent, first_large; /* of the model that is used where none is named */
} Findings;

static void heading(const Findings *found, const char *text)
{
    if (!found->json)
        printf("%s\n", text);
}

/* ---- libraries and devices ---- */

static void look_at_libraries(Findings *found)
{
    const EdtLibrary *libraries = edt_libraries_list();
    GString *list = edt_cli_event_new(NULL);
    heading(found, "Libraries");
    for (int i = 0; libraries[i].name; i++) {
        edt_cli_event_text(list, libraries[i].name, libraries[i].version);
        if (!found->json)
            printf("  %-10s %s\n", libraries[i].name, libraries[i].version);
    }
    g_string_append_c(list, '}');
    if (found->json)
        edt_cli_event_raw(found->json, "libraries", list->str);
    g_string_free(list, TRUE);
}

static void add_object(GString *list, GString *object)
{
    g_string_append_printf(list, "%s%s}", list->len > 1 ? "," : "", object->str);
    g_string_free(object, TRUE);
}

static void close_list(Findings *found, const char *key, GString *list)
{
    g_string_append_c(list, ']');
    if (found->json)
        edt_cli_event_raw(found->json, key, list->str);
    g_string_free(list, TRUE);
}

static void look_at_devices(Findings *found)
{
    EdtBackendInfo *backends = edt_backends_list();
    GString *list = g_string_new("[");
    heading(found, "Devices");
    for (int i = 0; backends[i].name; i++) {
        GString *object = edt_cli_event_new(NULL);
        edt_cli_event_text(object, "backend", backends[i].name);
        edt_cli_event_flag(object, "usable", backends[i].usable);
        edt_cli_event_text(object, "detail", backends[i].detail);
        add_object(list, object);
        found->device |= backends[i].usable;
        if (!found->json)
            printf("  %-10s %s%s\n", backends[i].name,
                   backends[i].usable ? "" : "not usable: ", backends[i].detail);
    }
    close_list(found, "backends", list);
    edt_backends_free(backends);
}

static void look_at_memory(Findings *found)
{
    guint64 available = edt_memory_available();
    if (found->json) {
        edt_cli_event_integer(found->json, "memory_available", (gint64)available);
    } else if (available) {
        char *text = g_format_size(available);
        printf("  %-10s %s free\n", "memory", text);
        g_free(text);
    }
}

/* ---- models ---- */

static guint64 memory_needed(const EdtModelInfo *info)
{
    EdtEngineOptions options = {0};
    return edt_memory_forecast(info, &options, 1);
}

static void judge_model(Findings *found, const EdtModelInfo *info)
{
    gboolean pictures = edt_model_info_makes(info) != EDT_MAKES_LATENTS_ONLY;
    guint64 available = edt_memory_available();
    found->picture |= pictures;
    found->latent |= !pictures;
    const gboolean fits = available == 0 || memory_needed(info) <= available;
    if (!found->seen) {
        found->first_latent = !pictures;
        found->first_large = pictures && !fits;
    }
    found->seen = TRUE;
    found->fits |= pictures && fits;
}

static void look_at_model(Findings *found, const char *path, GString *list)
{
    GError *error = NULL;
    EdtModelInfo *info = edt_model_info_read(path, &error);
    GString *object = edt_cli_event_new(NULL);
    edt_cli_event_text(object, "path", path);
    edt_cli_event_flag(object, "ok", info != NULL);
    if (info) {
        judge_model(found, info);
        edt_cli_event_text(object, "variant", info->variant);
        edt_cli_event_integer(object, "size", info->image_size);
        edt_cli_event_flag(object, "vae", info->has_vae);
        edt_cli_event_integer(object, "memory_bytes", (gint64)memory_needed(info));
    } else {
        edt_cli_event_text(object, "message", error->message);
    }
    add_object(list, object);
    if (!found->json && info)
        printf("  %s: %s, %dx%d%s\n", path, info->variant, info->image_size, info->image_size,
               edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY ? ", without VAE: latents only"
                                                                    : "");
    else if (!found->json)
        printf("  %s: not usable: %s\n", path, error->message);
    edt_model_info_free(info);
    g_clear_error(&error);
}

static void look_at_folders(Findings *found)
{
    char **folders = edt_models_folders();
    GString *list = g_string_new("[");
    heading(found, "Models are looked for in");
    for (int i = 0; folders[i]; i++) {
        gboolean there = g_file_test(folders[i], G_FILE_TEST_EXISTS);
        GString *object = edt_cli_event_new(NULL);
        edt_cli_event_text(object, "path", folders[i]);
        edt_cli_event_flag(object, "exists", there);
        add_object(list, object);
        if (!found->json)
            printf("  %s%s\n", folders[i], there ? "" : " (not there)");
    }
    close_list(found, "folders", list);
    g_strfreev(folders);
}

static void look_at_models(Findings *found)
{
    char **models = edt_models_list();
    GString *list = g_string_new("[");
    heading(found, "Models found");
    if (!models[0])
        heading(found, "  none");
    for (int i = 0; models[i]; i++)
        look_at_model(found, models[i], list);
    close_list(found, "models", list);
    g_strfreev(models);
}

/* ---- the verdict ---- */

static const char *missing_text(const Findings *found)
{
    if (!found->device)
        return "No device can be used; see the reasons above.";
    if (!found->picture && found->latent)
        return "A VAE is missing: the models found make latents only.\n"
               "  1. Get sd-vae-ft-ema or sd-vae-ft-mse (diffusion_pytorch_model.safetensors):\n"
               "       " VAE_EMA_PAGE "\n       " VAE_MSE_PAGE "\n"
               "  2. Import the checkpoint again: edt import CHECKPOINT.pt --vae VAE.safetensors "
               "--force";
    if (!found->picture)
        return "A model is missing.\n"
               "  1. Get EDT weights (links in the readme): " EDT_PAGE "\n"
               "  2. Get a VAE (diffusion_pytorch_model.safetensors):\n"
               "       " VAE_EMA_PAGE "\n       " VAE_MSE_PAGE "\n"
               "  3. edt import CHECKPOINT.pt --vae VAE.safetensors";
    if (!found->fits)
        return "No model fits into the memory that is free now: close other programs, or import\n"
               "a smaller model.";
    if (found->first_latent)
        return "\"edt sample\" uses the first model found, and that one has no VAE: name another\n"
               "one with -m, or import the checkpoint again with --vae VAE.safetensors --force.";
    if (found->first_large)
        return "\"edt sample\" uses the first model found, and that one does not fit into the\n"
               "memory that is free now: name another one with -m, or close other programs.";
    return NULL;
}

static int conclude(Findings *found)
{
    const char *missing = missing_text(found);
    if (found->json) {
        edt_cli_event_flag(found->json, "ok", !missing);
        edt_cli_event_text(found->json, "missing", missing);
        edt_cli_event_send(found->json);
    } else {
        printf("\n%s\n", missing ? missing : "All is well: edt sample makes a picture.");
    }
    return missing ? EDT_ERROR_FAILED : 0;
}

static int examine(gboolean json)
{
    Findings found = {.json = json ? edt_cli_event_new(NULL) : NULL};
    if (json)
        edt_cli_event_text(found.json, "edt", EDT_VERSION);
    else
        printf("edt %s\n", EDT_VERSION);
    look_at_libraries(&found);
    look_at_devices(&found);
    look_at_memory(&found);
    look_at_folders(&found);
    look_at_models(&found);
    return conclude(&found);
}

int edt_cli_doctor(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "One JSON object", NULL}, {0}};
    if (!edt_cli_parse(&argc, &argv, entries, NULL, summary, NULL))
        return EDT_ERROR_USAGE;
    if (argc > 1)
        return edt_cli_usage("\"%s\" is not expected here.", argv[1]);
    return examine(json);
}
