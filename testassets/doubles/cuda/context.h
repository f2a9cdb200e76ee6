/* A CUcontext, as the libraries that are given one read it. */
#ifndef DOUBLES_CONTEXT_H
#define DOUBLES_CONTEXT_H

struct CUctx_st {
	int card; /* of the box, not of CUDA_VISIBLE_DEVICES */
	int device;
	int primary;
};

#endif
