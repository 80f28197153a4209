/* What boxes cover of their regions, for records of a run. */
#include "rings.h"
#include "seed_run.h"

#include <math.h>

/* Rings of so many points are always tested for crossings; a declared area is surely near up to this share; and the side
   below which a box has none (exportkit.records). */
enum { ALWAYS_TESTED = 8 };
static const double SURELY_NEAR = 0.009, LEAST_SIDE = 0.001;

/* Whether the box of a region holds it. */
static int is_held(const Entry *entry, const double *bounds)
{
    double x = value_of(&entry->box[0]), y = value_of(&entry->box[1]);
    return x - LEAST_SIDE <= bounds[0] && y - LEAST_SIDE <= bounds[1] &&
           bounds[2] <= x + value_of(&entry->box[2]) + LEAST_SIDE && bounds[3] <= y + value_of(&entry->box[3]) + LEAST_SIDE;
}

/* How much of its box a region of this area covers, where the box holds it: 1, or 0 where the declared area is not surely
   right. */
static int share_of_box(const Entry *entry, double area, double *share)
{
    double declared = value_of(&entry->declared);
    if (!(declared > 0 && fabs(declared - area) <= SURELY_NEAR * area))
        return 0;
    *share = fmin(declared / (value_of(&entry->box[2]) * value_of(&entry->box[3])), 1.0);
    return 1;
}

/* Of a polygon: 1; 0 where that takes a closer look, perhaps with an exception. */
static int share_of_polygon(const Entry *entry, const RunRecord *record, Outline *outline, double *share)
{
    Cursor cursor = {entry->rings, entry->rings_end, NULL};
    if (entry->in_points || !exportkit_outline_read(outline, &cursor) || cursor.p != cursor.end || outline->shortest <= ALWAYS_TESTED ||
        memchr(entry->rings, 'e', (size_t)(entry->rings_end - entry->rings)) ||
        memchr(entry->rings, 'E', (size_t)(entry->rings_end - entry->rings)))
        return 0;
    const Bounds *found = &outline->bounds;
    double bounds[4] = {value_of(&found->left), value_of(&found->top), value_of(&found->right), value_of(&found->bottom)};
    return bounds[0] >= 0 && bounds[1] >= 0 && bounds[2] <= record->width && bounds[3] <= record->height &&
           is_held(entry, bounds) && share_of_box(entry, outline->area, share);
}

/* Of a mask on the grid of its picture, of at most so many pixels. */
static int share_of_mask(const Entry *entry, const RunRecord *record, double most_pixels, double *share)
{
    long long window[4];
    MaskMeasure mask;
    /* A pixel belongs to a box that holds its centre. */
    for (int i = 0; i < 4; i++)
        window[i] = (long long)ceil(value_of(&entry->box[i % 2]) + (i < 2 ? 0 : value_of(&entry->box[i])) - 0.5);
    const MaskText text = mask_text(entry, record, most_pixels);
    if (!measure_picture_mask(&mask, &text, window, NULL))
        return 0;
    double bounds[4] = {(double)mask.left, (double)mask.top, (double)mask.right, (double)mask.bottom};
    if (is_held(entry, bounds))
        return share_of_box(entry, (double)mask.covered, share);
    *share = (double)mask.within / (double)(mask.covered + (window[2] - window[0]) * (window[3] - window[1]) - mask.within);
    return 1;
}

/* How much a region and its box have in common: 1; 0 where that takes a closer look, perhaps with an exception. The twin of
   exportkit.writing.overlaps.box_overlaps where nothing is doubtful. */
static int find_share(const Entry *entry, const RunRecord *record, double most_pixels, Outline *outline, double *share)
{
    double x = value_of(&entry->box[0]), y = value_of(&entry->box[1]), width = value_of(&entry->box[2]),
           height = value_of(&entry->box[3]);
    if (!entry->has_box || !entry->declared.set ||
        !(x >= 0 && y >= 0 && width >= LEAST_SIDE && height >= LEAST_SIDE && x + width <= record->width && y + height <= record->height))
        return 0;
    return entry->region == POLYGON ? share_of_polygon(entry, record, outline, share)
                                    : entry->region == MASK && share_of_mask(entry, record, most_pixels, share);
}

static PyObject *made_share(const SeedRun *run, const Entry *entry, size_t position, double share)
{
    PyObject *name = exportkit_name_of_entry(run, entry, position);
    return name != NULL ? Py_BuildValue("(ndN)", (Py_ssize_t)position, share, name) : NULL;
}

PyObject *exportkit_shares(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t at;
    double most_pixels;
    if (!PyArg_ParseTuple(args, "nd", &at, &most_pixels) || !is_record_of(run, at))
        return NULL;
    const RunRecord *record = &run->records[at];
    Outline outline = {0};
    PyObject *list = PyList_New(0), *entry = NULL;
    int good = list != NULL && record->is_ordinary;
    for (size_t i = 0; good && i < record->count; i++) {
        double share;
        const Entry *own = &run->entries[record->first + i];
        if (own->region == BOX)
            continue;
        good = find_share(own, record, most_pixels, &outline, &share) &&
               (entry = made_share(run, own, i, share)) != NULL && PyList_Append(list, entry) == 0;
        Py_CLEAR(entry);
    }
    exportkit_outline_clear(&outline);
    if (good)
        return list;
    Py_XDECREF(list);
    if (!is_mere_refusal())
        return NULL;
    Py_RETURN_NONE;
}
