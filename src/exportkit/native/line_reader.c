/* The reader of ordinary lines: records and surveys of those that are taken, None for those that are refused. */
#include "line_values.h"
#include "seed_head.h"

/* Where a record lies and what its picture is, if that is known: (width, height, orientation, file, line number). */
typedef struct {
    PyObject *width, *height, *orientation, *file, *number;
} Place;

static PyObject *made_record(Reader *reader, Line *line, const Head *head, const Place *place)
{
    static PyObject *names = NULL;
    if (names == NULL)
        names = Py_BuildValue("(sssssssssssss)", "name", "width", "height", "orientation", "file", "split", "group",
                              "notices", "source_file", "line", "medium", "status", "media_id");
    PyObject *annotations = PyList_AsTuple(line->contents), *width = NULL, *height = NULL, *media = NULL, *made = NULL;
    if (names == NULL || annotations == NULL)
        goto done;
    width = place->width != NULL ? Py_NewRef(place->width) : PyLong_FromLongLong(head->width);
    height = place->height != NULL ? Py_NewRef(place->height) : PyLong_FromLongLong(head->height);
    if (width == NULL || height == NULL || !made_optional_text(&line->media, &media))
        goto done;
    PyObject *args[] = {NULL, line->id, annotations, head->name, width, height, place->orientation, head->file,
                        head->split, head->group, head->notices, place->file, place->number, reader->image,
                        line->status != NULL ? line->status : Py_None, media};
    made = PyObject_Vectorcall(reader->record, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, names);
done:
    Py_XDECREF(annotations);
    Py_XDECREF(media);
    Py_XDECREF(width);
    Py_XDECREF(height);
    return made;
}

static PyObject *made_survey(Reader *reader, Line *line, const Head *head)
{
    PyObject *made = NULL, *width = PyLong_FromLongLong(head->width), *height = PyLong_FromLongLong(head->height);
    PyObject *skeletons = line->skeletons != NULL ? PyList_AsTuple(line->skeletons) : Py_NewRef(reader->empty);
    PyObject *media = NULL;
    if (width != NULL && height != NULL && skeletons != NULL && made_optional_text(&line->media, &media)) {
        PyObject *args[] = {NULL, line->id, media, reader->image, head->name, width, height, head->file, head->split,
                            head->group, head->notices, line->contents, reader->empty, skeletons};
        made = PyObject_Vectorcall(reader->survey, args + 1, 13 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    }
    Py_XDECREF(media);
    Py_XDECREF(skeletons);
    Py_XDECREF(width);
    Py_XDECREF(height);
    return made;
}

/* The record or survey of a line; None for a refused line, NULL only where the machine or a class fails. */
static PyObject *read_one(Reader *reader, const Piece *piece, const Want *want, const Place *place)
{
    Cursor cursor = {piece->start, piece->end, reader};
    Line line = {0};
    Head head = {0};
    PyObject *made = NULL;
    if (exportkit_read_line(&cursor, &line, want) && made_head(reader, &line, &head))
        made = want->build ? made_record(reader, &line, &head, place) : made_survey(reader, &line, &head);
    clear_head(&head);
    exportkit_clear_line(&line);
    if (made != NULL)
        return made;
    if (!is_mere_refusal())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *reader_survey(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    static const Want want = {0};
    Piece piece;
    if (count != 1 && count != 3) {
        PyErr_SetString(PyExc_TypeError, "survey(line[, start, end])");
        return NULL;
    }
    if (!piece_of(args[0], count == 3 ? args[1] : NULL, count == 3 ? args[2] : NULL, &piece))
        return NULL;
    return read_one((Reader *)self, &piece, &want, NULL);
}

static PyObject *reader_normalise(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Want want = {1, count > 1 && args[1] == Py_True, NULL};
    Piece piece;
    if (count != 1 && count != 2) {
        PyErr_SetString(PyExc_TypeError, "normalise(line, surveyed=False)");
        return NULL;
    }
    if (!piece_of(args[0], NULL, NULL, &piece))
        return NULL;
    PyObject *zero = PyLong_FromLong(0), *one = PyLong_FromLong(1), *none = PyUnicode_New(0, 127), *made = NULL;
    Place place = {NULL, NULL, one, none, zero};
    if (zero != NULL && one != NULL && none != NULL)
        made = read_one((Reader *)self, &piece, &want, &place);
    Py_XDECREF(zero);
    Py_XDECREF(one);
    Py_XDECREF(none);
    return made;
}

static PyObject *reader_place(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    static const Want want = {1, 1, NULL};
    Piece piece;
    if (count != 8) {
        PyErr_SetString(PyExc_TypeError, "place(text, start, end, width, height, orientation, file, number)");
        return NULL;
    }
    if (!piece_of(args[0], args[1], args[2], &piece))
        return NULL;
    Place place = {args[3], args[4], args[5], args[6], args[7]};
    return read_one((Reader *)self, &piece, &want, &place);
}

static void reader_dealloc(PyObject *self)
{
    Reader *reader = (Reader *)self;
    PyObject **held[] = {&reader->annotation, &reader->box, &reader->region, &reader->record, &reader->survey,
                         &reader->file, &reader->digest, &reader->no_media, &reader->rings, &reader->points, &reader->rle,
                         &reader->image, &reader->empty, &reader->one, &reader->rotated, &reader->keypoints, &reader->skeleton,
                         &reader->skeletons};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_CLEAR(*held[i]);
    for (int kind = 0; kind < KINDS; kind++)
        Py_CLEAR(reader->kinds[kind]);
    for (int i = 0; i < REMEMBERED_ATTRIBUTE_TEXTS; i++)
        Py_CLEAR(reader->attributes[i].dict);
    for (int i = 0; i < REMEMBERED; i++) {
        Py_CLEAR(reader->remembered[i].text);
        for (int kind = 0; kind < KINDS; kind++)
            Py_CLEAR(reader->remembered[i].pairs[kind]);
    }
    Py_TYPE(self)->tp_free(self);
}

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", "box",     "region",    "record",   "survey", "file", "digest", "no_media",
                            "rotated",    "keypoints", "skeleton", NULL};
    Reader *reader = (Reader *)type->tp_alloc(type, 0);
    if (reader == NULL)
        return NULL;
    PyObject *given[11];
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOOOOOOOOO", names, &given[0], &given[1], &given[2], &given[3],
                                     &given[4], &given[5], &given[6], &given[7], &given[8], &given[9], &given[10])) {
        Py_DECREF(reader);
        return NULL;
    }
    PyObject **places[] = {&reader->annotation, &reader->box, &reader->region, &reader->record, &reader->survey,
                           &reader->file, &reader->digest, &reader->no_media, &reader->rotated, &reader->keypoints,
                           &reader->skeleton};
    for (int i = 0; i < 11; i++)
        *places[i] = Py_NewRef(given[i]);
    reader->kinds[BOX] = PyUnicode_InternFromString("box");
    reader->kinds[POLYGON] = PyUnicode_InternFromString("polygon");
    reader->kinds[MASK] = PyUnicode_InternFromString("mask");
    reader->kinds[ROTATED] = PyUnicode_InternFromString("rotated_box");
    reader->kinds[KEYPOINTS] = PyUnicode_InternFromString("keypoints");
    reader->kinds[TAG] = PyUnicode_InternFromString("tag");
    reader->skeletons = PyDict_New();
    reader->rings = PyUnicode_InternFromString("coco_rings");
    reader->points = PyUnicode_InternFromString("rings_xy");
    reader->rle = PyUnicode_InternFromString("rle");
    reader->image = PyUnicode_InternFromString("image");
    reader->empty = PyTuple_New(0);
    reader->one = PyLong_FromLong(1);
    if (PyErr_Occurred())
        Py_CLEAR(reader);
    return (PyObject *)reader;
}

static PyMethodDef reader_methods[] = {
    {"survey", (PyCFunction)(void (*)(void))reader_survey, METH_FASTCALL,
     "The survey of a line, or None for a line that is refused."},
    {"normalise", (PyCFunction)(void (*)(void))reader_normalise, METH_FASTCALL,
     "The record of a line, or None for a line that is refused."},
    {"place", (PyCFunction)(void (*)(void))reader_place, METH_FASTCALL,
     "The record of a surveyed line with the size of its picture and its own place, or None for a line that is refused."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject reader_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.SeedReader",
    .tp_doc = "Reads ordinary lines into the classes it is given.",
    .tp_basicsize = sizeof(Reader),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = reader_new,
    .tp_dealloc = reader_dealloc,
    .tp_methods = reader_methods,
};

PyTypeObject *exportkit_seed_reader_type(void)
{
    return PyType_Ready(&reader_type) < 0 ? NULL : &reader_type;
}
