/* Regions of annotations that are read from their JSON text. */
#ifndef EXPORTKIT_REGIONS_H
#define EXPORTKIT_REGIONS_H

#include "rings.h"
#include "slots.h"

/* The class of a region and where it keeps what is looked at. */
typedef struct {
    PyTypeObject *type;
    Py_ssize_t source, form, holes, turns;
    PyObject *rings, *points; /* the forms that are read */
} Regions;

static inline int regions_begin(Regions *self, PyObject *type)
{
    self->type = (PyTypeObject *)Py_NewRef(type);
    self->rings = PyUnicode_InternFromString("coco_rings");
    self->points = PyUnicode_InternFromString("rings_xy");
    return self->rings != NULL && self->points != NULL && (self->source = offset_of(self->type, "source")) >= 0 &&
           (self->form = offset_of(self->type, "form")) >= 0 && (self->holes = offset_of(self->type, "holes")) >= 0 &&
           (self->turns = offset_of(self->type, "turns")) >= 0;
}

static inline void regions_end(Regions *self)
{
    Py_CLEAR(self->type);
    Py_CLEAR(self->rings);
    Py_CLEAR(self->points);
}

/* Reads rings that lie within a picture of this size into `outline`: 1; 0, perhaps with an exception, for any others. */
static inline int read_rings_within(Outline *outline, const char *start, const char *end, int in_points, const double *size)
{
    Cursor cursor = {start, end, NULL};
    skip_blanks(&cursor);
    if (!(in_points ? exportkit_outline_read_points(outline, &cursor) : exportkit_outline_read(outline, &cursor)))
        return 0;
    skip_blanks(&cursor);
    const Bounds *bounds = &outline->bounds;
    return cursor.p == cursor.end && value_of(&bounds->left) >= 0 && value_of(&bounds->top) >= 0 &&
           value_of(&bounds->right) <= size[0] && value_of(&bounds->bottom) <= size[1];
}

static inline int is_form(PyObject *form, PyObject *word)
{
    return form == word || (PyUnicode_CheckExact(form) && PyUnicode_Compare(form, word) == 0);
}

/* Reads the rings of a region that lies within a picture of this size into `outline`, and borrows its text: 1; 0, perhaps
   with an exception, for any other. */
static inline int read_region(const Regions *self, PyObject *region, Outline *outline, const double *size, PyObject **text)
{
    if (region == NULL || Py_TYPE(region) != self->type)
        return 0;
    PyObject *source = field(region, self->source), *form = field(region, self->form), *turns = field(region, self->turns);
    if (source == NULL || !PyBytes_CheckExact(source) || form == NULL || field(region, self->holes) != Py_None ||
        turns == NULL || !PyTuple_CheckExact(turns) || PyTuple_GET_SIZE(turns) != 0)
        return 0;
    int in_points = !is_form(form, self->rings);
    if (in_points && !is_form(form, self->points))
        return 0;
    *text = source;
    const char *start = PyBytes_AS_STRING(source);
    return read_rings_within(outline, start, start + PyBytes_GET_SIZE(source), in_points, size);
}

#endif
