#include "../control/record.h"
#include "../control/settings.h"
#include "../control/slots.h"
#include "../cuda/context.h"
#include "session.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* The version in the settings is that of the API, 10 × major + minor. */
EXPORT NVENCSTATUS NVENCAPI NvEncodeAPIGetMaxSupportedVersion(uint32_t *version)
{
	struct settings s;
	long v;

	settings_driver(&s);
	v = settings_number(&s, "nvenc", 10 * NVENCAPI_MAJOR_VERSION + NVENCAPI_MINOR_VERSION);
	*version = v / 10 << 4 | v % 10;
	return NV_ENC_SUCCESS;
}

/* Takes one of the card's sessions, which no process can have more of than its cap. */
static NVENCSTATUS take_slot(struct session *s)
{
	struct settings settings;

	settings_card(&settings, s->card);
	s->slot = slots_take(s->card, settings_number(&settings, "sessions", SLOTS_MOST));
	if (s->slot >= 0)
		return NV_ENC_SUCCESS;
	return settings_is(&settings, "capped", "incompatible_client_key") ? NV_ENC_ERR_INCOMPATIBLE_CLIENT_KEY
									 : NV_ENC_ERR_OUT_OF_MEMORY;
}

static NVENCSTATUS NVENCAPI open_session(NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS *p, void **encoder)
{
	static atomic_int ids;
	struct session *s;
	NVENCSTATUS status;

	*encoder = NULL;
	if (p->deviceType != NV_ENC_DEVICE_TYPE_CUDA || !p->device)
		return NV_ENC_ERR_UNSUPPORTED_DEVICE;
	s = calloc(1, sizeof *s);
	if (!s)
		return NV_ENC_ERR_OUT_OF_MEMORY;
	s->card = ((struct CUctx_st *)p->device)->card;
	s->id = ++ids;
	status = told(s, "open", 0);
	if (!status)
		status = take_slot(s);
	record(s->card, "open", "\"session\":%d,\"status\":%d", s->id, status);
	if (status)
		free(s);
	else
		*encoder = s;
	return status;
}

static NVENCSTATUS NVENCAPI initialize(void *e, NV_ENC_INITIALIZE_PARAMS *p)
{
	struct session *s = e;
	NVENCSTATUS status;

	if (!p->encodeConfig || s->x264)
		return NV_ENC_ERR_INVALID_PARAM;
	s->init = *p;
	s->config = *p->encodeConfig;
	s->init.encodeConfig = &s->config;
	options_record(s, "initialize");
	status = told(s, "initialize", 0);
	return status ? status : options_apply(s);
}

static NVENCSTATUS NVENCAPI reconfigure(void *e, NV_ENC_RECONFIGURE_PARAMS *p)
{
	struct session *s = e;
	NVENCSTATUS status = told(s, "reconfigure", s->pictures);

	if (status || !p->reInitEncodeParams.encodeConfig)
		return status;
	s->config = *p->reInitEncodeParams.encodeConfig;
	s->force_idr |= p->forceIDR;
	options_record(s, "reconfigure");
	return options_change(s);
}

static NVENCSTATUS NVENCAPI sequence_params(void *e, NV_ENC_SEQUENCE_PARAM_PAYLOAD *p)
{
	struct session *s = e;

	if (!s->x264)
		return NV_ENC_ERR_ENCODER_NOT_INITIALIZED;
	if (p->inBufferSize < (uint32_t)s->headers_size)
		return NV_ENC_ERR_NOT_ENOUGH_BUFFER;
	memcpy(p->spsppsBuffer, s->headers, s->headers_size);
	*p->outSPSPPSPayloadSize = s->headers_size;
	record_bytes(s->card, "headers", s->headers, s->headers_size);
	return NV_ENC_SUCCESS;
}

static NVENCSTATUS NVENCAPI set_streams(void *e, NV_ENC_CUSTREAM_PTR in, NV_ENC_CUSTREAM_PTR out)
{
	(void)in, (void)out;
	return told(e, "streams", 0);
}

static const char *NVENCAPI last_error(void *e)
{
	(void)e;
	return "driver double";
}

static NVENCSTATUS NVENCAPI destroy(void *e)
{
	struct session *s = e;

	record(s->card, "close", "\"session\":%d,\"pictures\":%ld,\"forced_idrs\":%ld,\"seis\":%ld", s->id, s->pictures,
		s->idrs, s->seis);
	if (s->x264)
		x264_encoder_close(s->x264);
	free(s->headers);
	close(s->slot);
	free(s);
	return NV_ENC_SUCCESS;
}

EXPORT NVENCSTATUS NVENCAPI NvEncodeAPICreateInstance(NV_ENCODE_API_FUNCTION_LIST *list)
{
	if (list->version != NV_ENCODE_API_FUNCTION_LIST_VER)
		return NV_ENC_ERR_INVALID_VERSION;
	list->nvEncOpenEncodeSessionEx = open_session;
	list->nvEncGetEncodeGUIDCount = caps_guid_count;
	list->nvEncGetEncodeGUIDs = caps_guids;
	list->nvEncGetEncodeCaps = caps_of;
	list->nvEncGetEncodePresetConfig = caps_preset;
	list->nvEncGetEncodePresetConfigEx = caps_preset_ex;
	list->nvEncInitializeEncoder = initialize;
	list->nvEncReconfigureEncoder = reconfigure;
	list->nvEncGetSequenceParams = sequence_params;
	list->nvEncSetIOCudaStreams = set_streams;
	list->nvEncGetLastErrorString = last_error;
	list->nvEncDestroyEncoder = destroy;
	list->nvEncCreateInputBuffer = buffer_create_input;
	list->nvEncDestroyInputBuffer = buffer_destroy_input;
	list->nvEncLockInputBuffer = buffer_lock_input;
	list->nvEncUnlockInputBuffer = buffer_unlock_input;
	list->nvEncRegisterResource = buffer_register;
	list->nvEncUnregisterResource = buffer_unregister;
	list->nvEncMapInputResource = buffer_map;
	list->nvEncUnmapInputResource = buffer_unmap;
	list->nvEncCreateBitstreamBuffer = buffer_create_bitstream;
	list->nvEncDestroyBitstreamBuffer = buffer_destroy_bitstream;
	list->nvEncLockBitstream = buffer_lock_bitstream;
	list->nvEncUnlockBitstream = buffer_unlock_bitstream;
	list->nvEncEncodePicture = encode_picture;
	return NV_ENC_SUCCESS;
}
