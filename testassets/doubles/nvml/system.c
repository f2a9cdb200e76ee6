#include "device.h"

#include <stdio.h>
#include <string.h>

EXPORT nvmlReturn_t nvmlInit_v2(void)
{
	struct settings s;

	settings_driver(&s);
	if (settings_is(&s, "nvml", "driver_not_loaded"))
		return NVML_ERROR_DRIVER_NOT_LOADED;
	if (settings_is(&s, "nvml", "version_mismatch"))
		return NVML_ERROR_LIB_RM_VERSION_MISMATCH;
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInit(void) { return nvmlInit_v2(); }

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
	(void)flags;
	return nvmlInit_v2();
}

EXPORT nvmlReturn_t nvmlShutdown(void) { return NVML_SUCCESS; }

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
	switch (result) {
	case NVML_SUCCESS:
		return "Success";
	case NVML_ERROR_INVALID_ARGUMENT:
		return "Invalid Argument";
	case NVML_ERROR_NOT_SUPPORTED:
		return "Not Supported";
	case NVML_ERROR_NOT_FOUND:
		return "Not Found";
	case NVML_ERROR_INSUFFICIENT_SIZE:
		return "Insufficient Size";
	case NVML_ERROR_DRIVER_NOT_LOADED:
		return "Driver Not Loaded";
	case NVML_ERROR_GPU_IS_LOST:
		return "GPU is lost";
	case NVML_ERROR_LIB_RM_VERSION_MISMATCH:
		return "Driver/library version mismatch";
	default:
		return "Unknown Error";
	}
}

nvmlReturn_t answer(char *into, unsigned int length, const char *text)
{
	if (strlen(text) >= length)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	strcpy(into, text);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
	struct settings s;
	char text[64];

	settings_driver(&s);
	settings_text(&s, "version", "550.54.14", text, sizeof text);
	return answer(version, length, text);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length)
{
	char text[80] = "12.";

	nvmlReturn_t result = nvmlSystemGetDriverVersion(text + 3, sizeof text - 3);

	return result ? result : answer(version, length, text);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version)
{
	struct settings s;

	settings_driver(&s);
	*version = settings_number(&s, "cuda", 12040);
	return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) { return nvmlSystemGetCudaDriverVersion(version); }
