/* Objects of COCO files: entries of ordinary boxes and polygons.

   The twin of exportkit_coco.shape and of the writer's texts for what is ordinary in every respect; every other annotation
   is left to its writer. */
#include "attributes.h"
#include "coco_object.h"
#include "regions.h"
#include "seed_run.h"

enum { FLAGS = 8, FALSE_FLAGS = 4 };

typedef struct {
    PyObject_HEAD
    PyTypeObject *annotation, *box;
    Regions regions;
    Py_ssize_t kind, label, declared, shape, area, attributes;
    Py_ssize_t flags[FLAGS]; /* the first ones are False where nothing is set, the others None */
    Py_ssize_t sides[4];
    PyObject *heads;    /* class → what follows the ids, up to the numbers of the box */
    PyObject *outcomes; /* kind → outcome */
    int rectangle;      /* whether a box has the ring of its corners */
    int lists_runs;     /* whether every mask is a list of lengths */
    double most_pixels; /* of a mask's grid */
    AttributeTexts texts;
    Outline outline;
    MaskMeasure mask;
    Buffer lengths;
    char *text;
    size_t size, room;
} CocoTexts;

/* An object with what else is written of it; all references are borrowed. */
typedef struct {
    Object object;
    PyObject *outcome, *head, *attributes; /* attributes: their text, or NULL */
} Found;

/* -- annotations ------------------------------------------------------------------------------------------------ */

static int read_box(const CocoTexts *self, PyObject *box, const double *size, Object *object)
{
    if (box == NULL || Py_TYPE(box) != self->box)
        return 0;
    for (int i = 0; i < 4; i++) {
        PyObject *side = field(box, self->sides[i]);
        if (!as_double(side, &object->side[i]))
            return 0;
        object->is_whole[i] = (char)PyLong_CheckExact(side);
    }
    return lies_within(object->side, size);
}

static int read_area(PyObject *area, Object *object)
{
    if (area == Py_None)
        return 1;
    object->has_area = 1;
    object->is_whole_area = area != NULL && PyLong_CheckExact(area);
    return as_double(area, &object->area);
}

static int has_flags(const CocoTexts *self, PyObject *annotation)
{
    for (int i = 0; i < FLAGS; i++)
        if (field(annotation, self->flags[i]) != (i < FALSE_FLAGS ? Py_False : Py_None))
            return 1;
    return 0;
}

/* Head and outcome of a kind and a class: 1; 0, perhaps with an exception, where there is none. */
static int find_head(const CocoTexts *self, PyObject *kind, PyObject *label, Found *found)
{
    found->outcome = PyDict_GetItemWithError(self->outcomes, kind);
    found->head = found->outcome != NULL ? PyDict_GetItemWithError(self->heads, label) : NULL;
    return found->head != NULL;
}

/* Finds what an ordinary annotation is made of but for its attributes: 1; 0, perhaps with an exception, for any other. */
static int find_object(CocoTexts *self, PyObject *annotation, const double *size, Found *found)
{
    if (Py_TYPE(annotation) != self->annotation || has_flags(self, annotation))
        return 0;
    PyObject *kind = field(annotation, self->kind), *label = field(annotation, self->label), *text;
    Object *object = &found->object;
    if (kind == NULL || !PyUnicode_CheckExact(kind) || label == NULL || !PyUnicode_CheckExact(label))
        return 0;
    if (!find_head(self, kind, label, found) || !read_area(field(annotation, self->area), object) ||
        !read_box(self, field(annotation, self->declared), size, object))
        return 0;
    if (PyUnicode_CompareWithASCIIString(kind, "box") == 0)
        return 1;
    if (PyUnicode_CompareWithASCIIString(kind, "polygon") != 0 ||
        !read_region(&self->regions, field(annotation, self->shape), &self->outline, size, &text) || self->outline.in_points)
        return 0;
    object->rings = PyBytes_AS_STRING(text);
    object->rings_size = (size_t)PyBytes_GET_SIZE(text);
    return 1;
}

static int make_room(CocoTexts *self, size_t size)
{
    if (self->room - self->size >= size)
        return 1;
    size_t room = 2 * (self->size + size);
    char *bigger = PyMem_Realloc(self->text, room);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    self->text = bigger;
    self->room = room;
    return 1;
}

/* Appends what follows the ids of an entry: 1; 0, perhaps with an exception, where a number needs care. */
static int put_object(CocoTexts *self, const Found *found)
{
    const Object *object = &found->object;
    size_t head = (size_t)PyBytes_GET_SIZE(found->head), rings = object->rings_size;
    size_t tail = found->attributes != NULL ? (size_t)PyBytes_GET_SIZE(found->attributes) : 0;
    if (object->rings != NULL && self->outline.repeats)
        /* A repeated point is written before it is taken back, so there are at most as many numbers as bytes by two. */
        rings *= NUMBER_ROOM / 2;
    if (!make_room(self, head + tail + rings + FIXED_ROOM + self->lengths.size / sizeof(long long) * LENGTH_ROOM))
        return 0;
    char *out = self->text + self->size;
    memcpy(out, PyBytes_AS_STRING(found->head), head);
    out = object->rings != NULL  ? put_polygon_object(out + head, object, &self->outline)
          : object->mask != NULL ? put_mask_object(out + head, object, self->lists_runs)
                                 : put_box_object(out + head, object, self->rectangle);
    if (out == NULL)
        return 0;
    if (tail > 0)
        memcpy(out, PyBytes_AS_STRING(found->attributes), tail);
    out[tail] = '}';
    self->size = (size_t)(out + tail + 1 - self->text);
    return 1;
}

/* The text of an ordinary annotation as a new reference, and its outcome, borrowed; None for any other; NULL with an
   exception. */
static PyObject *text_of_object(CocoTexts *self, PyObject *annotation, const double *size, PyObject **outcome)
{
    Found found = {0};
    PyObject *added = NULL, *made = NULL;
    self->size = 0;
    int good = find_object(self, annotation, size, &found);
    PyObject *attributes = good ? field(annotation, self->attributes) : NULL;
    good = good && attributes != NULL && (attributes == Py_None || PyDict_CheckExact(attributes));
    if (good && attributes != Py_None && PyDict_GET_SIZE(attributes) > 0) {
        added = text_of_attributes(&self->texts, attributes);
        good = added != NULL && added != Py_None;
        found.attributes = added;
    }
    if (good && put_object(self, &found)) {
        made = PyUnicode_DecodeASCII(self->text, (Py_ssize_t)self->size, NULL);
        *outcome = found.outcome;
    } else if (!PyErr_Occurred()) {
        made = Py_NewRef(Py_None);
    }
    Py_XDECREF(added);
    return made;
}

/* Gives large memory back. */
static void tidy(CocoTexts *self)
{
    if (self->room > 1 << 20) {
        PyMem_Free(self->text);
        self->text = NULL;
        self->room = 0;
        exportkit_outline_clear(&self->outline);
        free_buffer(&self->lengths);
    }
    self->size = 0;
}

static PyObject *of(PyObject *self_object, PyObject *const *args, Py_ssize_t count)
{
    CocoTexts *self = (CocoTexts *)self_object;
    double size[2];
    if (count != 3 || !PyTuple_CheckExact(args[0]) || !as_double(args[1], &size[0]) || !as_double(args[2], &size[1])) {
        PyErr_SetString(PyExc_TypeError, "of(annotations, width, height) takes a tuple and two numbers");
        return NULL;
    }
    Py_ssize_t many = PyTuple_GET_SIZE(args[0]);
    PyObject *texts = PyList_New(many), *outcomes = PyList_New(many), *made = NULL;
    int good = texts != NULL && outcomes != NULL;
    for (Py_ssize_t i = 0; good && i < many; i++) {
        PyObject *outcome = Py_None, *text = text_of_object(self, PyTuple_GET_ITEM(args[0], i), size, &outcome);
        good = text != NULL;
        PyList_SET_ITEM(texts, i, good ? text : Py_NewRef(Py_None));
        PyList_SET_ITEM(outcomes, i, Py_NewRef(outcome));
    }
    if (good)
        made = PyTuple_Pack(2, texts, outcomes);
    Py_XDECREF(texts);
    Py_XDECREF(outcomes);
    tidy(self);
    return made;
}

/* -- runs of records --------------------------------------------------------------------------------------------- */

/* Reads a mask on the grid of its picture whose pixels the box meets: 1; 0, perhaps with an exception, for any other. */
static int find_mask(CocoTexts *self, const Entry *entry, const RunRecord *record, Object *object)
{
    const double *side = object->side;
    const MaskText text = mask_text(entry, record, self->most_pixels);
    const long long window[4] = {(long long)floor(side[0]), (long long)floor(side[1]), (long long)ceil(side[0] + side[2]),
                           (long long)ceil(side[1] + side[3])};
    if (!measure_picture_mask(&self->mask, &text, window, &self->lengths) || self->mask.within == 0)
        return 0;
    object->mask = &self->mask;
    object->is_crowd = entry->is_crowd;
    return 1;
}

/* As find_object, of an entry, with its attributes: 1; 0 for one that is not ordinary; -1 with an exception. */
static int find_entry(CocoTexts *self, const Entry *entry, const RunRecord *record, Found *found)
{
    const double size[] = {record->width, record->height};
    Object *object = &found->object;
    self->lengths.size = 0;
    if (!entry->is_plain || (entry->is_crowd && entry->region != MASK) || !entry->has_box || !find_head(self, entry->kind, entry->label, found))
        return PyErr_Occurred() ? -1 : 0;
    for (int i = 0; i < 4; i++) {
        object->side[i] = value_of(&entry->box[i]);
        object->is_whole[i] = !entry->box[i].is_real;
    }
    object->has_area = entry->declared.set;
    object->is_whole_area = !entry->declared.is_real;
    object->area = entry->declared.set ? value_of(&entry->declared) : 0;
    if (!lies_within(object->side, size) || !(entry->region == BOX || entry->region == POLYGON || entry->region == MASK))
        return 0;
    if (entry->in_points)
        return 0;
    if (entry->region == MASK && !find_mask(self, entry, record, object))
        return PyErr_Occurred() ? -1 : 0;
    if (entry->region == POLYGON) {
        object->rings = entry->rings;
        object->rings_size = (size_t)(entry->rings_end - entry->rings);
        if (!read_rings_within(&self->outline, entry->rings, entry->rings_end, entry->in_points, size))
            return PyErr_Occurred() ? -1 : 0;
    }
    if (entry->attributes != NULL && PyDict_GET_SIZE(entry->attributes) > 0) {
        found->attributes = text_of_fixed_attributes(&self->texts, entry->attributes);
        if (found->attributes == NULL || found->attributes == Py_None)
            return found->attributes == NULL ? -1 : 0;
    }
    return 1;
}

static int put_ids(CocoTexts *self, long long number, PyObject *image, int is_first)
{
    static const char between[] = ",\"image_id\":";
    size_t size = (size_t)PyBytes_GET_SIZE(image);
    if (!make_room(self, size + NUMBER_ROOM + sizeof between + 8))
        return 0;
    char *out = put_word(self->text + self->size, is_first ? "{\"id\":" : ",{\"id\":");
    out = put_word(put_digits(out, (uint64_t)number, 1), between);
    memcpy(out, PyBytes_AS_STRING(image), size);
    self->size = (size_t)(out + size - self->text);
    return 1;
}

/* The entries of a record as a new reference, its outcomes appended; NULL, perhaps with an exception, where one is not
   ordinary. */
static PyObject *entries_of_record(CocoTexts *self, const SeedRun *run, const RunRecord *record, PyObject *image,
                                   long long number, PyObject *plain, PyObject *outcomes)
{
    Py_ssize_t known = PyList_GET_SIZE(outcomes);
    int good = record->is_ordinary;
    self->size = 0;
    for (size_t i = 0; good > 0 && i < record->count; i++) {
        Found found = {0};
        good = find_entry(self, &run->entries[record->first + i], record, &found);
        if (good > 0)
            good = PySet_Contains(plain, found.outcome);
        if (good > 0)
            good = put_ids(self, ++number, image, i == 0) && put_object(self, &found) &&
                   PyList_Append(outcomes, found.outcome) == 0;
    }
    if (good > 0)
        return PyBytes_FromStringAndSize(self->size ? self->text : "", (Py_ssize_t)self->size);
    if (!PyErr_Occurred())
        PyList_SetSlice(outcomes, known, PyList_GET_SIZE(outcomes), NULL);
    return NULL;
}

static int are_images(PyObject *images, Py_ssize_t count)
{
    if (PyList_GET_SIZE(images) != count)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyBytes_CheckExact(PyList_GET_ITEM(images, i)))
            return 0;
    return 1;
}

static PyObject *of_run(PyObject *object, PyObject *args)
{
    CocoTexts *self = (CocoTexts *)object;
    SeedRun *run;
    Py_ssize_t start, stop;
    PyObject *images, *plain;
    long long number;
    if (!PyArg_ParseTuple(args, "O!nnO!LO!", exportkit_seed_run_type(), &run, &start, &stop, &PyList_Type, &images, &number,
                          &PySet_Type, &plain))
        return NULL;
    if (!are_records_of(run, start, stop))
        return NULL;
    if (number < 0 || !are_images(images, stop - start)) {
        PyErr_SetString(PyExc_ValueError, "of_run: a negative number, or not one picture for each record");
        return NULL;
    }
    PyObject *texts = PyList_New(0), *outcomes = PyList_New(0), *made = NULL;
    for (Py_ssize_t i = start; texts != NULL && outcomes != NULL && i < stop; i++) {
        const RunRecord *record = &run->records[i];
        PyObject *text = entries_of_record(self, run, record, PyList_GET_ITEM(images, i - start), number, plain, outcomes);
        if (text == NULL)
            break;
        int failed = PyList_Append(texts, text) < 0;
        Py_DECREF(text);
        if (failed)
            break;
        number += (long long)record->count;
    }
    if (texts != NULL && outcomes != NULL && !PyErr_Occurred())
        made = PyTuple_Pack(2, texts, outcomes);
    Py_XDECREF(texts);
    Py_XDECREF(outcomes);
    tidy(self);
    return made;
}

static void coco_texts_dealloc(PyObject *object)
{
    CocoTexts *self = (CocoTexts *)object;
    Py_XDECREF(self->annotation);
    Py_XDECREF(self->box);
    Py_XDECREF(self->heads);
    Py_XDECREF(self->outcomes);
    regions_end(&self->regions);
    attributes_end(&self->texts);
    exportkit_outline_clear(&self->outline);
    free_buffer(&self->lengths);
    PyMem_Free(self->text);
    Py_TYPE(object)->tp_free(object);
}

static int find_offsets(CocoTexts *self)
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
           (self->shape = offset_of(self->annotation, "region")) >= 0 &&
           (self->area = offset_of(self->annotation, "area")) >= 0 &&
           (self->attributes = offset_of(self->annotation, "attributes")) >= 0;
}

static int are_bytes(PyObject *table)
{
    Py_ssize_t at = 0;
    PyObject *key, *value;
    while (PyDict_Next(table, &at, &key, &value))
        if (!PyBytes_CheckExact(value))
            return 0;
    return 1;
}

static PyObject *coco_texts_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", "box", "region", "heads", "outcomes", "attributes", "rectangle", "lists_runs", "most_pixels", NULL};
    PyObject *annotation, *box, *region, *heads, *outcomes, *texts;
    int rectangle, lists_runs;
    double most_pixels;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!O!O!Oppd", names, &PyType_Type, &annotation, &PyType_Type, &box,
                                     &PyType_Type, &region, &PyDict_Type, &heads, &PyDict_Type, &outcomes, &texts, &rectangle,
                                     &lists_runs, &most_pixels))
        return NULL;
    CocoTexts *self = (CocoTexts *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->annotation = (PyTypeObject *)Py_NewRef(annotation);
    self->box = (PyTypeObject *)Py_NewRef(box);
    self->heads = PyDict_Copy(heads);
    self->outcomes = PyDict_Copy(outcomes);
    self->rectangle = rectangle;
    self->lists_runs = lists_runs;
    self->most_pixels = most_pixels;
    int made = attributes_begin(&self->texts, texts) && regions_begin(&self->regions, region) && self->heads && self->outcomes &&
               find_offsets(self);
    if (made && !(are_bytes(self->heads) && PyCallable_Check(texts))) {
        PyErr_SetString(PyExc_TypeError, "CocoTexts: heads are bytes, attributes a function");
        made = 0;
    }
    if (!made)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef coco_texts_methods[] = {
    {"of", (PyCFunction)(void (*)(void))of, METH_FASTCALL,
     "Texts and outcomes of annotations, each None for one that is not ordinary."},
    {"of_run", of_run, METH_VARARGS,
     "Entries of the leading records of a run that are ordinary in every respect, and the outcomes of their annotations."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject coco_texts_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.CocoTexts",
    .tp_doc = "Makes the texts of ordinary objects of COCO files.",
    .tp_basicsize = sizeof(CocoTexts),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = coco_texts_new,
    .tp_dealloc = coco_texts_dealloc,
    .tp_methods = coco_texts_methods,
};

PyTypeObject *exportkit_coco_texts_type(void)
{
    return PyType_Ready(&coco_texts_type) < 0 ? NULL : &coco_texts_type;
}
