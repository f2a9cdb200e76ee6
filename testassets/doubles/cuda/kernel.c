/* Modules, functions, textures. A module's PTX is not read: its functions are known. */
#include "cuda.h"

#include <stdlib.h>

EXPORT CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
	CUresult result = usable();

	if (result)
		return result;
	if (!image)
		return CUDA_ERROR_INVALID_VALUE;
	*module = malloc(1);
	return *module ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

EXPORT CUresult cuModuleUnload(CUmodule module)
{
	free(module);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
	kernel *k = scale_kernel(name);

	(void)module;
	if (!k)
		k = deinterlace_kernel(name);
	*function = (CUfunction)k;
	return k ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuTexObjectCreate(CUtexObject *object, const CUDA_RESOURCE_DESC *resource,
	const CUDA_TEXTURE_DESC *manner, const CUDA_RESOURCE_VIEW_DESC *view)
{
	struct texture *t;

	(void)view;
	if (resource->resType != CU_RESOURCE_TYPE_PITCH2D)
		return CUDA_ERROR_NOT_SUPPORTED;
	t = malloc(sizeof *t);
	if (!t)
		return CUDA_ERROR_OUT_OF_MEMORY;
	t->resource = *resource;
	t->manner = *manner;
	*object = (CUtexObject)t;
	return CUDA_SUCCESS;
}

EXPORT CUresult cuTexObjectDestroy(CUtexObject object)
{
	free((void *)object);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuLaunchKernel(CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx,
	unsigned int by, unsigned int bz, unsigned int shared, CUstream stream, void **args, void **extra)
{
	CUresult result = usable();

	(void)gx, (void)gy, (void)gz, (void)bx, (void)by, (void)bz;
	(void)shared, (void)stream, (void)extra;
	return result ? result : ((kernel *)function)(args);
}
