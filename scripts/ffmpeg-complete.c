/* Prints each named part of FFmpeg that the libraries this is linked with lack;
 * fails if there is one. Arguments: kind:name, e.g. encoder:libx264.
 * Linking proves that the development files are whole; running proves that the
 * parts are in, which FFmpeg's configure does not: it drops what it cannot build. */
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavdevice/avdevice.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/hwcontext.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <string.h>

/* hwaccel names are codec_device, as in FFmpeg's configure: h264_vaapi. */
static int has_hwaccel(const char *name)
{
    char codec_name[32];
    const char *device = strrchr(name, '_');
    if (!device || (size_t)(device - name) >= sizeof(codec_name))
        return 0;
    snprintf(codec_name, sizeof(codec_name), "%.*s", (int)(device - name), name);
    device = strcmp(device, "_nvdec") ? device + 1 : "cuda";

    const AVCodec *codec = avcodec_find_decoder_by_name(codec_name);
    enum AVHWDeviceType type = av_hwdevice_find_type_by_name(device);
    const AVCodecHWConfig *config;
    for (int i = 0; codec && (config = avcodec_get_hw_config(codec, i)); i++)
        if (config->device_type == type)
            return 1;
    return 0;
}

static int has(const char *kind, const char *name)
{
    if (!strcmp(kind, "decoder"))
        return avcodec_find_decoder_by_name(name) != NULL;
    if (!strcmp(kind, "encoder"))
        return avcodec_find_encoder_by_name(name) != NULL;
    if (!strcmp(kind, "bsf"))
        return av_bsf_get_by_name(name) != NULL;
    if (!strcmp(kind, "filter"))
        return avfilter_get_by_name(name) != NULL;
    return !strcmp(kind, "hwaccel") && has_hwaccel(name);
}

int main(int argc, char **argv)
{
    int missing = 0;

    /* Named so that the linker asks for every library that go-astiav binds. */
    if (!avdevice_version() || !avformat_version() || !swscale_version() || !swresample_version())
        return 1;

    for (int i = 1; i < argc; i++) {
        char kind[16];
        const char *name = strchr(argv[i], ':');
        if (!name || (size_t)(name - argv[i]) >= sizeof(kind))
            return 2;
        snprintf(kind, sizeof(kind), "%.*s", (int)(name - argv[i]), argv[i]);
        if (!has(kind, name + 1)) {
            printf("%s\n", argv[i]);
            missing = 1;
        }
    }
    return missing;
}
