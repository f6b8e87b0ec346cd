"""One complete record per feature; columns, model columns and pillars come from them."""

from dataclasses import replace

import numpy as np
import pytest

import contract
import worlds
from realreach.features import build_features, catalogue, feature_matrix, feature_names, model_columns
from realreach.features.catalogue import CONTEXT, pillars_of

PILLARS = ("growth", "engagement", "comments", "audience")
FAMILIES = (*PILLARS, "coherence")


def test_every_record_is_complete():
    contract.check_records(catalogue())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("unit", "", "are needed"),
        ("missing", " ", "are needed"),
        ("sentence", "", "are needed"),
        ("sentence_id", "", "are needed"),
        ("sentence_id", catalogue()[20].sentence, "not translated"),
        ("sentence", catalogue()[21].sentence, "cannot tell apart"),
        ("name", catalogue()[21].name, "stands twice"),
        ("name", "growth__gain__max", "expected"),
        ("name", "growth__gain__sometimes__max", "unknown window"),
        ("direction", 2, "direction"),
        ("low", 1.0, "empty range"),
        ("monotone", True, "monotone without a direction"),
    ],
)
def test_incomplete_record_is_caught(field, value, message):
    changed = replace(catalogue()[20], direction=0, high=1.0)
    records = [*catalogue()[:20], replace(changed, **{field: value}), *catalogue()[21:]]
    with pytest.raises(AssertionError, match=message):
        contract.check_records(records)


def test_families_stand_together_context_first():
    families = [f.family for f in catalogue()]
    assert tuple(dict.fromkeys(families)) == ("context", *FAMILIES)
    assert families == sorted(families, key=("context", *FAMILIES).index)
    assert catalogue()[: len(CONTEXT)] == CONTEXT


def test_model_sees_no_context_and_residuals_of_what_is_judged_against_peers():
    assert len(model_columns()) == len(catalogue()) - len(CONTEXT)
    assert not [name for name in model_columns() if name.startswith("context")]
    suffixed = {name.removesuffix("__vs_peers") for name in model_columns() if name.endswith("__vs_peers")}
    assert suffixed == {f.name for f in catalogue() if f.peers}


def test_pillars_of_a_feature():
    for feature in catalogue():
        pillars = pillars_of(feature)
        if feature.family == "coherence":
            assert len(pillars) == 2, feature.name
            assert pillars < set(PILLARS)
        else:
            assert pillars == ({feature.family} if feature.family != "context" else set())


def test_levels_are_judged_against_peers_only():
    # Likes per follower and the like differ tenfold between honest creators: raw, they are a proxy of size.
    levels = [f for f in catalogue() if "per follower" in f.unit or "posts a week" in f.unit]
    assert len(levels) >= 5
    assert all(f.peers for f in levels)


def test_build_features_has_the_columns_of_the_catalogue():
    tables = worlds.checked(worlds.crowd())
    frame = build_features(tables, worlds.END)
    assert tuple(frame.columns) == feature_names()
    assert list(frame.index) == tables.creator_ids.to_pylist()
    assert frame.index.name == "creator_id"
    assert set(frame.dtypes) == {np.dtype("float64")}
    assert np.array_equal(feature_matrix(tables, worlds.END), frame.to_numpy(), equal_nan=True)


def test_missing_pillars_are_missing_features():
    world = worlds.organic("a")
    for pillar, tables in (
        ("growth", ("creators", "follower_history")),
        ("engagement", ("creators", "posts")),
        ("comments", ("creators", "comments")),
    ):
        row = worlds.one({name: world[name] for name in tables})
        known = {name.split("__")[0] for name in row.index[row.notna()]} - {"context"}
        assert known == {pillar}


def test_whatever_is_missing_says_so_in_the_catalogue():
    # "never" is a promise.
    frame = worlds.features(worlds.crowd(), worlds.END)
    never = [f.name for f in catalogue() if f.missing == "never"]
    assert never
    assert frame[never].notna().all().all()
