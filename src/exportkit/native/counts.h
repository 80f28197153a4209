/* How often two objects, told by where they lie, met each other. */
#ifndef EXPORTKIT_COUNTS_H
#define EXPORTKIT_COUNTS_H

#include "native.h"

#include <stdint.h>

typedef struct {
    PyObject *one, *other; /* held, so that no object comes to lie where another one lay */
    Py_ssize_t count;
} Met;

typedef struct {
    Met *met;
    size_t room, used;
} Counts;

static inline Met *place_in(const Counts *counts, PyObject *one, PyObject *other)
{
    uint64_t hash = ((uint64_t)(uintptr_t)one >> 4) * 0x9E3779B97F4A7C15u ^ ((uint64_t)(uintptr_t)other >> 4) * 0xC2B2AE3D27D4EB4Fu;
    size_t at = (size_t)(hash ^ hash >> 29) & (counts->room - 1);
    while (counts->met[at].one != NULL && (counts->met[at].one != one || counts->met[at].other != other))
        at = (at + 1) & (counts->room - 1);
    return &counts->met[at];
}

static inline int grow_counts(Counts *counts)
{
    Counts bigger = {PyMem_Calloc(counts->room ? 2 * counts->room : 256, sizeof(Met)), counts->room ? 2 * counts->room : 256,
                     counts->used};
    if (bigger.met == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (size_t i = 0; i < counts->room; i++)
        if (counts->met[i].one != NULL)
            *place_in(&bigger, counts->met[i].one, counts->met[i].other) = counts->met[i];
    PyMem_Free(counts->met);
    *counts = bigger;
    return 1;
}

/* Counts a meeting: 1, or 0 with an exception. */
static inline int count_met(Counts *counts, PyObject *one, PyObject *other)
{
    if (2 * counts->used >= counts->room && !grow_counts(counts))
        return 0;
    Met *met = place_in(counts, one, other);
    if (met->one == NULL) {
        *met = (Met){Py_NewRef(one), Py_NewRef(other), 0};
        counts->used++;
    }
    met->count++;
    return 1;
}

/* [(one, other, count)], the same two perhaps several times. */
static inline PyObject *list_of_counts(const Counts *counts)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < counts->room; i++) {
        const Met *met = &counts->met[i];
        PyObject *entry = met->one != NULL ? Py_BuildValue("(OOn)", met->one, met->other, met->count) : NULL;
        if (met->one != NULL && (entry == NULL || PyList_Append(list, entry) < 0))
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

static inline void free_counts(Counts *counts)
{
    for (size_t i = 0; i < counts->room; i++) {
        Py_XDECREF(counts->met[i].one);
        Py_XDECREF(counts->met[i].other);
    }
    PyMem_Free(counts->met);
    *counts = (Counts){0};
}

#endif
