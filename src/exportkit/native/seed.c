/* Ordinary annotations of the seed schema.

   The twin of exportkit.normalize.seed_fast.SeedFast: what is accepted here gives the same record or survey, and
   whatever is unusual is refused, so that the general way decides about it. */
#include "line_values.h"
#include "seed_run.h"
#include "short_reals.h"

/* true, false, 0 or 1. */
static int read_crowd(Cursor *c, int *flag)
{
    if (*c->p == 't' || *c->p == 'f')
        return read_flag(c, flag);
    long long value;
    if (!read_whole(c, &value) || value < 0 || value > 1)
        return 0;
    *flag = (int)value;
    return 1;
}

typedef enum { ANY, NEAR, COUNT } NumberRule;

/* A number by its rule or null; made where `out` is not NULL. */
static int read_measure(Cursor *c, NumberRule rule, PyObject **out)
{
    Number number;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!read_number(c, &number) || (rule == NEAR && !is_moderate(&number)) ||
        (rule == COUNT && (number.is_real || number.whole < 0)))
        return 0;
    return out == NULL || (*out = number_object(&number)) != NULL;
}

/* The declared area or null. */
static int read_declared(Cursor *c, Number *number)
{
    return *c->p == 'n' ? TAKE(c, "null") : read_number(c, number);
}

static int read_attributes(Cursor *c, Source *source, PyObject **out)
{
    PyObject *found = NULL;
    (void)source;
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (!exportkit_read_attributes(c, out != NULL ? &found : NULL))
        return 0;
    if (found != NULL && PyDict_GET_SIZE(found) > 0)
        *out = found;
    else
        Py_XDECREF(found);
    return 1;
}

/* Keys that decide about kind or geometry. */
static const char *const left_of_source[] = {"type", "kind", "tool", "box", "obb", "polygon", "polygons", "points", "holes",
                                             "rle", "mask", "keypoint_names", "skeleton", NULL};

int exportkit_read_triplet(Cursor *c, Number *numbers)
{
    for (int i = 0; i < 3; i++) {
        skip_blanks(c);
        numbers[i].is_real = numbers[i].set = 1;
        if (!read_short_real(c, &numbers[i].real) && !(read_number(c, &numbers[i]) && is_moderate(&numbers[i])))
            return 0;
        skip_blanks(c);
        if (*c->p != ',' && !(i == 2 && *c->p == ']'))
            return 0;
        if (i < 2)
            c->p++;
    }
    return !numbers[2].is_real && numbers[2].whole >= 0 && numbers[2].whole <= 2;
}

/* Passes over key points that were judged before; whoever needs one reads it, and refuses what it is not. */
static int skip_judged_triplets(Cursor *c, Source *source)
{
    const char *end = memchr(c->p, ']', (size_t)(c->end - c->p));
    Py_ssize_t commas = 0;
    if (end == NULL)
        return 0;
    for (const char *p = c->p; p < end; p++)
        commas += *p == ',';
    if (commas % 3 != 2)
        return 0;
    source->point_count = (commas + 1) / 3;
    c->p = source->points_end = end + 1;
    return 1;
}

/* Key points as a flat list of x, y and visibility, or null. */
static int read_keypoints(Cursor *c, Source *source, int judged)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (((Reader *)c->owner)->keypoints == Py_None || *c->p != '[')
        return 0;
    source->points = c->p;
    if (judged)
        return skip_judged_triplets(c, source);
    do {
        c->p++;
        Number numbers[3];
        if (!exportkit_read_triplet(c, numbers))
            return 0;
        source->point_count++;
    } while (*c->p == ',');
    source->points_end = ++c->p;
    return 1;
}

/* One member of an annotation. Only kind and class are wanted where nothing is built. */
static int read_source_member(Cursor *c, const Span *key, Source *source, unsigned *seen, const Want *want)
{
    /* A run tells only whether there are such things. */
    int build = want->build, whole = build && want->run == NULL;
#define READ(name, number, reading)                                                                                     \
    if (IS(key, name))                                                                                                  \
    return once(seen, number) && (reading)
#define OUT(field) (build ? &source->field : NULL)
    switch (key->n) {
    case 2:
        READ("id", 0, (source->identity = c->p) && exportkit_read_identity(c, whole ? &source->id : NULL));
        break;
    case 4:
        READ("bbox", 1, exportkit_read_box(c, source));
        READ("area", 2, whole ? read_measure(c, ANY, &source->area) : read_declared(c, &source->declared));
        break;
    case 5:
        READ("score", 3, read_measure(c, NEAR, OUT(score)));
        READ("frame", 4, read_measure(c, COUNT, OUT(frame)));
        break;
    case 7:
        READ("iscrowd", 5, read_crowd(c, &source->iscrowd));
        break;
    case 8:
        READ("category", 6, read_span(c, &source->label));
        READ("group_id", 7, exportkit_read_identity(c, OUT(group)));
        READ("track_id", 8, exportkit_read_identity(c, OUT(track)));
        READ("occluded", 9, read_flag(c, &source->occluded));
        READ("rotation", 14, exportkit_read_rotation(c, source));
        break;
    case 9:
        READ("keypoints", 15, read_keypoints(c, source, want->judged));
        READ("difficult", 10, read_flag(c, &source->difficult));
        READ("truncated", 11, read_flag(c, &source->truncated));
        break;
    case 10:
        READ("attributes", 12, exportkit_read_source_attributes(c, source, want, read_attributes));
        break;
    case 12:
        READ("segmentation", 13, exportkit_read_region(c, &source->region, want->judged));
        break;
    default:
        break;
    }
    return skip_unread(c, key, left_of_source);
#undef OUT
#undef READ
}

static int read_source(Cursor *c, Source *source, const Want *want)
{
    Span key;
    unsigned seen = 0;
    int count = 0, found;
    if (!enter(c))
        return 0;
    while ((found = next_member(c, &count, &key)) > 0)
        if (!read_source_member(c, &key, source, &seen, want))
            return 0;
    /* Without geometry the general way says what is missing; a class that is not named, it chooses. */
    return found == 0 && source->label.set && exportkit_find_kind(source);
}

int exportkit_read_seed(Cursor *c, Line *line, const Want *want)
{
    int count = 0, found;
    if (!enter_list(c))
        return 0;
    while ((found = next_element(c, &count)) > 0) {
        Source source = {0};
        int good = read_source(c, &source, want) && exportkit_keep_source(c, line, want, &source);
        clear_source(&source);
        if (!good)
            return 0;
    }
    return found == 0;
}
