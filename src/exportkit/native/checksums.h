/* Checksums as zlib has them. */
#ifndef EXPORTKIT_CHECKSUMS_H
#define EXPORTKIT_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of the polynomial 0xEDB88320, four bits at a time. */
static inline uint32_t crc32_of(const char *text, size_t size)
{
    static const uint32_t steps[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        sum ^= (unsigned char)text[i];
        sum = steps[sum & 15] ^ sum >> 4;
        sum = steps[sum & 15] ^ sum >> 4;
    }
    return ~sum;
}

/* Adler-32 of at most a few thousand bytes, whose sums need no reduction on the way. */
static inline uint32_t adler32_of(const char *text, size_t size)
{
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < size; i++) {
        low += (unsigned char)text[i];
        high += low;
    }
    return high % 65521 << 16 | low % 65521;
}

#endif
