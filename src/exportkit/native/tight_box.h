/* The box around rings, where their annotation declares none. */
#ifndef EXPORTKIT_TIGHT_BOX_H
#define EXPORTKIT_TIGHT_BOX_H

#include "numbers.h"
#include "rings.h"

/* Left, top, width and height, rounded as exportkit.records.Box.from_edges rounds them: 1; 0 where that takes care. */
static inline int find_tight_box(const Bounds *bounds, double *side, char *is_whole)
{
    double right, bottom;
    if (!round_six(value_of(&bounds->left), &side[0]) || !round_six(value_of(&bounds->top), &side[1]) ||
        !round_six(value_of(&bounds->right), &right) || !round_six(value_of(&bounds->bottom), &bottom) ||
        !round_six(right - side[0], &side[2]) || !round_six(bottom - side[1], &side[3]))
        return 0;
    for (int i = 0; i < 4; i++)
        is_whole[i] = side[i] == floor(side[i]);
    return 1;
}

#endif
