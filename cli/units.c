/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See units.h.
 */
#include "cli/units.h"
#include "cli/event.h"
#include "cli/talk.h"
#include "core/settings.h"

#include <stdio.h>
#include <string.h>

#define BUSY_BELOW 0.9 /* of the cores' time, and of the best that was seen */

typedef struct {
    int wish; /* threads that were asked for */
    EdtBenchUnits units;
} Measured;

struct EdtCliUnits {
    gboolean json, said; /* said: that the machine is busy */
    GPtrArray *measured;
    GKeyFile *best;
};

/* ---- the best that was seen ---- */

static char *best_path(void)
{
    return g_build_filename(g_get_user_state_dir(), "edt", "peaks.ini", NULL);
}

static GKeyFile *load_best(void)
{
    g_autofree char *path = best_path();
    GKeyFile *best = g_key_file_new();
    g_key_file_load_from_file(best, path, G_KEY_FILE_NONE, NULL);
    return best;
}

/* What cannot be kept is not known the next time, and no more. */
static void save_best(GKeyFile *best)
{
    g_autofree char *path = best_path(), *folder = g_path_get_dirname(path);
    gsize length;
    g_autofree char *text = g_key_file_to_data(best, &length, NULL);
    g_mkdir_with_parents(folder, 0700);
    edt_save_bytes(path, text, length, EDT_WRITE_REPLACE, NULL, NULL);
}

/* A machine is its name and what its processor has: homes may be shared by several. */
static char *machine_of(const EdtBenchUnits *units)
{
    GString *group = g_string_new(g_get_host_name());
    for (int i = 0; i < units->n; i++)
        g_string_append_printf(group, ", %s", units->of[i].what);
    g_string_append_printf(group, ", %d threads", units->threads);
    return g_strdelimit(g_string_free(group, FALSE), "[]\n", '_');
}

/* What share a rate is of the best one, which it may become. */
static double share_of_best(GKeyFile *all, const char *machine, const char *key, double rate)
{
    const double best = g_key_file_get_double(all, machine, key, NULL);
    if (rate > best)
        g_key_file_set_double(all, machine, key, rate);
    return best > rate ? rate / best : 1;
}

/* ---- telling ---- */

static const char *memory_key(char *room, gsize room_bytes, guint64 bytes)
{
    const guint64 kib = bytes >> 10, mib = bytes >> 20;
    g_snprintf(room, (gulong)room_bytes, "memory %" G_GUINT64_FORMAT " %s", mib ? mib : kib,
               mib ? "MiB" : "KiB");
    return room;
}

static double memory_rate(const EdtBenchUnits *units)
{
    return units->memory[EDT_REACHES - 1].rate;
}

static void send(const EdtBenchUnits *units, double share)
{
    GString *event = edt_cli_event_new("machine");
    char key[32];
    edt_cli_event_integer(event, "threads", units->threads);
    for (int i = 0; i < units->n; i++)
        edt_cli_event_number(event, units->of[i].what, units->of[i].rate);
    edt_cli_event_number(event, "memory", memory_rate(units));
    for (int i = 0; i < EDT_REACHES - 1; i++)
        edt_cli_event_number(event, memory_key(key, sizeof key, units->memory[i].bytes),
                             units->memory[i].rate);
    edt_cli_event_number(event, "share_of_cores", units->got);
    edt_cli_event_number(event, "share_of_best", share);
    edt_cli_event_send(event);
}

static void print(const EdtBenchUnits *units)
{
    char key[32];
    for (int i = 0; i < units->n; i++)
        printf("%s%s %.0f GOP/s", i ? ", " : "", units->of[i].what, units->of[i].rate);
    printf("; memory %.0f GB/s", memory_rate(units));
    for (int i = EDT_REACHES - 2; i >= 0; i--)
        printf(", %s %.0f", memory_key(key, sizeof key, units->memory[i].bytes) + strlen("memory "),
               units->memory[i].rate);
    printf(" (%d thread%s)\n\n", units->threads, units->threads == 1 ? "" : "s");
}

static void say_busy(EdtCliUnits *all, const char *of, double share)
{
    if (!all->said)
        edt_cli_say("The machine is busy: %.0f %% %s was had. What follows is slower than it "
                    "would be.",
                    100 * share, of);
    all->said = TRUE;
}

/* The least share of the best of any unit, and which it is.  Memory is not asked: what of it is the
 * fastest is up to whoever has the other cores. */
static double compare(EdtCliUnits *all, const EdtBenchUnits *units, const char **which)
{
    g_autofree char *machine = machine_of(units);
    double least = 1;
    *which = NULL;
    for (int i = 0; i < units->n; i++) {
        const char *what = units->of[i].what;
        const double share = share_of_best(all->best, machine, what, units->of[i].rate);
        if (share < least) {
            least = share;
            *which = what;
        }
    }
    save_best(all->best);
    return least;
}

static void tell(EdtCliUnits *all, const EdtBenchUnits *units)
{
    const char *which;
    const double share = compare(all, units, &which);
    if (all->json)
        send(units, share);
    else
        print(units);
    if (units->got < BUSY_BELOW)
        say_busy(all, "of the time of its cores", units->got);
    else if (share < BUSY_BELOW) {
        g_autofree char *of = g_strdup_printf("of the best that %s has given", which);
        say_busy(all, of, share);
    }
}

/* ---- the whole ---- */

EdtCliUnits *edt_cli_units_new(gboolean json)
{
    EdtCliUnits *units = g_new0(EdtCliUnits, 1);
    units->json = json;
    units->measured = g_ptr_array_new_with_free_func(g_free);
    units->best = load_best();
    return units;
}

void edt_cli_units_free(EdtCliUnits *units)
{
    g_ptr_array_unref(units->measured);
    g_key_file_unref(units->best);
    g_free(units);
}

const EdtBenchUnits *edt_cli_units_for(EdtCliUnits *all, int threads, GError **error)
{
    for (guint i = 0; i < all->measured->len; i++) {
        const Measured *known = all->measured->pdata[i];
        if (known->wish == threads)
            return &known->units;
    }
    Measured *measured = g_new0(Measured, 1);
    measured->wish = threads;
    g_ptr_array_add(all->measured, measured);
    if (!edt_bench_units(threads, &measured->units, error))
        return NULL;
    tell(all, &measured->units);
    return &measured->units;
}

double edt_cli_units_peak(EdtCliUnits *all, const EdtBenchUnits *of, EdtPrecision precision,
                          GError **error)
{
    GError *cause = NULL;
    const double peak =
        edt_bench_peak(&(EdtEngineOptions){of->threads, EDT_BACKEND_CPU, precision}, &cause);
    if (cause) {
        g_propagate_error(error, cause);
        return 0;
    }
    g_autofree char *machine = machine_of(of);
    g_autofree char *key = g_strconcat("peak ", edt_precision_words[precision], NULL);
    const double share = share_of_best(all->best, machine, key, peak);
    save_best(all->best);
    if (share < BUSY_BELOW)
        say_busy(all, "of the best peak", share);
    return peak;
}
