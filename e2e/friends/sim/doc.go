// Package sim runs hundreds of devices of many people through months of faults in
// seconds: the person, library and exchange that nodes run, joined by relays that
// drop, repeat, reorder, replay and swap, with clocks that are off, devices that
// are away, crash between any two steps or come back from an old copy. One seed
// decides everything; KITH_SIM_SEED replays it, KITH_SIM_DEVICES and
// KITH_SIM_STEPS enlarge it.
package sim
