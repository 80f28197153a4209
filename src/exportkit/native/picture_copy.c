/* JPEGs of a bundle on their way into datasets: many at once, each read once, judged, hashed, and written to all outputs.

   The twin of what exportkit.conversion.media does with one picture after the other. */
#include "beneath.h"
#include "jpeg_walk.h"
#include "native.h"
#include "new_files.h"
#include "sha256_lanes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PICTURES = 256, MOST_OUTPUTS = 8, CHUNK = 1 << 15, ENOUGH = 128 << 20 };

/* One picture: where it lies, what is declared of it (-1 and NULL for nothing), and what was found. */
typedef struct {
    const char *path, *declared;
    long long declared_size, size;
    NewPlace places[MOST_OUTPUTS];
    /* How many of its places have a file that was made here. */
    int made;
    bool ends_as_jpeg;
    char digest[SHA_HEX];
} Picture;

/* A picture that is being copied. */
typedef struct {
    Picture *picture;
    int source, targets[MOST_OUTPUTS];
    long long done;
    JpegWalk walk;
    uint8_t first[3], last[2];
    /* One byte more than a chunk tells whether the file grew; the padding overwrites it. */
    uint8_t chunk[CHUNK + SHA_PADDING];
} Lane;

typedef struct {
    Sha256Lanes hashes;
    Lane lanes[SHA_LANES];
    Picture *pictures;
    int root, outputs, next;
    /* Pictures in front of the first that has to be looked at by itself. */
    int sound;
    long long largest, taken;
} Copy;

/* Reads up to `size` bytes; how many, fewer only where the file is over or cannot be read. */
static size_t read_up_to(int descriptor, uint8_t *buffer, size_t size)
{
    size_t count = 0;
    while (count < size) {
        ssize_t found = read(descriptor, buffer + count, size - count);
        if (found > 0)
            count += (size_t)found;
        else if (found == 0 || errno != EINTR)
            break;
    }
    return count;
}

static bool open_lane(Copy *copy, Lane *lane, Picture *picture)
{
    lane->picture = picture;
    lane->done = 0;
    lane->walk = (JpegWalk){0};
    lane->source = exportkit_open_beneath(copy->root, picture->path, &picture->size);
    if (lane->source < 0 || picture->size < (long long)sizeof lane->first || picture->size > copy->largest)
        return false;
    if (picture->declared_size >= 0 && picture->declared_size != picture->size)
        return false;
    for (; picture->made < copy->outputs; picture->made++)
        if ((lane->targets[picture->made] = exportkit_create_file(&picture->places[picture->made])) < 0)
            return false;
    copy->taken += picture->size;
    return true;
}

/* Whether all that was written has its place; the lane is free then. */
static bool close_lane(Lane *lane)
{
    bool is_sound = true;
    for (int i = 0; i < lane->picture->made; i++)
        is_sound = (close(lane->targets[i]) == 0 || errno == EINTR) && is_sound;
    if (lane->source >= 0)
        close(lane->source);
    lane->picture = NULL;
    return is_sound;
}

/* Keeps what readers look at who take no walk. */
static void note_ends(Lane *lane, size_t count)
{
    if (lane->done == 0)
        memcpy(lane->first, lane->chunk, sizeof lane->first);
    lane->last[0] = count > 1 ? lane->chunk[count - 2] : lane->last[1];
    lane->last[1] = lane->chunk[count - 1];
}

/* Reads, judges and writes the next bytes of a picture, and lays them out to be hashed; false where they are unusual. */
static bool fill(Copy *copy, int place)
{
    Lane *lane = &copy->lanes[place];
    Picture *picture = lane->picture;
    long long left = picture->size - lane->done;
    bool is_over = left <= CHUNK;
    size_t count = is_over ? (size_t)left : CHUNK;
    if (read_up_to(lane->source, lane->chunk, count + is_over) != count)
        return false;
    note_ends(lane, count);
    exportkit_walk_jpeg(&lane->walk, lane->chunk, count);
    if (is_over && !lane->walk.is_whole)
        return false;
    for (int i = 0; i < copy->outputs; i++)
        if (exportkit_write_to(lane->targets[i], lane->chunk, count) != 0)
            return false;
    lane->done += (long long)count;
    copy->hashes.data[place] = lane->chunk;
    copy->hashes.blocks[place] =
        is_over ? exportkit_pad_lane(lane->chunk + count, count, (uint64_t)picture->size) : count / SHA_BLOCK;
    return true;
}

/* Ends a picture that was read to its end; whether it is what it was declared to be. */
static bool conclude(Copy *copy, int place)
{
    Lane *lane = &copy->lanes[place];
    Picture *picture = lane->picture;
    exportkit_lane_digest(&copy->hashes, place, picture->digest);
    picture->ends_as_jpeg = memcmp(lane->first, "\xff\xd8\xff", 3) == 0 && memcmp(lane->last, "\xff\xd9", 2) == 0;
    return close_lane(lane) && (picture->declared == NULL || memcmp(picture->declared, picture->digest, SHA_HEX) == 0);
}

/* Goes on with a lane that waits: with its picture, else with the next one. The first picture of which anything is unusual
   ends the run in front of it. */
static void go_on(Copy *copy, int place)
{
    Lane *lane = &copy->lanes[place];
    do {
        bool is_sound;
        Picture *picture = lane->picture;
        if (picture == NULL) {
            if (copy->next >= copy->sound || copy->taken >= ENOUGH)
                return;
            picture = &copy->pictures[copy->next++];
            exportkit_start_lane(&copy->hashes, place);
            is_sound = open_lane(copy, lane, picture) && fill(copy, place);
        } else if (picture - copy->pictures >= copy->sound) {
            is_sound = false;
        } else {
            is_sound = lane->done == picture->size ? conclude(copy, place) : fill(copy, place);
        }
        if (!is_sound && lane->picture != NULL)
            close_lane(lane);
        if (!is_sound && picture - copy->pictures < copy->sound)
            copy->sound = (int)(picture - copy->pictures);
    } while (lane->picture == NULL);
}

/* Copies pictures; how many leading ones are in all their places. Of the others nothing is left. */
static int copy_all(Copy *copy)
{
    bool is_over = false;
    while (!is_over) {
        is_over = true;
        for (int i = 0; i < SHA_LANES; i++) {
            if (copy->hashes.blocks[i] == 0)
                go_on(copy, i);
            is_over = is_over && copy->hashes.blocks[i] == 0;
        }
        exportkit_advance_lanes(&copy->hashes);
    }
    for (int i = copy->sound; i < copy->next; i++)
        for (int made = 0; made < copy->pictures[i].made; made++)
            unlinkat(copy->pictures[i].places[made].folder, copy->pictures[i].places[made].name, 0);
    return copy->next < copy->sound ? copy->next : copy->sound;
}

/* Whether a format is one of those that are walked as a JPEG. */
static bool is_jpeg(PyObject *format)
{
    return PyUnicode_Check(format) && (PyUnicode_CompareWithASCIIString(format, "jpg") == 0 ||
                                       PyUnicode_CompareWithASCIIString(format, "mpo") == 0);
}

/* Takes up (path, size or None, digest or None, format): 1; 0, perhaps with an exception, for what Python has to look at. */
static int take_up_original(PyObject *original, Picture *picture)
{
    if (!PyTuple_Check(original) || PyTuple_GET_SIZE(original) != 4 || !is_jpeg(PyTuple_GET_ITEM(original, 3)))
        return 0;
    PyObject *path = PyTuple_GET_ITEM(original, 0), *size = PyTuple_GET_ITEM(original, 1);
    PyObject *digest = PyTuple_GET_ITEM(original, 2);
    Py_ssize_t length, digits = SHA_HEX;
    picture->path = PyUnicode_Check(path) ? PyUnicode_AsUTF8AndSize(path, &length) : NULL;
    if (picture->path == NULL || strlen(picture->path) != (size_t)length)
        return 0;
    picture->declared_size = size == Py_None ? -1 : PyLong_AsLongLong(size);
    if (size != Py_None && picture->declared_size < 0)
        return 0;
    picture->declared = digest == Py_None ? NULL : PyUnicode_AsUTF8AndSize(digest, &digits);
    return (picture->declared != NULL || digest == Py_None) && digits == SHA_HEX;
}

/* Takes up the places of pictures in one output, from the first on; how many have one, or -1 with an exception. */
static int take_up_places(PyObject *output, int number, Py_ssize_t first, Picture *pictures, int count)
{
    PyObject *folders, *paths, *last = NULL;
    if (!PyArg_ParseTuple(output, "O!O!", &PyDict_Type, &folders, &PyList_Type, &paths))
        return -1;
    int found = 0, folder = -1;
    for (; found < count && first + found < PyList_GET_SIZE(paths); found++) {
        NewPlace *place = &pictures[found].places[number];
        place->folder = folder;
        if (!exportkit_find_place(PyList_GET_ITEM(paths, first + found), folders, &last, place))
            break;
        folder = place->folder;
    }
    Py_XDECREF(last);
    return PyErr_Occurred() ? -1 : found;
}

/* Takes up what is to be copied; how many pictures from the first on, or -1 with an exception. */
static int take_up(PyObject *originals, PyObject *outputs, Py_ssize_t first, Picture *pictures)
{
    int count = 0;
    while (count < MOST_PICTURES && first + count < PyList_GET_SIZE(originals) &&
           take_up_original(PyList_GET_ITEM(originals, first + count), &pictures[count]))
        count++;
    /* What is no text in UTF-8, or no number of that size, is Python's to tell of. */
    PyErr_Clear();
    for (int i = 0; i < PyList_GET_SIZE(outputs) && count > 0; i++)
        count = take_up_places(PyList_GET_ITEM(outputs, i), i, first, pictures, count);
    return count;
}

static PyObject *found_of(const Picture *pictures, int count)
{
    PyObject *found = PyList_New(count);
    for (int i = 0; i < count && found != NULL; i++) {
        const Picture *picture = &pictures[i];
        PyObject *entry = Py_BuildValue("(Ls#O)", picture->size, picture->digest, (Py_ssize_t)SHA_HEX,
                                        picture->ends_as_jpeg ? Py_True : Py_False);
        if (entry == NULL)
            Py_CLEAR(found);
        else
            PyList_SET_ITEM(found, i, entry);
    }
    return found;
}

static PyObject *copy_jpegs(PyObject *module, PyObject *args)
{
    PyObject *originals, *outputs, *found = NULL;
    int root;
    Py_ssize_t first;
    long long largest;
    (void)module;
    if (!PyArg_ParseTuple(args, "iO!O!nL", &root, &PyList_Type, &originals, &PyList_Type, &outputs, &first, &largest))
        return NULL;
    if (first < 0)
        return PyErr_Format(PyExc_ValueError, "pictures are counted from 0 on");
    if (!exportkit_has_sha256_lanes() || PyList_GET_SIZE(outputs) > MOST_OUTPUTS)
        return PyList_New(0);
    Copy *copy = PyMem_Calloc(1, sizeof *copy);
    Picture *pictures = PyMem_Calloc(MOST_PICTURES, sizeof *pictures);
    if (copy == NULL || pictures == NULL) {
        PyErr_NoMemory();
    } else {
        int count = take_up(originals, outputs, first, pictures);
        copy->pictures = pictures;
        copy->root = root;
        copy->outputs = (int)PyList_GET_SIZE(outputs);
        copy->sound = count;
        copy->largest = largest;
        if (count >= 0) {
            /* Whoever runs meanwhile must not change the lists: they hold the names. */
            Py_BEGIN_ALLOW_THREADS
            count = copy_all(copy);
            Py_END_ALLOW_THREADS
            found = found_of(pictures, count);
        }
    }
    PyMem_Free(copy);
    PyMem_Free(pictures);
    return found;
}

PyMethodDef exportkit_copy_methods[] = {
    {"copy_jpegs", copy_jpegs, METH_VARARGS,
     "copy_jpegs(folder, [(path, size, sha256, format)], [({folder: descriptor}, [path])], first, largest): copies files of"
     " the folder at judged paths, from a place on, into every output; [(size, sha256, ends as a JPEG)] of those that are whole JPEGs of at most"
     " so many bytes, as they were declared. Of the first that takes a closer look, and those behind it, nothing is left."},
    {NULL, NULL, 0, NULL},
};
