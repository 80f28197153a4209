/* What the header of a JPEG tells that is neither turned nor several pictures. */
#ifndef EXPORTKIT_PICTURE_HEAD_H
#define EXPORTKIT_PICTURE_HEAD_H

typedef struct {
    int width, height, channels;
} PictureHead;

/* Reads the header of the file at a judged path below a folder: 1, or 0 for what takes a closer look. */
int exportkit_read_picture_head(int root, const char *path, PictureHead *head);

#endif
