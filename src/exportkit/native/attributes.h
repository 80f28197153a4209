/* Texts of attributes, remembered for flat ones, since the same few come again and again. */
#ifndef EXPORTKIT_ATTRIBUTES_H
#define EXPORTKIT_ATTRIBUTES_H

#include "native.h"

#include <stdint.h>

enum { REMEMBERED_ATTRIBUTES = 4096, MOST_ATTRIBUTES = 16, RECENT_ATTRIBUTES = 256 };

/* Attributes that nobody changes, and their text. */
typedef struct {
    PyObject *attributes, *text;
} RecentAttributes;

typedef struct {
    PyObject *texts; /* makes the text of attributes as bytes, or None where they need care; None: leave them out */
    PyObject *remembered;
    PyObject *yes, *no; /* stand for True and False in keys, where 1 is not True */
    RecentAttributes recent[RECENT_ATTRIBUTES];
} AttributeTexts;

static inline int attributes_begin(AttributeTexts *self, PyObject *texts)
{
    self->texts = Py_NewRef(texts);
    self->remembered = PyDict_New();
    self->yes = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
    self->no = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
    return self->remembered && self->yes && self->no;
}

static inline void attributes_end(AttributeTexts *self)
{
    Py_CLEAR(self->texts);
    Py_CLEAR(self->remembered);
    Py_CLEAR(self->yes);
    Py_CLEAR(self->no);
    for (int i = 0; i < RECENT_ATTRIBUTES; i++) {
        Py_CLEAR(self->recent[i].attributes);
        Py_CLEAR(self->recent[i].text);
    }
}

/* A key under which the text of flat attributes is remembered; NULL, perhaps with an exception, for others. */
static inline PyObject *key_of(const AttributeTexts *self, PyObject *attributes)
{
    Py_ssize_t count = PyDict_GET_SIZE(attributes), at = 0, place = 0;
    PyObject *name, *value;
    if (count > MOST_ATTRIBUTES)
        return NULL;
    PyObject *key = PyTuple_New(2 * count);
    while (key != NULL && PyDict_Next(attributes, &at, &name, &value)) {
        PyObject *part = value == Py_True    ? self->yes
                         : value == Py_False ? self->no
                         : value == Py_None || PyUnicode_CheckExact(value) ? value
                                                                           : NULL;
        if (part == NULL || !PyUnicode_CheckExact(name)) {
            Py_DECREF(key);
            return NULL;
        }
        PyTuple_SET_ITEM(key, place++, Py_NewRef(name));
        PyTuple_SET_ITEM(key, place++, Py_NewRef(part));
    }
    return key;
}

/* The text of attributes as a new reference to bytes; None where they are not ordinary; NULL with an exception. */
static inline PyObject *text_of_attributes(AttributeTexts *self, PyObject *attributes)
{
    PyObject *key = key_of(self, attributes), *text = NULL;
    if (key == NULL && PyErr_Occurred())
        return NULL;
    if (key != NULL && (text = Py_XNewRef(PyDict_GetItemWithError(self->remembered, key))) == NULL && !PyErr_Occurred()) {
        text = PyObject_CallOneArg(self->texts, attributes);
        if (text != NULL && PyDict_GET_SIZE(self->remembered) < REMEMBERED_ATTRIBUTES &&
            PyDict_SetItem(self->remembered, key, text) < 0)
            Py_CLEAR(text);
    } else if (key == NULL) {
        text = PyObject_CallOneArg(self->texts, attributes);
    }
    Py_XDECREF(key);
    if (text != NULL && text != Py_None && !PyBytes_CheckExact(text)) {
        Py_DECREF(text);
        PyErr_SetString(PyExc_TypeError, "the text of attributes is bytes or None");
        return NULL;
    }
    return text;
}

/* The same, borrowed, of attributes that nobody changes: the object tells them. */
static inline PyObject *text_of_fixed_attributes(AttributeTexts *self, PyObject *attributes)
{
    RecentAttributes *place = &self->recent[((uintptr_t)attributes >> 5) % RECENT_ATTRIBUTES];
    if (place->attributes != attributes) {
        PyObject *text = text_of_attributes(self, attributes);
        if (text == NULL)
            return NULL;
        Py_XSETREF(place->attributes, Py_NewRef(attributes));
        Py_XSETREF(place->text, text);
    }
    return place->text;
}

#endif
