/*
 * libnvidia-encode.so.1 without a GPU: H.264 by x264, one picture in, one out.
 *
 *   api.c      what is exported, sessions     caps.c    what a card says it can do
 *   options.c  NVENC's options as x264's      buffers.c pictures and bit streams
 *   encode.c   a picture's way                errors.c  what goes wrong when told to
 */
#ifndef DOUBLES_SESSION_H
#define DOUBLES_SESSION_H

#include <ffnvcodec/nvEncodeAPI.h>
#include <stdint.h>
#include <x264.h>

struct session {
	int card;
	int id;   /* in this process, for the record */
	int slot; /* descriptor of the lock that counts against the card's cap */
	x264_t *x264;
	x264_param_t param;
	NV_ENC_INITIALIZE_PARAMS init;
	NV_ENC_CONFIG config;
	uint8_t *headers; /* SPS and PPS */
	int headers_size;
	long pictures, idrs, seis; /* given so far; of these forced to be IDR; messages with them */
	uint32_t since_idr; /* pictures */
	int force_idr; /* the next picture, after a change of rate */
};

/* A picture: memory of our own, or a CUDA device pointer. */
struct picture {
	uint8_t *data;
	uint32_t pitch, height;
	NV_ENC_BUFFER_FORMAT format;
	int own;
};

/* An encoded picture. */
struct bitstream {
	uint8_t *data;
	size_t size, room;
	NV_ENC_PIC_TYPE type;
	uint64_t timestamp, duration;
	uint32_t index, qp;
};

/* What the card is told to answer at this point (control's card file), or success. */
NVENCSTATUS told(const struct session *s, const char *point, long done);

/* Sets a session's x264 up, or anew; options that it cannot do are refused. */
NVENCSTATUS options_apply(struct session *s);
NVENCSTATUS options_change(struct session *s);
void options_record(const struct session *s, const char *event);

NVENCSTATUS NVENCAPI caps_guid_count(void *e, uint32_t *count);
NVENCSTATUS NVENCAPI caps_guids(void *e, GUID *guids, uint32_t room, uint32_t *count);
NVENCSTATUS NVENCAPI caps_of(void *e, GUID codec, NV_ENC_CAPS_PARAM *which, int *value);
NVENCSTATUS NVENCAPI caps_preset(void *e, GUID codec, GUID preset, NV_ENC_PRESET_CONFIG *config);
NVENCSTATUS NVENCAPI caps_preset_ex(
	void *e, GUID codec, GUID preset, NV_ENC_TUNING_INFO tuning, NV_ENC_PRESET_CONFIG *config);

NVENCSTATUS NVENCAPI buffer_create_input(void *e, NV_ENC_CREATE_INPUT_BUFFER *p);
NVENCSTATUS NVENCAPI buffer_destroy_input(void *e, NV_ENC_INPUT_PTR picture);
NVENCSTATUS NVENCAPI buffer_lock_input(void *e, NV_ENC_LOCK_INPUT_BUFFER *p);
NVENCSTATUS NVENCAPI buffer_unlock_input(void *e, NV_ENC_INPUT_PTR picture);
NVENCSTATUS NVENCAPI buffer_register(void *e, NV_ENC_REGISTER_RESOURCE *p);
NVENCSTATUS NVENCAPI buffer_unregister(void *e, NV_ENC_REGISTERED_PTR picture);
NVENCSTATUS NVENCAPI buffer_map(void *e, NV_ENC_MAP_INPUT_RESOURCE *p);
NVENCSTATUS NVENCAPI buffer_unmap(void *e, NV_ENC_INPUT_PTR picture);
NVENCSTATUS NVENCAPI buffer_create_bitstream(void *e, NV_ENC_CREATE_BITSTREAM_BUFFER *p);
NVENCSTATUS NVENCAPI buffer_destroy_bitstream(void *e, NV_ENC_OUTPUT_PTR bitstream);
NVENCSTATUS NVENCAPI buffer_lock_bitstream(void *e, NV_ENC_LOCK_BITSTREAM *p);
NVENCSTATUS NVENCAPI buffer_unlock_bitstream(void *e, NV_ENC_OUTPUT_PTR bitstream);

NVENCSTATUS NVENCAPI encode_picture(void *e, NV_ENC_PIC_PARAMS *p);

#endif
