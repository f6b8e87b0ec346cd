"""The model folder: the same scores again, and a refusal of everything that is not exactly what was written."""

import hashlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import SENTINELS
from realreach import bundle as module
from realreach.bundle import (
    BUNDLE_FORMAT,
    FILES,
    OPTIONAL_FILES,
    features_sha256,
    load_bundle,
    manifest_sha256,
    save_bundle,
)
from realreach.cli import run_command
from realreach.errors import ModelError, OutputError
from realreach.features import feature_matrix, feature_names
from realreach.model import Layout


@pytest.fixture
def copy(bundle, tmp_path):
    """A copy of the model folder, to be damaged."""
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


@pytest.fixture
def no_lightgbm(monkeypatch):
    """Fails the test if LightGBM is given anything: a damaged model can end the process."""
    import lightgbm

    def never(*_, **__):
        pytest.fail("LightGBM saw an unverified model")

    monkeypatch.setattr(lightgbm, "Booster", never)


def rewrite(folder, name, content):
    """Change a file and make the manifest fit, as someone would who knows the format."""
    data = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def change_manifest(folder, change):
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_loaded_model_scores_exactly_like_the_one_in_memory(trained, bundle, read):
    matrix = feature_matrix(read.tables)
    fitted = trained.evaluation.estimator.fitted_
    loaded = load_bundle(bundle)
    np.testing.assert_array_equal(loaded.model.probabilities(matrix), fitted.probabilities(matrix))
    for name, values in fitted.by_pillar(matrix).items():
        np.testing.assert_array_equal(loaded.model.by_pillar(matrix)[name], values)
    assert loaded.card == trained.card
    assert loaded.sha256 == manifest_sha256(bundle)
    assert loaded.name == f"realreach-{trained.metadata['version']}"


def test_the_same_run_writes_the_same_bytes(trained, bundle, tmp_path):
    again = trained.save(tmp_path / "again")
    assert manifest_sha256(again) == manifest_sha256(bundle)


def test_it_holds_the_named_files_as_plain_text_and_nothing_private(bundle):
    assert {path.name for path in bundle.iterdir()} == {*FILES, *OPTIONAL_FILES, "manifest.json"}
    for path in bundle.iterdir():
        data = path.read_bytes()
        data.decode("utf-8")
        for secret in (*SENTINELS, b"sim5-", str(Path.home()).encode(), str(bundle.parent).encode()):
            assert secret not in data, f"{path.name} holds {secret!r}"
    assert re.search(r"pandas_categorical:(null|\[\])\s*$", (bundle / "model.txt").read_text())


def test_category_values_are_never_written(trained, tmp_path):
    import lightgbm as lgb
    import pandas as pd

    frame = pd.DataFrame({"who": pd.Categorical(["@alice", "@bob"] * 50), "x": np.arange(100.0)})
    booster = lgb.train({"verbosity": -1, "num_threads": 1}, lgb.Dataset(frame, np.arange(100) % 2), 1)
    model = replace(trained.evaluation.estimator.fitted_, booster=booster)
    with pytest.raises(ModelError, match="category values"):
        save_bundle(tmp_path / "leaky", model, trained.metadata)
    assert not (tmp_path / "leaky").exists()


# Tampering: (what is done, words of the refusal)


def flip(place):
    def change(folder):
        data = bytearray((folder / "model.txt").read_bytes())
        data[int(place * (len(data) - 1))] ^= 1
        (folder / "model.txt").write_bytes(bytes(data))

    return change


def replaced(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def linked(folder):
    (folder / "card.md").rename(folder.parent / "card.md")
    (folder / "card.md").symlink_to(folder.parent / "card.md")


def linked_manifest(folder):
    (folder / "manifest.json").rename(folder.parent / "m.json")
    (folder / "manifest.json").symlink_to(folder.parent / "m.json")


def folder_for_file(folder):
    (folder / "model.txt").unlink()
    (folder / "model.txt").mkdir()


def huge(folder):
    with (folder / "model.txt").open("r+b") as stream:
        stream.truncate(5 * 2**30)  # sparse: takes no room


def pipe(folder):
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")


def renamed_in_manifest(name):
    return lambda m: m["files"].update({name: m["files"].pop("card.md")})


CANARY = "the pickle was opened"


class Bomb:
    """Leaves a canary where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.write_text, (Path(self.path), CANARY))


TAMPERED = {
    "first byte": (flip(0.0), "changed or damaged"),
    "middle byte": (flip(0.5), "changed or damaged"),
    "last byte": (flip(1.0), "changed or damaged"),
    "cut": (lambda f: os.truncate(f / "model.txt", 1000), "changed or damaged"),
    "emptied": (replaced("model.txt", b""), "changed or damaged"),
    "calibration": (lambda f: (f / "calibration.json").write_text("{}"), "changed or damaged"),
    "pickle renamed": (lambda f: (f / "model.txt").write_bytes(pickle.dumps([1])), "changed or damaged"),
    "extra file": (replaced("extra.py", b"print()"), "unexpected in the folder: extra.py"),
    "hidden file": (replaced(".hidden", b""), "unexpected in the folder: .hidden"),
    "missing file": (lambda f: (f / "references.json").unlink(), "missing .*references.json"),
    "link": (linked, "card.md is not an ordinary file"),
    "linked manifest": (linked_manifest, "manifest.json is not an ordinary file"),
    "folder in place of a file": (folder_for_file, "model.txt is not an ordinary file"),
    "pipe": (pipe, "card.md is not an ordinary file"),
    "huge file": (huge, "more than the .* allowed"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "no manifest.json"),
    "manifest of words": (replaced("manifest.json", b"hello"), "manifest.json cannot be read"),
    "manifest of a list": (replaced("manifest.json", b"[]"), "manifest.json cannot be read"),
    "manifest too deep": (replaced("manifest.json", b"[" * 200_000), "manifest.json cannot be read"),
    "manifest without sizes": (
        lambda f: change_manifest(f, lambda m: m["files"]["card.md"].pop("size")),
        "manifest.json cannot be read",
    ),
    "path upwards": (lambda f: change_manifest(f, renamed_in_manifest("../card.md")), "does not name the files"),
    "absolute path": (lambda f: change_manifest(f, renamed_in_manifest("/etc/passwd")), "does not name the files"),
    "newer format": (
        lambda f: change_manifest(f, lambda m: m.update(format=BUNDLE_FORMAT + 1)),
        "newer than this version reads",
    ),
    "format nought": (lambda f: change_manifest(f, lambda m: m.update(format=0)), "never was"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_changed_folder_is_refused_before_lightgbm_sees_a_byte(copy, no_lightgbm, case):
    change, words = TAMPERED[case]
    change(copy)
    with pytest.raises(ModelError, match=words):
        load_bundle(copy)


def crafted(name, change):
    def rewritten(folder):
        data = json.loads((folder / name).read_text())
        rewrite(folder, name, json.dumps(change(data) or data))

    return rewritten


CRAFTED = {
    "not a booster": (lambda f: rewrite(f, "model.txt", pickle.dumps([1])), "not a LightGBM text model"),
    "other booster version": (
        lambda f: rewrite(f, "model.txt", (f / "model.txt").read_text().replace("version=v4", "version=v9", 1)),
        "not a LightGBM text model of version 4",
    ),
    "bytes that are no text": (lambda f: rewrite(f, "card.md", b"\xff\xfe"), "do not make a model"),
    "other catalogue": (crafted("features.json", lambda d: {**d, "names": ["x"]}), "another feature catalogue"),
    "positions outside": (crafted("features.json", lambda d: d["used"].append(10**6)), "does not fit together"),
    "fewer features": (
        crafted(
            "features.json", lambda d: {k: v[:-1] if k in ("used", "needs", "direction") else v for k, v in d.items()}
        ),
        "the booster has .* features",
    ),
    "unknown combination": (crafted("calibration.json", lambda d: {"likes": d["growth"]}), "do not make a model"),
    "no name": (crafted("metadata.json", lambda d: {"version": "1"}), "do not make a model"),
    "name of another kind": (crafted("metadata.json", lambda d: {**d, "name": {"a": 1}}), "do not make a model"),
    "features of another meaning": (
        crafted("metadata.json", lambda d: {**d, "features_sha256": "0" * 64}),
        "trained on features of another meaning .* 000000000000, here it is",
    ),
    "metadata of a list": (crafted("metadata.json", lambda d: [1]), "do not make a model"),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_a_folder_that_fits_its_manifest_but_makes_no_model_is_refused(copy, case):
    change, words = CRAFTED[case]
    change(copy)
    with pytest.raises(ModelError, match=words):
        load_bundle(copy)


def test_the_digest_of_the_features_is_kept_and_models_without_one_still_load(copy):
    bundle = load_bundle(copy)
    assert bundle.metadata["features_sha256"] == features_sha256(bundle.model.layout)
    crafted("metadata.json", lambda d: {k: v for k, v in d.items() if k != "features_sha256"})(copy)
    assert "features_sha256" not in load_bundle(copy).metadata


def test_the_digest_tells_columns_their_order_and_their_pillars_apart():
    layout = Layout.of(feature_names())
    swapped = (layout.names[1], layout.names[0], *layout.names[2:])
    others = [
        replace(layout, names=swapped),
        replace(layout, used=layout.used[:-1], needs=layout.needs[:-1]),
        replace(layout, needs=np.where(layout.needs == 1, 3, layout.needs)),
    ]
    assert len({features_sha256(one) for one in (layout, *others)}) == 4


def test_file_and_manifest_changed_together_are_refused_by_the_expected_hash(copy, bundle, no_lightgbm):
    rewrite(copy, "card.md", "a better card")
    with pytest.raises(ModelError, match="not the model you asked for"):
        load_bundle(copy, expected_sha256=manifest_sha256(bundle))


def test_the_expected_hash_may_be_written_in_capitals(bundle):
    expected = manifest_sha256(bundle)
    assert load_bundle(bundle, expected_sha256=expected.upper()).sha256 == expected


@pytest.mark.parametrize("address", ["http://example.org/model", "s3://bucket/model", "file:///tmp/model"])
def test_an_address_is_refused_without_a_socket(address, monkeypatch):
    import socket

    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a socket was opened"))
    with pytest.raises(ModelError, match="local folder only"):
        load_bundle(address)


def test_pickles_and_archives_are_refused_and_never_opened(tmp_path):
    canary = tmp_path / "canary"
    for name in ("model.pkl", "model.joblib", "model.skops", "model.zip"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(canary)))
        with pytest.raises(ModelError, match=r"is a file\. .* pickles are never loaded"):
            load_bundle(tmp_path / name)
    assert not canary.exists()
    pickle.loads((tmp_path / "model.pkl").read_bytes())
    assert canary.read_text() == CANARY, "the canary works"


def test_a_folder_that_cannot_be_read_is_refused(bundle, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(ModelError, match=r"cannot be read \(Permission denied"):
        load_bundle(bundle)
    with pytest.raises(ModelError, match="no such model folder"):
        load_bundle(bundle / "nowhere")


CHILD = """
import sys
from realreach.cli import run_command
from pathlib import Path
folder, source = Path(sys.argv[1]), sys.argv[2]
whole = (folder / "model.txt").read_bytes()
codes = set()
for place in range(0, len(whole), len(whole) // 40):
    changed = bytearray(whole)
    changed[place] ^= 0x55
    (folder / "model.txt").write_bytes(bytes(changed))
    codes.add(run_command("predict", [source, "--model", str(folder), "--quiet"], prog="predict"))
(folder / "model.txt").write_bytes(whole[: len(whole) // 2])
codes.add(run_command("predict", [source, "--model", str(folder), "--quiet"], prog="predict"))
assert "lightgbm" not in sys.modules
sys.exit(codes.pop() if len(codes) == 1 else 99)
"""


def test_flipped_bytes_end_in_exit_code_4_and_never_in_a_signal(copy, shortlist):
    done = subprocess.run([sys.executable, "-c", CHILD, copy, shortlist], capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr[-2000:]
    assert done.stdout == ""


# Writing


def test_an_existing_folder_is_not_replaced_unless_asked(trained, copy):
    with pytest.raises(OutputError, match="exists"):
        trained.save(copy)
    (copy / "card.md").write_text("damaged")
    trained.save(copy, overwrite=True)
    assert load_bundle(copy).card == trained.card


def test_a_folder_that_holds_other_things_is_never_replaced(trained, tmp_path):
    mine = tmp_path / "thesis"
    mine.mkdir()
    (mine / "chapter-1.txt").write_text("years of work")
    with pytest.raises(OutputError, match="other things than a model"):
        trained.save(mine, overwrite=True)
    (mine / "manifest.json").write_text("{}")
    with pytest.raises(OutputError, match="other things than a model"):
        trained.save(mine, overwrite=True)
    assert (mine / "chapter-1.txt").read_text() == "years of work"
    with pytest.raises(OutputError, match="is a file or a link"):
        trained.save(mine / "chapter-1.txt", overwrite=True)
    (tmp_path / "link").symlink_to(mine)
    with pytest.raises(OutputError, match="is a file or a link"):
        trained.save(tmp_path / "link", overwrite=True)


CRASHES = {
    "write": (Path, "write_bytes"),
    "manifest": (Path, "write_text"),
    "flush": (os, "fsync"),
    "rename": (Path, "rename"),
    "verify": (module, "load_bundle"),
}


@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("old", [True, False])
def test_a_crash_at_any_step_of_writing_leaves_the_old_model_or_none(trained, copy, monkeypatch, crash, old):
    if crash == "rename" and old:
        # Swapping in one step needs no rename; take the way of systems that cannot.
        monkeypatch.setattr("realreach.files.ctypes.CDLL", lambda _: object())
    target = copy if old else copy.parent / "new"
    before = manifest_sha256(copy)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(*CRASHES[crash], fail)
        with pytest.raises(OutputError, match="No space left on device"):
            trained.save(target, overwrite=True)
    assert target.exists() == old
    assert manifest_sha256(copy) == before
    assert load_bundle(copy)
    assert [p.name for p in copy.parent.iterdir()] == ["copy"], "no rest is left"


def test_a_killed_writer_leaves_the_old_model_and_only_hidden_rests(trained, copy):
    script = (
        "import os, sys; from pathlib import Path; from realreach.files import atomic_folder\n"
        "with atomic_folder(sys.argv[1], overwrite=True) as folder:\n"
        "    (folder / 'model.txt').write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, copy], check=False)
    assert done.returncode == -9
    assert load_bundle(copy)
    rests = [p.name for p in copy.parent.iterdir() if p != copy]
    assert rests
    assert all(name.startswith(".tmp-") for name in rests)


def test_predict_refuses_a_damaged_model_with_one_line_and_code_4(copy, shortlist, capsys):
    flip(0.5)(copy)
    assert run_command("predict", [str(shortlist), "--model", str(copy)], prog="predict.py") == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("predict.py: ")


def test_features_of_another_catalogue_version_are_refused(bundle, monkeypatch):
    monkeypatch.setattr(module, "CATALOGUE_VERSION", 999)
    with pytest.raises(ModelError, match=r"catalogue version \d+, this realreach computes version 999"):
        load_bundle(bundle)


def old_format(folder):
    """Turn a bundle into one of format 1: no heads, no ranges, no side models."""
    for name in OPTIONAL_FILES:
        (folder / name).unlink()
    calibration = json.loads((folder / "calibration.json").read_text())
    for facts in calibration.values():
        del facts["low"], facts["high"]
    change_manifest(folder, lambda m: ([m["files"].pop(n) for n in OPTIONAL_FILES], m.update(format=1)))
    rewrite(folder, "calibration.json", json.dumps(calibration))
    return folder


def test_a_folder_of_format_1_scores_the_same_without_heads_and_ranges(bundle, tmp_path, read):
    from realreach.scores import Scorer

    old = Scorer(load_bundle(old_format(Path(shutil.copytree(bundle, tmp_path / "old")))))
    new = Scorer(load_bundle(bundle))
    before, after = old.score_tables(read.tables), new.score_tables(read.tables)
    for name in ("fake_probability", "flagged", "growth_authenticity", "prevalence", "coverage"):
        assert before[name].equals(after[name])
    assert before[["probability_low", "probability_high", "pod_probability"]].isna().all().all()
    assert set(before["confidence"].dropna()) == {"low"}, "a calibration without a range is not known to be good"


def test_heads_come_back_bit_for_bit(trained, bundle, read):
    matrix = feature_matrix(read.tables)
    fitted, heads = trained.evaluation.estimator.fitted_, trained.evaluation.heads
    assert heads
    loaded = load_bundle(bundle)
    here, there = fitted.assess(matrix), loaded.model.assess(matrix)
    told, again = heads.score(here, here.probability), loaded.heads.score(there, there.probability)
    for name, values in told.mechanisms.items():
        np.testing.assert_array_equal(again.mechanisms[name], values)
    for name, ends in told.shares.items():
        np.testing.assert_array_equal(again.shares[name], ends)


def test_a_head_that_is_no_booster_never_reaches_lightgbm(bundle, tmp_path, monkeypatch):
    import lightgbm

    copy = Path(shutil.copytree(bundle, tmp_path / "copy"))
    data = json.loads((copy / "heads.json").read_text())
    name = next(iter(data["boosters"]))
    data["boosters"][name] = "not a booster"
    rewrite(copy, "heads.json", json.dumps(data))
    real, seen = lightgbm.Booster, []
    monkeypatch.setattr(lightgbm, "Booster", lambda **given: seen.append(given["model_str"]) or real(**given))
    with pytest.raises(ModelError, match=r"heads\.json is not a LightGBM text model of version 4: refused"):
        load_bundle(copy)
    assert "not a booster" not in seen


def test_files_of_other_parts_travel_with_the_model(trained, tmp_path):
    from dataclasses import replace

    folder = replace(trained, extras={"comments.json": '{"words": 1}'}).save(tmp_path / "with")
    assert load_bundle(folder).extras == {"comments.json": '{"words": 1}'}
    (folder / "comments.json").write_text("{}")
    with pytest.raises(ModelError, match=r"comments\.json was changed or damaged"):
        load_bundle(folder)
    with pytest.raises(ModelError, match=r"has no place for 'run\.py'"):
        replace(trained, extras={"run.py": ""}).save(tmp_path / "odd")
