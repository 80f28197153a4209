/* Files of a bundle: opened where the kernel keeps to the folder, and read whole in one call. */
#include "native.h"
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

#if defined(SYS_openat2)
/* As struct open_how of linux/openat2.h, which older systems lack. */
typedef struct {
    uint64_t flags, mode, resolve;
} OpenHow;

enum { NO_MAGICLINKS = 0x02, NO_SYMLINKS = 0x04, BENEATH = 0x08 };

static int open_below(int root, const char *path)
{
    /* Non-blocking, so that a FIFO without a writer cannot hang; never the controlling terminal. */
    OpenHow how = {O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, NO_MAGICLINKS | NO_SYMLINKS | BENEATH};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}
#else
static int open_below(int root, const char *path)
{
    (void)root;
    (void)path;
    return -1;
}
#endif

int exportkit_open_beneath(int root, const char *path, long long *size)
{
    struct stat facts;
    int descriptor = open_below(root, path);
    if (descriptor >= 0 && (fstat(descriptor, &facts) < 0 || !S_ISREG(facts.st_mode))) {
        close(descriptor);
        descriptor = -1;
    }
    if (descriptor >= 0)
        *size = (long long)facts.st_size;
    return descriptor;
}

/* Reads a file that is no larger than it was when it was opened; its size, or -1. */
static Py_ssize_t read_to_end(int descriptor, long long size, char *buffer, Py_ssize_t room)
{
    Py_ssize_t count = 0;
    if (size >= room)
        return -1;
    /* One byte more than the file has tells whether it grew; of a regular file fewer mean that it is over. */
    while (count <= size) {
        ssize_t found = read(descriptor, buffer + count, (size_t)(size + 1 - count));
        if (found < 0 && errno == EINTR)
            continue;
        if (found <= 0)
            return -1;
        count += found;
        if (count == size)
            return count;
    }
    return -1;
}

static PyObject *read_beneath(PyObject *module, PyObject *args)
{
    int root;
    const char *path;
    Py_buffer buffer;
    Py_ssize_t count = -1;
    (void)module;
    if (!PyArg_ParseTuple(args, "isw*", &root, &path, &buffer))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    long long size = 0;
    int descriptor = exportkit_open_beneath(root, path, &size);
    if (descriptor >= 0) {
        count = read_to_end(descriptor, size, buffer.buf, buffer.len);
        close(descriptor);
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&buffer);
    return PyLong_FromSsize_t(count);
}

PyMethodDef exportkit_beneath_methods[] = {
    {"read_beneath", read_beneath, METH_VARARGS,
     "read_beneath(folder, path, buffer): reads the regular file at a judged path, which is shorter than the buffer; its"
     " size, or -1 for an empty file and for whatever takes a closer look."},
    {NULL, NULL, 0, NULL},
};
