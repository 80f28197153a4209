/* What is written of one ordinary object of a COCO file: its numbers and rings as text. */
#ifndef EXPORTKIT_COCO_OBJECT_H
#define EXPORTKIT_COCO_OBJECT_H

#include "masks.h"
#include "numbers.h"
#include "rings.h"

static const double EPS = 0.001;
/* How far a declared area may surely be from the computed one, as a share of it (formats, section 1.2). */
static const double SURELY_NEAR = 0.00999, MOST_AREA = 1e14;

enum { ALWAYS_TESTED = 8, FIXED_ROOM = 1024 };

/* An object within its picture; `is_whole` tells which of its sides are integers. */
typedef struct {
    double side[4], area;
    char is_whole[4], has_area, is_whole_area;
    const char *rings; /* the text of a polygon, whose outline is at hand */
    size_t rings_size;
    const MaskMeasure *mask; /* of a mask, with its lengths */
    char is_crowd;
} Object;

static inline char *put_word(char *out, const char *word)
{
    size_t size = strlen(word);
    memcpy(out, word, size);
    return out + size;
}

/* A number as given, without an exponent; NULL for one that needs care. */
static inline char *put_side(char *out, int is_whole, double value)
{
    return value >= 0 && value < MOST_AREA ? put_given(out, is_whole, value) : NULL;
}

static inline int is_near(double declared, double area)
{
    double distance = fabs(declared - area);
    return declared > 0 && area > 0 && distance < SURELY_NEAR * area;
}

static inline int lies_within(const double *side, const double *size)
{
    return side[0] >= 0 && side[1] >= 0 && side[2] >= EPS && side[3] >= EPS && side[0] + side[2] <= size[0] &&
           side[1] + side[3] <= size[1];
}

/* Whether the box holds all of the region, so that both surely have an area in common. */
static inline int holds(const double *side, const Bounds *bounds)
{
    double x0 = value_of(&bounds->left), y0 = value_of(&bounds->top), x1 = value_of(&bounds->right);
    double y1 = value_of(&bounds->bottom), right = side[0] + side[2], bottom = side[1] + side[3];
    return side[0] < x1 && x0 < right && side[1] < y1 && y0 < bottom && side[0] - EPS <= x0 && x1 <= right + EPS &&
           side[1] - EPS <= y0 && y1 <= bottom + EPS;
}

/* -- rings --------------------------------------------------------------------------------------------------- */

/* The points of a ring while they are written: where each begins in the text. */
typedef struct {
    double x, y, first_x, first_y;
    char *start, *last;
    size_t count;
} Ring;

/* Writes `x,y` of one point as Python writes them; 0 where a number needs care. */
static inline int put_point(Cursor *c, char **out, double *x, double *y)
{
    for (int axis = 0; axis < 2; axis++) {
        Number number = {0};
        skip_blanks(c);
        if (!read_number(c, &number))
            return 0;
        skip_blanks(c);
        double value = value_of(&number);
        if (axis > 0)
            *(*out)++ = ',';
        if (!(value >= 0 && value < MOST_AREA) || (number.is_real && signbit(value)))
            return 0;
        *out = number.is_real ? put_shortest(*out, value) : put_digits(*out, (uint64_t)number.whole, 1);
        if (*out == NULL)
            return 0;
        *(axis ? y : x) = value;
        if (axis == 0 && *c->p++ != ',')
            return 0;
    }
    return 1;
}

/* Rings that were judged before, without points that repeat the one before, and with every number in its shortest form. */
static inline char *put_rings_anew(char *out, const char *text)
{
    Cursor cursor = {text, NULL, NULL}, *c = &cursor;
    char opening = '[';
    skip_blanks(c);
    do {
        Ring ring = {0};
        c->p++;
        skip_blanks(c);
        *out++ = opening;
        *out++ = '[';
        opening = ',';
        do {
            double x = 0, y = 0;
            char *start = out;
            c->p++;
            if (ring.count > 0)
                *out++ = ',';
            if (!put_point(c, &out, &x, &y))
                return NULL;
            if (ring.count > 0 && x == ring.x && y == ring.y) {
                out = start;
                continue;
            }
            if (ring.count++ == 0) {
                ring.first_x = x;
                ring.first_y = y;
            }
            ring.x = x;
            ring.y = y;
            ring.last = start;
        } while (*c->p == ',');
        /* Neighbours differ, so at most one closing point is left. */
        if (ring.count > 1 && ring.x == ring.first_x && ring.y == ring.first_y)
            out = ring.last;
        *out++ = ']';
        c->p++;
        skip_blanks(c);
    } while (*c->p == ',');
    *out++ = ']';
    return out;
}

static inline char *put_rings(char *out, const Outline *outline, const char *text, size_t size)
{
    if (outline->repeats)
        return put_rings_anew(out, text);
    if (memchr(text, 'e', size) != NULL || memchr(text, 'E', size) != NULL)
        return NULL;
    int blanks = 0;
    for (size_t i = 0; i < size; i++)
        blanks |= text[i] <= ' ';
    if (!blanks) {
        memcpy(out, text, size);
        return out + size;
    }
    for (const char *p = text; p < text + size; p++)
        if (*p > ' ')
            *out++ = *p;
    return out;
}

static inline char *put_bbox(char *out, const Object *object)
{
    for (int i = 0; out != NULL && i < 4; i++) {
        if (i > 0)
            *out++ = ',';
        out = put_side(out, object->is_whole[i], object->side[i]);
    }
    return out != NULL ? put_word(out, "],\"area\":") : NULL;
}

/* The declared area if it is surely near to the computed one; without one, a box has that of its sides. */
static inline char *put_area(char *out, const Object *object, double computed, int is_box)
{
    if (!object->has_area)
        return is_box ? put_trimmed(out, computed) : NULL;
    return is_near(object->area, computed) ? put_side(out, object->is_whole_area, object->area) : NULL;
}

static inline char *put_corners(char *out, const Object *object)
{
    char far[2][NUMBER_ROOM], near[2][NUMBER_ROOM];
    char *ends[] = {put_side(near[0], object->is_whole[0], object->side[0]), put_side(near[1], object->is_whole[1], object->side[1]),
                    put_trimmed(far[0], object->side[0] + object->side[2]),
                    put_trimmed(far[1], object->side[1] + object->side[3])};
    for (int i = 0; i < 4; i++) {
        if (ends[i] == NULL)
            return NULL;
        *ends[i] = 0;
    }
    const char *corners[] = {near[0], near[1], far[0], near[1], far[0], far[1], near[0], far[1]};
    out = put_word(out, "[[");
    for (int i = 0; i < 8; i++) {
        if (i > 0)
            *out++ = ',';
        out = put_word(out, corners[i]);
    }
    return put_word(out, "]]");
}

static inline char *put_box_object(char *out, const Object *object, int rectangle)
{
    double area;
    if (!round_six(object->side[2] * object->side[3], &area) || !(area > 0 && area < MOST_AREA))
        return NULL;
    if ((out = put_bbox(out, object)) == NULL || (out = put_area(out, object, area, 1)) == NULL)
        return NULL;
    out = put_word(out, ",\"iscrowd\":0,\"segmentation\":");
    return rectangle ? put_corners(out, object) : put_word(out, "[]");
}

/* -- masks --------------------------------------------------------------------------------------------------- */

/* No length is longer as text, with what separates it or with escapes. */
enum { LENGTH_ROOM = 26 };

/* One length, or the difference of two, as COCO's compressed text, in a JSON string. */
static inline char *put_compressed(char *out, long long value)
{
    for (int done = 0; !done;) {
        long long group = value & 31;
        value >>= 5;
        done = value == (group & 16 ? -1 : 0);
        *out = (char)('0' + group + (done ? 0 : 32));
        if (*out++ == '\\')
            *out++ = '\\';
    }
    return out;
}

/* The twin of exportkit_coco.shape.Shapes.runs. */
static inline char *put_runs(char *out, const MaskMeasure *mask, int is_list)
{
    size_t count;
    const long long *lengths = kept_lengths(mask, &count);
    out = put_digits(put_word(out, "{\"size\":["), (uint64_t)mask->height, 1);
    *out++ = ',';
    out = put_word(put_digits(out, (uint64_t)mask->width, 1), "],\"counts\":");
    *out++ = is_list ? '[' : '"';
    for (size_t i = 0; i < count; i++) {
        if (is_list && i > 0)
            *out++ = ',';
        out = is_list ? put_digits(out, (uint64_t)lengths[i], 1)
                      : put_compressed(out, lengths[i] - (i > 2 ? lengths[i - 2] : 0));
    }
    return put_word(out, is_list ? "]}" : "\"}");
}

static inline char *put_mask_object(char *out, const Object *object, int lists_runs)
{
    const MaskMeasure *mask = object->mask;
    if ((out = put_bbox(out, object)) == NULL || (out = put_area(out, object, (double)mask->covered, 1)) == NULL)
        return NULL;
    out = put_word(out, object->is_crowd ? ",\"iscrowd\":1,\"segmentation\":" : ",\"iscrowd\":0,\"segmentation\":");
    return put_runs(out, mask, object->is_crowd || lists_runs);
}

static inline char *put_polygon_object(char *out, const Object *object, const Outline *outline)
{
    if (outline->shortest <= ALWAYS_TESTED || !holds(object->side, &outline->bounds))
        return NULL;
    if ((out = put_bbox(out, object)) == NULL || (out = put_area(out, object, outline->area, 0)) == NULL)
        return NULL;
    return put_rings(put_word(out, ",\"iscrowd\":0,\"segmentation\":"), outline, object->rings, object->rings_size);
}

#endif
