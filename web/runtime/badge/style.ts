/** The badge's style. It lives in a shadow root: neither side's rules reach the other's. */
export const style = `
:host {
  all: initial; position: fixed; inset-block-end: 12px; inset-inline-end: 12px; z-index: 2147483000; color-scheme: light dark;
  --surface: light-dark(#ffffff, #191c19); --hover: light-dark(#f0eee6, #222621); --line: light-dark(#e4e1d7, #2a2e29);
  --line-strong: light-dark(#8b8d80, #6f756b); --ink: light-dark(#1b1e19, #eceee7); --ink-2: light-dark(#50544a, #b4b9ad);
  --accent: light-dark(#1b6a4c, #74d3a4);
  font: 400 13px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  color: var(--ink); display: grid; justify-items: end; gap: 8px;
}
@media print { :host { display: none; } }
*, *::before, *::after { box-sizing: border-box; }
p, h2, ul { margin: 0; padding: 0; }
button, a.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-block-size: 32px; padding: 4px 10px;
  border: 1px solid var(--line); border-radius: 9px; background: var(--surface); color: var(--ink);
  font: 550 13px/1.2 inherit; font-family: inherit; text-decoration: none; cursor: pointer;
}
button:hover, a.button:hover { background: var(--hover); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.pill {
  min-block-size: 30px; padding: 4px 11px 4px 9px; border-radius: 999px; color: var(--ink-2); font-weight: 550;
  font-variant-numeric: tabular-nums; box-shadow: 0 1px 2px rgb(0 0 0 / 6%), 0 4px 14px -4px rgb(0 0 0 / 18%);
}
.hidden { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.pill:hover { color: var(--ink); }
.dot { inline-size: 8px; block-size: 8px; border-radius: 50%; background: var(--line-strong); flex: none; }
.on .dot { background: var(--accent); }
.icon { inline-size: 16px; block-size: 16px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
.panel {
  inline-size: min(296px, calc(100vw - 24px)); max-block-size: calc(100vh - 72px); overflow: auto; display: grid; gap: 12px; padding: 14px;
  border: 1px solid var(--line); border-radius: 14px; background: var(--surface); box-shadow: 0 12px 40px -8px rgb(0 0 0 / 30%);
}
.panel[hidden] { display: none; }
.head { display: flex; align-items: center; justify-content: space-between; gap: 8px; }
h2 { font-size: 14px; font-weight: 650; letter-spacing: -0.01em; }
.square { inline-size: 28px; min-block-size: 28px; padding: 0; border-color: transparent; color: var(--ink-2); }
.bar { display: block; inline-size: 100%; block-size: 6px; border-radius: 6px; overflow: hidden; background: var(--line); }
.bar span { display: block; block-size: 100%; background: var(--accent); border-radius: 6px; }
.said { color: var(--ink-2); }
.figures { display: flex; justify-content: space-between; gap: 8px; color: var(--ink-2); font-variant-numeric: tabular-nums; }
.figures b { color: var(--ink); font-weight: 600; }
.share { display: grid; gap: 6px; }
label { display: flex; align-items: center; gap: 8px; cursor: pointer; }
label.row { justify-content: space-between; font-weight: 550; }
input[type="checkbox"] { accent-color: var(--accent); inline-size: 16px; block-size: 16px; margin: 0; flex: none; }
select {
  font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px;
  min-block-size: 32px; padding-inline: 6px; max-inline-size: 55%;
}
.node { display: grid; gap: 8px; padding-block-start: 12px; border-block-start: 1px solid var(--line); }
.ends { display: flex; flex-wrap: wrap; gap: 8px; padding-block-start: 12px; border-block-start: 1px solid var(--line); }
.ends > * { flex: 1 1 auto; }
`;
