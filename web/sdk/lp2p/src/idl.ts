// What Web IDL asks of objects that look like the platform's own: conversions of
// arguments, attributes for event handlers, and the shape of prototypes.

/** Throws as a constructor or an operation does that got too few arguments (Web IDL §3.7.1). */
export function requireArguments(what: string, given: number, needed: number): void {
  if (given < needed) {
    throw new TypeError(`${what}: ${needed} argument${needed === 1 ? "" : "s"} required, but only ${given} present.`);
  }
}

/** Converts to a DOMString (Web IDL §3.2.10). */
export function domString(value: unknown): string {
  if (typeof value === "symbol") {
    throw new TypeError("Cannot convert a Symbol value to a string.");
  }
  return String(value);
}

/** Converts to a USVString (Web IDL §3.2.12): lone surrogates become U+FFFD. */
export function usvString(value: unknown): string {
  return domString(value).replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

/** Converts to a dictionary (Web IDL §3.2.17); members are read by the caller, in lexicographical order. */
export function dictionary(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) {
    return {};
  }
  if (typeof value !== "object" && typeof value !== "function") {
    throw new TypeError(`${what}: the value provided is not of type 'object'.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Converts to an [EnforceRange] unsigned short (Web IDL §3.3.7). */
export function unsignedShort(value: unknown, what: string): number {
  const n = Math.trunc(Number(value));
  if (!Number.isFinite(n) || n < 0 || n > 0xffff) {
    throw new TypeError(`${what}: value is outside the range of an unsigned short.`);
  }
  return n + 0; // never -0
}

/** An object of a kind, as an argument that has to be one. */
export function interfaceType<T>(value: unknown, is: (v: unknown) => v is T, what: string): T {
  if (!is(value)) {
    throw new TypeError(`${what}: the value provided is not of the required type.`);
  }
  return value;
}

/** Throws what a constructor throws that pages may not call. */
export function illegalConstructor(): never {
  throw new TypeError("Illegal constructor");
}

type Handler = ((event: Event) => unknown) | object | null;

/** The event handlers of one object by type (HTML §8.1.8.1). */
const handlers = new WeakMap<EventTarget, Map<string, Handler>>();

/** Gives prototype an event handler attribute for each of types. is tells its own objects. */
export function handlerAttributes(prototype: EventTarget, types: readonly string[], is: (v: unknown) => boolean): void {
  for (const type of types) {
    const name = `on${type}`;
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get: named(`get ${name}`, function (this: EventTarget): Handler {
        checkReceiver(is, this);
        return handlers.get(this)?.get(type) ?? null;
      }),
      set: named(`set ${name}`, function (this: EventTarget, value: unknown): void {
        checkReceiver(is, this);
        setHandler(this, type, value);
      }),
    });
  }
}

function checkReceiver(is: (v: unknown) => boolean, receiver: unknown): void {
  if (!is(receiver)) {
    throw new TypeError("Illegal invocation");
  }
}

function named<F extends (...args: never[]) => unknown>(name: string, f: F): F {
  return Object.defineProperty(f, "name", { value: name, configurable: true });
}

/** The listener stands where the handler was first set, as HTML has it. */
function setHandler(target: EventTarget, type: string, value: unknown): void {
  const own = handlers.get(target) ?? new Map<string, Handler>();
  handlers.set(target, own);
  const known = own.has(type);
  own.set(type, typeof value === "function" || (typeof value === "object" && value !== null) ? value : null);
  if (known) {
    return;
  }
  target.addEventListener(type, (event) => {
    const handler = own.get(type);
    if (typeof handler === "function" && Reflect.apply(handler, target, [event]) === false) {
      event.preventDefault();
    }
  });
}

/** Gives a class the shape of an interface object: enumerable members, a name, a tag. */
export function shape(constructor: { readonly prototype: object }, name: string): void {
  const { prototype } = constructor;
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (key !== "constructor" && !property.enumerable) {
      Object.defineProperty(prototype, key, { ...property, enumerable: true });
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
  Object.defineProperty(constructor, "name", { value: name, configurable: true });
}
