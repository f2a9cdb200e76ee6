#include "bits.h"

#include <string.h>

unsigned take_bits(struct bit_reader *b, int n) {
    unsigned v = 0;
    for (; n > 0; n--, b->at++)
        v = v << 1 | (b->at < b->end ? b->data[b->at / 8] >> (7 - b->at % 8) & 1 : 0);
    return v;
}

unsigned take_ue(struct bit_reader *b) {
    int zeros = 0;
    while (b->at < b->end && zeros < 31 && !take_bits(b, 1))
        zeros++;
    return (1u << zeros) - 1 + take_bits(b, zeros);
}

int take_se(struct bit_reader *b) {
    unsigned v = take_ue(b);
    return v & 1 ? (int)(v / 2 + 1) : -(int)(v / 2);
}

void put_bits(struct bit_writer *w, unsigned v, int n) {
    for (n--; n >= 0; n--, w->at++) {
        if (w->at / 8 >= w->room)
            continue;
        if (w->at % 8 == 0)
            w->data[w->at / 8] = 0;
        w->data[w->at / 8] |= (uint8_t)((v >> n & 1) << (7 - w->at % 8));
    }
}

void put_ue(struct bit_writer *w, unsigned v) {
    int n = 0;
    while ((v + 1) >> (n + 1))
        n++;
    put_bits(w, 0, n);
    put_bits(w, v + 1, n + 1);
}

void put_se(struct bit_writer *w, int v) { put_ue(w, v > 0 ? (unsigned)(2 * v - 1) : (unsigned)(-2 * v)); }

size_t start_code(const uint8_t *nal, size_t size) {
    size_t n = 0;
    while (n < size && nal[n] == 0)
        n++;
    return n < size ? n + 1 : size;
}

size_t unescape(uint8_t *to, const uint8_t *nal, size_t size) {
    size_t n = 0;
    int zeros = 0; // since the last 3 that was left out: one that follows it is the data's own
    for (size_t from = 0; from < size; from++) {
        if (zeros >= 2 && nal[from] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[from] ? 0 : zeros + 1;
        to[n++] = nal[from];
    }
    return n;
}

size_t end_bits(struct bit_writer *w) {
    put_bits(w, 1, 1);
    while (w->at % 8)
        put_bits(w, 0, 1);
    return w->at / 8;
}

long escape(uint8_t *to, size_t room, const uint8_t *from, size_t size) {
    static const uint8_t start[] = {0, 0, 0, 1};
    size_t n = sizeof start;
    int zeros = 0;
    if (room < n)
        return -1;
    memcpy(to, start, n);
    for (size_t i = 0; i < size; i++) {
        if (n + 2 > room)
            return -1;
        if (zeros == 2 && from[i] <= 3) {
            to[n++] = 3;
            zeros = 0;
        }
        zeros = from[i] ? 0 : zeros + 1;
        to[n++] = from[i];
    }
    return (long)n;
}
