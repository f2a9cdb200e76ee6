/* Functions that a program must find to use the driver at all, and does not call here. */
#include "cuda.h"

#define REFUSE(name) \
	EXPORT CUresult name(void) { return CUDA_ERROR_NOT_SUPPORTED; }

REFUSE(cuLinkCreate)
REFUSE(cuLinkAddData)
REFUSE(cuLinkComplete)
REFUSE(cuLinkDestroy)
REFUSE(cuModuleGetGlobal)
REFUSE(cuGLGetDevices_v2)
REFUSE(cuGraphicsGLRegisterImage)
REFUSE(cuGraphicsUnregisterResource)
REFUSE(cuGraphicsMapResources)
REFUSE(cuGraphicsUnmapResources)
REFUSE(cuGraphicsSubResourceGetMappedArray)
REFUSE(cuGraphicsResourceGetMappedPointer_v2)
REFUSE(cuArrayCreate_v2)
REFUSE(cuArray3DCreate_v2)
REFUSE(cuArrayDestroy)

static const struct {
	int result;
	const char *name, *text;
} results[] = {
	{0, "CUDA_SUCCESS", "no error"},
	{1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
	{2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
	{100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
	{101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
	{201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
	{500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
	{700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
	{801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
	{999, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

EXPORT CUresult cuGetErrorName(CUresult result, const char **name)
{
	for (unsigned i = 0; i < sizeof results / sizeof *results; i++) {
		*name = results[i].name;
		if (results[i].result == (int)result)
			return CUDA_SUCCESS;
	}
	return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGetErrorString(CUresult result, const char **text)
{
	for (unsigned i = 0; i < sizeof results / sizeof *results; i++) {
		*text = results[i].text;
		if (results[i].result == (int)result)
			return CUDA_SUCCESS;
	}
	return CUDA_ERROR_INVALID_VALUE;
}
