/* Ordinary annotations of the schemas DM V1 and V2: boxes, polygons and classes of one picture.

   The twins of exportkit.normalize.dm_v1 and dm_v2. Each function gives 1, or 0 for what is refused, unless it says
   otherwise. */
#ifndef EXPORTKIT_DM_H
#define EXPORTKIT_DM_H

#include "line_values.h"

/* Tools that are read here. */
typedef enum { OTHER_TOOL, BOUNDING_BOX, POLYGON_TOOL, CLASSIFICATION } Tool;

static inline Tool tool_of(const Span *word)
{
    return IS(word, "bounding_box")     ? BOUNDING_BOX
           : IS(word, "polygon")        ? POLYGON_TOOL
           : IS(word, "classification") ? CLASSIFICATION
                                        : OTHER_TOOL;
}

/* The kind of an annotation; refused where its geometry is missing or needs care. */
static inline int find_kind(Source *source, Tool tool)
{
    if (tool != CLASSIFICATION)
        return exportkit_find_kind(source);
    source->kind = TAG;
    return 1;
}

/* An annotation of V1 whose geometry stands elsewhere. */
typedef struct Waiting {
    Source source;
    Tool tool;
    const char *identity_end;
} Waiting;

/* Whether a medium is surely an image. */
static inline int is_image(const Span *media)
{
    static const char word[] = "image_";
    enum { PREFIX = sizeof word - 1 };
    if (!media->plain || media->n <= PREFIX || media->n > PREFIX + MOST_DIGITS || memcmp(media->s, word, PREFIX) != 0)
        return 0;
    for (Py_ssize_t i = PREFIX; i < media->n; i++)
        if (!is_digit(media->s[i]))
            return 0;
    return 1;
}

/* Reads the annotations of V2: a list of at most one medium; or an object with such a list. */
int exportkit_read_v2(Cursor *c, Line *line, const Want *want);
int exportkit_read_wrapped_v2(Cursor *c, Line *line, const Want *want);

/* Reads the annotations of V1, which wait for their geometry. */
int exportkit_read_v1(Cursor *c, Line *line, const Want *want);

/* Reads the geometry of V1 and gives it to the annotations that wait for it; geometry that stands before them waits, too. */
int exportkit_read_v1_geometry(Cursor *c, Line *line, const Want *want);

/* Forgets what waits. */
void exportkit_clear_waiting(Line *line);

/* The schemas of DM that do not have a member of data, its value next: keys that nobody knows, or values that count. */
int exportkit_unlike_dm(const Cursor *c, const Span *key);

/* Reads what was left for the end of data: geometry that waits, and what is told of the medium. */
int exportkit_end_dm(Cursor *c, Line *line, const Want *want);

#endif
