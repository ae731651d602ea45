// Visitors without a browser, all in one process of Node.js (../standin).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import type { Visited } from "../standin/visitor.ts";

/** The process. */
export interface Natives {
  /** One more visitor arrives; resolves when it has left. */
  visit(): Promise<Visited>;
  stop(): void;
}

const wrtc = new URL("../../peers/node_modules/", import.meta.url).pathname;
const ws = new URL("../../node_modules/", import.meta.url).pathname;

/** Whether libwebrtc for Node.js is here: npm ci --prefix e2e/peers. */
export function haveNatives(): boolean {
  return existsSync(join(wrtc, "@roamhq/wrtc"));
}

/** Starts the process, whose visitors stay for so many milliseconds each. */
export async function startNatives(origin: string, stay: number): Promise<Natives> {
  const outfile = join(await mkdtemp(join(tmpdir(), "kith-native-")), "main.mjs");
  await build({
    entryPoints: [new URL("../standin/main.ts", import.meta.url).pathname],
    bundle: true, platform: "node", format: "esm", target: "node20", outfile,
  });
  const child = spawn(process.execPath, [outfile, origin, join(wrtc, "x"), join(ws, "x"), String(stay)], { stdio: ["pipe", "pipe", "inherit"] });
  const left: ((how: Visited) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => left.shift()?.(JSON.parse(line) as Visited));
  return {
    // All stay equally long, so that who came first leaves first.
    visit: () => new Promise((resolve) => {
      left.push(resolve);
      child.stdin.write("visit\n");
    }),
    stop: () => void child.stdin.end(),
  };
}
