// What the GPU is and how it misbehaves, as tests ask for it.

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../control/box.h"
#include "../control/settings.h"
#include "va.h"

// A GPU that is lost comes back for processes that start after that.
static atomic_bool lost;

long asked(const char *name, long otherwise) {
    struct settings s;
    settings_card(&s, VA_CARD);
    return settings_number(&s, name, otherwise);
}

VAStatus misbehave(const char *operation, long done) {
    struct settings s;
    if (box_misbehave(VA_CARD, operation, done)) {
        settings_card(&s, VA_CARD);
        if (settings_is(&s, operation, "lost"))
            lost = true;
        return settings_is(&s, operation, "out_of_memory") ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_ERROR_OPERATION_FAILED;
    }
    return lost ? VA_STATUS_ERROR_OPERATION_FAILED : VA_STATUS_SUCCESS;
}
