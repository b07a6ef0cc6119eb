/** A place for the files of one side: dropped on it, or chosen. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import type { Dropped, Side } from "./reading.js";

interface Props {
  readonly side: Side;
  readonly title: string;
  readonly hint: string;
  readonly take: (files: readonly Dropped[]) => void;
  readonly refuse: (message: string) => void;
  readonly children: ComponentChildren;
}

export function DropField({ side, title, hint, take, refuse, children }: Props) {
  const [over, setOver] = useState(false);
  const open = async (list: Iterable<File>): Promise<void> => {
    const files = [...list];
    if (files.length === 0) return;
    try {
      take(await Promise.all(files.map(opened)));
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="side">
      <label
        class="drop"
        data-over={over}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void open(event.dataTransfer?.files ?? []);
        }}
      >
        <span class="title">{title}</span>
        <span class="names">{hint}</span>
        <input
          type="file"
          name={side}
          multiple
          onChange={async (event) => {
            const field = event.currentTarget;
            await open(field.files ?? []);
            // The same file may be chosen once more after it was changed.
            field.value = "";
          }}
        />
      </label>
      {children}
    </div>
  );
}

/** The bytes of a file. Exports of a month often come as gzip, which only a stream of the browser can undo. */
async function opened(file: File): Promise<Dropped> {
  const data = new Uint8Array(await file.arrayBuffer());
  if (data[0] !== 0x1f || data[1] !== 0x8b) return { name: file.name, data };
  try {
    const plain = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
    return { name: file.name.replace(/\.gz$/, ""), data: new Uint8Array(await new Response(plain).arrayBuffer()) };
  } catch {
    throw new Error(`${file.name} begins as gzip and cannot be decompressed: fetch it again`);
  }
}
