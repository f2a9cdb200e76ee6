/*
 * The kernels of FFmpeg's scale_cuda for 4:2:0 pictures of 8 bits, planar or NV12, by
 * the names in vf_scale_cuda.cu. What a GPU does for each pixel is done here by rows,
 * then by columns. The weights are that file's: four taps that do not widen when a
 * picture gets smaller, so results have the aliasing that real ones have.
 */
#include "cuda.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAPS = 4 };
enum manner { NEAREST, BILINEAR, BICUBIC, LANCZOS, MANNERS };

/* Where a row or column of the result comes from. */
struct taps {
	int at[TAPS];
	float weight[TAPS];
};

/* scale_cuda's option "param" where it was not given. */
static const float NO_PARAM = 999999;

static void weigh_bicubic(float x, float param, float w[TAPS])
{
	const float A = param == NO_PARAM ? 0 : -param;

	w[0] = ((A * (x + 1) - 5 * A) * (x + 1) + 8 * A) * (x + 1) - 4 * A;
	w[1] = ((A + 2) * x - (A + 3)) * x * x + 1;
	w[2] = ((A + 2) * (1 - x) - (A + 3)) * (1 - x) * (1 - x) + 1;
	w[3] = 1 - w[0] - w[1] - w[2];
}

static void weigh_lanczos(float x, float w[TAPS])
{
	const float pi = 3.14159265f;
	float sum = 0;
	int i;

	for (i = 0; i < TAPS; i++) {
		float d = pi * (x - i + 1);

		w[i] = fabsf(d) < 1e-6f ? 1 : sinf(d) / d * sinf(d / 2) / (d / 2);
		sum += w[i];
	}
	for (i = 0; i < TAPS; i++)
		w[i] /= sum;
}

/* A GPU's linear filter between two samples. */
static void linear(float centre, int *at, float *weight, float share)
{
	float left = floorf(centre - 0.5f), f = centre - 0.5f - left;

	at[0] = (int)left;
	at[1] = (int)left + 1;
	weight[0] = share * (1 - f);
	weight[1] = share * f;
}

static void weigh_bilinear(struct taps *t, float centre, float scale)
{
	float w = fminf(fmaxf(0.5f * (scale - 1), 0), 1), d = w / (0.5f + w);

	linear(centre - d, t->at, t->weight, 0.5f);
	linear(centre + d, t->at + 2, t->weight + 2, 0.5f);
}

/* Works out one dimension of a picture: `to` samples out of `from`. */
static struct taps *plan(enum manner manner, float param, int from, int to)
{
	struct taps *all = calloc(to, sizeof *all);
	float scale = (float)from / to;
	int o, i;

	for (o = 0; all && o < to; o++) {
		struct taps *t = &all[o];
		float centre = (o + 0.5f) * scale, left = floorf(centre - 0.5f), f = centre - 0.5f - left;

		for (i = 0; i < TAPS; i++)
			t->at[i] = (int)left - 1 + i;
		if (manner == BICUBIC)
			weigh_bicubic(f, param, t->weight);
		else if (manner == LANCZOS)
			weigh_lanczos(f, t->weight);
		else if (manner == BILINEAR)
			weigh_bilinear(t, centre, scale);
		else {
			t->at[0] = (int)centre;
			t->weight[0] = 1;
		}
		for (i = 0; i < TAPS; i++)
			t->at[i] = t->at[i] < 0 ? 0 : t->at[i] >= from ? from - 1 : t->at[i];
	}
	return all;
}

/* One channel of a picture: its samples are `step` bytes apart. */
struct plane {
	uint8_t *data;
	size_t pitch;
	int width, height, step;
};

static void mix_rows(const struct plane *p, const struct taps *t, float *row)
{
	const uint8_t *a = p->data + t->at[0] * p->pitch, *b = p->data + t->at[1] * p->pitch;
	const uint8_t *c = p->data + t->at[2] * p->pitch, *d = p->data + t->at[3] * p->pitch;
	int x, step = p->step;

	for (x = 0; x < p->width; x++)
		row[x] = t->weight[0] * a[x * step] + t->weight[1] * b[x * step] + t->weight[2] * c[x * step] +
			t->weight[3] * d[x * step];
}

static void mix_columns(const float *row, const struct taps *t, const struct plane *p, uint8_t *to)
{
	int x;

	for (x = 0; x < p->width; x++, t++) {
		float v = t->weight[0] * row[t->at[0]] + t->weight[1] * row[t->at[1]] +
			t->weight[2] * row[t->at[2]] + t->weight[3] * row[t->at[3]] + 0.5f;

		to[x * p->step] = v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
	}
}

static CUresult resample(enum manner manner, float param, const struct plane *from, const struct plane *to)
{
	struct taps *columns = plan(manner, param, from->width, to->width);
	struct taps *rows = plan(manner, param, from->height, to->height);
	float *row = malloc(from->width * sizeof *row);
	int y;

	if (columns && rows && row)
		for (y = 0; y < to->height; y++) {
			mix_rows(from, &rows[y], row);
			mix_columns(row, columns, to, to->data + y * to->pitch);
		}
	y = columns && rows && row;
	free(columns);
	free(rows);
	free(row);
	return y ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static struct plane source(const struct texture *t, int channel)
{
	return (struct plane){
		.data = (uint8_t *)t->resource.res.pitch2D.devPtr + channel,
		.pitch = t->resource.res.pitch2D.pitchInBytes,
		.width = t->resource.res.pitch2D.width,
		.height = t->resource.res.pitch2D.height,
		.step = t->resource.res.pitch2D.numChannels,
	};
}

/* The arguments are four textures, four planes, the result's width, height and pitch,
 * the source's width and height, and the filter's parameter. */
static struct plane target(void **args, int plane, int channel, int step)
{
	return (struct plane){
		.data = *(uint8_t **)args[4 + plane] + channel,
		.pitch = *(int *)args[10],
		.width = *(int *)args[8],
		.height = *(int *)args[9],
		.step = step,
	};
}

static CUresult luma(enum manner manner, void **args)
{
	struct plane from = source(*(struct texture **)args[0], 0), to = target(args, 0, 0, 1);

	return resample(manner, *(float *)args[13], &from, &to);
}

static CUresult chroma(enum manner manner, int from_nv12, int to_nv12, void **args)
{
	CUresult result = CUDA_SUCCESS;
	int i;

	for (i = 0; i < 2 && !result; i++) {
		struct plane from = from_nv12 ? source(*(struct texture **)args[1], i) : source(*(struct texture **)args[1 + i], 0);
		struct plane to = to_nv12 ? target(args, 1, i, 2) : target(args, 1 + i, 0, 1);

		result = resample(manner, *(float *)args[13], &from, &to);
	}
	return result;
}

#define KERNELS(name, manner) \
	static CUresult name##_y(void **args) { return luma(manner, args); } \
	static CUresult name##_pp(void **args) { return chroma(manner, 0, 0, args); } \
	static CUresult name##_pn(void **args) { return chroma(manner, 0, 1, args); } \
	static CUresult name##_np(void **args) { return chroma(manner, 1, 0, args); } \
	static CUresult name##_nn(void **args) { return chroma(manner, 1, 1, args); }

KERNELS(nearest, NEAREST)
KERNELS(bilinear, BILINEAR)
KERNELS(bicubic, BICUBIC)
KERNELS(lanczos, LANCZOS)

/* In the order of enum manner; chroma by whether source and result are NV12. */
static const struct {
	const char *name;
	kernel *luma, *chroma[2][2];
} kernels[MANNERS] = {
	{"Nearest", nearest_y, {{nearest_pp, nearest_pn}, {nearest_np, nearest_nn}}},
	{"Bilinear", bilinear_y, {{bilinear_pp, bilinear_pn}, {bilinear_np, bilinear_nn}}},
	{"Bicubic", bicubic_y, {{bicubic_pp, bicubic_pn}, {bicubic_np, bicubic_nn}}},
	{"Lanczos", lanczos_y, {{lanczos_pp, lanczos_pn}, {lanczos_np, lanczos_nn}}},
};

kernel *scale_kernel(const char *name)
{
	static const char *const formats[] = {"yuv420p", "nv12"};
	char wanted[128];
	int m, from, to;

	for (m = 0; m < MANNERS; m++)
		for (from = 0; from < 2; from++)
			for (to = 0; to < 2; to++) {
				snprintf(wanted, sizeof wanted, "Subsample_%s_%s_%s", kernels[m].name, formats[from], formats[to]);
				if (!strcmp(name, wanted))
					return kernels[m].luma;
				strcat(wanted, "_uv");
				if (!strcmp(name, wanted))
					return kernels[m].chroma[from][to];
			}
	return NULL;
}
