/**
 * The simulator beside its peers, as the official Stripe client sees them.
 *
 * Over loopback: from start to the first answer, one request after another, and sixteen at a time; beside a server that gives
 * one fixed answer, which is the ceiling of this client on this machine. In process: beside an `httpClient` and a `fetch` with
 * one fixed answer. Then many payments in one gateway, in a process of its own: whether it stays as fast, and what a payment
 * takes.
 *
 * All contenders run at the same time and take turns of about one length, however many payments fit into it, and a share is
 * the median of the shares of the rounds.
 *
 * A peer that cannot be installed here is told as such. `localstripe` comes by pip, everything else is in package.json.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import Stripe from "stripe";
import { createGateway } from "tillproof/simulator";

const LOCALSTRIPE = "1.15.10";
const STARTS = 5;
const LOOPBACK_ROUNDS = 15;
/** How long a contender's turn is meant to take, one request after another and as long again at once. */
const TURN_MS = Number(process.env.SIMULATOR_BENCH_TURN_MS ?? 400);
const AT_A_TIME = 16;
/** Payments of a turn, of two requests each. At once there are never fewer than workers, or they would not be at once. */
const PAIRS_MIN = 3;
const PAIRS_MAX = 1_000;
/** So many calls in a row: the counter of a thread may tick in steps of four milliseconds. */
const SLICE = 1_000;
const IN_PROCESS_ROUNDS = 31;
/** Payments before anything is measured: wasm is compiled a second time, and better, while it runs. */
const WARM_UP_PAIRS = 1_000;
/** How many payments one gateway takes to show that it stays flat, and how many of two requests each. */
const MANY = Number(process.env.SIMULATOR_BENCH_PAYMENTS ?? 200_000);
const MANY_OF_TWO = MANY / 4;

const CONFIG = { maxNetworkRetries: 0, telemetry: false };
const KEY = "sk_test_tillproof";
const ORDER = { amount: 1_999, currency: "usd" };
const NODE_24 = join(import.meta.dirname, "node_modules/node24/bin/node");
const bin = (name) => join(import.meta.dirname, "node_modules/.bin", name);

/** CPU time of this thread alone, where Node tells it: wasm is compiled and garbage collected by others. */
function cpuUs(before) {
  const { user, system } = process.threadCpuUsage?.(before) ?? process.cpuUsage(before);
  return before === undefined ? { user, system } : user + system;
}

/** A fixed answer: a payment intent as this simulator gives it. */
async function fixedAnswer() {
  const gateway = createGateway({ dialect: "stripe" });
  const stripe = new Stripe(KEY, { ...CONFIG, httpClient: gateway.httpClient });
  return JSON.stringify(await stripe.paymentIntents.create({ ...ORDER, payment_method: "pm_card_visa" }));
}

/** The program of localstripe, in an environment of its own; `null` where pip cannot have it. */
function localstripe() {
  const folder = join(import.meta.dirname, "localstripe");
  const program = join(folder, "bin/localstripe");
  if (existsSync(program)) return program;
  if (spawnSync("python3", ["-m", "venv", folder]).status !== 0) return null;
  const pip = spawnSync(join(folder, "bin/pip"), ["install", "--quiet", `localstripe==${LOCALSTRIPE}`, "setuptools"]);
  return pip.status === 0 && existsSync(program) ? program : null;
}

/** How each peer is started on a port, and how a payment is taken there. */
function peers(answer) {
  const confirmed = { ...ORDER, payment_method: "pm_card_visa" };
  const python = localstripe();
  return [
    {
      name: "tillproof",
      start: (port) => spawn(process.execPath, [bin("tillproof"), "simulate", "--dialect", "stripe", "--port", String(port)], { stdio: "ignore" }),
      order: { ...confirmed, automatic_payment_methods: { enabled: true, allow_redirects: "never" } },
    },
    {
      name: "emulate 0.12.2",
      // It needs a newer Node than the rest of the benches.
      start: existsSync(bin("emulate")) && existsSync(NODE_24)
        ? (port) => spawn(NODE_24, [bin("emulate"), "start", "--service", "stripe", "--port", String(port)], { stdio: "ignore" })
        : null,
      order: confirmed,
    },
    {
      name: `localstripe ${LOCALSTRIPE}`,
      start: python && ((port) => spawn(python, ["--port", String(port), "--from-scratch"], { stdio: "ignore", cwd: import.meta.dirname })),
      order: confirmed,
    },
    {
      name: "fixed answer",
      start: (port) => spawn(process.execPath, ["-e", FIXED_SERVER, String(port), answer], { stdio: "ignore" }),
      order: confirmed,
    },
  ];
}

const FIXED_SERVER = `
  const [port, answer] = process.argv.slice(1);
  require("node:http").createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json", "request-id": "req_1", "content-length": Buffer.byteLength(answer) });
      response.end(answer);
    });
  }).listen(Number(port), "127.0.0.1");
`;

/** A port nobody uses at this moment. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a peer and waits until it answers anything; gives the milliseconds that took. */
async function started(peer) {
  const port = await freePort();
  const began = performance.now();
  const child = peer.start(port);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const end = () => (child.kill("SIGTERM"), ended);
  while (performance.now() - began < 20_000 && child.exitCode === null) {
    const answered = await fetch(`http://127.0.0.1:${port}/v1/customers`, { headers: { authorization: `Bearer ${KEY}` } }).then(
      (response) => response.text().then(() => true),
      () => false,
    );
    if (answered) return { port, ms: performance.now() - began, end };
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await end();
  return null;
}

async function pay(stripe, order) {
  const { id } = await stripe.paymentIntents.create(order);
  await stripe.paymentIntents.confirm(id);
}

async function payAtOnce(stripe, order, pairs) {
  let left = pairs;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await pay(stripe, order);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** How many payments fit into a turn. */
async function fittingPairs(stripe, order) {
  const began = performance.now();
  for (let pair = 0; pair < PAIRS_MIN; pair += 1) await pay(stripe, order);
  const each = (performance.now() - began) / PAIRS_MIN;
  return Math.round(Math.min(Math.max(TURN_MS / each, PAIRS_MIN), PAIRS_MAX));
}

/** Microseconds of a request, one after another and sixteen at a time, of each round; what fails is told by its message. */
async function overLoopback(peers) {
  const running = new Map();
  const failed = {};
  for (const peer of peers) {
    const server = await started(peer);
    if (server === null) {
      failed[peer.name] = "does not start here";
      continue;
    }
    const stripe = new Stripe(KEY, { ...CONFIG, host: "127.0.0.1", port: server.port, protocol: "http" });
    try {
      // Not the slow ones, whose books some keep in memory and search from end to end.
      const began = performance.now();
      for (let pair = 0; pair < WARM_UP_PAIRS && performance.now() - began < 3_000; pair += 1) await pay(stripe, peer.order);
      const pairs = await fittingPairs(stripe, peer.order);
      running.set(peer.name, { server, stripe, order: peer.order, pairs, sequential: [], concurrent: [] });
    } catch (error) {
      failed[peer.name] = `fails: ${String(error?.message ?? error)}`;
      await server.end();
    }
  }
  const names = [...running.keys()];
  for (let round = 0; round < LOOPBACK_ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const { stripe, order, pairs, sequential, concurrent } = running.get(names[(turn + round) % names.length]);
      let began = performance.now();
      for (let pair = 0; pair < pairs; pair += 1) await pay(stripe, order);
      sequential.push(((performance.now() - began) * 1_000) / (2 * pairs));
      const pairsAtOnce = Math.max(pairs, AT_A_TIME);
      began = performance.now();
      await payAtOnce(stripe, order, pairsAtOnce);
      concurrent.push(((performance.now() - began) * 1_000) / (2 * pairsAtOnce));
    }
  }
  for (const { server } of running.values()) await server.end();
  return { running, failed };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** How often theirs fits into ours: the median of the rounds. */
const share = (theirs, ours) => median(ours.map((us, round) => theirs[round] / us));

/** CPU microseconds of one call, all contenders in turns. */
async function inProcess(answer) {
  const gateway = createGateway({ dialect: "stripe" });
  const parsedAnew = {
    getClientName: () => "fixed",
    makeRequest: async () => ({
      getStatusCode: () => 200,
      getHeaders: () => ({ "request-id": "req_1" }),
      getRawResponse: () => ({}),
      toStream: () => null,
      toJSON: async () => JSON.parse(answer),
    }),
  };
  const headers = { "content-type": "application/json", "request-id": "req_1" };
  const fixedFetch = async () => new Response(answer, { status: 200, headers });
  const clients = {
    "fixed httpClient": new Stripe(KEY, { ...CONFIG, httpClient: parsedAnew }),
    "gateway.httpClient": new Stripe(KEY, { ...CONFIG, httpClient: gateway.httpClient }),
    "fixed fetch": new Stripe(KEY, { ...CONFIG, httpClient: Stripe.createFetchHttpClient(fixedFetch) }),
    "gateway.fetch": new Stripe(KEY, { ...CONFIG, httpClient: Stripe.createFetchHttpClient(gateway.fetch) }),
  };
  const order = { ...ORDER, payment_method: "pm_card_visa", automatic_payment_methods: { enabled: true, allow_redirects: "never" } };
  const names = Object.keys(clients);
  const took = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) for (let pair = 0; pair < 4 * WARM_UP_PAIRS; pair += 1) await pay(clients[name], order);
  for (let round = 0; round < IN_PROCESS_ROUNDS; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      const before = cpuUs();
      for (let pair = 0; pair < SLICE / 2; pair += 1) await pay(clients[name], order);
      took[name].push(cpuUs(before) / SLICE);
    }
  }
  await gateway.close();
  return { us: Object.fromEntries(names.map((name) => [name, median(took[name])])), took };
}

/** Bytes of a payment, and microseconds of one by quarter, in a gateway that is alone in its process. */
function many(how, payments) {
  const script = join(import.meta.dirname, "simulator-memory.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, how, String(payments)], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

export async function run() {
  const answer = await fixedAnswer();
  const rows = [];
  const starts = {};
  const contenders = [];
  for (const peer of peers(answer)) {
    if (peer.start === null) {
      rows.push({ name: `${peer.name}: cannot be installed here`, us: {} });
      continue;
    }
    contenders.push(peer);
    const times = [];
    for (let start = 0; start < STARTS; start += 1) {
      const server = await started(peer);
      if (server === null) break;
      times.push(server.ms);
      await server.end();
    }
    if (times.length === STARTS) starts[peer.name] = median(times) * 1_000;
  }
  rows.push({ name: "start to first answer", us: starts });
  const { running, failed } = await overLoopback(contenders);
  for (const [name, problem] of Object.entries(failed)) rows.push({ name: `${name}: ${problem}`, us: {} });
  const each = (kind) => Object.fromEntries([...running].map(([name, found]) => [name, median(found[kind])]));
  rows.push({ name: "a request over loopback, one after another", us: each("sequential") });
  rows.push({ name: `a request over loopback, ${AT_A_TIME} at a time`, us: each("concurrent") });
  const { us, took } = await inProcess(answer);
  rows.push({ name: "a request in process", us });
  const { quarters, bytes } = many("one", MANY);
  rows.push({ name: `a payment among ${MANY}, by quarter`, us: Object.fromEntries(quarters.map((time, at) => [`quarter ${at + 1}`, time])) });
  const { bytes: ofTwo } = many("two", MANY_OF_TWO);
  rows.push({ name: "bytes of a payment, not microseconds", us: { "in one request": bytes, "in two": ofTwo } });
  const ours = running.get("tillproof");
  const beside = (name, kind) => share(running.get(name)[kind], ours[kind]);
  const peersBeside = ["emulate 0.12.2", `localstripe ${LOCALSTRIPE}`].filter((name) => running.has(name));
  return {
    rows,
    goals: [
      { number: 5, name: "in process, share of the speed of a fixed httpClient", gate: 0.6, stretch: 0.7, measured: share(took["fixed httpClient"], took["gateway.httpClient"]) },
      { number: 5, name: "in process, share of the speed of a fixed fetch", gate: 0.6, stretch: 0.7, measured: share(took["fixed fetch"], took["gateway.fetch"]) },
      { number: 5, name: "over loopback, share of the speed of a fixed answer", gate: 0.8, stretch: 0.9, measured: beside("fixed answer", "sequential") },
      { number: 5, name: `over loopback at ${AT_A_TIME}, share of the speed of a fixed answer`, gate: 0.8, stretch: 0.9, measured: beside("fixed answer", "concurrent") },
      ...peersBeside.flatMap((name) => ["sequential", "concurrent"].map((kind) => (
        { number: 5, name: `over loopback, ${kind}, times ${name}`, gate: 1, stretch: 2, measured: beside(name, kind) }
      ))),
      { number: 5, name: "start to first answer, ms", gate: 200, stretch: 150, measured: starts.tillproof / 1_000, atMost: true },
      { number: 5, name: "last quarter, share of the time of the first", gate: 1.25, stretch: 1.1, measured: quarters[3] / quarters[0], atMost: true },
      { number: 5, name: "bytes a payment of one request", gate: 3_072, stretch: 2_560, measured: bytes, atMost: true },
      { number: 5, name: "bytes a payment of two requests", gate: 3_072, stretch: 2_560, measured: ofTwo, atMost: true },
    ],
  };
}
