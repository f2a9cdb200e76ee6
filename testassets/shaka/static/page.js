// Plays the channel of ?playback= and says how it goes in window.ladderd, which
// has the player page's names.

const SEGMENT_S = 2; // the tests' broadcasts have an IDR every 2 s

let wanted = null; // a rendition's name
const video = document.getElementById('video');
const player = new shaka.Player();
const state = {
  status: 'connecting',
  engine: 'shaka',
  levels: [], // names of the renditions, best first
  get current() { return nameOf(player.getVariantTracks().find((track) => track.active)); },
  get latency() { return (player.getPresentationStartTimeAsDate() ? Date.now() - player.getPlayheadTimeAsDate() : 0) / 1000; },
  stalls: 0,
  starts: 0,
  ended: false,
  errors: [],
  choose,
};
window.ladderd = state;

// A rendition is known by its lines; the tests' ladders have no two of one height.
const nameOf = (track) => (track ? `${track.height}p${Math.round(track.frameRate)}` : '');

// choose takes a rendition from the next segment on. In the midst of one Shaka, as
// hls.js, loads it anew from its beginning and never the rest of the old one, and the
// picture stands for that long.
function choose(name) { wanted = name; }

player.addEventListener('segmentappended', ({ end }) => {
  const rest = end % SEGMENT_S;
  if (wanted === null || Math.min(rest, SEGMENT_S - rest) > 0.02) return;
  const track = player.getVariantTracks().find((candidate) => nameOf(candidate) === wanted);
  wanted = null;
  player.selectVariantTrack(track, /* clearBuffer= */ false);
});

function failed(error) {
  state.errors.push({ name: `${error.code}`, detail: `${error.message} ${error.data} ${error.stack}`, fatal: error.severity === shaka.util.Error.Severity.CRITICAL });
}

video.addEventListener('playing', () => {
  if (state.starts === 0) state.starts = 1;
  state.status = 'playing';
});
video.addEventListener('waiting', () => { if (state.starts > 0 && !video.ended && !video.seeking) state.stalls++; });
video.addEventListener('ended', () => { state.ended = true; state.status = 'ended'; });
player.addEventListener('error', (event) => failed(event.detail));
// What the browser says of media that it refuses; Shaka passes on a number.
video.addEventListener('error', () => {
  state.errors.push({ name: `media error ${video.error?.code}`, detail: `${video.error?.message}`, fatal: true });
});
player.configure({
  abr: { enabled: false },
  streaming: { lowLatencyMode: true },
  // Otherwise Shaka (5.2) puts each part where the playlist's durations add up to. It
  // adds a millisecond, for the next part takes that for a deviation, and resets the
  // buffer, which then refuses pictures up to the next keyframe.
  // And it throws where it reads the dates of a rendition of which it has just dropped
  // all segments.
  manifest: { hls: { ignoreManifestTimestampsInSegmentsMode: true, ignoreManifestProgramDateTime: true } },
});

const url = new URLSearchParams(location.search).get('playback');

// Shaka (5.2) looks into segments a quarter and three quarters down the playlist for
// captions, and ends with an exception where that is the open one, which has parts
// but no URI.
const WANTED_SEGMENTS = 5;

async function hasSegments() {
  const multivariant = await (await fetch(url, { cache: 'no-store' })).text();
  const first = multivariant.split('\n').find((line) => line && !line.startsWith('#'));
  const media = await fetch(new URL(first, url), { cache: 'no-store' });
  return (await media.text()).split('#EXTINF').length > WANTED_SEGMENTS;
}

try {
  while (!await hasSegments()) await new Promise((resolve) => setTimeout(resolve, 250));
  await player.attach(video);
  await player.load(url);
  state.levels = player.getVariantTracks().sort((a, b) => b.bandwidth - a.bandwidth).map(nameOf);
} catch (error) {
  failed(error);
}
