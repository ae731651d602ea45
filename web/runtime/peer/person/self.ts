import type { Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { deviceOf, newDeviceKey, newSeed, publicKey, publicOf } from "../seal/index.ts";
import { pack, unpack, type Shape } from "./codec.ts";
import * as local from "./local.ts";
import { cleanName } from "./name.ts";
import type { PersonEffects, Settings } from "./options.ts";
import { relays, type Change } from "./record.ts";
import { find, rosterOf, type Device, type Roster, type SigningKey } from "./roster.ts";
import { look, type View } from "./view.ts";

/** What the person's methods have in common: this device's state and the records. */
export class Self {
  readonly o: Settings;
  /** This device. */
  device!: local.LocalDevice;
  key!: SigningKey;
  id = "";
  xwing: Uint8Array = new Uint8Array(); // public
  /** Absent before there is a person here. */
  house: local.House | undefined;
  /** The relations with own devices; absent when they have to be derived again. */
  own: Relation[] | undefined;
  /** When tick last said everything that is not answered. */
  swept = 0;
  #view: View | undefined;

  private constructor(o: Settings) {
    this.o = o;
  }

  static async open(o: Settings): Promise<Self> {
    const s = new Self(o);
    o.relays = s.getLocal("relays", relays)?.relays ?? o.relays;
    const kept = s.getLocal("device", local.device);
    await s.#use(kept ?? (await s.#newDevice()));
    if (!kept) await s.putLocal("device", local.device, s.device);
    s.house = s.getLocal("house", local.house);
    return s;
  }

  async #newDevice(): Promise<local.LocalDevice> {
    const { o } = this;
    const made = { xwing: newSeed(o.world.random), name: cleanName(o.device, "device"), added: this.now(), holds: { days: 0, apps: [] } };
    if (o.keys) {
      const key = await newDeviceKey();
      try {
        await o.keys.keep(deviceOf(key.public), key.private);
        return { ...made, seed: new Uint8Array(), public: key.public };
      } catch (error) { // some browsers keep no keys in private windows
        o.world.log("warn", "the browser does not keep this device's key; the store does", { error: String(error) });
      }
    }
    const seed = newSeed(o.world.random);
    return { ...made, seed, public: await publicKey(seed) };
  }

  async #use(d: local.LocalDevice): Promise<void> {
    this.device = d;
    this.id = deviceOf(d.public);
    this.xwing = await publicOf(d.xwing);
    const key = d.seed.length > 0 ? d.seed : await this.o.keys?.find(this.id);
    if (!key) {
      throw new Fault("corrupt", "the browser lost this device's key", "erase what this site keeps, and link this browser anew");
    }
    this.key = { public: d.public, private: key };
  }

  now(): number {
    return this.o.world.now();
  }

  /** The refusal of everything that needs a person where there is none. */
  exists(): local.House {
    if (!this.house) {
      throw new Fault("conflict", "there is no person on this device yet", "make one, or link this device");
    }
    return this.house;
  }

  getLocal<T>(key: string, shape: Shape<T>): T | undefined {
    const b = this.o.local.get(key);
    if (!b) return undefined;
    try {
      return unpack(shape, b);
    } catch (error) {
      throw new Fault(
        "corrupt", `what this device keeps under "${key}" cannot be read`, "restore a backup, or link this device anew", error,
      );
    }
  }

  async putLocal<T>(key: string, shape: Shape<T>, v: T): Promise<void> {
    this.own = undefined;
    await this.o.local.apply(new Map([[key, pack(shape, v)]]));
  }

  async delLocal(...keys: string[]): Promise<void> {
    this.own = undefined;
    const there = keys.filter((k) => this.o.local.get(k));
    if (there.length > 0) await this.o.local.apply(new Map(), there);
  }

  /** The records, put together. */
  look(): View {
    this.#view ??= look(this.o.records, this.o.world);
    return this.#view;
  }

  /** Another device wrote records. */
  refresh(): void {
    this.#view = undefined;
  }

  /** Keeps a change and returns its effects. */
  async commit(c: Change): Promise<PersonEffects> {
    if (c.puts.size + c.deletes.length > 0) {
      this.#view = undefined;
      const out = await this.o.records.put(c.puts, c.deletes.filter((k) => !c.puts.has(k)));
      this.#view = undefined;
      c.effects.out.push(...out);
    }
    return c.effects;
  }

  /** The roster that is held. */
  roster(): Roster {
    return rosterOf(this.exists().history.current);
  }

  /** Whether this device is one of the person's. */
  isIn(r: Roster = this.roster()): boolean {
    return find(r, this.id) !== undefined;
  }

  /** What this device says of itself in a roster. */
  entry(d: local.LocalDevice = this.device): Device {
    return { key: d.public, xwing: this.xwing, name: d.name, added: d.added, holds: d.holds, relays: this.relays() };
  }

  name(): string {
    return this.look().profile.name || cleanName(this.o.name, "somebody");
  }

  relays(): string[] {
    const { relays } = this.look();
    return relays.length > 0 ? relays : [...this.o.relays];
  }
}
