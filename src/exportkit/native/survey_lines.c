/* The survey of all ordinary lines of a block in one go.

   The twin of what exportkit.conversion.survey does line by line: a line of which anything is unusual ends the run, and
   is surveyed there. */
#include "counts.h"
#include "msgpack.h"
#include "names.h"
#include "picture_head.h"
#include "seed.h"
#include "seed_head.h"

enum { ROWS_IN_BLOCK = 64, BLOCK_HEAD = 7, MOST_RULES = 16, LONGEST_PATH = 255 };
static const long long USABLE_ID = 9007199254740991;

/* What of a naming rule decides about a plain name. */
typedef struct {
    int flat;
    PyObject *extensions, *folders; /* sets of refused ones */
    Buffer keys;
} Rule;

typedef struct {
    PyObject_HEAD
    Reader *reader;
    PyObject *splits; /* the word that names a split, or None -> the split */
    Rule rules[MOST_RULES];
    Py_ssize_t rule_count;
    long long part;
    int keeps_negatives;
    int folder;           /* of the files whose headers are read, or -1 */
    PyObject *extensions; /* that names of such files have */
    Counts contents;  /* of a split, and of a pair of kind and class */
    Counts skeletons; /* of a class and a skeleton */
    Counts records;   /* of a split, and None */
} Surveyor;

/* What a run of lines amounts to. */
typedef struct {
    Buffer rows;
    size_t block; /* where the block of rows begins that is being filled */
    int in_block;
    long long lines, count, last_line;
    PyObject *first, *last; /* ids; `last` may be that of a record before the run */
    int rises, falls, usable, own_split;
} Run;

/* A line within the block. */
typedef struct {
    const char *start, *end;
    long long number, offset;
} Place;

/* What a row tells of a record besides its line. */
typedef struct {
    Span name;
    long long width, height;
    PyObject *split; /* borrowed */
    int named;       /* the record says its split */
    const char *format;
    int depth;
} Facts;

/* -- judging a line; each gives 1, or 0 where it is not ordinary ----------------------------------------------- */

/* Whether an id stands behind another one of a record, in typed order: 1 or 0; -1 for the same id. */
static int compare_ids(PyObject *before, PyObject *after)
{
    int numbers = PyLong_CheckExact(before);
    if (numbers != PyLong_CheckExact(after))
        return numbers;
    if (numbers) {
        /* The id before may come from a line that was not ordinary, so it may be of any size. */
        int beyond;
        long long one = PyLong_AsLongLongAndOverflow(before, &beyond), other = PyLong_AsLongLong(after);
        return beyond != 0 ? beyond < 0 : one == other ? -1 : one < other;
    }
    int order = PyUnicode_Compare(before, after);
    return order == 0 ? -1 : order < 0;
}

static int is_good_digest(Reader *reader, const Span *digest)
{
    PyObject *text = digest->set ? text_of(digest) : NULL;
    PyObject *read = text != NULL ? PyObject_CallOneArg(reader->digest, text) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(read);
    return !digest->set || read != NULL;
}

static int find_split(const Surveyor *self, const Line *line, Facts *facts)
{
    const Span *span = split_span(line);
    PyObject *word = Py_NewRef(Py_None);
    if (span != NULL && span->set)
        Py_SETREF(word, exportkit_repeated_text(self->reader, span));
    facts->named = span != NULL && span->set;
    facts->split = span != NULL && word != NULL ? PyDict_GetItemWithError(self->splits, word) : NULL;
    Py_XDECREF(word);
    return facts->split != NULL;
}

/* Whether the file has a header that tells what is declared, and nothing else that matters; what it tells. */
static int find_header(const Surveyor *self, const Line *line, Facts *facts)
{
    PictureHead head;
    char path[LONGEST_PATH + 1];
    facts->format = "";
    facts->depth = 3;
    if (self->folder < 0)
        return 1;
    memcpy(path, line->file.path.s, (size_t)line->file.path.n);
    path[line->file.path.n] = 0;
    if (!exportkit_read_picture_head(self->folder, path, &head) || head.width != facts->width || head.height != facts->height)
        return 0;
    facts->format = "jpg";
    facts->depth = head.channels;
    return 1;
}

static int find_facts(const Surveyor *self, const Line *line, Facts *facts)
{
    if ((line->unit_name.set && !is_text(&line->unit_name)) || !line->file.path.set || !is_plain_file(&line->file) ||
        !is_good_digest(self->reader, &line->file.digest) || !declared_size(line, &facts->width, &facts->height) ||
        facts->width == 0 || (PyList_GET_SIZE(line->contents) == 0 && !self->keeps_negatives))
        return 0;
    facts->name = name_span(line);
    return facts->name.plain && find_split(self, line, facts) && find_header(self, line, facts);
}

/* Whether a naming rule takes the name as it is: 1 or 0; -1 with an exception. */
static int obeys(const Rule *rule, const PlainName *name)
{
    PyObject *part = PyUnicode_FromStringAndSize(name->lower + name->dot + 1, (Py_ssize_t)(name->size - name->dot - 1));
    int refused = part != NULL ? PySet_Contains(rule->extensions, part) : -1;
    Py_XDECREF(part);
    if (rule->flat || PySet_GET_SIZE(rule->folders) == 0)
        return refused < 0 ? -1 : !refused;
    for (size_t start = 0, end; refused == 0 && start < name->last; start = end + 1) {
        end = (size_t)((const char *)memchr(name->text + start, '/', name->last - start) - name->text);
        part = PyUnicode_FromStringAndSize(name->text + start, (Py_ssize_t)(end - start));
        refused = part != NULL ? PySet_Contains(rule->folders, part) : -1;
        Py_XDECREF(part);
    }
    return refused < 0 ? -1 : !refused;
}

/* Whether the name of a file with a header has an extension that belongs to it. */
static int has_its_extension(const Surveyor *self, const PlainName *name)
{
    PyObject *part = PyUnicode_FromStringAndSize(name->text + name->dot + 1, (Py_ssize_t)(name->size - name->dot - 1));
    int found = part != NULL ? PySet_Contains(self->extensions, part) : -1;
    Py_XDECREF(part);
    return found == 1;
}

static int keep_keys(Surveyor *self, const Span *span)
{
    PlainName name;
    if (!find_plain_name(span->s, (size_t)span->n, &name) || (self->folder >= 0 && !has_its_extension(self, &name)))
        return 0;
    for (Py_ssize_t i = 0; i < self->rule_count; i++)
        if (obeys(&self->rules[i], &name) != 1)
            return 0;
    for (Py_ssize_t i = 0; i < self->rule_count; i++) {
        uint64_t key = key_of_name(&name, self->rules[i].flat);
        if (!append(&self->rules[i].keys, &key, sizeof key))
            return 0;
    }
    return 1;
}

/* -- rows, as exportkit.conversion.rows reads them; each gives 1, or 0 with an exception ------------------------ */

static int begin_row(Run *run)
{
    if (run->in_block == 0) {
        run->block = run->rows.size;
        if (!append(&run->rows, "\0\0\0\0\xDC\0", BLOCK_HEAD))
            return 0;
    }
    run->in_block++;
    return 1;
}

static void end_block(Run *run)
{
    if (run->in_block == 0)
        return;
    unsigned char *head = (unsigned char *)run->rows.text + run->block;
    size_t size = run->rows.size - run->block - 4;
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)(size >> 8 * i);
    head[5] = (unsigned char)(run->in_block >> 8);
    head[6] = (unsigned char)run->in_block;
    run->in_block = 0;
}

/* {kind: annotations of it}, in the order of Reader.kinds. */
static int pack_kinds(Buffer *out, const Reader *reader, PyObject *contents)
{
    long long counts[KINDS] = {0};
    unsigned found = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(contents); i++) {
        PyObject *kind = PyTuple_GET_ITEM(PyList_GET_ITEM(contents, i), 0);
        for (int k = 0; k < KINDS; k++)
            if (reader->kinds[k] == kind)
                found += counts[k]++ == 0;
    }
    if (!pack_map(out, found))
        return 0;
    for (int k = 0; k < KINDS; k++)
        if (counts[k] > 0 && !(pack_object(out, reader->kinds[k]) && pack_int(out, counts[k])))
            return 0;
    return 1;
}

static int pack_group(Buffer *out, const Line *line)
{
    Head head = {0};
    int good = made_group(line, &head) && (head.group == Py_None ? pack_nil(out) : pack_object(out, head.group));
    clear_head(&head);
    return good;
}

static int pack_row(const Surveyor *self, Buffer *out, const Line *line, const Place *place, const Facts *facts)
{
    return pack_array(out, 6) && pack_object(out, line->id) && pack_int(out, self->part) && pack_int(out, place->offset) &&
           pack_int(out, place->end - place->start) && pack_int(out, place->number) && pack_array(out, 1) &&
           /* The fields of a MediaRow. */
           pack_array(out, 14) && (line->media.set ? pack_text(out, line->media.s, (size_t)line->media.n) : pack_nil(out)) &&
           pack_text(out, facts->name.s, (size_t)facts->name.n) &&
           pack_int(out, facts->width) && pack_int(out, facts->height) && pack_int(out, 1) &&
           pack_text(out, facts->format, strlen(facts->format)) && pack_int(out, facts->depth) && pack_object(out, facts->split) && pack_kinds(out, self->reader, line->contents) &&
           pack_array(out, 0) && pack_nil(out) && pack_bool(out, 0) && pack_bool(out, 1) && pack_group(out, line);
}

/* -- a run ------------------------------------------------------------------------------------------------------ */

static int count_contents(Surveyor *self, const Line *line, PyObject *split)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(line->contents); i++)
        if (!count_met(&self->contents, split, PyList_GET_ITEM(line->contents, i)))
            return 0;
    for (Py_ssize_t i = 0; line->skeletons != NULL && i < PyList_GET_SIZE(line->skeletons); i++) {
        PyObject *entry = PyList_GET_ITEM(line->skeletons, i);
        if (!count_met(&self->skeletons, PyTuple_GET_ITEM(entry, 0), PyTuple_GET_ITEM(entry, 1)))
            return 0;
    }
    return count_met(&self->records, split, Py_None);
}

/* Adds the id of a record that is counted. */
static void note_id(Run *run, PyObject *id, int rises)
{
    if (run->last != NULL) {
        run->rises &= rises;
        run->falls &= !rises;
    }
    if (run->first == NULL)
        run->first = Py_NewRef(id);
    Py_XSETREF(run->last, Py_NewRef(id));
    long long value = PyLong_CheckExact(id) ? PyLong_AsLongLong(id) : 0;
    run->usable &= value >= 1 && value <= USABLE_ID;
}

/* Surveys one line: 1; 0 where it is not ordinary, and nothing is noted, perhaps with an exception; -1 with an exception
   where something may be noted. */
static int survey_line(Surveyor *self, Run *run, const Place *place)
{
    static const Want want = {0};
    Cursor cursor = {place->start, place->end, self->reader};
    Line line = {0};
    Facts facts = {0};
    int rises = 1;
    int good = exportkit_read_line(&cursor, &line, &want) && find_facts(self, &line, &facts) &&
               (run->last == NULL || (rises = compare_ids(run->last, line.id)) >= 0) && keep_keys(self, &facts.name);
    if (good) {
        if (!(begin_row(run) && pack_row(self, &run->rows, &line, place, &facts) && count_contents(self, &line, facts.split)))
            good = -1;
        note_id(run, line.id, rises);
        run->own_split |= facts.named;
        run->count++;
        run->last_line = place->number;
        if (run->in_block == ROWS_IN_BLOCK)
            end_block(run);
    }
    exportkit_clear_line(&line);
    return good;
}

static int is_blank_line(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\v' || *p == '\f'))
        p++;
    return p == end;
}

/* Surveys lines up to the first one that is not ordinary, to which `place` is moved: 1, or 0 with an exception. */
static int survey_run(Surveyor *self, Run *run, Place *place, const char *end)
{
    while (place->start < end) {
        const char *stop = memchr(place->start, '\n', (size_t)(end - place->start)), *start = place->start;
        if (stop == NULL)
            stop = end;
        if (!is_blank_line(start, stop)) {
            place->end = stop - (stop[-1] == '\r');
            int found = survey_line(self, run, place);
            if (found <= 0)
                return found == 0 && is_mere_refusal();
            run->lines++;
        }
        place->offset += stop + 1 - start;
        place->start = stop + 1;
        place->number++;
    }
    return 1;
}

static PyObject *take_lines(PyObject *object, PyObject *args)
{
    Surveyor *self = (Surveyor *)object;
    PyObject *text, *last, *made = NULL;
    Py_ssize_t at, size;
    Place place;
    if (!PyArg_ParseTuple(args, "O!nnLLO", &PyByteArray_Type, &text, &at, &size, &place.offset, &place.number, &last))
        return NULL;
    if (at < 0 || at > size || size > PyByteArray_GET_SIZE(text)) {
        PyErr_SetString(PyExc_ValueError, "the lines lie outside the text");
        return NULL;
    }
    const char *begin = PyByteArray_AS_STRING(text);
    Run run = {.rises = 1, .falls = 1, .usable = 1, .last = last == Py_None ? NULL : Py_NewRef(last)};
    place.start = begin + at;
    place.offset += at;
    if (survey_run(self, &run, &place, begin + size)) {
        end_block(&run);
        Py_ssize_t stopped = place.start < begin + size ? place.start - begin : size;
        PyObject *first = run.first != NULL ? run.first : Py_None, *id = run.last != NULL ? run.last : Py_None;
        made = Py_BuildValue("(nLLLOOLOOOOy#)", stopped, place.number, run.lines, run.count, first, id, run.last_line,
                             run.rises ? Py_True : Py_False, run.falls ? Py_True : Py_False, run.usable ? Py_True : Py_False,
                             run.own_split ? Py_True : Py_False, run.rows.text != NULL ? run.rows.text : "",
                             (Py_ssize_t)run.rows.size);
    }
    free_buffer(&run.rows);
    Py_XDECREF(run.first);
    Py_XDECREF(run.last);
    return made;
}

static PyObject *sums_of_lines(PyObject *object, PyObject *nothing)
{
    Surveyor *self = (Surveyor *)object;
    (void)nothing;
    PyObject *contents = list_of_counts(&self->contents), *skeletons = list_of_counts(&self->skeletons);
    PyObject *records = list_of_counts(&self->records), *keys = PyList_New(self->rule_count), *made = NULL;
    for (Py_ssize_t i = 0; keys != NULL && i < self->rule_count; i++) {
        const Buffer *own = &self->rules[i].keys;
        PyObject *bytes = PyBytes_FromStringAndSize(own->text, (Py_ssize_t)own->size);
        if (bytes == NULL)
            Py_CLEAR(keys);
        else
            PyList_SET_ITEM(keys, i, bytes);
    }
    if (contents != NULL && skeletons != NULL && records != NULL && keys != NULL)
        made = PyTuple_Pack(4, contents, skeletons, records, keys);
    Py_XDECREF(contents);
    Py_XDECREF(skeletons);
    Py_XDECREF(records);
    Py_XDECREF(keys);
    return made;
}

/* -- the type --------------------------------------------------------------------------------------------------- */

static void surveyor_dealloc(PyObject *object)
{
    Surveyor *self = (Surveyor *)object;
    Py_XDECREF(self->reader);
    Py_XDECREF(self->splits);
    Py_XDECREF(self->extensions);
    for (Py_ssize_t i = 0; i < self->rule_count; i++) {
        Py_XDECREF(self->rules[i].extensions);
        Py_XDECREF(self->rules[i].folders);
        free_buffer(&self->rules[i].keys);
    }
    free_counts(&self->contents);
    free_counts(&self->skeletons);
    free_counts(&self->records);
    Py_TYPE(object)->tp_free(object);
}

static int set_rules(Surveyor *self, PyObject *rules)
{
    if (PyTuple_GET_SIZE(rules) > MOST_RULES) {
        PyErr_SetString(PyExc_ValueError, "SeedSurveyor: too many naming rules");
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(rules); i++) {
        int flat;
        PyObject *extensions, *folders;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(rules, i), "pO!O!", &flat, &PyFrozenSet_Type, &extensions,
                              &PyFrozenSet_Type, &folders))
            return 0;
        self->rules[i] = (Rule){flat, Py_NewRef(extensions), Py_NewRef(folders), {0}};
        self->rule_count = i + 1;
    }
    return 1;
}

static PyObject *surveyor_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"reader", "splits", "rules", "part", "keeps_negatives", "folder", "extensions", NULL};
    PyObject *reader, *splits, *rules, *extensions;
    long long part;
    int keeps_negatives, folder;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!LpiO!", names, exportkit_seed_reader_type(), &reader, &PyDict_Type,
                                     &splits, &PyTuple_Type, &rules, &part, &keeps_negatives, &folder,
                                     &PyFrozenSet_Type, &extensions))
        return NULL;
    Surveyor *self = (Surveyor *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->reader = (Reader *)Py_NewRef(reader);
    self->splits = Py_NewRef(splits);
    self->part = part;
    self->keeps_negatives = keeps_negatives;
    self->folder = folder;
    self->extensions = Py_NewRef(extensions);
    if (!set_rules(self, rules))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static PyMethodDef surveyor_methods[] = {
    {"take", take_lines, METH_VARARGS,
     "Survey the lines of a text up to the first that is not ordinary: where that one begins, its number; how many lines"
     " and records; first and last id, and the last one's line; whether ids rise, fall and are usable; whether a record"
     " names its split; and the rows."},
    {"sums", sums_of_lines, METH_NOARGS,
     "[(split, (kind, class), annotations)], [(class, skeleton, objects)], [(split, None, records)], keys by rule."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject surveyor_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.SeedSurveyor",
    .tp_doc = "Surveys runs of ordinary lines.",
    .tp_basicsize = sizeof(Surveyor),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = surveyor_new,
    .tp_dealloc = surveyor_dealloc,
    .tp_methods = surveyor_methods,
};

PyTypeObject *exportkit_seed_surveyor_type(void)
{
    return PyType_Ready(&surveyor_type) < 0 ? NULL : &surveyor_type;
}
