// SPDX-License-Identifier: MIT
// From hexadecimal text to bytes, and from bytes to fields. Knows no struct: plans say it all.
"use strict";

const MOST_BYTES = 1 << 20; // as many are decoded
const MOST_TEXT = 1 << 18; // characters: browsers take long to lay out more
const TOO_LONG = "this is too much for a page: paste a part of it, or give it to xengnt decode";
const OFFSET = "[0-9a-fA-F]{6,16}";
const XXD = new RegExp(`^\\s*(${OFFSET}):\\s?(.*)$`);
const HEXDUMP = new RegExp(`^\\s*(${OFFSET})(?:\\s\\s(.*))?$`);
const DUMPED = new RegExp(`^\\s*${OFFSET}(:|\\s\\s)`);

/** An error in what was pasted, with the line and column. */
class Wrong extends Error {}

/** Return the bytes of a text: plain hexadecimal, or what xxd and hexdump -C print. */
function bytesOf(text) {
  if (text.length > MOST_TEXT) throw new Wrong(TOO_LONG);
  const bytes = [];
  const lines = text.split(/\r\n|\r|\n/);
  const style = lines.find((line) => line.trim()) ?? "";
  const dump = (XXD.test(style) && XXD) || (DUMPED.test(style) && HEXDUMP) || null;
  let repeat = false;
  let last = [];
  let base = null;
  for (const [index, line] of lines.entries()) {
    if (!line.trim()) continue;
    if (dump && line.trim() === "*") {
      repeat = true;
      continue;
    }
    const found = dump && dump.exec(line);
    if (dump && !found) throw new Wrong(`line ${index + 1}: not a line of a dump like those before`);
    if (found) {
      const offset = parseInt(found[1], 16);
      base ??= offset;
      if (repeat) {
        if (offset - base > MOST_BYTES) throw new Wrong(`line ${index + 1}: ${TOO_LONG}`);
        while (last.length && bytes.length < offset - base) bytes.push(...last);
        repeat = false;
      }
      if (offset - base !== bytes.length) {
        throw new Wrong(`line ${index + 1}: offset ${found[1]} where ${(base + bytes.length).toString(16)} follows`);
      }
    }
    const part = found ? hexOf(found[2] ?? "", dump) : line;
    const before = bytes.length;
    digits(part, index + 1, line.indexOf(part), bytes);
    last = bytes.slice(before);
  }
  return Uint8Array.from(bytes);
}

/** Return the digits of a line of a dump, without the characters behind them. */
function hexOf(rest, dump) {
  if (dump === HEXDUMP) return rest.replace(/\|.*$/, "");
  return /^(?:[0-9a-fA-F]{2}){0,64}(?: (?:[0-9a-fA-F]{2})+)*/.exec(rest)[0];
}

/** Add the bytes of digits, between which there may be spaces, commas and the like. */
function digits(text, line, column, bytes) {
  const words = /0[xX]|\\x|([0-9a-fA-F]+)|([\s,;:_{}()[\]"'-]+)|(.)/gsu;
  let short = false; // 0x1 is a byte
  let odd = null;
  for (const found of text.matchAll(words)) {
    const [, hex, between, strange] = found;
    const place = `line ${line}, column ${Math.max(column, 0) + found.index + 1}`;
    if (strange !== undefined) throw new Wrong(`${place}: ${JSON.stringify(strange)} is no hexadecimal digit`);
    if (odd) throw new Wrong(odd);
    if (hex === undefined) {
      short = between === undefined;
      continue;
    }
    // Many digits behind 0x are bytes too, in the order in which they stand.
    const whole = short && hex.length === 1 ? `0${hex}` : hex;
    short = false;
    if (whole.length % 2) odd = `${place}: half a byte is missing, ${whole.length} digit${whole.length === 1 ? "" : "s"}`;
    else for (let at = 0; at < whole.length; at += 2) bytes.push(parseInt(whole.slice(at, at + 2), 16));
  }
  if (odd) throw new Wrong(odd);
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
