// libx264 as it is, but for what tests have it do wrong: loaded before it (LD_PRELOAD),
// this takes the two calls in which encoders fail, and hands them on.

#define _GNU_SOURCE // RTLD_NEXT
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <x264.h>

#include "../control/box.h"
#include "../control/record.h"

#define EXPORT __attribute__((visibility("default")))

// The name has x264's version in it, by a macro.
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

// What the control folder calls it, beyond the cards of boxes and VA's.
enum { X264_CARD = 17 };

EXPORT x264_t *x264_encoder_open(x264_param_t *param) {
    x264_t *(*next)(x264_param_t *) = dlsym(RTLD_NEXT, TEXT(x264_encoder_open));
    int refused = box_misbehave(X264_CARD, "x264_open", 0);
    record(X264_CARD, "x264_open", "\"width\":%d,\"height\":%d,\"refused\":%s", param->i_width, param->i_height,
           refused ? "true" : "false");
    return refused ? NULL : next(param);
}

EXPORT int x264_encoder_encode(x264_t *encoder, x264_nal_t **nals, int *n, x264_picture_t *in, x264_picture_t *out) {
    static int (*_Atomic next)(x264_t *, x264_nal_t **, int *, x264_picture_t *, x264_picture_t *);
    static atomic_long pictures;
    if (!next)
        next = dlsym(RTLD_NEXT, "x264_encoder_encode");
    if (in && box_misbehave(X264_CARD, "x264_encode", pictures++))
        return -1;
    return next(encoder, nals, n, in, out);
}
