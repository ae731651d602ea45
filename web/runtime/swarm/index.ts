// The browser's swarm engine: what an index says, where pieces are kept, and the
// meeting of peers. Everything else in this folder is its inside.
//
//	const index = await openIndex(info, data);      // verified, or rejects
//	const store = await openStore(info);            // pages and service worker
//	const swarm = await openSwarm(info, index, store, { privacy: "direct" });
//	const piece = await swarm.want(0, true, signal);
//
// The openers of index and store work in service workers; a swarm needs a
// window, because only windows have WebRTC.
export { BadIndex } from "./bytes.ts";
export { openIndex } from "./open.ts";
export { defaults, type SwarmOptions } from "./options.ts";
export { forgetStore, openStore } from "./store.ts";
export { openSwarm } from "./swarm.ts";
