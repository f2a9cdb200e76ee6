// A test talks with the driver through the folder that the driver was loaded from, in
// whatever process. `control` there has lines "name value", and is read each time that
// something is looked up; `record` gets a line for each thing that the caller said.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "va.h"

static char folder[PATH_MAX];
static atomic_bool lost;

void control_from(const void *symbol) {
    Dl_info info;
    if (!dladdr(symbol, &info) || !info.dli_fname)
        return;
    snprintf(folder, sizeof folder, "%s", info.dli_fname);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
}

static void path_of(char *path, size_t size, const char *name) { snprintf(path, size, "%s/%s", folder, name); }

long asked(const char *name, long otherwise) {
    char path[PATH_MAX + 64], line[256], key[128];
    long value, found = otherwise;
    path_of(path, sizeof path, "control");
    FILE *f = fopen(path, "re");
    if (!f)
        return otherwise;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%127s %ld", key, &value) == 2 && !strcmp(key, name))
            found = value;
    fclose(f);
    return found;
}

void record(const char *format, ...) {
    char path[PATH_MAX + 64], line[1024];
    int n = snprintf(line, sizeof line, "%d ", getpid());
    va_list args;
    va_start(args, format);
    n += vsnprintf(line + n, sizeof line - 1 - (size_t)n, format, args);
    va_end(args);
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    path_of(path, sizeof path, "record");
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    while (write(fd, line, (size_t)n) < 0 && errno == EINTR)
        ;
    close(fd);
}

static long asked_of(const char *operation, const char *what) {
    char name[128];
    snprintf(name, sizeof name, "%s-%s", operation, what);
    return asked(name, 0);
}

static void wait_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

VAStatus misbehave(const char *operation, long count) {
    long hang = asked_of(operation, "hang"), fail = asked_of(operation, "fail"), lose = asked_of(operation, "lost");
    if (hang && count >= hang) {
        record("%s hangs", operation);
        for (;;)
            pause();
    }
    long slow = asked_of(operation, "slow");
    if (slow)
        wait_ms(slow);
    if (lose && count >= lose)
        lost = true;
    if (lost || (fail && count >= fail)) {
        record("%s fails", operation);
        return VA_STATUS_ERROR_OPERATION_FAILED;
    }
    return VA_STATUS_SUCCESS;
}

int take_slot(void) {
    long most = asked("va-sessions", 0);
    char path[PATH_MAX + 64];
    for (int i = 0; i < most; i++) {
        char name[32];
        snprintf(name, sizeof name, "va-session%d", i);
        path_of(path, sizeof path, name);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        close(fd);
    }
    return most ? -1 : -2;
}
