#!/bin/sh
# SPDX-License-Identifier: MIT
# A tour of xengnt: each command is shown, then run.
set -eu
cd "$(dirname "$0")/.."

show() {
    printf '\n$ %s\n' "$*"
    sh -c "$*"
}

show xengnt selfcheck
show xengnt explain GNTST_bad_page
show xengnt layout copy --abi x86_64 --abi x86_32

out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

# Argument blobs: made from JSON, shown byte by byte, judged, read back.
show xengnt encode copy examples/copies.json --abi x86_32 -o "$out/copies.bin"
show xengnt decode copy "$out/copies.bin" --abi x86_32 --format hex
show xengnt validate copy "$out/copies.bin" --abi x86_32
show xengnt encode map_grant_ref examples/maps.json -o "$out/maps.bin"
show xengnt decode map_grant_ref "$out/maps.bin"
show "xengnt decode map_grant_ref $out/maps.bin --format json --in-only | xengnt encode map_grant_ref | cmp - $out/maps.bin && echo the same bytes"

# Calls, with the model of Xen that is part of the package.
show xengnt run examples/scenarios/block.jsonl

# Somebody's header: packed as Xen packs it?
header=/usr/include/xen/grant_table.h
if [ -e "$header" ]; then
    show xengnt check "$header" --abi all
else
    printf '\nskipped: xengnt check %s: there is none here (Debian: apt install libxen-dev)\n' "$header"
    show xengnt check include/xen/grant_table.h --abi all
fi
