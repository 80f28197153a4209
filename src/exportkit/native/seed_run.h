/* Annotations of a run of ordinary lines, as plain values: no object is made of what becomes a text at once. */
#ifndef EXPORTKIT_SEED_RUN_H
#define EXPORTKIT_SEED_RUN_H

#include "masks.h"
#include "seed.h"

/* One annotation. What it holds lives as long as its run. */
typedef struct {
    PyObject *kind;       /* borrowed from the reader */
    PyObject *label;
    PyObject *attributes; /* a dict that nobody changes, or NULL */
    Number box[4];
    char has_box, is_crowd;
    char is_plain;             /* no flag, score, group, track or frame */
    char region;               /* kind of the region; BOX where there is none */
    char in_points;            /* whether each point of its ring stands in an array or an object of its own */
    Origin origin;
    double turned[3];          /* of a rotated box, whose sides `box` has: its centre and its turn */
    Number declared;           /* area */
    const char *rings, *rings_end, *identity; /* of a mask: its size, not rings */
    const char *lengths, *lengths_end;        /* of a mask: its counts */
    const char *points, *points_end; /* of key points: x, y and visibility each, in the text of the run; or NULL */
    Py_ssize_t point_count;
} Entry;

typedef struct {
    size_t first, count;
    double width, height;
    char is_ordinary;
    Span path, digest; /* of its file, in the text of the run */
    long long bytes;   /* that are declared, or -1 */
} RunRecord;

/* What is read of a mask. */
static inline MaskText mask_text(const Entry *entry, const RunRecord *record, double most_pixels)
{
    return (MaskText){entry->rings, entry->rings_end, entry->lengths, entry->lengths_end, record->width, record->height, most_pixels};
}

typedef struct SeedRun {
    PyObject_HEAD
    Reader *reader;
    PyObject *text;
    Entry *entries;
    size_t count, room;
    RunRecord *records;
    Py_ssize_t size;
} SeedRun;

/* Adds an annotation that was read: 1, or 0 for what is refused, perhaps with an exception. */
int exportkit_add_entry(SeedRun *run, const Source *source);

/* Whether a run has the records from start to stop; 0 with an exception. */
static inline int are_records_of(const SeedRun *run, Py_ssize_t start, Py_ssize_t stop)
{
    if (start >= 0 && start <= stop && stop <= run->size)
        return 1;
    PyErr_SetString(PyExc_IndexError, "the records lie outside the run");
    return 0;
}

static inline int is_record_of(const SeedRun *run, Py_ssize_t at)
{
    return are_records_of(run, at, at < run->size ? at + 1 : run->size + 1);
}

/* What an annotation is called in a list: its id, or its position where it has none. NULL with an exception. */
PyObject *exportkit_name_of_entry(const SeedRun *run, const Entry *entry, size_t position);

/* Method of a run: (position, share of its box that it covers, id) of each region of a record; None where one takes a closer
   look. */
PyObject *exportkit_shares(PyObject *run, PyObject *args);

/* One point and the comma or bracket behind it. */
int exportkit_read_triplet(Cursor *c, Number *numbers);

#endif
