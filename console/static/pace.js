// How fast to play so as to be as far behind the live edge as the playlist wants.
//
// hls.js does this too, but only while it has more than a second in its buffer,
// which at a target below that it never has; and it changes the rate several times
// a second. Each change costs Chromium some of what it was to gain, so that hls.js
// stayed 0.3 s behind its target. This one keeps a rate until the target is reached.

const FAR_S = 0.06; // so far off the target the rate changes
const NEAR_S = 0.01; // so near to it the rate is normal again
const FAST = 1.08; // the most that is not heard
const SLOW = 0.96;
const WEIGHT = 0.5; // of a new reading: playlists come at uneven times

export class Pace {
  #off = null; // smoothed seconds behind the target
  #rate = 1;

  // next gives the rate after a reading: seconds behind the live edge, those wanted,
  // those in the buffer, and the duration of a part.
  next({ latency, target, ahead, part }) {
    const off = latency - target;
    this.#off = this.#off === null ? off : this.#off + WEIGHT * (off - this.#off);
    if (this.#off > FAR_S) this.#rate = FAST;
    else if (this.#off < -FAR_S) this.#rate = SLOW;
    else if (Math.abs(this.#off) < NEAR_S || (this.#rate - 1) * this.#off < 0) this.#rate = 1;
    // What comes late is not made up for by running into it.
    if (this.#rate > 1 && ahead < part) this.#rate = 1;
    return this.#rate;
  }

  // reset forgets the readings from before a jump.
  reset() {
    this.#off = null;
    this.#rate = 1;
  }
}
