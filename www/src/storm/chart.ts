/** Two storms as lines over time, drawn by uPlot. Colours are those of the page, also when the scheme changes. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { BUCKET_MS, CAPACITY_PER_SECOND, POLICIES, type Storm } from "./policy.js";

const HEIGHT_PX = 280;

/** The powers of ten of the logarithmic scale; where nobody comes, the lowest is drawn. */
const RATES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const LOWEST = 1;

export class StormChart {
  readonly #place: HTMLElement;
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #resized: ResizeObserver;
  #plot: uPlot | undefined;
  #shown: readonly [theirs: Storm, ours: Storm] | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
    this.#resized = new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
    this.#resized.observe(place);
    this.#scheme.addEventListener("change", this.#redraw);
  }

  show(theirs: Storm, ours: Storm): void {
    this.#shown = [theirs, ours];
    this.#redraw();
  }

  close(): void {
    this.#resized.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
  }

  readonly #redraw = (): void => {
    if (this.#shown === undefined) return;
    const [theirs, ours] = this.#shown;
    this.#plot?.destroy();
    const times = ours.perSecond.map((_, bucket) => (bucket * BUCKET_MS) / 1_000);
    const capacity = times.map(() => CAPACITY_PER_SECOND);
    this.#plot = new uPlot(this.#options(theirs), [times, drawn(theirs), drawn(ours), capacity], this.#place);
  };

  #options(theirs: Storm): uPlot.Options {
    const style = getComputedStyle(this.#place);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, font: "12px system-ui" };
    const label = POLICIES.find(({ name }) => name === theirs.policy)?.label ?? theirs.policy;
    return {
      width: this.#place.clientWidth,
      height: HEIGHT_PX,
      cursor: { show: false },
      legend: { live: false },
      scales: { x: { time: false }, y: { distr: 3, range: [LOWEST, 1_000_000] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((seconds) => `${seconds} s`) },
        { ...axis, size: 52, splits: () => RATES, values: () => RATES.map(short) },
      ],
      series: [
        {},
        { label, stroke: colour("--bad"), width: 1.5, points: { show: false } },
        { label: "Tillproof", stroke: colour("--accent"), width: 2.5, points: { show: false } },
        { label: "What the provider serves", stroke: colour("--muted"), width: 1, dash: [6, 4], points: { show: false } },
      ],
    };
  }
}

/** A power of ten on a narrow axis. */
function short(rate: number): string {
  return rate >= 1_000_000 ? `${rate / 1_000_000}M` : rate >= 1_000 ? `${rate / 1_000}k` : String(rate);
}

/** The line of a storm, which comes down after its last request and ends. */
function drawn({ perSecond }: Storm): (number | null)[] {
  const last = perSecond.findLastIndex((rate) => rate > 0);
  return perSecond.map((rate, at) => (at > last + 1 ? null : Math.max(rate, LOWEST)));
}
