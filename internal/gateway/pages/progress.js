// Shows how the search goes, and becomes the site when it is here.
(() => {
  const texts = document.body.dataset;
  const source = texts.progress;
  const get = (id) => document.getElementById(id);
  const units = [texts.bytes, "KiB", "MiB", "GiB", "TiB"];
  const bytes = (n) => {
    let u = 0;
    for (; n >= 1024 && u < units.length - 1; u++) n /= 1024;
    return (u ? n.toFixed(1).replace(".", texts.comma) : String(n)) + " " + units[u];
  };
  const of = (text, a, b) => text.replace("{a}", a).replace("{b}", b);
  const time = (s) => s < 60 ? s + " s" : Math.floor(s / 60) + " min " + (s % 60) + " s";
  // Only what changed is written, so that a screen reader says it once.
  const say = (id, text) => {
    const e = get(id);
    if (e.textContent !== text) e.textContent = text;
  };
  // A page that was just loaded again does not do so at once: it would flicker.
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload" ? 1500 : 0;
  let over = false;

  const fail = (error) => {
    over = true;
    say("title", texts.failed);
    say("status", error.message + ".");
    get("status").classList.add("bad");
    get("bar").hidden = true;
    if (error.hint) {
      say("hint", error.hint + ".");
      get("hint").hidden = false;
    }
    const button = get("again");
    button.hidden = false;
    button.addEventListener("click", () => location.reload());
  };

  const show = (p) => {
    if (over) return;
    say("peers", p.known > p.peers ? of(texts.known, p.peers, p.known) : String(p.peers));
    say("received", p.total ? of(texts.of, bytes(p.stored), bytes(p.total)) : bytes(p.stored));
    say("rate", bytes(p.rate) + "/s");
    say("elapsed", time(Math.floor(p.elapsed / 1000)));
    if (p.total) {
      get("bar").max = p.total;
      get("bar").value = p.stored;
    }
    if (p.state === "ready") {
      over = true;
      say("status", texts.ready);
      setTimeout(() => location.reload(), again);
    } else if (p.state === "failed") {
      fail(p.error);
    } else {
      say("status", p.status);
    }
  };

  const poll = async () => {
    while (!over) {
      try {
        const answer = await fetch(source, { headers: { Accept: "application/json" }, cache: "no-store" });
        show(await answer.json());
      } catch {
        say("status", texts.gone);
      }
      await new Promise((done) => setTimeout(done, 1000));
    }
  };

  const events = new EventSource(source);
  events.addEventListener("progress", (e) => {
    show(JSON.parse(e.data));
    if (over) events.close();
  });
  events.onerror = () => {
    events.close();
    if (!over) poll();
  };
})();
