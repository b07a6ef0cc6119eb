/** Figures of queues, workers and receivers as Prometheus reads them. */

import { byLabel, single, written } from "../telemetry/exposition.js";
import type { ReceiverCounts } from "./receiver.js";
import type { WorkerMetrics } from "./settings.js";

/** The text of a worker's metrics. */
export function prometheusOf(queue: string, { queue: jobs, worker }: WorkerMetrics): string {
  const { ready, delayed, taken, quarantined } = jobs;
  const ends = { done: worker.done, failed: worker.failed, quarantined: worker.quarantined, returned: worker.returned, lost: worker.lost };
  return written(
    [
      byLabel("gauge", "tillproof_queue_jobs", "Jobs by state.", "state", { ready, delayed, taken, quarantined }),
      single("tillproof_queue_lag_seconds", "For how long the job that is due longest has been due.", jobs.lagMs / 1_000),
      single("tillproof_queue_oldest_age_seconds", "Age of the oldest unfinished job.", jobs.oldestAgeMs / 1_000),
      single("tillproof_queue_attempts_most", "Most attempts of an unfinished job.", jobs.attemptsMost),
      single("tillproof_worker_running", "Jobs this worker runs at the moment.", worker.running),
      single("tillproof_worker_attempts_total", "Attempts begun by this worker.", worker.attempts, "counter"),
      byLabel("counter", "tillproof_worker_jobs_total", "Attempts of this worker by how they ended.", "outcome", ends),
      single("tillproof_worker_queue_errors_total", "Failures of the queue itself.", worker.errors, "counter"),
    ],
    { queue },
  );
}

/** The text of a receiver's counts. */
export function receiverPrometheus(queue: string, counts: ReceiverCounts): string {
  const { stored, duplicate, rejected, failed } = counts;
  const help = "Deliveries by what became of them.";
  return written([byLabel("counter", "tillproof_receiver_deliveries_total", help, "status", { stored, duplicate, rejected, failed })], { queue });
}
