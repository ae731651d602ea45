/** The bounds of an item, the same on all of a person's devices. */
export const maxPath = 1024;
export const maxSegment = 255;
export const maxType = 255;
export const maxLabels = 32;
export const maxLabel = 64;
export const maxFriends = 256;
export const maxLists = 64;
export const maxApp = 64;
/** Octets of a document's body that is in its item. */
export const inlineMost = 4 << 10;
/** Octets of a record of the person's own state. */
export const recordsMost = 48 << 10;

/** The app that holds the person's own state; it is nobody's to see. */
export const personApp = ".person";

/** How much of a body is asked for at once (spec §5.3). */
export const fetchMost = 64 << 20;

export const second = 1000;
export const minute = 60 * second;
export const day = 24 * 60 * minute;
