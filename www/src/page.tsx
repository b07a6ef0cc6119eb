/** The whole page: what it is about, then one story after the other. */

import { useEffect, useState } from "preact/hooks";
import firstStory from "virtual:first-story";

import { queryOf } from "./address.js";
import { Below } from "./below.js";
import { OrderSection } from "./order/order-section.js";
import { FIRST_SCENE, type Scene } from "./scene.js";
import { Footer } from "./shell/footer.js";
import { Masthead } from "./shell/masthead.js";
import { useActed } from "./shell/use-acted.js";
import { useScene } from "./shell/use-scene.js";
import { useWork } from "./shell/use-work.js";
import { player } from "./shell/workers.js";

/** What the orders placed by hand follow from. */
const placedIn = ({ seed, orders, trust }: Scene): string => queryOf({ ...FIRST_SCENE, seed, orders, trust });

const FIRST_PLACED = placedIn(FIRST_SCENE);

export function Page() {
  const [scene, change] = useScene();
  const painted = usePainted();
  const acted = useActed();
  const placed = placedIn(scene);
  // The first story is there as a recording. A link to another one is the wish to see it.
  const stories = useWork(painted && (acted || placed !== FIRST_PLACED) ? placed : undefined, () => player().orders(scene), placed === FIRST_PLACED ? firstStory : undefined);
  return (
    <>
      <Masthead first={firstStory} />
      <main>
        <OrderSection scene={scene} change={change} stories={stories} />
        {painted && <Below scene={scene} change={change} />}
      </main>
      {painted && <Footer />}
    </>
  );
}

/** Whether the first view has been painted: only then is anything else begun. */
function usePainted(): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    // The frame after the next one begins when the first was shown.
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => setPainted(true)));
    return () => cancelAnimationFrame(frame);
  }, []);
  return painted;
}
