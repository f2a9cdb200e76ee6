// Playback by the browser itself, which picks the renditions and tells little.

export class NativeEngine {
  static supported(video) {
    return video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  name = 'native';
  #video;
  #on;
  #listeners = new AbortController();

  constructor(video, on) {
    this.#video = video;
    this.#on = on;
  }

  start(url) {
    const { signal } = this.#listeners;
    this.#video.addEventListener('loadedmetadata', () => this.#on.levels([]), { signal });
    this.#video.addEventListener('ended', () => this.#on.ended(), { signal });
    this.#video.addEventListener('error', () => this.#failed(), { signal });
    this.#video.src = url;
  }

  #failed() {
    const { error } = this.#video;
    const why = error?.message || `media error ${error?.code ?? ''}`.trim();
    this.#on.report('nativeError', why, true);
    this.#on.broken(why);
  }

  choose() {}

  goLive() {
    const { seekable } = this.#video;
    if (seekable.length) this.#video.currentTime = seekable.end(seekable.length - 1);
  }

  seek(behind) {
    const { seekable } = this.#video;
    if (seekable.length) this.#video.currentTime = Math.max(seekable.start(0), seekable.end(seekable.length - 1) - behind);
  }

  // Safari tells the wall clock of the media's zero; elsewhere the distance from
  // the seekable end is the best there is.
  figures() {
    const video = this.#video;
    const zero = video.getStartDate?.().getTime();
    const edge = video.seekable.length ? video.seekable.end(video.seekable.length - 1) : video.currentTime;
    const start = video.seekable.length && !Number.isFinite(video.duration) ? video.seekable.start(0) : edge;
    const latency = Number.isFinite(zero) ? (Date.now() - zero) / 1000 - video.currentTime : edge - video.currentTime;
    return {
      current: video.videoHeight ? `${video.videoWidth}×${video.videoHeight}` : '',
      latency: Math.max(0, latency), target: 0, bitrate: 0, network: 0, back: edge - start, behind: Math.max(0, edge - video.currentTime),
    };
  }

  atEnd() {
    return this.#video.duration - this.#video.currentTime < 1;
  }

  stop() {
    this.#listeners.abort();
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}
