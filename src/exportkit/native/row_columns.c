/* Columns of the rows of a shard, and the lines that tell of their pictures.

   The twin of exportkit.conversion.row_columns. */
#include "buffer.h"
#include "checksums.h"
#include "numbers.h"
#include "slots.h"

/* Where the classes of rows keep what is looked at; found once, since there are no others. */
typedef struct {
    PyTypeObject *row, *media;
    Py_ssize_t id, offset, length, records;
    Py_ssize_t media_id, name, width, height, orientation, depth, split, kinds, notices, fault, dropped, plain_name;
} Fields;

static Fields known;

static int find_fields(PyTypeObject *row, PyTypeObject *media)
{
    if (known.row == row && known.media == media)
        return 1;
    struct {
        PyTypeObject *type;
        const char *name;
        Py_ssize_t *offset;
    } fields[] = {
        {row, "id", &known.id},
        {row, "offset", &known.offset},
        {row, "length", &known.length},
        {row, "media", &known.records},
        {media, "media_id", &known.media_id},
        {media, "name", &known.name},
        {media, "width", &known.width},
        {media, "height", &known.height},
        {media, "orientation", &known.orientation},
        {media, "depth", &known.depth},
        {media, "split", &known.split},
        {media, "kinds", &known.kinds},
        {media, "notices", &known.notices},
        {media, "fault", &known.fault},
        {media, "dropped", &known.dropped},
        {media, "plain_name", &known.plain_name},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if ((*fields[i].offset = offset_of(fields[i].type, fields[i].name)) < 0)
            return 0;
    Py_XSETREF(known.row, (PyTypeObject *)Py_NewRef(row));
    Py_XSETREF(known.media, (PyTypeObject *)Py_NewRef(media));
    return 1;
}

/* The first record of a row, borrowed, and how many it has; NULL with an exception. */
static PyObject *first_record(PyObject *row, Py_ssize_t *count)
{
    PyObject *records = Py_TYPE(row) == known.row ? field(row, known.records) : NULL;
    if (records == NULL || !PyTuple_CheckExact(records) || (*count = PyTuple_GET_SIZE(records)) == 0 ||
        Py_TYPE(PyTuple_GET_ITEM(records, 0)) != known.media) {
        PyErr_SetString(PyExc_TypeError, "a row has records");
        return NULL;
    }
    return PyTuple_GET_ITEM(records, 0);
}

static int is_number(PyObject *object, long number)
{
    return object != NULL && PyLong_CheckExact(object) && PyLong_AsLong(object) == number;
}

/* Whether each kind of a record is one of some: 1 or 0; -1 with an exception. */
static int has_kinds(PyObject *media, PyObject *kinds)
{
    PyObject *own = field(media, known.kinds), *kind, *count;
    Py_ssize_t at = 0;
    int found = 1;
    if (own == NULL || !PyDict_CheckExact(own))
        return 0;
    while (found > 0 && PyDict_Next(own, &at, &kind, &count))
        found = PySet_Contains(kinds, kind);
    return found;
}

/* Whether there is nothing to be said about a record, and its kinds may stand in a run: 1 or 0; -1 with an exception. */
static int may_run(PyObject *media, PyObject *kinds, PyObject *kinds_of_media)
{
    PyObject *notices = field(media, known.notices), *width = field(media, known.width);
    if (field(media, known.plain_name) != Py_True || field(media, known.fault) != Py_None ||
        field(media, known.dropped) != Py_False || notices == NULL || !PyTuple_CheckExact(notices) ||
        PyTuple_GET_SIZE(notices) > 0 || !is_number(field(media, known.orientation), 1) || width == NULL ||
        !PyLong_CheckExact(width) || is_number(width, 0))
        return PyErr_Occurred() ? -1 : 0;
    return has_kinds(media, field(media, known.media_id) == Py_None ? kinds : kinds_of_media);
}

/* Whether one record in so many is measured, by the CRC-32 of its id as text: 1 or 0; -1 with an exception. */
static int is_sampled(PyObject *id, unsigned long sample)
{
    PyObject *word = PyObject_Str(id), *bytes = word != NULL ? PyUnicode_AsEncodedString(word, "utf-8", "replace") : NULL;
    int found = bytes == NULL ? -1 : crc32_of(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)) % sample == 0;
    Py_XDECREF(word);
    Py_XDECREF(bytes);
    return found;
}

enum { IDS, SPLITS, NAMES, WIDTHS, HEIGHTS, DEPTHS, PLACES, COLUMNS };

/* Start and length of the line in a text that begins at an offset, with width and height of the picture. */
static PyObject *place_of(PyObject *row, PyObject *media, PyObject *offset)
{
    PyObject *at = field(row, known.offset), *start = at != NULL ? PyNumber_Subtract(at, offset) : NULL;
    PyObject *place = start == NULL ? NULL
                                    : PyTuple_Pack(4, start, field(row, known.length), field(media, known.width),
                                                   field(media, known.height));
    Py_XDECREF(start);
    return place;
}

typedef struct {
    PyObject *kinds, *kinds_of_media, *offset, *nowhere;
} Choice;

/* Adds a row to all columns: 1, or 0 with an exception. */
static int add_row(PyObject **columns, Py_ssize_t at, PyObject *row, const Choice *choice)
{
    Py_ssize_t count;
    PyObject *media = first_record(row, &count);
    int runs = media == NULL ? -1 : count == 1 ? may_run(media, choice->kinds, choice->kinds_of_media) : 0;
    if (runs < 0)
        return 0;
    PyObject *values[] = {field(row, known.id),       field(media, known.split),  field(media, known.name),
                          field(media, known.width), field(media, known.height), field(media, known.depth)};
    for (int i = 0; i < PLACES; i++)
        PyList_SET_ITEM(columns[i], at, Py_NewRef(values[i]));
    PyObject *place = runs ? place_of(row, media, choice->offset) : Py_NewRef(choice->nowhere);
    if (place != NULL)
        PyList_SET_ITEM(columns[PLACES], at, place);
    return place != NULL;
}

static PyObject *row_columns(PyObject *module, PyObject *args)
{
    PyObject *rows, *columns[COLUMNS] = {NULL}, *made = NULL;
    PyTypeObject *row, *media;
    Choice choice;
    int good = 1;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!O!O!", &PyList_Type, &rows, &PyType_Type, &row, &PyType_Type, &media,
                          &PyFrozenSet_Type, &choice.kinds, &PyFrozenSet_Type, &choice.kinds_of_media, &PyLong_Type,
                          &choice.offset, &PyTuple_Type, &choice.nowhere) ||
        !find_fields(row, media))
        return NULL;
    for (int i = 0; good && i < COLUMNS; i++)
        good = (columns[i] = PyList_New(PyList_GET_SIZE(rows))) != NULL;
    for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(rows); i++)
        good = add_row(columns, i, PyList_GET_ITEM(rows, i), &choice);
    if (good)
        made = PyTuple_Pack(COLUMNS, columns[IDS], columns[SPLITS], columns[NAMES], columns[WIDTHS], columns[HEIGHTS],
                            columns[DEPTHS], columns[PLACES]);
    for (int i = 0; i < COLUMNS; i++)
        Py_XDECREF(columns[i]);
    return made;
}

static PyObject *sampled(PyObject *module, PyObject *args)
{
    PyObject *ids, *list;
    unsigned long sample;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!k", &PyList_Type, &ids, &sample))
        return NULL;
    if (sample == 0) {
        PyErr_SetString(PyExc_ValueError, "a sample is one in so many");
        return NULL;
    }
    list = PyList_New(PyList_GET_SIZE(ids));
    for (Py_ssize_t i = 0; list != NULL && i < PyList_GET_SIZE(ids); i++) {
        int found = is_sampled(PyList_GET_ITEM(ids, i), sample);
        if (found < 0)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, PyBool_FromLong(found));
    }
    return list;
}

/* -- lines of pictures -------------------------------------------------------------------------------------------- */

/* Each of these gives 1; 0, perhaps with an exception, for what takes a closer look. */

static int put_text(Buffer *out, const char *key, PyObject *value)
{
    Py_ssize_t size;
    if (!append(out, key, strlen(key)))
        return 0;
    if (value == Py_None)
        return append(out, "null", 4);
    if (value == NULL || !PyUnicode_CheckExact(value) || !PyUnicode_IS_COMPACT_ASCII(value))
        return 0;
    const char *text = PyUnicode_AsUTF8AndSize(value, &size);
    for (Py_ssize_t i = 0; i < size; i++)
        if (text[i] < ' ' || text[i] == '"' || text[i] == '\\' || text[i] == 127)
            return 0;
    return append(out, "\"", 1) && append(out, text, (size_t)size) && append(out, "\"", 1);
}

static int put_number(Buffer *out, const char *key, PyObject *value)
{
    int beyond = 1;
    long long number = value != NULL && PyLong_CheckExact(value) ? PyLong_AsLongLongAndOverflow(value, &beyond) : 0;
    char *start = append(out, key, strlen(key)) ? room_in(out, NUMBER_ROOM) : NULL;
    if (start == NULL || beyond || number < 0)
        return 0;
    out->size = (size_t)(put_digits(start, (uint64_t)number, 1) - out->text);
    return 1;
}

static int put_line(Buffer *out, PyObject *row, PyObject *split, PyObject *path)
{
    Py_ssize_t count;
    PyObject *media = first_record(row, &count), *id = field(row, known.id);
    if (media == NULL || count != 1 || id == NULL)
        return 0;
    return (PyLong_CheckExact(id) ? put_number(out, "{\"record\":", id) : id != Py_None && put_text(out, "{\"record\":", id)) &&
           put_text(out, ",\"media\":", field(media, known.media_id)) && put_text(out, ",\"split\":", split) &&
           put_text(out, ",\"source_name\":", field(media, known.name)) && put_text(out, ",\"path\":", path) &&
           put_number(out, ",\"width\":", field(media, known.width)) &&
           put_number(out, ",\"height\":", field(media, known.height)) && append(out, "}\n", 2);
}

static PyObject *image_lines(PyObject *module, PyObject *args)
{
    PyObject *rows, *splits, *paths, *made = NULL;
    PyTypeObject *row, *media;
    Buffer out = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!O!O!O!", &PyList_Type, &rows, &PyType_Type, &row, &PyType_Type, &media, &PyList_Type,
                          &splits, &PyList_Type, &paths) ||
        !find_fields(row, media))
        return NULL;
    Py_ssize_t count = PyList_GET_SIZE(rows), done = 0;
    if (PyList_GET_SIZE(splits) < count || PyList_GET_SIZE(paths) < count) {
        PyErr_SetString(PyExc_ValueError, "there is not a split and a path for each row");
        return NULL;
    }
    while (done < count && put_line(&out, PyList_GET_ITEM(rows, done), PyList_GET_ITEM(splits, done), PyList_GET_ITEM(paths, done)))
        done++;
    if (done == count)
        made = PyBytes_FromStringAndSize(out.text != NULL ? out.text : "", (Py_ssize_t)out.size);
    else if (!PyErr_Occurred())
        made = Py_NewRef(Py_None);
    free_buffer(&out);
    return made;
}

PyMethodDef exportkit_row_methods[] = {
    {"row_columns", row_columns, METH_VARARGS,
     "row_columns(rows, Row, MediaRow, kinds, kinds beside an id of the medium, offset, nowhere): ids, splits, names, widths,"
     " heights, depths, and places of the lines, which are nowhere for rows that no run may have."},
    {"sampled", sampled, METH_VARARGS, "sampled(ids, sample): whether each record belongs to the sample of one in so many."},
    {"image_lines", image_lines, METH_VARARGS,
     "image_lines(rows, Row, MediaRow, splits, paths): a line of JSON for each row; None where one takes a closer look."},
    {NULL, NULL, 0, NULL},
};
