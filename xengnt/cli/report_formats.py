# SPDX-License-Identifier: MIT
"""The report of ``xengnt check`` for machines: findings JSON, SARIF 2.1.0, JUnit XML."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from xengnt import __version__
from xengnt.abi.targets import format_version
from xengnt.check import Comparison, Report
from xengnt.cli.render import print_json
from xengnt.findings import ERROR, NOTE, Finding

_PLACE = re.compile(r"(.+):(\d+)")

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(reports: Sequence[Report]) -> None:
    """Print findings JSON."""
    print_json(
        {
            "findings": [finding.as_json() for report in reports for finding in report.findings],
            "compared": [
                {
                    "source": report.source,
                    "against": report.reference,
                    "abi": comparison.reference.abi,
                    "interface_version": format_version(comparison.reference.interface_version),
                    **comparison.counts(),
                    "matched": [
                        {"name": match.ours, "theirs": match.theirs, "how": match.how}
                        for match in comparison.names.matched()
                    ],
                }
                for report in reports
                for comparison in report.comparisons
            ],
        }
    )


def sarif(reports: Sequence[Report]) -> None:
    """Print a log in SARIF 2.1.0, a result for each finding."""
    findings = [finding for report in reports for finding in report.findings]
    codes = sorted({finding.code for finding in findings})
    print_json(
        {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "xengnt",
                            "version": __version__,
                            "rules": [{"id": code, "name": _camel(code)} for code in codes],
                        }
                    },
                    "results": [_result(finding, codes) for finding in findings],
                    "columnKind": "unicodeCodePoints",
                }
            ],
        }
    )


def _camel(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("-"))


def _result(finding: Finding, codes: Sequence[str]) -> dict[str, object]:
    message = finding.message
    if finding.abi:
        message = f"{finding.abi}: {message}"
    if finding.because:
        message += f" ({finding.because})"
    location: dict[str, object] = {}
    if finding.where:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.where}]
    if finding.source:
        location["physicalLocation"] = _physical(finding.source)
    properties = {
        key: value
        for key, value in finding.as_json().items()
        if key in ("abi", "interface_version", "offset", "expected", "got", "theirs") and value
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": message},
        **({"locations": [location]} if location else {}),
        "properties": properties,
    }


def _physical(source: str) -> dict[str, object]:
    """Return a place in a file as SARIF has it."""
    match = _PLACE.fullmatch(source)
    path = Path(match[1] if match else source)
    uri = path.as_uri() if path.is_absolute() else _relative(path)
    found: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if match and int(match[2]):
        found["region"] = {"startLine": int(match[2])}
    return found


def _relative(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path.as_posix()))


def junit(reports: Sequence[Report]) -> None:
    """Print JUnit XML: a suite for each source, ABI and version, a case for each struct."""
    root = ET.Element("testsuites", name="xengnt check")
    for report in reports:
        for comparison in report.comparisons:
            _suite(root, report, comparison)
        if report.refusals:
            suite = ET.SubElement(root, "testsuite", name=report.source)
            for finding in report.refusals:
                name = f"{finding.abi} {finding.where}".strip()
                _case(suite, report.source, name, [finding])
            _count(suite)
    ET.indent(root)
    print('<?xml version="1.0" encoding="UTF-8"?>')
    print(ET.tostring(root, encoding="unicode"))


def _suite(root: ET.Element, report: Report, comparison: Comparison) -> None:
    ours = comparison.reference
    version = format_version(ours.interface_version)
    suite = ET.SubElement(root, "testsuite", name=_text(f"{report.source} {ours.abi} {version}"))
    for name, findings in _cases(comparison):
        _case(suite, f"{report.source}.{ours.abi}.{version}", name, findings)
    _count(suite)


def _cases(comparison: Comparison) -> Iterator[tuple[str, list[Finding]]]:
    """Give each struct with what was found about it, then constants and all else."""
    rest = list(comparison.findings)
    for tag in comparison.reference.structs:
        about = [one for one in rest if one.where.partition(".")[0] == tag]
        rest = [one for one in rest if one not in about]
        yield tag, about
    constants = comparison.reference.constants
    yield "constants", [one for one in rest if one.where in constants]
    yield "other", [one for one in rest if one.where not in constants]


def _case(suite: ET.Element, classname: str, name: str, findings: Sequence[Finding]) -> None:
    case = ET.SubElement(suite, "testcase", classname=_text(classname), name=_text(name), time="0")
    errors = [finding for finding in findings if finding.severity == ERROR]
    lines = "\n".join(_line(finding) for finding in findings)
    if errors:
        failure = ET.SubElement(
            case, "failure", message=_text(errors[0].message), type=errors[0].code
        )
        failure.text = _text(lines)
    elif any(one.code in ("struct-missing", "abi-refused") for one in findings):
        ET.SubElement(case, "skipped", message=_text(findings[0].message))
    elif any(finding.severity != NOTE for finding in findings) or lines:
        ET.SubElement(case, "system-out").text = _text(lines)


def _line(finding: Finding) -> str:
    because = f" ({finding.because})" if finding.because else ""
    return f"{finding.severity}: {finding.message}{because}  {finding.source}".rstrip()


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")


def _text(text: str) -> str:
    """Return a text without what XML cannot have."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
