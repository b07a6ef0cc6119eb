/** A file that arrived: its beginning, and a link to take it away. */

import { Download } from "../shell/download.js";

interface Props {
  readonly name: string;
  readonly title: string;
  readonly csv: string | undefined;
}

const LINES_MAX = 7;

export function Paper({ name, title, csv }: Props) {
  const lines = (csv ?? "").trimEnd().split("\n");
  const rows = Math.max(0, lines.length - 1);
  return (
    <article class="paper panel" aria-label={name}>
      <h3>{title}</h3>
      <pre tabIndex={0} role="region" aria-label={`The beginning of ${name}`}>
        {csv === undefined ? " " : lines.slice(0, LINES_MAX).join("\n")}
      </pre>
      <p class="hint">
        {rows} {rows === 1 ? "row" : "rows"} · <Download name={name} type="text/csv" text={csv} />
      </p>
    </article>
  );
}
