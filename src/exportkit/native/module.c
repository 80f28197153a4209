/* The module object: everything that the compiled core offers to Python. */
#include "native.h"

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "exportkit.native._core",
    .m_doc = "Inner loops in C; each has a twin in Python that gives the same results.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__core(void)
{
    PyTypeObject *types[] = {exportkit_seed_reader_type(), exportkit_seed_surveyor_type(), exportkit_seed_run_type(), exportkit_box_texts_type(), exportkit_outline_texts_type(),
                             exportkit_coco_texts_type(), exportkit_tally_type()};
    PyMethodDef *tables[] = {exportkit_ring_methods, exportkit_label_methods, exportkit_voc_methods,
                             exportkit_coco_methods, exportkit_file_methods, exportkit_line_methods,
                             exportkit_object_methods, exportkit_id_methods, exportkit_bounds_methods, exportkit_count_methods,
                             exportkit_jpeg_methods, exportkit_beneath_methods, exportkit_row_methods, exportkit_piece_methods,
                             exportkit_digest_methods, exportkit_copy_methods,
                             exportkit_column_methods, exportkit_heap_methods};
    PyObject *module = PyModule_Create(&definition);
    for (size_t i = 0; module != NULL && i < sizeof types / sizeof *types; i++)
        if (types[i] == NULL || PyModule_AddType(module, types[i]) < 0)
            Py_CLEAR(module);
    for (size_t i = 0; module != NULL && i < sizeof tables / sizeof *tables; i++)
        if (PyModule_AddFunctions(module, tables[i]) < 0)
            Py_CLEAR(module);
    return module;
}
