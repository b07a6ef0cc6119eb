import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { hostileProvider, type HostileProvider } from "../js/hostile-provider.js";
import { TIMEOUT_MS } from "./create-fetch-process.js";
import { server } from "./servers.js";

const PROGRAM = fileURLToPath(new URL("create-fetch-process.mjs", import.meta.url));

const STORES: Record<string, (folder: string) => string> = {
  sqlite: (folder) => join(folder, "shop.db"),
  postgres: () => `create_fetch_${process.pid}`,
};

function started(kind: string, place: string, provider: HostileProvider, what: "pay" | "sweep", aheadMs = 0) {
  return spawn(server("MODERN_NODE"), [PROGRAM, kind, place, String(provider.port), what, String(aheadMs)], { stdio: ["ignore", "pipe", "inherit"] });
}

/** What a process that comes after the lease of the first one prints until it ends by itself. */
async function printed(kind: string, place: string, provider: HostileProvider, what: "pay" | "sweep"): Promise<string> {
  const child = started(kind, place, provider, what, 2 * TIMEOUT_MS);
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  assert.equal(status, 0, output);
  return output.trim();
}

for (const [kind, placeIn] of Object.entries(STORES)) {
  for (const [who, before] of [["the same purchase is made again", undefined], ["another process sweeps", "sweep"]] as const) {
    test(`${kind}: a process is killed between send and answer, ${who}, and there is one charge`, async () => {
      const folder = mkdtempSync(join(tmpdir(), "tillproof-create-fetch-"));
      const place = `${placeIn(folder)}${before ?? ""}`;
      const provider = await hostileProvider({ behaviour: "no answer", times: 1 });
      try {
        const victim = started(kind, place, provider, "pay");
        await provider.arrived(1);
        victim.kill("SIGKILL");
        const [, signal] = (await once(victim, "exit")) as [number | null, string | null];
        assert.equal(signal, "SIGKILL");

        if (before !== undefined) assert.equal(await printed(kind, place, provider, before), "swept");
        const found = await printed(kind, place, provider, "pay");
        assert.equal(found, "pi_1");
        assert.equal(await printed(kind, place, provider, "pay"), found, "a third process gets the stored answer");
        assert.equal(provider.charges.length, 1);
        assert.equal(provider.keys.size, 1, "the key is the same in every process");
        assert.equal(provider.arrivals.length, 1, "by the victim: whoever came after asked first, and found the charge");
      } finally {
        await provider.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
}
