#include "cuda.h"

#include <stdlib.h>
#include <string.h>

enum { PITCH = 512, ALIGNMENT = 512 };

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *ptr, size_t bytes)
{
	CUresult result = usable();
	void *p;

	if (result)
		return result;
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	if (posix_memalign(&p, ALIGNMENT, bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	*ptr = (CUdeviceptr)p;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr *ptr, size_t *pitch, size_t width, size_t height, unsigned int element)
{
	(void)element;
	*pitch = (width + PITCH - 1) / PITCH * PITCH;
	return cuMemAlloc_v2(ptr, *pitch * height);
}

EXPORT CUresult cuMemAllocManaged(CUdeviceptr *ptr, size_t bytes, unsigned int flags)
{
	(void)flags;
	return cuMemAlloc_v2(ptr, bytes);
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr ptr)
{
	free((void *)ptr);
	return CUDA_SUCCESS;
}

static CUresult copy(void *to, const void *from, size_t n)
{
	CUresult result = usable();

	if (!result)
		memmove(to, from, n);
	return result;
}

EXPORT CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t n, CUstream stream)
{
	CUresult result = usable();

	(void)stream;
	if (!result)
		memset((void *)to, value, n);
	return result;
}

EXPORT CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t n) { return copy((void *)to, (void *)from, n); }

EXPORT CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream stream)
{
	(void)stream;
	return copy((void *)to, (void *)from, n);
}

EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t n) { return copy((void *)to, from, n); }

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t n, CUstream stream)
{
	(void)stream;
	return copy((void *)to, from, n);
}

EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t n) { return copy(to, (void *)from, n); }

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t n, CUstream stream)
{
	(void)stream;
	return copy(to, (void *)from, n);
}

EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t n)
{
	return copy((void *)to, (void *)from, n);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream stream)
{
	(void)stream;
	return copy((void *)to, (void *)from, n);
}

EXPORT CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *c)
{
	CUresult result = usable();
	const char *from = c->srcMemoryType == CU_MEMORYTYPE_HOST ? c->srcHost : (const void *)c->srcDevice;
	char *to = c->dstMemoryType == CU_MEMORYTYPE_HOST ? c->dstHost : (void *)c->dstDevice;
	size_t y;

	if (result)
		return result;
	if (c->srcMemoryType == CU_MEMORYTYPE_ARRAY || c->dstMemoryType == CU_MEMORYTYPE_ARRAY)
		return CUDA_ERROR_NOT_SUPPORTED;
	from += c->srcY * c->srcPitch + c->srcXInBytes;
	to += c->dstY * c->dstPitch + c->dstXInBytes;
	for (y = 0; y < c->Height; y++)
		memcpy(to + y * c->dstPitch, from + y * c->srcPitch, c->WidthInBytes);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream stream)
{
	(void)stream;
	return cuMemcpy2D_v2(c);
}
