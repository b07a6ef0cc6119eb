/** The whole page: what it is about, then one story after the other. */

import { useEffect, useState } from "preact/hooks";

import { queryOf } from "./address.js";
import { BooksSection } from "./books/books-section.js";
import { DaySection } from "./day/day-section.js";
import { FilesSection } from "./files/files-section.js";
import { HourSection } from "./order/hour-section.js";
import { OrderSection } from "./order/order-section.js";
import { FIRST_SCENE } from "./scene.js";
import { Footer } from "./shell/footer.js";
import { Masthead } from "./shell/masthead.js";
import { useScene } from "./shell/use-scene.js";
import { useSeen } from "./shell/use-seen.js";
import { useWork } from "./shell/use-work.js";
import { player } from "./shell/workers.js";
import { StormSection } from "./storm/storm-section.js";
import { WebhookSection } from "./webhook/webhook-section.js";

export function Page() {
  const [scene, change] = useScene();
  const painted = usePainted();
  const [hour, hourSeen] = useSeen<HTMLElement>();
  // What the orders placed by hand follow from, and what the day follows from.
  const placed = queryOf({ ...FIRST_SCENE, seed: scene.seed, orders: scene.orders, trust: scene.trust });
  const stories = useWork(painted ? placed : undefined, () => player().orders(scene));
  const day = useWork(painted && hourSeen ? queryOf({ ...scene, policy: FIRST_SCENE.policy }) : undefined, () => player().day(scene));
  return (
    <>
      <Masthead />
      <main>
        <OrderSection scene={scene} change={change} stories={stories} />
        <HourSection scene={scene} change={change} day={day} innerRef={hour} />
        <BooksSection day={day.value} />
        <DaySection scene={scene} change={change} day={day} />
        <WebhookSection />
        <FilesSection day={day.value} />
        <StormSection seed={scene.seed} policy={scene.policy} change={change} />
      </main>
      <Footer />
    </>
  );
}

/** Whether the first view has been painted: only then is anything heavy begun. */
function usePainted(): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    // The frame after the next one begins when the first was shown.
    const frame = requestAnimationFrame(() => requestAnimationFrame(() => setPainted(true)));
    return () => cancelAnimationFrame(frame);
  }, []);
  return painted;
}
