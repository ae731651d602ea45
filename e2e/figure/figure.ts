// Writes down what cases in browsers measured: see figure.go, whose fields these are.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Contestant {
  readonly name: string;
  readonly version?: string;
  readonly samples?: readonly number[];
  readonly missing?: string;
}

export interface Figure {
  readonly group: string;
  readonly place?: number;
  readonly title: string;
  readonly unit: string;
  readonly more?: boolean;
  readonly goal?: { readonly text: string; readonly number?: number; readonly rivals?: readonly { readonly name: string; readonly factor: number }[] };
  readonly contestants: readonly Contestant[];
  readonly note?: string;
}

/** Writes a figure to the results, if there is a folder for them. */
export async function save(f: Figure): Promise<void> {
  const dir = process.env["KITH_RESULTS"];
  if (!dir) return;
  await mkdir(dir, { recursive: true });
  const measured = { time: new Date().toISOString(), load: 0, busy: 0 };
  await writeFile(join(dir, `${slug(f.title)}.json`), JSON.stringify({ ...f, measured }, undefined, 2));
}

/** The title as a file's name. */
const slug = (title: string): string => title.toLowerCase().replaceAll(",", "").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

/** The sample below which a part of all lie. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
