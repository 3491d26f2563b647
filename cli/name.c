/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Names of pictures.  The pattern of -o is never given to printf: its one number is found and
 * formatted here, so that no other conversion can do harm.
 */
#include "cli/name.h"
#include "catalogue.h"
#include "saving.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SLUG_CHARS 48

char *edt_cli_name_slug(const char *text)
{
    char *plain = g_str_to_ascii(text, NULL);
    GString *slug = g_string_new(NULL);
    for (const char *c = plain; *c && slug->len < SLUG_CHARS; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(slug, g_ascii_tolower(*c));
        else if (slug->len && slug->str[slug->len - 1] != '-')
            g_string_append_c(slug, '-');
    }
    if (slug->len && slug->str[slug->len - 1] == '-')
        g_string_truncate(slug, slug->len - 1);
    g_free(plain);
    return g_string_free(slug, FALSE);
}

/* "/models/EDT-S.safetensors" -> "s": what follows "edt-" in a picture's name. */
static char *model_word(const char *model_path)
{
    g_autofree char *name = edt_model_name(model_path), *slug = edt_cli_name_slug(name);
    return g_strdup(g_str_has_prefix(slug, "edt-") && slug[4] ? slug + 4 : slug);
}

char *edt_cli_name_default(const char *folder, const char *model_path, const char *class_name,
                           guint64 seed)
{
    char *model = model_word(model_path);
    char *slug = edt_cli_name_slug(class_name);
    char *name = g_strdup_printf("edt-%s-%s-%" G_GUINT64_FORMAT ".png", model, slug, seed);
    char *path = folder ? g_build_filename(folder, name, NULL) : g_strdup(name);
    g_free(name);
    g_free(slug);
    g_free(model);
    return path;
}

static gboolean is_used(const char *path, GHashTable *taken)
{
    return g_hash_table_contains(taken, path) || g_file_test(path, G_FILE_TEST_EXISTS) ||
           g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

char *edt_cli_name_unused(const char *path, GHashTable *taken)
{
    char *name = g_strdup(path);
    for (int i = 1; is_used(name, taken); i++) {
        g_free(name);
        name = edt_save_name(path, i);
    }
    g_hash_table_add(taken, g_strdup(name));
    return name;
}

/* Length of "%d", "%3d", "%03d" (also i, u) at text, or 0. */
static gsize conversion_length(const char *text, gboolean *zeros, int *width)
{
    const char *c = text + 1;
    *zeros = *c == '0';
    *width = 0;
    for (; g_ascii_isdigit(*c); c++)
        *width = MIN(*width * 10 + (*c - '0'), 99);
    return *c == 'd' || *c == 'i' || *c == 'u' ? (gsize)(c + 1 - text) : 0;
}

gboolean edt_cli_name_is_pattern(const char *path)
{
    gboolean zeros;
    int width;
    for (const char *c = strchr(path, '%'); c; c = strchr(c, '%')) {
        if (c[1] != '%' && conversion_length(c, &zeros, &width))
            return TRUE;
        c += c[1] == '%' ? 2 : 1;
    }
    return FALSE;
}

static gboolean refuse_pattern(const char *pattern, GError **error)
{
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "The name %s may hold one number, %%d or %%03d, and no other %%: write %%%% for a "
                "percent sign.",
                pattern);
    return FALSE;
}

static gboolean expand_into(GString *path, const char *pattern, int number, GError **error)
{
    int numbers = 0;
    for (const char *c = pattern; *c;) {
        gboolean zeros;
        int width;
        gsize length = *c == '%' ? conversion_length(c, &zeros, &width) : 0;
        if (*c != '%' || c[1] == '%') {
            g_string_append_c(path, *c);
            c += *c == '%' ? 2 : 1;
        } else if (length && numbers++ == 0) {
            g_string_append_printf(path, zeros ? "%0*d" : "%*d", width, number);
            c += length;
        } else {
            return refuse_pattern(pattern, error);
        }
    }
    return TRUE;
}

char *edt_cli_name_expand(const char *pattern, int number, GError **error)
{
    GString *path = g_string_new(NULL);
    gboolean ok = expand_into(path, pattern, number, error);
    return g_string_free(path, !ok);
}

gboolean edt_cli_name_check(const char *path, GError **error)
{
    gsize length = strlen(path);
    if (edt_save_is_stream(path))
        return TRUE;
    if (length >= 4 && g_ascii_strcasecmp(path + length - 4, ".png") == 0)
        return edt_cli_name_check_folder(path, "the picture", error);
    g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                "Pictures are written as PNG, so %s must end in .png.", path);
    return FALSE;
}

gboolean edt_cli_name_check_folder(const char *path, const char *what, GError **error)
{
    if (edt_save_is_stream(path))
        return TRUE;
    char *folder = g_path_get_dirname(path);
    gboolean exists = g_file_test(folder, G_FILE_TEST_IS_DIR);
    gboolean ok = exists && access(folder, W_OK) == 0;
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    exists ? "The folder %s cannot be written to: choose another for %s."
                           : "There is no folder %s: make it, or choose another for %s.",
                    folder, what);
    g_free(folder);
    return ok;
}

gboolean edt_cli_name_make_folder(const char *path, GError **error)
{
    char *folder = g_path_get_dirname(path);
    gboolean ok = g_mkdir_with_parents(folder, 0777) == 0;
    if (!ok)
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "The folder %s cannot be made: %s. Choose another for the pictures.", folder,
                    g_strerror(errno));
    g_free(folder);
    return ok;
}

gboolean edt_cli_name_is_preview(const char *name)
{
    return g_str_has_prefix(name, "item-") && g_str_has_suffix(name, ".png");
}
