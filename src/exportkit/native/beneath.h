/* Regular files below a folder that somebody else made, opened without following any link.

   The twin of exportkit.storage.beneath, for paths that were judged; whatever is refused takes a closer look there. */
#ifndef EXPORTKIT_BENEATH_H
#define EXPORTKIT_BENEATH_H

/* The descriptor of the regular file at `path` and its size in bytes; -1 for what is refused. */
int exportkit_open_beneath(int root, const char *path, long long *size);

#endif
