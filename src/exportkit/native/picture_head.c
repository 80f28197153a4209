/* Headers of ordinary pictures: a JPEG whose first bytes tell all.

   The twin of exportkit.pictures.jpeg; a header with anything that could turn the picture or make it several is read
   there. */
#include "beneath.h"
#include "native.h"
#include "picture_head.h"

#include <string.h>
#include <unistd.h>

enum { FIRST_BLOCK = 8192, FILLER = 0xFF, START = 0xD8, END = 0xD9, SCAN = 0xDA, APP1 = 0xE1, APP2 = 0xE2 };

static int is_frame(unsigned char marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static int begins_with(const unsigned char *at, const unsigned char *end, const char *word)
{
    return end - at < 4 || memcmp(at, word, 4) == 0;
}

/* Walks from marker to marker up to the first scan. */
static int read_head(const unsigned char *at, const unsigned char *end, PictureHead *head)
{
    int found = 0;
    if (end - at < 4 || at[0] != FILLER || at[1] != START || at[2] != FILLER)
        return 0;
    for (at += 2; end - at >= 4 && at[0] == FILLER; at += 2 + (at[2] << 8 | at[3])) {
        unsigned char marker = at[1];
        if (marker == SCAN)
            return found && head->width > 0 && head->height > 0;
        int length = at[2] << 8 | at[3];
        if (marker < 0xC0 || (marker >= 0xD0 && marker <= END) || marker == FILLER || length < 2 || length > end - at - 2)
            return 0;
        if ((marker == APP1 && begins_with(at + 4, end, "Exif")) || (marker == APP2 && begins_with(at + 4, end, "MPF")))
            return 0;
        if (is_frame(marker) && !found) {
            if (length < 8)
                return 0;
            found = 1;
            head->height = at[5] << 8 | at[6];
            head->width = at[7] << 8 | at[8];
            head->channels = at[9] == 1 || at[9] == 4 ? at[9] : 3;
        }
    }
    return 0;
}

int exportkit_read_picture_head(int root, const char *path, PictureHead *head)
{
    unsigned char block[FIRST_BLOCK];
    long long size;
    int descriptor = exportkit_open_beneath(root, path, &size);
    if (descriptor < 0)
        return 0;
    ssize_t count = read(descriptor, block, sizeof block);
    close(descriptor);
    return count > 0 && read_head(block, block + count, head);
}
