#include "../control/settings.h"
#include "session.h"

#include <string.h>

NVENCSTATUS NVENCAPI caps_guid_count(void *e, uint32_t *count)
{
	(void)e;
	*count = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI caps_guids(void *e, GUID *guids, uint32_t room, uint32_t *count)
{
	(void)e;
	*count = room ? 1 : 0;
	if (room)
		guids[0] = NV_ENC_CODEC_H264_GUID;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI caps_of(void *e, GUID codec, NV_ENC_CAPS_PARAM *which, int *value)
{
	struct settings s;

	(void)codec;
	settings_card(&s, ((struct session *)e)->card);
	switch (which->capsToQuery) {
	case NV_ENC_CAPS_WIDTH_MAX:
	case NV_ENC_CAPS_HEIGHT_MAX:
		*value = settings_number(&s, "size_max", 4096);
		break;
	case NV_ENC_CAPS_WIDTH_MIN:
		*value = settings_number(&s, "width_min", 145);
		break;
	case NV_ENC_CAPS_HEIGHT_MIN:
		*value = settings_number(&s, "height_min", 49);
		break;
	case NV_ENC_CAPS_LEVEL_MAX:
		*value = NV_ENC_LEVEL_H264_52;
		break;
	case NV_ENC_CAPS_SUPPORTED_RATECONTROL_MODES:
		*value = NV_ENC_PARAMS_RC_VBR | NV_ENC_PARAMS_RC_CBR;
		break;
	case NV_ENC_CAPS_SUPPORT_CABAC:
	case NV_ENC_CAPS_SUPPORT_DYN_BITRATE_CHANGE:
	case NV_ENC_CAPS_SUPPORT_CUSTOM_VBV_BUF_SIZE:
	case NV_ENC_CAPS_SUPPORT_LOOKAHEAD:
	case NV_ENC_CAPS_SUPPORT_TEMPORAL_AQ:
	case NV_ENC_CAPS_SUPPORT_MULTIPLE_REF_FRAMES:
	case NV_ENC_CAPS_NUM_ENCODER_ENGINES:
		*value = 1;
		break;
	default: /* B-frames among them */
		*value = 0;
	}
	return NV_ENC_SUCCESS;
}

/* What a preset holds where the program says nothing: NVENC's documentation has a GOP
 * without end and P pictures only for low latency. */
NVENCSTATUS NVENCAPI caps_preset_ex(
	void *e, GUID codec, GUID preset, NV_ENC_TUNING_INFO tuning, NV_ENC_PRESET_CONFIG *config)
{
	NV_ENC_CONFIG *c = &config->presetCfg;

	(void)e, (void)preset, (void)tuning;
	if (memcmp(&codec, &NV_ENC_CODEC_H264_GUID, sizeof codec))
		return NV_ENC_ERR_UNSUPPORTED_PARAM;
	memset(c, 0, sizeof *c);
	c->version = NV_ENC_CONFIG_VER;
	c->profileGUID = NV_ENC_H264_PROFILE_HIGH_GUID;
	c->gopLength = NVENC_INFINITE_GOPLENGTH;
	c->frameIntervalP = 1;
	c->frameFieldMode = NV_ENC_PARAMS_FRAME_FIELD_MODE_FRAME;
	c->rcParams.rateControlMode = NV_ENC_PARAMS_RC_VBR;
	c->encodeCodecConfig.h264Config.idrPeriod = NVENC_INFINITE_GOPLENGTH;
	c->encodeCodecConfig.h264Config.chromaFormatIDC = 1;
	return NV_ENC_SUCCESS;
}

NVENCSTATUS NVENCAPI caps_preset(void *e, GUID codec, GUID preset, NV_ENC_PRESET_CONFIG *config)
{
	return caps_preset_ex(e, codec, preset, NV_ENC_TUNING_INFO_HIGH_QUALITY, config);
}
