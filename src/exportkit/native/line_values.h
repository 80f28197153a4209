/* Values that annotations have in every schema. Each function gives 1, or 0 for what is refused, perhaps with an exception. */
#ifndef EXPORTKIT_LINE_VALUES_H
#define EXPORTKIT_LINE_VALUES_H

#include "seed.h"

static inline int read_whole(Cursor *c, long long *value)
{
    Number number;
    if (!read_number(c, &number) || number.is_real)
        return 0;
    *value = number.whole;
    return 1;
}

static inline int read_optional_span(Cursor *c, Span *span)
{
    return *c->p == 'n' ? TAKE(c, "null") : read_span(c, span);
}

/* A filled text or null. */
static inline int read_filled_span(Cursor *c, Span *span)
{
    return read_optional_span(c, span) && !(span->set && span->n == 0);
}

static inline int read_flag(Cursor *c, int *flag)
{
    *flag = *c->p == 't';
    return *flag ? TAKE(c, "true") : TAKE(c, "false");
}

/* Whether a key is one of some, of which the last is NULL. */
static inline int is_one_of(const Span *key, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_key(key, *words, strlen(*words)))
            return 1;
    return 0;
}

/* Passes over a member that nobody reads. A key in `left` is one that the general way reads; so may be one with escapes. */
static inline int skip_unread(Cursor *c, const Span *key, const char *const *left)
{
    if (has_escapes(key) || !is_text(key))
        return 0;
    return is_one_of(key, left) ? *c->p == 'n' && TAKE(c, "null") : skip_value(c, 0);
}

/* Passes over a value that is read later. */
static inline int leave(Cursor *c, const char **place)
{
    *place = c->p;
    return skip_value(c, 0);
}

/* Where the text of a short plain span is remembered, made if need be; NULL for any other span. Short texts repeat: they
   are names of classes and attributes. */
Remembered *exportkit_remembered(Reader *reader, const Span *span);

/* `[x, y, width, height]` or null. */
int exportkit_read_box(Cursor *c, Source *source);

/* The turn of a box, or null. */
int exportkit_read_rotation(Cursor *c, Source *source);

/* The kind by the first geometry that is there (formats, section 1.3); refused where there is none or its middle needs care. */
int exportkit_find_kind(Source *source);

/* The value of an attribute: a scalar, or a list or an object of scalars. Nothing is made where `out` is NULL. */
int exportkit_read_attribute(Cursor *c, PyObject **out);

/* An object of attributes. */
int exportkit_read_attributes(Cursor *c, PyObject **out);

/* Adds an attribute to a dict, which is made if need be. */
int exportkit_keep_attribute(Reader *reader, const Span *name, PyObject *value, PyObject **dict);

/* The attributes of an annotation, in a run as one dict for all texts that are equal. */
int exportkit_read_source_attributes(Cursor *c, Source *source, const Want *want, AttributesReader read);

/* Passes over arrays of numbers within each other. */
int exportkit_skip_rings(Cursor *c, int depth);

/* A list of rings, run lengths, or null. An empty list is no region. */
int exportkit_read_region(Cursor *c, Region *region, int judged);

/* The outline of one polygon as a list of points, each an array or an object. */
int exportkit_read_points(Cursor *c, Region *region, int judged);

/* Adds an annotation or a pair to what the line holds, or an entry to the run. */
int exportkit_keep_source(Cursor *c, Line *line, const Want *want, const Source *source);

static inline void clear_source(Source *source)
{
    Py_CLEAR(source->id);
    Py_CLEAR(source->area);
    Py_CLEAR(source->score);
    Py_CLEAR(source->group);
    Py_CLEAR(source->track);
    Py_CLEAR(source->frame);
    Py_CLEAR(source->attributes);
}

#endif
