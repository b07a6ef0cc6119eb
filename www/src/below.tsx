/** What stands below the first story, put up after that was painted: a slow phone has something to read meanwhile. */

import { useEffect } from "preact/hooks";

import { queryOf } from "./address.js";
import { BooksSection } from "./books/books-section.js";
import { DaySection } from "./day/day-section.js";
import { FilesSection } from "./files/files-section.js";
import { HourSection } from "./order/hour-section.js";
import { FIRST_SCENE, type Scene } from "./scene.js";
import type { ChangeScene } from "./shell/use-scene.js";
import { useSeen } from "./shell/use-seen.js";
import { useWork } from "./shell/use-work.js";
import { player } from "./shell/workers.js";
import { StormSection } from "./storm/storm-section.js";
import { WebhookSection } from "./webhook/webhook-section.js";

interface Props {
  readonly scene: Scene;
  readonly change: ChangeScene;
}

export function Below({ scene, change }: Props) {
  const [busy, busySeen] = useSeen<HTMLDivElement>();
  // What the day follows from.
  const day = useWork(busySeen ? queryOf({ ...scene, policy: FIRST_SCENE.policy }) : undefined, () => player().day(scene));
  useEffect(() => {
    // The browser looked for the part that the address names before it was there.
    if (location.hash !== "") document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, []);
  return (
    <>
      {/* One run serves all of these, whichever of them somebody jumps to. */}
      <div ref={busy}>
        <HourSection scene={scene} change={change} day={day} />
        <BooksSection day={day.value} />
        <DaySection scene={scene} change={change} day={day} />
        <WebhookSection />
        <FilesSection day={day.value} />
      </div>
      <StormSection seed={scene.seed} policy={scene.policy} change={change} />
    </>
  );
}
