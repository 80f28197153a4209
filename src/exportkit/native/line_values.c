/* Values that annotations have in every schema: texts, ids, boxes, turns and attributes. */
#include "line_values.h"
#include "numbers.h"
#include "pieces.h"

Remembered *exportkit_remembered(Reader *reader, const Span *span)
{
    if (!span->plain || span->n > REMEMBERED_BYTES)
        return NULL;
    uint32_t hash = 2166136261u;
    for (Py_ssize_t i = 0; i < span->n; i++)
        hash = (hash ^ (unsigned char)span->s[i]) * 16777619u;
    Remembered *place = &reader->remembered[(hash ^ hash >> 15) % REMEMBERED];
    PyObject *text = place->text;
    if (text != NULL && PyUnicode_GET_LENGTH(text) == span->n && memcmp(PyUnicode_DATA(text), span->s, (size_t)span->n) == 0)
        return place;
    PyObject *fresh = text_of(span);
    if (fresh == NULL)
        return NULL;
    Py_XSETREF(place->text, fresh);
    for (int kind = 0; kind < KINDS; kind++)
        Py_CLEAR(place->pairs[kind]);
    return place;
}

PyObject *exportkit_repeated_text(Reader *reader, const Span *span)
{
    Remembered *place = exportkit_remembered(reader, span);
    if (place != NULL)
        return Py_NewRef(place->text);
    return PyErr_Occurred() ? NULL : text_of(span);
}

int exportkit_read_identity(Cursor *c, PyObject **out)
{
    Number number;
    Span span;
    if (*c->p == 'n')
        return TAKE(c, "null");
    PyObject *found;
    if (*c->p == '"') {
        if (!read_span(c, &span) || span.n == 0)
            return 0;
        if (out == NULL)
            return is_text(&span);
        found = text_of(&span);
    } else {
        if (!read_number(c, &number) || number.is_real)
            return 0;
        if (out == NULL)
            return 1;
        found = number_object(&number);
    }
    if (found == NULL)
        return 0;
    Py_XSETREF(*out, found);
    return 1;
}

int exportkit_read_box(Cursor *c, Source *source)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    if (*c->p != '[')
        return 0;
    c->p++;
    for (int i = 0; i < 4; i++) {
        skip_blanks(c);
        if (!read_number(c, &source->box[i]) || !is_moderate(&source->box[i]))
            return 0;
        skip_blanks(c);
        if (*c->p != (i < 3 ? ',' : ']'))
            return 0;
        c->p++;
    }
    source->has_box = 1;
    return 1;
}

int exportkit_read_rotation(Cursor *c, Source *source)
{
    if (*c->p == 'n')
        return TAKE(c, "null");
    return ((Reader *)c->owner)->rotated != Py_None && read_number(c, &source->rotation) && is_moderate(&source->rotation);
}

int exportkit_find_kind(Source *source)
{
    static const double turn = 6.283185307179586, no_turn = 1e-9;
    source->kind = source->points != NULL ? KEYPOINTS : source->region.kind;
    if (source->points != NULL && source->region.kind != BOX)
        return 0;
    if (source->kind != BOX)
        return 1;
    if (!source->has_box)
        return 0;
    if (!source->rotation.set || fabs(remainder(value_of(&source->rotation), turn)) <= no_turn)
        return 1;
    source->kind = ROTATED;
    const Number *box = source->box;
    return round_six(value_of(&box[0]) + value_of(&box[2]) / 2, &source->cx) &&
           round_six(value_of(&box[1]) + value_of(&box[3]) / 2, &source->cy);
}

/* -- attributes --------------------------------------------------------------------------------------------- */

static int read_members(Cursor *c, int depth, PyObject **out);

static int read_scalar(Cursor *c, PyObject **out)
{
    Span span;
    Number number;
    PyObject *value = NULL;
    switch (*c->p) {
    case '"':
        if (!read_span(c, &span))
            return 0;
        if (out == NULL)
            return is_text(&span);
        value = exportkit_repeated_text(((Reader *)c->owner), &span);
        break;
    case 't':
        value = TAKE(c, "true") ? Py_NewRef(Py_True) : NULL;
        break;
    case 'f':
        value = TAKE(c, "false") ? Py_NewRef(Py_False) : NULL;
        break;
    case 'n':
        value = TAKE(c, "null") ? Py_NewRef(Py_None) : NULL;
        break;
    default:
        if (!read_number(c, &number))
            return 0;
        if (out == NULL)
            return 1;
        value = number_object(&number);
    }
    if (value == NULL)
        return 0;
    if (out != NULL)
        *out = value;
    else
        Py_DECREF(value);
    return 1;
}

static int read_scalars(Cursor *c, PyObject **out)
{
    PyObject *list = out != NULL ? PyList_New(0) : NULL, *value = NULL;
    int count = 0, found, failed = out != NULL && list == NULL;
    enter_list(c);
    while (!failed && (found = next_element(c, &count)) != 0) {
        failed = found < 0 || !read_scalar(c, out != NULL ? &value : NULL);
        if (!failed && out != NULL) {
            failed = PyList_Append(list, value) < 0;
            Py_DECREF(value);
        }
    }
    if (failed)
        Py_XDECREF(list);
    else if (out != NULL)
        *out = list;
    return !failed;
}

static int read_value(Cursor *c, int depth, PyObject **out)
{
    if (*c->p == '{')
        return depth == 0 && read_members(c, depth + 1, out);
    if (*c->p == '[')
        return depth == 0 && read_scalars(c, out);
    return read_scalar(c, out);
}

/* An object of scalars, of lists of scalars and of objects of scalars; deeper ones go the general way. */
static int read_members(Cursor *c, int depth, PyObject **out)
{
    PyObject *dict = NULL, *key, *value = NULL;
    Span name;
    int count = 0, found;
    if (!enter(c) || (out != NULL && (dict = PyDict_New()) == NULL))
        return 0;
    while ((found = next_member(c, &count, &name)) > 0) {
        if (out == NULL) {
            if (!is_text(&name) || !read_value(c, depth, NULL))
                return 0;
            continue;
        }
        key = exportkit_repeated_text(((Reader *)c->owner), &name);
        if (key == NULL)
            break;
        int failed = !read_value(c, depth, &value);
        if (!failed) {
            failed = PyDict_SetItem(dict, key, value) < 0;
            Py_DECREF(value);
        }
        Py_DECREF(key);
        if (failed)
            break;
    }
    if (found != 0) {
        Py_XDECREF(dict);
        return 0;
    }
    if (out != NULL)
        *out = dict;
    return 1;
}

int exportkit_read_attribute(Cursor *c, PyObject **out)
{
    return read_value(c, 0, out);
}

int exportkit_read_attributes(Cursor *c, PyObject **out)
{
    return read_members(c, 0, out);
}

int exportkit_keep_attribute(Reader *reader, const Span *name, PyObject *value, PyObject **dict)
{
    PyObject *key = exportkit_repeated_text(reader, name);
    if (key != NULL && *dict == NULL)
        *dict = PyDict_New();
    int kept = key != NULL && *dict != NULL && PyDict_SetItem(*dict, key, value) == 0;
    Py_XDECREF(key);
    return kept;
}

/* As the reader gives them, with one dict for all texts that are equal. */
static int read_known_attributes(Cursor *c, Source *source, AttributesReader read)
{
    const char *start = c->p;
    int had_rotation = source->rotation.set;
    if (!read(c, source, NULL))
        return 0;
    Py_ssize_t size = c->p - start;
    RememberedAttributes *place =
        &((Reader *)c->owner)->attributes[hash_of_piece(start, (size_t)size) % REMEMBERED_ATTRIBUTE_TEXTS];
    if (place->read == read && place->size == size && memcmp(place->text, start, (size_t)size) == 0) {
        source->attributes = Py_XNewRef(place->dict);
        return 1;
    }
    c->p = start;
    if (!read(c, source, &source->attributes))
        return 0;
    /* A text that tells the turn of a box, too, is hardly met again, and tells more than the dict. */
    if (size <= LONGEST_ATTRIBUTES && source->rotation.set == had_rotation) {
        Py_XSETREF(place->dict, Py_XNewRef(source->attributes));
        place->read = read;
        place->size = size;
        memcpy(place->text, start, (size_t)size);
    }
    return 1;
}

int exportkit_read_source_attributes(Cursor *c, Source *source, const Want *want, AttributesReader read)
{
    if (want->run != NULL)
        return read_known_attributes(c, source, read);
    return read(c, source, want->build ? &source->attributes : NULL);
}
