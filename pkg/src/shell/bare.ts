/**
 * The glue of an artefact that needs none: its functions take and return numbers, and it asks nothing of JavaScript.
 *
 * Invariant: what is called is an export of the instance that runs. The build makes sure that there are no imports.
 */

import type { Glue } from "./instance.js";

/** A glue with the exports of the instance in it, once it is started. */
export function bareGlue<E extends Glue>(): E {
  let module: WebAssembly.Module | undefined;
  const glue = {
    initSync(given: { module: WebAssembly.Module | undefined }): unknown {
      if (given.module !== undefined) {
        module = given.module;
        glue.__wbg_reset_state();
      }
      return glue;
    },
    __wbg_reset_state(): void {
      Object.assign(glue, new WebAssembly.Instance(module as WebAssembly.Module).exports);
    },
  };
  return glue as unknown as E;
}
