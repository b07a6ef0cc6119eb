/** How a gateway begins: from its options, or from where another one was. */

import { TillproofError } from "../shell/errors.js";
import { bytes, refusal, timeMs } from "../shell/guard.js";
import { decode, encode } from "../shell/wire.js";
import { Clock, VIRTUAL_START_MS, type ClockKind } from "./clock.js";
import { Engine } from "./engine.js";
import type { GatewayOptions } from "./options.js";

/** The version of the bytes {@link Gateway.snapshot} returns; the engine's part has a version of its own. */
const SNAPSHOT_VERSION = 1;

interface SnapshotDocument {
  readonly version: number;
  readonly clock: ClockKind;
  readonly clock_ms: number;
  readonly engine: string;
}

/** The engine and the clock a gateway begins with. */
export function beginning(options: GatewayOptions): { engine: Engine; clock: Clock } {
  return options.snapshot === undefined ? fresh(options) : restored(options, options.snapshot);
}

/** What {@link beginning} goes on from. */
export function snapshotOf(engine: Engine, clock: Clock): Uint8Array {
  const document: SnapshotDocument = {
    version: SNAPSHOT_VERSION,
    clock: clock.kind,
    clock_ms: clock.state,
    engine: engine.snapshot(),
  };
  return encode(document);
}

function fresh(options: GatewayOptions): { engine: Engine; clock: Clock } {
  const kind = clockKind(options.clock ?? "virtual");
  const start = timeMs("now", options.now ?? VIRTUAL_START_MS);
  const { seed = 0, dialect = "native", faults = "none", paymentsMax = null, webhookSchedule = "live" } = options;
  const engine = Engine.create({ seed, dialect, faults, paymentsMax, webhookSchedule });
  return { engine, clock: new Clock(kind, kind === "virtual" ? start : 0) };
}

function restored(options: GatewayOptions, snapshot: Uint8Array): { engine: Engine; clock: Clock } {
  const document = snapshotDocument(bytes("snapshot", snapshot));
  const kind = clockKind(options.clock ?? document.clock);
  if (kind !== document.clock) {
    throw new TillproofError({
      code: "snapshot_clock_differs",
      message: `the snapshot was taken with a ${document.clock} clock and cannot go on with a ${kind} one`,
      details: { expected: document.clock, found: kind },
    });
  }
  return { engine: Engine.restore(document.engine), clock: new Clock(kind, document.clock_ms) };
}

function snapshotDocument(snapshot: Uint8Array): SnapshotDocument {
  let document: Partial<SnapshotDocument> | null;
  try {
    document = decode(snapshot) as Partial<SnapshotDocument> | null;
  } catch {
    document = null;
  }
  const { version, clock, clock_ms, engine } = document ?? {};
  if (version === SNAPSHOT_VERSION && typeof clock_ms === "number" && typeof engine === "string") {
    return { version, clock: clockKind(clock), clock_ms, engine };
  }
  throw new TillproofError({
    code: "snapshot_damaged",
    message: `the snapshot cannot be read: expected what snapshot() returned, version ${SNAPSHOT_VERSION}`,
  });
}

function clockKind(kind: unknown): ClockKind {
  if (kind === "virtual" || kind === "real") return kind;
  throw refusal("clock_unknown", "clock", kind, 'is no clock: expected "virtual" or "real"');
}
