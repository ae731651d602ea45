import { svg, html, type TemplateResult } from "lit";
import { hash } from "./hash.ts";

/** The logo: a K that is a stem with two leaves. */
export function logo(): TemplateResult {
  return html`<svg class="logo" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path class="stem" d="M4 3.5a1.5 1.5 0 0 1 3 0v17a1.5 1.5 0 0 1-3 0z" />
    <path class="leaf" d="M9.5 11.6A9.6 9.6 0 0 1 20 2a9.6 9.6 0 0 1-10.5 9.6z" />
    <path class="leaf" d="M9.5 12.4A9.6 9.6 0 0 1 20 22a9.6 9.6 0 0 1-10.5-9.6z" />
  </svg>`;
}

const shapes = [
  "M0 0A10 10 0 0 1 10 10A10 10 0 0 1 0 0z", // leaf, falling
  "M10 0A10 10 0 0 0 0 10A10 10 0 0 0 10 0z", // leaf, rising
  "M0 0H10A10 10 0 0 1 0 10z", // quarters, by their corner
  "M10 0V10A10 10 0 0 1 0 0z",
  "M10 10H0A10 10 0 0 1 10 0z",
  "M0 10V0A10 10 0 0 1 10 10z",
  "M5 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z", // dot
];

/** How many colours style/marks.css has. */
export const hues = 8;

/** The mark of a site: four shapes and a colour made of its label, so that a person knows it again. */
export function mark(label: string): TemplateResult {
  let h = hash(label);
  const hue = h % hues;
  h = hash(`${label}/shapes`);
  const cells = [
    [0, 0],
    [10, 0],
    [0, 10],
    [10, 10],
  ].map(([x = 0, y = 0], i) => {
    const shape = shapes[(h >>> (i * 6)) % shapes.length] ?? "";
    return svg`<path class=${(h >>> (i + 24)) % 3 === 0 ? "second" : "first"} transform="translate(${x} ${y})" d=${shape} />`;
  });
  return html`<svg class="mark hue-${hue}" viewBox="-5 -5 30 30" aria-hidden="true" focusable="false">
    <rect class="ground" x="-5" y="-5" width="30" height="30" rx="7" />${cells}</svg>`;
}
