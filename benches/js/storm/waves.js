/** Clients that are cut off at once and find the provider still failing: how dense each wave of retries arrives. */

import { WAVES } from "./policies.js";
import { peak } from "./virtual.js";

/**
 * The densest 10 ms and the densest 200 ms of each wave; 200 ms is how long the provider takes, so that the second is
 * how many it would have to serve at once.
 */
export async function waves({ waits, retries }, { clients, hintMs }) {
  const arrivals = Array.from({ length: WAVES }, () => []);
  waits.restart();
  for (let client = 0; client < clients; client += 1) {
    let time = Math.random() * 5;
    const delays = await waits.next(hintMs);
    for (let wave = 0; wave < Math.min(WAVES, retries); wave += 1) {
      time += delays[wave];
      arrivals[wave].push(time);
    }
  }
  return arrivals.map((times) => ({ in10ms: peak(times, 10), in200ms: peak(times, 200) }));
}
