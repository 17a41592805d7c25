# SPDX-License-Identifier: MIT
"""The reader of C headers: ours and everybody else's.

``preprocess`` runs a preprocessor (``with_pcpp`` the one in Python, ``missing`` stands
in for headers that are not there), ``tokens`` cuts up what it prints, ``expand`` finds
out what macros stand for, ``plain`` makes C of what is nearly C, ``cut`` finds the
declarations and ``lift`` takes their attributes out, ``parse`` understands them and
``evaluate`` their constants, ``markup`` and ``annotate`` read the comments, ``gates``
the version conditions. ``defaults`` and ``handles`` say what well-known names mean that
nothing defines. ``reader`` does it all.
"""
