/** Whether the visitor did anything yet: until then the page fetches nothing beyond its first view. */

import { useEffect, useState } from "preact/hooks";

const ACTS = ["pointerdown", "keydown", "wheel", "scroll"] as const;

const begun = new Promise<void>((resolve) => {
  for (const act of ACTS) addEventListener(act, () => resolve(), { capture: true, once: true, passive: true });
});

export function useActed(): boolean {
  const [acted, setActed] = useState(false);
  useEffect(() => {
    let current = true;
    void begun.then(() => current && setActed(true));
    return () => {
      current = false;
    };
  }, []);
  return acted;
}
