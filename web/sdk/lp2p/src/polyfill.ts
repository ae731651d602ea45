// /.kith/lp2p.js: as a script, a module or by importScripts, it makes the globals.
import { install } from "./install.ts";

install();
