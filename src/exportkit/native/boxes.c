/* Texts of the ordinary boxes of a record.

   The twin of exportkit.records.box_texts: an annotation that is ordinary in every respect becomes a text in one go;
   every other one is left to its writer. */
#include "attributes.h"
#include "numbers.h"
#include "pieces.h"
#include "regions.h"
#include "seed_run.h"
#include "slots.h"
#include "tight_box.h"

/* The size below which a side is zero, and the fraction that prints as zero (formats, sections 0 and 5.2). */
static const double EPS = 0.001, PRINTS_AS_ZERO = 5e-7;

enum { FLAGS = 8, FALSE_FLAGS = 4 };

typedef enum { FRACTIONS, INCLUSIVE, EDGES } Form;

/* Key points behind the numbers of a box; without a class there are none. */
typedef struct {
    PyTypeObject *type;
    Py_ssize_t geometry, region, points, names;
    PyObject *skeleton; /* names of the points, in order */
    char *text;         /* of the annotation at hand */
    size_t size;
} Points;

typedef struct {
    PyObject_HEAD
    PyTypeObject *annotation, *box;
    Py_ssize_t kind, label, declared, attributes;
    Py_ssize_t flags[FLAGS]; /* the first ones are False where nothing is set, the others None */
    Py_ssize_t sides[4];
    Form form;
    PyObject *heads, *outcomes;
    PyObject *separators[5]; /* between the numbers, behind them, and behind the attributes */
    AttributeTexts texts;
    Points points;
    Outline outline; /* of a polygon without a box */
} BoxTexts;

typedef struct {
    char text[4][NUMBER_ROOM];
    size_t size[4];
} Numbers;

static int keep(Numbers *numbers, int place, const char *end)
{
    if (end == NULL)
        return 0;
    numbers->size[place] = (size_t)(end - numbers->text[place]);
    return 1;
}

static int put_fractions(Numbers *numbers, const double *side, double width, double height)
{
    double w = side[2] / width, h = side[3] / height;
    if (!(w > PRINTS_AS_ZERO && h > PRINTS_AS_ZERO))
        return 0;
    double values[] = {(side[0] + side[2] / 2) / width, (side[1] + side[3] / 2) / height, w, h};
    for (int i = 0; i < 4; i++)
        if (!keep(numbers, i, put_fixed(numbers->text[i], values[i])))
            return 0;
    return 1;
}

/* Pixels from 1 with both ends inside, rounded half up (formats, section 5.3). */
static int put_inclusive(Numbers *numbers, const double *side)
{
    double values[] = {floor(side[0] + 0.5) + 1, floor(side[1] + 0.5) + 1, floor(side[0] + side[2] + 0.5),
                       floor(side[1] + side[3] + 0.5)};
    if (!(values[0] <= values[2] && values[1] <= values[3]))
        return 0;
    for (int i = 0; i < 4; i++)
        keep(numbers, i, put_digits(numbers->text[i], (uint64_t)values[i], 1));
    return 1;
}

/* The near edges as given, the far ones computed and so rounded. */
static int put_edges(Numbers *numbers, const char *is_whole, const double *side)
{
    return keep(numbers, 0, put_given(numbers->text[0], is_whole[0], side[0])) &&
           keep(numbers, 1, put_given(numbers->text[1], is_whole[1], side[1])) &&
           keep(numbers, 2, put_trimmed(numbers->text[2], side[0] + side[2])) &&
           keep(numbers, 3, put_trimmed(numbers->text[3], side[1] + side[3]));
}

/* Sides as the form wants them; `is_whole` tells which of them are integers. */
static int put_sides(const BoxTexts *self, const double *side, const char *is_whole, double width, double height,
                     Numbers *numbers)
{
    if (!(side[0] >= 0 && side[1] >= 0 && side[2] >= EPS && side[3] >= EPS && side[0] + side[2] <= width &&
          side[1] + side[3] <= height))
        return 0;
    switch (self->form) {
    case FRACTIONS:
        return put_fractions(numbers, side, width, height);
    case INCLUSIVE:
        return put_inclusive(numbers, side);
    default:
        return put_edges(numbers, is_whole, side);
    }
}

static int put_numbers(const BoxTexts *self, PyObject *box, double width, double height, Numbers *numbers)
{
    double side[4];
    char is_whole[4];
    if (box == NULL || Py_TYPE(box) != self->box)
        return 0;
    for (int i = 0; i < 4; i++) {
        PyObject *given = field(box, self->sides[i]);
        if (!as_double(given, &side[i]))
            return 0;
        is_whole[i] = (char)PyLong_CheckExact(given);
    }
    return put_sides(self, side, is_whole, width, height, numbers);
}

static int has_flags(const BoxTexts *self, PyObject *annotation)
{
    for (int i = 0; i < FLAGS; i++)
        if (field(annotation, self->flags[i]) != (i < FALSE_FLAGS ? Py_False : Py_None))
            return 1;
    return 0;
}

static char *put_bytes(char *out, PyObject *bytes)
{
    Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    memcpy(out, PyBytes_AS_STRING(bytes), (size_t)size);
    return out + size;
}

/* What the text of an annotation is made of; `attributes` is NULL or a reference that is held. */
typedef struct {
    PyObject *head, *attributes, *outcome;
    Numbers numbers;
} Parts;

static Py_ssize_t size_of(const BoxTexts *self, const Parts *parts)
{
    Py_ssize_t size = (Py_ssize_t)self->points.size + PyBytes_GET_SIZE(parts->head) + (parts->attributes != NULL ? PyBytes_GET_SIZE(parts->attributes) : 0);
    for (int i = 0; i < 5; i++)
        size += PyBytes_GET_SIZE(self->separators[i]);
    for (int i = 0; i < 4; i++)
        size += (Py_ssize_t)parts->numbers.size[i];
    return size;
}

static char *put_parts(char *out, const BoxTexts *self, const Parts *parts)
{
    out = put_bytes(out, parts->head);
    for (int i = 0; i < 4; i++) {
        memcpy(out, parts->numbers.text[i], parts->numbers.size[i]);
        out = put_bytes(out + parts->numbers.size[i], self->separators[i]);
    }
    if (self->points.size > 0)
        memcpy(out, self->points.text, self->points.size);
    out += self->points.size;
    if (parts->attributes != NULL)
        out = put_bytes(out, parts->attributes);
    return put_bytes(out, self->separators[4]);
}

/* ` x y v` of a point, ` 0 0 0` of one that is not labelled; NULL where it lies outside. */
static char *put_triplet(char *out, double x, double y, double v, double width, double height)
{
    if (v == 0) {
        memcpy(out, " 0 0 0", 6);
        return out + 6;
    }
    if (!(v == 1 || v == 2) || !(x >= 0 && y >= 0 && x <= width && y <= height) || signbit(x) || signbit(y))
        return NULL;
    *out++ = ' ';
    if ((out = put_fixed(out, x / width)) == NULL)
        return NULL;
    *out++ = ' ';
    if ((out = put_fixed(out, y / height)) == NULL)
        return NULL;
    *out++ = ' ';
    *out++ = (char)('0' + (int)v);
    return out;
}

/* The same of a point that is an object; NULL, too, for one that is no triplet of numbers. */
static char *put_point(char *out, PyObject *point, double width, double height)
{
    double x = 0, y = 0, v;
    if (!PyTuple_CheckExact(point) || PyTuple_GET_SIZE(point) != 3 || !PyLong_CheckExact(PyTuple_GET_ITEM(point, 2)) ||
        !as_double(PyTuple_GET_ITEM(point, 2), &v))
        return NULL;
    if (v != 0 && (!as_double(PyTuple_GET_ITEM(point, 0), &x) || !as_double(PyTuple_GET_ITEM(point, 1), &y)))
        return NULL;
    return put_triplet(out, x, y, v, width, height);
}

/* The key points of an annotation, all of them without a label for one of another kind; 0 where they need care. */
static int find_points(BoxTexts *self, PyObject *annotation, PyObject *kind, double width, double height)
{
    Points *all = &self->points;
    Py_ssize_t count = PyTuple_GET_SIZE(all->skeleton);
    PyObject *geometry = NULL, *points = NULL;
    if (PyUnicode_CompareWithASCIIString(kind, "keypoints") == 0) {
        geometry = field(annotation, all->geometry);
        if (geometry == NULL || Py_TYPE(geometry) != all->type || field(annotation, all->region) != Py_None)
            return 0;
        points = field(geometry, all->points);
        PyObject *names = field(geometry, all->names);
        if (points == NULL || !PyTuple_CheckExact(points) || PyTuple_GET_SIZE(points) != count || names == NULL ||
            !PyTuple_CheckExact(names) || (PyTuple_GET_SIZE(names) > 0 && names != all->skeleton))
            return 0;
    }
    char *out = all->text;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (points == NULL) {
            memcpy(out, " 0 0 0", 6);
            out += 6;
        } else if ((out = put_point(out, PyTuple_GET_ITEM(points, i), width, height)) == NULL) {
            return 0;
        }
    }
    all->size = (size_t)(out - all->text);
    return 1;
}

/* Finds the parts of an ordinary annotation: 1; 0 for any other; -1 with an exception. */
static int find_parts(BoxTexts *self, PyObject *annotation, double width, double height, Parts *parts)
{
    PyObject *kind, *label, *pair, *attributes;
    parts->attributes = NULL;
    if (Py_TYPE(annotation) != self->annotation || has_flags(self, annotation))
        return 0;
    kind = field(annotation, self->kind);
    label = field(annotation, self->label);
    attributes = field(annotation, self->attributes);
    if (kind == NULL || label == NULL || attributes == NULL || !PyUnicode_CheckExact(kind) || !PyUnicode_CheckExact(label) ||
        (attributes != Py_None && !PyDict_CheckExact(attributes)))
        return 0;
    pair = PyDict_GetItemWithError(self->outcomes, kind);
    parts->head = pair != NULL ? PyDict_GetItemWithError(self->heads, label) : NULL;
    if (parts->head == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!put_numbers(self, field(annotation, self->declared), width, height, &parts->numbers))
        return PyErr_Occurred() ? -1 : 0;
    if (self->points.type != NULL && !find_points(self, annotation, kind, width, height))
        return PyErr_Occurred() ? -1 : 0;
    int has_attributes = attributes != Py_None && PyDict_GET_SIZE(attributes) > 0;
    parts->outcome = PyTuple_GET_ITEM(pair, has_attributes);
    if (!has_attributes || self->texts.texts == Py_None)
        return 1;
    parts->attributes = text_of_attributes(&self->texts, attributes);
    if (parts->attributes == Py_None)
        Py_CLEAR(parts->attributes);
    return parts->attributes != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* As find_points, of an entry. */
static int find_entry_points(BoxTexts *self, const Entry *entry, double width, double height)
{
    Points *all = &self->points;
    Py_ssize_t count = PyTuple_GET_SIZE(all->skeleton);
    Cursor cursor = {entry->points, entry->points_end, NULL};
    char *out = all->text;
    if (entry->points != NULL && entry->point_count != count)
        return 0;
    for (Py_ssize_t i = 0; i < count && out != NULL; i++) {
        Number numbers[3] = {{0}};
        cursor.p++;
        if (entry->points != NULL && !exportkit_read_triplet(&cursor, numbers))
            return 0;
        out = put_triplet(out, value_of(&numbers[0]), value_of(&numbers[1]), value_of(&numbers[2]), width, height);
    }
    if (out == NULL)
        return 0;
    all->size = (size_t)(out - all->text);
    return 1;
}

/* The declared box of an entry, or the one around its polygon; 0, perhaps with an exception, where it has neither. */
static int find_sides(BoxTexts *self, const Entry *entry, double width, double height, double *side, char *is_whole)
{
    const double size[] = {width, height};
    if (!entry->has_box)
        return entry->region == POLYGON &&
               read_rings_within(&self->outline, entry->rings, entry->rings_end, entry->in_points, size) &&
               find_tight_box(&self->outline.bounds, side, is_whole);
    for (int i = 0; i < 4; i++) {
        side[i] = value_of(&entry->box[i]);
        is_whole[i] = !entry->box[i].is_real;
    }
    return 1;
}

/* As find_parts, of an entry, with these heads and outcomes. */
static int find_entry_parts(BoxTexts *self, const Entry *entry, double width, double height, PyObject *heads,
                            PyObject *outcomes, Parts *parts)
{
    double side[4];
    char is_whole[4];
    parts->attributes = NULL;
    if (!entry->is_plain)
        return 0;
    PyObject *pair = PyDict_GetItemWithError(outcomes, entry->kind);
    parts->head = pair != NULL ? PyDict_GetItemWithError(heads, entry->label) : NULL;
    if (parts->head == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!find_sides(self, entry, width, height, side, is_whole) ||
        !put_sides(self, side, is_whole, width, height, &parts->numbers) ||
        (self->points.type != NULL && !find_entry_points(self, entry, width, height)))
        return PyErr_Occurred() ? -1 : 0;
    parts->outcome = PyTuple_GET_ITEM(pair, entry->attributes != NULL);
    if (entry->attributes == NULL || self->texts.texts == Py_None)
        return 1;
    PyObject *text = text_of_fixed_attributes(&self->texts, entry->attributes);
    if (text == NULL || text == Py_None)
        return text == NULL ? -1 : 0;
    parts->attributes = Py_NewRef(text);
    return 1;
}

/* Text and outcome of an ordinary annotation as new references: 1; 0 for any other; -1 with an exception. */
static int one_text(BoxTexts *self, PyObject *annotation, double width, double height, PyObject **text, PyObject **outcome)
{
    Parts parts;
    int found = find_parts(self, annotation, width, height, &parts);
    if (found <= 0)
        return found;
    *text = PyBytes_FromStringAndSize(NULL, size_of(self, &parts));
    if (*text != NULL) {
        put_parts(PyBytes_AS_STRING(*text), self, &parts);
        *outcome = Py_NewRef(parts.outcome);
    }
    Py_XDECREF(parts.attributes);
    return *text != NULL ? 1 : -1;
}

static PyObject *of(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    BoxTexts *self = (BoxTexts *)object;
    double width, height;
    if (count != 3 || !PyTuple_CheckExact(args[0]) || !as_double(args[1], &width) || !as_double(args[2], &height)) {
        PyErr_SetString(PyExc_TypeError, "of(annotations, width, height) takes a tuple and two numbers");
        return NULL;
    }
    Py_ssize_t size = PyTuple_GET_SIZE(args[0]);
    PyObject *texts = PyList_New(size), *outcomes = PyList_New(size);
    for (Py_ssize_t i = 0; texts != NULL && outcomes != NULL && i < size; i++) {
        PyObject *text = NULL, *outcome = NULL;
        int found = one_text(self, PyTuple_GET_ITEM(args[0], i), width, height, &text, &outcome);
        if (found < 0) {
            Py_XDECREF(outcome);
            Py_CLEAR(texts);
            break;
        }
        PyList_SET_ITEM(texts, i, found ? text : Py_NewRef(Py_None));
        PyList_SET_ITEM(outcomes, i, found ? outcome : Py_NewRef(Py_None));
    }
    PyObject *both = texts != NULL && outcomes != NULL ? PyTuple_Pack(2, texts, outcomes) : NULL;
    Py_XDECREF(texts);
    Py_XDECREF(outcomes);
    return both;
}

/* A text that grows, and where its pieces begin. */
typedef struct {
    char *text;
    Py_ssize_t size, room;
    size_t *starts;
} Scroll;

static char *more_room(Scroll *scroll, Py_ssize_t size)
{
    if (scroll->text == NULL || scroll->room - scroll->size < size) {
        Py_ssize_t room = 2 * (scroll->size + size) + 1024;
        char *bigger = PyMem_Realloc(scroll->text, (size_t)room);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        scroll->text = bigger;
        scroll->room = room;
    }
    return scroll->text + scroll->size;
}

static int append_bytes(Scroll *scroll, PyObject *bytes)
{
    char *out = more_room(scroll, PyBytes_GET_SIZE(bytes));
    if (out == NULL)
        return -1;
    scroll->size = put_bytes(out, bytes) - scroll->text;
    return 1;
}

/* Appends the text of an annotation and gives its outcome, borrowed: 1; 0 for one that is not ordinary; -1 with an exception. */
static int append_text(BoxTexts *self, Scroll *scroll, PyObject *annotation, double width, double height, PyObject **outcome)
{
    Parts parts;
    int found = find_parts(self, annotation, width, height, &parts);
    if (found <= 0)
        return found;
    char *out = more_room(scroll, size_of(self, &parts));
    if (out != NULL)
        scroll->size = put_parts(out, self, &parts) - scroll->text;
    *outcome = parts.outcome;
    Py_XDECREF(parts.attributes);
    return out != NULL ? 1 : -1;
}

/* Appends the texts of all annotations and sets their outcomes: 1; 0 where one is not ordinary; -1 with an exception. */
static int append_all(BoxTexts *self, Scroll *scroll, PyObject *annotations, double width, double height, PyObject *outcomes)
{
    Py_ssize_t count = PyTuple_GET_SIZE(annotations);
    scroll->starts[0] = (size_t)scroll->size;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *outcome;
        int found = append_text(self, scroll, PyTuple_GET_ITEM(annotations, i), width, height, &outcome);
        if (found <= 0)
            return found;
        PyList_SET_ITEM(outcomes, i, Py_NewRef(outcome));
        scroll->starts[i + 1] = (size_t)scroll->size;
    }
    return 1;
}

static PyObject *whole(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    BoxTexts *self = (BoxTexts *)object;
    double width, height;
    if (count != 6 || !PyTuple_CheckExact(args[0]) || !as_double(args[1], &width) || !as_double(args[2], &height) ||
        !PyBytes_CheckExact(args[3]) || !PyBytes_CheckExact(args[4])) {
        PyErr_SetString(PyExc_TypeError, "whole(annotations, width, height, head, tail, distinct)");
        return NULL;
    }
    Py_ssize_t size = PyTuple_GET_SIZE(args[0]);
    PyObject *outcomes = PyList_New(size), *made = NULL;
    Scroll scroll = {.starts = PyMem_Malloc((size_t)(size + 1) * sizeof(size_t))};
    int found = outcomes != NULL && scroll.starts != NULL ? append_bytes(&scroll, args[3]) : -1;
    if (found > 0)
        found = append_all(self, &scroll, args[0], width, height, outcomes);
    if (found > 0 && args[5] == Py_True)
        found = are_distinct_pieces(scroll.text, scroll.starts, (size_t)size);
    if (found > 0)
        found = append_bytes(&scroll, args[4]);
    if (found > 0) {
        PyObject *bytes = PyBytes_FromStringAndSize(scroll.text, scroll.size);
        made = bytes != NULL ? Py_BuildValue("(NO)", bytes, outcomes) : NULL;
    } else if (found == 0) {
        made = Py_NewRef(Py_None);
    } else if (!PyErr_Occurred()) {
        PyErr_NoMemory();
    }
    PyMem_Free(scroll.starts);
    PyMem_Free(scroll.text);
    Py_XDECREF(outcomes);
    return made;
}

/* -- runs of records --------------------------------------------------------------------------------------------- */

/* What a run's texts are made with; the lists have one entry for each record, or are None. */
typedef struct {
    PyObject *heads, *starts; /* before all texts of a record, and before each */
    PyObject *ends, *tail;    /* behind each text, and behind all */
    PyObject *plain;          /* outcomes that need no further look */
    PyObject *crowds;         /* outcomes of crowds by kind */
    PyObject *crowd_heads;    /* heads of crowds by class, or None where they have no text */
    int distinct;
} Frame;

/* The outcome of a crowd without a text, borrowed: 1; 0 where crowds are not ordinary; -1 with an exception. */
static int find_crowd(const Frame *frame, const Entry *entry, PyObject **outcome)
{
    PyObject *pair = PyDict_GetItemWithError(frame->crowds, entry->kind);
    *outcome = pair != NULL ? PyTuple_GET_ITEM(pair, entry->attributes != NULL) : NULL;
    return pair != NULL && entry->is_plain ? 1 : PyErr_Occurred() ? -1 : 0;
}

/* Appends the text of an entry, or nothing for a crowd that has none, and its outcome: 1; 0 for one that is not ordinary or
   whose outcome needs a look; -1 with an exception. */
static int append_entry(BoxTexts *self, Scroll *scroll, const Entry *entry, const RunRecord *record, const Frame *frame,
                        PyObject *start, PyObject *outcomes)
{
    Parts parts = {0};
    int found, has_text = 1;
    if (!entry->is_crowd)
        found = find_entry_parts(self, entry, record->width, record->height, self->heads, self->outcomes, &parts);
    else if (frame->crowd_heads != Py_None)
        found = find_entry_parts(self, entry, record->width, record->height, frame->crowd_heads, frame->crowds, &parts);
    else
        found = find_crowd(frame, entry, &parts.outcome), has_text = 0;
    if (found > 0)
        found = PySet_Contains(frame->plain, parts.outcome);
    if (found > 0 && has_text) {
        char *out = start == NULL || append_bytes(scroll, start) > 0 ? more_room(scroll, size_of(self, &parts)) : NULL;
        if (out != NULL)
            scroll->size = put_parts(out, self, &parts) - scroll->text;
        found = out != NULL ? append_bytes(scroll, frame->ends) : -1;
    }
    Py_XDECREF(parts.attributes);
    return found > 0 && PyList_Append(outcomes, parts.outcome) < 0 ? -1 : found;
}

/* The text of a record as a new reference, its outcomes appended; NULL, perhaps with an exception, where it is not ordinary. */
static PyObject *text_of_record(BoxTexts *self, Scroll *scroll, const SeedRun *run, Py_ssize_t at, Py_ssize_t place,
                                const Frame *frame, PyObject *outcomes)
{
    const RunRecord *record = &run->records[at];
    PyObject *start = frame->starts != Py_None ? PyList_GET_ITEM(frame->starts, place) : NULL;
    Py_ssize_t known = PyList_GET_SIZE(outcomes);
    scroll->size = 0;
    int found = record->is_ordinary && make_starts(&scroll->starts, record->count);
    if (found && frame->heads != Py_None)
        found = append_bytes(scroll, PyList_GET_ITEM(frame->heads, place));
    size_t texts = 0;
    for (size_t i = 0; found > 0 && i < record->count; i++) {
        Py_ssize_t before = scroll->size;
        found = append_entry(self, scroll, &run->entries[record->first + i], record, frame, start, outcomes);
        if (found > 0 && scroll->size > before)
            scroll->starts[texts++] = (size_t)before;
    }
    /* A record of which nothing is left comes with a notice. */
    if (found > 0 && texts == 0 && record->count > 0)
        found = 0;
    if (found > 0 && frame->distinct) {
        scroll->starts[texts] = (size_t)scroll->size;
        found = are_distinct_pieces(scroll->text, scroll->starts, texts);
    }
    if (found > 0)
        found = append_bytes(scroll, frame->tail);
    if (found > 0)
        return PyBytes_FromStringAndSize(scroll->text, scroll->size);
    if (!PyErr_Occurred())
        PyList_SetSlice(outcomes, known, PyList_GET_SIZE(outcomes), NULL);
    return NULL;
}

static int are_bytes(PyObject *list, Py_ssize_t count)
{
    if (list == Py_None)
        return 1;
    if (!PyList_CheckExact(list) || PyList_GET_SIZE(list) != count)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyBytes_CheckExact(PyList_GET_ITEM(list, i)))
            return 0;
    return 1;
}

static int are_heads(PyObject *heads)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    if (heads == Py_None)
        return 1;
    if (!PyDict_CheckExact(heads))
        return 0;
    while (PyDict_Next(heads, &at, &key, &value))
        if (!PyBytes_CheckExact(value))
            return 0;
    return 1;
}

static int are_outcomes(PyObject *outcomes)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(outcomes, &at, &key, &value))
        if (!PyTuple_CheckExact(value) || PyTuple_GET_SIZE(value) != 2)
            return 0;
    return 1;
}

static PyObject *of_run(PyObject *object, PyObject *args)
{
    BoxTexts *self = (BoxTexts *)object;
    SeedRun *run;
    Py_ssize_t start, stop;
    Frame frame;
    if (!PyArg_ParseTuple(args, "O!nnOOSSO!pO!O", exportkit_seed_run_type(), &run, &start, &stop, &frame.heads,
                          &frame.starts, &frame.ends, &frame.tail, &PySet_Type, &frame.plain, &frame.distinct,
                          &PyDict_Type, &frame.crowds, &frame.crowd_heads))
        return NULL;
    if (!are_heads(frame.crowd_heads) || !are_outcomes(frame.crowds)) {
        PyErr_SetString(PyExc_TypeError, "of_run: heads or outcomes of crowds of a wrong type");
        return NULL;
    }
    if (!are_records_of(run, start, stop))
        return NULL;
    if (!are_bytes(frame.heads, stop - start) || !are_bytes(frame.starts, stop - start)) {
        PyErr_SetString(PyExc_ValueError, "of_run: not one text for each record");
        return NULL;
    }
    PyObject *texts = PyList_New(0), *outcomes = PyList_New(0), *made = NULL;
    Scroll scroll = {0};
    for (Py_ssize_t i = start; texts != NULL && outcomes != NULL && i < stop; i++) {
        PyObject *text = text_of_record(self, &scroll, run, i, i - start, &frame, outcomes);
        if (text == NULL)
            break;
        int failed = PyList_Append(texts, text) < 0;
        Py_DECREF(text);
        if (failed)
            break;
    }
    if (texts != NULL && outcomes != NULL && !PyErr_Occurred())
        made = PyTuple_Pack(2, texts, outcomes);
    PyMem_Free(scroll.starts);
    PyMem_Free(scroll.text);
    Py_XDECREF(texts);
    Py_XDECREF(outcomes);
    return made;
}

static void box_texts_dealloc(PyObject *object)
{
    BoxTexts *self = (BoxTexts *)object;
    Py_XDECREF(self->annotation);
    Py_XDECREF(self->box);
    Py_XDECREF(self->heads);
    Py_XDECREF(self->outcomes);
    attributes_end(&self->texts);
    Py_XDECREF(self->points.type);
    Py_XDECREF(self->points.skeleton);
    PyMem_Free(self->points.text);
    exportkit_outline_clear(&self->outline);
    for (int i = 0; i < 5; i++)
        Py_XDECREF(self->separators[i]);
    Py_TYPE(object)->tp_free(object);
}

static int find_offsets(BoxTexts *self)
{
    static const char *const flags[FLAGS] = {"iscrowd", "difficult", "truncated", "occluded",
                                             "score",   "group_id",  "track_id",  "frame"};
    static const char *const sides[4] = {"x", "y", "width", "height"};
    for (int i = 0; i < FLAGS; i++)
        if ((self->flags[i] = offset_of(self->annotation, flags[i])) < 0)
            return 0;
    for (int i = 0; i < 4; i++)
        if ((self->sides[i] = offset_of(self->box, sides[i])) < 0)
            return 0;
    return (self->kind = offset_of(self->annotation, "kind")) >= 0 &&
           (self->label = offset_of(self->annotation, "label")) >= 0 &&
           (self->declared = offset_of(self->annotation, "box")) >= 0 &&
           (self->attributes = offset_of(self->annotation, "attributes")) >= 0;
}

static int are_good(const BoxTexts *self)
{
    return are_heads(self->heads) && are_outcomes(self->outcomes) && (self->texts.texts == Py_None || PyCallable_Check(self->texts.texts));
}

static int set_form(BoxTexts *self, const char *word)
{
    static const char *const words[] = {"fractions", "inclusive", "edges"};
    for (int form = FRACTIONS; form <= EDGES; form++)
        if (strcmp(word, words[form]) == 0) {
            self->form = (Form)form;
            return 1;
        }
    return 0;
}

/* Key points of a skeleton behind each box; nothing of the kind where there is no class. */
static int begin_points(BoxTexts *self, PyObject *type, PyObject *skeleton)
{
    Points *all = &self->points;
    if (type == Py_None)
        return 1;
    if (!PyType_Check(type) || !PyTuple_CheckExact(skeleton) || PyTuple_GET_SIZE(skeleton) > PY_SSIZE_T_MAX / NUMBER_ROOM / 4) {
        PyErr_SetString(PyExc_TypeError, "BoxTexts: key points are a class and a tuple of names");
        return 0;
    }
    all->type = (PyTypeObject *)Py_NewRef(type);
    all->skeleton = Py_NewRef(skeleton);
    all->text = PyMem_Malloc(3 * NUMBER_ROOM * ((size_t)PyTuple_GET_SIZE(skeleton) + 1));
    if (all->text == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    return (all->geometry = offset_of(self->annotation, "geometry")) >= 0 &&
           (all->region = offset_of(self->annotation, "region")) >= 0 && (all->points = offset_of(all->type, "points")) >= 0 &&
           (all->names = offset_of(all->type, "names")) >= 0;
}

static PyObject *box_texts_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", "box", "form", "heads", "separators", "outcomes", "attributes",
                            "keypoints",  "skeleton", NULL};
    BoxTexts *self = (BoxTexts *)type->tp_alloc(type, 0);
    PyTypeObject *annotation, *box;
    PyObject *heads, *outcomes, *texts, *separators[5], *keypoints = Py_None, *skeleton = Py_None;
    const char *form;
    if (self == NULL)
        return NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!sO!(SSSSS)O!O|OO", names, &PyType_Type, &annotation, &PyType_Type,
                                     &box, &form, &PyDict_Type, &heads, &separators[0], &separators[1], &separators[2],
                                     &separators[3], &separators[4], &PyDict_Type, &outcomes, &texts, &keypoints, &skeleton)) {
        Py_DECREF(self);
        return NULL;
    }
    self->annotation = (PyTypeObject *)Py_NewRef((PyObject *)annotation);
    self->box = (PyTypeObject *)Py_NewRef((PyObject *)box);
    self->heads = PyDict_Copy(heads);
    self->outcomes = PyDict_Copy(outcomes);
    for (int i = 0; i < 5; i++)
        self->separators[i] = Py_NewRef(separators[i]);
    int made = attributes_begin(&self->texts, texts) && self->heads && self->outcomes && find_offsets(self) &&
               begin_points(self, keypoints, skeleton);
    if (made && !(set_form(self, form) && are_good(self))) {
        PyErr_SetString(PyExc_TypeError, "BoxTexts: unknown form, or heads, outcomes or attributes of a wrong type");
        made = 0;
    }
    if (!made)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef box_texts_methods[] = {
    {"of", (PyCFunction)(void (*)(void))of, METH_FASTCALL,
     "Texts and outcomes of annotations, each None for one that is not ordinary."},
    {"whole", (PyCFunction)(void (*)(void))whole, METH_FASTCALL,
     "Head, texts and tail in one, and the outcomes; None unless all are ordinary and, where asked for, distinct."},
    {"of_run", of_run, METH_VARARGS,
     "Texts of the leading records of a run that are ordinary in every respect, and the outcomes of their annotations."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject box_texts_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.BoxTexts",
    .tp_doc = "Makes the texts of ordinary boxes by one template.",
    .tp_basicsize = sizeof(BoxTexts),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = box_texts_new,
    .tp_dealloc = box_texts_dealloc,
    .tp_methods = box_texts_methods,
};

PyTypeObject *exportkit_box_texts_type(void)
{
    return PyType_Ready(&box_texts_type) < 0 ? NULL : &box_texts_type;
}
