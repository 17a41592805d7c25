# SPDX-License-Identifier: MIT
"""The reader of C headers: ours and everybody else's.

``preprocess`` runs a preprocessor (``with_pcpp`` the one in Python), ``tokens`` cuts
up what it prints, ``expand`` finds out what macros stand for, ``cut`` finds the
declarations and ``lift`` takes their attributes out, ``parse`` understands them and
``evaluate`` their constants, ``markup`` and ``annotate`` read the comments, ``gates``
the version conditions. ``reader`` does it all.
"""
