/* The SPS and PPS of a picture: NVDEC is given their fields, and not the NAL units. */
#ifndef DOUBLES_PARAMETERS_H
#define DOUBLES_PARAMETERS_H

#include <ffnvcodec/dynlink_cuda.h>

#include <ffnvcodec/dynlink_cuviddec.h>
#include <stddef.h>
#include <stdint.h>

enum { PARAMETERS_ROOM = 1024 };

/*
 * Writes both in Annex B for a picture of H.264, 4:2:0, and returns their size. Whether
 * macroblocks may be of fields is known from pictures that are frames; mbaff keeps it.
 * What NVDEC is not told is what streams rarely have: the offsets of picture order
 * count type 1, and parameter sets that differ between slices of a picture.
 */
size_t parameters(const CUVIDPICPARAMS *p, int *mbaff, uint8_t into[PARAMETERS_ROOM]);

#endif
