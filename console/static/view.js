// All that touches the page's elements. It reads the state and calls actions; it
// decides nothing.

import { createChart } from './chart.js';
import { createSeek } from './seek.js';

const BADGES = {
  connecting: 'Connecting', waiting: 'Off air', playing: 'Live', stalled: 'Live',
  recovering: 'Reconnecting', ended: 'Ended', failed: 'Not supported',
};
const HEADLINES = {
  connecting: 'Connecting', waiting: 'The channel is not live yet', stalled: 'Buffering',
  recovering: 'Playback was interrupted', ended: 'The broadcast has ended', failed: 'Playback is not possible here',
};
const BUSY = new Set(['connecting', 'waiting', 'stalled', 'recovering']);
const STALL_SHOWN_MS = 400; // shorter stalls are not worth a curtain
const IDLE_MS = 3000; // of a pointer at rest hide the controls
const EDGE_S = 2; // so close to the target counts as live

const $ = (id) => document.getElementById(id);
const seconds = (s) => `${s.toFixed(2)} s`;
const bits = (b) => (b >= 1e6 ? `${(b / 1e6).toFixed(1)} Mb/s` : `${Math.round(b / 1e3)} kb/s`);

export function createView(video, state) {
  const chart = createChart($('chart'));
  let curtain;
  let bar = null;
  let shownStatus = '';

  function status(name, detail) {
    shownStatus = name;
    $('player').dataset.on = name === 'playing' || name === 'stalled';
    $('badge').textContent = BADGES[name];
    $('badge').dataset.status = name;
    showMuted();
    clearTimeout(curtain);
    if (name === 'stalled') curtain = setTimeout(() => message(name, ''), STALL_SHOWN_MS);
    else message(name, detail);
  }

  function message(name, detail) {
    const open = name in HEADLINES;
    $('message').dataset.open = open;
    if (!open) return;
    $('headline').textContent = HEADLINES[name];
    $('detail').textContent = describe(name, detail);
    $('spinner').hidden = !BUSY.has(name);
  }

  function describe(name, detail) {
    if (name === 'waiting' && !detail) return 'Retrying: it starts here by itself';
    if (name === 'waiting' || name === 'recovering') return `${detail || 'one moment'} — retrying`;
    return detail;
  }

  // The autoplay policy wants a click, even for a picture without sound.
  function needsGesture() {
    $('player').dataset.on = true;
    $('message').dataset.open = true;
    $('headline').textContent = 'Press play to start';
    $('detail').textContent = '';
    $('spinner').hidden = true;
  }

  function levels() {
    const names = state.levels.length ? ['auto', ...state.levels] : [];
    $('quality').hidden = names.length === 0;
    $('choices').replaceChildren(...names.map(choice));
  }

  function choice(name) {
    const label = document.createElement('label');
    label.className = 'choice';
    label.dataset.name = name;
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'quality', value: name, checked: name === state.wanted });
    const text = document.createElement('span');
    text.textContent = name === 'auto' ? 'Auto' : name;
    label.append(input, text);
    return label;
  }

  function markCurrent() {
    for (const label of $('choices').children) label.dataset.current = label.dataset.name === state.current;
    const auto = state.wanted === 'auto' && state.engine === 'hls.js';
    $('now').textContent = state.current && auto ? `Auto · ${state.current}` : state.current;
  }

  function figures() {
    const on = shownStatus === 'playing' || shownStatus === 'stalled';
    $('latency').textContent = on ? seconds(state.latency) : '–';
    $('target').textContent = on ? [
      state.target ? `target ${seconds(state.target)}` : '', state.joined ? `first frame after ${seconds(state.joined)}` : '',
    ].filter(Boolean).join(' · ') : '';
    $('buffer').textContent = on ? seconds(state.buffer) : '–';
    $('stalls').textContent = `${state.stalls} ${state.stalls === 1 ? 'stall' : 'stalls'}`;
    $('bitrate').textContent = on && state.bitrate ? bits(state.bitrate) : '–';
    $('network').textContent = on && state.network ? `network ${bits(state.network)}` : '';
    $('fps').textContent = on && state.height ? `${Math.round(state.fps)} fps` : '–';
    $('dropped').textContent = on && state.height ? `${state.width}×${state.height} · ${state.dropped} lost` : '';
    $('live').dataset.edge = on && (state.target === 0 || state.latency < state.target + EDGE_S);
    bar?.update(on);
    chart.add(on ? state.latency : null, state.target);
    markCurrent();
  }

  function bind({ choose, goLive, play, seek }) {
    bar = createSeek(state, seek);
    $('choices').addEventListener('change', (event) => choose(event.target.value));
    $('play').addEventListener('click', () => (video.paused ? play() : video.pause()));
    video.addEventListener('click', () => (video.paused ? play() : video.pause()));
    $('message').addEventListener('click', play);
    $('live').addEventListener('click', goLive);
    for (const id of ['mute', 'unmute']) $(id).addEventListener('click', () => { video.muted = !video.muted; });
    $('volume').addEventListener('input', (event) => { video.volume = event.target.value; video.muted = false; });
    $('full').addEventListener('click', toggleFull);
    $('copy').addEventListener('click', copyURL);
    for (const name of ['play', 'pause']) video.addEventListener(name, showPlaying);
    video.addEventListener('volumechange', showMuted);
    hideWhenIdle();
  }

  function showPlaying() {
    $('play').dataset.playing = !video.paused;
    $('play').setAttribute('aria-label', video.paused ? 'Play' : 'Pause');
  }

  function showMuted() {
    $('mute').dataset.muted = video.muted;
    $('mute').setAttribute('aria-label', video.muted ? 'Unmute' : 'Mute');
    $('unmute').hidden = !video.muted || $('player').dataset.on !== 'true';
  }

  function hideWhenIdle() {
    let idle;
    const player = $('player');
    const wake = () => {
      player.dataset.idle = false;
      clearTimeout(idle);
      idle = setTimeout(() => { player.dataset.idle = shownStatus === 'playing' && !video.paused; }, IDLE_MS);
    };
    for (const name of ['pointermove', 'pointerdown', 'focusin']) player.addEventListener(name, wake);
    video.addEventListener('playing', wake);
  }

  function toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if ($('player').requestFullscreen) $('player').requestFullscreen();
    else video.webkitEnterFullscreen?.(); // phones of Apple's
  }

  async function copyURL() {
    await navigator.clipboard?.writeText(new URL(document.body.dataset.playback, location.href).href);
    $('copy').textContent = 'Copied';
    setTimeout(() => { $('copy').textContent = 'Copy URL'; }, 1500);
  }

  return { status, levels, figures, bind, needsGesture };
}
