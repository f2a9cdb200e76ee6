/*
 * libnvidia-ml.so.1 without a GPU: what a box's settings say of it. NVML shows all
 * cards, whatever CUDA_VISIBLE_DEVICES hides.
 *
 *   system.c  the library and the driver    device.c  what a card is
 *   load.c    what a card is doing
 */
#ifndef DOUBLES_NVML_DEVICE_H
#define DOUBLES_NVML_DEVICE_H

/* As the unversioned names have functions of their own in the driver. */
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#include <nvml.h>

#include "../control/settings.h"

#define EXPORT __attribute__((visibility("default")))

struct nvmlDevice_st {
	int card;
};

/* Reads the settings of a handle's card, or says why nothing can be told of it. */
nvmlReturn_t ask(nvmlDevice_t device, struct settings *s);

/* A copy of text for a caller with room for length bytes. */
nvmlReturn_t answer(char *into, unsigned int length, const char *text);

#endif
