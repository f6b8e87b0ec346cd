"""``predict.py``: every way in and out gives the same scores, stdout holds data only, and no half result is left."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from conftest import SENTINELS, nested_records, write_csv
from realreach.cli import run_command
from realreach.evidence.explaining import EXPLANATION_COLUMNS
from realreach.policy import POLICY_COLUMNS
from realreach.scores import OUTPUT_COLUMNS, Scorer

COLUMNS = [*OUTPUT_COLUMNS, *EXPLANATION_COLUMNS, *POLICY_COLUMNS]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def predict(bundle, capfdbinary):
    """Run predict.py in this process: returns exit code, standard output (bytes) and standard error (text)."""

    def run(*arguments, model=bundle):
        code = run_command("predict", [*map(str, arguments), "--model", str(model)], prog="predict.py")
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return run


@pytest.fixture(scope="module")
def picked(frames):
    keys = frames["creators"]["creator_id"].head(12)
    return {n: f[f["creator_id"].isin(keys)] for n, f in frames.items() if n != "labels"}


@pytest.fixture(scope="module")
def expected(scorer, shortlist):
    from realreach.tables import read_tables

    return scorer.score_result(read_tables(shortlist))


def table(data):
    return pd.read_csv(io.BytesIO(data), keep_default_na=False, dtype=str)


def test_csv_on_stdout_is_the_whole_table_and_nothing_else(predict, shortlist, expected):
    code, out, err = predict(shortlist)
    assert code == 0
    got = pd.read_csv(io.BytesIO(out))
    assert list(got.columns) == COLUMNS
    assert got["creator_id"].tolist() == expected["creator_id"].tolist()
    assert (got["fake_probability"].to_numpy() == expected["fake_probability"].round(4).to_numpy()).all()
    assert (got["authenticity"].to_numpy() == expected["authenticity"].round(1).to_numpy()).all(), "exports are rounded"
    assert "12 creators in = 12 scored + 0 with too little to judge + 0 set aside (model realreach-" in err


def test_the_three_formats_hold_the_same_scores(predict, shortlist, expected, tmp_path):
    for name in ("s.csv", "s.jsonl", "s.ndjson", "s.parquet"):
        code, out, _ = predict(shortlist, "--out", tmp_path / name)
        assert (code, out) == (0, b"")
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert lines == [json.loads(line) for line in (tmp_path / "s.ndjson").read_text().splitlines()]
    assert list(lines[0]) == COLUMNS
    parquet = pd.read_parquet(tmp_path / "s.parquet")
    for got in (pd.DataFrame(lines), parquet, pd.read_csv(tmp_path / "s.csv")):
        assert got["creator_id"].tolist() == expected["creator_id"].tolist()
        for name, half in (("fake_probability", 5.1e-5), ("probability_high", 5.1e-5), ("authenticity", 0.051)):
            assert (got[name].astype(float) - expected[name]).abs().max() < half
    assert parquet["flagged"].dtype == "boolean"


def test_the_format_can_be_named_and_must_be_known(predict, shortlist, tmp_path):
    code, out, _ = predict(shortlist, "--format", "jsonl")
    assert code == 0
    assert len([json.loads(line) for line in out.splitlines()]) == 12
    code, out, _ = predict(shortlist, "--format", "parquet")
    assert len(pd.read_parquet(io.BytesIO(out))) == 12
    assert predict(shortlist, "--out", tmp_path / "odd.txt", "--format", "csv")[0] == 0
    code, _, err = predict(shortlist, "--out", tmp_path / "scores.xlsx")
    assert code == 2
    assert "cannot be told from .xlsx; say --format csv, jsonl or parquet" in err


def test_records_on_stdin_score_like_the_folder(bundle, picked, expected):
    lines = "".join(json.dumps(record) + "\n" for record in nested_records(picked))
    done = subprocess.run(
        [sys.executable, ROOT / "predict.py", "-", "--model", bundle, "--format", "jsonl"],
        input=lines, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = [json.loads(line) for line in done.stdout.splitlines()]
    assert [s["creator_id"] for s in scores] == expected["creator_id"].tolist()
    for got, want in zip(scores, expected["fake_probability"], strict=True):
        assert got["fake_probability"] == pytest.approx(want, abs=5.1e-5)
    assert "12 scored" in done.stderr


@pytest.mark.parametrize("chunk", [1, 7, 100])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_the_portions_change_no_byte(predict, shortlist, chunk, kind):
    _, whole, _ = predict(shortlist, "--format", kind)
    _, parts, _ = predict(shortlist, "--format", kind, "--chunk-creators", chunk)
    if kind == "parquet":  # row groups differ, values do not
        pd.testing.assert_frame_equal(*(pd.read_parquet(io.BytesIO(data)) for data in (whole, parts)))
    else:
        assert parts == whole


def test_time_zone_locale_hash_seed_and_folder_change_no_byte(bundle, shortlist, tmp_path):
    outputs = []
    for changes in ({}, {"TZ": "Asia/Jakarta", "LC_ALL": "id_ID.UTF-8", "PYTHONHASHSEED": "7", "LANG": "id_ID.UTF-8"}):
        done = subprocess.run(
            [sys.executable, ROOT / "predict.py", shortlist, "--model", bundle, "--quiet"],
            capture_output=True, check=True, env={**os.environ, **changes}, cwd=tmp_path if changes else ROOT,
        )  # fmt: skip
        assert done.stderr == b""
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]


ODD = ["=HYPERLINK(1)", "+1", "-1+cmd", "@SUM(A1)", "plain", "-0.3", "NA", "null", "007", "1e5"]


def odd_folder(tmp_path):
    rows = [{"creator_id": key, "platform": "tiktok", "price_per_post": "5"} for key in ODD]
    (tmp_path / "odd").mkdir()
    with (tmp_path / "odd" / "creators.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "odd"


def test_keys_that_a_spreadsheet_would_run_get_an_apostrophe_in_csv_only(predict, tmp_path):
    folder = odd_folder(tmp_path)
    code, out, err = predict(folder)
    assert code == 0
    assert table(out)["creator_id"].tolist() == [f"'{k}" if k[0] in "=+-@" else k for k in ODD]
    assert "5 text cells begin with = + - @" in err
    _, out, err = predict(folder, "--raw-csv")
    assert table(out)["creator_id"].tolist() == ODD
    assert "apostrophe" not in err
    _, out, _ = predict(folder, "--format", "jsonl")
    assert [json.loads(line)["creator_id"] for line in out.splitlines()] == ODD


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_every_sign_that_starts_a_formula_is_neutralised(first):
    from realreach.commands.common import neutral

    frame = pd.DataFrame({"creator_id": [first + "x", "x" + first], "platform": pd.array([None, None], dtype="str")})
    safe, changed = neutral(frame, ("creator_id", "platform"))
    assert safe["creator_id"].tolist() == ["'" + first + "x", "x" + first]
    assert changed == 1
    assert frame["creator_id"].tolist() == [first + "x", "x" + first], "the input is not changed"


def test_numbers_are_never_quoted(predict, shortlist):
    _, out, _ = predict(shortlist, "--explain", "none")
    assert b"'" not in out


def broken_folder(shortlist, tmp_path, rows):
    folder = Path(shutil.copytree(shortlist, tmp_path / "broken"))
    with (folder / "creators.csv").open("a") as stream:
        stream.writelines(row + "," * 10 + "\n" for row in rows)
    return folder


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_creators_that_fail_the_checks_come_back_as_invalid(predict, shortlist, tmp_path, kind):
    folder = broken_folder(shortlist, tmp_path, ["=zqsentinel,@zq.sentinel!"])
    code, out, err = predict(folder, "--format", kind, "--chunk-creators", 5)
    assert code == 0
    readers = {
        "csv": lambda: pd.read_csv(io.BytesIO(out)),
        "jsonl": lambda: pd.read_json(io.BytesIO(out), lines=True),
        "parquet": lambda: pd.read_parquet(io.BytesIO(out)),
    }
    got = readers[kind]()
    assert len(got) == 13
    last = got.iloc[-1]
    assert last["creator_id"] == ("'=zqsentinel" if kind == "csv" else "=zqsentinel")
    assert last["status"] == "invalid_input"
    assert last["status_reasons"] == "row_set_aside+bad_category"
    assert last[["authenticity", "fake_probability", "flagged", "platform"]].isna().all()
    assert "13 creators in = 12 scored + 0 with too little to judge + 1 set aside" in err
    assert not any(secret.decode() in err for secret in SENTINELS), "messages hold no value of a failing cell"


def test_rejects_are_written_to_be_mended_and_their_share_is_limited(predict, shortlist, tmp_path):
    folder = broken_folder(shortlist, tmp_path, ["x,!"])
    code, _, err = predict(folder, "--rejects", tmp_path / "rejects")
    assert code == 0
    assert "_errors" in (tmp_path / "rejects" / "creators.csv").read_text()
    assert "rows set aside: " in err
    for flags in (["--strict"], ["--max-reject-rate", "0.000001"]):
        code, out, err = predict(folder, *flags)
        assert (code, out) == (3, b"")
        assert "more than the 0.0% allowed" in err
    for flags in (["--strict", "--max-reject-rate", "0.5"], ["--max-reject-rate", "1.5"], ["--max-reject-rate", "nan"]):
        code, out, err = predict(folder, *flags)
        assert (code, out) == (2, b"")


def test_where_no_creator_is_left_the_rejects_are_written_all_the_same(predict, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "creators.csv").write_text("creator_id,platform\na,@zq.sentinel!\n")
    code, out, err = predict(tmp_path / "in", "--rejects", tmp_path / "rejects")
    assert (code, out) == (3, b"")
    assert "none of 1 rows could be used" in err
    assert "sentinel" not in err
    assert (tmp_path / "rejects" / "creators.csv").exists()


def test_a_header_alone_gives_a_header_alone(predict, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "creators.csv").write_text("creator_id,platform\n")
    code, out, err = predict(tmp_path / "in")
    assert code == 0
    assert out.decode() == ",".join(COLUMNS) + "\n"
    assert "0 creators in" in err
    code, out, _ = predict(tmp_path / "in", "--format", "jsonl")
    assert (code, out.strip()) == (0, b"")
    code, out, _ = predict(tmp_path / "in", "--format", "parquet")
    assert list(pd.read_parquet(io.BytesIO(out)).columns) == COLUMNS


def test_an_existing_output_is_refused_before_anything_is_read(predict, tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("mine")
    code, _, err = predict(tmp_path / "no-such-input", "--out", target, model="no-such-model")
    assert code == 5
    assert "exists. Choose another name or say --overwrite." in err
    assert target.read_text() == "mine"
    assert predict(tmp_path / "no-such-input", "--out", tmp_path / "no" / "s.csv", model="no-such-model")[0] == 5
    (tmp_path / "folder.csv").mkdir()
    assert predict(tmp_path / "no-such-input", "--out", tmp_path / "folder.csv", "--overwrite")[0] == 5


def test_an_old_output_is_replaced_where_asked(predict, shortlist, tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("old")
    assert predict(shortlist, "--out", target, "--overwrite")[0] == 0
    assert target.read_text().startswith("creator_id,")
    assert [p.name for p in tmp_path.iterdir()] == ["scores.csv"]


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left"), 5), (RuntimeError(), 1)]
)
def test_what_is_interrupted_leaves_no_file(predict, shortlist, tmp_path, monkeypatch, error, code):
    score = Scorer.score_columns
    calls = []

    def fails_at_the_third(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return score(*arguments, **options)

    monkeypatch.setattr(Scorer, "score_columns", fails_at_the_third)
    got, out, err = predict(shortlist, "--chunk-creators", 2, "--out", tmp_path / "s.csv")
    assert (got, out) == (code, b"")
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in err


def test_control_c_ends_with_130_and_no_file(bundle, shortlist, tmp_path):
    script = (
        "import os, signal, sys\n"
        "from realreach.scores import Scorer\n"
        "from realreach.cli import main\n"
        # A shell that runs the tests in the background has them ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "Scorer.score_columns = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT) or __import__('time').sleep(20)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    arguments = ["predict", shortlist, "--model", bundle, "--out", tmp_path / "s.csv", "--quiet"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.returncode != -signal.SIGINT
    assert done.stderr == "realreach predict: interrupted; nothing half-written is left. Run the same command again.\n"
    assert list(tmp_path.iterdir()) == []


def test_dry_run_checks_everything_and_writes_nothing(predict, shortlist, tmp_path, bundle):
    code, out, err = predict(shortlist, "--dry-run", "--out", tmp_path / "s.csv")
    assert (code, out) == (0, b"")
    assert "would score 12 creators with realreach-" in err
    assert list(tmp_path.iterdir()) == []
    assert predict(shortlist, "--dry-run", model=tmp_path)[0] == 4
    assert predict(tmp_path, "--dry-run")[0] == 3


USER_ERRORS = [
    (2, ["--as-of", "yesterday"], "--as-of must be a date such as 2026-01-31, got 'yesterday'"),
    (2, ["--chunk-creators", "0"], "--chunk-creators must be 1 or more"),
    (2, ["--assume-tz", "Mars/Olympus"], "Mars/Olympus"),
    (4, ["--expect-sha256", "0" * 64], "This is not the model you asked for"),
]


@pytest.mark.parametrize(("code", "flags", "words"), USER_ERRORS)
def test_a_user_error_is_one_to_three_lines_with_its_code(predict, shortlist, code, flags, words):
    got, out, err = predict(shortlist, *flags)
    assert (got, out) == (code, b"")
    assert words in err
    own = [line for line in err.splitlines() if line.startswith("predict.py: ")]
    assert len(own) == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x", "s3://bucket/x", "file:///etc/passwd"])
def test_addresses_are_refused_as_input_and_as_model(predict, shortlist, monkeypatch, address):
    import socket

    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a socket was opened"))
    code, _, err = predict(address)
    assert code == 3
    assert "only local files are read" in err
    code, _, err = predict(shortlist, model=address)
    assert code == 4
    assert "local folder only" in err


def test_a_pickle_is_refused_as_a_model(predict, shortlist, tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch canary'\ntR.")
    code, _, err = predict(shortlist, model=tmp_path / "model.pkl")
    assert code == 4
    assert "pickles are never loaded" in err


def test_json_logs_are_one_object_per_line_and_hold_no_key(predict, shortlist, tmp_path):
    folder = broken_folder(shortlist, tmp_path, ["@zq.sentinel,!", "\x1b[31mzqsentinel,tiktok"])
    code, _, err = predict(folder, "--log-format", "json")
    assert code == 0
    lines = [json.loads(line) for line in err.splitlines()]
    last = next(line for line in lines if "creators_in" in line)
    assert (last["creators_in"], last["scored"], last["invalid_input"]) == (13, 12, 1)
    assert last["model"].startswith("realreach-")
    assert "\x1b" not in err
    assert "sentinel" not in err
    code, _, err = predict(tmp_path / "nowhere", "--log-format", "json")
    # Before it a word on the policy, which was made for another model.
    assert json.loads(err.splitlines()[-1])["exit_code"] == code == 3


def test_quiet_says_nothing_but_errors(predict, shortlist):
    assert predict(shortlist, "--quiet")[2] == ""
    assert predict(shortlist / "nowhere", "--quiet")[2].startswith("predict.py: ")


def test_without_a_model_the_one_of_the_repository_is_named(
    predict, shortlist, tmp_path, monkeypatch, bundle, capfdbinary
):
    from realreach.commands import predict as module

    monkeypatch.chdir(tmp_path)
    shutil.copytree(bundle, tmp_path / "models" / "default")
    assert module.default_model().resolve() == tmp_path / "models" / "default"
    assert run_command("predict", [str(shortlist), "--quiet"], prog="predict.py") == 0
    assert capfdbinary.readouterr().out.startswith(b"creator_id,")
    shutil.rmtree(tmp_path / "models")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    assert run_command("predict", [str(shortlist)], prog="predict.py") == 4
    assert b"Name a model folder with --model" in capfdbinary.readouterr().err


def test_a_reader_who_leaves_early_is_no_error(bundle, shortlist):
    arguments = [sys.executable, ROOT / "predict.py", shortlist, "--model", bundle, "--quiet"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_the_same_input_gives_the_same_bytes_whatever_form_it_comes_in(predict, picked, tmp_path):
    _, from_csv, _ = predict(write_csv(picked, tmp_path / "csv"))
    parts = tmp_path / "parts"
    for name, frame in picked.items():
        (parts / name).mkdir(parents=True)
        half = len(frame) // 2
        frame.iloc[:half].to_parquet(parts / name / "part-0.parquet")
        frame.iloc[half:].to_parquet(parts / name / "part-1.parquet")
    _, from_parts, _ = predict(parts)
    assert from_parts == from_csv


def test_rejects_never_replace_what_lies_in_their_folder(csv_folder, bundle, capsys):
    before = {path.name: path.read_bytes() for path in csv_folder.iterdir() if path.is_file()}
    arguments = [str(csv_folder), "--model", str(bundle), "--rejects", str(csv_folder)]
    assert run_command("predict", arguments, prog="predict.py") == 5
    assert "is not empty" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in csv_folder.iterdir() if path.is_file()} == before


def test_a_format_that_contradicts_the_suffix_is_refused(csv_folder, tmp_path, capsys):
    arguments = [str(csv_folder), "--out", str(tmp_path / "x.csv"), "--format", "parquet"]
    assert run_command("predict", arguments, prog="predict.py") == 2
    assert "contradicts" in capsys.readouterr().err


def test_creators_that_cannot_be_named_are_counted(bundle, tmp_path, capsys):
    source = tmp_path / "in.jsonl"
    source.write_text('{"creator_id": "a", "platform": "tiktok"}\n{"creator_id": "b", "followers": NaN}\n')
    assert run_command("predict", [str(source), "--model", str(bundle)], prog="predict.py") == 0
    assert "1 more creators could not be named" in capsys.readouterr().err
