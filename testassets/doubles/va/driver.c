// What libva sees of the driver.

#include <stdlib.h>
#include <string.h>

#include "va.h"

enum { MOST_PROFILES = 4, MOST_ENTRYPOINTS = 4, MOST_ATTRIBUTES = 32 };

static const VAProfile profiles[MOST_PROFILES] = {
    VAProfileH264ConstrainedBaseline, VAProfileH264Main, VAProfileH264High, VAProfileNone,
};

static VAStatus query_profiles(VADriverContextP ctx, VAProfile *list, int *n) {
    (void)ctx;
    memcpy(list, profiles, sizeof profiles);
    *n = MOST_PROFILES;
    return VA_STATUS_SUCCESS;
}

// has says whether a part of the pretended GPU is there: tests take parts away by name.
static bool has(VAEntrypoint e) {
    switch (e) {
    case VAEntrypointVLD: return asked("decoder", 1);
    case VAEntrypointEncSlice: return asked("encoder", 1);
    case VAEntrypointEncSliceLP: return asked("low_power", 0);
    case VAEntrypointVideoProc: return asked("scaler", 1);
    default: return false;
    }
}

static VAStatus query_entrypoints(VADriverContextP ctx, VAProfile profile, VAEntrypoint *list, int *n) {
    (void)ctx;
    static const VAEntrypoint coding[] = {VAEntrypointVLD, VAEntrypointEncSlice, VAEntrypointEncSliceLP};
    *n = 0;
    if (profile == VAProfileNone) {
        if (has(VAEntrypointVideoProc))
            list[(*n)++] = VAEntrypointVideoProc;
        return VA_STATUS_SUCCESS;
    }
    for (int i = 0; i < MOST_PROFILES; i++)
        for (int e = 0; profiles[i] == profile && e < 3; e++)
            if (has(coding[e]))
                list[(*n)++] = coding[e];
    return *n ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
}

static VAStatus supported(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint) {
    VAEntrypoint list[MOST_ENTRYPOINTS];
    int n;
    if (query_entrypoints(ctx, profile, list, &n) != VA_STATUS_SUCCESS)
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    for (int i = 0; i < n; i++)
        if (list[i] == entrypoint)
            return VA_STATUS_SUCCESS;
    return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
}

static unsigned attribute(VAEntrypoint e, VAConfigAttribType type) {
    if (type == VAConfigAttribRTFormat)
        return VA_RT_FORMAT_YUV420;
    if (e != VAEntrypointEncSlice && e != VAEntrypointEncSliceLP)
        return VA_ATTRIB_NOT_SUPPORTED;
    switch (type) {
    case VAConfigAttribRateControl:
        return e == VAEntrypointEncSlice && !asked("cbr", 1) ? VA_RC_VBR | VA_RC_CQP : VA_RC_CBR | VA_RC_VBR | VA_RC_CQP;
    case VAConfigAttribEncPackedHeaders: // some drivers take none, and write what they know
        return asked("headers", 1)
                   ? VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_SLICE | VA_ENC_PACKED_HEADER_MISC | VA_ENC_PACKED_HEADER_RAW_DATA
                   : VA_ATTRIB_NOT_SUPPORTED;
    case VAConfigAttribEncMaxRefFrames: // forward and backward: whoever asks for B-frames gets them, and an error
        return 1 | 1 << 16;
    case VAConfigAttribEncQualityRange:
        return 7;
    default:
        return VA_ATTRIB_NOT_SUPPORTED;
    }
}

static VAStatus get_attributes(VADriverContextP ctx, VAProfile profile, VAEntrypoint e, VAConfigAttrib *list, int n) {
    VAStatus status = supported(ctx, profile, e);
    for (int i = 0; status == VA_STATUS_SUCCESS && i < n; i++)
        list[i].value = attribute(e, list[i].type);
    return status;
}

static VAStatus create_config(VADriverContextP ctx, VAProfile profile, VAEntrypoint e, VAConfigAttrib *list, int n, VAConfigID *id) {
    VAStatus status = supported(ctx, profile, e);
    if (status != VA_STATUS_SUCCESS)
        return status;
    struct config *c = calloc(1, sizeof *c);
    if (!c)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    c->profile = profile;
    c->entrypoint = e;
    for (int i = 0; i < n; i++) {
        if (list[i].type == VAConfigAttribEncPackedHeaders)
            c->packed = list[i].value;
        if (list[i].type == VAConfigAttribRateControl)
            c->rate_control = list[i].value;
    }
    *id = handle_of(KIND_CONFIG, c);
    return VA_STATUS_SUCCESS;
}

static VAStatus destroy_config(VADriverContextP ctx, VAConfigID id) {
    (void)ctx;
    struct config *c = take_object(KIND_CONFIG, id);
    free(c);
    return c ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONFIG;
}

static VAStatus query_config(VADriverContextP ctx, VAConfigID id, VAProfile *profile, VAEntrypoint *e, VAConfigAttrib *list, int *n) {
    (void)ctx;
    struct config *c = object_of(KIND_CONFIG, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    *profile = c->profile;
    *e = c->entrypoint;
    list[0] = (VAConfigAttrib){VAConfigAttribRTFormat, VA_RT_FORMAT_YUV420};
    *n = 1;
    return VA_STATUS_SUCCESS;
}

static const struct engine *engine_of(VAEntrypoint e) {
    switch (e) {
    case VAEntrypointVLD: return &decode_engine;
    case VAEntrypointVideoProc: return &process_engine;
    default: return &encode_engine;
    }
}

static VAStatus create_context(VADriverContextP ctx, VAConfigID config, int width, int height, int flag,
                               VASurfaceID *targets, int ntargets, VAContextID *id) {
    (void)ctx, (void)flag, (void)targets, (void)ntargets;
    struct config *known = object_of(KIND_CONFIG, config);
    if (!known)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    struct context *c = calloc(1, sizeof *c);
    if (!c)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    *c = (struct context){.config = *known, .width = width, .height = height, .engine = engine_of(known->entrypoint), .slot = -1};
    VAStatus status = c->engine->open(c);
    if (status != VA_STATUS_SUCCESS) {
        free(c);
        return status;
    }
    *id = handle_of(KIND_CONTEXT, c);
    return VA_STATUS_SUCCESS;
}

static VAStatus destroy_context(VADriverContextP ctx, VAContextID id) {
    (void)ctx;
    struct context *c = take_object(KIND_CONTEXT, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    c->engine->close(c);
    free(c);
    return VA_STATUS_SUCCESS;
}

static VAStatus begin_picture(VADriverContextP ctx, VAContextID id, VASurfaceID target) {
    (void)ctx;
    struct context *c = object_of(KIND_CONTEXT, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    c->target = object_of(KIND_SURFACE, target);
    c->target_id = target;
    return c->target ? c->engine->begin(c) : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus render_picture(VADriverContextP ctx, VAContextID id, VABufferID *buffers, int n) {
    (void)ctx;
    struct context *c = object_of(KIND_CONTEXT, id);
    VAStatus status = c ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONTEXT;
    for (int i = 0; status == VA_STATUS_SUCCESS && i < n; i++) {
        struct buffer *b = object_of(KIND_BUFFER, buffers[i]);
        status = b ? c->engine->render(c, b) : VA_STATUS_ERROR_INVALID_BUFFER;
    }
    return status;
}

static VAStatus end_picture(VADriverContextP ctx, VAContextID id) {
    (void)ctx;
    struct context *c = object_of(KIND_CONTEXT, id);
    return c ? c->engine->end(c) : VA_STATUS_ERROR_INVALID_CONTEXT;
}

static VAStatus terminate(VADriverContextP ctx) {
    (void)ctx;
    return VA_STATUS_SUCCESS;
}

static VAStatus unimplemented(VADriverContextP ctx) {
    (void)ctx;
    return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static void fill(void *table, size_t size) {
    for (size_t i = 0; i < size / sizeof(void *); i++)
        ((void **)table)[i] = (void *)unimplemented;
}

__attribute__((visibility("default"))) VAStatus __vaDriverInit_1_0(VADriverContextP ctx) {
    VAStatus status = misbehave("va_open", 0);
    if (status != VA_STATUS_SUCCESS)
        return status;
    struct VADriverVTable *v = ctx->vtable;
    fill(v, offsetof(struct VADriverVTable, reserved));
    v->vaTerminate = terminate;
    v->vaQueryConfigProfiles = query_profiles;
    v->vaQueryConfigEntrypoints = query_entrypoints;
    v->vaGetConfigAttributes = get_attributes;
    v->vaCreateConfig = create_config;
    v->vaDestroyConfig = destroy_config;
    v->vaQueryConfigAttributes = query_config;
    v->vaCreateContext = create_context;
    v->vaDestroyContext = destroy_context;
    v->vaBeginPicture = begin_picture;
    v->vaRenderPicture = render_picture;
    v->vaEndPicture = end_picture;
    memory_entries(v);
    struct VADriverVTableVPP *vpp = ctx->vtable_vpp;
    vpp->version = VA_DRIVER_VTABLE_VPP_VERSION;
    vpp->vaQueryVideoProcFilters = video_filters;
    vpp->vaQueryVideoProcFilterCaps = video_filter_caps;
    vpp->vaQueryVideoProcPipelineCaps = video_pipeline_caps;
    ctx->version_major = VA_MAJOR_VERSION;
    ctx->version_minor = VA_MINOR_VERSION;
    ctx->max_profiles = MOST_PROFILES;
    ctx->max_entrypoints = MOST_ENTRYPOINTS;
    ctx->max_attributes = MOST_ATTRIBUTES;
    ctx->max_image_formats = 1;
    ctx->max_subpic_formats = 1;
    ctx->str_vendor = "ladderd driver double 1.0";
    return VA_STATUS_SUCCESS;
}
