// Makes elements. Text is text: nothing here can become markup.

type Child = Node | string | undefined;

/** Attributes; true is one without a value, false none. */
type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Makes an HTML element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(name), attributes, children);
}

/** Makes an SVG element. */
export function svg(name: string, attributes: Attributes = {}, ...children: readonly Child[]): SVGElement {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** Sets the text of an element, if it is another. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((c) => c !== undefined));
  return element;
}

/** The drawings of icons, 20 by 20, in lines of 1.6, as the console's. */
const drawings = {
  peers: "M10 2.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4M4.8 12.3a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4M15.2 12.3a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4M9 7l-3.2 5.4M11 7l3.2 5.4M7.2 14.5h5.6",
  open: "M7.5 4.5h8v8M15 5 5 15",
  back: "M11.5 4.5 6 10l5.5 5.5",
  close: "m5 5 10 10M15 5 5 15",
  shield: "M10 2.8 4 5v4.4c0 3.6 2.4 6.2 6 7.8 3.6-1.6 6-4.2 6-7.8V5zM7.5 9.8l1.8 1.8 3.3-3.6",
  stop: "M6 6h8v8H6z",
  play: "M7 4.5 15 10l-8 5.5z",
  trash: "M4 5.5h12M8 5.5V3.7h4v1.8M5.5 5.5l.7 10.8h7.6l.7-10.8M8.5 8.5v5M11.5 8.5v5",
  warning: "M10 3.2 2.6 16.3h14.8zM10 8.3v3.6M10 14.2h.01",
} as const;

export type IconName = keyof typeof drawings;

/** An icon. It says nothing to assistive technology: the text beside it does. */
export function icon(name: IconName): SVGElement {
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" }, svg("path", { d: drawings[name] }));
}

/** Kith's mark. */
export function logo(): SVGElement {
  return svg(
    "svg",
    { class: "logo", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svg("path", { class: "stem", d: "M4 3.5a1.5 1.5 0 0 1 3 0v17a1.5 1.5 0 0 1-3 0z" }),
    svg("path", { class: "leaf", d: "M9.5 11.6A9.6 9.6 0 0 1 20 2a9.6 9.6 0 0 1-10.5 9.6zM9.5 12.4A9.6 9.6 0 0 1 20 22a9.6 9.6 0 0 1-10.5-9.6z" }),
  );
}
