/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The metadata of a model file, key by key; see format.h.  A new key is a field there and a row
 * here.  Next: info.c, which holds what was read against the tensors.
 */
#include "model/format.h"
#include "settings.h"
#include "files/json_text.h"

#include <glib/gi18n-lib.h>
#include <stddef.h>
#include <string.h>

#define SIDE_MAX 8192
#define CHANNELS_MAX 64
#define HEADS_MAX 1024
#define NAME_BYTES 31   /* of a variant */
#define SHA256_BYTES 64 /* as text */

typedef enum {
    TEXT,   /* const char *, of at most so many bytes */
    JSON,   /* the same, for names.c to look into */
    SHA256, /* the same, or "" */
    NUMBER, /* int */
    SCALE,  /* double */
    WORD,   /* an enumeration, by its place in words */
} Kind;

#define AT(field) offsetof(EdtFormat, field)
#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* In the order in which they are written. */
static const struct {
    const char *key;
    Kind kind;
    gsize at;
    int least, most;
    const char *const *words;
    gboolean optional; /* may be missing */
    gboolean fixed;    /* another value makes another model of the same weights */
} rows[] = {
    {"edt.variant", TEXT, AT(variant), .most = NAME_BYTES},
    {"edt.heads", NUMBER, AT(hints.heads), .least = 1, .most = HEADS_MAX, .optional = TRUE},
    {"edt.decode_layer", NUMBER, AT(hints.decoder), .least = 1, .most = EDT_BLOCKS_MAX,
     .optional = TRUE},
    {"edt.no_null_class", NUMBER, AT(hints.no_null), .least = 1, .most = 1, .optional = TRUE},
    {"edt.image_size", NUMBER, AT(image_size), .least = 1, .most = SIDE_MAX},
    {"edt.latent_size", NUMBER, AT(latent_size), .least = 1, .most = SIDE_MAX},
    {"edt.channels", NUMBER, AT(channels), .least = 1, .most = CHANNELS_MAX},
    {"edt.guided_channels", NUMBER, AT(guided_channels), .least = 1, .most = CHANNELS_MAX},
    {"edt.schedule", WORD, AT(schedule), .fixed = TRUE, .words = edt_schedule_words},
    {"edt.prediction", WORD, AT(prediction), .fixed = TRUE, .words = edt_prediction_words},
    {"edt.latent", WORD, AT(space), .fixed = TRUE,
     .words = WORDS([EDT_SPACE_PIXELS] = "pixels", [EDT_SPACE_STANDARD] = "sd-vae",
                    [EDT_SPACE_OWN] = "own")},
    {"edt.latent_mean", JSON, AT(latents.mean), .fixed = TRUE, .optional = TRUE},
    {"edt.latent_deviation", JSON, AT(latents.deviation), .fixed = TRUE, .optional = TRUE},
    {"edt.latent_colours", JSON, AT(latents.colours), .optional = TRUE},
    {"edt.alpha", WORD, AT(has_alpha), .words = WORDS("0", "1")},
    {"edt.n_classes", NUMBER, AT(n_classes), .least = 1, .most = EDT_CLASSES_MAX},
    {"edt.classes", WORD, AT(class_list), .words = edt_class_list_words},
    {"edt.class_names", JSON, AT(class_names), .optional = TRUE},
    {"edt.class_translations", JSON, AT(class_translations), .optional = TRUE},
    {"edt.style_names", JSON, AT(style_names), .optional = TRUE},
    {"edt.style_translations", JSON, AT(style_translations), .optional = TRUE},
    {"edt.title", TEXT, AT(title), .most = EDT_MODEL_TEXT_MAX},
    {"edt.licence", TEXT, AT(licence), .most = EDT_MODEL_TEXT_MAX},
    {"edt.cfg_scale", SCALE, AT(cfg_scale), .most = EDT_CFG_SCALE_MAX, .optional = TRUE},
    {"edt.cfg_pow", SCALE, AT(cfg_pow), .most = EDT_CFG_SCALE_MAX, .optional = TRUE},
    {"edt.source_sha256", SHA256, AT(source_sha256), .most = SHA256_BYTES},
    {"edt.trained_steps", NUMBER, AT(trained_steps), .most = G_MAXINT, .optional = TRUE},
    {"edt.vae_source_sha256", SHA256, AT(vae_source_sha256), .most = SHA256_BYTES,
     .optional = TRUE},
    {"edt.draft_source_sha256", SHA256, AT(draft_source_sha256), .most = SHA256_BYTES,
     .optional = TRUE},
};

/* ---- in ---- */

static gboolean read_text(gsize i, const char *text, const char **value, const char **wrong)
{
    if (rows[i].kind == TEXT && !edt_text_fits(text, 0, (gsize)rows[i].most))
        *wrong = _("is too long or not plain text");
    else if (rows[i].kind == SHA256 && *text &&
             (strlen(text) != SHA256_BYTES || strspn(text, "0123456789abcdef") != SHA256_BYTES))
        *wrong = _("is no SHA-256");
    *value = text;
    return *wrong == NULL;
}

static gboolean read_number(gsize i, const char *text, int *value, const char **wrong)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(text, 10, (guint64)rows[i].least, (guint64)rows[i].most,
                                    &number, NULL)) {
        *wrong = _("is no number of the expected size");
        return FALSE;
    }
    *value = (int)number;
    return TRUE;
}

static gboolean read_scale(gsize i, const char *text, double *value, const char **wrong)
{
    char *end;

    *value = g_ascii_strtod(text, &end);
    if (end == text || g_ascii_isspace(*text) || *end != '\0' ||
        !(*value >= rows[i].least && *value <= rows[i].most))
        *wrong = _("is no number of the expected size");
    return *wrong == NULL;
}

static gboolean read_word(gsize i, const char *text, int *value, const char **wrong)
{
    for (*value = 0; rows[i].words[*value]; ++*value)
        if (strcmp(text, rows[i].words[*value]) == 0)
            return TRUE;
    *wrong = _("has an unknown value");
    return FALSE;
}

static gboolean read_row(gsize i, const char *text, EdtFormat *format, const char **wrong)
{
    gpointer value = (char *)format + rows[i].at;

    switch (rows[i].kind) {
    case NUMBER:
        return read_number(i, text, value, wrong);
    case SCALE:
        return read_scale(i, text, value, wrong);
    case WORD:
        return read_word(i, text, value, wrong);
    default:
        return read_text(i, text, value, wrong);
    }
}

gboolean edt_format_refuse(const char *path, const char *key, const char *what, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” is no usable model: its metadata “%s” %s. Import the checkpoint again."),
                path, key, what);
    return FALSE;
}

static gboolean check_format(const EdtSafetensors *file, const char *path, GError **error)
{
    const char *format = edt_safetensors_metadata(file, "format");
    if (g_strcmp0(format, EDT_MODEL_FORMAT) == 0)
        return TRUE;
    if (g_strcmp0(format, EDT_CHECKPOINT_FORMAT) == 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    _("“%s” is the checkpoint of a training, no model. Make one of it with `edt "
                      "train --export`."),
                    path);
        return FALSE;
    }
    g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                _("“%s” is no model of this program (its metadata “format” is not “%s”). Make "
                  "one from a checkpoint with `edt import`."),
                path, EDT_MODEL_FORMAT);
    return FALSE;
}

gboolean edt_format_read(const EdtSafetensors *file, const char *path, EdtFormat *format,
                         GError **error)
{
    if (!check_format(file, path, error))
        return FALSE;
    *format = (EdtFormat){.cfg_scale = EDT_CFG_SCALE};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *text = edt_safetensors_metadata(file, rows[i].key), *wrong = NULL;
        if (!text && !rows[i].optional)
            return edt_format_refuse(path, rows[i].key, _("is missing"), error);
        if (text && !read_row(i, text, format, &wrong))
            return edt_format_refuse(path, rows[i].key, wrong, error);
    }
    if (format->guided_channels > format->channels)
        return edt_format_refuse(path, "edt.guided_channels",
                                 _("is no number of the expected size"), error);
    return TRUE;
}

/* ---- out ---- */

/* The text of a row, or NULL where it says nothing. */
static char *text_of(gsize i, const EdtFormat *format)
{
    gconstpointer value = (const char *)format + rows[i].at;
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    switch (rows[i].kind) {
    case NUMBER:
        return rows[i].optional && *(const int *)value == 0
                   ? NULL
                   : g_strdup_printf("%d", *(const int *)value);
    case SCALE:
        return *(const double *)value > 0 ? g_strdup(g_ascii_formatd(buffer, sizeof buffer, "%.6g",
                                                                     *(const double *)value))
                                          : NULL;
    case WORD:
        return g_strdup(rows[i].words[*(const int *)value]);
    default:
        return g_strdup(*(const char *const *)value);
    }
}

gboolean edt_format_check(const EdtFormat *format, const char *path, GError **error)
{
    EdtFormat again = {0}; /* its texts are gone with the loop */
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_of(i, format);
        const char *wrong = NULL;
        if (text && !read_row(i, text, &again, &wrong))
            return edt_format_refuse(path, rows[i].key, wrong, error);
    }
    return TRUE;
}

void edt_format_write(const EdtFormat *format, EdtSafetensorsWriter *w)
{
    edt_safetensors_writer_metadata(w, "format", EDT_MODEL_FORMAT);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = text_of(i, format);
        if (text || !rows[i].optional)
            edt_safetensors_writer_metadata(w, rows[i].key, text ? text : "");
    }
}

const char *edt_format_differ(const EdtFormat *a, const EdtFormat *b)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *one = text_of(i, a), *two = text_of(i, b);
        if (rows[i].fixed && g_strcmp0(one, two) != 0)
            return rows[i].key;
    }
    return NULL;
}
