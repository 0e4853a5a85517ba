import type { ComponentChildren } from "preact";
import { go } from "../route";

/** A link within the page: the browser's own manners (new tab, middle click) are kept. */
export function Link(props: { to: string; class?: string; current?: boolean; children: ComponentChildren }) {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(props.to);
  };
  return (
    <a href={props.to} class={props.class} aria-current={props.current ? "page" : undefined} onClick={follow}>
      {props.children}
    </a>
  );
}
