/* How the C library keeps memory that was given back to it. */
#include "native.h"

#ifdef __GLIBC__
#include <malloc.h>

enum { LARGE = 1 << 20 };
#endif

static PyObject *return_large_blocks(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
#ifdef __GLIBC__
    /* By itself the limit rises with every large block that is freed, up to 32 MiB, and what lies between small ones stays. */
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
#endif
    Py_RETURN_NONE;
}

PyMethodDef exportkit_heap_methods[] = {
    {"return_large_blocks", return_large_blocks, METH_NOARGS,
     "Have blocks of a mebibyte or more go back to the system as soon as they are freed, for the life of this process."},
    {NULL, NULL, 0, NULL},
};
