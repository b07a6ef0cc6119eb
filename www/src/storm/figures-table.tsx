/** What the two storms came to, in numbers. */

import { POLICIES, type Storm } from "./policy.js";

export function FiguresTable({ storms }: { readonly storms: readonly (Storm | undefined)[] }) {
  return (
    <div class="scroll" role="region" aria-label="Figures of the storm" tabIndex={0}>
      <table class="figures wide">
        <thead>
          <tr>
            <th scope="col">Policy</th>
            <th scope="col" class="number">Clients served</th>
            <th scope="col" class="number">99 % served after</th>
            <th scope="col" class="number">Peak once it is back, requests a second</th>
            <th scope="col" class="number">Retries for each client</th>
          </tr>
        </thead>
        <tbody>
          {storms.map((storm, at) => (
            <tr key={at}>
              <th scope="row">{POLICIES.find(({ name }) => name === storm?.policy)?.label ?? "…"}</th>
              <td class="number" data-label="Clients served">{storm === undefined ? "…" : `${(storm.served * 100).toFixed(1)} %`}</td>
              <td class="number" data-label="99 % served after">{storm === undefined ? "…" : storm.p99Seconds === null ? "never" : `${storm.p99Seconds.toFixed(0)} s`}</td>
              <td class="number" data-label="Peak once it is back, a second">{storm === undefined ? "…" : Math.round(storm.peakPerSecond).toLocaleString("en")}</td>
              <td class="number" data-label="Retries for each client">{storm === undefined ? "…" : storm.attempts.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
