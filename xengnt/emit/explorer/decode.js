// SPDX-License-Identifier: MIT
// From hexadecimal text to bytes, and from bytes to fields. Knows no struct: plans say it all.
"use strict";

const MOST_BYTES = 1 << 20; // as many are decoded
const MOST_TEXT = 1 << 18; // characters: browsers take long to lay out more
const TOO_LONG = "this is too much for a page: paste a part of it, or give it to xengnt decode";
// A line of xxd, gdb (x/8xb), lldb or tcpdump: an address, a colon, bytes.
const COLON = /^\s*(?:0x)?([0-9a-fA-F]{4,16})(?:\s+<.*>)?:(?=\s|$)/;
// One of hexdump -C, od -Ax -tx1 or Wireshark: an address, and bytes that stand one by one.
const BARE = /^\s*(?:0x)?([0-9a-fA-F]{4,16})(?:\s+(?=(?:0x)?[0-9a-fA-F]{2}(?:\s|$))|\s*$)/;
const BARE_FIRST = /^\s*(?:0x)?[0-9a-fA-F]{4,16}\s+(?:0x)?[0-9a-fA-F]{2}(?:\s|$)/;
// One of hexdump or od -x: an address, and words whose bytes may be swapped.
const WORDS = /^\s*([0-9a-fA-F]{4,16})\s+([0-9a-fA-F]{4}|[0-9a-fA-F]{8}|[0-9a-fA-F]{16})(?:\s|$)/;

/** An error in what was pasted, with the line and column. */
class Wrong extends Error {}

/** Return the bytes of a text, plain hexadecimal or a dump, and what was guessed of it. */
function bytesOf(text) {
  if (text.length > MOST_TEXT) throw new Wrong(TOO_LONG);
  const lines = text.split(/\r\n|\r|\n/);
  const style = lines.find((line) => line.trim()) ?? "";
  const dump = (COLON.test(style) && COLON) || (BARE_FIRST.test(style) && BARE) || null;
  return dump ? dumped(lines, dump) : plain(text);
}

/** Return the bytes of a dump; the addresses have to agree with how many there are. */
function dumped(lines, dump) {
  const rows = []; // address, bytes as hexOf has them, and whether lines like it follow
  lines.forEach((line, index) => {
    const where = `line ${index + 1}`;
    if (!line.trim()) return;
    if (line.trim() === "*" && rows.length) {
      rows.at(-1).repeat = true;
      return;
    }
    const found = dump.exec(line);
    if (!found) throw new Wrong(`${where}: not a line of a dump like those before`);
    const address = BigInt(`0x${found[1]}`);
    rows.push({ where, written: found[1], address, ...hexOf(line, found[0].length, where, dump), repeat: false });
  });
  const bytes = [];
  const base = rows[0].address;
  let width = null;
  rows.forEach((row, at) => {
    const offset = Number(row.address - base);
    if (offset > MOST_BYTES) throw new Wrong(`${row.where}: ${TOO_LONG}`);
    // od counts in octal digits, of which it writes seven.
    const octal = /^[0-7]{7}$/.test(row.written) ? "; octal? then print it with od -Ax -tx1" : "";
    if (offset !== bytes.length) {
      const follows = (base + BigInt(bytes.length)).toString(16);
      throw new Wrong(`${row.where}: offset ${row.written} where ${follows} follows${octal}`);
    }
    const next = rows[at + 1];
    const here = next && !row.repeat ? Number(next.address - row.address) : null;
    // What stands behind a gap is bytes or text: the next address tells, or lines before.
    let ends = row.ends;
    if (ends.length > 1) {
      const wanted = here ?? (width && ends.includes(width) ? width : null);
      if (ends.includes(wanted)) ends = [wanted];
      else if (here === null && row.wide) ends = [ends[0]];
      else throw new Wrong(`${row.where}: bytes or text behind the gap? leave the text out`);
    }
    const own = row.bytes.slice(0, ends[0]);
    width ??= own.length;
    for (const byte of own) bytes.push(byte);
    if (!row.repeat) return;
    if (octal) throw new Wrong(`${row.where}: octal offsets before a star? print it with od -Ax -tx1`);
    if (!next) throw new Wrong(`${row.where}: lines are repeated, and no offset says how often`);
    const until = Number(next.address - base);
    if (until > MOST_BYTES) throw new Wrong(`${next.where}: ${TOO_LONG}`);
    while (own.length && bytes.length < until) for (const byte of own) bytes.push(byte);
  });
  if (bytes.length > MOST_BYTES) throw new Wrong(TOO_LONG);
  const order = rows.some((row) => row.pairs) ? ", words of 2 bytes in the order in which they stand" : "";
  return { bytes: Uint8Array.from(bytes), guess: `Read as a dump from 0x${base.toString(16)}${order}` };
}

/** Return the bytes of a line of a dump, and after how many of them text may begin. */
function hexOf(line, start, where, dump) {
  const bytes = [];
  const ends = []; // where gaps are
  let pairs = false; // some bytes stand by twos
  let wide = false; // the first gap is too wide to be one between bytes
  let rest = line.slice(start).trimEnd();
  const bar = rest.search(/\s[|>]/);
  const marked = dump === BARE && bar >= 0 && /[|<]/.test(rest.at(-1)); // what is behind is text
  const shown = rest.length - bar - 3;
  if (marked) rest = rest.slice(0, bar).trimEnd();
  for (const found of rest.matchAll(/(\s*)(\S+)/g)) {
    const [, space, word] = found;
    const place = `${where}, column ${start + found.index + space.length + 1}`;
    const gap = bytes.length > 0 && /\s{2,}/.test(space);
    if (gap) {
      if (!ends.length) wide = space.length > 2;
      ends.push(bytes.length);
    }
    const [, zero, hex] = /^(0[xX])?((?:[0-9a-fA-F]{2})+)$/.exec(word) ?? [];
    if (!hex) {
      if (ends.length && !marked) return { bytes, ends: [...new Set(ends)], wide, pairs };
      throw new Wrong(`${place}: ${JSON.stringify(word.slice(0, 20))} is no byte of a dump`);
    }
    const size = hex.length / 2;
    if (zero && size > 1) throw new Wrong(`${place}: a number of ${size} bytes: give single bytes`);
    // Behind a gap this may be text: then it does not matter how long it is.
    const most = dump === COLON ? 2 : 1;
    if (size > most) {
      if (ends.length && !marked) return { bytes, ends: [...new Set(ends)], wide, pairs };
      throw new Wrong(`${place}: words of ${size} bytes, which may be swapped: give single bytes`);
    }
    pairs ||= size > 1;
    for (let at = 0; at < hex.length; at += 2) bytes.push(parseInt(hex.slice(at, at + 2), 16));
  }
  if (marked && shown !== bytes.length) throw new Wrong(`${where}: ${bytes.length} bytes before ${shown} characters`);
  return { bytes, ends: marked ? [bytes.length] : [...new Set([...ends, bytes.length])], wide, pairs };
}

/** Return the bytes of digits, between which there may be spaces, commas and the like. */
function plain(text) {
  const bytes = [];
  const tight = text.includes("\\x");
  const lines = array(uncommented(text)).split(/\r\n|\r|\n/);
  let numbers = 0; // that begin with 0x
  let long = null; // one of them that has several bytes
  let odd = null;
  let grouped = 0;
  for (const [index, line] of lines.entries()) {
    const where = `line ${index + 1}`;
    if (COLON.test(line)) throw new Wrong(`${where}: a line of a dump, other than those before`);
    swapped(line, where);
    const words = /\\x([0-9a-fA-F]{2})|b(?=["'])|0[xX](?![0-9a-fA-F])|(0[xX])?([0-9a-fA-F]+)|([\s,;:_{}()[\]"'-]+)|(.)/gsu;
    for (const found of line.matchAll(words)) {
      const [whole, escaped, zero, digits, between, strange] = found;
      const place = `${where}, column ${found.index + 1}`;
      if (strange !== undefined) throw new Wrong(`${place}: ${JSON.stringify(strange)} is no hexadecimal digit`);
      if (odd) throw new Wrong(odd);
      if (escaped !== undefined) bytes.push(parseInt(escaped, 16));
      if (digits === undefined) continue;
      if (tight) throw new Wrong(`${place}: ${JSON.stringify(whole.slice(0, 20))} stands among \\x: write all bytes so`);
      const hex = zero && digits.length === 1 ? `0${digits}` : digits;
      if (hex.length % 2) {
        odd = `${place}: half a byte is missing, ${hex.length} digit${hex.length === 1 ? "" : "s"}`;
        continue;
      }
      const size = hex.length / 2;
      numbers += 1;
      if (zero && size > 1) long ??= `${place}: a number of ${size} bytes: give single bytes`;
      if (long && numbers > 1) throw new Wrong(long);
      if (size > 1) grouped = grouped && grouped !== size ? -1 : size;
      for (let at = 0; at < hex.length; at += 2) bytes.push(parseInt(hex.slice(at, at + 2), 16));
    }
  }
  if (odd) throw new Wrong(odd);
  let guess = "";
  if ([2, 4, 8].includes(grouped) && numbers > 1) guess = `Words of ${grouped} bytes are read in the order in which they stand`;
  else if (/\d\s*,\s*\d/.test(text) && !/[a-fx]/i.test(text)) guess = "Numbers are read as hexadecimal";
  return { bytes: Uint8Array.from(bytes), guess };
}

/** Refuse a line of an address and words. */
function swapped(line, where) {
  const [, address, word] = WORDS.exec(line) ?? [];
  if (!word || address.length === word.length) return;
  const rest = line.trim().split(/\s+/).slice(1);
  if (rest.slice(0, -1).some((one) => one.length !== word.length)) return;
  throw new Wrong(`${where}: an address and words, which may be swapped: give single bytes, as hexdump -C or od -Ax -tx1 print them`);
}

/** Return a text of C with spaces for its comments. */
function uncommented(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(/\/\*|\/\/[^\r\n]*/g)) {
    if (found.index < at) continue; // in a comment
    const close = found[0] === "/*" ? text.indexOf("*/", found.index + 2) : 0;
    if (close < 0) throw new Wrong("a comment has no end");
    const end = close ? close + 2 : found.index + found[0].length;
    parts.push(text.slice(at, found.index), text.slice(found.index, end).replace(/[^\r\n]/g, " "));
    at = end;
  }
  return parts.join("") + text.slice(at);
}

/** Return a text with spaces for what stands around its one array of C, if it has one. */
function array(text) {
  const begins = [...text.matchAll(/=\s?\{/g)];
  if (!begins.length) return text;
  if (begins.length > 1) throw new Wrong("several arrays: give one of them");
  const start = begins[0].index + begins[0][0].length;
  const close = text.indexOf("}", start);
  const end = close < 0 ? text.length : close;
  return text.slice(0, start).replace(/[^\r\n]/g, " ") + text.slice(start, end);
}

/** Return an unsigned or signed integer, little-endian. */
function integer(data, offset, size, signed = false) {
  let value = 0n;
  for (let at = size - 1; at >= 0; at--) value = (value << 8n) | BigInt(data[offset + at]);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** Return the member that a choice means for these bytes. */
function picked(choice, data) {
  while (Array.isArray(choice)) {
    const [offset, size, mask, value, then, other] = choice;
    choice = (integer(data, offset, size) & BigInt(mask)) === BigInt(value) ? then : other;
  }
  return choice;
}

function anySet(data, start, end) {
  return data.subarray(start, end).some((byte) => byte !== 0);
}

/** Return the names of a value, joined by |, or null; see Symbols.text. */
function nameOf(enums, value) {
  let rest = value;
  const words = [];
  for (const one of enums) {
    if (one.condition) {
      const [mask, wanted, must] = one.condition;
      if (((value & BigInt(mask)) === BigInt(wanted)) !== must) continue;
    }
    const mask = one.mask === null ? -1n : BigInt(one.mask);
    for (const [name, number] of one.members) {
      const bits = BigInt(number);
      const holds = one.bits ? bits !== 0n && (rest & bits) === bits : (value & mask) === bits;
      if (!holds) continue;
      words.push(name);
      rest = one.bits || one.mask !== null ? rest & ~bits : 0n;
      if (!one.bits) break;
    }
  }
  if (!words.length || rest < 0n) return null;
  return [...words, ...(rest ? [`0x${rest.toString(16)}`] : [])].join("|");
}

/** Return what each byte of an element is, in order: fields, holes, and the rest of unions. */
function decoded(plan, data, symbols) {
  let view = plan.views[0];
  if (plan.views.length > 1) {
    view = plan.views.find((one) => one.name === picked(plan.choice, data));
    if (anySet(data, view.end, plan.size)) view = plan.views[plan.raw];
  }
  const lines = [];
  let reached = 0;
  const gap = (end, leaf = null, direction = null) => {
    if (end <= reached) return;
    const bytes = data.subarray(reached, end);
    lines.push({ offset: reached, bytes, name: null, leaf, direction, dirty: bytes.some((byte) => byte !== 0) });
    reached = end;
  };
  for (const leaf of view.leaves) {
    gap(leaf.offset);
    const whole = leaf.offset + leaf.size * (leaf.count ?? 1);
    let slot = leaf;
    if (leaf.members) {
      const member = leaf.members[picked(leaf.choice, data)];
      if (member && !anySet(data, member.offset + member.size, whole)) slot = member;
    }
    const end = slot.offset + slot.size * (slot.count ?? 1);
    const values = [];
    for (let at = slot.offset; at < end; at += slot.size) values.push(integer(data, at, slot.size, slot.signed));
    const scalar = slot.count === null;
    lines.push({
      offset: slot.offset,
      bytes: data.subarray(slot.offset, end),
      name: slot.name,
      leaf: leaf.name,
      direction: slot.direction,
      values,
      scalar,
      symbol: scalar ? nameOf(symbols[slot.symbols], values[0]) : null,
    });
    reached = end;
    gap(whole, leaf.name, leaf.direction);
  }
  gap(plan.size);
  return lines;
}

/** Return bytes of an element that show something: a name where there are names. */
function example(plan, symbols) {
  const data = new Uint8Array(plan.size);
  plan.views[0].leaves.forEach((leaf, number) => {
    if (leaf.count !== null || leaf.direction === "OUT") return;
    const enums = symbols[leaf.symbols];
    const named = enums.flatMap((one) => one.members.slice(0, one.bits ? 2 : 1).map(([, value]) => value));
    let value = enums.length ? named.reduce((one, two) => one | BigInt(two), 0n) : BigInt(number + 1);
    for (let at = 0; at < leaf.size; at++, value >>= 8n) data[leaf.offset + at] = Number(value & 255n);
  });
  return data;
}
