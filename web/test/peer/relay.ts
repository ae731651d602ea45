/** A real relay for tests: `kith relay`, which may be killed and started again. KITH_BIN names a program to use instead of building one. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once, setMaxListeners } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = import.meta.url.slice(0, import.meta.url.lastIndexOf("/web/"));

/** Whether this process has the browser's WebSocket; else the test is run again in one that has it, and there is nothing more to do here. */
export function hasWebSocket(file: string): boolean {
  setMaxListeners(0); // of a signal: everything that waits for a session listens for its end
  if (typeof WebSocket !== "undefined") return true;
  const again = spawnSync(process.execPath, ["--experimental-websocket", "--no-warnings", fileURLToPath(file)], { stdio: "inherit" });
  process.exitCode = again.status ?? 1;
  return false;
}

/** A folder that is removed with the process. */
export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "kith-test-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

/** What all tests of one run have in common: who runs them. */
const run = process.env["KITH_TEST_RUN"] ??= String(process.ppid);

/**
 * Builds a program of the repository, once for all tests of a run; undefined where there
 * is no Go.
 */
export function build(path: string): string | undefined {
  const dir = fileURLToPath(`${root}/web/node_modules/.cache/kith-bin/`);
  const out = join(dir, basename(path));
  mkdirSync(dir, { recursive: true });
  for (; ;) {
    if (text(`${out}.run`) === run) return out;
    try {
      writeFileSync(`${out}.lock`, String(process.pid), { flag: "wx" });
      break;
    } catch {
      if (!alive(text(`${out}.lock`))) rmSync(`${out}.lock`, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100); // another test builds it
    }
  }
  try {
    execFileSync("go", ["build", "-o", `${out}.new`, path], {
      cwd: fileURLToPath(root), env: { ...process.env, CGO_ENABLED: "0" }, stdio: ["ignore", "inherit", "inherit"],
    });
    renameSync(`${out}.new`, out);
    writeFileSync(`${out}.run`, run);
    return out;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "ENOENT") throw e;
    return undefined;
  } finally {
    rmSync(`${out}.lock`);
  }
}

function text(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** Whether a process is there; one that has not said its number yet is. */
function alive(pid: string): boolean {
  if (pid === "") return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

/** The kith program. */
export const kith = (): string | undefined => process.env["KITH_BIN"] ?? build("./cmd/kith");

export class Relay {
  readonly #program: string;
  readonly #home = folder();
  #port = 0; // the first time the system chooses one, which stays the relay's
  #process: ChildProcess | undefined;

  constructor(program: string, settings: string) {
    this.#program = program;
    writeFileSync(join(this.#home, "config.toml"), `[relay.mailbox]\n${settings}\n`);
    process.on("exit", () => this.#process?.kill("SIGKILL"));
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const args = ["relay", "--home", this.#home, "--listen", `127.0.0.1:${this.#port}`, "--udp", "off"];
    const p = this.#process = spawn(this.#program, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    p.stderr?.on("data", (b: Buffer) => { said = (said + b.toString()).slice(-2000); });
    for (let i = 0; i < 600; i++) {
      if (p.exitCode !== null) throw new Error(`the relay ended: ${said}`);
      const [, port] = /msg=ready http=http:\/\/127\.0\.0\.1:(\d+)\//.exec(said) ?? [];
      if (port) {
        this.#port = Number(port);
        return;
      }
      await new Promise((done) => setTimeout(done, 100));
    }
    p.kill("SIGKILL");
    throw new Error(`the relay does not start: ${said}`);
  }

  /** Takes away all that it keeps, but its settings. */
  forget(): void {
    for (const name of readdirSync(this.#home)) {
      if (name !== "config.toml") rmSync(join(this.#home, name), { recursive: true });
    }
  }

  /** Ends it, as a power cut would or in good order. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const p = this.#process;
    this.#process = undefined;
    if (!p || p.exitCode !== null || p.signalCode !== null) return;
    const ended = once(p, "exit");
    p.kill(signal);
    await ended;
  }
}

export async function relay(program: string, settings = ""): Promise<Relay> {
  const r = new Relay(program, settings);
  await r.start();
  return r;
}

/** Numbers from a seed, so that a run can be repeated (mulberry32). */
export function dice(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Resolves when something is so, which `tell` says may have changed. */
export class Condition {
  #wake: (() => void)[] = [];

  tell(): void {
    for (const w of this.#wake.splice(0)) w();
  }

  async until(so: () => boolean, what: string, ms = 120_000): Promise<void> {
    let late = false;
    const timer = setTimeout(() => { late = true; this.tell(); }, ms);
    try {
      while (!so()) {
        if (late) throw new Error(`not in time: ${what}`);
        await new Promise<void>((done) => this.#wake.push(done));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
