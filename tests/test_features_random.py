"""Any valid input gives finite values inside the catalogue's range, and the same row alone as in a crowd."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import contract
import worlds
from realreach.tables import tables_from_frames

END_DAYS = (worlds.END - worlds.START).days
COUNTS = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, 9.0, 10.0, 1_000.0, 1e6, 1e9 + 1, 1e10]), st.integers(0, 10**10).map(float)
)
UNKNOWN = st.none() | COUNTS
TEXTS = st.one_of(
    st.sampled_from(
        [*worlds.ODD_TEXTS, "nice", "nice one my dear friend", "cantik banget kak suka", "Cantik BANGET kak suka!!"]
    ),
    st.text(min_size=1, max_size=30),
)


@st.composite
def gains(draw):
    """Gains of one creator: nothing, always the same, calm with jumps, or anything."""
    number = draw(st.integers(0, 45))
    kind = draw(st.sampled_from(["constant", "steady", "calm", "any"]))
    if kind == "constant":
        return np.zeros(number)
    if kind == "steady":
        return np.full(number, float(draw(st.integers(1, 10**6))))
    step = st.integers(-3, 30) if kind == "calm" else st.one_of(st.integers(-(10**9), 10**9), st.integers(-5, 5))
    out = np.array(draw(st.lists(step, min_size=number, max_size=number)), dtype=float)
    if number and draw(st.booleans()):
        out[draw(st.integers(0, number - 1))] += draw(st.sampled_from([500.0, 1e5, 1e9]))
    return out


@st.composite
def curves(draw):
    """Counts on days with holes."""
    level = draw(COUNTS) + np.concatenate([[0.0], np.cumsum(draw(gains()))])
    steps = st.sampled_from([1, 1, 1, 1, 2, 7, 30])
    usual = draw(st.sampled_from([1, 1, 7]))
    days = np.cumsum(draw(st.lists(steps.map(lambda s: s * usual), min_size=len(level), max_size=len(level))))
    followed = draw(st.none() | st.lists(UNKNOWN, min_size=len(level), max_size=len(level)))
    level = np.clip(level, 0.0, 1e10)
    return {"curve": level, "days": days - days[-1] + draw(st.integers(0, END_DAYS)), "followed": followed}


@st.composite
def posts(draw):
    """Posts with any counts, unknown ones too, often at one and the same time."""
    number = draw(st.integers(0, 35))
    alike = draw(st.booleans())

    def column(values):
        if alike:
            return [draw(values)] * number
        return draw(st.lists(values, min_size=number, max_size=number))

    days = st.sampled_from([0.0, 1.5, 170.0, 180.9]) | st.floats(-800, END_DAYS - 0.1)
    data = {"day": np.array(column(days), dtype=float).reshape(number)}
    for name in ("likes", "comments_count", "views", "shares", "saves"):
        data[name] = np.array(column(UNKNOWN), dtype=float).reshape(number)
    data["format"] = pd.array(column(st.sampled_from(["image", "reel", None, "text"])), dtype="str")
    data["caption"] = pd.array(column(st.none() | TEXTS), dtype="str")
    data["is_sponsored"] = np.array(column(st.sampled_from([0.0, 1.0, None])), dtype=float).reshape(number)
    return data


@st.composite
def comments(draw):
    """Comments of any text under any post, by anybody or nobody, at any time or none."""
    number = draw(st.integers(0, 40))

    def column(values):
        return draw(st.lists(values, min_size=number, max_size=number))

    return {
        "text": pd.array(column(TEXTS), dtype="str"),
        "day": np.array(
            column(st.none() | st.sampled_from([3.0, 3.001, 170.0]) | st.floats(-10, END_DAYS - 0.1)), dtype=float
        ),
        "post_id": pd.array(column(st.sampled_from(["p0", "p1", "p2", "p7", None, "elsewhere"])), dtype="str"),
        "author_id": pd.array(column(st.sampled_from(["u1", "u2", "u3", "u4", None])), dtype="str"),
        "parent_comment_id": pd.array(column(st.sampled_from(["c0", "c1", None])), dtype="str"),
        "likes": np.array(column(UNKNOWN), dtype=float),
        "author_shape": pd.array(column(st.sampled_from(["aaa000", "Aaaa_aaa", "AaAaa_aa", None])), dtype="str"),
        "by_creator": np.array(column(st.sampled_from([0.0, 0.0, 1.0, None])), dtype=float),
    }


@st.composite
def random_worlds(draw):
    """One to three creators with any of the tables."""
    made = []
    for i in range(draw(st.integers(1, 3))):
        profile = {"followers": draw(UNKNOWN), "language": draw(st.sampled_from(["id", "en", "ja", None]))}
        made.append(
            worlds.creator(
                f"creator{i}",
                **(draw(st.none() | curves()) or {}),
                posts=draw(st.none() | posts()),
                comments=draw(st.none() | comments()),
                **profile,
            )
        )
    return worlds.join(*made)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(random_worlds())
def test_any_valid_input_gives_finite_values_in_range(world):
    tables = tables_from_frames(world).tables
    whole = contract.FAMILIES[-1]
    frame = whole.frame(tables)
    contract.assert_in_range(whole.records, frame)
    for i in range(len(tables)):
        contract.assert_same(whole.frame(tables.take(np.array([i]))), frame.iloc[[i]])
