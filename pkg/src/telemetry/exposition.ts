/**
 * Figures as Prometheus reads them: its text format, version 0.0.4.
 *
 * Invariant: every family is written once with its help and type, its samples follow it, and times are in seconds, as is
 * the custom there.
 */

/** Labels of a sample, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a family. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Behind the name of the family: histograms have several series. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** One family: its name, its kind, what it means, and its values. */
export interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The content type of an answer that holds this text. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A family of one value without labels of its own. */
export function single(name: string, help: string, value: number, type: Family["type"] = "gauge"): Family {
  return { name, type, help, samples: [{ labels: {}, value }] };
}

/** A family of a value for each word of one label. */
export function byLabel(type: Family["type"], name: string, help: string, label: string, values: Readonly<Record<string, number>>): Family {
  return { name, type, help, samples: Object.entries(values).map(([word, value]) => ({ labels: { [label]: word }, value })) };
}

/** The text. `common` labels stand in front of those of every sample. */
export function written(families: readonly Family[], common: Labels = {}): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of families) {
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, suffix = "" } of samples) {
      const pairs = Object.entries({ ...common, ...labels }).map(([label, word]) => `${label}="${escaped(word)}"`);
      lines.push(`${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}`);
    }
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function escaped(word: string): string {
  return word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
