/* SHA-256 of up to sixteen streams side by side (FIPS 180-4). */
#ifndef EXPORTKIT_SHA256_LANES_H
#define EXPORTKIT_SHA256_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA_LANES = 16, SHA_BLOCK = 64, SHA_WORDS = 8, SHA_HEX = 64, SHA_PADDING = 2 * SHA_BLOCK };

/* What is hashed: of each lane `blocks` blocks that begin at `data`; a lane without any waits. */
typedef struct {
    uint32_t state[SHA_WORDS][SHA_LANES];
    const uint8_t *data[SHA_LANES];
    size_t blocks[SHA_LANES];
} Sha256Lanes;

/* Whether this processor hashes streams; elsewhere nothing but this may be called. */
bool exportkit_has_sha256_lanes(void);

/* Begins a stream. */
void exportkit_start_lane(Sha256Lanes *lanes, int lane);

/* Hashes until a lane that had blocks has none; nothing where all wait. */
void exportkit_advance_lanes(Sha256Lanes *lanes);

/* Ends a stream of `total` bytes in memory: puts at most SHA_PADDING bytes behind the last of them, where `pending` of
   them were not hashed; how many blocks these are now. */
size_t exportkit_pad_lane(uint8_t *end, size_t pending, uint64_t total);

/* The digest of a stream, in lower-case hex. */
void exportkit_lane_digest(const Sha256Lanes *lanes, int lane, char hex[SHA_HEX]);

#endif
