// The bar over what the playlist lists: how far behind the live edge the picture is,
// and a way to go there. Its right end is the live edge, its values are seconds before
// that, so that it rests while the broadcast goes on.

const SHORTEST_S = 5; // a window that has no more to go back has no bar
const STEP_S = 5; // of an arrow key
const LIVE_S = 1; // so close to the live edge is live

const $ = (id) => document.getElementById(id);

export function createSeek(state, seek) {
  const bar = $('seek');
  let held = false; // the viewer is moving it

  function tell(behind) {
    const live = behind < LIVE_S;
    $('behind').textContent = live ? '' : `−${clock(behind)}`;
    bar.setAttribute('aria-valuetext', live ? 'live' : `${Math.round(behind)} seconds behind live`);
  }

  function update(on) {
    bar.hidden = !on || !(state.back >= SHORTEST_S);
    $('behind').hidden = bar.hidden;
    if (bar.hidden || held) return;
    bar.min = -state.back;
    bar.value = -Math.min(state.behind, state.back);
    tell(state.behind);
  }

  function go(behind) {
    held = false;
    behind = Math.min(Math.max(behind, 0), state.back);
    bar.value = -behind;
    tell(behind);
    seek(behind);
  }

  bar.addEventListener('input', () => { held = true; tell(-bar.value); });
  bar.addEventListener('change', () => go(-bar.value));
  bar.addEventListener('blur', () => { held = false; });
  // The same steps wherever the focus is, but for the bars and choices that take the
  // arrows themselves.
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (bar.hidden || event.altKey || event.ctrlKey || event.metaKey) return;
    if (target !== bar && target.matches?.('input, textarea, select')) return;
    const steps = { ArrowLeft: 1, ArrowRight: -1, ArrowDown: 1, ArrowUp: -1 }[key];
    if (!steps || (target !== bar && !key.endsWith('t'))) return; // up and down scroll the page
    event.preventDefault();
    go(-bar.value + steps * STEP_S);
  });

  return { update };
}

// clock is seconds as 1:02:03 or 2:03.
function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((n, i) => (i ? String(n).padStart(2, '0') : n)).join(':');
}
