// Package sim runs hundreds of devices of many people through months of faults in
// seconds: the person, library, exchange and internal/sharing/joint that nodes run,
// joined by relays that drop, repeat, reorder, replay and swap, and by the devices'
// own mailboxes. Clocks are off, devices are away, crash between any two steps, come
// back from an old copy, are lost and restored from a backup, or are stolen and
// revoked, and go on asking; friends are blocked and removed, lists change. One seed
// decides everything; KITH_SIM_SEED replays it, KITH_SIM_DEVICES and KITH_SIM_STEPS
// enlarge it.
package sim
