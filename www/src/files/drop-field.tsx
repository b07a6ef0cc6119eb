/** A place for files: dropped on it, or chosen. */

import { useState } from "preact/hooks";

import type { Dropped } from "../desk/desk.worker.js";

interface Props {
  readonly name: string;
  readonly title: string;
  readonly files: readonly Dropped[];
  readonly change: (files: readonly Dropped[]) => void;
}

export function DropField({ name, title, files, change }: Props) {
  const [over, setOver] = useState(false);
  const take = async (list: FileList | null | undefined): Promise<void> => {
    const taken = [...(list ?? [])].map(async (file) => ({ name: file.name, data: new Uint8Array(await file.arrayBuffer()) }));
    if (taken.length > 0) change(await Promise.all(taken));
  };
  return (
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
        void take(event.dataTransfer?.files);
      }}
    >
      <span class="title">{title}</span>
      <span class="names">{files.length === 0 ? "Drop a CSV file here, or choose one" : files.map((file) => file.name).join(", ")}</span>
      <input type="file" name={name} accept=".csv,text/csv" multiple onChange={(event) => void take(event.currentTarget.files)} />
    </label>
  );
}
