// Notes each frame that a video element shows: the number in its picture, and how
// playback stood. The result is window.watched.
(() => {
  const COLUMNS = 16;
  const CONTRAST = 60; // of 256, between the two cells of a bit that can be read
  const KEPT = 20000;
  const watched = { frames: [], holes: [], waits: [], errors: [] };
  window.watched = watched;
  const video = document.querySelector('video');

  // read gives the number in the picture, or -1. The picture's strip is copied as
  // the decoder left it; a canvas would convert all of the picture each time.
  async function read(frame) {
    const { x, y, width, height } = frame.visibleRect;
    const strip = { x, y, width: even(width), height: even((height * 2) / 9) };
    const bytes = new Uint8Array(frame.allocationSize({ rect: strip }));
    const [luma] = await frame.copyTo(bytes, { rect: strip });
    let n = 0;
    for (let column = 0; column < COLUMNS; column++) {
      const at = Math.floor(((column + 0.5) * width) / COLUMNS);
      const upper = level(bytes, luma, at, Math.floor(height / 18));
      const lower = level(bytes, luma, at, Math.floor(height / 6));
      if (Math.abs(upper - lower) < CONTRAST) return -1;
      n = n * 2 + (upper > lower ? 1 : 0);
    }
    return n;
  }

  const even = (size) => Math.floor(size / 2) * 2;

  // level is the mean of the pixels about a cell's middle.
  function level(bytes, { offset, stride }, x, y) {
    let sum = 0;
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) sum += bytes[offset + (y + dy) * stride + x + dx];
    }
    return sum / 25;
  }

  // holes are the gaps between buffered ranges that playback has still to cross.
  function holes() {
    const { buffered, currentTime } = video;
    for (let i = 1; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime) continue;
      watched.holes.push({ at: buffered.end(i - 1), length: buffered.start(i) - buffered.end(i - 1) });
    }
  }

  function ahead() {
    const { buffered, currentTime } = video;
    return buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
  }

  function note(now, shown) {
    if (watched !== window.watched || watched.frames.length >= KEPT) return;
    video.requestVideoFrameCallback(note);
    holes();
    const entry = {
      number: -1,
      media: shown.mediaTime,
      shown: performance.timeOrigin + Math.max(now, shown.expectedDisplayTime),
      presented: shown.presentedFrames,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      ahead: ahead(),
      height: shown.height,
    };
    const frame = new VideoFrame(video);
    // On a busy page the next frame may already be there: that one has its own turn.
    if (Math.abs(frame.timestamp / 1e6 - entry.media) > 0.001) {
      frame.close();
      return;
    }
    watched.frames.push(entry);
    read(frame)
      .then((number) => { entry.number = number; })
      .catch((error) => watched.errors.push(String(error)))
      .finally(() => frame.close());
  }

  video.addEventListener('waiting', () => watched.waits.push(video.currentTime));
  video.requestVideoFrameCallback(note);
})();
