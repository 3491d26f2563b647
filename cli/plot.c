/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `edt plot`: the log of a training run as one SVG picture, which any browser and GIMP open.
 */
#include "cli/event.h"
#include "cli/talk.h"
#include "saving.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char summary[] =
    "Draws the curves of a training run: squared error of both passes, variational term, pace.";

static const char details[] =
    "Examples:\n"
    "  edt plot run                        its log.jsonl, drawn into run/loss.svg\n"
    "  edt plot run/log.jsonl -o loss.svg";

#define WIDTH 720.0
#define HEIGHT 200.0
#define LEFT 70.0
#define GAP 50.0

typedef struct {
    double step, value[4];
} Point;

static const struct {
    const char *key, *title, *colour;
    gboolean logarithmic;
} curves[] = {
    {"mse", "squared error, plain pass (weighted)", "#3465a4", TRUE},
    {"masked_mse", "squared error, masked pass (weighted)", "#c17d11", TRUE},
    {"vb", "variational term, bits", "#4e9a06", TRUE},
    {"samples_per_s", "pictures a second", "#75507b", FALSE},
};

#define CURVES ((int)G_N_ELEMENTS(curves))

/* Lines that are no training step are passed over; a resumed run takes back the steps that it
 * repeats. */
static GArray *read_points(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    GArray *points = g_array_new(FALSE, TRUE, sizeof(Point));

    if (!g_file_get_contents(path, &text, NULL, error))
        return points;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        if (!**line || !json_parser_load_from_data(parser, *line, -1, NULL))
            continue;
        JsonNode *root = json_parser_get_root(parser);
        JsonObject *object =
            root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
        JsonNode *step = object ? json_object_get_member(object, "step") : NULL;
        if (!step || !JSON_NODE_HOLDS_VALUE(step) || json_node_get_value_type(step) != G_TYPE_INT64)
            continue;
        Point point = {.step = (double)json_node_get_int(step)};
        for (int c = 0; c < CURVES; c++)
            point.value[c] = json_object_get_double_member_with_default(object, curves[c].key, NAN);
        while (points->len > 0 && g_array_index(points, Point, points->len - 1).step >= point.step)
            g_array_set_size(points, points->len - 1);
        g_array_append_val(points, point);
    }
    return points;
}

static double place(int curve, double value)
{
    return curves[curve].logarithmic ? log10(value) : value;
}

static gboolean is_there(int curve, double value)
{
    return isfinite(value) && (!curves[curve].logarithmic || value > 0);
}

/* Of a frame: its upper edge, what its height and its width show. */
typedef struct {
    double top, low, span, last;
} Frame;

/* FALSE: the curve has no point. */
static gboolean measure(const GArray *points, int curve, Frame *frame)
{
    double low = INFINITY, high = -INFINITY;
    frame->last = 1;
    for (guint i = 0; i < points->len; i++) {
        const Point *p = &g_array_index(points, Point, i);
        frame->last = MAX(frame->last, p->step);
        if (!is_there(curve, p->value[curve]))
            continue;
        low = MIN(low, place(curve, p->value[curve]));
        high = MAX(high, place(curve, p->value[curve]));
    }
    frame->low = low;
    frame->span = high > low ? high - low : 1;
    return low <= high;
}

static void draw_axes(GString *svg, int curve, const Frame *f)
{
    g_string_append_printf(svg, "<text x='%g' y='%g' font-weight='bold'>%s</text>\n", LEFT,
                           f->top - 8, curves[curve].title);
    for (int tick = 0; tick <= 4; tick++) {
        double value = f->low + f->span * tick / 4, y = f->top + HEIGHT * (1 - tick / 4.0);
        g_string_append_printf(svg,
                               "<line x1='%g' x2='%g' y1='%g' y2='%g' stroke='#ccc'/>"
                               "<text x='%g' y='%g' text-anchor='end'>%.3g</text>\n",
                               LEFT, LEFT + WIDTH, y, y, LEFT - 6, y + 4,
                               curves[curve].logarithmic ? pow(10, value) : value);
        double x = LEFT + WIDTH * tick / 4;
        g_string_append_printf(svg, "<text x='%g' y='%g' text-anchor='middle'>%.0f</text>\n", x,
                               f->top + HEIGHT + 16, f->last * tick / 4);
    }
}

static void draw_curve(GString *svg, const GArray *points, int curve, const Frame *f)
{
    g_string_append_printf(svg, "<polyline fill='none' stroke='%s' stroke-width='1.3' points='",
                           curves[curve].colour);
    for (guint i = 0; i < points->len; i++) {
        const Point *p = &g_array_index(points, Point, i);
        if (!is_there(curve, p->value[curve]))
            continue;
        double y = (place(curve, p->value[curve]) - f->low) / f->span;
        g_string_append_printf(svg, "%.1f,%.1f ", LEFT + WIDTH * p->step / f->last,
                               f->top + HEIGHT * (1 - y));
    }
    g_string_append(svg, "'/>\n");
}

/* One frame with its curve; top: its upper edge. */
static gboolean draw(GString *svg, const GArray *points, int curve, double top)
{
    Frame frame = {.top = top};
    if (!measure(points, curve, &frame))
        return FALSE;
    draw_axes(svg, curve, &frame);
    draw_curve(svg, points, curve, &frame);
    return TRUE;
}

static char *picture(const GArray *points)
{
    GString *frames = g_string_new(NULL);
    double top = 40;
    for (int c = 0; c < CURVES; c++)
        if (draw(frames, points, c, top))
            top += HEIGHT + GAP;
    char *svg = g_strdup_printf("<svg xmlns='http://www.w3.org/2000/svg' width='%g' height='%g' "
                                "font-family='sans-serif' font-size='11'>\n"
                                "<rect width='100%%' height='100%%' fill='white'/>\n%s</svg>\n",
                                LEFT + WIDTH + 30, top, frames->str);
    g_string_free(frames, TRUE);
    return svg;
}

/* A run's folder stands for the log in it, and the picture goes beside that. */
static void choose_files(const char *given, char **log, char **output)
{
    gboolean folder = g_file_test(given, G_FILE_TEST_IS_DIR);

    *log = folder ? g_build_filename(given, "log.jsonl", NULL) : g_strdup(given);
    if (!*output)
        *output = folder ? g_build_filename(given, "loss.svg", NULL) : g_strdup("loss.svg");
}

static gboolean plot(const char *log, const char *output, gboolean force, GError **error)
{
    GError *cause = NULL;
    if (edt_save_is_same(log, output)) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_USAGE,
                    "“%s” is the log itself: the picture needs another name.", output);
        return FALSE;
    }
    g_autoptr(GArray) points = read_points(log, &cause);

    if (cause || points->len == 0) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” holds no steps of a training run%s%s.", log, cause ? ": " : "",
                    cause ? cause->message : "");
        g_clear_error(&cause);
        return FALSE;
    }
    g_autofree char *svg = picture(points);
    if (!strstr(svg, "<polyline")) {
        g_set_error(error, EDT_ERROR, EDT_ERROR_BAD_FILE,
                    "“%s” has steps, but none of them says a number that can be drawn.", log);
        return FALSE;
    }
    return edt_save_bytes(output, svg, strlen(svg), force ? EDT_WRITE_REPLACE : EDT_WRITE_NEW, NULL,
                          error);
}

int edt_cli_plot(int argc, char **argv)
{
    g_autofree char *output = NULL, *log = NULL;
    gboolean force = FALSE;
    GError *error = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
         "The picture (default loss.svg, in the folder of the run where that is given)",
         "FILE.svg"},
        {"force", 'f', 0, G_OPTION_ARG_NONE, &force, "Replace a picture that is there", NULL},
        {0},
    };
    if (!edt_cli_parse(&argc, &argv, entries, "RUN|LOG", summary, details))
        return EDT_ERROR_USAGE;
    if (argc != 2)
        return edt_cli_usage("Which run? Give its folder, or its log.jsonl.");
    choose_files(argv[1], &log, &output);
    if (!plot(log, output, force, &error))
        return edt_cli_fail(error);
    edt_cli_event_path(output);
    return 0;
}
