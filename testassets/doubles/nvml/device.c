#include "device.h"

#include "../control/box.h"

#include <stdio.h>
#include <string.h>

static struct nvmlDevice_st devices[BOX_MOST];

nvmlReturn_t ask(nvmlDevice_t device, struct settings *s)
{
	int card = device.handle ? device.handle->card : -1;

	if (card < 0 || card >= box_cards())
		return NVML_ERROR_INVALID_ARGUMENT;
	box_misbehave(card, "nvml", 0);
	if (box_lost(card))
		return NVML_ERROR_GPU_IS_LOST;
	settings_card(s, card);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	*count = box_cards();
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int *count) { return nvmlDeviceGetCount_v2(count); }

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	struct settings s;

	if (index >= (unsigned int)box_cards())
		return NVML_ERROR_INVALID_ARGUMENT;
	devices[index].card = index;
	device->handle = &devices[index];
	return ask(*device, &s);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device)
{
	return nvmlDeviceGetHandleByIndex_v2(index, device);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	char own[UUID_TEXT];
	int card;

	for (card = 0; card < box_cards(); card++) {
		box_uuid(card, own);
		if (!strcmp(uuid, own))
			return nvmlDeviceGetHandleByIndex_v2(card, device);
	}
	return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	if (!result)
		*index = device.handle->card;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int *number)
{
	return nvmlDeviceGetIndex(device, number);
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
	struct settings s;
	char text[NVML_DEVICE_NAME_V2_BUFFER_SIZE];
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	settings_text(&s, "name", "NVIDIA Double", text, sizeof text);
	return answer(name, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
	struct settings s;
	char text[UUID_TEXT];
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	box_uuid(device.handle->card, text);
	return answer(uuid, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	memset(pci, 0, sizeof *pci);
	pci->bus = device.handle->card + 1;
	pci->pciDeviceId = 0x223010de; /* a card of NVIDIA's */
	snprintf(pci->busId, sizeof pci->busId, NVML_DEVICE_PCI_BUS_ID_FMT, 0, pci->bus, 0);
	snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, NVML_DEVICE_PCI_BUS_ID_LEGACY_FMT, 0, pci->bus, 0);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	return nvmlDeviceGetPciInfo_v3(device, pci);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
	return nvmlDeviceGetPciInfo_v3(device, pci);
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	*major = settings_number(&s, "compute", 86) / 10;
	*minor = settings_number(&s, "compute", 86) % 10;
	return NVML_SUCCESS;
}

/* No card of the box can be parted. */
EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *now, unsigned int *next)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	(void)now, (void)next;
	return result ? result : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned int *count)
{
	return nvmlDeviceGetMigMode(device, count, count);
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *part)
{
	(void)index, (void)part;
	return nvmlDeviceGetMigMode(device, NULL, NULL);
}
