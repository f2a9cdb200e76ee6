// Keeps hls.js from changing the rendition in the midst of a segment.
//
// At the live edge a player has loaded a segment in part when it wants another
// rendition. hls.js then loads that segment from its beginning in the new one, and
// never the rest of it in the old one. Chromium goes on with the old pictures until
// a keyframe of the new ones comes, which is at the next segment: for as long as
// that rest lasts, up to a whole segment, the picture stands while the sound goes on.

export class Switching {
  #video;
  #hls = null;
  #last = null; // the part that was buffered last: {sn, index}; null after a whole segment
  #wanted = null; // a level to change to as soon as a segment is whole

  constructor(video) {
    this.#video = video;
  }

  // controller is hls.js's choice of a level, bound to whole segments.
  controller(Hls) {
    const between = () => this.#between() || this.#starving();
    const loadLevel = () => this.#hls.loadLevel;
    return class extends Hls.DefaultConfig.abrController {
      get nextAutoLevel() {
        const next = super.nextAutoLevel;
        return between() ? next : loadLevel();
      }

      set nextAutoLevel(level) {
        super.nextAutoLevel = level;
      }
    };
  }

  watch(hls, Hls) {
    this.#hls = hls;
    hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, part }) => {
      if (frag.type !== 'main' || frag.sn === 'initSegment') return;
      this.#last = part ? { sn: frag.sn, index: part.index } : null;
      this.#change();
    });
    hls.on(Hls.Events.LEVEL_UPDATED, () => this.#change());
  }

  // choose changes to a level after this segment; -1, which is hls.js's word for
  // auto, at once.
  choose(level) {
    this.#wanted = level;
    this.#change();
  }

  #change() {
    if (this.#wanted === null || this.#wanted !== -1 && !this.#between()) return;
    this.#hls.loadLevel = this.#wanted;
    this.#wanted = null;
  }

  // between says whether all that was loaded are whole segments, and the next one
  // has begun: without anything to go on with hls.js would load the last one again.
  #between() {
    const details = this.#hls?.latestLevelDetails;
    if (this.#last === null || !details) return true;
    const { sn, index } = this.#last;
    if (sn < details.startSN) return true;
    const parts = details.partList ?? [];
    const rest = parts.some((part) => part.fragment.sn === sn && part.index > index);
    return !rest && parts.some((part) => part.fragment.sn > sn);
  }

  // starving says that what is buffered will not last for another part: a picture
  // that stands is then the lesser evil.
  #starving() {
    const { buffered, currentTime } = this.#video;
    const ahead = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
    return ahead < (this.#hls.latestLevelDetails?.partTarget ?? 0);
  }
}
