/*
 * libcuda.so.1 without a GPU: device memory is the process's own, all is done when a
 * call returns, and kernels are C functions found by their names.
 *
 *   device.c   cards, contexts      memory.c  memory and copies
 *   stream.c   streams and events   kernel.c  modules, textures, launches
 *   scale.c    scale_cuda's kernels deinterlace.c  bwdif_cuda's
 *   refuse.c   what exists only to be found
 */
#ifndef DOUBLES_CUDA_H
#define DOUBLES_CUDA_H

#include <ffnvcodec/dynlink_cuda.h>

#include "context.h"

/* The results that the header leaves out, by NVIDIA's documentation of the driver API. */
#define CUDA_ERROR_INVALID_VALUE ((CUresult)1)
#define CUDA_ERROR_OUT_OF_MEMORY ((CUresult)2)
#define CUDA_ERROR_NO_DEVICE ((CUresult)100)
#define CUDA_ERROR_INVALID_DEVICE ((CUresult)101)
#define CUDA_ERROR_INVALID_CONTEXT ((CUresult)201)
#define CUDA_ERROR_NOT_FOUND ((CUresult)500)
#define CUDA_ERROR_ILLEGAL_ADDRESS ((CUresult)700)
#define CUDA_ERROR_NOT_SUPPORTED ((CUresult)801)

#define EXPORT __attribute__((visibility("default")))

/* What a call that uses the current context's card returns before it does anything. */
CUresult usable(void);

/* A texture that a kernel reads; CUtexObject is its address. */
struct texture {
	CUDA_RESOURCE_DESC resource;
	CUDA_TEXTURE_DESC manner;
};

/* A kernel, run for its whole grid at once; args is as cuLaunchKernel gets them. */
typedef CUresult kernel(void **args);

/* The kernel of scale_cuda, or of bwdif_cuda, with this name, or NULL. */
kernel *scale_kernel(const char *name);
kernel *deinterlace_kernel(const char *name);

#endif
