/**
 * A provider that is down and then serves so many at a time and sheds the rest, and payments that were cut off when it
 * went down.
 *
 * Invariant: the provider is the same for everybody. A request travels 10 ms each way and takes 200 ms when it is served;
 * the one that was cut off counts as no attempt, for anybody.
 */

import { Agenda, peak, quantile } from "./virtual.js";

const TRAVEL_MS = 10;
const SERVICE_MS = 200;

class Provider {
  arrivals = [];
  #busy = 0;

  constructor(agenda, { outageMs, places }) {
    this.agenda = agenda;
    this.outageMs = outageMs;
    this.places = places;
  }

  /** One request; `answered` is told a status, or 0 for none. */
  request(now, answered) {
    this.agenda.plan(now + TRAVEL_MS, (at) => {
      this.arrivals.push(at);
      if (at < this.outageMs) return this.#answer(at, 0, answered);
      if (this.#busy >= this.places) return this.#answer(at, 503, answered);
      this.#busy += 1;
      this.agenda.plan(at + SERVICE_MS, (done) => {
        this.#busy -= 1;
        this.#answer(done, 200, answered);
      });
    });
  }

  #answer(at, status, answered) {
    this.agenda.plan(at + TRAVEL_MS, (back) => answered(back, status));
  }
}

/** What an outage comes to. Attempts and times are those after the cut. */
function found(provider, finished, { clients, outageMs }) {
  return {
    answered: finished.length / clients,
    attempts: provider.arrivals.length / clients,
    peakIn10ms: peak(provider.arrivals, 10),
    peakIn200msAfter: peak(provider.arrivals.filter((at) => at >= outageMs), 200),
    p99Seconds: quantile(finished, 0.99) / 1_000,
  };
}

/** Each payment comes back by itself. */
export async function alone({ waits, retries }, scene) {
  const agenda = new Agenda();
  const provider = new Provider(agenda, scene);
  const finished = [];
  waits.restart();
  for (let client = 0; client < scene.clients; client += 1) {
    const delays = await waits.next();
    let retry = 0;
    const again = (now) => {
      if (retry >= Math.min(retries, delays.length)) return;
      const at = now + delays[retry];
      retry += 1;
      if (at > scene.deadlineMs) return;
      agenda.plan(at, (time) => provider.request(time, (back, status) => (status === 200 ? finished.push(back) : again(back))));
    };
    agenda.plan(Math.random() * 5, again);
  }
  agenda.run(scene.deadlineMs + 60_000);
  return found(provider, finished, scene);
}

/**
 * Each process asks its governor: a payment waits after each setback as it would alone, then queues until it is let
 * through. `governors` makes one for each process, and goes through the real door into wasm.
 */
export async function governed({ waits }, scene, governors) {
  const agenda = new Agenda();
  const provider = new Provider(agenda, scene);
  const finished = [];
  const lane = { profile: "provider", operation: "charge", purpose: "resend" };
  waits.restart();
  const each = scene.clients / scene.processes;
  for (let process = 0; process < scene.processes; process += 1) {
    const governor = governors();
    const queue = [];
    let wake = Infinity;
    const drain = (now) => {
      while (queue.length > 0) {
        const pass = governor.permit(lane, EPOCH + Math.floor(now));
        if (!pass.go) {
          const until = Math.max(pass.until - EPOCH, now + 1);
          if (until < wake || wake <= now) {
            wake = until;
            agenda.plan(until, drain);
          }
          return;
        }
        const payment = queue.shift();
        provider.request(now, (back, status) => told(payment, pass, back, status));
      }
    };
    const told = (payment, pass, back, status) => {
      pass?.end(status === 0 ? { type: "failed", notSent: false } : { type: "answered", status }, EPOCH + Math.floor(back));
      if (status === 200) finished.push(back);
      else agenda.plan(back + payment.delays[payment.retry++], (ready) => (queue.push(payment), drain(ready)));
      drain(back);
    };
    for (let client = 0; client < each; client += 1) {
      const payment = { delays: await waits.next(), retry: 0 };
      // All were under way when they were cut off, also those the bulkhead would have kept waiting.
      const answer = governor.permit({ ...lane, purpose: "first_send" }, EPOCH);
      agenda.plan(Math.random() * 5, (now) => told(payment, answer.go ? answer : undefined, now, 0));
    }
  }
  agenda.run(scene.deadlineMs + 60_000);
  return found(provider, finished, scene);
}

/** A moment of the door's clock. */
const EPOCH = Date.parse("2026-11-21T12:00:00Z");
