/** Whether a part of the page was ever near the screen of somebody who does something: for nobody else it is worked. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

import { useActed } from "./use-acted.js";

export function useSeen<E extends Element>(): readonly [ref: RefObject<E | null>, seen: boolean] {
  const ref = useRef<E>(null);
  const acted = useActed();
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!acted || ref.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true);
      },
      { rootMargin: "200px" },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [acted]);
  return [ref, seen];
}
