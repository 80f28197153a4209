/* Counting what became of annotations.

   The twin of what exportkit.writing.ledger does one by one. */
#include "slots.h"

#include <stdint.h>

enum { FIRST_ROOM = 256 };

/* A class and an outcome, told by their objects, and how often they met. */
typedef struct {
    PyObject *label, *outcome;
    Py_ssize_t count;
    char settled, kept;
} Pair;

typedef struct {
    PyObject_HEAD
    PyTypeObject *annotation;
    Py_ssize_t label, notices, weight;
    PyObject *settled; /* outcome -> whether it keeps its annotation */
    Pair *pairs;
    size_t room, used;
} Tally;

static size_t place_of(const Pair *pairs, size_t room, PyObject *label, PyObject *outcome)
{
    uint64_t hash = ((uint64_t)(uintptr_t)label >> 4) * 0x9E3779B97F4A7C15u ^ ((uint64_t)(uintptr_t)outcome >> 4) * 0xC2B2AE3D27D4EB4Fu;
    size_t at = (size_t)(hash ^ hash >> 29) & (room - 1);
    while (pairs[at].outcome != NULL && (pairs[at].label != label || pairs[at].outcome != outcome))
        at = (at + 1) & (room - 1);
    return at;
}

static int grow(Tally *self)
{
    size_t room = self->room * 2;
    Pair *pairs = PyMem_Calloc(room, sizeof *pairs);
    if (pairs == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (size_t i = 0; i < self->room; i++)
        if (self->pairs[i].outcome != NULL)
            pairs[place_of(pairs, room, self->pairs[i].label, self->pairs[i].outcome)] = self->pairs[i];
    PyMem_Free(self->pairs);
    self->pairs = pairs;
    self->room = room;
    return 1;
}

/* The pair of a class and an outcome, made if need be; NULL with an exception. */
static Pair *pair_of(Tally *self, PyObject *label, PyObject *outcome)
{
    Pair *pair = &self->pairs[place_of(self->pairs, self->room, label, outcome)];
    if (pair->outcome != NULL)
        return pair;
    if (2 * self->used >= self->room) {
        if (!grow(self))
            return NULL;
        pair = &self->pairs[place_of(self->pairs, self->room, label, outcome)];
    }
    PyObject *kept = PyDict_GetItemWithError(self->settled, outcome);
    if (kept == NULL && PyErr_Occurred())
        return NULL;
    *pair = (Pair){Py_NewRef(label), Py_NewRef(outcome), 0, kept != NULL, kept == Py_True};
    self->used++;
    return pair;
}

/* Whether normalisation noted nothing about an annotation, which stands for one of the source. */
static int is_plain(const Tally *self, PyObject *annotation)
{
    PyObject *notices = field(annotation, self->notices), *weight = field(annotation, self->weight);
    return notices != NULL && PyTuple_CheckExact(notices) && PyTuple_GET_SIZE(notices) == 0 && weight != NULL &&
           PyLong_CheckExact(weight) && PyLong_AsLong(weight) == 1;
}

static PyObject *add(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Tally *self = (Tally *)object;
    PyObject *outcomes = count == 2 && PyTuple_CheckExact(args[0])
                             ? PySequence_Fast(args[1], "outcomes are a sequence")
                             : NULL;
    if (outcomes == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "add(annotations, outcomes) takes a tuple and a sequence");
        return NULL;
    }
    Py_ssize_t size = PyTuple_GET_SIZE(args[0]);
    int plain = 1, kept = size == 0;
    if (PySequence_Fast_GET_SIZE(outcomes) != size)
        PyErr_SetString(PyExc_ValueError, "there is not one outcome for each annotation");
    for (Py_ssize_t i = 0; !PyErr_Occurred() && i < size; i++) {
        PyObject *annotation = PyTuple_GET_ITEM(args[0], i), *label;
        if (Py_TYPE(annotation) != self->annotation || (label = field(annotation, self->label)) == NULL) {
            PyErr_SetString(PyExc_TypeError, "a record holds something that is no annotation");
            break;
        }
        Pair *pair = pair_of(self, label, PySequence_Fast_GET_ITEM(outcomes, i));
        if (pair == NULL)
            break;
        pair->count++;
        plain &= pair->settled && is_plain(self, annotation);
        kept |= pair->kept;
    }
    Py_DECREF(outcomes);
    if (PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(plain && kept);
}

static PyObject *add_run(PyObject *object, PyObject *args)
{
    Tally *self = (Tally *)object;
    PyObject *labels, *outcomes;
    if (!PyArg_ParseTuple(args, "O!O!", &PyList_Type, &labels, &PyList_Type, &outcomes))
        return NULL;
    if (PyList_GET_SIZE(labels) != PyList_GET_SIZE(outcomes)) {
        PyErr_SetString(PyExc_ValueError, "there is not one outcome for each class");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(labels); i++) {
        Pair *pair = pair_of(self, PyList_GET_ITEM(labels, i), PyList_GET_ITEM(outcomes, i));
        if (pair == NULL)
            return NULL;
        pair->count++;
    }
    Py_RETURN_NONE;
}

static PyObject *settle(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Tally *self = (Tally *)object;
    if (count != 2 || PyDict_SetItem(self->settled, args[0], args[1] == Py_True ? Py_True : Py_False) < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "settle(outcome, kept)");
        return NULL;
    }
    for (size_t i = 0; i < self->room; i++)
        if (self->pairs[i].outcome == args[0]) {
            self->pairs[i].settled = 1;
            self->pairs[i].kept = args[1] == Py_True;
        }
    Py_RETURN_NONE;
}

static PyObject *sums(PyObject *object, PyObject *nothing)
{
    Tally *self = (Tally *)object;
    PyObject *list = PyList_New(0);
    (void)nothing;
    for (size_t i = 0; list != NULL && i < self->room; i++) {
        if (self->pairs[i].outcome == NULL)
            continue;
        PyObject *sum = Py_BuildValue("(OOn)", self->pairs[i].label, self->pairs[i].outcome, self->pairs[i].count);
        if (sum == NULL || PyList_Append(list, sum) < 0)
            Py_CLEAR(list);
        Py_XDECREF(sum);
    }
    return list;
}

static void tally_dealloc(PyObject *object)
{
    Tally *self = (Tally *)object;
    for (size_t i = 0; i < self->room; i++) {
        Py_XDECREF(self->pairs[i].label);
        Py_XDECREF(self->pairs[i].outcome);
    }
    PyMem_Free(self->pairs);
    Py_XDECREF(self->annotation);
    Py_XDECREF(self->settled);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *tally_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"annotation", NULL};
    PyTypeObject *annotation;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!", names, &PyType_Type, &annotation))
        return NULL;
    Tally *self = (Tally *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->annotation = (PyTypeObject *)Py_NewRef((PyObject *)annotation);
    self->settled = PyDict_New();
    self->pairs = PyMem_Calloc(FIRST_ROOM, sizeof *self->pairs);
    self->room = self->pairs != NULL ? FIRST_ROOM : 0;
    if (self->pairs == NULL)
        PyErr_NoMemory();
    if (self->pairs == NULL || self->settled == NULL || (self->label = offset_of(annotation, "label")) < 0 ||
        (self->notices = offset_of(annotation, "notices")) < 0 || (self->weight = offset_of(annotation, "weight")) < 0)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef tally_methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL,
     "Count annotations with their outcomes; True where the record needs no further look."},
    {"add_run", add_run, METH_VARARGS, "Count classes of annotations with outcomes that need no further look."},
    {"settle", (PyCFunction)(void (*)(void))settle, METH_FASTCALL,
     "An outcome needs no further look from now on; whether it keeps its annotation."},
    {"sums", sums, METH_NOARGS, "(class, outcome, annotations) for all pairs that met, each perhaps several times."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject tally_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.Tally",
    .tp_doc = "Counts what became of annotations by class and outcome.",
    .tp_basicsize = sizeof(Tally),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = tally_new,
    .tp_dealloc = tally_dealloc,
    .tp_methods = tally_methods,
};

PyTypeObject *exportkit_tally_type(void)
{
    return PyType_Ready(&tally_type) < 0 ? NULL : &tally_type;
}
