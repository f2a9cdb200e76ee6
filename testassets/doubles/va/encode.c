// The encoder: x264, told by VA's parameter buffers. A picture is an IDR if and only if
// the caller says so, as with hardware.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <x264.h>

#include "../control/record.h"
#include "../control/slots.h"
#include "va.h"

struct encoder {
    x264_t *x264;
    x264_param_t param;
    long pictures;
    // What the caller has said, and the same as it was when x264 was set up.
    VAEncSequenceParameterBufferH264 sequence;
    VAEncMiscParameterRateControl rate;
    VAEncMiscParameterHRD hrd;
    unsigned frame_rate; // denominator in the upper 16 bits
    unsigned quality;
    bool changed;
    // x264's parameter sets, and of these how long frame numbers are.
    uint8_t sets[256];
    size_t sets_size;
    int frame_num_bits;
    // Of the picture that is being made.
    VAEncPictureParameterBufferH264 picture;
    VAEncSliceParameterBufferH264 slice;
    VAEncPackedHeaderParameterBuffer header;
    uint8_t *headers;
    size_t headers_size;
};

static VAStatus encode_open(struct context *c) {
    VAStatus status = misbehave("va_encoder_open", 0);
    if (status != VA_STATUS_SUCCESS)
        return status;
    if ((c->slot = slots_take(VA_CARD, (int)asked("sessions", SLOTS_MOST))) < 0)
        return VA_STATUS_ERROR_HW_BUSY;
    struct encoder *e = c->state = calloc(1, sizeof *e);
    if (!e)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    record(VA_CARD, "va_encoder", "\"low_power\":%s,\"profile\":%d,\"rate_control\":\"%s\",\"width\":%d,\"height\":%d",
           c->config.entrypoint == VAEntrypointEncSliceLP ? "true" : "false", c->config.profile,
           c->config.rate_control == VA_RC_CBR ? "cbr" : "other", c->width, c->height);
    return VA_STATUS_SUCCESS;
}

static void encode_close(struct context *c) {
    struct encoder *e = c->state;
    if (e->x264)
        x264_encoder_close(e->x264);
    free(e->headers);
    free(e);
    if (c->slot >= 0)
        close(c->slot);
}

static VAStatus encode_begin(struct context *c) {
    struct encoder *e = c->state;
    e->headers_size = 0;
    return misbehave("va_encode", e->pictures++);
}

static VAStatus keep_header(struct encoder *e, const struct buffer *b) {
    size_t n = e->header.bit_length / 8;
    if (e->header.type == VAEncPackedHeaderH264_Slice)
        return VA_STATUS_SUCCESS; // slices have x264's figures in their heads: see fit_slice
    if (n > (size_t)b->size * b->count)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    uint8_t *more = realloc(e->headers, e->headers_size + n);
    if (!more)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    memcpy(more + e->headers_size, b->data, n);
    e->headers = more;
    e->headers_size += n;
    if (e->header.type == VAEncPackedHeaderSequence)
        record_bytes(VA_CARD, "va_headers", b->data, n);
    return VA_STATUS_SUCCESS;
}

// keep copies what begins in a parameter buffer, and says whether it is news.
static bool keep(void *to, const void *from, size_t size) {
    bool news = memcmp(to, from, size) != 0;
    memcpy(to, from, size);
    return news;
}

static void keep_misc(struct encoder *e, const VAEncMiscParameterBuffer *m) {
    const unsigned *first = (const unsigned *)m->data;
    switch (m->type) {
    case VAEncMiscParameterTypeRateControl: e->changed |= keep(&e->rate, m->data, sizeof e->rate); break;
    case VAEncMiscParameterTypeHRD: e->changed |= keep(&e->hrd, m->data, sizeof e->hrd); break;
    case VAEncMiscParameterTypeFrameRate: e->changed |= keep(&e->frame_rate, first, sizeof *first); break;
    case VAEncMiscParameterTypeQualityLevel: e->quality = *first; break;
    default: break;
    }
}

static VAStatus encode_render(struct context *c, struct buffer *b) {
    struct encoder *e = c->state;
    switch (b->type) {
    case VAEncSequenceParameterBufferType: e->changed |= keep(&e->sequence, b->data, sizeof e->sequence); break;
    case VAEncPictureParameterBufferType: keep(&e->picture, b->data, sizeof e->picture); break;
    case VAEncSliceParameterBufferType: keep(&e->slice, b->data, sizeof e->slice); break;
    case VAEncMiscParameterBufferType: keep_misc(e, (const VAEncMiscParameterBuffer *)b->data); break;
    case VAEncPackedHeaderParameterBufferType: keep(&e->header, b->data, sizeof e->header); break;
    case VAEncPackedHeaderDataBufferType: return keep_header(e, b);
    default: return VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE;
    }
    return VA_STATUS_SUCCESS;
}

static void set_size(x264_param_t *p, const VAEncSequenceParameterBufferH264 *s) {
    p->i_width = s->picture_width_in_mbs * 16;
    p->i_height = s->picture_height_in_mbs * 16;
    if (s->frame_cropping_flag) {
        p->i_width -= 2 * (int)(s->frame_crop_left_offset + s->frame_crop_right_offset);
        p->i_height -= 2 * (int)(s->frame_crop_top_offset + s->frame_crop_bottom_offset);
    }
}

static void set_rate(x264_param_t *p, const struct encoder *e) {
    p->rc.i_bitrate = (int)(e->rate.bits_per_second / 100 * e->rate.target_percentage / 1000);
    p->rc.i_vbv_max_bitrate = (int)(e->rate.bits_per_second / 1000);
    p->rc.i_vbv_buffer_size = (int)(e->hrd.buffer_size / 1000);
    unsigned num = e->frame_rate & 0xffff, den = e->frame_rate >> 16;
    p->i_fps_num = num ? num : 30;
    p->i_fps_den = den ? den : 1;
}

// keep_sets keeps x264's parameter sets. x264 writes them where it writes slices, so
// they cannot be asked for when there are some.
static bool keep_sets(const struct context *c) {
    struct encoder *e = c->state;
    x264_nal_t *nals;
    int n;
    if (x264_encoder_headers(e->x264, &nals, &n) < 0 || n < 2 || nals[0].i_type != NAL_SPS || nals[1].i_type != NAL_PPS)
        return false;
    e->frame_num_bits = sps_frame_num_bits(nals[0].p_payload, (size_t)nals[0].i_payload);
    e->sets_size = (size_t)(nals[0].i_payload + nals[1].i_payload);
    if (e->frame_num_bits < 0 || e->sets_size > sizeof e->sets)
        return false;
    memcpy(e->sets, nals[0].p_payload, e->sets_size); // NAL units lie one behind the other
    if (!(c->config.packed & VA_ENC_PACKED_HEADER_SEQUENCE))
        record_bytes(VA_CARD, "va_headers", e->sets, e->sets_size);
    return true;
}

// set_up opens x264 for the first picture, and tells it new figures after that.
static VAStatus set_up(const struct context *c) {
    struct encoder *e = c->state;
    x264_param_t *p = &e->param;
    record(VA_CARD, "va_sequence",
           "\"width\":%d,\"height\":%d,\"bitrate\":%u,\"target\":%u,\"vbv\":%u,\"rate_num\":%u,\"rate_den\":%u,\"ip_period\":%u,\"gop\":%u",
           e->sequence.picture_width_in_mbs * 16, e->sequence.picture_height_in_mbs * 16, e->rate.bits_per_second,
           e->rate.target_percentage, e->hrd.buffer_size, e->frame_rate & 0xffff, e->frame_rate >> 16,
           e->sequence.ip_period, e->sequence.intra_idr_period);
    e->changed = false;
    if (e->x264) {
        set_rate(p, e);
        return x264_encoder_reconfig(e->x264, p) ? VA_STATUS_ERROR_OPERATION_FAILED : VA_STATUS_SUCCESS;
    }
    if (!e->rate.bits_per_second || !e->picture.pic_fields.bits.entropy_coding_mode_flag)
        return VA_STATUS_ERROR_INVALID_PARAMETER; // FFmpeg's CBR with CABAC is all that is used
    x264_param_default_preset(p, "superfast", "zerolatency");
    set_size(p, &e->sequence);
    p->i_csp = X264_CSP_NV12;
    p->i_log_level = X264_LOG_NONE;
    p->i_threads = 1;
    p->b_sliced_threads = 0;
    p->i_level_idc = e->sequence.level_idc;
    p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p->i_keyint_min = X264_KEYINT_MAX_INFINITE; // else an I picture that was asked for may become an IDR
    p->i_scenecut_threshold = 0;
    p->b_repeat_headers = 0;
    p->b_vfr_input = 0;
    p->i_frame_reference = 1;
    p->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
    p->analyse.b_transform_8x8 = (int)e->picture.pic_fields.bits.transform_8x8_mode_flag;
    p->analyse.b_psy = 0; // it moves the chroma's quantizer, which the caller's parameter sets have fixed
    p->analyse.i_chroma_qp_offset = e->picture.chroma_qp_index_offset;
    p->rc.i_rc_method = X264_RC_ABR;
    set_rate(p, e);
    e->x264 = x264_encoder_open(p);
    return e->x264 && keep_sets(c) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_OPERATION_FAILED;
}

static bool append(struct buffer *out, const void *data, size_t n) {
    if (out->coded.size + n > (size_t)out->size * out->count)
        return false;
    memcpy(out->data + out->coded.size, data, n);
    out->coded.size += (unsigned)n;
    return true;
}

// write_own puts x264's access unit out as it is, behind x264's parameter sets: what a
// driver does that takes no headers from the caller.
static bool write_own(struct encoder *e, struct buffer *out, const x264_nal_t *nals, int n, bool idr) {
    if (idr && !append(out, e->sets, e->sets_size))
        return false;
    for (int i = 0; i < n; i++)
        if (!append(out, nals[i].p_payload, (size_t)nals[i].i_payload))
            return false;
    return true;
}

static bool write_fitted(struct encoder *e, struct buffer *out, const x264_nal_t *nals, int n) {
    int bits = (int)e->sequence.seq_fields.bits.log2_max_frame_num_minus4 + 4;
    int poc_bits = (int)e->sequence.seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 + 4;
    struct slice_rules r = {
        .x264_frame_num_bits = e->frame_num_bits,
        .frame_num_bits = bits,
        .frame_num = e->picture.frame_num & ((1u << bits) - 1),
        .idr_pic_id = e->slice.idr_pic_id,
        .pic_init_qp = e->picture.pic_init_qp,
        .poc_type = (int)e->sequence.seq_fields.bits.pic_order_cnt_type,
        .poc_bits = poc_bits,
        .poc = e->slice.pic_order_cnt_lsb & ((1u << poc_bits) - 1),
    };
    if (!append(out, e->headers, e->headers_size))
        return false;
    for (int i = 0; i < n; i++) {
        if (nals[i].i_type != NAL_SLICE && nals[i].i_type != NAL_SLICE_IDR)
            continue;
        long size = fit_slice(out->data + out->coded.size, out->size - out->coded.size, nals[i].p_payload,
                              (size_t)nals[i].i_payload, &r);
        if (size < 0)
            return false;
        out->coded.size += (unsigned)size;
    }
    return true;
}

static int type_of(const struct encoder *e) {
    if (e->picture.pic_fields.bits.idr_pic_flag)
        return X264_TYPE_IDR;
    switch (e->slice.slice_type % 5) {
    case 0: return X264_TYPE_P;
    case 2: return X264_TYPE_I;
    default: return X264_TYPE_B;
    }
}

static VAStatus encode_end(struct context *c) {
    struct encoder *e = c->state;
    struct buffer *out = object_of(KIND_BUFFER, e->picture.coded_buf);
    if (!out || out->type != VAEncCodedBufferType)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    int type = type_of(e);
    if (type == X264_TYPE_B) {
        record(VA_CARD, "va_picture", "\"type\":\"B\"");
        return VA_STATUS_ERROR_ENCODING_ERROR;
    }
    if (!e->x264 || e->changed) {
        VAStatus status = set_up(c);
        if (status != VA_STATUS_SUCCESS)
            return status;
    }
    x264_picture_t in, done;
    x264_picture_init(&in);
    in.i_type = type;
    in.i_pts = e->pictures;
    const struct surface *from = c->target;
    in.img = (x264_image_t){
        .i_csp = X264_CSP_NV12, .i_plane = 2, .i_stride = {from->pitch, from->pitch}, .plane = {from->luma, from->chroma},
    };
    x264_nal_t *nals;
    int n;
    if (x264_encoder_encode(e->x264, &nals, &n, &in, &done) <= 0)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    out->coded = (VACodedBufferSegment){.buf = out->data};
    bool whole = c->config.packed & VA_ENC_PACKED_HEADER_SEQUENCE ? write_fitted(e, out, nals, n)
                                                                   : write_own(e, out, nals, n, type == X264_TYPE_IDR);
    if (!whole)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    if (type != X264_TYPE_P)
        record(VA_CARD, "va_picture", "\"type\":\"%s\",\"picture\":%ld", type == X264_TYPE_IDR ? "IDR" : "I", e->pictures - 1);
    return VA_STATUS_SUCCESS;
}

const struct engine encode_engine = {encode_open, encode_begin, encode_render, encode_end, encode_close};
