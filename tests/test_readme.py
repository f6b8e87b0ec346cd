"""README.md says what is true: its code runs, its help texts and tables are what the commands print."""

import re
import subprocess
import sys

import pytest

from readme import DATA_PARTS, PARTS, ROOT, fill

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
GENERATED = [("README.md", n, make) for n, make in PARTS.items()]
GENERATED += [("data/README.md", n, make) for n, make in DATA_PARTS.items()]


@pytest.mark.parametrize(("file", "name", "make"), GENERATED, ids=[f"{f}-{n}" for f, n, _ in GENERATED])
def test_generated_part_is_current(file, name, make):
    text = (ROOT / file).read_text(encoding="utf-8")
    if name == "help" and sys.version_info[:2] != (3, 11):
        pytest.skip("argparse lays out help differently in other Python versions")
    found = re.search(rf"<!-- {name}:begin -->(.*?)<!-- {name}:end -->", text, re.DOTALL)
    assert found is not None
    assert found.group(1) == make(), "run: python tests/readme.py"


def test_fill_refuses_a_text_without_markers():
    with pytest.raises(ValueError, match="no markers"):
        fill("nothing", "help", "x")


def test_python_blocks_run():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 2
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "scored" in done.stdout


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target
