/**
 * What a provider sees of 100,000 payments that were cut off at once (reference/payments.md 5.2 to 5.4): ours through the
 * real door into wasm, others by the functions of their published packages. In virtual time and from a seed: the figures
 * are counts, and the same on every machine.
 */

import { createGovernor } from "tillproof/payments";

import { CLIENTS, load } from "./storm/load.js";
import { alone, governed } from "./storm/outage.js";
import { OURS, POLICIES } from "./storm/policies.js";
import { seeded } from "./storm/virtual.js";
import { waves } from "./storm/waves.js";

const SEED = 20261121;
const CLIENTS_COUNT = Number(process.env.STORM_CLIENTS ?? 100_000);
/** What is served at a time: a hundredth of the clients, as in the reference. */
const PLACES = CLIENTS_COUNT / 100;
const DEADLINE_MS = 600_000;

const ours = (jitter) => OURS.find(({ name }) => name === `tillproof, ${jitter}`);

async function waveRows(goals) {
  const rows = [];
  const all = [...POLICIES, ...OURS, ...OURS.map((policy) => ({ ...policy, hintMs: 2_000 }))];
  for (const { name, hintMs, ...policy } of all) {
    seeded(SEED);
    const found = await waves(policy, { clients: CLIENTS_COUNT, hintMs });
    const figures = Object.fromEntries(found.map(({ in10ms, in200ms }, wave) => [`wave ${wave + 1}`, `${in10ms} / ${in200ms}`]));
    const title = hintMs === undefined ? name : `${name}, Retry-After: 2`;
    rows.push({ name: `storm, peak in 10 ms / 200 ms: ${title}`, figures });
    const share = (100 * found[0].in10ms) / CLIENTS_COUNT;
    if (title === "tillproof, decorrelated") goals.push(atMost("G5", "wave 1 by our default jitter, most in 10 ms, % of clients", 1.2, share));
    if (hintMs !== undefined) goals.push(atMost("G8", `told to wait 2 s, ${name}: most in 10 ms, % of clients`, 1.1, share));
  }
  return rows;
}

async function outageRows(goals) {
  const rows = [];
  const show = (name, seconds, found) => {
    const figures = {
      answered: `${(100 * found.answered).toFixed(1)} %`,
      "attempts per payment": found.attempts.toFixed(2),
      "peak in 10 ms": found.peakIn10ms,
      "in 200 ms after": found.peakIn200msAfter,
      p99: `${found.p99Seconds.toFixed(1)} s`,
    };
    rows.push({ name: `outage of ${seconds} s: ${name}`, figures });
    return found;
  };
  for (const seconds of [10, 300]) {
    const scene = { clients: CLIENTS_COUNT, outageMs: seconds * 1_000, places: PLACES, deadlineMs: DEADLINE_MS };
    for (const policy of [...POLICIES, ...OURS.slice(0, 3)]) {
      seeded(SEED);
      show(policy.name, seconds, await alone(policy, scene));
    }
    for (const processes of [CLIENTS_COUNT / 100, CLIENTS_COUNT / 1_000]) {
      seeded(SEED);
      const found = show(
        `tillproof governor, ${processes} processes`,
        seconds,
        await governed(ours("decorrelated"), { ...scene, processes }, () => createGovernor({})),
      );
      if (seconds !== 300) continue;
      const per100000 = (found.peakIn10ms * 100_000) / CLIENTS_COUNT;
      goals.push(atMost("G6", `attempts per payment, 300 s, ${processes} processes`, 1.3, found.attempts));
      goals.push(atMost("G5", `most in 10 ms of 100,000, 300 s, ${processes} processes`, 300, per100000));
      goals.push({ number: "G6", name: `answered, 300 s, ${processes} processes`, gate: 1, measured: found.answered });
    }
  }
  return rows;
}

async function loadRows(goals) {
  const rows = [];
  for (const [name, make] of Object.entries(CLIENTS)) {
    const figures = {};
    for (const failing of [0.1, 0.5, 1]) {
      seeded(SEED);
      const found = await load(make, failing);
      figures[`f = ${failing}`] = found.toFixed(2);
      if (failing === 1 && name.startsWith("tillproof")) goals.push(atMost("G7", `attempts per request at total failure, ${name}`, 1.1, found));
    }
    rows.push({ name: `load, attempts per fresh request: ${name}`, figures });
  }
  return rows;
}

function atMost(number, name, gate, measured) {
  return { number, name, gate, measured, atMost: true };
}

/** Runs everything; `rows` are for the screen and the file, `goals` are those of payments.md. */
export async function run() {
  const goals = [];
  const rows = [...(await waveRows(goals)), ...(await loadRows(goals)), ...(await outageRows(goals))];
  return { rows, goals };
}
