/* Functions that a program must find to use the library at all, and does not call here:
 * NVIDIA's own parser and files, and decoders that change their size. */
#include <ffnvcodec/dynlink_cuda.h>

#define REFUSE(name) \
	__attribute__((visibility("default"))) CUresult name(void) { return (CUresult)801; /* not supported */ }

REFUSE(cuvidReconfigureDecoder)
REFUSE(cuvidCreateVideoSource)
REFUSE(cuvidCreateVideoSourceW)
REFUSE(cuvidDestroyVideoSource)
REFUSE(cuvidSetVideoSourceState)
REFUSE(cuvidGetVideoSourceState)
REFUSE(cuvidGetSourceVideoFormat)
REFUSE(cuvidGetSourceAudioFormat)
REFUSE(cuvidCreateVideoParser)
REFUSE(cuvidParseVideoData)
REFUSE(cuvidDestroyVideoParser)
REFUSE(cuvidCtxLockCreate)
REFUSE(cuvidCtxLockDestroy)
REFUSE(cuvidCtxLock)
REFUSE(cuvidCtxUnlock)
