/* Ordinary annotations of the schemas DM V1 and V2: boxes and polygons of one picture.

   The twins of exportkit.normalize.dm_v1 and dm_v2. Each function gives 1, or 0 for what is refused, unless it says
   otherwise. */
#ifndef EXPORTKIT_DM_H
#define EXPORTKIT_DM_H

#include "line_values.h"

/* Tools that are read here. */
typedef enum { OTHER_TOOL, BOUNDING_BOX, POLYGON_TOOL } Tool;

static inline Tool tool_of(const Span *word)
{
    return IS(word, "bounding_box") ? BOUNDING_BOX : IS(word, "polygon") ? POLYGON_TOOL : OTHER_TOOL;
}

/* An annotation of V1 whose geometry stands elsewhere. */
typedef struct Waiting {
    Source source;
    Tool tool;
    const char *identity_end;
} Waiting;

/* Reads the annotations of V2: a list of at most one medium. */
int exportkit_read_v2(Cursor *c, Line *line, const Want *want);

/* Reads the annotations of V1, which wait for their geometry. */
int exportkit_read_v1(Cursor *c, Line *line, const Want *want);

/* Reads the geometry of V1 and gives it to the annotations that wait for it; geometry that stands before them waits, too. */
int exportkit_read_v1_geometry(Cursor *c, Line *line, const Want *want);

/* Forgets what waits. */
void exportkit_clear_waiting(Line *line);

/* The schemas that an item of data is too much for, its value next. */
int exportkit_unlike_dm(const Cursor *c, const Span *key);

/* Reads what was left for the end of data: geometry that waits, and what is told of the medium. */
int exportkit_end_dm(Cursor *c, Line *line, const Want *want);

#endif
