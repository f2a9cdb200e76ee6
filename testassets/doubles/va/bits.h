// Bits of H.264's syntax (7.2, 9.1): reading, writing, and what a NAL unit is wrapped in.
#ifndef LADDERD_VA_BITS_H
#define LADDERD_VA_BITS_H

#include <stddef.h>
#include <stdint.h>

struct bit_reader {
    const uint8_t *data;
    size_t at, end; // bits
};

unsigned take_bits(struct bit_reader *b, int n); // zeros past the end
unsigned take_ue(struct bit_reader *b);
int take_se(struct bit_reader *b);

struct bit_writer {
    uint8_t *data;
    size_t at, room; // bits, bytes; what does not fit is left out
};

void put_bits(struct bit_writer *w, unsigned v, int n);
void put_ue(struct bit_writer *w, unsigned v);
void put_se(struct bit_writer *w, int v);
// end_bits writes the bit that ends a NAL unit and returns the unit's bytes, in which
// nothing is escaped: write parameter sets without long runs of zeros.
size_t end_bits(struct bit_writer *w);

size_t start_code(const uint8_t *nal, size_t size); // its length in bytes

// unescape takes the emulation prevention bytes out of a NAL unit.
size_t unescape(uint8_t *to, const uint8_t *nal, size_t size);
// escape puts them in, behind a start code. It returns the bytes written, or -1 where they have no room.
long escape(uint8_t *to, size_t room, const uint8_t *from, size_t size);

#endif
