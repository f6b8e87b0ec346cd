"""The repository itself: a current lock, nothing large, nothing of one machine, and documents that hold."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import realreach

requirements = pytest.importorskip("packaging.requirements", reason="reading the lock needs `packaging` (extra `dev`)")
names = pytest.importorskip("packaging.utils", reason="reading the lock needs `packaging` (extra `dev`)")

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

TOP_LEVEL = {
    *(".ci", ".gitignore", ".pre-commit-config.yaml", "LICENSE", "CHANGELOG.md", "README.md", "Makefile"),
    *("pyproject.toml", "requirements.lock", "train.py", "predict.py"),
    *("src", "tests", "data", "models", "notebooks", "docs"),
}
"""What may lie at the top: whoever opens the repository sees the two scripts and the six folders, nothing else."""

LARGEST = 2 * 2**20

# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.-])/(?:work|root|home/[\w.-]+|Users/[\w.-]+)(?=/)"),
    "a path of Windows": re.compile(r"\b[A-Z]:\\Users\b"),
    "a host of a registry": re.compile(r"\b(?:py[p]i|python[h]osted|nex[u]s|artif[a]ctory|dev[p]i)[\w-]*\.[a-z]"),
    "an index of packages": re.compile(r"(?:extra[-_])?index[-_]url|trusted[-_]host|find[-_]links"),
}


@pytest.fixture(scope="module")
def tracked():
    """The files that git knows and that are there."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout, so nobody knows which files belong to it")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def locked_versions(text):
    """Return the versions by name of all requirements of a lock; each must be pinned and hashed."""
    versions = {}
    for entry in re.sub(r"\\\n", " ", text).splitlines():
        if not entry.strip() or entry.startswith("#"):
            continue
        spec, *hashes = re.split(r"\s--hash=", entry)
        assert hashes, f"{spec.strip()[:60]} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one.strip()) for one in hashes), f"{spec}: not a sha256"
        requirement = requirements.Requirement(spec.strip())
        assert requirement.url is None, f"{requirement.name} comes from an address"
        (pin,) = requirement.specifier
        assert pin.operator == "==", f"{requirement} is not pinned"
        versions.setdefault(names.canonicalize_name(requirement.name), []).append(pin.version)
    return versions


def wanted():
    """Return what pyproject.toml asks for: to run, for every extra, and to build."""
    project = PROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), PROJECT["build-system"]["requires"]]
    found = [requirements.Requirement(text) for one in lists for text in one]
    return [r for r in found if names.canonicalize_name(r.name) != project["name"]]


def offences(path):
    """Return what a file holds that only one machine can use, each with its line."""
    text = path.read_bytes().decode("utf-8", "replace")
    return [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1} holds {what}"
        for what, pattern in FORBIDDEN.items()
        for hit in pattern.finditer(text)
    ]


def section(text, version):
    """Return the part of the changelog about a version."""
    found = re.search(rf"^## \[{re.escape(version)}\].*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(0) if found else ""


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_lock_has_every_requirement(requirement):
    versions = locked_versions((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    found = versions.get(names.canonicalize_name(requirement.name), [])
    assert found, f"{requirement.name} is not in requirements.lock: run `make lock`"
    assert all(requirement.specifier.contains(version) for version in found), f"{requirement}, but {found}: `make lock`"


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ("numpy==2.0.0\n", "has no hash"),
        ("numpy==2.0.0 --hash=md5:0", "not a sha256"),
        ("numpy>=2.0 --hash=sha256:" + "0" * 64, "is not pinned"),
        ("numpy @ https://example.org/numpy.whl --hash=sha256:" + "0" * 64, "comes from an address"),
        ("--index" + "-url https://example.org/simple", "has no hash"),
    ],
)
def test_a_loose_lock_is_noticed(lock, said):
    with pytest.raises(AssertionError, match=said):
        locked_versions(lock)


def test_no_large_file(tracked):
    assert [str(path.relative_to(ROOT)) for path in tracked if path.stat().st_size > LARGEST] == []


def test_nothing_of_one_machine(tracked):
    assert [offence for path in tracked for offence in offences(path)] == []


def test_top_level_is_tidy(tracked):
    assert {path.relative_to(ROOT).parts[0] for path in tracked} - TOP_LEVEL == set()


def test_links_between_documents_lead_somewhere(tracked):
    documents = [path for path in tracked if path.suffix == ".md"]
    links = [(d, t) for d in documents for t in re.findall(r"\]\(([^)#\s]+)[^)]*\)", d.read_text(encoding="utf-8"))]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document, target in links
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert broken == []


def test_version_is_one_and_in_the_changelog():
    assert realreach.__version__ == PROJECT["project"]["version"]
    entry = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), realreach.__version__)
    assert re.search(r"^- \S", entry, re.MULTILINE)


def test_hooks_run_the_locked_tools_only():
    yaml = pytest.importorskip("yaml", reason="reading the hooks needs `pyyaml` (extra `dev`)")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"pygrep", "system"}
    commands = [hook["entry"].split()[0] for hook in hooks if hook["language"] == "system"]
    assert all(command.startswith(".venv/bin/") for command in commands)
    tools = {Path(command).name for command in commands} - {"python"}
    assert tools <= set(locked_versions((ROOT / "requirements.lock").read_text(encoding="utf-8")))


def test_pseudonyms_of_the_privacy_note(tmp_path, monkeypatch):
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)

    def pseudonym_with(secret):
        (tmp_path / "pseudonyms.key").write_bytes(secret)
        scope = {}
        exec(compile(block, "docs/privacy.md", "exec"), scope)
        return scope["pseudonym"]

    first, again, other = (pseudonym_with(secret) for secret in (b"a" * 32, b"a" * 32, b"b" * 32))
    assert first("instagram", "@Sari ") == again("instagram", "@sari")
    assert first("instagram", "@sari") != other("instagram", "@sari")
    assert first("instagram", "@sari") != first("tiktok", "@sari")
    assert "sari" not in first("instagram", "@sari")
