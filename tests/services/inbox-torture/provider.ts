/**
 * A provider as hostile as real ones are on their worst day, and receivers that are killed at any moment.
 *
 * Every event is delivered one to five times in any order. A delivery counts only when it was answered with 2xx; one that
 * was not, or whose receiver died, is delivered again. Receivers are killed with SIGKILL at random moments and started
 * again at once.
 *
 * Invariant: the run ends when every delivery was answered with 2xx, so whatever is missing then was lost.
 */

import { fork, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";

/** What a run is made of. */
export interface Torture {
  readonly events: number;
  readonly seed: number;
  /** The receiver: its program, its Node, its environment. */
  readonly receiver: string;
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  readonly processes?: number;
  /** Deliveries on their way to one receiver. */
  readonly inFlight?: number;
  /** Answers between two kills, on average. Not a time: on a slow machine nobody would live long enough to answer. */
  readonly killEvery: number;
}

/** What happened. */
export interface Tally {
  readonly planned: number;
  /** Those answered, and how. */
  readonly answers: Readonly<Record<string, number>>;
  /** Deliveries that were made again, because their receiver died or said no. */
  readonly again: number;
  readonly kills: number;
  readonly seconds: number;
}

export const SECRET = "whsec_torture_secret";

/** A delivery for a receiver. */
export interface Parcel {
  readonly number: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Its answer. */
export interface Answer {
  readonly number: number;
  readonly status: string;
  readonly httpStatus: number;
}

/** The id of an event by its number. */
export const eventId = (event: number): string => `evt_${String(event).padStart(8, "0")}`;

/** Xorshift: the same seed gives the same deliveries and the same victims. */
function random(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 88_675_123) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** Runs the torture, and resolves when every delivery was acknowledged. */
export async function torture(options: Torture): Promise<Tally> {
  const { events, processes = 4, inFlight = 12, killEvery } = options;
  const below = random(options.seed);
  const queue = shuffled(
    Array.from({ length: events }, (_, event) => Array<number>(1 + below(5)).fill(event)).flat(),
    below,
  );
  const planned = queue.length;
  const answers: Record<string, number> = {};
  let [open, again, kills, untilKill] = [planned, 0, 0, killEvery];
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const receivers = Array.from({ length: processes }, () => new Receiver());
    const finish = (end: () => void): void => {
      for (const receiver of receivers) receiver.stop();
      end();
    };
    const feed = (receiver: Receiver): void => {
      while (receiver.onTheWay.size < inFlight && queue.length > 0) receiver.send(queue.pop() as number);
    };
    const answered = (receiver: Receiver, answer: Answer): void => {
      const event = receiver.onTheWay.get(answer.number);
      if (event === undefined) return;
      receiver.onTheWay.delete(answer.number);
      if ((untilKill -= 1) <= 0) {
        untilKill = below(2 * killEvery);
        // At some moment of the next ones, not of this one.
        setTimeout(() => {
          if (receivers[below(processes)]?.kill() === true) kills += 1;
        }, below(30));
      }
      if (answer.httpStatus >= 200 && answer.httpStatus < 300) {
        answers[answer.status] = (answers[answer.status] ?? 0) + 1;
        open -= 1;
        if (open === 0) return finish(resolve);
      } else if (answer.httpStatus >= 500) {
        again += 1;
        // Not at once: somebody else is at the event, or the database is busy.
        setTimeout(() => {
          queue.push(event);
          receivers.forEach(feed);
        }, 50 + below(200));
      } else {
        return finish(() => reject(new Error(`${answer.status} with ${answer.httpStatus} for ${eventId(event)}`)));
      }
      feed(receiver);
    };
    const start = (receiver: Receiver): void =>
      receiver.start(options, (answer) => answered(receiver, answer), (killed) => {
        if (!killed) return finish(() => reject(new Error("a receiver ended by itself")));
        // Nobody knows what became of these: they are delivered again, in any order.
        again += receiver.onTheWay.size;
        for (const event of receiver.onTheWay.values()) queue.splice(below(queue.length + 1), 0, event);
        receiver.onTheWay.clear();
        start(receiver);
        receivers.forEach(feed);
      });
    for (const receiver of receivers) {
      start(receiver);
      feed(receiver);
    }
  });
  return { planned, answers, again, kills, seconds: (performance.now() - started) / 1_000 };
}

function shuffled(list: number[], below: (bound: number) => number): number[] {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = below(index + 1);
    [list[index], list[other]] = [list[other] as number, list[index] as number];
  }
  return list;
}

let numbers = 0;

/** A process that receives. */
class Receiver {
  /** What was sent and not answered yet: the event by the number of its delivery. */
  readonly onTheWay = new Map<number, number>();
  #child: ChildProcess | undefined;
  #ready = false;
  #waiting: Parcel[] = [];
  #stopped = false;

  start({ receiver, node, env }: Torture, answered: (answer: Answer) => void, ended: (killed: boolean) => void): void {
    const child = fork(receiver, [], { execPath: node, execArgv: [], env: { ...process.env, ...env } });
    this.#child = child;
    this.#ready = false;
    this.#waiting = [];
    child.on("message", (message: Answer | "ready") => {
      if (message !== "ready") return answered(message);
      this.#ready = true;
      for (const parcel of this.#waiting.splice(0)) child.send(parcel, () => undefined);
    });
    child.once("exit", (_code, signal) => {
      if (!this.#stopped) ended(signal === "SIGKILL");
    });
  }

  send(event: number): void {
    numbers += 1;
    this.onTheWay.set(numbers, event);
    const parcel = { number: numbers, ...signed(event) };
    if (this.#ready) this.#child?.send(parcel, () => undefined);
    else this.#waiting.push(parcel);
  }

  /** Whether there was something to kill: one that has not begun would prove nothing. */
  kill(): boolean {
    return this.#ready && (this.#child?.kill("SIGKILL") ?? false);
  }

  stop(): void {
    this.#stopped = true;
    this.#child?.kill("SIGKILL");
  }
}

/** As Stripe signs, by other means than our own. */
function signed(event: number): Omit<Parcel, "number"> {
  const body = JSON.stringify({
    id: eventId(event),
    object: "event",
    type: "charge.succeeded",
    created: Math.floor(Date.now() / 1_000),
    data: { object: { id: `ch_${event}`, amount: 1_000 + event, currency: "eur", description: "Ein Pfund Kaffee, gemahlen ☕" } },
  }, null, 2);
  const seconds = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", SECRET).update(`${seconds}.${body}`).digest("hex");
  return { body, headers: { "stripe-signature": `t=${seconds},v1=${signature}` } };
}
