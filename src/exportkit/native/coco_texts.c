/* Objects of COCO files: what follows the ids of an ordinary box or polygon.

   The twin of exportkit_coco.shape and of the writer's texts for what is ordinary in every respect; every other annotation
   is left to its writer. */
#include "attributes.h"
#include "numbers.h"
#include "regions.h"

static const double EPS = 0.001;
/* How far a declared area may surely be from the computed one, as a share of it (formats, section 1.2). */
static const double SURELY_NEAR = 0.00999, MOST_AREA = 1e14;

enum { FLAGS = 8, FALSE_FLAGS = 4, ALWAYS_TESTED = 8, FIXED_ROOM = 1024 };

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
    AttributeTexts texts;
    Outline outline;
    char *text;
    size_t room;
} CocoTexts;

/* What is written of one annotation; all references are borrowed but that of the attributes. */
typedef struct {
    PyObject *sides[4], *area, *region_text, *outcome, *head;
    double side[4];
} Object;

static char *put_word(char *out, const char *word)
{
    size_t size = strlen(word);
    memcpy(out, word, size);
    return out + size;
}

/* A number as given, without an exponent; NULL for one that needs care. */
static char *put_side(char *out, PyObject *number, double value)
{
    return value >= 0 && value < MOST_AREA ? put_given(out, PyLong_CheckExact(number), value) : NULL;
}

static int is_near(double declared, double area)
{
    double distance = fabs(declared - area);
    return declared > 0 && area > 0 && distance < SURELY_NEAR * area;
}

static int read_box(const CocoTexts *self, PyObject *box, const double *size, Object *object)
{
    if (box == NULL || Py_TYPE(box) != self->box)
        return 0;
    for (int i = 0; i < 4; i++) {
        object->sides[i] = field(box, self->sides[i]);
        if (!as_double(object->sides[i], &object->side[i]))
            return 0;
    }
    const double *side = object->side;
    return side[0] >= 0 && side[1] >= 0 && side[2] >= EPS && side[3] >= EPS && side[0] + side[2] <= size[0] &&
           side[1] + side[3] <= size[1];
}

/* Whether the box holds all of the region, so that both surely have an area in common. */
static int holds(const double *side, const Bounds *bounds)
{
    double x0 = value_of(&bounds->left), y0 = value_of(&bounds->top), x1 = value_of(&bounds->right);
    double y1 = value_of(&bounds->bottom), right = side[0] + side[2], bottom = side[1] + side[3];
    return side[0] < x1 && x0 < right && side[1] < y1 && y0 < bottom && side[0] - EPS <= x0 && x1 <= right + EPS &&
           side[1] - EPS <= y0 && y1 <= bottom + EPS;
}

/* -- rings --------------------------------------------------------------------------------------------------- */

/* The points of a ring while they are written: where each begins in the text. */
typedef struct {
    double x, y, first_x, first_y;
    char *start, *last;
    size_t count;
} Ring;

/* Writes `x,y` of one point as Python writes them; 0 where a number needs care. */
static int put_point(Cursor *c, char **out, double *x, double *y)
{
    for (int axis = 0; axis < 2; axis++) {
        Number number = {0};
        skip_blanks(c);
        if (!read_number(c, &number))
            return 0;
        skip_blanks(c);
        double value = value_of(&number);
        if (axis > 0)
            *(*out)++ = ',';
        if (!(value >= 0 && value < MOST_AREA) || (number.is_real && signbit(value)))
            return 0;
        *out = number.is_real ? put_shortest(*out, value) : put_digits(*out, (uint64_t)number.whole, 1);
        if (*out == NULL)
            return 0;
        *(axis ? y : x) = value;
        if (axis == 0 && *c->p++ != ',')
            return 0;
    }
    return 1;
}

/* Rings that were judged before, without points that repeat the one before, and with every number in its shortest form. */
static char *put_rings_anew(char *out, const char *text)
{
    Cursor cursor = {text, NULL, NULL}, *c = &cursor;
    char opening = '[';
    skip_blanks(c);
    do {
        Ring ring = {0};
        c->p++;
        skip_blanks(c);
        *out++ = opening;
        *out++ = '[';
        opening = ',';
        do {
            double x = 0, y = 0;
            char *start = out;
            c->p++;
            if (ring.count > 0)
                *out++ = ',';
            if (!put_point(c, &out, &x, &y))
                return NULL;
            if (ring.count > 0 && x == ring.x && y == ring.y) {
                out = start;
                continue;
            }
            if (ring.count++ == 0) {
                ring.first_x = x;
                ring.first_y = y;
            }
            ring.x = x;
            ring.y = y;
            ring.last = start;
        } while (*c->p == ',');
        /* Neighbours differ, so at most one closing point is left. */
        if (ring.count > 1 && ring.x == ring.first_x && ring.y == ring.first_y)
            out = ring.last;
        *out++ = ']';
        c->p++;
        skip_blanks(c);
    } while (*c->p == ',');
    *out++ = ']';
    return out;
}

static char *put_rings(const CocoTexts *self, char *out, PyObject *source)
{
    const char *text = PyBytes_AS_STRING(source);
    size_t size = (size_t)PyBytes_GET_SIZE(source);
    if (self->outline.repeats)
        return put_rings_anew(out, text);
    if (memchr(text, 'e', size) != NULL || memchr(text, 'E', size) != NULL)
        return NULL;
    for (const char *p = text; p < text + size; p++)
        if (*p > ' ')
            *out++ = *p;
    return out;
}

/* -- objects ------------------------------------------------------------------------------------------------- */

static int has_flags(const CocoTexts *self, PyObject *annotation)
{
    for (int i = 0; i < FLAGS; i++)
        if (field(annotation, self->flags[i]) != (i < FALSE_FLAGS ? Py_False : Py_None))
            return 1;
    return 0;
}

static char *put_bbox(char *out, const Object *object)
{
    for (int i = 0; out != NULL && i < 4; i++) {
        if (i > 0)
            *out++ = ',';
        out = put_side(out, object->sides[i], object->side[i]);
    }
    return out != NULL ? put_word(out, "],\"area\":") : NULL;
}

/* The declared area if it is surely near to the computed one; without one, a box has that of its sides. */
static char *put_area(char *out, const Object *object, double computed, int is_box)
{
    double declared;
    if (object->area == Py_None)
        return is_box ? put_trimmed(out, computed) : NULL;
    return as_double(object->area, &declared) && is_near(declared, computed) ? put_side(out, object->area, declared) : NULL;
}

static char *put_corners(char *out, const Object *object)
{
    char far[2][NUMBER_ROOM], near[2][NUMBER_ROOM];
    char *ends[] = {put_side(near[0], object->sides[0], object->side[0]), put_side(near[1], object->sides[1], object->side[1]),
                    put_trimmed(far[0], object->side[0] + object->side[2]),
                    put_trimmed(far[1], object->side[1] + object->side[3])};
    for (int i = 0; i < 4; i++) {
        if (ends[i] == NULL)
            return NULL;
        *ends[i] = 0;
    }
    const char *corners[] = {near[0], near[1], far[0], near[1], far[0], far[1], near[0], far[1]};
    out = put_word(out, "[[");
    for (int i = 0; i < 8; i++) {
        if (i > 0)
            *out++ = ',';
        out = put_word(out, corners[i]);
    }
    return put_word(out, "]]");
}

static char *put_box_object(const CocoTexts *self, char *out, const Object *object)
{
    double area;
    if (!round_six(object->side[2] * object->side[3], &area) || !(area > 0 && area < MOST_AREA))
        return NULL;
    if ((out = put_bbox(out, object)) == NULL || (out = put_area(out, object, area, 1)) == NULL)
        return NULL;
    out = put_word(out, ",\"iscrowd\":0,\"segmentation\":");
    return self->rectangle ? put_corners(out, object) : put_word(out, "[]");
}

static char *put_polygon_object(const CocoTexts *self, char *out, const Object *object)
{
    if (self->outline.shortest <= ALWAYS_TESTED || !holds(object->side, &self->outline.bounds))
        return NULL;
    if ((out = put_bbox(out, object)) == NULL || (out = put_area(out, object, self->outline.area, 0)) == NULL)
        return NULL;
    return put_rings(self, put_word(out, ",\"iscrowd\":0,\"segmentation\":"), object->region_text);
}

static int make_room(CocoTexts *self, size_t size)
{
    if (size <= self->room)
        return 1;
    char *bigger = PyMem_Realloc(self->text, 2 * size);
    if (bigger == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    self->text = bigger;
    self->room = 2 * size;
    return 1;
}

/* Finds what an ordinary annotation is made of: 1, 2 for a polygon; 0 for any other. */
static int find_object(CocoTexts *self, PyObject *annotation, const double *size, Object *object)
{
    if (Py_TYPE(annotation) != self->annotation || has_flags(self, annotation))
        return 0;
    PyObject *kind = field(annotation, self->kind), *label = field(annotation, self->label);
    if (kind == NULL || !PyUnicode_CheckExact(kind) || label == NULL || !PyUnicode_CheckExact(label))
        return 0;
    object->outcome = PyDict_GetItemWithError(self->outcomes, kind);
    object->head = object->outcome != NULL ? PyDict_GetItemWithError(self->heads, label) : NULL;
    object->area = field(annotation, self->area);
    if (object->head == NULL || object->area == NULL || !read_box(self, field(annotation, self->declared), size, object))
        return 0;
    if (PyUnicode_CompareWithASCIIString(kind, "box") == 0)
        return 1;
    if (PyUnicode_CompareWithASCIIString(kind, "polygon") != 0)
        return 0;
    PyObject *region = field(annotation, self->shape);
    return read_region(&self->regions, region, &self->outline, size, &object->region_text) ? 2 : 0;
}

/* The text of an ordinary annotation as a new reference, and its outcome, borrowed; None for any other; NULL with an
   exception. */
static PyObject *text_of_object(CocoTexts *self, PyObject *annotation, const double *size, PyObject **outcome)
{
    Object object = {0};
    int found = find_object(self, annotation, size, &object);
    if (!found)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    PyObject *attributes = field(annotation, self->attributes), *added = NULL, *made = NULL;
    if (attributes == NULL || (attributes != Py_None && !PyDict_CheckExact(attributes)))
        return Py_NewRef(Py_None);
    if (attributes != Py_None && PyDict_GET_SIZE(attributes) > 0) {
        added = text_of_attributes(&self->texts, attributes);
        if (added == NULL || added == Py_None)
            return added;
    }
    size_t head = (size_t)PyBytes_GET_SIZE(object.head), tail = added != NULL ? (size_t)PyBytes_GET_SIZE(added) : 0;
    size_t rings = found == 2 ? (size_t)PyBytes_GET_SIZE(object.region_text) : 0;
    if (found == 2 && self->outline.repeats)
        /* A repeated point is written before it is taken back, so there are at most as many numbers as bytes by two. */
        rings *= NUMBER_ROOM / 2;
    if (make_room(self, head + tail + rings + FIXED_ROOM)) {
        char *out = self->text;
        memcpy(out, PyBytes_AS_STRING(object.head), head);
        out = found == 1 ? put_box_object(self, out + head, &object) : put_polygon_object(self, out + head, &object);
        if (out != NULL) {
            if (added != NULL)
                memcpy(out, PyBytes_AS_STRING(added), tail);
            out[tail] = '}';
            made = PyUnicode_DecodeASCII(self->text, out + tail + 1 - self->text, NULL);
            *outcome = object.outcome;
        } else if (!PyErr_Occurred()) {
            made = Py_NewRef(Py_None);
        }
    }
    Py_XDECREF(added);
    return made;
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
    if (self->room > 1 << 20) {
        PyMem_Free(self->text);
        self->text = NULL;
        self->room = 0;
        exportkit_outline_clear(&self->outline);
    }
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
    static char *names[] = {"annotation", "box", "region", "heads", "outcomes", "attributes", "rectangle", NULL};
    PyObject *annotation, *box, *region, *heads, *outcomes, *texts;
    int rectangle;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!O!O!Op", names, &PyType_Type, &annotation, &PyType_Type, &box,
                                     &PyType_Type, &region, &PyDict_Type, &heads, &PyDict_Type, &outcomes, &texts, &rectangle))
        return NULL;
    CocoTexts *self = (CocoTexts *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->annotation = (PyTypeObject *)Py_NewRef(annotation);
    self->box = (PyTypeObject *)Py_NewRef(box);
    self->heads = PyDict_Copy(heads);
    self->outcomes = PyDict_Copy(outcomes);
    self->rectangle = rectangle;
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
