#include "../control/box.h"
#include "../control/settings.h"
#include "session.h"

static const struct {
	const char *word;
	NVENCSTATUS status;
} words[] = {
	{"no_encode_device", NV_ENC_ERR_NO_ENCODE_DEVICE},
	{"unsupported_device", NV_ENC_ERR_UNSUPPORTED_DEVICE},
	{"invalid_encoderdevice", NV_ENC_ERR_INVALID_ENCODERDEVICE},
	{"device_not_exist", NV_ENC_ERR_DEVICE_NOT_EXIST},
	{"invalid_param", NV_ENC_ERR_INVALID_PARAM},
	{"out_of_memory", NV_ENC_ERR_OUT_OF_MEMORY},
	{"unsupported_param", NV_ENC_ERR_UNSUPPORTED_PARAM},
	{"encoder_busy", NV_ENC_ERR_ENCODER_BUSY},
	{"lock_busy", NV_ENC_ERR_LOCK_BUSY},
	{"generic", NV_ENC_ERR_GENERIC},
	{"incompatible_client_key", NV_ENC_ERR_INCOMPATIBLE_CLIENT_KEY},
};

NVENCSTATUS told(const struct session *s, const char *point, long done)
{
	struct settings settings;
	int due = box_misbehave(s->card, point, done);

	if (box_lost(s->card))
		return NV_ENC_ERR_DEVICE_NOT_EXIST;
	if (!due)
		return NV_ENC_SUCCESS;
	settings_card(&settings, s->card);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (settings_is(&settings, point, words[i].word))
			return words[i].status;
	return NV_ENC_SUCCESS;
}
