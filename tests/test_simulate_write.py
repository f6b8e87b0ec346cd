"""Settings, files and the command of the simulator."""

import argparse
import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from realreach.commands import simulate as command
from realreach.errors import OutputError, UsageError
from realreach.simulate import SimulationSettings, simulate
from realreach.simulate.sample import write_sample
from realreach.simulate.write import write_world
from realreach.tables import read_tables

SILENT = SimulationSettings(comments_cap=0, posts_cap=5)
SAMPLE = Path(__file__).parents[1] / "data" / "sample"


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def parse(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(list(words))


# ---------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dayz": 100}, "dayz"),
        ({"fake_share": 1.5}, "less than or equal to 1"),
        ({"exclude_mechanisms": ("M18",)}, "exclude_mechanisms: unknown M18"),
        ({"mechanism_weights": {"M1": 1.0}, "exclude_mechanisms": ("M1",)}, "leaves no mechanism"),
        ({"evasion_weights": (0, 0, 1), "max_evasion": 1}, "one above 0 up to max_evasion"),
        ({"look_alikes": {"virall": 0.1}}, "unknown look-alike virall"),
        ({"look_alikes": {"viral": 1.1}}, "between 0 and 1"),
        ({"tiers": {"1k-2k": 1.0}}, "tiers: unknown 1k-2k"),
        ({"platforms": {"tiktok": 0.0}}, "must not all be 0"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(values, message):
    with pytest.raises(ValidationError, match=message):
        SimulationSettings(**values)


def test_settings_come_from_a_file_and_flags_go_before_it(tmp_path):
    path = tmp_path / "sim.toml"
    path.write_text("days = 60\nfake_share = 0.2\n[look_alikes]\nviral = 0.5\n", encoding="utf-8")
    settings = command._settings(parse("--config", str(path), "--days", "90", "--exclude-mechanism", "M9"))
    assert settings.days == 90
    assert settings.fake_share == 0.2
    assert settings.look_alikes["viral"] == 0.5
    assert settings.look_alikes["ads"] == SimulationSettings().look_alikes["ads"]
    assert settings.exclude_mechanisms == ("M9",)


@pytest.mark.parametrize(
    ("text", "message"), [("dayz = 3\n", "settings: dayz: Extra inputs"), ("days = \n", "--config .*sim.toml: ")]
)
def test_a_wrong_settings_file_is_a_usage_error(tmp_path, text, message):
    path = tmp_path / "sim.toml"
    path.write_text(text, encoding="utf-8")
    arguments = parse("--out", str(tmp_path / "out"), "--config", str(path))
    with pytest.raises(UsageError, match=message):
        command.run(arguments)


# ---------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("format_", ["parquet", "csv", "jsonl"])
def test_a_written_world_reads_back_as_it_was_simulated(tmp_path, format_):
    frames = simulate(30, seed=6).frames
    rows = write_world(tmp_path / "world", 30, 6, format=format_, progress=False)
    result = read_tables(tmp_path / "world")
    assert not result.report.problems
    for name in ("creators", "follower_history", "posts", "comments", "labels"):
        table = getattr(result.tables, name)
        assert len(table) == rows[name] == len(frames[name])
    followers = frames["follower_history"]["followers"].astype(float)
    assert result.tables.follower_history.numbers("followers").sum() == followers.sum()
    assert sorted(result.tables.comments.strings("text").to_pylist()) == sorted(frames["comments"]["text"])


def test_parts_hold_the_same_rows_for_any_number_of_workers(tmp_path):
    write_world(tmp_path / "one", 40, 6, SILENT, format="csv", part_creators=8, progress=False)
    write_world(tmp_path / "two", 40, 6, SILENT, format="csv", part_creators=8, workers=2, progress=False)
    one = files(tmp_path / "one")
    assert one == files(tmp_path / "two")
    assert {"posts/part-00000.csv", "posts/part-00002.csv", "truth/events/part-00001.csv", "simulation.json"} <= set(
        one
    )
    whole = simulate(40, 6, SILENT).frames["creators"]
    parts = [pd.read_csv(path, dtype=str) for path in sorted((tmp_path / "one" / "creators").iterdir())]
    assert pd.concat(parts)["creator_id"].tolist() == whole["creator_id"].tolist()


def test_the_settings_and_the_seed_lie_beside_the_tables(tmp_path):
    write_world(tmp_path / "world", 5, 6, SILENT, progress=False)
    about = json.loads((tmp_path / "world" / "simulation.json").read_text(encoding="utf-8"))
    assert about["seed"] == 6
    assert about["creators"] == 5
    assert SimulationSettings.model_validate(about["settings"]) == SILENT


def test_an_existing_folder_is_not_touched(tmp_path):
    write_world(tmp_path / "world", 5, 6, SILENT, progress=False)
    before = files(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        write_world(tmp_path / "world", 6, 7, SILENT, progress=False)
    assert files(tmp_path) == before
    write_world(tmp_path / "world", 6, 7, SILENT, overwrite=True, progress=False)
    assert files(tmp_path) != before


def test_a_folder_that_is_no_simulation_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "posts.csv").write_text("dear\n", encoding="utf-8")
    with pytest.raises(OutputError, match="holds no simulation"):
        write_world(tmp_path / "mine", 5, 6, SILENT, overwrite=True, progress=False)
    assert (tmp_path / "mine" / "posts.csv").read_text(encoding="utf-8") == "dear\n"


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("realreach.simulate.write._WRITERS", {"csv": broken})
    with pytest.raises(OutputError, match="No space left on device"):
        write_world(tmp_path / "world", 5, 6, SILENT, format="csv", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match="format must be one of parquet, csv, jsonl, got 'xlsx'"):
        write_world(tmp_path / "world", 5, 6, SILENT, format="xlsx")


# ---------------------------------------------------------------------------------------------------- command


def test_the_command_writes_and_says_what_lies_where(tmp_path, capsys):
    out = tmp_path / "world"
    assert command.run(parse("--creators", "12", "--seed", "3", "--out", str(out), "--format", "csv", "--quiet")) == 0
    said = capsys.readouterr()
    assert "12 creators" in said.out
    assert str(out / "truth") in said.out
    assert said.err == ""
    assert pd.read_csv(out / "labels.csv")["creator_id"].tolist() == [f"sim3-{i:06d}" for i in range(12)]


@pytest.mark.parametrize(("words", "message"), [((), "--out is missing"), (("--check",), "--check needs --datasets")])
def test_missing_flags_are_named(words, message):
    arguments = parse(*words)
    with pytest.raises(UsageError, match=message):
        command.run(arguments)


# ---------------------------------------------------------------------------------------------------- sample


def test_the_sample_in_the_repository_is_what_its_command_makes(tmp_path):
    write_sample(tmp_path / "sample")
    made, kept = files(tmp_path / "sample"), files(SAMPLE)
    assert set(made) <= set(kept)
    assert [name for name in made if made[name] != kept[name]] == []
    assert sum(map(len, made.values())) < 2.7e6
