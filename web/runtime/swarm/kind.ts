// The kinds of message of the peer wire protocol (BEP 3, 6, 10). One by one, so
// that bundlers put the numbers in.

export const choke = 0;
export const unchoke = 1;
export const interested = 2;
export const notInterested = 3;
export const have = 4;
export const bitfield = 5;
export const request = 6;
export const piece = 7;
export const cancel = 8;
export const suggest = 13;
export const haveAll = 14;
export const haveNone = 15;
export const reject = 16;
export const allowedFast = 17;
export const extended = 20;
