// SPDX-License-Identifier: MIT
// Chooses what of the page is shown, searches it, and shows what is decoded.
"use strict";

{
  const { versions, abis, abi_aliases, aliases, marks, looks, plans, symbols, which } = JSON.parse(document.getElementById("data").textContent);
  const MOST_ELEMENTS = 50; // are shown
  const MOST_LINKED = 1500; // bytes are put into an address
  const MOST_FOUND = 40;
  const MOST_TOLD = 6; // names in a line
  const called = new Map(Object.entries(aliases));
  const decodable = new Map(Object.entries(which));
  const newest = versions.length - 1;
  const lower = (names) => new Map(names.map((name) => [name.toLowerCase(), name]));
  const calledLower = lower([...called.keys()]);
  const $ = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

  /** Return a new element with text and children, never with markup. */
  function made(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // What is shown

  const state = { name: "", version: Number($("version").getAttribute("value")), abi: "" };
  const initial = state.version;
  let pasted = []; // as bytes; none if they are wrong
  const pair = (byte) => byte.toString(16).padStart(2, "0");
  const numbers = (element) => (element.dataset.at ?? "").split(" ").filter(Boolean).map(Number);

  function presence(at) {
    if (!at.length) return "at none of these versions";
    const from = at[0] === 0 ? "" : `from ${versions[at[0]]}`;
    const to = at.at(-1) === newest ? "" : `before ${versions[at.at(-1) + 1]}`;
    return [from, to].filter(Boolean).join(", ");
  }

  function told(what, names) {
    if (!names.length) return "";
    return names.length > MOST_TOLD ? `${names.length} ${what}` : `${what}: ${names.join(", ")}`;
  }

  function showVersion(version) {
    const moved = version !== state.version;
    const before = state.version;
    state.version = version;
    $("version").value = version;
    $("version").setAttribute("aria-valuetext", versions[version]);
    $("version-name").textContent = versions[version];
    const news = new Map(); // what is new, changed or absent, by name
    for (const element of all("article[data-at], tr[data-at]")) {
      const at = numbers(element);
      const there = at.includes(version);
      const fresh = moved && there && !at.includes(before);
      element.classList.toggle("absent", !there);
      element.classList.toggle("new", fresh);
      element.classList.remove("changed");
      if (!element.matches("article")) continue;
      if (!there || fresh) news.set(element.dataset.entry, there ? "new" : "absent");
      const said = element.querySelector(":scope > .absence");
      said.hidden = there;
      said.textContent = there ? "" : `Not there at interface version ${versions[version]}: it is there ${presence(at)}.`;
    }
    for (const form of all(".form")) {
      const at = numbers(form);
      const article = form.parentElement;
      form.hidden = !at.includes(version);
      if (form.hidden || !moved || at.includes(before) || news.has(article.dataset.entry)) continue;
      article.classList.add("changed");
      news.set(article.dataset.entry, "changed");
    }
    for (const item of all("nav li")) {
      const what = news.get(item.firstElementChild.textContent);
      for (const one of ["new", "changed", "absent"]) item.classList.toggle(one, one === what);
    }
    all(".gates li").forEach((item) => item.classList.toggle("now", Number(item.dataset.gate) === version));
    const words = ["new", "changed", "absent"].map((what) => told(what, [...news].filter(([, one]) => one === what).map(([name]) => name)));
    $("changes").textContent = `At ${versions[version]}: ${words.filter(Boolean).join("; ") || "all is there"}.`;
    mark(state.name);
    decode();
  }

  function showAbi(abi) {
    state.abi = abis.includes(abi) ? abi : "";
    $("abi").value = state.abi;
    for (const element of all("[data-abis]")) {
      element.hidden = state.abi !== "" && !element.dataset.abis.split(" ").includes(state.abi);
    }
  }

  // Addresses: #name?version=…&abi=…

  function address(name, data) {
    const asked = new URLSearchParams();
    if (state.version !== initial) asked.set("version", versions[state.version]);
    if (name === "decode") {
      asked.set("op", $("decode-name").value);
      asked.set("abi", $("decode-abi").value);
      if (data.length && data.length <= MOST_LINKED) asked.set("hex", [...data].map(pair).join(""));
    } else if (state.abi) asked.set("abi", state.abi);
    const query = asked.toString();
    return `#${name}${query ? `?${query}` : ""}`;
  }

  function remember() {
    $("amiss").textContent = "";
    if (state.name || location.hash || state.version !== initial || state.abi) history.replaceState(null, "", address(state.name, pasted));
  }

  /** Go to another view: the one before stays in the history as it is. */
  function leave(name) {
    if (state.name === name) return;
    state.name = name;
    history.pushState(null, "", address(name, pasted));
  }

  /** Return the name as the page writes it, whatever its capitals, or null. */
  function known(name) {
    const [owner, ...path] = name.split(".");
    const proper = called.get(owner) ?? called.get(calledLower.get(owner.toLowerCase())) ?? owner;
    const full = [proper, ...path].join(".");
    if (listed.has(full)) return full;
    if (places.has(full)) return full;
    return listedLower.get(full.toLowerCase()) ?? places.get(full.toLowerCase()) ?? null;
  }

  /** Return the element of a name that `known` gave, in the form that is shown. */
  function find(name) {
    const found = all(`[data-entry="${CSS.escape(name)}"]`);
    return found.find((one) => !one.closest("[hidden]")) ?? found[0]?.closest("article") ?? found[0] ?? $(name);
  }

  /** Return the name that is meant, or of its owner, and what there is to say of it. */
  function meant(name) {
    let rest = name;
    while (rest) {
      const found = known(rest);
      if (found) return [found, rest === name ? "" : `${found} has no ${name.slice(rest.length + 1)}: this is ${found}.`];
      rest = rest.includes(".") ? rest.slice(0, rest.lastIndexOf(".")) : "";
    }
    return ["", `Nothing here is called ${name.slice(0, 60)}.`];
  }

  /** Return the setting of a version: between two, the last that is not above it; null if it is none. */
  function setting(text) {
    const at = versions.indexOf(text.toLowerCase());
    if (at >= 0) return at;
    if (text.toLowerCase() === "newest") return newest;
    if (!/^0x[0-9a-f]{1,8}$/i.test(text)) return null;
    const wanted = Number(text);
    if (wanted > Number(versions[newest])) return null;
    return versions.reduce((best, one, index) => (one === "undefined" || Number(one) <= wanted ? index : best), 0);
  }

  function abiOf(text) {
    const name = text.toLowerCase();
    return abis.includes(name) ? name : (abi_aliases[name] ?? null);
  }

  function go(hash, focus) {
    const text = hash.replace(/^#/, "");
    const cut = text.indexOf("?");
    let name = cut < 0 ? text : text.slice(0, cut);
    const asked = new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1));
    const amiss = [];
    try {
      name = decodeURIComponent(name);
    } catch {
      amiss.push("The address is broken.");
      name = "";
    }
    const [found, words] = name ? meant(name) : ["", ""];
    if (words) amiss.push(words);
    const stranger = name && !found;
    name = found;
    state.name = name;
    const version = asked.get("version");
    const at = version ? setting(version) : initial;
    if (at === null) amiss.push(`There is no interface version ${version.slice(0, 40)}: this is ${versions[initial]}.`);
    if ((at ?? initial) !== state.version) showVersion(at ?? initial);
    const abi = asked.get("abi") ? abiOf(asked.get("abi")) : "";
    if (abi === null) amiss.push(`There is no ABI ${asked.get("abi").slice(0, 40)}.`);
    if (name === "decode") {
      if (asked.get("op")) {
        const op = known(asked.get("op"));
        if (op === null || !choose($("decode-name"), op)) amiss.push(`There is no op or struct ${asked.get("op").slice(0, 40)}.`);
      }
      if (abi) choose($("decode-abi"), abi);
      showAbi("");
      const hex = asked.get("hex");
      if (hex && 1.5 * hex.length > MOST_TEXT) amiss.push(`${hex.length} characters: ${TOO_LONG}.`);
      else if (hex !== null) $("decode-hex").value = /^[0-9a-f]*$/i.test(hex) ? hex.replace(/(..)(?=.)/g, "$1 ") : hex;
      decode();
    } else showAbi(abi ?? "");
    $("amiss").textContent = amiss.join(" ");
    if (stranger) $("search").value = text.slice(0, cut < 0 ? 60 : Math.min(cut, 60));
    const target = mark(name);
    if (!target) return;
    target.scrollIntoView({ block: name.includes(".") || target.matches("tr") ? "center" : "start" });
    if (focus && target.matches("[tabindex]")) target.focus({ preventScroll: true });
  }

  /** Mark what the address is about, in the form that is shown. */
  function mark(name) {
    const target = name ? find(name) : null;
    all(".target").forEach((one) => one.classList.remove("target"));
    const current = target?.closest("article, section[id]")?.id;
    for (const link of all("nav a")) {
      if (link.hash === `#${current}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (!target) return null;
    target.classList.add("target");
    const field = name.split(".").slice(1).join(".");
    if (field) {
      for (const cell of all(`.drawing [data-name]`, target.closest("article") ?? target)) {
        const own = cell.dataset.name;
        if (own === field || own.startsWith(`${field}.`) || own.startsWith(`${field}[`)) cell.classList.add("target");
      }
    }
    return target;
  }

  function choose(select, value) {
    const there = [...select.options].some((option) => option.value === value);
    if (there) select.value = value;
    return there;
  }

  // Search

  const entries = all("[data-entry]").map((element) => ({
    element,
    name: element.dataset.entry,
    also: element.dataset.also ?? "",
    kind: element.dataset.kind,
    value: element.dataset.value,
    message: (element.querySelector(":scope > td[data-label=Message]")?.textContent ?? "").toLowerCase(),
    words: brief(element),
  }));
  const listed = new Map(entries.map((one) => [one.name, one]));
  const listedLower = lower([...listed.keys()]);
  const places = lower(all("#main, #main [id]").filter((one) => one.matches("main, section, h3")).map((one) => one.id));

  function brief(element) {
    const cells = "td[data-label=Message], td[data-label=Type], td[data-label=Meaning]";
    if (element.matches("tr")) return all(cells, element).map((cell) => cell.textContent).join(" ");
    return all(":scope > p:not(.absence)", element).map((one) => one.textContent).join(" ");
  }

  /** Return the number that a text is, or null. */
  function number(text) {
    if (!/^-?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) return null;
    return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
  }

  function search(text) {
    const asked = text.trim().toLowerCase();
    if (!asked) return [];
    const [owner, ...path] = asked.split(".");
    const wanted = path.length && calledLower.has(owner) ? [called.get(calledLower.get(owner)).toLowerCase(), ...path].join(".") : asked;
    const value = number(wanted);
    const words = wanted.split(/\s+/);
    const found = [];
    for (const one of listed.values()) {
      const name = `${one.name} ${one.also}`.toLowerCase();
      let rank = null;
      if (value !== null && one.value !== undefined && BigInt(one.value) === value) rank = 0;
      else if (name.split(" ").includes(wanted)) rank = 0;
      else if (name.split(/[ ._]/).some((part) => part === wanted)) rank = 1;
      else if (name.includes(wanted)) rank = 2;
      else if (value === null && one.message.includes(wanted)) rank = 3;
      else if (value === null && words.every((word) => `${name} ${one.message}`.includes(word))) rank = 4;
      else if (value === null && words.every((word) => name.includes(word) || one.words.toLowerCase().includes(word))) rank = 5;
      if (rank !== null) found.push([rank, one]);
    }
    return found.sort(([one], [two]) => one - two).map(([, one]) => one);
  }

  function showFound() {
    const text = $("search").value.slice(0, 200);
    const found = search(text);
    const list = $("results");
    list.replaceChildren();
    list.hidden = !text.trim();
    for (const one of found.slice(0, MOST_FOUND)) {
      const value = one.value === undefined || decodable.has(one.name) ? "" : ` = ${one.value}`;
      list.append(made("li", {}, made("a", { href: `#${one.name}` }, made("b", {}, one.name), ` ${one.kind}${value}`, made("span", {}, one.words))));
    }
    if (text.trim() && !found.length) list.append(made("li", { class: "none" }, "Nothing here has this name, value or words."));
    $("found").textContent = text.trim() ? `${found.length} found` : "";
  }

  function closeSearch() {
    $("results").hidden = true;
  }

  $("search").addEventListener("input", showFound);
  $("search").addEventListener("focus", showFound);
  $("search").closest(".search").addEventListener("keydown", (event) => {
    const links = all("#results a");
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links.length) links[Math.min(at + 1, links.length - 1)].focus();
    else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? $("search")).focus();
    else if (event.key === "Enter" && at < 0 && links.length) links[0].click();
    else if (event.key === "Escape") {
      $("search").value = "";
      closeSearch();
      $("search").focus();
      closeSearch();
    } else return;
    event.preventDefault();
  });
  $("results").addEventListener("click", closeSearch);
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) closeSearch();
  });
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest(".search")) closeSearch();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $("search").focus();
    }
  });

  // Decoding

  function planNow() {
    const rows = decodable.get($("decode-name").value);
    const at = rows ? rows[state.version][abis.indexOf($("decode-abi").value)] : -1;
    return at < 0 ? null : plans[at];
  }

  /** Say something of the blob: of the bytes, or of the struct, if one of them is wrong. */
  function say(words, { hex = false, select = false } = {}) {
    $("decode-said").textContent = words;
    $("decode-said").classList.toggle("wrong", hex || select);
    $("decode-hex").setAttribute("aria-invalid", String(hex));
    $("decode-name").setAttribute("aria-invalid", String(select));
  }

  function bytesWord(count) {
    return `${count} byte${count === 1 ? "" : "s"}`;
  }

  function decode() {
    const out = $("decoded");
    out.replaceChildren();
    pasted = [];
    $("decode-link").hidden = true;
    const plan = planNow();
    const name = $("decode-name").value;
    let read;
    try {
      read = bytesOf($("decode-hex").value);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      say(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`, { hex: true });
      return;
    }
    const data = read.bytes;
    pasted = data;
    if (!plan) {
      say(`There is no ${name} at interface version ${versions[state.version]}.`, { select: true });
      showLink(data);
      return;
    }
    if (!data.length) {
      say(`One element of ${plan.tag} on ${$("decode-abi").value} is ${bytesWord(plan.size)}.`);
      return;
    }
    const count = Math.floor(data.length / plan.size);
    const rest = data.length % plan.size;
    const shown = Math.min(count, MOST_ELEMENTS);
    let words = `${bytesWord(data.length)}: ${count} element${count === 1 ? "" : "s"} of ${bytesWord(plan.size)}`;
    if (!count) words = `${bytesWord(data.length)}, too few for one element of ${plan.size}${otherwise(data.length)}`;
    else if (rest) words += ` and ${rest} too many: element ${count} begins at ${count * plan.size} and lacks ${bytesWord(plan.size - rest)}`;
    if (shown < count) words += `; the first ${shown} are shown`;
    say(`${words}.${read.guess ? ` ${read.guess}.` : ""}`, { hex: rest > 0 });
    for (let index = 0; index < shown; index++) {
      const start = index * plan.size;
      out.append(decodedElement(plan, index, start, data.subarray(start, start + plan.size)));
    }
    showLink(data);
  }

  function showLink(data) {
    $("decode-link").hidden = !data.length || data.length > MOST_LINKED;
    $("decode-link").firstElementChild.setAttribute("href", address("decode", data));
  }

  function elements(count) {
    return count === 1 ? "one element" : `${count} elements`;
  }

  /** Return on which other ABIs so many bytes are whole elements, as words. */
  function otherwise(length) {
    const rows = decodable.get($("decode-name").value)[state.version];
    const found = abis.filter((abi, at) => rows[at] >= 0 && length % plans[rows[at]].size === 0);
    if (!found.length) return "";
    const counts = new Set(found.map((abi) => length / plans[rows[abis.indexOf(abi)]].size));
    return `; on ${found.join(", ")} ${counts.size === 1 && [...counts][0] === 1 ? "it is" : "they are"} ${[...counts].map(elements).join(" or ")}`;
  }

  function decodedElement(plan, index, start, data) {
    const body = made("tbody");
    for (const line of decoded(plan, data, symbols)) body.append(row(plan, line));
    const heads = ["Field", "Offset", "Bytes", "Value", "Meaning"].map((head) => made("th", { scope: "col" }, head));
    const title = `Element ${index}, at byte ${start}`;
    const table = made("table", { class: "decoded" }, made("caption", { class: "hidden" }, title), made("thead", {}, made("tr", {}, ...heads)), body);
    return made("div", { class: "element", "data-element": index }, made("h3", {}, title), made("div", { class: "scroll" }, table));
  }

  function row(plan, line) {
    const cells = made("div", { class: "bytes" });
    line.bytes.forEach((byte, at) => cells.append(...(at ? [" "] : []), made("span", {}, pair(byte))));
    const look = line.name ? (looks[line.direction] ?? "plain") : `hole${line.dirty ? " dirty" : ""}`;
    const hole = plan.holes.some(([offset, length]) => line.offset >= offset && line.offset < offset + length);
    const what = line.name ?? (line.leaf ? `rest of ${line.leaf}` : hole ? "hole" : "not used by this member");
    const mark = line.name && line.direction ? `${marks[line.direction]} ${line.direction} ` : "";
    const values = line.name ? line.values : [];
    const data = line.name ? { "data-field": line.name, "data-values": values.join(","), "data-scalar": line.scalar, "data-symbol": line.symbol ?? "" } : { "data-gap": line.offset };
    const meaning = line.name ? (line.symbol ?? "") : line.dirty ? "not zero" : "";
    return made(
      "tr",
      { class: look, ...data },
      made("th", { scope: "row" }, made("code", {}, what), ...(mark ? [" ", made("span", { class: "way quiet" }, mark)] : [])),
      made("td", { "data-label": "Offset" }, String(line.offset)),
      made("td", { "data-label": "Bytes" }, cells),
      made("td", { "data-label": "Value" }, made("code", {}, values.map(shownNumber).join(", "))),
      made("td", { "data-label": "Meaning" }, ...linked(meaning)),
    );
  }

  function shownNumber(value) {
    return value < 0x10000n && value > -0x10000n ? String(value) : `0x${value.toString(16)}`;
  }

  /** Return the names of a value as links to what they mean. */
  function linked(meaning) {
    return meaning.split("|").flatMap((word, at) => [
      ...(at ? [" | "] : []),
      listed.has(word) || called.has(word) ? made("a", { href: `#${word}` }, word) : word,
    ]);
  }

  // A large paste is refused before the browser lays it out.
  $("decode-hex").addEventListener("beforeinput", (event) => {
    const text = event.data ?? event.dataTransfer?.getData("text") ?? "";
    if (text.length + $("decode-hex").value.length <= MOST_TEXT) return;
    event.preventDefault();
    say(`${text.length} characters: ${TOO_LONG}.`, { hex: true });
  });
  let waiting = 0;
  $("decode-hex").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(changedBlob, 120);
  });
  function changedBlob() {
    decode();
    leave("decode");
    remember();
  }
  $("decode-name").addEventListener("change", changedBlob);
  $("decode-abi").addEventListener("change", changedBlob);
  $("decode-form").addEventListener("submit", (event) => event.preventDefault());
  $("decode-example").addEventListener("click", () => {
    const plan = planNow();
    if (plan) $("decode-hex").value = [...example(plan, symbols)].map(pair).join(" ");
    changedBlob();
  });
  $("decode-clear").addEventListener("click", () => {
    $("decode-hex").value = "";
    changedBlob();
    $("decode-hex").focus();
  });

  // Controls

  $("version").addEventListener("input", () => {
    showVersion(Number($("version").value));
    remember();
  });
  $("abi").addEventListener("change", () => {
    showAbi($("abi").value);
    remember();
  });
  $("theme").addEventListener("change", () => showTheme($("theme").value));

  function showTheme(theme) {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  const narrow = matchMedia("(max-width: 68rem)");
  const fold = () => {
    $("contents").open = !narrow.matches;
  };
  narrow.addEventListener("change", fold);
  fold();
  window.addEventListener("beforeprint", () => all("details").forEach((one) => (one.open = true)));
  window.addEventListener("hashchange", () => go(location.hash, true));
  // Links within the page keep the version and the ABI.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const name = link.getAttribute("href").slice(1);
    const hash = name.includes("?") ? link.hash : address(name, pasted);
    event.preventDefault();
    if (hash === location.hash) go(hash, true); // no change, but asked for again
    else location.hash = hash;
  });
  showVersion(state.version);
  if (location.hash) go(location.hash, false);
}
