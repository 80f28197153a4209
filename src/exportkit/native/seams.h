/* Several rings as one, tied by seams. */
#ifndef EXPORTKIT_SEAMS_H
#define EXPORTKIT_SEAMS_H

#include "rings.h"

typedef struct {
    double *x, *y; /* the walk through all rings */
    size_t count;
    size_t *numbers;
    double *crossings;
    size_t point_room, number_room, crossing_room;
} Seam;

/* Ties all rings of a polygon to the first: 1; 0, perhaps with an exception, where there is too much to look at. */
int exportkit_seam_tie(Seam *seam, const Outline *outline);

/* IoU of the parts of a polygon and of the ring that they were tied to, on pixels; 1 or 0 as above, and 0 where no pixel is
   covered. */
int exportkit_seam_overlap(Seam *seam, const Outline *outline, double *iou);

/* Gives the memory back. */
void exportkit_seam_clear(Seam *seam);

#endif
