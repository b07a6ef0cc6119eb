/** The flag `--scheme`, which several commands have. */

import { schemes } from "../webhooks/index.js";
import { expected } from "./meant.js";
import { shown, UsageError } from "./usage.js";

/** The library says where its list is; on a command line the list itself helps. */
export function schemeNamed(name: string): string {
  const names = schemes().map((each) => each.name);
  if (names.includes(name)) return name;
  throw new UsageError(`--scheme ${shown(name)}: no such scheme; ${expected(name, names)}`);
}
