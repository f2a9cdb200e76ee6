/*
 * The kernels of FFmpeg's bwdif_cuda for pictures of 8 bits, by the names in
 * vf_bwdif_cuda.cu, with its arithmetic: all of it is vertical, so a picture of two
 * channels is one of twice the width. Those for 16 bits exist and refuse.
 */
#include "cuda.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fixed point of 13 bits, as bwdif has it: low pass, high pass, and spatial. */
static const int low[2] = {4309, 213}, high[3] = {5570, 3801, 1016}, spatial[2] = {5077, 981};

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }
static int clip(int v, int from, int to) { return v < from ? from : v > to ? to : v; }

/* The samples of a column that a missing one is made of: rows away from it, −4 to 4. */
struct column {
	const uint8_t *rows[9];
};

static struct column around(const struct texture *t, int y)
{
	struct column c;
	int height = t->resource.res.pitch2D.height, i;

	for (i = 0; i < 9; i++)
		c.rows[i] = (const uint8_t *)t->resource.res.pitch2D.devPtr +
			clip(y + i - 4, 0, height - 1) * t->resource.res.pitch2D.pitchInBytes;
	return c;
}

static int at(const struct column *c, int row, int x) { return c->rows[row + 4][x]; }

/* Where there is no other picture: from this one's rows alone. */
static int intra(const struct column *cur, int x, int max)
{
	int v = (spatial[0] * (at(cur, -1, x) + at(cur, 1, x)) - spatial[1] * (at(cur, -3, x) + at(cur, 3, x))) >> 13;

	return clip(v, 0, max);
}

/* The pictures before and after, and the fields before and after in these. */
struct neighbours {
	struct column prev2, prev1, cur, next1, next2;
};

static int inter(const struct neighbours *n, int x, int max)
{
	const struct column *p2 = &n->prev2, *n2 = &n->next2;
	int c = at(&n->cur, -1, x), e = at(&n->cur, 1, x), d = (at(p2, 0, x) + at(n2, 0, x)) >> 1;
	int outer = at(&n->cur, -3, x) + at(&n->cur, 3, x);
	int moved = abs(at(p2, 0, x) - at(n2, 0, x));
	int before = (abs(at(&n->prev1, -1, x) - c) + abs(at(&n->prev1, 1, x) - e)) >> 1;
	int after = (abs(at(&n->next1, -1, x) - c) + abs(at(&n->next1, 1, x) - e)) >> 1;
	int diff = most(most(moved >> 1, before), after), b, f, v;

	if (!diff)
		return d;
	b = ((at(p2, -2, x) + at(n2, -2, x)) >> 1) - c;
	f = ((at(p2, 2, x) + at(n2, 2, x)) >> 1) - e;
	diff = most(diff, least(least(d - e, d - c), most(b, f)));
	diff = most(diff, -most(most(d - e, d - c), least(b, f)));
	if (abs(c - e) > moved)
		/* The last row is named twice in FFmpeg's kernel too. */
		v = (((high[0] * (at(p2, 0, x) + at(n2, 0, x)) -
			      high[1] * (at(p2, -2, x) + at(n2, -2, x) + at(p2, 2, x) + at(n2, 2, x)) +
			      high[2] * (at(p2, -4, x) + at(n2, -4, x) + at(p2, 4, x) + at(n2, -4, x))) >> 2) +
			    low[0] * (c + e) - low[1] * outer) >> 13;
	else
		v = (spatial[0] * (c + e) - spatial[1] * outer) >> 13;
	return clip(clip(v, d - diff, d + diff), 0, max);
}

/* The arguments are the result, three textures, the result's width, height and pitch in
 * pixels, the source's size, which field stays, which comes first, whether there is but
 * one picture, and the greatest value. */
static CUresult bwdif(void **args, int channels)
{
	uint8_t *to = *(uint8_t **)args[0];
	const struct texture *prev = *(struct texture **)args[1], *cur = *(struct texture **)args[2];
	const struct texture *next = *(struct texture **)args[3];
	int width = *(int *)args[4] * channels, height = *(int *)args[5], parity = *(int *)args[9];
	int second = !(parity ^ *(int *)args[10]), alone = *(int *)args[11], max = *(int *)args[12], x, y;

	for (y = 0; y < height; y++, to += *(int *)args[6] * channels) {
		struct neighbours n = {
			around(prev, y), around(second ? cur : prev, y), around(cur, y), around(second ? next : cur, y), around(next, y),
		};

		if (y % 2 == parity)
			memcpy(to, n.cur.rows[4], width);
		else
			for (x = 0; x < width; x++)
				to[x] = alone ? intra(&n.cur, x, max) : inter(&n, x, max);
	}
	return CUDA_SUCCESS;
}

static CUresult bwdif_one(void **args) { return bwdif(args, 1); }
static CUresult bwdif_two(void **args) { return bwdif(args, 2); }

static CUresult refuse(void **args)
{
	(void)args;
	return CUDA_ERROR_NOT_SUPPORTED;
}

kernel *deinterlace_kernel(const char *name)
{
	if (!strcmp(name, "bwdif_uchar"))
		return bwdif_one;
	if (!strcmp(name, "bwdif_uchar2"))
		return bwdif_two;
	return strncmp(name, "bwdif_ushort", strlen("bwdif_ushort")) ? NULL : refuse;
}
