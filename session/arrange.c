/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cells of a table in the middle of a frame; see arrange.h.  A stack is a table of one cell.
 */
#include "session/arrange.h"

typedef struct {
    int columns, rows;
} Table;

static Table table_of(int columns, int n)
{
    return (Table){columns, (n + columns - 1) / columns};
}

/* By how much pictures may be scaled so that all of them fit. */
static double scale_in(const EdtArea *frame, Table table, int width, int height)
{
    return MIN((double)frame->width / table.columns / width,
               (double)frame->height / table.rows / height);
}

static Table choose_table(EdtArrange how, const EdtArea *frame, int width, int height, int n)
{
    if (how != EDT_ARRANGE_GRID)
        return table_of(how == EDT_ARRANGE_ROW ? n : 1, how == EDT_ARRANGE_ROW ? n : 1);
    Table best = table_of(1, n);
    for (int columns = 2; columns <= n; columns++) {
        Table table = table_of(columns, n);
        gboolean better = frame->width < 1 ? best.columns < best.rows
                                           : scale_in(frame, table, width, height) >
                                                 scale_in(frame, best, width, height);
        if (better)
            best = table;
    }
    return best;
}

/* Rounding lets no cell be larger than its part of the frame. */
static int scaled_side(int side, double scale, int part)
{
    return MAX(MIN((int)(side * scale + 0.5), part), 1);
}

void edt_arrange(EdtArrange how, const EdtArea *frame, gboolean scaled, int width, int height,
                 EdtArea *there, int n)
{
    Table table = choose_table(how, frame, width, height, n);
    EdtArea cell = {0, 0, width, height};
    if (scaled && frame->width > 0) {
        double scale = scale_in(frame, table, width, height);
        cell.width = scaled_side(width, scale, frame->width / table.columns);
        cell.height = scaled_side(height, scale, frame->height / table.rows);
    }
    cell.x = frame->x + (frame->width - table.columns * cell.width) / 2;
    cell.y = frame->y + (frame->height - table.rows * cell.height) / 2;
    for (int i = 0; i < n; i++) {
        int place = how == EDT_ARRANGE_STACK ? 0 : i;
        there[i] = cell;
        there[i].x += place % table.columns * cell.width;
        there[i].y += place / table.columns * cell.height;
    }
}

EdtArea edt_arrange_bounds(const EdtArea *there, int n)
{
    EdtArea all = there[0];
    for (int i = 1; i < n; i++) {
        int right = MAX(all.x + all.width, there[i].x + there[i].width);
        int bottom = MAX(all.y + all.height, there[i].y + there[i].height);
        all.x = MIN(all.x, there[i].x);
        all.y = MIN(all.y, there[i].y);
        all.width = right - all.x;
        all.height = bottom - all.y;
    }
    return all;
}
