import { connect, KithError } from "@kith/sdk";
import { LP2PReceiver } from "@kith/lp2p";
if (typeof connect !== "function" || !(new KithError(400, "bad", "no", "") instanceof Error) || typeof LP2PReceiver !== "function") process.exit(1);
console.log("used");
