import { encode } from "uqr";
import { html, svg, type TemplateResult } from "lit";

/** A QR code of text as an image, with the quiet zone that readers need. */
export function qr(text: string, title: string): TemplateResult {
  const { data, size } = encode(text, { ecc: "M", border: 4 });
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${title} shape-rendering="crispEdges">
    <rect class="light" width=${size} height=${size} />${svg`<path class="dark" d=${modules(data)} />`}</svg>`;
}

/** The dark modules as one path, a run of them at a time. */
export function modules(data: readonly (readonly boolean[])[]): string {
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      let n = x;
      while (row[n]) {
        n++;
      }
      if (n > x) {
        path += `M${x} ${y}h${n - x}v1h-${n - x}z`;
        x = n;
      }
    }
  });
  return path;
}
