/* Runs of ordinary lines whose annotations become texts without becoming objects first.

   Records of such a run are those that SeedReader.place gives; makers of texts (boxes.c) read them. */
#include "seed_run.h"
#include "seed_head.h"

int exportkit_add_entry(SeedRun *run, const Source *source)
{
    if (run->count == run->room) {
        size_t room = run->room ? 2 * run->room : 1024;
        Entry *bigger = PyMem_Realloc(run->entries, room * sizeof *bigger);
        if (bigger == NULL) {
            PyErr_NoMemory();
            return 0;
        }
        run->entries = bigger;
        run->room = room;
    }
    PyObject *label = exportkit_repeated_text(run->reader, &source->label);
    if (label == NULL)
        return 0;
    Entry *entry = &run->entries[run->count++];
    *entry = (Entry){
        .kind = run->reader->kinds[source->kind],
        .label = label,
        .attributes = Py_XNewRef(source->attributes),
        .has_box = source->has_box && source->kind != ROTATED,
        .is_crowd = (char)source->iscrowd,
        .region = (char)(source->kind == ROTATED ? ROTATED : source->region.kind),
        .in_points = source->region.form != FLAT,
        .turned = {source->cx, source->cy, value_of(&source->rotation)},
        .origin = source->origin,
        .declared = source->declared,
        .rings = source->region.start,
        .rings_end = source->region.stop,
        .lengths = source->region.counts,
        .lengths_end = source->region.counts_stop,
        .identity = source->identity,
        .is_plain = !(source->difficult || source->truncated || source->occluded || source->score != NULL ||
                      source->group != NULL || source->track != NULL || source->frame != NULL),
        .points = source->kind == KEYPOINTS ? source->points : NULL,
        .points_end = source->points_end,
        .point_count = source->point_count,
    };
    memcpy(entry->box, source->box, sizeof entry->box);
    return 1;
}

/* Whether all of a record's labels are names. */
static int are_labels(const SeedRun *run, size_t first)
{
    for (size_t i = first; i < run->count; i++) {
        PyObject *label = run->entries[i].label;
        Py_ssize_t size = PyUnicode_GET_LENGTH(label), at = 0;
        while (at < size && Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(label, at)))
            at++;
        if (at == size)
            return 0;
    }
    return 1;
}

static void drop_entries(SeedRun *run, size_t first)
{
    while (run->count > first) {
        Entry *entry = &run->entries[--run->count];
        Py_XDECREF(entry->label);
        Py_XDECREF(entry->attributes);
    }
}

/* Reads a line that stands in the run's text; a record that is not ordinary has no entries. 0 with an exception. */
static int read_record(SeedRun *run, RunRecord *record, const char *start, const char *end)
{
    Want want = {.build = 1, .judged = 1, .run = run};
    Cursor cursor = {start, end, run->reader};
    Line line = {0};
    long long width = 0, height = 0;
    record->first = run->count;
    record->is_ordinary = exportkit_read_line(&cursor, &line, &want) && !(line.unit_name.set && !is_text(&line.unit_name)) &&
                          line.file.path.set && is_plain_file(&line.file) && declared_size(&line, &width, &height) &&
                          split_span(&line) != NULL && are_labels(run, record->first);
    record->path = line.file.path;
    record->digest = line.file.digest;
    record->bytes = line.file.has_size ? line.file.size : -1;
    exportkit_clear_line(&line);
    if (!record->is_ordinary)
        drop_entries(run, record->first);
    record->count = run->count - record->first;
    return record->is_ordinary || is_mere_refusal();
}

/* Reads [(start, length, width, height)] from the run's text. */
static int read_records(SeedRun *run, PyObject *places)
{
    const char *text = PyByteArray_AS_STRING(run->text);
    Py_ssize_t size = PyByteArray_GET_SIZE(run->text), count = PyList_GET_SIZE(places);
    run->records = PyMem_Calloc((size_t)count + 1, sizeof *run->records);
    if (run->records == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t start, length;
        RunRecord *record = &run->records[i];
        if (!PyArg_ParseTuple(PyList_GET_ITEM(places, i), "nndd", &start, &length, &record->width, &record->height))
            return 0;
        if (start < 0 || length < 0 || start > size || length > size - start) {
            PyErr_SetString(PyExc_ValueError, "a line lies outside the text");
            return 0;
        }
        if (!read_record(run, record, text + start, text + start + length))
            return 0;
        run->size = i + 1;
    }
    return 1;
}

static int range_of(const SeedRun *run, PyObject *args, Py_ssize_t *start, Py_ssize_t *stop)
{
    return PyArg_ParseTuple(args, "nn", start, stop) && are_records_of(run, *start, *stop);
}

static PyObject *labels(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t start, stop;
    if (!range_of(run, args, &start, &stop))
        return NULL;
    PyObject *list = PyList_New(0);
    for (; list != NULL && start < stop; start++)
        for (size_t i = 0; list != NULL && i < run->records[start].count; i++)
            if (PyList_Append(list, run->entries[run->records[start].first + i].label) < 0)
                Py_CLEAR(list);
    return list;
}

/* {label: whether one of its objects is no crowd} of one record. */
static PyObject *labels_of(const SeedRun *run, const RunRecord *record)
{
    PyObject *found = PyDict_New();
    for (size_t i = 0; found != NULL && i < record->count; i++) {
        const Entry *entry = &run->entries[record->first + i];
        PyObject *known = PyDict_GetItemWithError(found, entry->label);
        if (known != Py_True && (PyErr_Occurred() || PyDict_SetItem(found, entry->label, entry->is_crowd ? Py_False : Py_True) < 0))
            Py_CLEAR(found);
    }
    return found;
}

static PyObject *classes(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t start, stop;
    if (!range_of(run, args, &start, &stop))
        return NULL;
    PyObject *list = PyList_New(stop - start);
    for (Py_ssize_t i = start; list != NULL && i < stop; i++) {
        PyObject *own = labels_of(run, &run->records[i]);
        if (own == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i - start, own);
    }
    return list;
}

/* Adds the line of one record to those of each of its classes: {label: {place: line}}; 0 with an exception. */
static int add_lines(const SeedRun *run, const RunRecord *record, PyObject *place, PyObject *easy, PyObject *hard, PyObject *found)
{
    for (size_t i = 0; i < record->count; i++) {
        const Entry *entry = &run->entries[record->first + i];
        PyObject *own = PyDict_GetItemWithError(found, entry->label), *made = NULL;
        if (own == NULL) {
            if (PyErr_Occurred() || (made = PyDict_New()) == NULL || PyDict_SetItem(found, entry->label, made) < 0) {
                Py_XDECREF(made);
                return 0;
            }
            own = made;
            Py_DECREF(made);
        }
        if (!entry->is_crowd ? PyDict_SetItem(own, place, easy) < 0 : PyDict_SetDefault(own, place, hard) == NULL)
            return 0;
    }
    return 1;
}

static PyObject *class_lines(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t start, stop;
    PyObject *easy, *hard;
    if (!PyArg_ParseTuple(args, "nnO!O!", &start, &stop, &PyList_Type, &easy, &PyList_Type, &hard))
        return NULL;
    if (!are_records_of(run, start, stop))
        return NULL;
    if (PyList_GET_SIZE(easy) < stop - start || PyList_GET_SIZE(hard) < stop - start) {
        PyErr_SetString(PyExc_ValueError, "there is not a line for each record");
        return NULL;
    }
    PyObject *found = PyDict_New();
    for (Py_ssize_t i = 0; found != NULL && i < stop - start; i++) {
        PyObject *place = PyLong_FromSsize_t(i);
        if (place == NULL || !add_lines(run, &run->records[start + i], place, PyList_GET_ITEM(easy, i), PyList_GET_ITEM(hard, i), found))
            Py_CLEAR(found);
        Py_XDECREF(place);
    }
    return found;
}

PyObject *exportkit_name_of_entry(const SeedRun *run, const Entry *entry, size_t position)
{
    PyObject *identity = NULL;
    Cursor cursor = {entry->identity, NULL, run->reader};
    if (entry->identity != NULL && !exportkit_read_identity(&cursor, &identity) && PyErr_Occurred())
        return NULL;
    return identity != NULL ? identity : PyLong_FromSize_t(position);
}

static PyObject *counts(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t start, stop;
    if (!range_of(run, args, &start, &stop))
        return NULL;
    PyObject *list = PyList_New(stop - start);
    for (Py_ssize_t i = start; list != NULL && i < stop; i++) {
        PyObject *count = PyLong_FromSize_t(run->records[i].count);
        if (count == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i - start, count);
    }
    return list;
}

/* What each annotation of one record is called in a list. */
static PyObject *names(PyObject *object, PyObject *number)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t at = PyLong_AsSsize_t(number);
    if (PyErr_Occurred() || !is_record_of(run, at))
        return NULL;
    const RunRecord *record = &run->records[at];
    PyObject *list = PyList_New((Py_ssize_t)record->count);
    for (size_t i = 0; list != NULL && i < record->count; i++) {
        PyObject *name = exportkit_name_of_entry(run, &run->entries[record->first + i], i);
        if (name == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, name);
    }
    return list;
}

/* Where each annotation of one record stands. */
static PyObject *paths(PyObject *object, PyObject *number)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t at = PyLong_AsSsize_t(number);
    if (PyErr_Occurred() || !is_record_of(run, at))
        return NULL;
    const RunRecord *record = &run->records[at];
    PyObject *list = PyList_New((Py_ssize_t)record->count);
    for (Py_ssize_t i = 0; list != NULL && i < (Py_ssize_t)record->count; i++) {
        PyObject *path = exportkit_path_of(&run->entries[record->first + (size_t)i].origin, i);
        if (path == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, path);
    }
    return list;
}

/* Whether each annotation of a record has a box, is a crowd or of a kind that needs none, and has nothing that most formats
   have no place for; -1 with an exception. */
static int is_usual(const SeedRun *run, const RunRecord *record, PyObject *boxless)
{
    int usual = record->is_ordinary;
    for (size_t i = 0; usual > 0 && i < record->count; i++) {
        const Entry *entry = &run->entries[record->first + i];
        usual = entry->is_plain;
        if (usual && !entry->has_box && !entry->is_crowd)
            usual = PySet_Contains(boxless, entry->kind);
    }
    return usual;
}

static PyObject *usual(PyObject *object, PyObject *boxless)
{
    SeedRun *run = (SeedRun *)object;
    if (!PyFrozenSet_CheckExact(boxless)) {
        PyErr_SetString(PyExc_TypeError, "kinds that need no box are a frozenset");
        return NULL;
    }
    PyObject *list = PyList_New(run->size);
    for (Py_ssize_t i = 0; list != NULL && i < run->size; i++) {
        int found = is_usual(run, &run->records[i], boxless);
        if (found < 0)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, PyBool_FromLong(found));
    }
    return list;
}

/* (path, declared size, declared digest) of the file of a record. */
static PyObject *file_of(const SeedRun *run, const RunRecord *record)
{
    PyObject *path = record->is_ordinary ? text_of(&record->path) : Py_NewRef(Py_None), *digest = NULL, *size = NULL, *made = NULL;
    if (path != NULL && made_optional_text(&record->digest, &digest) && digest != Py_None)
        Py_SETREF(digest, PyObject_CallOneArg(run->reader->digest, digest));
    size = record->bytes >= 0 ? PyLong_FromLongLong(record->bytes) : Py_NewRef(Py_None);
    if (path != NULL && digest != NULL && size != NULL)
        made = PyTuple_Pack(3, path, size, digest);
    Py_XDECREF(path);
    Py_XDECREF(digest);
    Py_XDECREF(size);
    return made;
}

static PyObject *files(PyObject *object, PyObject *args)
{
    SeedRun *run = (SeedRun *)object;
    Py_ssize_t start, stop;
    if (!range_of(run, args, &start, &stop))
        return NULL;
    PyObject *list = PyList_New(stop - start);
    for (Py_ssize_t i = start; list != NULL && i < stop; i++) {
        PyObject *file = file_of(run, &run->records[i]);
        if (file == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i - start, file);
    }
    return list;
}

static void run_dealloc(PyObject *object)
{
    SeedRun *run = (SeedRun *)object;
    drop_entries(run, 0);
    PyMem_Free(run->entries);
    PyMem_Free(run->records);
    Py_XDECREF(run->reader);
    Py_XDECREF(run->text);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *run_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"reader", "text", "places", NULL};
    PyObject *reader, *text, *places;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!O!O!", names, exportkit_seed_reader_type(), &reader,
                                     &PyByteArray_Type, &text, &PyList_Type, &places))
        return NULL;
    SeedRun *run = (SeedRun *)type->tp_alloc(type, 0);
    if (run == NULL)
        return NULL;
    run->reader = (Reader *)Py_NewRef(reader);
    run->text = Py_NewRef(text);
    if (!read_records(run, places))
        Py_CLEAR(run);
    return (PyObject *)run;
}

static PyMethodDef run_methods[] = {
    {"labels", labels, METH_VARARGS, "The class of each annotation of the records from start to stop."},
    {"classes", classes, METH_VARARGS, "{class: whether one of its objects is no crowd} of each of these records."},
    {"class_lines", class_lines, METH_VARARGS,
     "{class: {place of a record: its line}} of these records, with the first line where one of its objects is no crowd."},
    {"counts", counts, METH_VARARGS, "The number of annotations of each of these records; 0, too, for one that is not ordinary."},
    {"names", names, METH_O, "The id, or the position without one, of each annotation of a record."},
    {"paths", paths, METH_O, "The JSON path of each annotation of a record."},
    {"shares", exportkit_shares, METH_VARARGS,
     "(position, share of its box that it covers, id) of each region of a record; None where one takes a closer look."},
    {"usual", usual, METH_O,
      "For each record whether it has nothing but boxes, with or without regions and attributes, and kinds that need no box."},
    {"files", files, METH_VARARGS, "(path, declared size or None, declared digest or None) of the file of each of these records."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject run_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "exportkit.native._core.SeedRun",
    .tp_doc = "Annotations of a run of surveyed lines, for makers of texts; the text must stay as it is.",
    .tp_basicsize = sizeof(SeedRun),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = run_new,
    .tp_dealloc = run_dealloc,
    .tp_methods = run_methods,
};

PyTypeObject *exportkit_seed_run_type(void)
{
    return PyType_Ready(&run_type) < 0 ? NULL : &run_type;
}
