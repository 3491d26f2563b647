/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt import`: a checkpoint of EDT, DiT or MDT and an SD autoencoder become one model file.  The
 * reading is core/model/import.c's; here are names, limits and talk.
 */
#include "catalogue.h"
#include "cli/command.h"
#include "cli/event.h"
#include "cli/guard.h"
#include "cli/talk.h"
#include "core/settings.h"
#include "saving.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char summary[] =
    "Makes a model out of a checkpoint of EDT, DiT, MDTv2 or MDT (.pt, .pth or .safetensors) and\n"
    "the autoencoder of "
    "Stable Diffusion (sd-vae-ft-ema or -mse; .safetensors, .bin, .ckpt or .pt).\n"
    "Nothing in the files is executed.";

static const char details[] =
    "The model goes to the user's models folder, where every command finds it, unless -o says\n"
    "otherwise. Its path is printed on stdout, its checksums on stderr.\n\n"
    "Example:\n"
    "  edt import EDT-S-2-256.pt --vae sd-vae-ft-ema.safetensors --type bf16 --title EDT-S\n\n"
    "With --draft-vae a small autoencoder (TAESD) comes beside the full one: previews are real\n"
    "pictures then, and `edt sample --vae draft` decodes in a fifteenth of the time.\n\n"
    "Where the files come from:\n"
    "  EDT        https://github.com/xinwangChen/EDT (links in its readme)\n"
    "  DiT        https://github.com/facebookresearch/DiT (not for commerce: CC-BY-NC 4.0)\n"
    "  MDTv2, MDT https://huggingface.co/shgao/MDT-XL2\n"
    "  the VAE    https://huggingface.co/stabilityai/sd-vae-ft-ema or …/sd-vae-ft-mse\n"
    "  TAESD      https://github.com/madebyollin/taesd or https://huggingface.co/madebyollin/taesd";

typedef struct {
    char *vae, *draft, *output, *type, *title, *licence;
    int heads, decode_layer;
    gboolean force, json;
    int percent; /* shown last */
} Import;

/* $XDG_DATA_HOME/edt/models/<checkpoint's name>.safetensors; the folder is made.  The name is
 * UTF-8, whatever the checkpoint's is: events and settings hold it. */
static char *default_output(const char *checkpoint, GError **error)
{
    char *folder = edt_models_own_folder();
    char *base = g_filename_display_basename(checkpoint);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = '\0';
    char *name = g_strconcat(base, ".safetensors", NULL);
    char *path = g_build_filename(folder, name, NULL);
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_FAILED,
                    "The models folder %s cannot be made: %s. Say with -o where the model goes.",
                    folder, g_strerror(errno));
        g_clear_pointer(&path, g_free);
    }
    g_free(name);
    g_free(base);
    g_free(folder);
    return path;
}

static void show_progress(guint64 done, guint64 total, const char *what, gpointer user_data)
{
    Import *import = user_data;
    double fraction = total ? (double)done / (double)total : 0;
    char text[96];
    g_snprintf(text, sizeof text, "%3.0f %%  %s", fraction * 100, what ? what : "");
    edt_cli_bar_show(fraction, text);
    if (!import->json || (int)(fraction * 100) == import->percent)
        return;
    import->percent = (int)(fraction * 100);
    GString *event = edt_cli_event_new("progress");
    edt_cli_event_integer(event, "done", (gint64)done);
    edt_cli_event_integer(event, "total", (gint64)total);
    edt_cli_event_text(event, "what", what);
    edt_cli_event_send(event);
}

static void tell_model(const Import *import, const EdtModelInfo *info)
{
    edt_cli_bar_clear();
    edt_cli_say("%s, %dx%d, %s: %s", info->variant, info->image_size, info->image_size,
                info->has_vae ? "with VAE" : "without VAE", edt_storage_words[info->stored]);
    edt_cli_say("model       sha256 %s", info->sha256);
    edt_cli_say("checkpoint  sha256 %s", info->source_sha256);
    if (edt_model_info_makes(info) == EDT_MAKES_LATENTS_ONLY)
        edt_cli_say("Without a VAE only latents come out of it: give one with --vae.");
    if (!import->json) {
        printf("%s\n", info->path);
        return;
    }
    GString *event = edt_cli_event_new("model");
    edt_cli_event_text(event, "path", info->path);
    edt_cli_event_text(event, "variant", info->variant);
    edt_cli_event_integer(event, "size", info->image_size);
    edt_cli_event_flag(event, "vae", info->has_vae);
    edt_cli_event_text(event, "sha256", info->sha256);
    edt_cli_event_text(event, "source_sha256", info->source_sha256);
    edt_cli_event_send(event);
}

static guint64 file_bytes(const char *path)
{
    GStatBuf file;
    return path && g_stat(path, &file) == 0 ? (guint64)file.st_size : 0;
}

/* What an import may map: the files, the model (f16 grows to f32), and room for libraries. */
static void guard(const EdtImport *request)
{
    guint64 files = file_bytes(request->edt_path) + file_bytes(request->vae_path) +
                    file_bytes(request->draft_path);
    char *folder = g_path_get_dirname(request->output);
    edt_cli_guard_limit(3 * files + ((guint64)1 << 30));
    edt_cli_guard_folder(folder);
    g_free(folder);
}

static gboolean run_import(Import *import, const char *checkpoint, GError **error)
{
    if (!import->output)
        import->output = default_output(checkpoint, error);
    if (!import->output)
        return FALSE;
    EdtImport request = {.edt_path = checkpoint,
                         .vae_path = import->vae,
                         .draft_path = import->draft,
                         .output = import->output,
                         .stored = import->type
                                       ? (EdtStored)edt_word_find(edt_storage_words, import->type)
                                       : EDT_STORED_F32,
                         .force = import->force,
                         .title = import->title,
                         .licence = import->licence,
                         .heads = MAX(import->heads, 0),
                         .decode_layer = MAX(import->decode_layer, 0)};
    guard(&request);
    if (!edt_import(&request, show_progress, import, error))
        return FALSE;
    EdtModelInfo *info = edt_model_info_read(import->output, error);
    if (info)
        tell_model(import, info);
    edt_model_info_free(info);
    return info != NULL;
}

static void report(const GError *error)
{
    GString *event = edt_cli_event_new("error");
    edt_cli_event_integer(event, "code", edt_cli_exit_code(error));
    edt_cli_event_text(event, "message", error->message);
    edt_cli_event_send(event);
}

static gboolean is_below_one(int number)
{
    return number != EDT_CLI_UNSAID && number < 1;
}

static int import_checked(Import *import, int argc, char **argv)
{
    GError *error = NULL;
    if (argc < 2)
        return edt_cli_usage("Which checkpoint? Give the file of the EDT weights.");
    if (argc > 2)
        return edt_cli_usage("\"%s\" is one file too many: the VAE is given with --vae.", argv[2]);
    if (import->type && edt_word_find(edt_storage_words, import->type) < 0)
        return edt_cli_usage("--type %s cannot be: give f32, bf16 or int8.", import->type);
    if (is_below_one(import->heads) || is_below_one(import->decode_layer))
        return edt_cli_usage("--heads and --decode-layer are numbers above 0.");
    if (import->output && edt_save_is_stream(import->output))
        return edt_cli_usage("-o %s cannot be: a model is a file.", import->output);
    if (import->json && isatty(STDOUT_FILENO))
        edt_cli_bar_forbid();
    if (run_import(import, argv[1], &error))
        return 0;
    if (import->json)
        report(error);
    return edt_cli_fail(error);
}

int edt_cli_import(int argc, char **argv)
{
    Import import = {.percent = -1, .heads = EDT_CLI_UNSAID, .decode_layer = EDT_CLI_UNSAID};
    const GOptionEntry entries[] = {
        {"vae", 0, 0, G_OPTION_ARG_FILENAME, &import.vae, "The autoencoder", "FILE"},
        {"draft-vae", 0, 0, G_OPTION_ARG_FILENAME, &import.draft,
         "A small autoencoder beside it, for previews and drafts", "FILE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &import.output, "The model to write",
         "FILE.safetensors"},
        {"type", 0, 0, G_OPTION_ARG_STRING, &import.type,
         "Store weights as f32 (default), bf16 (half the size) or int8 (of the blocks; a third)",
         "TYPE"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &import.title, "A name for people", "TEXT"},
        {"licence", 0, 0, G_OPTION_ARG_STRING, &import.licence, "Licence of the weights", "TEXT"},
        {"heads", 0, 0, G_OPTION_ARG_INT, &import.heads,
         "Attention heads of a DiT whose width is not one of the published", "N"},
        {"decode-layer", 0, 0, G_OPTION_ARG_INT, &import.decode_layer,
         "Blocks of the decoder of an MDT of the first version (2)", "N"},
        {"force", 'f', 0, G_OPTION_ARG_NONE, &import.force, "Replace an existing model", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &import.json, "Events on stdout, one JSON object a line",
         NULL},
        {0}};
    if (!edt_cli_parse(&argc, &argv, entries, "CHECKPOINT", summary, details))
        return EDT_ERROR_USAGE;
    int code = import_checked(&import, argc, argv);
    char *texts[] = {import.vae,  import.draft, import.output,
                     import.type, import.title, import.licence};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return code;
}
