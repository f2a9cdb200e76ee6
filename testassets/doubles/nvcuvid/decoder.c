/*
 * libnvcuvid.so.1 without a GPU: what FFmpeg's nvdec needs to decode H.264. libavcodec
 * decodes in software; a picture is taken in decoding order from the buffer that the
 * decoder asked for, under the number that NVDEC's caller gave it.
 */
#include "../control/box.h"
#include "../control/record.h"
#include "../control/settings.h"
#include "../cuda/context.h"
#include "parameters.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define INVALID_VALUE ((CUresult)1)
#define OUT_OF_MEMORY ((CUresult)2)
#define INVALID_CONTEXT ((CUresult)201)

enum { PICTURES = 64, PITCH = 512 };

struct decoder {
	int card;
	CUVIDDECODECREATEINFO info;
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *out, *latest;       /* what it puts out, unused; what it decodes into */
	AVFrame *pictures[PICTURES]; /* by NVDEC's number */
	int mbaff;
	unsigned long mapped; /* pictures at the moment */
	long decoded;
};

/* Of libcuda.so.1, which is loaded by whoever has a context. */
CUresult cuCtxGetCurrent(CUcontext *context);

/* What a card is told to do at this point, after so many pictures. */
static CUresult told(int card, const char *point, long done)
{
	struct settings s;
	int due = box_misbehave(card, point, done);

	if (box_lost(card))
		return CUDA_ERROR_UNKNOWN;
	settings_card(&s, card);
	return !due ? CUDA_SUCCESS : settings_is(&s, point, "out_of_memory") ? OUT_OF_MEMORY : CUDA_ERROR_UNKNOWN;
}

static CUresult card_of_thread(int *card)
{
	CUcontext context;

	if (cuCtxGetCurrent(&context) || !context)
		return INVALID_CONTEXT;
	*card = context->card;
	return CUDA_SUCCESS;
}

EXPORT CUresult CUDAAPI cuvidGetDecoderCaps(CUVIDDECODECAPS *caps)
{
	struct settings s;
	int card;
	CUresult result = card_of_thread(&card);

	if (result)
		return result;
	settings_card(&s, card);
	caps->bIsSupported = caps->eCodecType == cudaVideoCodec_H264 && caps->nBitDepthMinus8 == 0 &&
		caps->eChromaFormat == cudaVideoChromaFormat_420 && settings_number(&s, "no_decoder", 0) == 0;
	caps->nNumNVDECs = caps->bIsSupported;
	caps->nOutputFormatMask = 1 << cudaVideoSurfaceFormat_NV12;
	caps->nMaxWidth = caps->nMaxHeight = settings_number(&s, "size_max", 4096);
	caps->nMaxMBCount = 65536;
	caps->nMinWidth = 48;
	caps->nMinHeight = 16;
	return CUDA_SUCCESS;
}

/* Has the decoder's buffers, and knows the one of the picture that is being decoded. */
static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct decoder *d = codec->opaque;
	int error = avcodec_default_get_buffer2(codec, frame, flags);

	if (error < 0)
		return error;
	av_frame_unref(d->latest);
	return av_frame_ref(d->latest, frame);
}

static int open_codec(struct decoder *d)
{
	const AVCodec *h264 = avcodec_find_decoder_by_name("h264");

	d->codec = h264 ? avcodec_alloc_context3(h264) : NULL;
	d->packet = av_packet_alloc();
	d->out = av_frame_alloc();
	d->latest = av_frame_alloc();
	if (!d->codec || !d->packet || !d->out || !d->latest)
		return 0;
	d->codec->thread_count = 1; /* a picture is whole when the call that gave it returns */
	d->codec->opaque = d;
	d->codec->get_buffer2 = get_buffer;
	return avcodec_open2(d->codec, h264, NULL) >= 0;
}

EXPORT CUresult CUDAAPI cuvidDestroyDecoder(CUvideodecoder handle)
{
	struct decoder *d = handle;
	int i;

	record(d->card, "decoder_close", "\"pictures\":%ld", d->decoded);
	for (i = 0; i < PICTURES; i++)
		av_frame_free(&d->pictures[i]);
	av_frame_free(&d->out);
	av_frame_free(&d->latest);
	av_packet_free(&d->packet);
	avcodec_free_context(&d->codec);
	free(d);
	return CUDA_SUCCESS;
}

EXPORT CUresult CUDAAPI cuvidCreateDecoder(CUvideodecoder *handle, CUVIDDECODECREATEINFO *info)
{
	struct decoder *d;
	int card;
	CUresult result = card_of_thread(&card);

	if (!result)
		result = told(card, "decoder", 0);
	if (result)
		return result;
	if (info->CodecType != cudaVideoCodec_H264 || info->OutputFormat != cudaVideoSurfaceFormat_NV12 ||
		info->ulTargetWidth != info->ulWidth || info->ulTargetHeight != info->ulHeight ||
		info->ulNumDecodeSurfaces > PICTURES)
		return INVALID_VALUE;
	d = calloc(1, sizeof *d);
	if (!d)
		return OUT_OF_MEMORY;
	d->card = card;
	d->info = *info;
	record(card, "decoder", "\"width\":%lu,\"height\":%lu,\"surfaces\":%lu,\"outputs\":%lu",
		(unsigned long)info->ulWidth, (unsigned long)info->ulHeight, (unsigned long)info->ulNumDecodeSurfaces,
		(unsigned long)info->ulNumOutputSurfaces);
	if (!open_codec(d)) {
		cuvidDestroyDecoder(d);
		return CUDA_ERROR_UNKNOWN;
	}
	*handle = d;
	return CUDA_SUCCESS;
}

/* Decodes a picture or a field with the parameter sets that it needs. */
static int decode(struct decoder *d, const CUVIDPICPARAMS *p)
{
	uint8_t sets[PARAMETERS_ROOM];
	size_t n = parameters(p, &d->mbaff, sets);

	av_packet_unref(d->packet);
	if (av_new_packet(d->packet, n + p->nBitstreamDataLen) < 0)
		return 0;
	memcpy(d->packet->data, sets, n);
	memcpy(d->packet->data + n, p->pBitstreamData, p->nBitstreamDataLen);
	if (avcodec_send_packet(d->codec, d->packet) < 0)
		return 0;
	while (avcodec_receive_frame(d->codec, d->out) >= 0)
		av_frame_unref(d->out); /* its order is that of display, which is the caller's business */
	return d->latest->buf[0] != NULL;
}

EXPORT CUresult CUDAAPI cuvidDecodePicture(CUvideodecoder handle, CUVIDPICPARAMS *p)
{
	struct decoder *d = handle;
	CUresult result = told(d->card, "decode", d->decoded);
	AVFrame **picture;

	if (result)
		return result;
	if (p->CurrPicIdx < 0 || p->CurrPicIdx >= (int)d->info.ulNumDecodeSurfaces || !p->nNumSlices)
		return INVALID_VALUE;
	if (!decode(d, p))
		return CUDA_ERROR_UNKNOWN;
	picture = &d->pictures[p->CurrPicIdx];
	av_frame_free(picture);
	*picture = av_frame_clone(d->latest);
	if (!*picture)
		return OUT_OF_MEMORY;
	d->decoded += !p->second_field;
	return CUDA_SUCCESS;
}

EXPORT CUresult CUDAAPI cuvidGetDecodeStatus(CUvideodecoder handle, int index, CUVIDGETDECODESTATUS *status)
{
	struct decoder *d = handle;
	int known = index >= 0 && index < PICTURES && d->pictures[index];

	status->decodeStatus = known ? cuvidDecodeStatus_Success : cuvidDecodeStatus_Invalid;
	return CUDA_SUCCESS;
}

/* Copies a planar picture to where NVDEC puts NV12: chroma follows at pitch × height. */
static void interleave(const AVFrame *from, uint8_t *to, size_t pitch, size_t width, size_t height)
{
	size_t x, y;

	for (y = 0; y < height; y++)
		memcpy(to + y * pitch, from->data[0] + y * from->linesize[0], width);
	to += height * pitch;
	for (y = 0; y < height / 2; y++)
		for (x = 0; x < width / 2; x++) {
			to[y * pitch + 2 * x] = from->data[1][y * from->linesize[1] + x];
			to[y * pitch + 2 * x + 1] = from->data[2][y * from->linesize[2] + x];
		}
}

EXPORT CUresult CUDAAPI cuvidMapVideoFrame64(
	CUvideodecoder handle, int index, unsigned long long *ptr, unsigned int *pitch, CUVIDPROCPARAMS *manner)
{
	struct decoder *d = handle;
	size_t width = d->info.ulTargetWidth, height = d->info.ulTargetHeight;
	CUresult result = told(d->card, "map", d->decoded);
	AVFrame *from;
	void *to;

	(void)manner;
	if (result)
		return result;
	from = index >= 0 && index < PICTURES ? d->pictures[index] : NULL;
	if (!from || from->width < (int)width || from->height < (int)height || d->mapped >= d->info.ulNumOutputSurfaces)
		return INVALID_VALUE;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	if (posix_memalign(&to, PITCH, *pitch * height * 3 / 2))
		return OUT_OF_MEMORY;
	interleave(from, to, *pitch, width, height);
	*ptr = (unsigned long long)to;
	d->mapped++;
	return CUDA_SUCCESS;
}

EXPORT CUresult CUDAAPI cuvidUnmapVideoFrame64(CUvideodecoder handle, unsigned long long ptr)
{
	struct decoder *d = handle;

	free((void *)ptr);
	d->mapped--;
	return CUDA_SUCCESS;
}
