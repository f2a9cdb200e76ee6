// Hardware writes slices that fit the parameter sets that it is given. x264 writes its
// own parameter sets, with other field widths. So the head of each of x264's slices is
// written anew (H.264, 7.3.3), and its CABAC data, which begins on a byte, is kept.

#include <stdlib.h>
#include <string.h>

#include "va.h"
#include "bits.h"

int sps_frame_num_bits(const uint8_t *nal, size_t size) {
    uint8_t raw[256];
    if (size > sizeof raw)
        return -1;
    size_t start = start_code(nal, size);
    struct bit_reader b = {raw, 8, 8 * unescape(raw, nal + start, size - start)};
    unsigned profile = take_bits(&b, 8);
    take_bits(&b, 16); // constraints, level
    take_ue(&b);  // id
    if (profile == 100) {
        take_ue(&b); // chroma format, 4:2:0
        take_ue(&b); // depths
        take_ue(&b);
        if (take_bits(&b, 2)) // transform bypass, scaling matrices
            return -1;
    }
    return (int)take_ue(&b) + 4;
}

// copy_operations copies reference list modifications or reference marking, up to the
// operation that ends them.
static void copy_operations(struct bit_reader *from, struct bit_writer *to, unsigned last) {
    unsigned op;
    do {
        op = take_ue(from);
        put_ue(to, op);
        if (op != last)
            put_ue(to, take_ue(from));
    } while (op != last && from->at < from->end);
}

static void copy_flag(struct bit_reader *from, struct bit_writer *to, void (*then)(struct bit_reader *, struct bit_writer *)) {
    unsigned flag = take_bits(from, 1);
    put_bits(to, flag, 1);
    if (flag && then)
        then(from, to);
}

static void copy_ue(struct bit_reader *from, struct bit_writer *to) { put_ue(to, take_ue(from)); }
static void copy_list(struct bit_reader *from, struct bit_writer *to) { copy_operations(from, to, 3); }
static void copy_marking(struct bit_reader *from, struct bit_writer *to) { copy_operations(from, to, 0); }

// copy_head writes the slice header that from begins with, after the NAL unit's.
static void copy_head(struct bit_reader *from, struct bit_writer *to, unsigned header, const struct slice_rules *r) {
    bool idr = (header & 0x1f) == 5, reference = header >> 5 & 3;
    copy_ue(from, to); // first macroblock
    unsigned type = take_ue(from);
    bool intra = type % 5 == 2;
    put_ue(to, type);
    take_ue(from); // parameter set
    put_ue(to, 0);
    take_bits(from, r->x264_frame_num_bits);
    put_bits(to, r->frame_num, r->frame_num_bits);
    if (idr) {
        take_ue(from);
        put_ue(to, r->idr_pic_id);
    }
    if (r->poc_type == 0)
        put_bits(to, r->poc, r->poc_bits);
    if (!intra) {
        unsigned replaced = take_bits(from, 1);
        unsigned references = replaced ? take_ue(from) : 0; // x264's parameter sets say one
        put_bits(to, 1, 1);
        put_ue(to, references);
        copy_flag(from, to, copy_list);
    }
    if (idr)
        put_bits(to, take_bits(from, 2), 2);
    else if (reference)
        copy_flag(from, to, copy_marking);
    if (!intra)
        copy_ue(from, to); // CABAC's tables
    put_se(to, take_se(from) + 26 - r->pic_init_qp);
}

long fit_slice(uint8_t *to, size_t room, const uint8_t *nal, size_t size, const struct slice_rules *r) {
    uint8_t *raw = malloc(size), *made = malloc(size + 64);
    long n = -1;
    if (raw && made) {
        size_t start = start_code(nal, size);
        struct bit_reader from = {raw, 8, 8 * unescape(raw, nal + start, size - start)};
        struct bit_writer head = {made, 0, size + 64};
        put_bits(&head, raw[0], 8);
        copy_head(&from, &head, raw[0], r);
        // x264's header ends with the loop filter's controls, which the caller's
        // parameter sets have none of: the encoder runs with those that are implied.
        unsigned filter = take_ue(&from);
        int alpha = filter == 1 ? 0 : take_se(&from), beta = filter == 1 ? 0 : take_se(&from);
        while (head.at % 8)
            put_bits(&head, 1, 1);
        size_t data = (from.at + 7) / 8, length = from.end / 8 - data;
        // 1 is x264's word for quantizers so fine that the filter does nothing.
        if (filter <= 1 && alpha == 0 && beta == 0 && from.at < from.end && head.at / 8 + length <= head.room) {
            memcpy(made + head.at / 8, raw + data, length);
            n = escape(to, room, made, head.at / 8 + length);
        }
    }
    free(raw);
    free(made);
    return n;
}

unsigned slice_pps(const uint8_t *nal, size_t size) {
    uint8_t raw[64];
    size_t head = size < sizeof raw ? size : sizeof raw;
    struct bit_reader b = {raw, 0, 8 * unescape(raw, nal, head)};
    take_bits(&b, 8);
    take_ue(&b); // first macroblock
    take_ue(&b); // type
    return take_ue(&b);
}
