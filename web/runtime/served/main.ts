// served.js: the page "who served me". It is also the tab to leave open for
// whoever wants to keep a site available.
import { Visit } from "../page/visit.ts";
import { tongue } from "../text.ts";
import { Page } from "./page.ts";

tongue.mark(document.documentElement);
const main = document.querySelector("main");
if (main) {
  const visit = new Visit();
  const page = new Page(main, visit);
  void visit.begin().then(() => page.begin());
}
