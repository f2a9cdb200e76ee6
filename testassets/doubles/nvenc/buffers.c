#include "session.h"

#include <stdlib.h>

enum { PITCH = 64 };

NVENCSTATUS NVENCAPI buffer_create_input(void *e, NV_ENC_CREATE_INPUT_BUFFER *p)
{
	struct picture *picture = calloc(1, sizeof *picture);

	(void)e;
	if (!picture)
		return NV_ENC_ERR_OUT_OF_MEMORY;
	picture->pitch = (p->width + PITCH - 1) / PITCH * PITCH;
	picture->height = p->height;
	picture->format = p->bufferFmt;
	picture->own = 1;
	picture->data = calloc(picture->pitch, (p->height + 1) / 2 * 3);
	if (!picture->data) {
		free(picture);
		return NV_ENC_ERR_OUT_OF_MEMORY;
	}
	p->inputBuffer = picture;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_destroy_input(void *e, NV_ENC_INPUT_PTR picture)
{
	struct picture *p = picture;

	(void)e;
	if (p && p->own)
		free(p->data);
	free(p);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_lock_input(void *e, NV_ENC_LOCK_INPUT_BUFFER *p)
{
	struct picture *picture = p->inputBuffer;

	p->bufferDataPtr = picture->data;
	p->pitch = picture->pitch;
	return told(e, "lock_input", 0);
}

NVENCSTATUS NVENCAPI buffer_unlock_input(void *e, NV_ENC_INPUT_PTR picture)
{
	(void)picture;
	return told(e, "unlock_input", 0);
}

NVENCSTATUS NVENCAPI buffer_register(void *e, NV_ENC_REGISTER_RESOURCE *p)
{
	struct picture *picture;

	(void)e;
	if (p->resourceType != NV_ENC_INPUT_RESOURCE_TYPE_CUDADEVICEPTR)
		return NV_ENC_ERR_UNSUPPORTED_PARAM;
	picture = calloc(1, sizeof *picture);
	if (!picture)
		return NV_ENC_ERR_OUT_OF_MEMORY;
	picture->data = p->resourceToRegister;
	picture->pitch = p->pitch;
	picture->height = p->height;
	picture->format = p->bufferFormat;
	p->registeredResource = picture;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_unregister(void *e, NV_ENC_REGISTERED_PTR picture)
{
	return buffer_destroy_input(e, picture);
}

NVENCSTATUS NVENCAPI buffer_map(void *e, NV_ENC_MAP_INPUT_RESOURCE *p)
{
	struct picture *picture = p->registeredResource;

	p->mappedResource = picture;
	p->mappedBufferFmt = picture->format;
	return told(e, "map", 0);
}

NVENCSTATUS NVENCAPI buffer_unmap(void *e, NV_ENC_INPUT_PTR picture)
{
	(void)e, (void)picture;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_create_bitstream(void *e, NV_ENC_CREATE_BITSTREAM_BUFFER *p)
{
	(void)e;
	p->bitstreamBuffer = calloc(1, sizeof(struct bitstream));
	return p->bitstreamBuffer ? NV_ENC_SUCCESS : NV_ENC_ERR_OUT_OF_MEMORY;
}

NVENCSTATUS NVENCAPI buffer_destroy_bitstream(void *e, NV_ENC_OUTPUT_PTR bitstream)
{
	struct bitstream *b = bitstream;

	(void)e;
	if (b)
		free(b->data);
	free(b);
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_lock_bitstream(void *e, NV_ENC_LOCK_BITSTREAM *p)
{
	struct session *s = e;
	struct bitstream *b = p->outputBitstream;
	NVENCSTATUS status = told(s, "lock", s->pictures);

	if (status)
		return status;
	p->bitstreamBufferPtr = b->data;
	p->bitstreamSizeInBytes = b->size;
	p->pictureType = b->type;
	p->pictureStruct = NV_ENC_PIC_STRUCT_FRAME;
	p->outputTimeStamp = b->timestamp;
	p->outputDuration = b->duration; /* FFmpeg's index of its own data for the picture */
	p->frameIdx = p->frameIdxDisplay = b->index;
	p->frameAvgQP = b->qp;
	p->numSlices = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI buffer_unlock_bitstream(void *e, NV_ENC_OUTPUT_PTR bitstream)
{
	(void)e, (void)bitstream;
	return NV_ENC_SUCCESS;
}
