/* What the files of the compiled core share. */
#ifndef EXPORTKIT_NATIVE_H
#define EXPORTKIT_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Lines (line_reader.c). */
extern PyTypeObject *exportkit_seed_reader_type(void);

/* Runs of such lines, surveyed (survey_lines.c). */
extern PyTypeObject *exportkit_seed_surveyor_type(void);

/* Runs of such lines, on their way to texts (seed_run.c). */
extern PyTypeObject *exportkit_seed_run_type(void);

/* Texts of ordinary boxes (boxes.c). */
extern PyTypeObject *exportkit_box_texts_type(void);

/* Rows of outlines (outline_texts.c). */
extern PyTypeObject *exportkit_outline_texts_type(void);

/* Objects of COCO files: their texts (coco_texts.c). */
extern PyTypeObject *exportkit_coco_texts_type(void);

/* Counting outcomes (tally.c). */
extern PyTypeObject *exportkit_tally_type(void);

/* Each a table that ends with an empty entry: rings of polygons (rings.c), objects of COCO
   files (coco_objects.c), label files of YOLO (labels.c), annotation files
   of VOC (voc_files.c), small files (new_files.c), lines of JSON, written (json_lines.c), read
   (json_objects.c), held against each other (line_ids.c) and looked over (id_bounds.c), counts of
   lines (line_counts.c), JPEG files (jpeg_walk.c), files of a bundle (beneath.c), rows of a shard (row_columns.c), pieces
   of streams (stream_pieces.c), digests of texts (digests.c), pictures that are copied (picture_copy.c), texts from
   columns (column_texts.c), and the memory that the C library keeps (heap.c). */
extern PyMethodDef exportkit_ring_methods[];
extern PyMethodDef exportkit_coco_methods[];
extern PyMethodDef exportkit_label_methods[];
extern PyMethodDef exportkit_voc_methods[];
extern PyMethodDef exportkit_file_methods[];
extern PyMethodDef exportkit_line_methods[];
extern PyMethodDef exportkit_object_methods[];
extern PyMethodDef exportkit_id_methods[];
extern PyMethodDef exportkit_bounds_methods[];
extern PyMethodDef exportkit_count_methods[];
extern PyMethodDef exportkit_jpeg_methods[];
extern PyMethodDef exportkit_beneath_methods[];
extern PyMethodDef exportkit_row_methods[];
extern PyMethodDef exportkit_piece_methods[];
extern PyMethodDef exportkit_digest_methods[];
extern PyMethodDef exportkit_copy_methods[];
extern PyMethodDef exportkit_column_methods[];
extern PyMethodDef exportkit_heap_methods[];

#endif
