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

/* Notes in {class: {id: whether one of its objects is not difficult}}; -1 with an exception. */
static int note(PyObject *classes, PyObject *stem, const Run *name, int easy)
{
    PyObject *key = PyUnicode_FromStringAndSize(name->s, name->n), *own = NULL, *before = NULL;
    int failed = key == NULL;
    if (!failed && (own = Py_XNewRef(PyDict_GetItemWithError(classes, key))) == NULL && !PyErr_Occurred()) {
        own = PyDict_New();
        failed = own == NULL || PyDict_SetItem(classes, key, own) < 0;
    }
    if (!failed && own != NULL && PyDict_CheckExact(own)) {
        before = PyDict_GetItemWithError(own, stem);
        if (before != Py_True && !PyErr_Occurred())
            failed = PyDict_SetItem(own, stem, easy ? Py_True : Py_False) < 0;
    }
    Py_XDECREF(own);
    Py_XDECREF(key);
    return failed || PyErr_Occurred() ? -1 : 0;
}

static PyObject *judge_voc_file(PyObject *module, PyObject *const *args, Py_ssize_t given)
{
    (void)module;
    if (given != 3 || !PyBytes_CheckExact(args[0]) || !PyUnicode_CheckExact(args[1]) || !PyDict_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError, "judge_voc_file(data, stem, classes)");
        return NULL;
    }
    Text text = {PyBytes_AS_STRING(args[0]), PyBytes_AS_STRING(args[0]) + PyBytes_GET_SIZE(args[0])};
    Run filename, names[MOST_NAMES];
    char easy[MOST_NAMES];
    long width, height, count = 0;
    int known = 0;
    if (!read_head(&text, &filename, &width, &height) || !is_picture_of(&filename, args[1]))
        Py_RETURN_NONE;
    while (SKIP(&text, "\t<object>\n")) {
        Run name;
        int is_easy, at = 0;
        if (!read_object(&text, width, height, &name, &is_easy))
            Py_RETURN_NONE;
        count++;
        while (at < known && (names[at].n != name.n || memcmp(names[at].s, name.s, (size_t)name.n) != 0))
            at++;
        if (at == MOST_NAMES)
            Py_RETURN_NONE;
        if (at == known) {
            names[known] = name;
            easy[known++] = 0;
        }
        easy[at] |= (char)is_easy;
    }
    if (!SKIP(&text, "</annotation>\n") || text.p != text.end)
        Py_RETURN_NONE;
    for (int i = 0; i < known; i++)
        if (note(args[2], args[1], &names[i], easy[i]) < 0)
            return NULL;
    return Py_BuildValue("(lll)", width, height, count);
}

PyMethodDef exportkit_voc_methods[] = {
    {"judge_voc_file", (PyCFunction)(void (*)(void))judge_voc_file, METH_FASTCALL,
     "(width, height, objects) of a file in the usual form without a fault, whose picture is <stem>.jpg; its classes are"
     " noted. None for any other."},
    {NULL, NULL, 0, NULL},
};
