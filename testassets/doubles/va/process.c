// Scaling and deinterlacing, of NV12 only.

#include <stdlib.h>
#include <string.h>

#include <libswscale/swscale.h>

#include "../control/record.h"
#include "va.h"

struct processor {
    struct SwsContext *scaler;
    struct surface woven; // without interlacing, where a filter asks for that
    long pictures;
    VAProcPipelineParameterBuffer request;
};

static VAStatus process_open(struct context *c) {
    VAStatus status = misbehave("va_scaler_open", 0);
    if (status != VA_STATUS_SUCCESS)
        return status;
    c->state = calloc(1, sizeof(struct processor));
    return c->state ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static void process_close(struct context *c) {
    struct processor *p = c->state;
    sws_freeContext(p->scaler);
    free(p->woven.luma);
    free(p);
}

static VAStatus process_begin(struct context *c) {
    struct processor *p = c->state;
    return misbehave("va_scale", p->pictures++);
}

static VAStatus process_render(struct context *c, struct buffer *b) {
    struct processor *p = c->state;
    if (b->type != VAProcPipelineParameterBufferType)
        return VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE;
    memcpy(&p->request, b->data, sizeof p->request);
    return VA_STATUS_SUCCESS;
}

// bob keeps the lines of one field and draws the others between them.
static void bob(uint8_t *to, const uint8_t *from, int pitch, int width, int rows, int parity) {
    for (int y = 0; y < rows; y++) {
        int above = y % 2 == parity ? y : y > 0 ? y - 1 : y + 1;
        int below = y % 2 == parity ? y : y + 1 < rows ? y + 1 : y - 1;
        for (int x = 0; x < width; x++)
            to[y * pitch + x] = (uint8_t)((from[above * pitch + x] + from[below * pitch + x] + 1) / 2);
    }
}

static bool weave(struct processor *p, const struct surface *s, unsigned flags) {
    size_t size = (size_t)s->pitch * s->rows * 3 / 2;
    uint8_t *luma = realloc(p->woven.luma, size);
    if (!luma)
        return false;
    p->woven = *s;
    p->woven.luma = luma;
    p->woven.chroma = luma + (size_t)s->pitch * s->rows;
    int parity = flags & VA_DEINTERLACING_BOTTOM_FIELD ? 1 : 0;
    bob(p->woven.luma, s->luma, s->pitch, s->width, s->height, parity);
    bob(p->woven.chroma, s->chroma, s->pitch, s->width, s->height / 2, parity);
    return true;
}

static VAStatus process_end(struct context *c) {
    struct processor *p = c->state;
    struct surface *from = object_of(KIND_SURFACE, p->request.surface), *to = c->target;
    if (!from)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    int width = from->width, height = from->height;
    if (p->request.surface_region) {
        width = p->request.surface_region->width;
        height = p->request.surface_region->height;
        if (p->request.surface_region->x || p->request.surface_region->y || width > from->width || height > from->height)
            return VA_STATUS_ERROR_INVALID_PARAMETER;
    }
    for (unsigned i = 0; i < p->request.num_filters; i++) {
        struct buffer *b = object_of(KIND_BUFFER, p->request.filters[i]);
        const VAProcFilterParameterBufferDeinterlacing *d = b ? (const void *)b->data : NULL;
        if (!d || d->type != VAProcFilterDeinterlacing)
            return VA_STATUS_ERROR_UNSUPPORTED_FILTER;
        if (!weave(p, from, d->flags))
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        from = &p->woven;
    }
    // A deinterlacer's first pictures may be progressive, and then have no filter.
    if (p->pictures == 1)
        record(VA_CARD, width != to->width || height != to->height ? "va_scaler" : "va_filter",
               "\"width\":%d,\"height\":%d", to->width, to->height);
    p->scaler = sws_getCachedContext(p->scaler, width, height, AV_PIX_FMT_NV12, to->width, to->height, AV_PIX_FMT_NV12,
                                     SWS_BICUBIC, NULL, NULL, NULL);
    if (!p->scaler)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    /* swscale looks at four planes, whatever the format has. */
    const uint8_t *source[4] = {from->luma, from->chroma};
    uint8_t *target[4] = {to->luma, to->chroma};
    int source_pitch[4] = {from->pitch, from->pitch}, target_pitch[4] = {to->pitch, to->pitch};
    sws_scale(p->scaler, source, source_pitch, 0, height, target, target_pitch);
    return VA_STATUS_SUCCESS;
}

const struct engine process_engine = {process_open, process_begin, process_render, process_end, process_close};

VAStatus video_filters(VADriverContextP ctx, VAContextID id, VAProcFilterType *filters, unsigned *n) {
    (void)ctx, (void)id;
    if (*n < 1)
        return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
    filters[0] = VAProcFilterDeinterlacing;
    *n = 1;
    return VA_STATUS_SUCCESS;
}

VAStatus video_filter_caps(VADriverContextP ctx, VAContextID id, VAProcFilterType type, void *caps, unsigned *n) {
    (void)ctx, (void)id;
    if (type != VAProcFilterDeinterlacing)
        return VA_STATUS_ERROR_UNSUPPORTED_FILTER;
    if (*n < 1)
        return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
    *(VAProcFilterCapDeinterlacing *)caps = (VAProcFilterCapDeinterlacing){.type = VAProcDeinterlacingBob};
    *n = 1;
    return VA_STATUS_SUCCESS;
}

VAStatus video_pipeline_caps(VADriverContextP ctx, VAContextID id, VABufferID *filters, unsigned n, VAProcPipelineCaps *caps) {
    (void)ctx, (void)id, (void)filters, (void)n;
    static VAProcColorStandardType standards[] = {VAProcColorStandardNone, VAProcColorStandardBT601, VAProcColorStandardBT709};
    *caps = (VAProcPipelineCaps){
        .input_color_standards = standards, .num_input_color_standards = 3,
        .output_color_standards = standards, .num_output_color_standards = 3,
    };
    return VA_STATUS_SUCCESS;
}
