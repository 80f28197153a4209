/* Points of a ring that stand each in an array or an object of its own. */
#ifndef EXPORTKIT_POINTS_H
#define EXPORTKIT_POINTS_H

#include "json_text.h"

/* A coordinate and its text. */
typedef struct {
    Number number;
    const char *start, *end;
} Coordinate;

typedef struct {
    Coordinate x, y;
} Point;

static inline int read_place(Cursor *c, Coordinate *place)
{
    place->start = c->p;
    if (!read_number(c, &place->number))
        return 0;
    place->end = c->p;
    return is_moderate(&place->number);
}

/* {x, y} with whatever else, which nobody reads. */
static inline int read_point_object(Cursor *c, Point *point)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    c->p++;
    while ((found = next_member(c, &count, &key)) > 0) {
        int good = IS(&key, "x")   ? once(&seen, 0) && read_place(c, &point->x)
                   : IS(&key, "y") ? once(&seen, 1) && read_place(c, &point->y)
                                   : !has_escapes(&key) && is_text(&key) && skip_value(c, 0);
        if (!good)
            return 0;
    }
    return found == 0 && seen == 3;
}

/* A point: 1, or 0 for what is refused. */
static inline int read_point(Cursor *c, Point *point)
{
    if (*c->p == '{')
        return read_point_object(c, point);
    if (*c->p != '[')
        return 0;
    c->p++;
    skip_blanks(c);
    if (!read_place(c, &point->x))
        return 0;
    skip_blanks(c);
    if (*c->p != ',')
        return 0;
    c->p++;
    skip_blanks(c);
    if (!read_place(c, &point->y))
        return 0;
    skip_blanks(c);
    if (*c->p != ']')
        return 0;
    c->p++;
    return 1;
}

#endif
