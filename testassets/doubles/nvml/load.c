#include "device.h"

#include "../control/slots.h"

#include <string.h>

enum { PERIOD_US = 1000000, MIB = 20 };

/* A figure of the card's settings; one that is not there is one that it does not tell. */
static nvmlReturn_t figure(nvmlDevice_t device, const char *key, unsigned int *value)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);
	long n;

	if (result)
		return result;
	n = settings_number(&s, key, -1);
	if (n < 0)
		return NVML_ERROR_NOT_SUPPORTED;
	*value = n;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	memory->total = (unsigned long long)settings_number(&s, "memory_mb", 8192) << MIB;
	memory->used = (unsigned long long)settings_number(&s, "memory_used_mb", 0) << MIB;
	memory->free = memory->total - memory->used;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	nvmlMemory_t m;
	nvmlReturn_t result = nvmlDeviceGetMemoryInfo(device, &m);

	if (result)
		return result;
	memory->total = m.total;
	memory->used = m.used;
	memory->free = m.free;
	memory->reserved = 0;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(
	nvmlDevice_t device, nvmlTemperatureSensors_t sensor, unsigned int *celsius)
{
	if (sensor != NVML_TEMPERATURE_GPU)
		return NVML_ERROR_INVALID_ARGUMENT;
	return figure(device, "temperature", celsius);
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts)
{
	nvmlReturn_t result = figure(device, "power_w", milliwatts);

	if (!result)
		*milliwatts *= 1000;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *load)
{
	nvmlReturn_t result = figure(device, "load", &load->gpu);

	load->memory = 0;
	return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned int *load, unsigned int *period)
{
	*period = PERIOD_US;
	return figure(device, "encoder_load", load);
}

EXPORT nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned int *load, unsigned int *period)
{
	*period = PERIOD_US;
	return figure(device, "decoder_load", load);
}

EXPORT nvmlReturn_t nvmlDeviceGetEncoderStats(
	nvmlDevice_t device, unsigned int *sessions, unsigned int *frames, unsigned int *latency)
{
	struct settings s;
	nvmlReturn_t result = ask(device, &s);

	if (result)
		return result;
	*sessions = slots_taken(device.handle->card);
	*frames = *latency = 0;
	return NVML_SUCCESS;
}

/* The sessions are counted, not described: which process has which is not written down. */
EXPORT nvmlReturn_t nvmlDeviceGetEncoderSessions(
	nvmlDevice_t device, unsigned int *count, nvmlEncoderSessionInfo_t *sessions)
{
	unsigned int room = *count, frames, latency, i;
	nvmlReturn_t result = nvmlDeviceGetEncoderStats(device, count, &frames, &latency);

	if (result)
		return result;
	if (sessions && *count > room)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (i = 0; sessions && i < *count; i++) {
		memset(&sessions[i], 0, sizeof sessions[i]);
		sessions[i].sessionId = i + 1;
	}
	return NVML_SUCCESS;
}
