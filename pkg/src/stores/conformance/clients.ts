/**
 * The promises between several clients of one database: the processes of a merchant, or the tabs of a browser. Stores
 * that share a connection, a lock or a memory prove nothing here: each must be what another process would have.
 */

import type { Store } from "../store.js";
import { increment, type Promises, same, write } from "./check.js";

/** Races for different records, so that a store that is merely lucky is found out. */
const RACES = 25;

/** What the clients of one database promise each other. */
export const OF_CLIENTS: Promises<readonly Store[]> = {
  "what one client committed every other reads at once": async (clients) => {
    for (const [index, client] of clients.entries()) {
      same(await client.commit([write("seen", index, String(index), index)]), true, `the commit of client ${index}`);
      for (const other of clients) {
        same((await other.get("seen"))?.value, String(index), "the record");
        same((await other.scan("seen", null, 1))[0]?.version, index + 1, "its version in a scan");
        same((await other.due("seen", index, 1)).length, 1, "how often it is due");
      }
    }
  },

  "of clients that race for one record exactly one wins, and only what he wrote beside is there": async (clients) => {
    for (let race = 0; race < RACES; race += 1) {
      const answers = await Promise.all(
        clients.map((client, index) => client.commit([write(`r/${race}`, 0, String(index)), write(`effect/${race}/${index}`, 0)])),
      );
      same(answers.filter(Boolean).length, 1, "winners");
      const winner = answers.indexOf(true);
      for (const client of clients) {
        same((await client.get(`r/${race}`))?.value, String(winner), "the value of the winner");
        same((await client.scan(`effect/${race}/`, null, 10)).map(({ key }) => key), [`effect/${race}/${winner}`], "effects");
      }
    }
  },

  "of clients that read, add and write again, none loses what another wrote": async (clients) => {
    await Promise.all(clients.map(async (client) => {
      for (let count = 0; count < 10; count += 1) await increment(client, "sum");
    }));
    same((await clients[0]?.get("sum"))?.value, String(10 * clients.length), "the sum");
  },

  "clients that want the same records in opposite order all end": async (clients) => {
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(clients.map((client, index) => {
        const pair = [write("o/left", round), write("o/right", round)];
        return client.commit(index % 2 === 0 ? pair : pair.reverse());
      }));
      same(answers.filter(Boolean).length, 1, `winners of round ${round}`);
    }
  },
};
