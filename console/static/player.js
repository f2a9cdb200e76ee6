// The page's loop: wait until the channel is live, play it with one of two
// engines, and begin again after an error or for the next broadcast.
//
// window.ladderd is this page's state, for tests and for the curious.

import { HlsEngine } from './hls-engine.js';
import { NativeEngine } from './native-engine.js';
import { createView } from './view.js';

const POLL_MS = 1500; // between looks for a channel that is not live
const START_POLL_MS = 250; // between looks for a channel's first segment
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000]; // after playback broke
const HEALTHY_MS = 10000; // of playback forgets earlier failures
const TICK_MS = 250; // between two readings of the figures
const ERRORS_KEPT = 50;
const NOT_LIVE = 'transcode_does_not_exist'; // error_code of a channel that is off the air

const url = new URL(document.body.dataset.playback, location.href).href;
const video = document.getElementById('video');

const state = {
  status: 'connecting', // connecting | waiting | playing | stalled | recovering | ended | failed
  detail: '', // why, in words
  engine: '', // hls.js | native
  levels: [], // names of the renditions, best first
  wanted: 'auto', // a rendition's name, or auto
  current: '', // name of the rendition that is on the screen
  latency: 0, target: 0, buffer: 0, // seconds
  back: 0, behind: 0, // seconds: how far one can go back from the live edge, how far the picture is behind it
  bitrate: 0, network: 0, // bits per second: the rendition's, the estimate of the network's
  width: 0, height: 0, fps: 0, frames: 0, dropped: 0,
  stalls: 0, // since the page was opened
  starts: 0, // how often playback has begun: once a broadcast, and after each break
  joined: 0, // seconds from the page's opening to the first frame on the screen
  ended: false, // the last broadcast was played to its end
  errors: [], // {time, name, fatal, detail}, oldest first
  choose, goLive, seek,
};
window.ladderd = state;

let engine = null;
const view = createView(video, state);

function setStatus(status, detail = '') {
  state.status = status;
  state.detail = detail;
  view.status(status, detail);
}

function report(name, detail, fatal) {
  state.errors.push({ time: Date.now(), name, detail, fatal });
  if (state.errors.length > ERRORS_KEPT) state.errors.shift();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// choose plays the rendition of that name from the next segment on; 'auto' leaves
// it to the engine.
function choose(name) {
  state.wanted = name;
  engine?.choose(name);
  view.levels();
}

function goLive() {
  engine?.goLive();
  play();
}

// seek goes to so many seconds behind the live edge; 0 is the edge.
function seek(behind) {
  if (behind > 0) engine?.seek(behind);
  else engine?.goLive();
}

// play asks for sound-less playback where the browser allows no other.
async function play() {
  try {
    await video.play();
  } catch (error) {
    if (error.name !== 'NotAllowedError') return; // a later load interrupted this one
    video.muted = true;
    await video.play().catch(() => view.needsGesture());
  }
}

// look says how the channel stands: on the air, off it, starting, or why it
// cannot be told. A broadcast that has ended stays readable for a while and counts
// as off the air once it has been played.
async function look() {
  try {
    const answer = await fetch(url, { cache: 'no-store' });
    if (!answer.ok) return { channel: 'off', detail: await reason(answer) };
    const first = (await answer.text()).split('\n').find((line) => line && !line.startsWith('#'));
    const media = await fetch(new URL(first, url), { cache: 'no-store' });
    if (!media.ok) return { channel: 'off', detail: await reason(media) };
    const playlist = await media.text();
    if (state.ended && playlist.includes('#EXT-X-ENDLIST')) return { channel: 'off', detail: '' };
    // hls.js takes a playlist of parts alone for empty, and is slow to come back
    // to it: it is started once there is a segment.
    return { channel: playlist.includes('#EXTINF') ? 'on' : 'starting' };
  } catch {
    return { channel: 'unknown', detail: 'the server cannot be reached' };
  }
}

// reason is what the server's error body says, unless that is just that the
// channel is off the air.
async function reason(answer) {
  try {
    const [{ error, error_code: code }] = await answer.json();
    return code === NOT_LIVE ? '' : String(error);
  } catch {
    return `HTTP ${answer.status}`;
  }
}

async function untilLive() {
  for (;;) {
    const { channel, detail } = await look();
    if (channel === 'on') return;
    if (channel === 'starting') setStatus('connecting', 'The broadcast has just begun');
    else if (channel === 'unknown') setStatus('recovering', detail);
    else if (state.ended) setStatus('ended', 'Waiting for the next one');
    else setStatus('waiting', detail);
    await pause(channel === 'starting' ? START_POLL_MS : POLL_MS);
  }
}

// playOnce resolves to 'ended', or to 'broken' once playback cannot go on.
function playOnce() {
  return new Promise((resolve) => {
    const Engine = pickEngine();
    if (!Engine) return resolve('unsupported');
    engine = new Engine(video, {
      levels(names) {
        state.levels = names;
        if (!names.includes(state.wanted)) state.wanted = 'auto';
        engine?.choose(state.wanted);
        view.levels();
      },
      ended: () => resolve('ended'),
      broken: (detail) => { state.detail = detail; resolve('broken'); },
      report,
    });
    state.engine = engine.name;
    try {
      engine.start(url);
    } catch (error) {
      state.detail = error.message;
      return resolve('broken');
    }
    play();
  });
}

function pickEngine() {
  const forced = new URLSearchParams(location.search).get('engine');
  if (forced !== 'native' && HlsEngine.supported()) return HlsEngine;
  if (NativeEngine.supported(video)) return NativeEngine;
  return null;
}

function stopEngine() {
  engine?.stop();
  engine = null;
  Object.assign(state, { current: '', back: 0, behind: 0 });
}

async function run() {
  let failures = 0;
  setStatus('connecting');
  for (;;) {
    await untilLive();
    setStatus('connecting');
    const began = Date.now();
    playing = false;
    const outcome = await playOnce();
    stopEngine();
    if (outcome === 'unsupported') {
      setStatus('failed', 'This browser cannot play HLS');
      return;
    }
    if (outcome === 'ended') {
      failures = 0;
      state.ended = true;
      setStatus('ended', 'Waiting for the next one');
      continue;
    }
    if (Date.now() - began > HEALTHY_MS) failures = 0;
    setStatus('recovering', state.detail);
    await pause(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] * (0.75 + Math.random() / 2));
  }
}

// A stall is a wait for data in the midst of playback: not the first fill of the
// buffer, a seek, or a pause.
let playing = false;
video.addEventListener('playing', () => {
  if (!engine) return;
  if (!playing) state.starts++;
  playing = true;
  state.ended = false;
  setStatus('playing');
});
video.addEventListener('waiting', () => {
  if (!playing || video.seeking || video.paused || video.ended || engine?.atEnd()) return;
  state.stalls++;
  setStatus('stalled');
});

video.requestVideoFrameCallback?.((_, frame) => { state.joined = frame.expectedDisplayTime / 1000; });

let lastFrames = { at: performance.now(), total: 0 };
function tick() {
  const now = performance.now();
  if (engine) Object.assign(state, engine.figures());
  state.buffer = bufferAhead();
  state.width = video.videoWidth;
  state.height = video.videoHeight;
  const quality = video.getVideoPlaybackQuality?.();
  if (quality && now - lastFrames.at >= 1000) {
    // A new media source begins to count at zero again.
    const shown = Math.max(0, quality.totalVideoFrames - lastFrames.total);
    state.fps = (shown * 1000) / (now - lastFrames.at);
    lastFrames = { at: now, total: quality.totalVideoFrames };
  }
  if (quality) {
    state.frames = quality.totalVideoFrames;
    state.dropped = quality.droppedVideoFrames;
  }
  view.figures();
}

function bufferAhead() {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime < buffered.end(i)) return buffered.end(i) - currentTime;
  }
  return 0;
}

view.bind({ choose, goLive, play, seek });
setInterval(tick, TICK_MS);
run();
