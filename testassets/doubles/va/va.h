// A VAAPI driver for tests. It encodes with x264, scales and deinterlaces with
// libswscale and plain C, and decodes with libavcodec, all in main memory.
//
//   driver.c   what libva sees: configurations, contexts, BeginPicture to EndPicture
//   memory.c   surfaces, images and buffers, all behind ids
//   encode.c   the encoder; slice.c fits x264's slices to the caller's headers,
//              with bits.c
//   process.c  scaling and deinterlacing
//   decode.c   the decoder
//   gpu.c      what tests ask for
#ifndef LADDERD_VA_DOUBLE_H
#define LADDERD_VA_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <va/va.h>
#include <va/va_backend.h>
#include <va/va_backend_vpp.h>

// What an id stands for.
enum kind { KIND_CONFIG = 1, KIND_CONTEXT, KIND_SURFACE, KIND_BUFFER, KIND_IMAGE };

unsigned handle_of(enum kind kind, void *object);  // VA_INVALID_ID if memory is short
void *object_of(enum kind kind, unsigned id);      // NULL if there is none
void *take_object(enum kind kind, unsigned id);    // likewise, and the id is free again

struct config {
    VAProfile profile;
    VAEntrypoint entrypoint;
    unsigned packed; // VA_ENC_PACKED_HEADER_… that the caller will send
    unsigned rate_control;
};

// surface is a picture as NV12. Its memory has whole macroblocks.
struct surface {
    int width, height, pitch, rows;
    uint8_t *luma, *chroma;
};

struct buffer {
    VABufferType type;
    unsigned size, count;
    uint8_t *data;
    bool lent; // data is a surface's
    // For VAEncCodedBufferType: what MapBuffer tells.
    VACodedBufferSegment coded;
};

struct context;

// engine does the work of one kind of context.
struct engine {
    VAStatus (*open)(struct context *c);
    VAStatus (*begin)(struct context *c);
    VAStatus (*render)(struct context *c, struct buffer *b);
    VAStatus (*end)(struct context *c);
    void (*close)(struct context *c);
};

extern const struct engine encode_engine, process_engine, decode_engine;

struct context {
    struct config config;
    int width, height;
    const struct engine *engine;
    struct surface *target; // of the picture that is being made
    VASurfaceID target_id;
    int slot; // held file descriptor of an encoder session, or -1
    void *state;
};

void memory_entries(struct VADriverVTable *v);
VAStatus video_filters(VADriverContextP ctx, VAContextID id, VAProcFilterType *filters, unsigned *n);
VAStatus video_filter_caps(VADriverContextP ctx, VAContextID id, VAProcFilterType type, void *caps, unsigned *n);
VAStatus video_pipeline_caps(VADriverContextP ctx, VAContextID id, VABufferID *filters, unsigned n, VAProcPipelineCaps *caps);

// fit_slice writes x264's slice (a NAL unit with its start code) as it must be under the
// caller's parameter sets. It returns the bytes written, or -1 where it cannot be done.
struct slice_rules {
    int x264_frame_num_bits, frame_num_bits;
    unsigned frame_num, idr_pic_id;
    int pic_init_qp;
    int poc_type, poc_bits;
    unsigned poc;
};
long fit_slice(uint8_t *to, size_t room, const uint8_t *nal, size_t size, const struct slice_rules *r);
int sps_frame_num_bits(const uint8_t *nal, size_t size); // -1 if it cannot be read
unsigned slice_pps(const uint8_t *nal, size_t size);     // the picture parameter set that a slice names

// The GPU's number among the box's cards: its settings are in card16, and so on.
enum { VA_CARD = 16 };

// asked is a setting of the GPU, or what is given where it has none.
long asked(const char *name, long otherwise);
// misbehave carries out what is asked for an operation that has been done so often. It
// may wait, hang or crash.
VAStatus misbehave(const char *operation, long done);

#endif
