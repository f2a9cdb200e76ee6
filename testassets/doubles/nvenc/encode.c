#include "../control/record.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* Points x264 at a picture's planes: chroma follows luma at pitch × height. */
static NVENCSTATUS planes(const struct picture *from, x264_picture_t *to)
{
	uint8_t *chroma = from->data + (size_t)from->pitch * from->height;
	uint8_t *second = chroma + (size_t)from->pitch / 2 * ((from->height + 1) / 2);

	to->img.plane[0] = from->data;
	to->img.i_stride[0] = from->pitch;
	to->img.plane[1] = chroma;
	switch (from->format) {
	case NV_ENC_BUFFER_FORMAT_NV12:
		to->img.i_csp = X264_CSP_NV12;
		to->img.i_plane = 2;
		to->img.i_stride[1] = from->pitch;
		return NV_ENC_SUCCESS;
	case NV_ENC_BUFFER_FORMAT_YV12:
		to->img.i_csp = X264_CSP_YV12;
		break;
	case NV_ENC_BUFFER_FORMAT_IYUV:
		to->img.i_csp = X264_CSP_I420;
		break;
	default:
		return NV_ENC_ERR_UNSUPPORTED_PARAM;
	}
	to->img.i_plane = 3;
	to->img.plane[2] = second;
	to->img.i_stride[1] = to->img.i_stride[2] = from->pitch / 2;
	return NV_ENC_SUCCESS;
}

/* A forced I picture that is not to be an IDR stays one: players cannot begin there. */
static int type(struct session *s, uint32_t flags)
{
	uint32_t gop = s->config.encodeCodecConfig.h264Config.idrPeriod;
	int idr = !s->pictures || s->force_idr || flags & NV_ENC_PIC_FLAG_FORCEIDR ||
		(gop && gop != NVENC_INFINITE_GOPLENGTH && s->since_idr >= gop);

	s->force_idr = 0;
	s->since_idr = idr ? 1 : s->since_idr + 1;
	if (idr)
		return X264_TYPE_IDR;
	return flags & NV_ENC_PIC_FLAG_FORCEINTRA ? X264_TYPE_I : X264_TYPE_P;
}

static int append(struct bitstream *b, const uint8_t *data, size_t n)
{
	if (b->size + n > b->room) {
		size_t room = 2 * (b->size + n);
		uint8_t *grown = realloc(b->data, room);

		if (!grown)
			return 0;
		b->data = grown;
		b->room = room;
	}
	memcpy(b->data + b->size, data, n);
	b->size += n;
	return 1;
}

/* Puts SPS and PPS before an IDR, after the delimiter. */
static int write_out(struct session *s, struct bitstream *b, const x264_nal_t *nals, int n, int with_headers)
{
	int i = 0, whole = 1;

	b->size = 0;
	if (n && nals[0].i_type == NAL_AUD) {
		whole &= append(b, nals[0].p_payload, nals[0].i_payload);
		i = 1;
	}
	if (with_headers)
		whole &= append(b, s->headers, s->headers_size);
	for (; i < n; i++)
		whole &= append(b, nals[i].p_payload, nals[i].i_payload);
	return whole;
}

static int wants_headers(const struct session *s, int idr)
{
	const NV_ENC_CONFIG_H264 *h = &s->config.encodeCodecConfig.h264Config;

	return idr && !h->disableSPSPPS && (h->repeatSPSPPS || !s->pictures);
}

static NVENCSTATUS encode(struct session *s, const NV_ENC_PIC_PARAMS *p, x264_picture_t *in)
{
	struct bitstream *b = p->outputBitstream;
	x264_picture_t out;
	x264_nal_t *nals;
	int n, idr;

	if (x264_encoder_encode(s->x264, &nals, &n, in, &out) <= 0)
		return NV_ENC_ERR_GENERIC;
	idr = out.i_type == X264_TYPE_IDR;
	if (!write_out(s, b, nals, n, wants_headers(s, idr)))
		return NV_ENC_ERR_OUT_OF_MEMORY;
	b->type = idr ? NV_ENC_PIC_TYPE_IDR : out.i_type == X264_TYPE_I ? NV_ENC_PIC_TYPE_I : NV_ENC_PIC_TYPE_P;
	b->timestamp = p->inputTimeStamp;
	b->duration = p->inputDuration;
	b->index = p->frameIdx;
	b->qp = out.i_qpplus1;
	s->pictures++;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI encode_picture(void *e, NV_ENC_PIC_PARAMS *p)
{
	struct session *s = e;
	NV_ENC_PIC_PARAMS_H264 *h = &p->codecPicParams.h264PicParams;
	x264_sei_payload_t seis[64];
	x264_picture_t in;
	NVENCSTATUS status;
	uint32_t i;

	if (p->encodePicFlags & NV_ENC_PIC_FLAG_EOS)
		return told(s, "flush", 0);
	if (!s->x264)
		return NV_ENC_ERR_ENCODER_NOT_INITIALIZED;
	status = told(s, "encode", s->pictures);
	if (status)
		return status;
	if (h->seiPayloadArrayCnt > sizeof seis / sizeof *seis)
		return NV_ENC_ERR_INVALID_PARAM;
	x264_picture_init(&in);
	status = planes(p->inputBuffer, &in);
	if (status)
		return status;
	for (i = 0; i < h->seiPayloadArrayCnt; i++) {
		seis[i].payload_size = h->seiPayloadArray[i].payloadSize;
		seis[i].payload_type = h->seiPayloadArray[i].payloadType;
		seis[i].payload = h->seiPayloadArray[i].payload;
	}
	in.extra_sei.payloads = seis;
	in.extra_sei.num_payloads = h->seiPayloadArrayCnt;
	s->seis += h->seiPayloadArrayCnt;
	in.i_pts = s->pictures;
	in.i_type = type(s, p->encodePicFlags);
	if (p->encodePicFlags) {
		s->idrs += !!(p->encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR);
		record(s->card, "forced", "\"session\":%d,\"picture\":%ld,\"timestamp\":%lld,\"idr\":%s", s->id, s->pictures,
			(long long)p->inputTimeStamp, p->encodePicFlags & NV_ENC_PIC_FLAG_FORCEIDR ? "true" : "false");
	}
	return encode(s, p, &in);
}
