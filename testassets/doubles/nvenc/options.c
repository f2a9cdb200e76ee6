#include "../control/record.h"
#include "../control/settings.h"
#include "session.h"

#include <stdlib.h>
#include <string.h>

static int same(const GUID *a, const GUID *b) { return !memcmp(a, b, sizeof *a); }

static const char *preset(const GUID *guid)
{
	static const struct {
		const GUID *guid;
		const char *name;
	} presets[] = {
		{&NV_ENC_PRESET_P1_GUID, "p1"},
		{&NV_ENC_PRESET_P2_GUID, "p2"},
		{&NV_ENC_PRESET_P3_GUID, "p3"},
		{&NV_ENC_PRESET_P4_GUID, "p4"},
		{&NV_ENC_PRESET_P5_GUID, "p5"},
		{&NV_ENC_PRESET_P6_GUID, "p6"},
		{&NV_ENC_PRESET_P7_GUID, "p7"},
	};

	for (unsigned i = 0; i < sizeof presets / sizeof *presets; i++)
		if (same(guid, presets[i].guid))
			return presets[i].name;
	return "other";
}

static const char *tuning(NV_ENC_TUNING_INFO t)
{
	static const char *const names[] = {"", "hq", "ll", "ull", "lossless"};

	return t < sizeof names / sizeof *names ? names[t] : "other";
}

static const char *rate_control(NV_ENC_PARAMS_RC_MODE mode)
{
	return mode == NV_ENC_PARAMS_RC_CBR ? "cbr" : mode == NV_ENC_PARAMS_RC_VBR ? "vbr" : "constqp";
}

static const char *profile(const GUID *guid)
{
	return same(guid, &NV_ENC_H264_PROFILE_BASELINE_GUID) ? "baseline"
		: same(guid, &NV_ENC_H264_PROFILE_MAIN_GUID)  ? "main"
							      : "high";
}

void options_record(const struct session *s, const char *event)
{
	const NV_ENC_CONFIG *c = &s->config;
	const NV_ENC_RC_PARAMS *rc = &c->rcParams;
	const NV_ENC_CONFIG_H264 *h = &c->encodeCodecConfig.h264Config;

	record(s->card, event,
		"\"session\":%d,\"width\":%u,\"height\":%u,\"rate_num\":%u,\"rate_den\":%u,"
		"\"preset\":\"%s\",\"tuning\":\"%s\",\"profile\":\"%s\",\"level\":%u,\"rate_control\":\"%s\","
		"\"bitrate\":%u,\"max_bitrate\":%u,\"vbv\":%u,\"multipass\":%d,\"lookahead\":%d,"
		"\"zero_reorder_delay\":%d,\"strict_gop\":%d,\"no_scenecut\":%d,\"aq\":%d,\"temporal_aq\":%d,"
		"\"gop\":%u,\"idr_period\":%u,\"b_frames\":%d,\"cabac\":%d,\"filler\":%d,\"aud\":%d,"
		"\"repeat_headers\":%d,\"disable_headers\":%d,\"full_range\":%u,\"primaries\":%d,"
		"\"transfer\":%d,\"matrix\":%d",
		s->id, s->init.encodeWidth, s->init.encodeHeight, s->init.frameRateNum, s->init.frameRateDen,
		preset(&s->init.presetGUID), tuning(s->init.tuningInfo), profile(&c->profileGUID), h->level,
		rate_control(rc->rateControlMode), rc->averageBitRate, rc->maxBitRate, rc->vbvBufferSize,
		rc->multiPass, rc->enableLookahead ? rc->lookaheadDepth : 0, rc->zeroReorderDelay,
		rc->strictGOPTarget, rc->disableIadapt, rc->enableAQ, rc->enableTemporalAQ, c->gopLength,
		h->idrPeriod, c->frameIntervalP - 1, h->entropyCodingMode != NV_ENC_H264_ENTROPY_CODING_MODE_CAVLC,
		h->enableFillerDataInsertion, h->outputAUD, h->repeatSPSPPS, h->disableSPSPPS,
		h->h264VUIParameters.videoFullRangeFlag, h->h264VUIParameters.colourPrimaries,
		h->h264VUIParameters.transferCharacteristics, h->h264VUIParameters.colourMatrix);
}

static void rates(x264_param_t *p, const NV_ENC_RC_PARAMS *rc)
{
	uint32_t most = rc->maxBitRate && rc->rateControlMode != NV_ENC_PARAMS_RC_CBR ? rc->maxBitRate : rc->averageBitRate;

	if (rc->rateControlMode == NV_ENC_PARAMS_RC_CONSTQP) {
		p->rc.i_rc_method = X264_RC_CQP;
		p->rc.i_qp_constant = rc->constQP.qpInterP;
		return;
	}
	p->rc.i_rc_method = X264_RC_ABR;
	p->rc.i_bitrate = rc->averageBitRate / 1000;
	p->rc.i_vbv_max_bitrate = most / 1000;
	p->rc.i_vbv_buffer_size = (rc->vbvBufferSize ? rc->vbvBufferSize : most) / 1000;
}

static void signal_type(x264_param_t *p, const NV_ENC_CONFIG_H264_VUI_PARAMETERS *vui)
{
	if (vui->videoSignalTypePresentFlag)
		p->vui.b_fullrange = vui->videoFullRangeFlag;
	if (!vui->colourDescriptionPresentFlag)
		return;
	p->vui.i_colorprim = vui->colourPrimaries;
	p->vui.i_transfer = vui->transferCharacteristics;
	p->vui.i_colmatrix = vui->colourMatrix;
}

/* Pictures have no end of GOP for x264: the session counts them, and types each. */
static void translate(x264_param_t *p, const NV_ENC_INITIALIZE_PARAMS *init, const NV_ENC_CONFIG *c)
{
	const NV_ENC_CONFIG_H264 *h = &c->encodeCodecConfig.h264Config;

	x264_param_default_preset(p, "superfast", "zerolatency");
	p->i_log_level = X264_LOG_NONE;
	p->i_threads = 1;
	p->b_sliced_threads = 0;
	p->i_width = init->encodeWidth;
	p->i_height = init->encodeHeight;
	p->i_fps_num = init->frameRateNum;
	p->i_fps_den = init->frameRateDen;
	p->b_vfr_input = 0;
	p->i_keyint_max = p->i_keyint_min = X264_KEYINT_MAX_INFINITE;
	p->i_scenecut_threshold = 0;
	p->i_frame_reference = 2; /* with one, readers take any I picture for a keyframe */
	p->b_repeat_headers = 0;
	p->b_annexb = 1;
	p->b_aud = h->outputAUD;
	p->b_cabac = h->entropyCodingMode != NV_ENC_H264_ENTROPY_CODING_MODE_CAVLC;
	p->i_level_idc = h->level ? (int)h->level : -1;
	if (init->darWidth && init->darHeight) {
		p->vui.i_sar_width = init->darWidth * init->encodeHeight;
		p->vui.i_sar_height = init->darHeight * init->encodeWidth;
	}
	signal_type(p, &h->h264VUIParameters);
	rates(p, &c->rcParams);
	p->rc.b_filler = c->rcParams.rateControlMode == NV_ENC_PARAMS_RC_CBR && h->enableFillerDataInsertion;
	x264_param_apply_profile(p, profile(&c->profileGUID));
}

/* Keeps SPS and PPS, and leaves out the message in which x264 names itself. */
static NVENCSTATUS keep_headers(struct session *s)
{
	x264_nal_t *nals;
	int n, i;

	if (x264_encoder_headers(s->x264, &nals, &n) < 0)
		return NV_ENC_ERR_GENERIC;
	free(s->headers);
	s->headers_size = 0;
	s->headers = malloc(nals[0].i_payload + nals[1].i_payload + nals[n - 1].i_payload);
	if (!s->headers)
		return NV_ENC_ERR_OUT_OF_MEMORY;
	for (i = 0; i < n; i++) {
		if (nals[i].i_type != NAL_SPS && nals[i].i_type != NAL_PPS)
			continue;
		memcpy(s->headers + s->headers_size, nals[i].p_payload, nals[i].i_payload);
		s->headers_size += nals[i].i_payload;
	}
	return NV_ENC_SUCCESS;
}

static int allowed(const struct session *s)
{
	const NV_ENC_INITIALIZE_PARAMS *init = &s->init;
	struct settings settings;
	long most;

	settings_card(&settings, s->card);
	most = settings_number(&settings, "size_max", 4096);
	return same(&init->encodeGUID, &NV_ENC_CODEC_H264_GUID) && s->config.frameIntervalP <= 1 &&
		(long)init->encodeWidth <= most && (long)init->encodeHeight <= most &&
		(long)init->encodeWidth >= settings_number(&settings, "width_min", 145) &&
		(long)init->encodeHeight >= settings_number(&settings, "height_min", 49);
}

NVENCSTATUS options_apply(struct session *s)
{
	if (!allowed(s))
		return NV_ENC_ERR_INVALID_PARAM;
	translate(&s->param, &s->init, &s->config);
	s->x264 = x264_encoder_open(&s->param);
	return s->x264 ? keep_headers(s) : NV_ENC_ERR_INVALID_PARAM;
}

NVENCSTATUS options_change(struct session *s)
{
	rates(&s->param, &s->config.rcParams);
	return x264_encoder_reconfig(s->x264, &s->param) ? NV_ENC_ERR_INVALID_PARAM : NV_ENC_SUCCESS;
}
