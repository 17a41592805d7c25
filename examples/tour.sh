#!/bin/sh
# SPDX-License-Identifier: MIT
# A tour of xengnt: each command is shown, then run.
set -eu
cd "$(dirname "$0")/.."

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

show xengnt selfcheck
show xengnt layout copy --abi x86_64 --abi x86_32
show xengnt explain GNTST_bad_page

header=/usr/include/xen/grant_table.h
if [ -e "$header" ]; then
    show xengnt check "$header" --abi all
else
    printf '\nskipped: xengnt check %s: there is none here (Debian: apt install libxen-dev)\n' "$header"
    show xengnt check include/xen/grant_table.h --abi all
fi
