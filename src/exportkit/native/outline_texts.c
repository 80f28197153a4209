/* Rows of outlines in fractions of the picture: polygons, rotated boxes and boxes by their corners.

   The twin of the ways of exportkit_yolo.task_rows for what is ordinary in every respect; every other annotation is left to
   its writer. */
#include "numbers.h"
#include "pieces.h"
#include "regions.h"
#include "seams.h"
#include "seed_run.h"

static const double EPS = 0.001, LIMIT = 1e6, THIN = 1.5e-6;

enum { FLAGS = 7, FALSE_FLAGS = 3, MOST_NUMBER = 16 };

typedef struct {
    PyObject_HEAD
    PyTypeObject *annotation, *box, *rotated;
    Regions regions;
    Py_ssize_t kind, label, declared, shape, geometry, attributes, crowd;
    Py_ssize_t flags[FLAGS]; /* the first ones are False where nothing is set, the others None */
    Py_ssize_t sides[4], turned[5];
    PyObject *heads;    /* class → how its rows begin */
    PyObject *outcomes; /* kind → outcomes without and with attributes */
    PyObject *tied;     /* the same two of a polygon whose parts are tied together; None where that needs care */
    PyObject *crowds;   /* kind → outcome of a crowd, which has no row */
    PyObject *code;     /* of what tying costs */
    Outline outline;
    Seam seam;
    char *text;
    size_t size, room;
} OutlineTexts;

static int make_room(OutlineTexts *self, size_t size)
{
    if (self->room - self->size >= size)
        return 1;
    size_t room = 2 * (self->size + size) + 4096;
    char *bigger = PyMem_Realloc(self->text, room);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    self->text = bigger;
    self->room = room;
    return 1;
}

/* Appends a row of points within the picture; 0 also for a shape so thin that six decimals may lose a side of it. */
static int put_row(OutlineTexts *self, PyObject *head, const double *x, const double *y, size_t count, const double *size)
{
    size_t length = (size_t)PyBytes_GET_SIZE(head), start = self->size;
    if (count > (SIZE_MAX >> 8) || !make_room(self, length + 2 * MOST_NUMBER * count + 1))
        return 0;
    char *out = self->text + self->size;
    memcpy(out, PyBytes_AS_STRING(head), length);
    out += length;
    double least[] = {1, 1}, most[] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        double values[] = {x[i] / size[0], y[i] / size[1]};
        for (int k = 0; k < 2; k++) {
            least[k] = values[k] < least[k] ? values[k] : least[k];
            most[k] = values[k] > most[k] ? values[k] : most[k];
            if (!(values[k] >= 0 && values[k] <= 1) || signbit(values[k]))
                return 0;
            *out++ = ' ';
            if ((out = put_fixed(out, values[k])) == NULL)
                return 0;
        }
    }
    if (!(most[0] - least[0] > THIN && most[1] - least[1] > THIN))
        return 0;
    *out++ = '\n';
    self->size = start + (size_t)(out - (self->text + start));
    return 1;
}

static int put_sides(OutlineTexts *self, PyObject *head, const double *side, const double *size)
{
    if (!(side[0] >= 0 && side[1] >= 0 && side[2] >= EPS && side[3] >= EPS && side[0] + side[2] <= size[0] &&
          side[1] + side[3] <= size[1]))
        return 0;
    double right, bottom;
    if (!round_six(side[0] + side[2], &right) || !round_six(side[1] + side[3], &bottom))
        return 0;
    double x[] = {side[0], right, right, side[0]}, y[] = {side[1], side[1], bottom, bottom};
    return put_row(self, head, x, y, 4, size);
}

static int put_box(OutlineTexts *self, PyObject *head, PyObject *box, const double *size)
{
    double side[4];
    if (box == NULL || Py_TYPE(box) != self->box)
        return 0;
    for (int i = 0; i < 4; i++)
        if (!as_double(field(box, self->sides[i]), &side[i]))
            return 0;
    return put_sides(self, head, side, size);
}

/* Centre, sides and turn of a box. */
static int put_turned(OutlineTexts *self, PyObject *head, const double *value, const double *size)
{
    static const double across[] = {-0.5, 0.5, 0.5, -0.5}, down[] = {-0.5, -0.5, 0.5, 0.5};
    double x[4], y[4];
    for (int i = 0; i < 5; i++)
        if (!(value[i] >= -LIMIT && value[i] <= LIMIT))
            return 0;
    if (!(value[2] >= EPS && value[3] >= EPS))
        return 0;
    double right = cos(value[4]), left = sin(value[4]);
    for (int i = 0; i < 4; i++) {
        double dx = across[i] * value[2], dy = down[i] * value[3];
        if (!round_six(value[0] + dx * right - dy * left, &x[i]) || !round_six(value[1] + dx * left + dy * right, &y[i]))
            return 0;
        if (!(x[i] >= 0 && y[i] >= 0 && x[i] <= size[0] && y[i] <= size[1]))
            return 0;
    }
    return put_row(self, head, x, y, 4, size);
}

static int put_rotated(OutlineTexts *self, PyObject *head, PyObject *box, const double *size)
{
    double value[5];
    if (box == NULL || Py_TYPE(box) != self->rotated)
        return 0;
    for (int i = 0; i < 5; i++)
        if (!as_double(field(box, self->turned[i]), &value[i]))
            return 0;
    return put_turned(self, head, value, size);
}

/* Appends the row of the outline at hand; `iou` is that of several parts with the row that they share, −1 for a single one. */
static int put_outline(OutlineTexts *self, PyObject *head, const double *size, double *iou)
{
    const Outline *outline = &self->outline;
    if (outline->rings == 1)
        return put_row(self, head, outline->x, outline->y, outline->count, size);
    return self->tied != Py_None && exportkit_seam_tie(&self->seam, outline) &&
           put_row(self, head, self->seam.x, self->seam.y, self->seam.count, size) &&
           exportkit_seam_overlap(&self->seam, outline, iou);
}

static int put_polygon(OutlineTexts *self, PyObject *head, PyObject *region, const double *size, double *iou)
{
    PyObject *text;
    return read_region(&self->regions, region, &self->outline, size, &text) && put_outline(self, head, size, iou);
}

static int has_flags(const OutlineTexts *self, PyObject *annotation)
{
    for (int i = 0; i < FLAGS; i++)
        if (field(annotation, self->flags[i]) != (i < FALSE_FLAGS ? Py_False : Py_None))
            return 1;
    return 0;
}

/* The geometry of an annotation as a row: 1; 0 where it is not ordinary. */
static int put_geometry(OutlineTexts *self, PyObject *annotation, PyObject *kind, PyObject *head, const double *size,
                        double *iou)
{
    if (PyUnicode_CompareWithASCIIString(kind, "polygon") == 0)
        return put_polygon(self, head, field(annotation, self->shape), size, iou);
    if (PyUnicode_CompareWithASCIIString(kind, "box") == 0)
        return put_box(self, head, field(annotation, self->declared), size);
    return PyUnicode_CompareWithASCIIString(kind, "rotated_box") == 0 &&
           put_rotated(self, head, field(annotation, self->geometry), size);
}

/* Appends the row of an ordinary annotation and gives its outcome, borrowed: 1; 0 for any other; -1 with an exception. */
static int put_annotation(OutlineTexts *self, PyObject *annotation, const double *size, PyObject **outcome, double *iou)
{
    size_t start = self->size;
    *iou = -1;
    if (Py_TYPE(annotation) != self->annotation)
        return 0;
    PyObject *kind = field(annotation, self->kind), *label = field(annotation, self->label);
    PyObject *attributes = field(annotation, self->attributes);
    if (kind == NULL || !PyUnicode_CheckExact(kind))
        return 0;
    if (field(annotation, self->crowd) != Py_False) {
        *outcome = PyDict_GetItemWithError(self->crowds, kind);
        return *outcome != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
    }
    if (label == NULL || !PyUnicode_CheckExact(label) || attributes == NULL ||
        (attributes != Py_None && !PyDict_CheckExact(attributes)) || has_flags(self, annotation))
        return 0;
    PyObject *pair = PyDict_GetItemWithError(self->outcomes, kind);
    PyObject *head = pair != NULL ? PyDict_GetItemWithError(self->heads, label) : NULL;
    if (head == NULL || !put_geometry(self, annotation, kind, head, size, iou)) {
        self->size = start;
        return PyErr_Occurred() ? -1 : 0;
    }
    if (*iou >= 0)
        pair = self->tied;
    *outcome = PyTuple_GET_ITEM(pair, attributes != Py_None && PyDict_GET_SIZE(attributes) > 0);
    return 1;
}

/* -- calls --------------------------------------------------------------------------------------------------- */

static int picture_of(PyObject *const *args, Py_ssize_t count, double *size)
{
    if (count != 3 || !PyTuple_CheckExact(args[0]) || !as_double(args[1], &size[0]) || !as_double(args[2], &size[1])) {
        PyErr_SetString(PyExc_TypeError, "(annotations, width, height) are a tuple and two numbers");
        return 0;
    }
    return 1;
}

static int note_overlap(OutlineTexts *self, PyObject *overlaps, Py_ssize_t position, double iou)
{
    PyObject *entry = Py_BuildValue("(nOd)", position, self->code, iou);
    int failed = entry == NULL || PyList_Append(overlaps, entry) < 0;
    Py_XDECREF(entry);
    return !failed;
}

static void tidy(OutlineTexts *self)
{
    enum { MOST_KEPT = 1 << 20 };
    if (self->room > MOST_KEPT) {
        PyMem_Free(self->text);
        self->text = NULL;
        self->room = 0;
    }
    if (self->outline.room > MOST_KEPT / 16)
        exportkit_outline_clear(&self->outline);
    self->size = 0;
}

static PyObject *of(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    OutlineTexts *self = (OutlineTexts *)object;
    double size[2], iou;
    if (!picture_of(args, count, size))
        return NULL;
    Py_ssize_t many = PyTuple_GET_SIZE(args[0]);
    PyObject *texts = PyList_New(many), *outcomes = PyList_New(many), *overlaps = PyList_New(0), *made = NULL;
    int good = texts != NULL && outcomes != NULL && overlaps != NULL;
    for (Py_ssize_t i = 0; good && i < many; i++) {
        PyObject *outcome = Py_None, *text = NULL;
        self->size = 0;
        int found = put_annotation(self, PyTuple_GET_ITEM(args[0], i), size, &outcome, &iou);
        text = found > 0 ? PyBytes_FromStringAndSize(self->text, (Py_ssize_t)self->size) : Py_NewRef(Py_None);
        good = found >= 0 && text != NULL && (iou < 0 || found == 0 || note_overlap(self, overlaps, i, iou));
        PyList_SET_ITEM(texts, i, text != NULL ? text : Py_NewRef(Py_None));
        PyList_SET_ITEM(outcomes, i, Py_NewRef(found > 0 ? outcome : Py_None));
    }
    if (good)
        made = PyTuple_Pack(3, texts, outcomes, overlaps);
    Py_XDECREF(texts);
    Py_XDECREF(outcomes);
    Py_XDECREF(overlaps);
    tidy(self);
    return made;
}

static PyObject *whole(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    OutlineTexts *self = (OutlineTexts *)object;
    double size[2], iou;
    if (!picture_of(args, count, size))
        return NULL;
    Py_ssize_t many = PyTuple_GET_SIZE(args[0]);
    PyObject *outcomes = PyList_New(many), *overlaps = PyList_New(0), *made = NULL;
    size_t *starts = PyMem_Malloc(((size_t)many + 1) * sizeof *starts), rows = 0;
    int found = outcomes != NULL && overlaps != NULL && starts != NULL ? 1 : -1;
    self->size = 0;
    for (Py_ssize_t i = 0; found > 0 && i < many; i++) {
        PyObject *outcome = NULL;
        starts[rows] = self->size;
        found = put_annotation(self, PyTuple_GET_ITEM(args[0], i), size, &outcome, &iou);
        if (found > 0) {
            PyList_SET_ITEM(outcomes, i, Py_NewRef(outcome));
            rows += self->size > starts[rows];
            if (iou >= 0 && !note_overlap(self, overlaps, i, iou))
                found = -1;
        }
    }
    if (found > 0) {
        starts[rows] = self->size;
        found = are_distinct_pieces(self->text, starts, rows);
    }
    if (found > 0)
        made = Py_BuildValue("(NOOn)", PyBytes_FromStringAndSize(self->size ? self->text : "", (Py_ssize_t)self->size),
                             outcomes, overlaps, (Py_ssize_t)rows);
    else if (found == 0)
        made = Py_NewRef(Py_None);
    else if (!PyErr_Occurred())
        PyErr_NoMemory();
    PyMem_Free(starts);
    Py_XDECREF(outcomes);
    Py_XDECREF(overlaps);
    tidy(self);
    return made;
}

/* -- runs of records --------------------------------------------------------------------------------------------- */

/* What becomes of the records of a run; overlaps are (place of the record, position, code, IoU, id or position). */
typedef struct {
    PyObject *texts, *outcomes, *overlaps;
    size_t *starts;
} RunTexts;

static int put_entry_geometry(OutlineTexts *self, const Entry *entry, PyObject *head, const double *size, double *iou)
{
    double side[4];
    if (entry->region == POLYGON)
        return read_rings_within(&self->outline, entry->rings, entry->rings_end, entry->in_points, size) && put_outline(self, head, size, iou);
    for (int i = 0; i < 4; i++)
        side[i] = value_of(&entry->box[i]);
    if (entry->region == ROTATED) {
        const double value[] = {entry->turned[0], entry->turned[1], side[2], side[3], entry->turned[2]};
        return put_turned(self, head, value, size);
    }
    return entry->region == BOX && entry->has_box && put_sides(self, head, side, size);
}

/* As put_annotation, of an entry. */
static int put_entry(OutlineTexts *self, const Entry *entry, const double *size, PyObject **outcome, double *iou)
{
    *iou = -1;
    if (entry->is_crowd) {
        *outcome = PyDict_GetItemWithError(self->crowds, entry->kind);
        return *outcome != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
    }
    PyObject *pair = entry->is_plain ? PyDict_GetItemWithError(self->outcomes, entry->kind) : NULL;
    PyObject *head = pair != NULL ? PyDict_GetItemWithError(self->heads, entry->label) : NULL;
    if (head == NULL || !put_entry_geometry(self, entry, head, size, iou))
        return PyErr_Occurred() ? -1 : 0;
    if (*iou >= 0)
        pair = self->tied;
    *outcome = PyTuple_GET_ITEM(pair, entry->attributes != NULL);
    return 1;
}

static int note_overlap_of_entry(OutlineTexts *self, const SeedRun *run, const Entry *entry, Py_ssize_t place, size_t position,
                                 double iou, PyObject *overlaps)
{
    PyObject *name = exportkit_name_of_entry(run, entry, position);
    PyObject *made = name != NULL ? Py_BuildValue("(nnOdN)", place, (Py_ssize_t)position, self->code, iou, name) : NULL;
    int failed = made == NULL || PyList_Append(overlaps, made) < 0;
    Py_XDECREF(made);
    return !failed;
}

/* The rows of a record as a new reference, its outcomes and overlaps appended; NULL, perhaps with an exception, where it is not
   ordinary. */
static PyObject *rows_of_record(OutlineTexts *self, const SeedRun *run, Py_ssize_t at, Py_ssize_t place, PyObject *plain,
                                RunTexts *made)
{
    const RunRecord *record = &run->records[at];
    const double size[] = {record->width, record->height};
    Py_ssize_t outcomes = PyList_GET_SIZE(made->outcomes), overlaps = PyList_GET_SIZE(made->overlaps);
    size_t rows = 0;
    int found = record->is_ordinary && make_starts(&made->starts, record->count);
    self->size = 0;
    for (size_t i = 0; found > 0 && i < record->count; i++) {
        const Entry *entry = &run->entries[record->first + i];
        PyObject *outcome;
        double iou;
        made->starts[rows] = self->size;
        found = put_entry(self, entry, size, &outcome, &iou);
        if (found > 0)
            found = PySet_Contains(plain, outcome);
        if (found > 0 && (PyList_Append(made->outcomes, outcome) < 0 ||
                          (iou >= 0 && !note_overlap_of_entry(self, run, entry, place, i, iou, made->overlaps))))
            found = -1;
        rows += found > 0 && self->size > made->starts[rows];
    }
    /* A record of which nothing is left comes with a notice. */
    if (found > 0 && rows == 0 && record->count > 0)
        found = 0;
    if (found > 0) {
        made->starts[rows] = self->size;
        found = are_distinct_pieces(self->text, made->starts, rows);
    }
    if (found > 0)
        return PyBytes_FromStringAndSize(self->size ? self->text : "", (Py_ssize_t)self->size);
    if (!PyErr_Occurred()) {
        PyList_SetSlice(made->outcomes, outcomes, PyList_GET_SIZE(made->outcomes), NULL);
        PyList_SetSlice(made->overlaps, overlaps, PyList_GET_SIZE(made->overlaps), NULL);
    }
    return NULL;
}

static PyObject *of_run(PyObject *object, PyObject *args)
{
    OutlineTexts *self = (OutlineTexts *)object;
    SeedRun *run;
    Py_ssize_t start, stop;
    PyObject *plain, *result = NULL;
    if (!PyArg_ParseTuple(args, "O!nnO!", exportkit_seed_run_type(), &run, &start, &stop, &PySet_Type, &plain))
        return NULL;
    if (!are_records_of(run, start, stop))
        return NULL;
    RunTexts made = {.texts = PyList_New(0), .outcomes = PyList_New(0), .overlaps = PyList_New(0)};
    int good = made.texts != NULL && made.outcomes != NULL && made.overlaps != NULL;
    for (Py_ssize_t i = start; good && i < stop; i++) {
        PyObject *text = rows_of_record(self, run, i, i - start, plain, &made);
        good = text != NULL && PyList_Append(made.texts, text) == 0;
        Py_XDECREF(text);
    }
    if (made.texts != NULL && made.outcomes != NULL && made.overlaps != NULL && !PyErr_Occurred())
        result = PyTuple_Pack(3, made.texts, made.outcomes, made.overlaps);
    Py_XDECREF(made.texts);
    Py_XDECREF(made.outcomes);
    Py_XDECREF(made.overlaps);
    PyMem_Free(made.starts);
    tidy(self);
    return result;
}

static void outline_texts_dealloc(PyObject *object)
{
    OutlineTexts *self = (OutlineTexts *)object;
    PyObject **held[] = {(PyObject **)&self->annotation, (PyObject **)&self->box, (PyObject **)&self->rotated,
                         &self->heads, &self->outcomes, &self->tied, &self->crowds, &self->code};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_CLEAR(*held[i]);
    regions_end(&self->regions);
    exportkit_outline_clear(&self->outline);
    exportkit_seam_clear(&self->seam);
    PyMem_Free(self->text);
    Py_TYPE(object)->tp_free(object);
}

static int find_offsets(OutlineTexts *self)
{
    static const char *const flags[FLAGS] = {"difficult", "truncated", "occluded", "score", "group_id", "track_id", "frame"};
    static const char *const sides[4] = {"x", "y", "width", "height"};
    static const char *const turned[5] = {"cx", "cy", "width", "height", "theta"};
    struct {
        PyTypeObject *type;
        const char *name;
        Py_ssize_t *offset;
    } fields[] = {
        {self->annotation, "kind", &self->kind},         {self->annotation, "label", &self->label},
        {self->annotation, "box", &self->declared},      {self->annotation, "region", &self->shape},
        {self->annotation, "geometry", &self->geometry}, {self->annotation, "attributes", &self->attributes},
        {self->annotation, "iscrowd", &self->crowd},
    };
    for (int i = 0; i < FLAGS; i++)
        if ((self->flags[i] = offset_of(self->annotation, flags[i])) < 0)
            return 0;
    for (int i = 0; i < 4; i++)
        if ((self->sides[i] = offset_of(self->box, sides[i])) < 0)
            return 0;
    for (int i = 0; i < 5; i++)
        if ((self->turned[i] = offset_of(self->rotated, turned[i])) < 0)
            return 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if ((*fields[i].offset = offset_of(fields[i].type, fields[i].name)) < 0)
            return 0;
    return 1;
}

static int is_pair(PyObject *value)
{
    return PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) == 2;
}

static int are_good(const OutlineTexts *self)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(self->heads, &at, &key, &value))
        if (!PyBytes_CheckExact(value))
            return 0;
    at = 0;
    while (PyDict_Next(self->outcomes, &at, &key, &value))
        if (!is_pair(value))
            return 0;
    return self->tied == Py_None || is_pair(self->tied);
}

static PyObject *outline_texts_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", "box",   "region", "rotated", "heads",
                            "outcomes",   "crowds", "tied",   "code",    NULL};
    PyObject *classes[4], *heads, *outcomes, *crowds, *tied, *code;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!O!O!O!O!OU", names, &PyType_Type, &classes[0], &PyType_Type,
                                     &classes[1], &PyType_Type, &classes[2], &PyType_Type, &classes[3], &PyDict_Type, &heads,
                                     &PyDict_Type, &outcomes, &PyDict_Type, &crowds, &tied, &code))
        return NULL;
    OutlineTexts *self = (OutlineTexts *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->annotation = (PyTypeObject *)Py_NewRef(classes[0]);
    self->box = (PyTypeObject *)Py_NewRef(classes[1]);
    self->rotated = (PyTypeObject *)Py_NewRef(classes[3]);
    self->heads = PyDict_Copy(heads);
    self->outcomes = PyDict_Copy(outcomes);
    self->crowds = PyDict_Copy(crowds);
    self->tied = Py_NewRef(tied);
    self->code = Py_NewRef(code);
    int made = regions_begin(&self->regions, classes[2]) && self->heads && self->outcomes && self->crowds && find_offsets(self);
    if (made && !are_good(self)) {
        PyErr_SetString(PyExc_TypeError, "OutlineTexts: heads are bytes, outcomes are pairs");
        made = 0;
    }
    if (!made)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef outline_texts_methods[] = {
    {"of", (PyCFunction)(void (*)(void))of, METH_FASTCALL,
     "Rows and outcomes of annotations, each None for one that is not ordinary, and the overlaps of tied parts."},
    {"whole", (PyCFunction)(void (*)(void))whole, METH_FASTCALL,
     "All rows in one, the outcomes, the overlaps and the number of rows; None unless all are ordinary and no two rows equal."},
    {"of_run", of_run, METH_VARARGS,
     "Rows of the leading records of a run that are ordinary in every respect, the outcomes of their annotations, and overlaps as"
     " (place of the record, position, code, IoU, id or position)."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject outline_texts_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.OutlineTexts",
    .tp_doc = "Makes rows of ordinary outlines.",
    .tp_basicsize = sizeof(OutlineTexts),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = outline_texts_new,
    .tp_dealloc = outline_texts_dealloc,
    .tp_methods = outline_texts_methods,
};

PyTypeObject *exportkit_outline_texts_type(void)
{
    return PyType_Ready(&outline_texts_type) < 0 ? NULL : &outline_texts_type;
}
