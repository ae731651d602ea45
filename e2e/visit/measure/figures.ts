// Where measured figures go: a file that the Go test shows.
import { appendFile } from "node:fs/promises";

/** Notes a line of figures. */
export async function note(line: string): Promise<void> {
  const name = process.env["KITH_MEASURE_OUT"];
  if (name) {
    await appendFile(name, `${line}\n`);
  }
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
