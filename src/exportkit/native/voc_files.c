/* Annotation files of Pascal VOC, judged in the form that nearly all of them have.

   The twin of the patterns in exportkit_voc.xml_file and of the rules in exportkit_voc.file_rules, for files without a
   fault whose coordinates are whole pixels from 1. */
#include "native.h"

#include <string.h>

enum { MOST_DIGITS = 9, MOST_NAMES = 64 };

typedef struct {
    const char *p, *end;
} Text;

typedef struct {
    const char *s;
    Py_ssize_t n;
} Run;

/* With the size at hand, the compiler compares a tag in a few steps and without a call. */
static inline __attribute__((always_inline)) int skip(Text *text, const char *tag, size_t size)
{
    if ((size_t)(text->end - text->p) < size || memcmp(text->p, tag, size) != 0)
        return 0;
    text->p += size;
    return 1;
}

#define SKIP(text, tag) skip((text), (tag), sizeof(tag) - 1)

/* Whether a byte is printable ASCII without a meaning in XML. */
static int is_text(char byte)
{
    static const char others[] = {['<'] = 1, ['>'] = 1, ['&'] = 1, ['~'] = 0};
    return byte >= ' ' && byte <= '~' && !others[(unsigned char)byte];
}

/* Printable ASCII without markup. */
static void read_run(Text *text, Run *run)
{
    run->s = text->p;
    while (text->p < text->end && is_text(*text->p))
        text->p++;
    run->n = text->p - run->s;
}

#define ELEMENT(text, indent, name, run)                                                                                \
    (SKIP(text, indent "<" name ">") && (read_run(text, run), SKIP(text, "</" name ">\n")))

/* A whole number without leading zeros, above 0. */
static int number_of(const Run *run, long *number)
{
    *number = 0;
    if (run->n < 1 || run->n > MOST_DIGITS || *run->s == '0')
        return 0;
    for (Py_ssize_t i = 0; i < run->n; i++) {
        if (run->s[i] < '0' || run->s[i] > '9')
            return 0;
        *number = *number * 10 + (run->s[i] - '0');
    }
    return 1;
}

static int is_flag(const Run *run)
{
    return run->n == 1 && (*run->s == '0' || *run->s == '1');
}

/* Whether a coordinate mode other than whole pixels from 1 may be meant. */
static int names_mode(const Run *source)
{
    static const char usual[] = "exportkit coords=one", word[] = "coords=";
    if (source->n == (Py_ssize_t)sizeof usual - 1 && memcmp(source->s, usual, sizeof usual - 1) == 0)
        return 0;
    for (Py_ssize_t i = 0; i + (Py_ssize_t)sizeof word - 1 <= source->n; i++)
        if (memcmp(source->s + i, word, sizeof word - 1) == 0)
            return 1;
    return 0;
}

static int read_head(Text *text, Run *filename, long *width, long *height)
{
    Run folder, database, source, image, sides[3], segmented;
    long depth;
    return SKIP(text, "<annotation>\n") && ELEMENT(text, "\t", "folder", &folder) &&
           ELEMENT(text, "\t", "filename", filename) && SKIP(text, "\t<source>\n") &&
           ELEMENT(text, "\t\t", "database", &database) && ELEMENT(text, "\t\t", "annotation", &source) &&
           ELEMENT(text, "\t\t", "image", &image) && SKIP(text, "\t</source>\n\t<size>\n") &&
           ELEMENT(text, "\t\t", "width", &sides[0]) && ELEMENT(text, "\t\t", "height", &sides[1]) &&
           ELEMENT(text, "\t\t", "depth", &sides[2]) && SKIP(text, "\t</size>\n") &&
           ELEMENT(text, "\t", "segmented", &segmented) && !names_mode(&source) && number_of(&sides[0], width) &&
           number_of(&sides[1], height) && number_of(&sides[2], &depth);
}

static int read_box(Text *text, long width, long height)
{
    Run edges[4];
    long xmin, ymin, xmax, ymax;
    return SKIP(text, "\t\t<bndbox>\n") && ELEMENT(text, "\t\t\t", "xmin", &edges[0]) &&
           ELEMENT(text, "\t\t\t", "ymin", &edges[1]) && ELEMENT(text, "\t\t\t", "xmax", &edges[2]) &&
           ELEMENT(text, "\t\t\t", "ymax", &edges[3]) && SKIP(text, "\t\t</bndbox>\n") && number_of(&edges[0], &xmin) &&
           number_of(&edges[1], &ymin) && number_of(&edges[2], &xmax) && number_of(&edges[3], &ymax) && xmin <= xmax &&
           xmax <= width && ymin <= ymax && ymax <= height;
}

static int read_attributes(Text *text)
{
    Run name, value;
    if (!SKIP(text, "\t\t<attributes>\n"))
        return 1;
    while (SKIP(text, "\t\t\t<attribute>\n"))
        if (!(ELEMENT(text, "\t\t\t\t", "name", &name) && ELEMENT(text, "\t\t\t\t", "value", &value) &&
              SKIP(text, "\t\t\t</attribute>\n")))
            return 0;
    return SKIP(text, "\t\t</attributes>\n");
}

/* Reads an object behind its first tag; `easy` tells that it is not difficult. */
static int read_object(Text *text, long width, long height, Run *name, int *easy)
{
    Run pose, truncated, difficult, occluded;
    if (!(ELEMENT(text, "\t\t", "name", name) && ELEMENT(text, "\t\t", "pose", &pose) &&
          ELEMENT(text, "\t\t", "truncated", &truncated) && ELEMENT(text, "\t\t", "difficult", &difficult)))
        return 0;
    const char *here = text->p;
    if (!ELEMENT(text, "\t\t", "occluded", &occluded))
        text->p = here;
    *easy = difficult.n == 1 && *difficult.s == '0';
    return name->n > 0 && pose.n > 0 && is_flag(&truncated) && is_flag(&difficult) && read_box(text, width, height) &&
           read_attributes(text) && SKIP(text, "\t</object>\n");
}

/* Whether the picture is called <stem>.jpg. */
static int is_picture_of(const Run *filename, PyObject *stem)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(stem);
    return PyUnicode_IS_COMPACT_ASCII(stem) && filename->n == size + 4 &&
           memcmp(filename->s, PyUnicode_DATA(stem), (size_t)size) == 0 && memcmp(filename->s + size, ".jpg", 4) == 0;
}

/* Where the ids of classes that were met lie, by a few of their bytes; one that takes the place of another is found again. */
enum { SLOTS = 256 };

typedef struct {
    Run name;
    PyObject *ids; /* borrowed */
} Slot;

typedef struct {
    PyObject *classes;
    Slot slots[SLOTS];
} Notes;

static int same_run(const Run *run, const Run *other)
{
    return run->n == other->n && memcmp(run->s, other->s, (size_t)run->n) == 0;
}

/* The ids of a class, borrowed; NULL with an exception. */
static PyObject *ids_of(Notes *notes, const Run *name)
{
    unsigned hash = (unsigned)name->n;
    for (Py_ssize_t i = 0; i < name->n; i++)
        hash = hash * 31 + (unsigned char)name->s[i];
    Slot *slot = &notes->slots[hash % SLOTS];
    if (slot->ids != NULL && same_run(&slot->name, name))
        return slot->ids;
    PyObject *key = PyUnicode_FromStringAndSize(name->s, name->n), *made = PyDict_New(), *ids = NULL;
    if (key != NULL && made != NULL && (ids = PyDict_SetDefault(notes->classes, key, made)) != NULL && !PyDict_CheckExact(ids)) {
        PyErr_SetString(PyExc_TypeError, "the ids of a class are a dict");
        ids = NULL;
    }
    Py_XDECREF(key);
    Py_XDECREF(made);
    if (ids != NULL)
        *slot = (Slot){*name, ids};
    return ids;
}

/* Notes {class: {id: whether one of its objects is not difficult}}; 0 with an exception. */
static int note(Notes *notes, PyObject *stem, const Run *name, int easy)
{
    PyObject *ids = ids_of(notes, name), *known;
    if (ids == NULL || (known = PyDict_SetDefault(ids, stem, easy ? Py_True : Py_False)) == NULL)
        return 0;
    return !easy || known == Py_True || PyDict_SetItem(ids, stem, Py_True) == 0;
}

/* What a file tells. */
typedef struct {
    long width, height, objects;
    Run names[MOST_NAMES];
    char easy[MOST_NAMES];
    int known;
} Account;

/* Whether a file has the usual form and no fault. */
static int read_file(PyObject *data, PyObject *stem, Account *account)
{
    Text text = {PyBytes_AS_STRING(data), PyBytes_AS_STRING(data) + PyBytes_GET_SIZE(data)};
    Run filename;
    account->known = 0;
    account->objects = 0;
    if (!read_head(&text, &filename, &account->width, &account->height) || !is_picture_of(&filename, stem))
        return 0;
    while (SKIP(&text, "\t<object>\n")) {
        Run name;
        int is_easy, at = 0;
        if (!read_object(&text, account->width, account->height, &name, &is_easy))
            return 0;
        account->objects++;
        while (at < account->known && !same_run(&account->names[at], &name))
            at++;
        if (at == MOST_NAMES)
            return 0;
        if (at == account->known) {
            account->names[account->known] = name;
            account->easy[account->known++] = 0;
        }
        account->easy[at] |= (char)is_easy;
    }
    return SKIP(&text, "</annotation>\n") && text.p == text.end;
}

/* The size that a file declares, its classes noted; None for one of another form; NULL with an exception. */
static PyObject *judge_file(PyObject *data, PyObject *stem, Notes *notes, long long *objects)
{
    Account account;
    if (!PyBytes_CheckExact(data) || !PyUnicode_CheckExact(stem)) {
        PyErr_SetString(PyExc_TypeError, "an annotation file is bytes, and its id a text");
        return NULL;
    }
    if (!read_file(data, stem, &account))
        Py_RETURN_NONE;
    for (int i = 0; i < account.known; i++)
        if (!note(notes, stem, &account.names[i], account.easy[i]))
            return NULL;
    *objects += account.objects;
    return Py_BuildValue("(ll)", account.width, account.height);
}

static PyObject *judge_voc_files(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *stems, *files, *sizes;
    Notes notes = {0};
    long long objects = 0;
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyList_Type, &stems, &PyList_Type, &files, &PyDict_Type, &notes.classes))
        return NULL;
    Py_ssize_t count = PyList_GET_SIZE(stems);
    if (PyList_GET_SIZE(files) != count) {
        PyErr_SetString(PyExc_ValueError, "there is not one file for each id");
        return NULL;
    }
    sizes = PyList_New(count);
    for (Py_ssize_t i = 0; sizes != NULL && i < count; i++) {
        PyObject *size = judge_file(PyList_GET_ITEM(files, i), PyList_GET_ITEM(stems, i), &notes, &objects);
        if (size == NULL)
            Py_CLEAR(sizes);
        else
            PyList_SET_ITEM(sizes, i, size);
    }
    return sizes == NULL ? NULL : Py_BuildValue("(LN)", objects, sizes);
}

PyMethodDef exportkit_voc_methods[] = {
    {"judge_voc_files", judge_voc_files, METH_VARARGS,
     "judge_voc_files([id], [file], {class: {id: whether one of its objects is not difficult}}): the objects of all files in"
     " the usual form without a fault, whose picture is <id>.jpg, and (width, height) of each of them, None of any other;"
     " their classes are noted."},
    {NULL, NULL, 0, NULL},
};
