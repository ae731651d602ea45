import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

/** The console's icons: 20 by 20, drawn in lines of 1.6. */
const drawings = {
  open: svg`<path d="M7.5 4.5h8v8M15 5 5 15" />`,
  compass: svg`<circle cx="10" cy="10" r="7.2" /><path d="m12.8 7.2-1.7 3.9-3.9 1.7 1.7-3.9z" />`,
  publish: svg`<path d="M10 13V3.5M6 7l4-3.7L14 7M3.5 12.5v2.8c0 .7.5 1.2 1.2 1.2h10.6c.7 0 1.2-.5 1.2-1.2v-2.8" />`,
  apps: svg`<rect x="3.2" y="3.2" width="5.6" height="5.6" rx="1.4" /><rect x="11.2" y="3.2" width="5.6" height="5.6" rx="1.4" /><rect x="3.2" y="11.2" width="5.6" height="5.6" rx="1.4" /><path d="M14 11.2v5.6M11.2 14h5.6" />`,
  sites: svg`<rect x="3" y="3.5" width="14" height="5" rx="1.4" /><rect x="3" y="11.5" width="14" height="5" rx="1.4" /><path d="M6 6h.01M6 14h.01" />`,
  node: svg`<path d="M2.5 10.5h3.2l2-6 4.2 11 2.1-5h3.5" />`,
  pin: svg`<path d="M10 12.5V17M6.2 12.5h7.6c0-2-1.3-2.6-1.6-4.2l-.2-3.8h.7V3H7.3v1.5H8l-.2 3.8c-.3 1.6-1.6 2.2-1.6 4.2z" />`,
  trash: svg`<path d="M4 5.5h12M8 5.5V3.7h4v1.8M5.5 5.5l.7 10.8h7.6l.7-10.8M8.5 8.5v5M11.5 8.5v5" />`,
  copy: svg`<rect x="7" y="7" width="9.5" height="9.5" rx="1.6" /><path d="M13 4.5v-.1c0-.5-.4-.9-.9-.9H4.4c-.5 0-.9.4-.9.9v7.7c0 .5.4.9.9.9h.1" />`,
  check: svg`<path d="m4 10.5 4 4 8-9" />`,
  qr: svg`<path d="M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h2v2M16.5 11.5v2M13.5 16.5h3v-1.2" />`,
  shield: svg`<path d="M10 2.8 4 5v4.4c0 3.6 2.4 6.2 6 7.8 3.6-1.6 6-4.2 6-7.8V5z" /><path d="m7.5 9.8 1.8 1.8 3.3-3.6" />`,
  warning: svg`<path d="M10 3.2 2.6 16.3h14.8zM10 8.3v3.6M10 14.2h.01" />`,
  failed: svg`<circle cx="10" cy="10" r="7.2" /><path d="m7.5 7.5 5 5M12.5 7.5l-5 5" />`,
  skipped: svg`<circle cx="10" cy="10" r="7.2" /><path d="M7 10h6" />`,
  down: svg`<path d="M10 4v11M5.5 10.8 10 15.2l4.5-4.4" />`,
  up: svg`<path d="M10 16V5M5.5 9.2 10 4.8l4.5 4.4" />`,
  folder: svg`<path d="M3 5.8c0-.7.5-1.3 1.2-1.3h3.5l1.8 2h6.3c.7 0 1.2.6 1.2 1.3v6.4c0 .7-.5 1.3-1.2 1.3H4.2c-.7 0-1.2-.6-1.2-1.3z" />`,
  search: svg`<circle cx="9" cy="9" r="5.2" /><path d="m13 13 3.8 3.8" />`,
  close: svg`<path d="m5 5 10 10M15 5 5 15" />`,
  back: svg`<path d="M11.5 4.5 6 10l5.5 5.5" />`,
  plug: svg`<path d="M7 3v3.5M13 3v3.5M5 6.5h10v2.8a5 5 0 0 1-10 0zM10 14.3V17" />`,
  key: svg`<circle cx="6.8" cy="13.2" r="3.3" /><path d="m9.2 10.8 7-7M13.2 6.8l2.3 2.3" />`,
  peers: svg`<circle cx="10" cy="5" r="2.2" /><circle cx="4.8" cy="14.5" r="2.2" /><circle cx="15.2" cy="14.5" r="2.2" /><path d="m9 7-3.2 5.4M11 7l3.2 5.4M7.2 14.5h5.6" />`,
  nearby: svg`<rect x="2.8" y="4.5" width="9.4" height="7.6" rx="1.3" /><path d="M5.4 15.5h4.2M7.5 12.1v3.4" /><rect x="13" y="8.3" width="4.4" height="7.9" rx="1.1" /><path d="M15.2 14.2h.01" />`,
  friends: svg`<circle cx="7.5" cy="7" r="3" /><path d="M2.3 16.2c.4-3 2.4-4.7 5.2-4.7s4.8 1.7 5.2 4.7M12.6 4.3a3 3 0 0 1 0 5.4M14.4 11.9c1.9.7 3 2.2 3.3 4.3" />`,
  document: svg`<path d="M5 3h6.5L15.5 7v9.2c0 .5-.4.8-.8.8H5c-.5 0-.8-.4-.8-.8V3.8c0-.5.4-.8.8-.8zM11.3 3.2v4h4" />`,
  person: svg`<circle cx="10" cy="6.8" r="3.3" /><path d="M3.8 16.8c.5-3.4 2.9-5.3 6.2-5.3s5.7 1.9 6.2 5.3" />`,
  lock: svg`<rect x="4" y="9" width="12" height="8" rx="1.4" /><path d="M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9" />`,
  reload: svg`<path d="M16 10a6 6 0 1 1-1.9-4.4M16.2 3v3.4h-3.4" />`,
  more: svg`<path d="M5 10h.01M10 10h.01M15 10h.01" stroke-width="2.4" />`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof drawings;

/** An icon. It says nothing to assistive technology: the text beside it does. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${drawings[name]}</svg>`;
}
