#include "../control/box.h"
#include "../control/record.h"
#include "../control/settings.h"
#include "cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = 64 };

/* A thread's contexts, the current one last. */
static __thread struct CUctx_st *stack[STACK];
static __thread int depth;

static struct CUctx_st primaries[BOX_MOST];

static int card_of(CUdevice device)
{
	int cards[BOX_MOST], n = box_visible(cards);

	return device >= 0 && device < n ? cards[device] : -1;
}

CUresult usable(void)
{
	if (!depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	return box_lost(stack[depth - 1]->card) ? CUDA_ERROR_UNKNOWN : CUDA_SUCCESS;
}

CUresult loads(void)
{
	CUresult result = usable();

	if (result)
		return result;
	return box_misbehave(stack[depth - 1]->card, "kernels", 0) ? CUDA_ERROR_UNSUPPORTED_PTX : CUDA_SUCCESS;
}

EXPORT CUresult cuInit(unsigned int flags)
{
	int cards[BOX_MOST], n = box_visible(cards), i;

	(void)flags;
	for (i = 0; i < n; i++)
		box_misbehave(cards[i], "init", 0);
	return n ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

EXPORT CUresult cuDriverGetVersion(int *version)
{
	struct settings s;

	settings_driver(&s);
	*version = settings_number(&s, "cuda", 12040);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetCount(int *count)
{
	int cards[BOX_MOST];

	*count = box_visible(cards);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	if (card_of(ordinal) < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	*device = ordinal;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetName(char *name, int len, CUdevice device)
{
	struct settings s;

	if (card_of(device) < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	settings_card(&s, card_of(device));
	settings_text(&s, "name", "NVIDIA Double", name, len);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
	char text[UUID_TEXT];
	const char *c;
	int i = 0, n;

	if (card_of(device) < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	box_uuid(card_of(device), text);
	memset(uuid, 0, sizeof *uuid);
	for (c = text + strlen("GPU-"); *c && i < 16; c += n) {
		n = *c == '-' ? 1 : 2;
		if (n == 2)
			sscanf(c, "%2hhx", (unsigned char *)&uuid->bytes[i++]);
	}
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) { return cuDeviceGetUuid(uuid, device); }

EXPORT CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
	struct settings s;
	long capability;

	if (card_of(device) < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	settings_card(&s, card_of(device));
	capability = settings_number(&s, "compute", 86);
	*major = capability / 10;
	*minor = capability % 10;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	int major, minor;
	CUresult result = cuDeviceComputeCapability(&major, &minor, device);

	if (result)
		return result;
	switch ((int)attribute) {
	case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
		*value = 512;
		break;
	case CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT:
		*value = 32;
		break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
		*value = major;
		break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
		*value = minor;
		break;
	case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
		*value = 1;
		break;
	case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
		*value = card_of(device) + 1;
		break;
	default:
		*value = 0;
	}
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	struct settings s;

	if (card_of(device) < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	settings_card(&s, card_of(device));
	*bytes = (size_t)settings_number(&s, "memory_mb", 8192) << 20;
	return CUDA_SUCCESS;
}

static CUresult push(struct CUctx_st *context)
{
	if (depth == STACK)
		return CUDA_ERROR_INVALID_CONTEXT;
	stack[depth++] = context;
	return CUDA_SUCCESS;
}

/* Says whether a context can be had on the card, as its settings have it. */
static CUresult opens(int card)
{
	struct settings s;

	if (card < 0)
		return CUDA_ERROR_INVALID_DEVICE;
	box_misbehave(card, "context", 0);
	settings_card(&s, card);
	if (box_lost(card))
		return CUDA_ERROR_UNKNOWN;
	return settings_is(&s, "context", "out_of_memory") ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device)
{
	int card = card_of(device);
	CUresult result = opens(card);

	(void)flags;
	if (result)
		return result;
	*context = calloc(1, sizeof **context);
	if (!*context)
		return CUDA_ERROR_OUT_OF_MEMORY;
	(*context)->card = card;
	(*context)->device = device;
	record(card, "context", "\"primary\":false");
	return push(*context);
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context)
{
	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (depth && stack[depth - 1] == context)
		depth--;
	if (!context->primary)
		free(context);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context)
{
	return context ? push(context) : CUDA_ERROR_INVALID_CONTEXT;
}

EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
	if (!depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	depth--;
	if (context)
		*context = stack[depth];
	return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetCurrent(CUcontext *context)
{
	*context = depth ? stack[depth - 1] : NULL;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetDevice(CUdevice *device)
{
	if (!depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	*device = stack[depth - 1]->device;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
	(void)limit, (void)value;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
	int card = card_of(device);
	CUresult result = opens(card);

	if (result)
		return result;
	primaries[device] = (struct CUctx_st){.card = card, .device = device, .primary = 1};
	*context = &primaries[device];
	record(card, "context", "\"primary\":true");
	return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
	return card_of(device) < 0 ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device) { return cuDevicePrimaryCtxRelease(device); }

EXPORT CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned int flags)
{
	(void)flags;
	return cuDevicePrimaryCtxRelease(device);
}

EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *active)
{
	*flags = 0;
	*active = 0;
	return cuDevicePrimaryCtxRelease(device);
}
