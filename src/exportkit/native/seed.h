/* What the files that read lines share: the reader, and what it finds on a line. */
#ifndef EXPORTKIT_SEED_H
#define EXPORTKIT_SEED_H

#include "json_text.h"

enum { REMEMBERED_ATTRIBUTE_TEXTS = 512, LONGEST_ATTRIBUTES = 248 };
enum { REMEMBERED = 2048, REMEMBERED_BYTES = 64, MOST_FILES = 8, DEEPEST_REGION = 16 };

/* What a writer calls a kind; the order of Reader.kinds. */
enum { BOX, POLYGON, MASK, ROTATED, KEYPOINTS, TAG, KINDS };

/* A text that was met before, with the (kind, text) pairs that a survey counts. */
typedef struct {
    PyObject *text;
    PyObject *pairs[KINDS];
} Remembered;

struct Source;

/* Reads the attributes of an annotation as its schema has them, with whatever else stands among them; where there are none
   `out` stays as it is, and nothing is made where it is NULL. */
typedef int (*AttributesReader)(Cursor *c, struct Source *source, PyObject **out);

/* A text of attributes that was met before, with what its reader makes of it: a dict that nobody changes, or NULL. */
typedef struct {
    AttributesReader read;
    char text[LONGEST_ATTRIBUTES];
    Py_ssize_t size;
    PyObject *dict;
} RememberedAttributes;

typedef struct {
    PyObject_HEAD
    PyObject *annotation, *box, *region, *record, *survey, *file; /* the classes that are made */
    PyObject *digest;                                             /* reads a declared SHA-256 */
    PyObject *no_media;                                           /* notices of a record without a file */
    PyObject *rotated, *keypoints; /* classes of geometry, or None where an option says how it is read */
    PyObject *skeleton;            /* gives the skeleton of so many points without names */
    PyObject *skeletons;           /* those that it gave */
    PyObject *kinds[KINDS], *rings, *points, *rle, *image, *empty, *one;
    Remembered remembered[REMEMBERED];
    RememberedAttributes attributes[REMEMBERED_ATTRIBUTE_TEXTS];
} Reader;

typedef struct {
    long long width, height;
    char has_width, has_height;
} Size;

/* How the points of a ring stand in its text: all numbers in one array, or each point in an array or an object of its own. */
typedef enum { FLAT, IN_ARRAYS, IN_OBJECTS } RingForm;

typedef struct {
    int kind; /* BOX where there is no region */
    RingForm form;
    const char *start, *stop;
    const char *counts, *counts_stop;
    const char *path; /* below the annotation; NULL for that of the seed schema */
} Region;

/* Where an annotation stands: `above`.`list`[`position`]. NULL for the list of the seed schema. */
typedef struct {
    const char *above;
    Span list;
    Py_ssize_t position;
} Origin;

/* The fields of an annotation that are objects, in the order of exportkit.records.Annotation. */
typedef struct Source {
    Origin origin;
    Span label;
    Number box[4];
    char has_box;
    Region region;
    Number rotation;
    double cx, cy; /* of a box that is turned */
    const char *points, *points_end;
    Py_ssize_t point_count;
    int kind;
    int iscrowd, difficult, truncated, occluded;
    Number declared;         /* the area, of use for a run */
    const char *identity;    /* the text of the id, or NULL */
    PyObject *id, *area, *score, *group, *track, *frame, *attributes;
} Source;

struct SeedRun;

/* What is wanted of a line. */
typedef struct {
    int build;  /* annotations, or pairs for a survey */
    int judged; /* the line passed a survey before */
    struct SeedRun *run; /* takes the annotations instead, or NULL */
} Want;

typedef struct {
    Span key, original, url, path, digest;
    long long size;
    char has_size;
    Size meta;
} File;

struct Waiting;

/* The schema of `data`, and the schemas whose keys are not all there is, one bit each. */
typedef enum { UNTOLD = 0, SEED = 1, DM_V1 = 2, DM_V2 = 4, DM_V2_WRAPPED = 8 } Schema;

typedef struct {
    PyObject *id, *other_id, *contents, *status, *skeletons;
    PyObject *group, *unit_group, *data_group;
    Span split, unit_split, data_split, unit_name;
    Size unit_size, extra_size;
    File file;
    Py_ssize_t annotations; /* so many were kept */
    char has_file, is_open;
    Schema schema;
    int unlike;           /* schemas that the line has a key too many for */
    Span media;           /* id of the only medium of DM */
    const char *extra;    /* what DM tells of media, or NULL */
    const char *meta;     /* what stands beside wrapped annotations, or NULL */
    const char *geometry; /* of annotations of DM V1 that stand behind it, or NULL */
    struct Waiting *waiting; /* annotations of DM V1 until their geometry is met */
    size_t waiting_count, waiting_room;
    char is_joined; /* whether each of them has its geometry */
} Line;

/* A line within a text that ends with a NUL. */
typedef struct {
    const char *start, *end;
} Piece;

/* The bytes from `first` to `last` of a bytes or bytearray object, whose buffers both end with a NUL. */
static inline int piece_of(PyObject *text, PyObject *first, PyObject *last, Piece *piece)
{
    Py_ssize_t size, start = 0, end;
    const char *buffer;
    if (PyByteArray_CheckExact(text)) {
        buffer = PyByteArray_AS_STRING(text);
        size = PyByteArray_GET_SIZE(text);
    } else if (PyBytes_CheckExact(text)) {
        buffer = PyBytes_AS_STRING(text);
        size = PyBytes_GET_SIZE(text);
    } else {
        PyErr_SetString(PyExc_TypeError, "a line lies in bytes or in a bytearray");
        return 0;
    }
    end = size;
    if (first != NULL) {
        start = PyLong_AsSsize_t(first);
        end = PyLong_AsSsize_t(last);
        if (PyErr_Occurred())
            return 0;
    }
    if (start < 0 || start > end || end > size) {
        PyErr_SetString(PyExc_ValueError, "the line lies outside the text");
        return 0;
    }
    piece->start = buffer + start;
    piece->end = buffer + end;
    return 1;
}

/* Reads a whole line into `line`, which the caller clears: 1, or 0 for what is refused, perhaps with an exception. */
int exportkit_read_line(Cursor *c, Line *line, const Want *want);
void exportkit_clear_line(Line *line);

/* The text of a span as a new reference, the same object for most that were met before; NULL, perhaps without an
   exception, for what is no text. */
PyObject *exportkit_repeated_text(Reader *reader, const Span *span);

/* An integer or a filled text, or null, which leaves `out` as it is; nothing is made where `out` is NULL. */
int exportkit_read_identity(Cursor *c, PyObject **out);

/* Reads the annotations of the seed schema. */
int exportkit_read_seed(Cursor *c, Line *line, const Want *want);

/* Reads width and height of an object, or null. */
int exportkit_read_size(Cursor *c, Size *size);

/* Where an annotation stands, as a text. */
PyObject *exportkit_path_of(const Origin *origin, Py_ssize_t index);

/* Whether a line was merely refused: text that is no UTF-8 is a matter for the general way, a lack of memory is not. */
static inline int is_mere_refusal(void)
{
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_ValueError))
        PyErr_Clear();
    return !PyErr_Occurred();
}

#endif
