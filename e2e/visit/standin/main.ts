// Visits a host whenever a line comes in, and says in a line how it went.
import { createInterface } from "node:readline";
import { become } from "./browser.ts";
import { visit } from "./visitor.ts";

const [origin = "", wrtc = "", ws = "", stay = "30000"] = process.argv.slice(2);
become(origin, { wrtc, ws });
for await (const _ of createInterface({ input: process.stdin })) {
  void visit(Number(stay)).then(
    (how) => console.log(JSON.stringify(how)),
    (error: unknown) => {
      console.error(error);
      console.log("{}");
    },
  );
}
process.exit(0);
