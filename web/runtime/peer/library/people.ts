/** What the library has to know about the person's relations. */
export interface Known {
  friends: Friend[];
  devices: Device[]; // the person's other devices
}

export interface Friend {
  relation: string;
  /** One of "all friends": verified, or the person wants unverified ones in it. */
  all: boolean;
  /** Sees nothing and is told nothing. */
  blocked: boolean;
}

export interface Device {
  relation: string;
  id: string;
}

/** Who there is, prepared for questions. */
export class Circle {
  readonly friends: Map<string, Friend>; // by relation, as they were given
  readonly devices: Map<string, Device>; // by relation

  constructor(k: Known) {
    this.friends = new Map(k.friends.map((f) => [f.relation, f]));
    this.devices = new Map(k.devices.map((d) => [d.relation, d]));
  }

  get line(): Device[] {
    return [...this.devices.values()];
  }

  /** Whether a device is another of the person's. */
  knows(id: string): boolean {
    return this.line.some((d) => d.id === id);
  }
}
