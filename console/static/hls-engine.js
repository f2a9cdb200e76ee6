// Playback by hls.js, where the browser has Media Source Extensions.

import { Pace } from './pace.js';
import { Switching } from './switching.js';

const RECOVERY_MS = 5000; // two media errors closer together than this end the attempt
const NEAR_END_S = 1; // so close to the end, a player that stands still has arrived
const STILL_MS = 1500; // a picture that does not move for so long stands
const TOO_LATE_S = 3; // so far behind the target it jumps: catching up by speed would take a minute
const STUCK_LATE_S = 1; // so far behind the target there is media that a player at a standstill could have
const JUMP_EVERY_MS = 15000; // a network that cannot keep up is not helped by jumping

export class HlsEngine {
  static supported() {
    return typeof window.Hls === 'function' && window.Hls.isSupported();
  }

  name = 'hls.js';
  #video;
  #on;
  #hls;
  #over = false; // the playlist has its end
  #recoveredAt = -Infinity;
  #jumpedAt = -Infinity;
  #pace = new Pace();
  #switching;
  #moved = { at: 0, position: -1 };
  #behind = false; // the viewer went back, and wants to stay there
  #listeners = new AbortController();

  constructor(video, on) {
    this.#video = video;
    this.#on = on;
    this.#switching = new Switching(video);
  }

  start(url) {
    const { Hls } = window;
    const hls = new Hls({
      lowLatencyMode: true,
      // With a worker, hls.js takes the first part of MPEG-TS after a change of rendition for
      // a gap where what the source buffer says overtakes what the worker says.
      enableWorker: false,
      abrController: this.#switching.controller(Hls),
      // With one segment in the playlist it loads that again and again until there
      // is a second, and stalls.
      initialLiveManifestSize: 2,
      backBufferLength: 20,
      maxLiveSyncPlaybackRate: 1, // Pace does it
      // hls.js adds this to the target at each stall and never takes it back; by itself
      // it would add a second.
      liveSyncOnStallIncrease: 0.3,
      capLevelToPlayerSize: false,
      // Begins with what 4 Mb/s carry; a test download would delay the first picture.
      testBandwidth: false,
      abrEwmaDefaultEstimate: 4_000_000,
    });
    this.#hls = hls;
    this.#switching.watch(hls, Hls);
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#on.levels(this.#byQuality().map(levelName)));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => { this.#over = !details.live; });
    hls.on(Hls.Events.ERROR, (_, data) => this.#failed(data));
    this.#video.addEventListener('ended', () => this.#on.ended(), { signal: this.#listeners.signal });
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  #byQuality() {
    return [...this.#hls.levels].sort((a, b) => b.bitrate - a.bitrate);
  }

  // choose takes a rendition from the next segment on; any other word is auto.
  choose(name) {
    this.#switching.choose(this.#hls.levels.findIndex((level) => levelName(level) === name));
  }

  goLive() {
    this.#behind = false;
    const position = this.#hls.liveSyncPosition;
    if (position !== null) this.#video.currentTime = position;
  }

  seek(behind) {
    const { start, live } = this.#window();
    if (live === null) return;
    this.#behind = true;
    this.#video.currentTime = Math.max(start, live - behind);
  }

  // The first segment may go while it is being loaded: it counts as gone.
  #window() {
    const { latestLevelDetails: list, liveSyncPosition: live } = this.#hls;
    if (!list?.live || live === null) return { start: 0, live: null };
    return { start: list.fragmentStart + list.targetduration, live };
  }

  figures() {
    const hls = this.#hls;
    const level = hls.levels[hls.currentLevel];
    const still = this.#standstill();
    const { start, live } = this.#window();
    const behind = live === null ? 0 : Math.max(0, live - this.#video.currentTime);
    if (behind < TOO_LATE_S && !this.#video.seeking) this.#behind = false; // it is caught up with as ever
    this.#keepUp(still);
    this.#keepPace();
    this.#watchEnd(still);
    return {
      current: level ? levelName(level) : '',
      bitrate: level?.bitrate ?? 0,
      network: hls.bandwidthEstimate || 0,
      latency: hls.latency,
      target: hls.targetLatency ?? 0,
      back: live === null ? 0 : live - start,
      behind,
    };
  }

  // hls.js would jump by itself, but only with a latency of our choice in place of
  // the playlist's PART-HOLD-BACK. It also needs a push where it stands still though
  // there is media to load: it now and then loses track of which parts it has.
  #keepUp(still) {
    const { latency, targetLatency } = this.#hls;
    const begun = this.#video.played.length > 0;
    if (!begun || this.#over || this.#behind || this.#video.paused || this.#video.seeking || targetLatency === null) return;
    const now = performance.now();
    const stuck = still > STILL_MS && latency > targetLatency + STUCK_LATE_S;
    const late = latency > targetLatency + TOO_LATE_S && now - this.#jumpedAt > JUMP_EVERY_MS;
    if (!late && !stuck) return;
    this.#jumpedAt = now;
    this.#moved.at = now;
    this.goLive();
  }

  // Without parts the playlist's edge comes on a segment at a time, and nobody
  // minds a second: there the rate is left alone.
  #keepPace() {
    const { latency, targetLatency, latestLevelDetails } = this.#hls;
    const video = this.#video;
    const part = latestLevelDetails?.partTarget;
    if (this.#over || this.#behind || !part || targetLatency === null || video.played.length === 0) {
      video.playbackRate = 1;
      return;
    }
    if (video.paused || video.seeking) {
      this.#pace.reset();
      return;
    }
    const { buffered, currentTime } = video;
    const ahead = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
    const rate = this.#pace.next({ latency, target: targetLatency, ahead, part });
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  // Where the last part is a gap, or was never loaded, the video element does not
  // say that it has ended.
  #watchEnd(still) {
    if (!this.#video.paused && still > STILL_MS && this.atEnd()) this.#on.ended();
  }

  // standstill is for how long the picture has not moved, in milliseconds.
  #standstill() {
    const { currentTime } = this.#video;
    const now = performance.now();
    if (currentTime !== this.#moved.position) this.#moved = { at: now, position: currentTime };
    return now - this.#moved.at;
  }

  atEnd() {
    return this.#over && this.#video.duration - this.#video.currentTime < NEAR_END_S;
  }

  #failed({ type, details, fatal, error, response }) {
    const { Hls } = window;
    const why = response?.code ? `${details} (HTTP ${response.code})` : `${details}${error ? `: ${error.message}` : ''}`;
    this.#on.report(details, why, fatal);
    if (!fatal) return;
    const now = performance.now();
    if (type === Hls.ErrorTypes.MEDIA_ERROR && now - this.#recoveredAt > RECOVERY_MS) {
      this.#recoveredAt = now;
      this.#hls.recoverMediaError();
      return;
    }
    this.#on.broken(why);
  }

  stop() {
    this.#listeners.abort();
    this.#hls?.destroy();
  }
}

// The name that the playlist gives a rendition is that of its VIDEO group.
function levelName(level) {
  return level.attrs.VIDEO || level.name || `${level.height}p`;
}
