// The decoder: libavcodec's, in software. VA hands over parameters in structs and slices
// as they came, so parameter sets are made of the structs again. Only what ladderd's
// tests send is here: 4:2:0 with 8 bits, flat scaling matrices, picture order count types
// 0 and 2.

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "../control/record.h"
#include "bits.h"
#include "va.h"

struct decoder {
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *out;   // what libavcodec puts out, in order of display, which is thrown away
    AVFrame *drawn; // the picture that libavcodec has drawn last, for VA is in order of decoding
    long pictures;
    VAPictureParameterBufferH264 picture;
    VASliceParameterBufferH264 slice;
    bool unfit;
    uint8_t sps[64], pps[64]; // as they were sent last
    size_t sps_size, pps_size;
    uint8_t *unit; // the access unit so far
    size_t size, room;
};

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags) {
    struct decoder *d = codec->opaque;
    int err = avcodec_default_get_buffer2(codec, frame, flags);
    if (err < 0)
        return err;
    av_frame_unref(d->drawn);
    return av_frame_ref(d->drawn, frame);
}

static void decode_close(struct context *c) {
    struct decoder *d = c->state;
    avcodec_free_context(&d->codec);
    av_packet_free(&d->packet);
    av_frame_free(&d->out);
    av_frame_free(&d->drawn);
    free(d->unit);
    free(d);
}

static VAStatus decode_open(struct context *c) {
    VAStatus status = misbehave("va_decoder_open", 0);
    if (status != VA_STATUS_SUCCESS)
        return status;
    struct decoder *d = c->state = calloc(1, sizeof *d);
    if (!d)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    d->codec = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->out = av_frame_alloc();
    d->drawn = av_frame_alloc();
    if (d->codec && d->packet && d->out && d->drawn) {
        d->codec->opaque = d;
        d->codec->get_buffer2 = get_buffer;
        d->codec->thread_count = 1; // so that a picture is whole when it has been sent
        if (avcodec_open2(d->codec, codec, NULL) == 0) {
            record(VA_CARD, "va_decoder", "\"profile\":%d,\"width\":%d,\"height\":%d", c->config.profile, c->width, c->height);
            return VA_STATUS_SUCCESS;
        }
    }
    decode_close(c);
    return VA_STATUS_ERROR_OPERATION_FAILED;
}

static VAStatus decode_begin(struct context *c) {
    struct decoder *d = c->state;
    d->size = 0;
    return misbehave("va_decode", d->pictures++);
}

static bool add(struct decoder *d, const uint8_t *nal, size_t n) {
    static const uint8_t start[] = {0, 0, 0, 1};
    if (d->size + n + sizeof start + AV_INPUT_BUFFER_PADDING_SIZE > d->room) {
        size_t room = 2 * (d->size + n) + 4096;
        uint8_t *more = realloc(d->unit, room);
        if (!more)
            return false;
        d->unit = more;
        d->room = room;
    }
    memcpy(d->unit + d->size, start, sizeof start);
    memcpy(d->unit + d->size + sizeof start, nal, n);
    d->size += sizeof start + n;
    return true;
}

static size_t write_sps(uint8_t *to, size_t room, const VAPictureParameterBufferH264 *p) {
    struct bit_writer w = {to, 0, room};
    put_bits(&w, 0x67, 8);
    put_bits(&w, 100, 8); // High, of which the others are subsets
    put_bits(&w, 0, 8);
    put_bits(&w, 52, 8); // level 5.2
    put_ue(&w, 0);
    put_ue(&w, 1); // 4:2:0
    put_ue(&w, 0);
    put_ue(&w, 0);
    put_bits(&w, 0, 2);
    put_ue(&w, p->seq_fields.bits.log2_max_frame_num_minus4);
    put_ue(&w, p->seq_fields.bits.pic_order_cnt_type);
    if (p->seq_fields.bits.pic_order_cnt_type == 0)
        put_ue(&w, p->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
    put_ue(&w, p->num_ref_frames);
    put_bits(&w, p->seq_fields.bits.gaps_in_frame_num_value_allowed_flag, 1);
    put_ue(&w, p->picture_width_in_mbs_minus1);
    bool frames = p->seq_fields.bits.frame_mbs_only_flag;
    put_ue(&w, frames ? p->picture_height_in_mbs_minus1 : (p->picture_height_in_mbs_minus1 + 1u) / 2 - 1);
    put_bits(&w, frames, 1);
    if (!frames)
        put_bits(&w, p->seq_fields.bits.mb_adaptive_frame_field_flag, 1);
    put_bits(&w, p->seq_fields.bits.direct_8x8_inference_flag, 1);
    put_bits(&w, 0, 2); // cropping, VUI
    return end_bits(&w);
}

static size_t write_pps(uint8_t *to, size_t room, const struct decoder *d, unsigned id) {
    const VAPictureParameterBufferH264 *p = &d->picture;
    struct bit_writer w = {to, 0, room};
    put_bits(&w, 0x68, 8);
    put_ue(&w, id);
    put_ue(&w, 0);
    put_bits(&w, p->pic_fields.bits.entropy_coding_mode_flag, 1);
    put_bits(&w, p->pic_fields.bits.pic_order_present_flag, 1);
    put_ue(&w, 0); // slice groups
    put_ue(&w, d->slice.num_ref_idx_l0_active_minus1);
    put_ue(&w, d->slice.num_ref_idx_l1_active_minus1);
    put_bits(&w, p->pic_fields.bits.weighted_pred_flag, 1);
    put_bits(&w, p->pic_fields.bits.weighted_bipred_idc, 2);
    put_se(&w, p->pic_init_qp_minus26);
    put_se(&w, p->pic_init_qs_minus26);
    put_se(&w, p->chroma_qp_index_offset);
    put_bits(&w, p->pic_fields.bits.deblocking_filter_control_present_flag, 1);
    put_bits(&w, p->pic_fields.bits.constrained_intra_pred_flag, 1);
    put_bits(&w, p->pic_fields.bits.redundant_pic_cnt_present_flag, 1);
    put_bits(&w, p->pic_fields.bits.transform_8x8_mode_flag, 1);
    put_bits(&w, 0, 1); // scaling matrices
    put_se(&w, p->second_chroma_qp_index_offset);
    return end_bits(&w);
}

// add_sets writes the parameter sets before a slice where they are news. How many
// references a slice has if it does not say so may differ between slices.
static bool add_sets(struct decoder *d, const uint8_t *slice, size_t size) {
    uint8_t sps[sizeof d->sps], pps[sizeof d->pps];
    size_t sps_size = write_sps(sps, sizeof sps, &d->picture);
    size_t pps_size = write_pps(pps, sizeof pps, d, slice_pps(slice, size));
    if (sps_size != d->sps_size || memcmp(sps, d->sps, sps_size)) {
        memcpy(d->sps, sps, d->sps_size = sps_size);
        d->pps_size = 0;
        if (!add(d, sps, sps_size))
            return false;
    }
    if (pps_size == d->pps_size && !memcmp(pps, d->pps, pps_size))
        return true;
    memcpy(d->pps, pps, d->pps_size = pps_size);
    return add(d, pps, pps_size);
}

static bool is_flat(const struct buffer *b) {
    const VAIQMatrixBufferH264 *m = (const void *)b->data;
    const uint8_t *lists[] = {m->ScalingList4x4[0], m->ScalingList8x8[0]};
    const size_t sizes[] = {sizeof m->ScalingList4x4, sizeof m->ScalingList8x8};
    for (int i = 0; i < 2; i++)
        for (size_t j = 0; j < sizes[i]; j++)
            if (lists[i][j] != 16)
                return false;
    return true;
}

static VAStatus decode_render(struct context *c, struct buffer *b) {
    struct decoder *d = c->state;
    switch (b->type) {
    case VAPictureParameterBufferType:
        memcpy(&d->picture, b->data, sizeof d->picture);
        d->unfit = d->picture.seq_fields.bits.pic_order_cnt_type == 1 || d->picture.bit_depth_luma_minus8;
        break;
    case VAIQMatrixBufferType: d->unfit |= !is_flat(b); break;
    case VASliceParameterBufferType: memcpy(&d->slice, b->data, sizeof d->slice); break;
    case VASliceDataBufferType:
        if (d->slice.slice_data_offset + d->slice.slice_data_size > b->size * b->count)
            return VA_STATUS_ERROR_INVALID_BUFFER;
        const uint8_t *slice = b->data + d->slice.slice_data_offset;
        if (!add_sets(d, slice, d->slice.slice_data_size) || !add(d, slice, d->slice.slice_data_size))
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        break;
    default: return VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE;
    }
    return d->unfit ? VA_STATUS_ERROR_UNIMPLEMENTED : VA_STATUS_SUCCESS;
}

// draw copies a planar picture into a surface.
static void draw(struct surface *s, const AVFrame *f) {
    int width = f->width < s->pitch ? f->width : s->pitch, height = f->height < s->rows ? f->height : s->rows;
    for (int y = 0; y < height; y++)
        memcpy(s->luma + (size_t)y * s->pitch, f->data[0] + (ptrdiff_t)y * f->linesize[0], (size_t)width);
    for (int y = 0; y < height / 2; y++) {
        uint8_t *to = s->chroma + (size_t)y * s->pitch;
        const uint8_t *u = f->data[1] + (ptrdiff_t)y * f->linesize[1], *v = f->data[2] + (ptrdiff_t)y * f->linesize[2];
        for (int x = 0; x < width / 2; x++) {
            to[2 * x] = u[x];
            to[2 * x + 1] = v[x];
        }
    }
}

static VAStatus decode_end(struct context *c) {
    struct decoder *d = c->state;
    if (!d->size)
        return VA_STATUS_ERROR_DECODING_ERROR;
    memset(d->unit + d->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    d->packet->data = d->unit;
    d->packet->size = (int)d->size;
    int err = avcodec_send_packet(d->codec, d->packet);
    while (avcodec_receive_frame(d->codec, d->out) == 0)
        av_frame_unref(d->out);
    if (err < 0 || !d->drawn->data[0] || d->drawn->format != AV_PIX_FMT_YUV420P)
        return VA_STATUS_ERROR_DECODING_ERROR;
    draw(c->target, d->drawn);
    return VA_STATUS_SUCCESS;
}

const struct engine decode_engine = {decode_open, decode_begin, decode_render, decode_end, decode_close};
