"""Scores on their way out without a data frame: the same bytes and actions as with one, and pandas stays out."""

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import write_csv
from realreach.commands.common import neutral
from realreach.commands.predict import _decided
from realreach.commands.writing import _pour
from realreach.errors import UsageError
from realreach.evidence.explaining import ExplainingScorer
from realreach.output import _DECIMALS, columns_of_rows, completed, frame_of, joined
from realreach.output_tables import columns_of_table, table_of
from realreach.policy import Costs, Policy, apply_policy, default_policy
from realreach.policy.applying import decisions
from realreach.tables import tables_from_records

NAMES = ["=1+1", "a,b", 'say "hi"', "it's", "+6281", "-", "@you", "ünïcode🔥", "plain", "'quoted"]


def _plain(row):
    """Return a row of a data frame as a record holds it."""
    times = {name: f"{value.isoformat()}" for name, value in row.items() if hasattr(value, "isoformat")}
    return row | {name: text if "+" in text or name != "posted_at" else f"{text}Z" for name, text in times.items()}


@pytest.fixture(scope="module")
def parts(scorer, frames):
    """What a scorer with explanations gives in two parts, the second of creators whose row was set aside."""
    creators = frames["creators"].head(len(NAMES))
    records = [
        {"creator_id": name, "platform": row["platform"], "price_per_post": 100.0, "currency": "USD"}
        for name, (_, row) in zip(NAMES, creators.iterrows(), strict=True)
    ]
    for record, key in zip(records, creators["creator_id"], strict=True):
        for name in ("follower_history", "posts"):
            own = frames[name][frames[name]["creator_id"] == key].drop(columns="creator_id")
            record[name] = [_plain(row) for row in own.astype(object).where(own.notna(), None).to_dict("records")]
    records[3]["platform"] = "no platform!"
    told = ExplainingScorer(scorer.bundle, explain="all")
    result = tables_from_records(records)
    return list(told.columns_in_parts(result, chunk=5)), list(told.score_in_parts(result, chunk=5))


def poured(parts, *, kind="csv", raw=False):
    sink = io.BytesIO()
    found = _pour(parts, sink, kind, raw)
    return sink.getvalue(), found.statuses, found.neutralised


def by_pandas(frames, *, kind="csv", raw=False):
    """Return the bytes that pandas and pyarrow write of rounded data frames, and the cells that got an apostrophe."""
    names = list(frames[0].columns)
    whole = pd.concat([one.reindex(columns=names).astype(frames[0].dtypes) for one in frames], ignore_index=True)
    whole = whole.round({name: digits for name, digits in _DECIMALS.items() if name in whole})
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(whole, preserve_index=False), sink, row_group_size=50_000)
        return sink.getvalue(), 0
    safe, changed = (whole, 0) if raw else neutral(whole, ("creator_id", "platform"))
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8", "replace"), changed


@pytest.mark.parametrize("raw", [False, True])
def test_csv_of_columns_is_that_of_data_frames_byte_for_byte(parts, raw):
    columns, frames = parts
    assert len(columns) == 3
    got = poured(columns, raw=raw)
    assert (got[0], got[2]) == by_pandas(frames, raw=raw)
    assert got[1]["scored"] > 3
    assert got[1]["invalid_input"] == 1
    assert (got[2] == 0) is raw


def test_csv_of_numbers_of_every_size(parts):
    rng = np.random.default_rng(1)
    columns = completed({"creator_id": ["a", "two\nlines", "\r", "\ttab"] * 100})
    columns["status"] = ["scored"] * 400
    for name, values in columns.items():
        if isinstance(values, np.ndarray):
            columns[name] = rng.normal(size=400) * 10.0 ** rng.integers(-12, 17, size=400)
            columns[name][::7] = np.nan
    for name in ("history_days", "posts_used", "comments_used", "accounts_used", "rows_set_aside"):
        columns[name] = rng.integers(0, 10**12, size=400)
    columns["flagged"] = [None, True, False, True] * 100
    assert poured([columns])[0] == by_pandas([frame_of(columns)])[0]


def test_parquet_of_columns_is_that_of_data_frames_byte_for_byte(parts):
    columns, frames = parts
    got = poured(columns, kind="parquet")
    assert got[0] == by_pandas(frames, kind="parquet")[0]
    assert got[1] == poured(columns)[1]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_parts_of_a_run_are_written_like_those_of_an_input_read_at_once(parts, kind):
    columns, _ = parts
    first = table_of(columns[0])
    tables = [first, *(table_of(one, first.column_names) for one in columns[1:])]
    assert poured(tables, kind=kind) == poured(columns, kind=kind)


def test_a_table_is_that_of_the_data_frame_and_back(parts):
    """With what pandas is told: the same frame is made of it again, also where a column has no value."""
    columns = parts[0][0] | {"flagged": [None, True, False, None, True]}
    table, frame = table_of(columns), frame_of(columns)
    wanted = pa.Table.from_pandas(frame, preserve_index=False)
    assert table.equals(wanted)
    assert table.schema.equals(wanted.schema, check_metadata=True)
    pd.testing.assert_frame_equal(table.to_pandas(), frame)
    back = columns_of_table(table)
    assert list(back) == list(columns)
    for name, values in back.items():
        assert type(values) is type(columns[name])
        np.testing.assert_array_equal(values, columns[name])


@pytest.mark.parametrize("mode", ["default", "cost", "capacity"])
def test_policy_decides_alike_over_columns_and_frames(parts, mode):
    policy = default_policy() if mode == "default" else Policy(
        name="mine", version="1", mode=mode, prevalence=0.1, costs=Costs(), reviews=3 if mode == "capacity" else None
    )  # fmt: skip
    rng = np.random.default_rng(2)
    for given in parts[0]:
        columns = joined([given] * 60)
        unknown = np.isnan(columns["fake_probability"])
        columns["fake_probability"] = np.where(unknown, np.nan, rng.random(len(unknown)))
        got, wanted = (decisions(form, policy, calibrated_at=0.3) for form in (columns, frame_of(columns)))
        assert got == wanted
        (table,) = _decided([table_of(columns)], policy, 0.3)
        assert table.column_names == [*columns, *got]
        assert columns_of_table(table, got) == wanted
        frame = apply_policy(frame_of(columns), policy, calibrated_at=0.3)
        assert {name: frame[name].tolist() for name in got} == wanted


def test_policy_names_the_column_that_lacks(parts):
    with pytest.raises(UsageError, match="missing: coverage"):
        decisions({k: v for k, v in parts[0][0].items() if k != "coverage"}, default_policy())


def test_rows_become_columns_of_their_types(parts):
    rows = [dict.fromkeys(parts[0][0]) | {"creator_id": "b", "history_days": 0, "posts_used": 0, "comments_used": 1,
            "accounts_used": 0, "rows_set_aside": 2}]  # fmt: skip
    columns = columns_of_rows(rows)
    assert columns["rows_set_aside"].dtype == np.int64
    assert np.isnan(columns["authenticity"]).all()
    assert frame_of(columns).dtypes.equals(parts[1][0][list(columns)].dtypes)


def in_own_process(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_predict_writes_csv_without_importing_pandas(shortlist, bundle):
    code = (
        "import sys\nfrom realreach.cli import main\n"
        f"sys.argv = ['realreach', 'predict', {str(shortlist)!r}, '--model', {str(bundle)!r}, '--quiet']\n"
        "code = main()\n"
        "print(code, 'pandas' in sys.modules, file=sys.stderr)\n"
    )
    done = in_own_process(code)
    assert done.stderr == "0 False\n"
    assert len(done.stdout.splitlines()) > 10


def test_data_frames_are_known_again_after_pandas_was_left_out():
    code = (
        "from realreach.commands.own_process import leave_pandas_out\n"
        "leave_pandas_out()\n"
        "import sys, pyarrow as pa\n"
        "assert 'pandas' not in sys.modules\n"
        "import pandas as pd\n"
        "frame = pd.DataFrame({'a': [1.5, None], 't': pd.array(['x', None], dtype='str'), 'n': [float('nan')] * 2})\n"
        "table = pa.Table.from_pandas(frame, preserve_index=False)\n"
        "types = [str(field.type) for field in table.schema]\n"
        "assert types == ['double', 'large_string', 'double'], types\n"
        "assert table.column('a').null_count == 1 and table.column('t').null_count == 1\n"
        "assert table.to_pandas().equals(frame)\n"
        "assert pa.array(pd.Series([1.0, None])).null_count == 1\n"
    )
    done = in_own_process(code)
    assert done.stderr == ""


@pytest.mark.parametrize("flags", [[], ["--chunk-creators", "7", "--workers", "1", "--work-dir", "WORK"]])
def test_parquet_of_a_process_of_its_own_has_the_types_of_the_table(shortlist, bundle, tmp_path, flags):
    """Columns without a single value, too, and parts that go through files on their way."""
    out = tmp_path / "scores.parquet"
    flags = [str(tmp_path / "work") if flag == "WORK" else flag for flag in flags]
    arguments = ["predict", str(shortlist), "--model", str(bundle), "--out", str(out), "--quiet", *flags]
    done = in_own_process(
        f"import sys\nfrom realreach.cli import main\nsys.argv = ['realreach', *{arguments}]\nsys.exit(main())"
    )
    assert (done.returncode, done.stderr) == (0, "")
    types = {field.name: str(field.type) for field in pq.read_schema(out)}
    assert "null" not in types.values()
    assert types["cost_per_real_engagement"] == "double"
    assert types["currency"] == "large_string"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_row_set_aside_comes_out_alike_from_shards_and_at_once(frames, bundle, tmp_path, kind):
    """It lacks the columns that only scores have."""
    from realreach.cli import main

    creators = frames["creators"].head(4)
    creators = creators.assign(platform=["x!", *creators["platform"].iloc[1:]])
    keys = creators["creator_id"]
    posts = frames["posts"][frames["posts"]["creator_id"].isin(keys)]
    source = write_csv({"creators": creators, "posts": posts}, tmp_path / "in")
    common = ["predict", str(source), "--model", str(bundle), "--quiet", "--explain", "all", "--out"]
    assert main([*common, str(tmp_path / f"once.{kind}")]) == 0
    shards = ["--workers", "1", "--chunk-creators", "2", "--work-dir", str(tmp_path / "work")]
    assert main([*common, str(tmp_path / f"shards.{kind}"), *shards]) == 0
    once, parts = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("once", "shards"))
    assert once == parts
    assert b"invalid_input" in once


def test_only_a_process_of_its_own_is_told_apart(shortlist, monkeypatch, capfd):
    seen = []
    monkeypatch.setattr("realreach.commands.predict.run", lambda arguments: seen.append(arguments.own_process) or 0)
    from realreach.cli import main, run_command

    monkeypatch.setattr(sys, "argv", ["predict.py", str(shortlist)])
    assert run_command("predict", prog="predict.py") == 0
    assert run_command("predict", [str(shortlist)], prog="predict.py") == 0
    assert main(["predict", str(shortlist)]) == 0
    monkeypatch.setattr(sys, "argv", ["realreach", "predict", str(shortlist)])
    assert main() == 0
    assert seen == [True, False, False, True]
