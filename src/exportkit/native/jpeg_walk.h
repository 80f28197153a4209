/* A JPEG that is walked from its first marker to its last while its bytes pass by. */
#ifndef EXPORTKIT_JPEG_WALK_H
#define EXPORTKIT_JPEG_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is looked for next. */
typedef enum { JPEG_START, JPEG_FILLER, JPEG_MARKER, JPEG_LENGTH, JPEG_SEGMENT, JPEG_OVER } JpegState;

/* A walk begins with nothing but zeros. */
typedef struct {
    JpegState state;
    /* Bytes of the present element that passed by, and its length as far as it is known. */
    size_t passed, length;
    uint8_t marker;
    bool has_scan;
    /* Whether the end marker came behind a scan. */
    bool is_whole;
} JpegWalk;

/* Takes the next bytes of the file; none of them is kept. */
void exportkit_walk_jpeg(JpegWalk *walk, const uint8_t *at, size_t size);

#endif
