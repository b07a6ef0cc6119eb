/** The scene, kept in the address: reloading, going back and sending the link all tell the same story. */

import { useCallback, useEffect, useState } from "preact/hooks";

import { queryOf, sceneOf } from "../address.js";
import type { Scene } from "../scene.js";

export type ChangeScene = (change: Partial<Scene>) => void;

export function useScene(): readonly [scene: Scene, change: ChangeScene] {
  const [scene, setScene] = useState(() => sceneOf(location.search));
  const change = useCallback((part: Partial<Scene>) => setScene((before) => ({ ...before, ...part })), []);
  useEffect(() => {
    const query = `?${queryOf(scene)}`;
    // A page that was opened without a story keeps its short address until something is changed.
    if (query !== location.search && queryOf(sceneOf(location.search)) !== queryOf(scene)) history.replaceState(null, "", query + location.hash);
  }, [scene]);
  useEffect(() => {
    const read = (): void => setScene(sceneOf(location.search));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);
  return [scene, change];
}
