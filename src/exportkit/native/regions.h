/* Regions of annotations that are read from their JSON text. */
#ifndef EXPORTKIT_REGIONS_H
#define EXPORTKIT_REGIONS_H

#include "rings.h"
#include "slots.h"

/* The class of a region and where it keeps what is looked at. */
typedef struct {
    PyTypeObject *type;
    Py_ssize_t source, form, holes, turns;
    PyObject *rings; /* the form whose rings are read */
} Regions;

static inline int regions_begin(Regions *self, PyObject *type)
{
    self->type = (PyTypeObject *)Py_NewRef(type);
    self->rings = PyUnicode_InternFromString("coco_rings");
    return self->rings != NULL && (self->source = offset_of(self->type, "source")) >= 0 &&
           (self->form = offset_of(self->type, "form")) >= 0 && (self->holes = offset_of(self->type, "holes")) >= 0 &&
           (self->turns = offset_of(self->type, "turns")) >= 0;
}

static inline void regions_end(Regions *self)
{
    Py_CLEAR(self->type);
    Py_CLEAR(self->rings);
}

/* Reads rings that lie within a picture of this size into `outline`: 1; 0, perhaps with an exception, for any others. */
static inline int read_rings_within(Outline *outline, const char *start, const char *end, const double *size)
{
    Cursor cursor = {start, end, NULL};
    skip_blanks(&cursor);
    if (!exportkit_outline_read(outline, &cursor))
        return 0;
    skip_blanks(&cursor);
    const Bounds *bounds = &outline->bounds;
    return cursor.p == cursor.end && value_of(&bounds->left) >= 0 && value_of(&bounds->top) >= 0 &&
           value_of(&bounds->right) <= size[0] && value_of(&bounds->bottom) <= size[1];
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
    if (form != self->rings && !(PyUnicode_CheckExact(form) && PyUnicode_Compare(form, self->rings) == 0))
        return 0;
    *text = source;
    return read_rings_within(outline, PyBytes_AS_STRING(source), PyBytes_AS_STRING(source) + PyBytes_GET_SIZE(source), size);
}

#endif
