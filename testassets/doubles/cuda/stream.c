/* Streams and events: all has been done by the time that anyone asks. */
#include "cuda.h"

#include <stdlib.h>

EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
	(void)flags;
	*stream = malloc(1);
	return *stream ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

EXPORT CUresult cuStreamDestroy_v2(CUstream stream)
{
	free(stream);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuStreamQuery(CUstream stream)
{
	(void)stream;
	return usable();
}

EXPORT CUresult cuStreamSynchronize(CUstream stream) { return cuStreamQuery(stream); }

EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)
{
	(void)event, (void)flags;
	return cuStreamQuery(stream);
}

EXPORT CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback *callback, void *data, unsigned int flags)
{
	(void)flags;
	callback(stream, CUDA_SUCCESS, data);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
	(void)flags;
	*event = malloc(1);
	return *event ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

EXPORT CUresult cuEventDestroy_v2(CUevent event)
{
	free(event);
	return CUDA_SUCCESS;
}

EXPORT CUresult cuEventQuery(CUevent event)
{
	(void)event;
	return usable();
}

EXPORT CUresult cuEventSynchronize(CUevent event) { return cuEventQuery(event); }

EXPORT CUresult cuEventRecord(CUevent event, CUstream stream)
{
	(void)stream;
	return cuEventQuery(event);
}
