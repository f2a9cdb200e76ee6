// Ids, surfaces, images and buffers. libva locks nothing, and FFmpeg calls a driver from
// many threads, so the table of ids has a lock; what is behind an id belongs to its user.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "va.h"

enum { MOST = 1 << 16, PITCH = 64 };

static struct {
    pthread_mutex_t lock;
    struct {
        enum kind kind;
        void *object;
    } entries[MOST];
    unsigned next;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

unsigned handle_of(enum kind kind, void *object) {
    unsigned id = VA_INVALID_ID;
    if (!object)
        return id;
    pthread_mutex_lock(&table.lock);
    for (unsigned i = 0; i < MOST && id == VA_INVALID_ID; i++) {
        unsigned at = (table.next + i) % MOST;
        if (table.entries[at].kind)
            continue;
        table.entries[at].kind = kind;
        table.entries[at].object = object;
        table.next = at + 1;
        id = at + 1;
    }
    pthread_mutex_unlock(&table.lock);
    return id;
}

static void *find(enum kind kind, unsigned id, bool take) {
    void *object = NULL;
    pthread_mutex_lock(&table.lock);
    if (id - 1 < MOST && table.entries[id - 1].kind == kind) {
        object = table.entries[id - 1].object;
        if (take)
            table.entries[id - 1].kind = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return object;
}

void *object_of(enum kind kind, unsigned id) { return find(kind, id, false); }
void *take_object(enum kind kind, unsigned id) { return find(kind, id, true); }

// Surfaces.

static struct surface *new_surface(int width, int height) {
    struct surface *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->width = width;
    s->height = height;
    s->pitch = (width + PITCH - 1) / PITCH * PITCH;
    s->rows = (height + 31) / 32 * 32;
    s->luma = calloc((size_t)s->pitch * s->rows * 3 / 2, 1);
    if (!s->luma) {
        free(s);
        return NULL;
    }
    s->chroma = s->luma + (size_t)s->pitch * s->rows;
    return s;
}

static VAStatus destroy_surfaces(VADriverContextP ctx, VASurfaceID *list, int n) {
    (void)ctx;
    for (int i = 0; i < n; i++) {
        struct surface *s = take_object(KIND_SURFACE, list[i]);
        if (!s)
            return VA_STATUS_ERROR_INVALID_SURFACE;
        free(s->luma);
        free(s);
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces2(VADriverContextP ctx, unsigned format, unsigned width, unsigned height,
                                 VASurfaceID *list, unsigned n, VASurfaceAttrib *attribs, unsigned nattribs) {
    if (format != VA_RT_FORMAT_YUV420)
        return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    for (unsigned i = 0; i < nattribs; i++)
        if (attribs[i].type == VASurfaceAttribPixelFormat && attribs[i].value.value.i != VA_FOURCC_NV12)
            return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
    for (unsigned i = 0; i < n; i++) {
        list[i] = handle_of(KIND_SURFACE, new_surface((int)width, (int)height));
        if (list[i] == VA_INVALID_ID) {
            destroy_surfaces(ctx, list, (int)i);
            return VA_STATUS_ERROR_ALLOCATION_FAILED;
        }
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces(VADriverContextP ctx, int width, int height, int format, int n, VASurfaceID *list) {
    return create_surfaces2(ctx, (unsigned)format, (unsigned)width, (unsigned)height, list, (unsigned)n, NULL, 0);
}

static VAStatus query_surface_attributes(VADriverContextP ctx, VAConfigID config, VASurfaceAttrib *list, unsigned *n) {
    (void)ctx;
    if (!object_of(KIND_CONFIG, config))
        return VA_STATUS_ERROR_INVALID_CONFIG;
    static const struct {
        VASurfaceAttribType type;
        int value;
    } known[] = {
        {VASurfaceAttribPixelFormat, VA_FOURCC_NV12},
        {VASurfaceAttribMinWidth, 16},
        {VASurfaceAttribMaxWidth, 4096},
        {VASurfaceAttribMinHeight, 16},
        {VASurfaceAttribMaxHeight, 4096},
    };
    const unsigned count = sizeof known / sizeof *known;
    for (unsigned i = 0; list && i < count; i++) {
        list[i] = (VASurfaceAttrib){.type = known[i].type, .flags = VA_SURFACE_ATTRIB_GETTABLE};
        list[i].value.type = VAGenericValueTypeInteger;
        list[i].value.value.i = known[i].value;
    }
    *n = count;
    return VA_STATUS_SUCCESS;
}

static VAStatus sync_surface(VADriverContextP ctx, VASurfaceID id) {
    (void)ctx;
    return object_of(KIND_SURFACE, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus surface_status(VADriverContextP ctx, VASurfaceID id, VASurfaceStatus *status) {
    *status = VASurfaceReady;
    return sync_surface(ctx, id);
}

// Buffers.

static VAStatus create_buffer(VADriverContextP ctx, VAContextID context, VABufferType type, unsigned size,
                              unsigned count, void *data, VABufferID *id) {
    (void)ctx;
    (void)context;
    struct buffer *b = calloc(1, sizeof *b);
    if (b)
        b->data = calloc(count, size);
    if (!b || !b->data) {
        free(b);
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    }
    b->type = type;
    b->size = size;
    b->count = count;
    if (data)
        memcpy(b->data, data, (size_t)size * count);
    *id = handle_of(KIND_BUFFER, b);
    return *id == VA_INVALID_ID ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus map_buffer(VADriverContextP ctx, VABufferID id, void **data) {
    (void)ctx;
    struct buffer *b = object_of(KIND_BUFFER, id);
    if (!b)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    *data = b->type == VAEncCodedBufferType ? (void *)&b->coded : b->data;
    return VA_STATUS_SUCCESS;
}

static VAStatus buffer_there(VADriverContextP ctx, VABufferID id) {
    (void)ctx;
    return object_of(KIND_BUFFER, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

static VAStatus sync_buffer(VADriverContextP ctx, VABufferID id, uint64_t timeout) {
    (void)timeout;
    return buffer_there(ctx, id);
}

static VAStatus destroy_buffer(VADriverContextP ctx, VABufferID id) {
    (void)ctx;
    struct buffer *b = take_object(KIND_BUFFER, id);
    if (!b)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    if (!b->lent)
        free(b->data);
    free(b);
    return VA_STATUS_SUCCESS;
}

// Images.

static VAStatus query_image_formats(VADriverContextP ctx, VAImageFormat *list, int *n) {
    (void)ctx;
    list[0] = (VAImageFormat){.fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12};
    *n = 1;
    return VA_STATUS_SUCCESS;
}

// image_on makes an image of what is in b.
static VAStatus image_on(struct buffer *b, const struct surface *s, VAImage *image) {
    *image = (VAImage){.width = (uint16_t)s->width, .height = (uint16_t)s->height, .num_planes = 2};
    int one;
    query_image_formats(NULL, &image->format, &one);
    image->data_size = (uint32_t)((size_t)s->pitch * s->rows * 3 / 2);
    image->pitches[0] = image->pitches[1] = (uint32_t)s->pitch;
    image->offsets[1] = (uint32_t)((size_t)s->pitch * s->rows);
    b->type = VAImageBufferType;
    b->size = image->data_size;
    b->count = 1;
    VAImage *kept = malloc(sizeof *kept);
    image->buf = handle_of(KIND_BUFFER, b);
    image->image_id = handle_of(KIND_IMAGE, kept);
    if (image->buf == VA_INVALID_ID || image->image_id == VA_INVALID_ID)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *kept = *image;
    return VA_STATUS_SUCCESS;
}

static VAStatus derive_image(VADriverContextP ctx, VASurfaceID id, VAImage *image) {
    (void)ctx;
    struct surface *s = object_of(KIND_SURFACE, id);
    if (!s)
        return VA_STATUS_ERROR_INVALID_SURFACE;
    struct buffer *b = calloc(1, sizeof *b);
    if (!b)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    b->data = s->luma;
    b->lent = true;
    return image_on(b, s, image);
}

static VAStatus create_image(VADriverContextP ctx, VAImageFormat *format, int width, int height, VAImage *image) {
    (void)ctx;
    if (format->fourcc != VA_FOURCC_NV12)
        return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
    struct surface *s = new_surface(width, height);
    struct buffer *b = calloc(1, sizeof *b);
    if (!s || !b)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    b->data = s->luma;
    VAStatus status = image_on(b, s, image);
    free(s); // its pixels are b's from now on
    return status;
}

static VAStatus destroy_image(VADriverContextP ctx, VAImageID id) {
    VAImage *image = take_object(KIND_IMAGE, id);
    if (!image)
        return VA_STATUS_ERROR_INVALID_IMAGE;
    VAStatus status = destroy_buffer(ctx, image->buf);
    free(image);
    return status;
}

static void copy_rows(uint8_t *to, int to_pitch, const uint8_t *from, int from_pitch, unsigned width, unsigned rows) {
    for (unsigned y = 0; y < rows; y++)
        memcpy(to + (size_t)y * to_pitch, from + (size_t)y * from_pitch, width);
}

// move_image copies whole pictures, which is all that FFmpeg asks for.
static VAStatus move_image(VASurfaceID surface, VAImageID id, unsigned width, unsigned height, bool into_surface) {
    struct surface *s = object_of(KIND_SURFACE, surface);
    VAImage *image = object_of(KIND_IMAGE, id);
    struct buffer *b = image ? object_of(KIND_BUFFER, image->buf) : NULL;
    if (!s || !b)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    if ((int)width > s->width || (int)height > s->height || width > image->width || height > image->height)
        return VA_STATUS_ERROR_INVALID_PARAMETER;
    uint8_t *planes[2] = {b->data, b->data + image->offsets[1]}, *own[2] = {s->luma, s->chroma};
    for (int i = 0; i < 2; i++) {
        int pitch = (int)image->pitches[i];
        if (into_surface)
            copy_rows(own[i], s->pitch, planes[i], pitch, width, height >> i);
        else
            copy_rows(planes[i], pitch, own[i], s->pitch, width, height >> i);
    }
    return VA_STATUS_SUCCESS;
}

static VAStatus get_image(VADriverContextP ctx, VASurfaceID surface, int x, int y, unsigned width, unsigned height, VAImageID image) {
    (void)ctx;
    return x || y ? VA_STATUS_ERROR_UNIMPLEMENTED : move_image(surface, image, width, height, false);
}

static VAStatus put_image(VADriverContextP ctx, VASurfaceID surface, VAImageID image, int src_x, int src_y, unsigned src_width,
                          unsigned src_height, int dest_x, int dest_y, unsigned dest_width, unsigned dest_height) {
    (void)ctx;
    if (src_x || src_y || dest_x || dest_y || src_width != dest_width || src_height != dest_height)
        return VA_STATUS_ERROR_UNIMPLEMENTED;
    return move_image(surface, image, src_width, src_height, true);
}

void memory_entries(struct VADriverVTable *v) {
    v->vaCreateSurfaces = create_surfaces;
    v->vaCreateSurfaces2 = create_surfaces2;
    v->vaDestroySurfaces = destroy_surfaces;
    v->vaQuerySurfaceAttributes = query_surface_attributes;
    v->vaQuerySurfaceStatus = surface_status;
    v->vaSyncSurface = sync_surface;
    v->vaSyncBuffer = sync_buffer;
    v->vaCreateBuffer = create_buffer;
    v->vaMapBuffer = map_buffer;
    v->vaUnmapBuffer = buffer_there;
    v->vaDestroyBuffer = destroy_buffer;
    v->vaQueryImageFormats = query_image_formats;
    v->vaDeriveImage = derive_image;
    v->vaCreateImage = create_image;
    v->vaDestroyImage = destroy_image;
    v->vaGetImage = get_image;
    v->vaPutImage = put_image;
}
