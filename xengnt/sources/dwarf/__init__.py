# SPDX-License-Identifier: MIT
"""The reader of debugging information in ELF files.

``elf`` maps a file and gives its sections as they are after relocation and
decompression (``relocate``), ``links`` finds the files that belong to it, ``units``
cuts debugging information into units and entries (``forms`` and ``abbreviations`` are
how these are coded, ``constants`` the numbers of the standard), ``lines`` knows the
names of source files, ``types`` lays out what entries describe. ``reader`` does it all.

pyelftools reads the ELF headers. Entries are decoded here: pyelftools makes objects
of all of them and keeps them, and where a compiler leaves out the links between
siblings, as clang and rustc do, every entry of every function has to be stepped over.
"""
