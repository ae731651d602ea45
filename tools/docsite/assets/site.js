// Search, buttons that copy, and where one is on the page. Everything else works
// without this script.
"use strict";

(() => {
  const root = new URL("..", document.currentScript.src);
  const $ = (selector) => document.querySelector(selector);
  const most = 20; // results that are shown
  const around = 70; // letters before a word in an excerpt

  /** An element with text or children in it. */
  const make = (name, ...inside) => {
    const element = document.createElement(name);
    element.append(...inside);
    return element;
  };

  /** Lower case, without accents. */
  const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

  /** Text in which the words are marked. */
  const marked = (text, words) => {
    const pattern = new RegExp(`(${words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
    return text.split(pattern).map((part, i) => (i % 2 === 1 ? make("mark", part) : part));
  };

  /** The part of a text in which a word is. */
  const excerpt = (text, words) => {
    const low = text.toLowerCase();
    const at = Math.max(0, Math.min(...words.map((w) => low.indexOf(w)).map((i) => (i < 0 ? Infinity : i))));
    const from = Number.isFinite(at) && at > around ? text.lastIndexOf(" ", at - around) + 1 : 0;
    const to = text.indexOf(" ", from + 3 * around);
    return `${from > 0 ? "… " : ""}${text.slice(from, to < 0 ? undefined : to)}${to < 0 ? "" : " …"}`;
  };

  let index; // a promise of what there is, once somebody searches

  const load = async () => {
    const { pages, sections } = await (await fetch(new URL("assets/search.json", root))).json();
    return sections.map(([page, anchor, heading, text]) => {
      const [name, title, group] = pages[page];
      const high = fold(`${heading} ${anchor === "" ? title : ""}`);
      return { href: new URL(name, root).href + (anchor && `#${anchor}`), title, group, heading, text, high, low: fold(`${title} ${heading} ${text}`) };
    });
  };

  /** How well a section answers: every word has to be in it. */
  const score = (section, words) => {
    let sum = 0;
    for (const word of words) {
      const count = section.low.split(word).length - 1;
      if (count === 0) return 0;
      sum += Math.min(count, 5) + (section.high.includes(word) ? 20 : 0) + (section.high.split(/[^\p{L}\p{N}]+/u).includes(word) ? 20 : 0);
    }
    return sum + (section.low.includes(words.join(" ")) ? 15 : 0);
  };

  const result = (section, words) => {
    const link = make("a", make("b", ...marked(section.heading || section.title, words)));
    link.href = section.href;
    const place = [section.group, section.heading ? section.title : ""].filter(Boolean).join(" · ");
    if (place) link.append(make("small", place));
    link.append(make("span", ...marked(excerpt(section.text, words), words)));
    return make("li", link);
  };

  const search = () => {
    const box = $(".search"), input = $("#query"), found = $(".found"), list = $(".found ul"), status = $(".found p");
    if (!box) return;
    box.hidden = false;
    if (/Mac|iPhone|iPad/.test(navigator.platform)) $(".search kbd").textContent = "⌘ K";
    const shut = () => (found.hidden = true);
    const show = async () => {
      const asked = input.value;
      const words = fold(asked).split(/\s+/).filter(Boolean);
      if (words.length === 0) return shut();
      let all;
      try {
        all = await (index ??= load());
      } catch {
        index = undefined;
        found.hidden = false;
        status.textContent = "The index for the search could not be loaded. Try again.";
        return list.replaceChildren();
      }
      if (input.value !== asked) return; // somebody typed on
      const hits = all.map((s) => [score(s, words), s]).filter(([n]) => n > 0).sort(([a], [b]) => b - a);
      list.replaceChildren(...hits.slice(0, most).map(([, s]) => result(s, words)));
      status.textContent = hits.length === 0 ? `Nothing has ${words.length > 1 ? "all these words" : "this word"} in it.` : hits.length === 1 ? "1 place" : `${hits.length} places${hits.length > most ? `, the best ${most}` : ""}`;
      found.hidden = false;
      found.scrollTop = 0;
    };
    input.addEventListener("input", () => void show());
    input.addEventListener("focus", () => void show());
    box.addEventListener("keydown", (e) => {
      const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
      if (e.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
      else if (e.key === "ArrowUp") at > 0 ? links[at - 1].focus() : input.focus();
      else if (e.key === "Enter" && at < 0) links[0]?.click();
      else if (e.key === "Escape") { input.focus(); shut(); }
      else return;
      e.preventDefault();
    });
    box.addEventListener("focusout", (e) => void (e.relatedTarget && !box.contains(e.relatedTarget) && shut()));
    document.addEventListener("click", (e) => void (box.contains(e.target) || shut()));
    found.addEventListener("click", (e) => void (e.target.closest("a") && shut())); // a heading of this very page
    document.addEventListener("keydown", (e) => {
      if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") {
        e.preventDefault();
        input.focus();
        input.select();
      }
    });
  };

  /** What somebody wants of a block: of a session at a prompt the commands alone. */
  const copied = (pre) => {
    const text = pre.textContent.replace(/\n+$/, "\n");
    if (!pre.querySelector(".c-prompt")) return text;
    return [...text.matchAll(/^\$ (.*\n?)/gm)].map(([, command]) => command.replace(/\s+# .*/, "")).join("");
  };

  const copyButtons = () => {
    if (!navigator.clipboard) return; // not a secure context
    for (const block of document.querySelectorAll(".code")) {
      const button = make("button", "Copy");
      button.type = "button";
      button.className = "copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(copied(block.querySelector("pre"))).then(() => (button.textContent = "Copied"), () => (button.textContent = "Not copied"));
        button.classList.add("done");
        setTimeout(() => { button.textContent = "Copy"; button.classList.remove("done"); }, 2000);
      });
      block.append(button);
    }
  };

  /** Only what is wider than the page has to be reached by keyboard. */
  const scrollable = () => {
    for (const element of document.querySelectorAll("pre, .table")) {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  };

  /** Marks in the contents what is being read. */
  const follow = () => {
    const links = new Map([...document.querySelectorAll("#contents a")].map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
    const heads = [...document.querySelectorAll("article > :is(h2, h3)")].filter((h) => links.has(h.id));
    if (heads.length === 0) return;
    const mark = () => {
      const here = heads.findLast((h) => h.getBoundingClientRect().top < innerHeight / 4);
      for (const [id, link] of links) link.classList.toggle("here", id === here?.id);
    };
    new IntersectionObserver(mark, { rootMargin: "0px 0px -75% 0px" }).observe(heads[0]);
    addEventListener("scroll", mark, { passive: true });
    mark();
    $("#contents").addEventListener("click", (e) => void (e.target.closest("a") && $("#contents").matches(":popover-open") && $("#contents").hidePopover()));
  };

  search();
  copyButtons();
  scrollable();
  addEventListener("resize", scrollable);
  follow();
  const current = $("#pages [aria-current]"), pages = $("#pages");
  if (current && pages.clientHeight > 0 && current.offsetTop > pages.clientHeight) pages.scrollTop = current.offsetTop - pages.clientHeight / 2;
})();
