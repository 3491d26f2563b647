/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See distance.h.  A weighted sum of squares of differences is |q|^2 + |p|^2 - 2 q.p; what is left
 * to do for each shift is the product q.p, over rows of 16 cells.
 */
#include "distance.h"

#include <math.h>
#include <string.h>

/* The first two are those of the quick distance. */
static const struct {
    float size;
    gboolean mirrored;
} forms[EMOJI_FORMS] = {{1.0f, FALSE}, {1.0f, TRUE},   {0.87f, FALSE},
                        {0.87f, TRUE}, {1.15f, FALSE}, {1.15f, TRUE}};

/* By which the cells are multiplied, so that plain squares are weighted ones. */
static const float weights[EMOJI_CHANNELS] = {1.0f, 1.0f, 1.0f, 1.0f, 3.5f, 3.5f, 3.5f, 3.5f};

/* How much of an edge a neighbouring cell sees: hands differ in where exactly they draw a line. */
static const float blur = 0.9f;

/* Alpha, and alpha times L (-0.5 black to 0.5 white), a, b (/100), of every pixel. */
typedef struct {
    float pixels[EMOJI_SIDE][EMOJI_SIDE][4];
} Plane;

/* ---- pixels ---- */

static float linear(guint8 value)
{
    float v = (float)value / 255.0f;
    return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
}

static float cube_root(float t)
{
    return t > 0.008856f ? cbrtf(t) : 7.787f * t + 16.0f / 116.0f;
}

/* CIE 1976 L*a*b*, white D65. */
static void lab_of(const guint8 *rgb, float *lab)
{
    float r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
    float x = cube_root((0.4124f * r + 0.3576f * g + 0.1805f * b) / 0.9505f);
    float y = cube_root(0.2126f * r + 0.7152f * g + 0.0722f * b);
    float z = cube_root((0.0193f * r + 0.1192f * g + 0.9505f * b) / 1.089f);
    lab[0] = 1.16f * y - 0.16f - 0.5f;
    lab[1] = 5.0f * (x - y);
    lab[2] = 2.0f * (y - z);
}

static void fill_plane(Plane *plane, const guint8 *rgba)
{
    for (int y = 0; y < EMOJI_SIDE; y++) {
        for (int x = 0; x < EMOJI_SIDE; x++, rgba += 4) {
            float *pixel = plane->pixels[y][x], lab[3];
            lab_of(rgba, lab);
            pixel[0] = (float)rgba[3] / 255.0f;
            for (int c = 0; c < 3; c++)
                pixel[c + 1] = pixel[0] * lab[c];
        }
    }
}

/* Between pixels; outside is nothing. */
static float look(const Plane *plane, float y, float x, int channel)
{
    int y0 = (int)floorf(y), x0 = (int)floorf(x);
    float fy = y - (float)y0, fx = x - (float)x0, sum = 0;
    for (int j = 0; j < 2; j++) {
        for (int i = 0; i < 2; i++) {
            if (y0 + j >= 0 && y0 + j < EMOJI_SIDE && x0 + i >= 0 && x0 + i < EMOJI_SIDE)
                sum +=
                    (j ? fy : 1 - fy) * (i ? fx : 1 - fx) * plane->pixels[y0 + j][x0 + i][channel];
        }
    }
    return sum;
}

static void form_plane(Plane *to, const Plane *from, int form)
{
    const float middle = (EMOJI_SIDE - 1) / 2.0f;
    for (int y = 0; y < EMOJI_SIDE; y++) {
        for (int x = 0; x < EMOJI_SIDE; x++) {
            float across = ((float)x - middle) / forms[form].size;
            float down = ((float)y - middle) / forms[form].size;
            for (int c = 0; c < 4; c++)
                to->pixels[y][x][c] = look(from, middle + down,
                                           middle + (forms[form].mirrored ? -across : across), c);
        }
    }
}

/* ---- cells ---- */

/* What an edge is seen in: lightness on grey, and the silhouette. */
static float tone(const Plane *plane, int y, int x)
{
    if (y < 0 || x < 0 || y >= EMOJI_SIDE || x >= EMOJI_SIDE)
        return 0;
    return plane->pixels[y][x][1] + 0.5f * plane->pixels[y][x][0];
}

static void add_edges(const Plane *plane, int y, int x, float cell[4])
{
    float dx = tone(plane, y, x + 1) - tone(plane, y, x - 1);
    float dy = tone(plane, y + 1, x) - tone(plane, y - 1, x);
    float strength = sqrtf(dx * dx + dy * dy);
    if (strength < 0.02f)
        return;
    /* The direction 0 to pi goes to the two nearest of four bins. */
    float bin = atan2f(dy, dx) * (4.0f / G_PI) + 8.0f;
    int low = (int)floorf(bin);
    float part = bin - (float)low;
    cell[low & 3] += strength * (1 - part);
    cell[(low + 1) & 3] += strength * part;
}

static void fill_cell(const Plane *plane, int row, int column, float values[EMOJI_CHANNELS])
{
    const int step = EMOJI_SIDE / EMOJI_CELLS;
    memset(values, 0, EMOJI_CHANNELS * sizeof(float));
    for (int y = row * step; y < (row + 1) * step; y++) {
        for (int x = column * step; x < (column + 1) * step; x++) {
            for (int c = 0; c < 4; c++)
                values[c] += plane->pixels[y][x][c];
            add_edges(plane, y, x, values + 4);
        }
    }
    for (int c = 0; c < EMOJI_CHANNELS; c++)
        values[c] /= (float)(step * step);
    for (int c = 4; c < EMOJI_CHANNELS; c++)
        values[c] = sqrtf(values[c]); /* a faint edge says nearly as much as a strong one */
}

/* A channel with its neighbours, and weighted. */
static float seen(float cells[EMOJI_CELLS][EMOJI_CELLS][EMOJI_CHANNELS], int row, int column,
                  int channel)
{
    float sum = 0, total = 0;
    if (channel < 4)
        return cells[row][column][channel] * weights[channel];
    for (int j = -1; j <= 1; j++) {
        for (int i = -1; i <= 1; i++) {
            float part = (j ? blur : 1) * (i ? blur : 1);
            int y = row + j, x = column + i;
            total += part;
            if (y >= 0 && x >= 0 && y < EMOJI_CELLS && x < EMOJI_CELLS)
                sum += part * cells[y][x][channel];
        }
    }
    return sum / total * weights[channel];
}

/* Gives the sum of squares. */
static float fill_cells(float cells[EMOJI_CHANNELS][EMOJI_CELLS][EMOJI_CELLS], const Plane *plane)
{
    float raw[EMOJI_CELLS][EMOJI_CELLS][EMOJI_CHANNELS], square = 0;
    for (int row = 0; row < EMOJI_CELLS; row++) {
        for (int column = 0; column < EMOJI_CELLS; column++)
            fill_cell(plane, row, column, raw[row][column]);
    }
    for (int c = 0; c < EMOJI_CHANNELS; c++) {
        for (int row = 0; row < EMOJI_CELLS; row++) {
            for (int column = 0; column < EMOJI_CELLS; column++) {
                float value = seen(raw, row, column, c);
                cells[c][row][column] = value;
                square += value * value;
            }
        }
    }
    return square;
}

static void fill_fine(float fine[EMOJI_FINE][EMOJI_FINE][4], const guint8 *rgba)
{
    const int step = EMOJI_SIDE / EMOJI_FINE;
    memset(fine, 0, sizeof(float) * EMOJI_FINE * EMOJI_FINE * 4);
    for (int y = 0; y < EMOJI_SIDE; y++) {
        for (int x = 0; x < EMOJI_SIDE; x++, rgba += 4) {
            float alpha = (float)rgba[3] / (255.0f * (float)(step * step));
            for (int c = 0; c < 3; c++)
                fine[y / step][x / step][c] += alpha * (float)rgba[c] / 255.0f;
            fine[y / step][x / step][3] += alpha;
        }
    }
}

void emoji_picture_from_rgba(EmojiPicture *picture, const guint8 *rgba)
{
    Plane plane;
    fill_plane(&plane, rgba);
    picture->square = fill_cells(picture->cells, &plane);
    fill_fine(picture->fine, rgba);
}

void emoji_question_from_rgba(EmojiQuestion *question, const guint8 *rgba)
{
    Plane plane, formed;
    float cells[EMOJI_CHANNELS][EMOJI_CELLS][EMOJI_CELLS];
    memset(question, 0, sizeof *question);
    fill_plane(&plane, rgba);
    for (int s = 0; s < EMOJI_FORMS; s++) {
        form_plane(&formed, &plane, s);
        question->square[s] = fill_cells(cells, &formed);
        for (int c = 0; c < EMOJI_CHANNELS; c++) {
            for (int row = 0; row < EMOJI_CELLS; row++)
                memcpy(&question->cells[s][c][row + EMOJI_SHIFT][EMOJI_SHIFT], cells[c][row],
                       sizeof cells[c][row]);
        }
    }
    fill_fine(question->fine, rgba);
}

/* ---- distances ---- */

static float distance_at(const EmojiQuestion *question, const EmojiPicture *picture, int s, int dy,
                         int dx)
{
    float sums[EMOJI_CELLS] = {0}, product = 0;
    for (int c = 0; c < EMOJI_CHANNELS; c++) {
        for (int row = 0; row < EMOJI_CELLS; row++) {
            const float *q = &question->cells[s][c][row + dy][dx];
            const float *p = picture->cells[c][row];
            for (int i = 0; i < EMOJI_CELLS; i++)
                sums[i] += q[i] * p[i];
        }
    }
    for (int i = 0; i < EMOJI_CELLS; i++)
        product += sums[i];
    /* The difference, as a share of what there is. */
    float whole = question->square[s] + picture->square;
    return whole > 0 ? 1 - 2 * product / whole : 0;
}

static float best_shift(const EmojiQuestion *question, const EmojiPicture *picture, int s, int step)
{
    float best = G_MAXFLOAT;
    for (int dy = 0; dy <= 2 * EMOJI_SHIFT; dy += step) {
        for (int dx = 0; dx <= 2 * EMOJI_SHIFT; dx += step)
            best = MIN(best, distance_at(question, picture, s, dy, dx));
    }
    return best;
}

float emoji_distance_quick(const EmojiQuestion *question, const EmojiPicture *picture)
{
    return MIN(best_shift(question, picture, 0, 2), best_shift(question, picture, 1, 2));
}

float emoji_distance(const EmojiQuestion *question, const EmojiPicture *picture)
{
    float best = G_MAXFLOAT;
    for (int s = 0; s < EMOJI_FORMS; s++)
        best = MIN(best, best_shift(question, picture, s, 1));
    return best;
}

static float copy_distance_at(const float a[EMOJI_FINE][EMOJI_FINE][4],
                              const float b[EMOJI_FINE][EMOJI_FINE][4], int dy, int dx,
                              gboolean mirrored)
{
    static const float nothing[4] = {0};
    float sum = 0, covered = 0;
    for (int y = 0; y < EMOJI_FINE; y++) {
        for (int x = 0; x < EMOJI_FINE; x++) {
            int j = y + dy, i = (mirrored ? EMOJI_FINE - 1 - x : x) + dx;
            gboolean inside = j >= 0 && i >= 0 && j < EMOJI_FINE && i < EMOJI_FINE;
            const float *p = a[y][x], *q = inside ? b[j][i] : nothing;
            for (int c = 0; c < 4; c++)
                sum += (p[c] - q[c]) * (p[c] - q[c]);
            covered += MAX(p[3], q[3]);
        }
    }
    return covered > 0 ? sqrtf(sum / (4 * covered)) : 0;
}

float emoji_copy_distance(const float a[EMOJI_FINE][EMOJI_FINE][4],
                          const float b[EMOJI_FINE][EMOJI_FINE][4], int shift)
{
    float best = G_MAXFLOAT;
    for (int dy = -shift; dy <= shift; dy++) {
        for (int dx = -shift; dx <= shift; dx++) {
            best = MIN(best, copy_distance_at(a, b, dy, dx, FALSE));
            best = MIN(best, copy_distance_at(a, b, dy, dx, TRUE));
        }
    }
    return best;
}
