/* Fields of objects whose class keeps them in slots, read without a call. */
#ifndef EXPORTKIT_SLOTS_H
#define EXPORTKIT_SLOTS_H

#include "native.h"

#include <descrobject.h>
#include <structmember.h>

/* Where a class of slots keeps a field; -1 with an exception if it is no such class. */
static inline Py_ssize_t offset_of(PyTypeObject *type, const char *field)
{
    PyObject *found = type->tp_dict != NULL ? PyDict_GetItemString(type->tp_dict, field) : NULL;
    if (found == NULL || !PyObject_TypeCheck(found, &PyMemberDescr_Type) ||
        ((PyMemberDescrObject *)found)->d_member->type != T_OBJECT_EX) {
        PyErr_Format(PyExc_TypeError, "%s keeps no field %s in a slot", type->tp_name, field);
        return -1;
    }
    return ((PyMemberDescrObject *)found)->d_member->offset;
}

/* A field as a borrowed reference; NULL where it is not set. */
static inline PyObject *field(PyObject *object, Py_ssize_t offset)
{
    return *(PyObject **)((char *)object + offset);
}

#endif
