/* SHA-256 side by side: sixteen lanes of a vector where many streams wait, else one after the other by the processor's
   own instructions.

   Those instructions wait for one another, so that a single stream leaves most of the processor idle; a vector of sixteen
   words does twice as much in the same time. FIPS 180-4 gives the functions, their names and constants. */
#include "sha256_lanes.h"

#include <string.h>

static const uint32_t FIRST[SHA_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

void exportkit_start_lane(Sha256Lanes *lanes, int lane)
{
    for (int i = 0; i < SHA_WORDS; i++)
        lanes->state[i][lane] = FIRST[i];
    lanes->blocks[lane] = 0;
}

size_t exportkit_pad_lane(uint8_t *end, size_t pending, uint64_t total)
{
    enum { COUNT = 8 };
    size_t blocks = (pending + 1 + COUNT + SHA_BLOCK - 1) / SHA_BLOCK, room = blocks * SHA_BLOCK - pending;
    memset(end, 0, room);
    *end = 0x80;
    for (size_t i = 1; i <= COUNT; i++)
        end[room - i] = (uint8_t)(total * 8 >> 8 * (i - 1));
    return blocks;
}

void exportkit_lane_digest(const Sha256Lanes *lanes, int lane, char hex[SHA_HEX])
{
    for (int word = 0; word < SHA_WORDS; word++)
        for (int place = 0; place < 8; place++)
            *hex++ = "0123456789abcdef"[lanes->state[word][lane] >> (28 - 4 * place) & 15];
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

/* Fewer lanes are sooner done one by one. */
enum { WORTH_A_VECTOR = 9, ROUNDS = 64, BLOCK_WORDS = 16 };

static const uint32_t K[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define VECTOR __attribute__((target("avx512f,avx512bw")))
#define SINGLE __attribute__((target("sha,sse4.1")))

bool exportkit_has_sha256_lanes(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) != 0 && __builtin_cpu_supports("sse4.1");
}

static bool has_vectors(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

/* Truth tables of the three-operand instruction. */
enum { PARITY = 0x96, CHOICE = 0xCA, MAJORITY = 0xE8 };

#define ADD _mm512_add_epi32
#define TURN _mm512_ror_epi32
#define XOR3(a, b, c) _mm512_ternarylogic_epi32(a, b, c, PARITY)

/* Words `at` to `at` + 3 of sixteen rows, from four vectors that hold four rows each. */
#define GATHER(w, q, at)                                                                        \
    do {                                                                                        \
        __m512i low = _mm512_shuffle_i32x4(q[at], q[4 + at], 0x44);                             \
        __m512i high = _mm512_shuffle_i32x4(q[at], q[4 + at], 0xEE);                            \
        __m512i lower = _mm512_shuffle_i32x4(q[8 + at], q[12 + at], 0x44);                      \
        __m512i higher = _mm512_shuffle_i32x4(q[8 + at], q[12 + at], 0xEE);                     \
        w[at] = _mm512_shuffle_i32x4(low, lower, 0x88);                                         \
        w[4 + at] = _mm512_shuffle_i32x4(low, lower, 0xDD);                                     \
        w[8 + at] = _mm512_shuffle_i32x4(high, higher, 0x88);                                   \
        w[12 + at] = _mm512_shuffle_i32x4(high, higher, 0xDD);                                  \
    } while (0)

/* One block of each lane, word by word: `w[i]` holds the i-th word of all. */
VECTOR static inline void load_words(__m512i w[BLOCK_WORDS], const uint8_t *const data[SHA_LANES], size_t offset)
{
    const __m512i big_endian =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    __m512i row[SHA_LANES], quarter[SHA_LANES];
    for (int i = 0; i < SHA_LANES; i++)
        row[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(data[i] + offset), big_endian);
    for (int i = 0; i < SHA_LANES; i += 4) {
        __m512i low = _mm512_unpacklo_epi32(row[i], row[i + 1]), high = _mm512_unpackhi_epi32(row[i], row[i + 1]);
        __m512i lower = _mm512_unpacklo_epi32(row[i + 2], row[i + 3]);
        __m512i higher = _mm512_unpackhi_epi32(row[i + 2], row[i + 3]);
        quarter[i] = _mm512_unpacklo_epi64(low, lower);
        quarter[i + 1] = _mm512_unpackhi_epi64(low, lower);
        quarter[i + 2] = _mm512_unpacklo_epi64(high, higher);
        quarter[i + 3] = _mm512_unpackhi_epi64(high, higher);
    }
    for (int i = 0; i < 4; i++)
        GATHER(w, quarter, i);
}

#define ROUND(a, b, c, d, e, f, g, h, i)                                                              \
    do {                                                                                              \
        __m512i t = ADD(ADD(h, _mm512_set1_epi32((int)K[round + (i)])), w[i]);                        \
        t = ADD(t, _mm512_ternarylogic_epi32(e, f, g, CHOICE));                                       \
        t = ADD(t, XOR3(TURN(e, 6), TURN(e, 11), TURN(e, 25)));                                       \
        d = ADD(d, t);                                                                                \
        h = ADD(ADD(t, XOR3(TURN(a, 2), TURN(a, 13), TURN(a, 22))),                                   \
                _mm512_ternarylogic_epi32(a, b, c, MAJORITY));                                        \
    } while (0)

#define EIGHT_ROUNDS(i)                          \
    do {                                         \
        ROUND(a, b, c, d, e, f, g, h, i);        \
        ROUND(h, a, b, c, d, e, f, g, (i) + 1);  \
        ROUND(g, h, a, b, c, d, e, f, (i) + 2);  \
        ROUND(f, g, h, a, b, c, d, e, (i) + 3);  \
        ROUND(e, f, g, h, a, b, c, d, (i) + 4);  \
        ROUND(d, e, f, g, h, a, b, c, (i) + 5);  \
        ROUND(c, d, e, f, g, h, a, b, (i) + 6);  \
        ROUND(b, c, d, e, f, g, h, a, (i) + 7);  \
    } while (0)

/* The next sixteen words of the message schedule. */
VECTOR static inline void schedule(__m512i w[BLOCK_WORDS])
{
#pragma GCC unroll 16
    for (int i = 0; i < BLOCK_WORDS; i++) {
        __m512i near = w[(i + 1) % BLOCK_WORDS], far = w[(i + 14) % BLOCK_WORDS];
        __m512i small_0 = XOR3(TURN(near, 7), TURN(near, 18), _mm512_srli_epi32(near, 3));
        __m512i small_1 = XOR3(TURN(far, 17), TURN(far, 19), _mm512_srli_epi32(far, 10));
        w[i] = ADD(ADD(w[i], w[(i + 9) % BLOCK_WORDS]), ADD(small_0, small_1));
    }
}

VECTOR static void hash_vector(uint32_t state[SHA_WORDS][SHA_LANES], const uint8_t *const data[SHA_LANES], size_t blocks)
{
    __m512i s[SHA_WORDS], w[BLOCK_WORDS];
    for (int i = 0; i < SHA_WORDS; i++)
        s[i] = _mm512_loadu_si512(state[i]);
    for (size_t block = 0; block < blocks; block++) {
        load_words(w, data, block * SHA_BLOCK);
        __m512i a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
        for (int round = 0;; round += BLOCK_WORDS) {
            EIGHT_ROUNDS(0);
            EIGHT_ROUNDS(8);
            if (round + BLOCK_WORDS == ROUNDS)
                break;
            schedule(w);
        }
        __m512i worked[SHA_WORDS] = {a, b, c, d, e, f, g, h};
        for (int i = 0; i < SHA_WORDS; i++)
            s[i] = ADD(s[i], worked[i]);
    }
    for (int i = 0; i < SHA_WORDS; i++)
        _mm512_storeu_si512(state[i], s[i]);
}

/* Blocks of one stream. The instructions keep the state as the words f, e, b, a and h, g, d, c, from the lowest on. */
SINGLE static void hash_single(uint32_t state[SHA_WORDS], const uint8_t *data, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i abef = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
    __m128i cdgh = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
    for (; blocks > 0; blocks--, data += SHA_BLOCK) {
        __m128i w[4], first = abef, second = cdgh;
        for (int i = 0; i < 4; i++)
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data + i), big_endian);
#pragma GCC unroll 16
        for (int i = 0; i < ROUNDS / 4; i++) {
            __m128i four = w[i % 4];
            if (i >= 4) {
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(four, w[(i + 1) % 4]),
                                            _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
                w[i % 4] = four = _mm_sha256msg2_epu32(sum, w[(i + 3) % 4]);
            }
            __m128i keyed = _mm_add_epi32(four, _mm_loadu_si128((const __m128i *)(const void *)(K + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0E));
        }
        abef = _mm_add_epi32(abef, first);
        cdgh = _mm_add_epi32(cdgh, second);
    }
    uint32_t fe[4], hg[4];
    _mm_storeu_si128((__m128i *)(void *)fe, abef);
    _mm_storeu_si128((__m128i *)(void *)hg, cdgh);
    const uint32_t found[SHA_WORDS] = {fe[3], fe[2], hg[3], hg[2], fe[1], fe[0], hg[1], hg[0]};
    memcpy(state, found, sizeof found);
}

static void advance_single(Sha256Lanes *lanes, int lane, size_t blocks)
{
    uint32_t own[SHA_WORDS];
    for (int i = 0; i < SHA_WORDS; i++)
        own[i] = lanes->state[i][lane];
    hash_single(own, lanes->data[lane], blocks);
    for (int i = 0; i < SHA_WORDS; i++)
        lanes->state[i][lane] = own[i];
}

void exportkit_advance_lanes(Sha256Lanes *lanes)
{
    const uint8_t *data[SHA_LANES];
    size_t least = 0;
    int count = 0, some = 0;
    for (int i = 0; i < SHA_LANES; i++)
        if (lanes->blocks[i] > 0) {
            least = count++ == 0 || lanes->blocks[i] < least ? lanes->blocks[i] : least;
            some = i;
        }
    bool together = count >= WORTH_A_VECTOR && has_vectors();
    if (together) {
        uint32_t kept[SHA_WORDS][SHA_LANES];
        memcpy(kept, lanes->state, sizeof kept);
        /* A lane that waits hashes what another one hashes, and forgets it. */
        for (int i = 0; i < SHA_LANES; i++)
            data[i] = lanes->data[lanes->blocks[i] > 0 ? i : some];
        hash_vector(lanes->state, data, least);
        for (int i = 0; i < SHA_LANES; i++)
            for (int word = 0; word < SHA_WORDS && lanes->blocks[i] == 0; word++)
                lanes->state[word][i] = kept[word][i];
    }
    for (int i = 0; i < SHA_LANES; i++)
        if (lanes->blocks[i] > 0) {
            if (!together)
                advance_single(lanes, i, least);
            lanes->data[i] += least * SHA_BLOCK;
            lanes->blocks[i] -= least;
        }
}
#else
bool exportkit_has_sha256_lanes(void)
{
    return false;
}

void exportkit_advance_lanes(Sha256Lanes *lanes)
{
    (void)lanes;
}
#endif
