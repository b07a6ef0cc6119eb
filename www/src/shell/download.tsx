/** A link to a file that was made in this page. */

interface Props {
  readonly name: string;
  readonly type: string;
  readonly text: string | undefined;
}

export function Download({ name, type, text }: Props) {
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([text ?? ""], { type }));
    const link = Object.assign(document.createElement("a"), { href: url, download: name });
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" class="link" onClick={save} disabled={text === undefined}>
      Save {name}
    </button>
  );
}
