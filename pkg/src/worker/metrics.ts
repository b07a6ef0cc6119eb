/**
 * Figures as Prometheus reads them.
 *
 * Invariant: every family is written once with its help and type, and times are in seconds, as is the custom there.
 */

import type { ReceiverCounts } from "./receiver.js";
import type { WorkerMetrics } from "./settings.js";

/** One family: its name, its kind, what it means, and its values by one label. */
interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** Label and value; an empty label for a family of one value. */
  readonly values: readonly (readonly [string, number])[];
  readonly label?: string;
}

/** The text of a worker's metrics. */
export function prometheusOf(queue: string, { queue: jobs, worker }: WorkerMetrics): string {
  return written(queue, [
    {
      name: "tillproof_queue_jobs",
      type: "gauge",
      help: "Jobs by state.",
      label: "state",
      values: [
        ["ready", jobs.ready],
        ["delayed", jobs.delayed],
        ["taken", jobs.taken],
        ["quarantined", jobs.quarantined],
      ],
    },
    single("tillproof_queue_lag_seconds", "For how long the job that is due longest has been due.", jobs.lagMs / 1_000),
    single("tillproof_queue_oldest_age_seconds", "Age of the oldest unfinished job.", jobs.oldestAgeMs / 1_000),
    single("tillproof_queue_attempts_most", "Most attempts of an unfinished job.", jobs.attemptsMost),
    single("tillproof_worker_running", "Jobs this worker runs at the moment.", worker.running),
    {
      name: "tillproof_worker_attempts_total",
      type: "counter",
      help: "Attempts begun by this worker.",
      values: [["", worker.attempts]],
    },
    {
      name: "tillproof_worker_jobs_total",
      type: "counter",
      help: "Attempts of this worker by how they ended.",
      label: "outcome",
      values: [
        ["done", worker.done],
        ["failed", worker.failed],
        ["quarantined", worker.quarantined],
        ["returned", worker.returned],
        ["lost", worker.lost],
      ],
    },
    {
      name: "tillproof_worker_queue_errors_total",
      type: "counter",
      help: "Failures of the queue itself.",
      values: [["", worker.errors]],
    },
  ]);
}

/** The text of a receiver's counts. */
export function receiverPrometheus(queue: string, counts: ReceiverCounts): string {
  return written(queue, [
    {
      name: "tillproof_receiver_deliveries_total",
      type: "counter",
      help: "Deliveries by what became of them.",
      label: "status",
      values: [
        ["stored", counts.stored],
        ["duplicate", counts.duplicate],
        ["rejected", counts.rejected],
        ["failed", counts.failed],
      ],
    },
  ]);
}

function single(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, values: [["", value]] };
}

/** Names of queues and states need no escaping: letters, digits, `-` and `_` are all they have. */
function written(queue: string, families: readonly Family[]): string {
  const lines: string[] = [];
  for (const { name, type, help, label, values } of families) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [of, value] of values) {
      const labels = label === undefined ? "" : `,${label}="${of}"`;
      lines.push(`${name}{queue="${queue}"${labels}} ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
