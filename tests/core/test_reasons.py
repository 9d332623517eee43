"""The table of reasons: complete, in use, and safe to show."""

import ast
import re
from pathlib import Path

import pytest

from milter.core import reasons

CORE = Path(reasons.__file__).parent
CODE = re.compile(r"(?:sender|mail|passed|reply)-[a-z]+(?:-[a-z]+)*")


def strings() -> set[str]:
    files = [one for one in CORE.parent.rglob("*.py") if one.name != "reasons.py"]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("code", reasons.REASONS)
def test_codes_are_kebab_case_and_sentences_are_sentences(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
    assert re.fullmatch(r"[A-Z].{10,90}\.", reasons.REASONS[code])


def test_every_code_is_used() -> None:
    """Literally, or by the cause of a sign, or by how a list named the author."""
    used = strings()
    made = {code for code in reasons.REASONS if code.rpartition("-")[2] in used or code in used or _listed(code)}
    assert set(reasons.REASONS) - made == set()


def _listed(code: str) -> bool:
    return re.fullmatch(r"sender-is-(client|contact|personal)-(address|domain)", code) is not None


def test_every_sign_has_both_reasons() -> None:
    causes = {
        code.removeprefix("sender-automatic-") for code in reasons.REASONS if code.startswith("sender-automatic-")
    }
    found = re.findall(r'Sign\(\s*"([a-z]+)"', "\n".join(one.read_text() for one in (CORE / "automatic").glob("*.py")))
    assert set(found) == causes
    assert {f"reply-withheld-{one}" for one in causes} <= set(reasons.REASONS)


def test_evidence_is_one_short_printable_line() -> None:
    shown = reasons.reason("sender-is-spam", "a\r\nBcc: x\x00\u2028" + "y" * 500).evidence
    assert len(shown) == reasons.LONGEST_EVIDENCE and shown.isprintable() and shown.startswith("a Bcc: x y")


def test_an_unknown_code_is_a_defect() -> None:
    with pytest.raises(KeyError):
        reasons.reason("reply-withheld-because")
