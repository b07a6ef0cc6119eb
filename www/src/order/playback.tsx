/** Goes through a run in virtual time: all of it at once, or moment by moment. */

import { useEffect, useMemo, useState } from "preact/hooks";

import type { Stories } from "../play/step.js";
import { clock } from "../shell/money.js";

/** Real time between two moments while it plays by itself. */
const BEAT_MS = 700;

export interface PlaybackState {
  /** The moments at which anything happens, in either shop. */
  readonly moments: readonly number[];
  /** How many of them are shown. */
  readonly shown: number;
  readonly playing: boolean;
  /** The last moment that is shown. */
  readonly until: number;
  readonly show: (count: number) => void;
  readonly play: (playing: boolean) => void;
}

export function usePlayback(stories: Stories | undefined): PlaybackState {
  const moments = useMemo(() => {
    const all = stories === undefined ? [] : [...stories.naive.steps, ...stories.tillproof.steps].map(({ at }) => at);
    return [...new Set(all)].sort((one, other) => one - other);
  }, [stories]);
  const [shown, setShown] = useState(moments.length);
  const [playing, setPlaying] = useState(false);
  // A new run is shown whole: who wants to see it grow plays it. A recording that is told again live goes on where it is.
  useEffect(() => {
    setShown(moments.length);
    setPlaying(false);
  }, [moments.join()]);
  useEffect(() => {
    if (!playing) return undefined;
    if (shown >= moments.length) {
      setPlaying(false);
      return undefined;
    }
    const timer = setTimeout(() => setShown(shown + 1), BEAT_MS);
    return () => clearTimeout(timer);
  }, [playing, shown, moments]);
  const play = (on: boolean): void => {
    if (on && shown >= moments.length) setShown(0);
    setPlaying(on);
  };
  return { moments, shown, playing, until: moments[shown - 1] ?? -1, show: setShown, play };
}

export function Playback({ playback }: { readonly playback: PlaybackState }) {
  const { moments, shown, playing, until, show, play } = playback;
  return (
    <div class="playback">
      <button type="button" onClick={() => play(!playing)} disabled={moments.length === 0}>
        {playing ? "Pause" : "Play"}
      </button>
      <button type="button" aria-label="One step back" onClick={() => show(Math.max(0, shown - 1))} disabled={shown === 0}>
        ‹
      </button>
      <button type="button" aria-label="One step on" onClick={() => show(Math.min(moments.length, shown + 1))} disabled={shown >= moments.length}>
        ›
      </button>
      <input
        type="range"
        aria-label="Virtual time"
        min={0}
        max={moments.length}
        value={shown}
        aria-valuetext={until < 0 ? "before the first message" : clock(until)}
        onInput={(event) => show(Number(event.currentTarget.value))}
      />
      <output class="clock">{until < 0 ? "—" : clock(until)}</output>
    </div>
  );
}
