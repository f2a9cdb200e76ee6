#include "parameters.h"

#include <string.h>

/* Bits of a NAL unit in the making, before emulation prevention. */
struct bits {
	uint8_t bytes[PARAMETERS_ROOM / 2];
	size_t n;
};

static void u(struct bits *b, int count, unsigned value)
{
	while (count--) {
		if (value >> count & 1)
			b->bytes[b->n / 8] |= 128 >> b->n % 8;
		b->n++;
	}
}

/* Exp-Golomb codes, H.264 9.1. */
static void ue(struct bits *b, unsigned value)
{
	int length = 0;

	for (value++; value >> length > 1; length++)
		;
	u(b, length, 0);
	u(b, length + 1, value);
}

static void se(struct bits *b, int value) { ue(b, value > 0 ? 2 * value - 1 : -2 * value); }

/* Puts a NAL unit behind a start code, with emulation prevention (H.264 7.4.1.1). */
static size_t finish(struct bits *b, uint8_t *into)
{
	size_t n = 0, i, zeros = 0;

	u(b, 1, 1);
	memcpy(into, "\0\0\0\1", 4);
	n = 4;
	for (i = 0; i < (b->n + 7) / 8; i++) {
		if (zeros == 2 && b->bytes[i] <= 3) {
			into[n++] = 3;
			zeros = 0;
		}
		into[n++] = b->bytes[i];
		zeros = b->bytes[i] ? 0 : zeros + 1;
	}
	return n;
}

static size_t sps(const CUVIDPICPARAMS *p, int mbaff, uint8_t *into)
{
	enum { HIGH = 100, LEVEL_5_2 = 52 }; /* allow what the picture may use */
	const CUVIDH264PICPARAMS *h = &p->CodecSpecific.h264;
	struct bits b = {0};

	u(&b, 8, 0x67);
	u(&b, 8, HIGH);
	u(&b, 8, 0);
	u(&b, 8, LEVEL_5_2);
	ue(&b, 0);
	ue(&b, 1); /* 4:2:0 */
	ue(&b, h->bit_depth_luma_minus8);
	ue(&b, h->bit_depth_chroma_minus8);
	u(&b, 1, h->qpprime_y_zero_transform_bypass_flag);
	u(&b, 1, 0); /* scaling lists are in the PPS */
	ue(&b, h->log2_max_frame_num_minus4);
	ue(&b, h->pic_order_cnt_type);
	if (h->pic_order_cnt_type == 0)
		ue(&b, h->log2_max_pic_order_cnt_lsb_minus4);
	if (h->pic_order_cnt_type == 1) {
		u(&b, 1, h->delta_pic_order_always_zero_flag);
		se(&b, 0);
		se(&b, 0);
		ue(&b, 0);
	}
	ue(&b, h->num_ref_frames);
	u(&b, 1, 0);
	ue(&b, p->PicWidthInMbs - 1);
	ue(&b, p->FrameHeightInMbs / (h->frame_mbs_only_flag ? 1 : 2) - 1);
	u(&b, 1, h->frame_mbs_only_flag);
	if (!h->frame_mbs_only_flag)
		u(&b, 1, mbaff);
	u(&b, 1, h->direct_8x8_inference_flag);
	u(&b, 1, 0); /* not cropped: NVDEC's pictures are whole */
	u(&b, 1, 0);
	return finish(&b, into);
}

/* Writes a scaling list in zigzag order, each value as its difference to the last one. */
static void scaling_list(struct bits *b, const uint8_t *list, int side)
{
	int x = 0, y = 0, last = 8, i;

	u(b, 1, 1);
	for (i = 0; i < side * side; i++) {
		se(b, (int8_t)(list[y * side + x] - last));
		last = list[y * side + x];
		if ((x + y) % 2) { /* down and left */
			if (y == side - 1)
				x++;
			else if (x == 0)
				y++;
			else
				x--, y++;
		} else { /* up and right */
			if (x == side - 1)
				y++;
			else if (y == 0)
				x++;
			else
				x++, y--;
		}
	}
}

static int flat(const CUVIDH264PICPARAMS *h)
{
	const uint8_t *list = &h->WeightScale4x4[0][0], *list8 = &h->WeightScale8x8[0][0];
	size_t i;

	for (i = 0; i < sizeof h->WeightScale4x4; i++)
		if (list[i] != 16)
			return 0;
	for (i = 0; i < sizeof h->WeightScale8x8; i++)
		if (list8[i] != 16)
			return 0;
	return 1;
}

static size_t pps(const CUVIDH264PICPARAMS *h, unsigned id, uint8_t *into)
{
	struct bits b = {0};
	int i;

	u(&b, 8, 0x68);
	ue(&b, id);
	ue(&b, 0);
	u(&b, 1, h->entropy_coding_mode_flag);
	u(&b, 1, h->pic_order_present_flag);
	ue(&b, 0);
	ue(&b, h->num_ref_idx_l0_active_minus1);
	ue(&b, h->num_ref_idx_l1_active_minus1);
	u(&b, 1, h->weighted_pred_flag);
	u(&b, 2, h->weighted_bipred_idc);
	se(&b, h->pic_init_qp_minus26);
	se(&b, 0);
	se(&b, h->chroma_qp_index_offset);
	u(&b, 1, h->deblocking_filter_control_present_flag);
	u(&b, 1, h->constrained_intra_pred_flag);
	u(&b, 1, h->redundant_pic_cnt_present_flag);
	u(&b, 1, h->transform_8x8_mode_flag);
	u(&b, 1, !flat(h));
	if (!flat(h)) {
		for (i = 0; i < 6; i++)
			scaling_list(&b, h->WeightScale4x4[i], 4);
		for (i = 0; i < 2 && h->transform_8x8_mode_flag; i++)
			scaling_list(&b, h->WeightScale8x8[i], 8);
	}
	se(&b, h->second_chroma_qp_index_offset);
	return finish(&b, into);
}

static unsigned bit(const uint8_t *data, size_t n, size_t *at)
{
	unsigned value = *at / 8 < n ? data[*at / 8] >> (7 - *at % 8) & 1 : 1;

	(*at)++;
	return value;
}

static unsigned read_ue(const uint8_t *data, size_t n, size_t *at)
{
	unsigned zeros = 0, value = 1;

	while (zeros < 31 && !bit(data, n, at))
		zeros++;
	while (zeros--)
		value = value << 1 | bit(data, n, at);
	return value - 1;
}

/* Finds which PPS the picture's first slice names: by its number, after the address of
 * its first macroblock and its type (H.264 7.3.3). */
static unsigned pps_id(const CUVIDPICPARAMS *p)
{
	enum { START = 3, HEAD = 16 };
	uint8_t head[HEAD];
	const uint8_t *slice = p->pBitstreamData + p->pSliceDataOffsets[0] + START + 1;
	size_t left = p->nBitstreamDataLen - p->pSliceDataOffsets[0] - START - 1, n = 0, zeros = 0, at = 0;

	for (; left && n < HEAD; slice++, left--) {
		if (zeros >= 2 && *slice == 3) {
			zeros = 0;
			continue;
		}
		zeros = *slice ? 0 : zeros + 1;
		head[n++] = *slice;
	}
	read_ue(head, n, &at);
	read_ue(head, n, &at);
	return read_ue(head, n, &at);
}

size_t parameters(const CUVIDPICPARAMS *p, int *mbaff, uint8_t into[PARAMETERS_ROOM])
{
	size_t n;

	if (!p->field_pic_flag)
		*mbaff = p->CodecSpecific.h264.MbaffFrameFlag;
	n = sps(p, *mbaff, into);
	return n + pps(&p->CodecSpecific.h264, pps_id(p), into + n);
}
