/** The first scene, for who builds the page: what it comes to, and the part of the page that shows it. */

import { renderToString } from "preact-render-to-string";

import { OrderSection } from "./order/order-section.js";
import { playOrders } from "./play/orders.js";
import type { Stories } from "./play/step.js";
import { FIRST_SCENE } from "./scene.js";
import { Masthead } from "./shell/masthead.js";

export { ARTEFACTS } from "./play/artefacts.js";

/** Without the time it took, which no two builds would agree on. */
export async function playFirst(): Promise<Stories> {
  return { ...(await playOrders(FIRST_SCENE)), tookMs: undefined };
}

/** What can be read before a script has run. */
export function firstView(stories: Stories): string {
  return renderToString(
    <>
      <Masthead first={stories} />
      <main>
        <OrderSection scene={FIRST_SCENE} change={() => undefined} stories={{ value: stories, busy: false, error: undefined }} />
      </main>
    </>,
  );
}
