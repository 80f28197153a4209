/* Rings of polygons as they stand in JSON text. */
#ifndef EXPORTKIT_RINGS_H
#define EXPORTKIT_RINGS_H

#include "scan.h"

#include <stdint.h>

/* Least and greatest x and y, as the source wrote them; of equal ones the first least and the last greatest. */
typedef struct {
    Number left, top, right, bottom;
} Bounds;

/* All rings of one polygon. The memory is used again by the next one. */
typedef struct {
    double *x, *y;  /* points, ring after ring */
    size_t *ends;   /* behind the last point of each ring */
    size_t count, room, rings, ring_room;
    uint32_t *table;
    size_t table_room;
    Bounds bounds;
    double area;     /* sum of the shoelace areas */
    size_t shortest; /* points of the shortest ring */
    int repeats;     /* whether a closing point or an equal neighbour was left out */
    int meets;       /* whether a ring passes a point more than once */
    int in_points;   /* whether each point stands in an array or an object of its own */
} Outline;

/* Reads `[ring, …]` of rings that need no care but for repeated points, which are left out: 1; 0, perhaps with an exception, for any other. */
int exportkit_outline_read(Outline *outline, Cursor *c);

/* The same of `[point, …]`, one ring whose points stand each in an array or an object. */
int exportkit_outline_read_points(Outline *outline, Cursor *c);

/* Makes room for so many points and rings; 0 with an exception. */
int exportkit_outline_reserve(Outline *outline, size_t points, size_t rings);

/* Gives the memory back. */
void exportkit_outline_clear(Outline *outline);

#endif
