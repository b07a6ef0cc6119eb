/** One part of the page: a heading that can be linked to, what it is about, and the thing itself. */

import type { ComponentChildren, RefObject } from "preact";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly lead: ComponentChildren;
  readonly children: ComponentChildren;
  readonly innerRef?: RefObject<HTMLElement | null>;
}

export function Section({ id, title, lead, children, innerRef }: Props) {
  return (
    <section id={id} class="section" aria-labelledby={`${id}-title`} ref={innerRef ?? null}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p class="lead">{lead}</p>
      {children}
    </section>
  );
}
