// libva-drm.so.2, for tests: it makes a display of any file that is open. The real one
// asks libdrm whether the file is a DRM device, which a test cannot make.

#include <stdlib.h>
#include <string.h>

#include <va/va_backend.h>
#include <va/va_drm.h>
#include <va/va_drmcommon.h>

#pragma GCC visibility push(default)

// libva exports these two for its libva-drm and has them in no header.
VADisplayContextP va_newDisplayContext(void);
VADriverContextP va_newDriverContext(VADisplayContextP display);

static int is_valid(VADisplayContextP d) { return d->pDriverContext != NULL; }

static void destroy(VADisplayContextP d) {
    free(d->pDriverContext->drm_state);
    free(d->pDriverContext);
    free(d);
}

static VAStatus driver_name(VADisplayContextP d, char **name) {
    (void)d;
    *name = strdup("ladderdouble");
    return *name ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus candidates(VADisplayContextP d, int *n) {
    (void)d;
    *n = 1;
    return VA_STATUS_SUCCESS;
}

static VAStatus candidate(VADisplayContextP d, char **name, int index) {
    return index == 0 ? driver_name(d, name) : VA_STATUS_ERROR_INVALID_PARAMETER;
}

VADisplay vaGetDisplayDRM(int fd) {
    if (fd < 0) // FFmpeg asks although it could not open the device
        return NULL;
    VADisplayContextP d = va_newDisplayContext();
    VADriverContextP driver = d ? va_newDriverContext(d) : NULL;
    struct drm_state *state = calloc(1, sizeof *state);
    if (!driver || !state) {
        free(state);
        free(driver);
        free(d);
        return NULL;
    }
    state->fd = fd;
    state->auth_type = VA_DRM_AUTH_CUSTOM;
    driver->display_type = VA_DISPLAY_DRM_RENDERNODES;
    driver->drm_state = state;
    d->vaIsValid = is_valid;
    d->vaDestroy = destroy;
    d->vaGetDriverName = driver_name;
    d->vaGetNumCandidates = candidates;
    d->vaGetDriverNameByIndex = candidate;
    return d;
}
