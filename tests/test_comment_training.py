"""Training the comment model: generated comments, public sets, calibration, thresholds, the command from end to end."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from realreach.cli import main
from realreach.comment_text.model import KINDS, default_comment_model, read_comment_model
from realreach.comment_text.normalise import normalise
from realreach.datasets.adapter import DatasetError
from realreach.datasets.comment_labels import COMMENT_SETS, LICENSED, read_comment_set, read_comment_sets
from realreach.errors import InputError, OutputError, UsageError
from realreach.learning.comment_calibration import bag_reference, fit_calibration, thresholds
from realreach.learning.comment_files import check_overwrite
from realreach.learning.comment_matrix import comment_matrix, template_groups
from realreach.learning.comment_weights import balanced_by_language, row_weights
from realreach.learning.comments import Recipe, build_corpus, folds, held_out_margins, train_comment_model
from realreach.learning.generated_text import generate_comments

REAL = os.environ.get("REALREACH_DATASETS")
TINY = Recipe(
    bits=14,
    generated={"ordinary": 500, "promotion": 300, "generic_praise": 150, "machine_written": 100},
    largest_part=400,
)
PLACES = ("kota", "desa", "pasar", "taman", "stasiun", "kantor", "sekolah", "pantai", "gunung", "bandara")


def fake_frames():
    """Return two sets of invented comments that share no template."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(120):
        place = PLACES[rng.integers(10)]
        rows.append((f"tadi lewat {place} ramai sekali nomor {i}, {'wkwk' * (i % 3)}", "ordinary"))
        rows.append((f"Hubungi 0812345{i:05d} untuk jasa titip {place}, murah dan cepat!", "promotion"))
    first = pd.DataFrame(rows, columns=["text", "kind"]).assign(part="a", section="s", source="set_a")
    rows = [(f"who took the {p} picture number {i}?", "organic") for i in range(12) for p in PLACES]
    second = pd.DataFrame(rows, columns=["text", "kind"]).assign(part="b", section="t", source="set_b")
    return {"set_a": first, "set_b": second}


@pytest.fixture(scope="module")
def trained():
    return train_comment_model(build_corpus(fake_frames(), TINY), TINY, facts={"sets": ["set_a", "set_b"]})


def test_generated_comments_are_the_same_for_a_seed_and_others_for_another():
    counts = dict.fromkeys(KINDS, 40)
    first = generate_comments(counts, 7)
    assert first == generate_comments(counts, 7)
    assert len(set(first.text) & set(generate_comments(counts, 8).text)) < 40
    assert {kind: first.kind.count(kind) for kind in KINDS} == counts
    # A kind's comments do not depend on what else is asked for.
    assert generate_comments({"promotion": 40}, 7).text == first.text[40:80]


def test_generated_comments_hold_no_open_slot_and_vary():
    made = generate_comments(dict.fromkeys(KINDS, 800), 1)
    assert not [t for t in made.text if re.search(r"[{}]", t)]
    assert all(t.strip() for t in made.text)
    for i, kind in enumerate(KINDS):
        assert len(set(made.text[i * 800 : (i + 1) * 800])) > (300 if kind == "machine_written" else 500), kind


def test_generated_comments_are_none_of_the_simulators_or_the_data_sets():
    made = set(generate_comments(dict.fromkeys(KINDS, 1500), 2).text)
    simulated = Path("src/realreach/simulate/text")
    phrases = {
        p for f in simulated.glob("*.py") for p in re.findall(r'"([^"\n]{25,})"', f.read_text("utf-8")) if " " in p
    }
    assert not made & phrases


def test_near_twins_share_a_group_and_strangers_do_not():
    texts = [
        "Modal 50rb di 𝐃𝐄𝐖𝐀𝟖𝟖 langsung cair 7 juta 🔥",
        "modal 20rb di RAJA77 langsung cair 3 juta!!",
        "kucingku suka tidur di atas laptop kalau hujan",
        "kapan ke medan kak, ditunggu keluarga besar",
        "",
    ]
    groups = template_groups(texts)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 4
    order = [3, 1, 4, 0, 2]
    again = template_groups([texts[i] for i in order])
    assert ((again[:, None] == again) == (groups[order][:, None] == groups[order])).all()


def test_matrix_times_weights_is_the_models_margin(trained):
    texts = ["Hubungi 08123456789 jasa titip pasar!", "tadi lewat pasar wkwk", "🔥🔥", ""]
    model = trained.model
    weights = np.concatenate([model.style[0] / 0.25, model.grams[0]]).astype(float)
    expected = comment_matrix(texts, model.bits) @ weights + model.bias[0]
    margins = model.margins(normalise(pa.array(texts)))[:, 0]
    np.testing.assert_allclose(margins, expected, rtol=1e-9, atol=1e-6)


def test_trained_model_tells_the_kinds_apart(trained):
    made = generate_comments(dict.fromkeys(KINDS, 150), seed=99)
    scores = trained.model.scores(normalise(pa.array(list(made.text))))
    kind = np.array([KINDS.index(k) for k in made.kind])
    sold = kind > 0
    assert scores[~sold, 0].mean() > 0.8
    assert scores[sold, 0].mean() < 0.6
    assert (scores[sold, 1:].argmax(axis=1) + 1 == kind[sold]).mean() > 0.8


def test_quantised_model_is_close_to_what_was_fitted(trained):
    corpus = trained.corpus
    p = trained.model.sold(normalise(pa.array(corpus.text.tolist(), pa.large_string())))
    # Fitted comments are easier than held-out ones, and in the same order.
    held = 1 / (1 + np.exp(-(trained.model.slope * trained.held_out + trained.model.offset)))
    assert p[corpus.sold].mean() > held[corpus.sold].mean()
    assert np.corrcoef(p, held)[0, 1] > 0.7


def test_training_is_deterministic(trained):
    again = train_comment_model(build_corpus(fake_frames(), TINY), TINY, facts={"sets": ["set_a", "set_b"]})
    assert json.dumps(again.model.to_dict()) == json.dumps(trained.model.to_dict())


def test_no_comment_is_judged_by_a_model_that_saw_its_template():
    corpus = build_corpus(fake_frames(), TINY)
    seen = np.zeros(len(corpus), dtype=int)
    for _, rows in folds(corpus):
        seen += rows
        rest = ~np.isin(corpus.group, corpus.group[rows]) & ~rows
        assert not set(corpus.group[rest]) & set(corpus.group[rows])
    assert (seen == 1).all()


def test_language_is_no_sign_of_selling_where_languages_are_even():
    corpus = build_corpus(fake_frames(), TINY)
    assert len(np.unique(corpus.language)) > 2

    def sold_shares(recipe):
        weight = row_weights(corpus, recipe)
        parts = [corpus.language == code for code in range(5) if (corpus.language == code).sum() > 20]
        return np.array([np.average(corpus.sold[part], weights=weight[part]) for part in parts])

    before, after = sold_shares(TINY), sold_shares(replace(TINY, even_languages=True))
    assert (before > 0.55).any()
    assert after[before > 0.5] == pytest.approx(0.5)
    assert (after[before < 0.5] == before[before < 0.5]).all()


def test_a_few_comments_do_not_stand_for_a_language():
    sold, language = np.repeat([True, False, True], [100, 2, 50]), np.repeat([0, 0, 3], [100, 2, 50])
    weight = balanced_by_language(np.ones(152), sold, language)
    assert weight[:100] == pytest.approx(1 / 3)
    assert (weight[100:] == 1.0).all()


def test_shuffled_labels_fall_to_chance():
    from sklearn.metrics import roc_auc_score

    corpus = build_corpus(fake_frames(), TINY)
    kind = np.random.default_rng(0).permutation(corpus.kind)
    noise = replace(corpus, kind=kind, group=np.arange(len(kind)).astype(str))
    found = roc_auc_score(noise.sold, held_out_margins(noise, TINY))
    assert 0.4 < found < 0.6


def test_one_kind_alone_is_refused():
    frames = {"set_b": fake_frames()["set_b"]}
    recipe = replace(TINY, generated={"ordinary": 50})
    with pytest.raises(InputError, match="one kind only"):
        train_comment_model(build_corpus(frames, recipe), recipe)


def test_calibration_holds_at_the_prior():
    rng = np.random.default_rng(1)
    sold = rng.random(20_000) < 0.5
    margin = rng.normal(np.where(sold, 1.5, -1.5), 1.0) / 3.0
    slope, offset = fit_calibration(margin, sold, np.ones(len(sold)), prior=0.1)
    p = 1 / (1 + np.exp(-(slope * margin + offset)))
    weight = np.where(sold, 0.1, 0.9)
    for low, high in ((0.0, 0.05), (0.05, 0.3), (0.3, 0.7), (0.7, 1.0)):
        rows = (p >= low) & (p < high)
        assert np.average(p[rows], weights=weight[rows]) == pytest.approx(
            np.average(sold[rows], weights=weight[rows]), abs=0.05
        )


def test_threshold_keeps_the_alarm_rate_whatever_the_sizes():
    rng = np.random.default_rng(0)
    ordinary = {"large": rng.random(50_000) * 0.5, "small": rng.random(500), "tiny": np.ones(20)}
    low, high = thresholds(ordinary, rng.random(1000), np.ones(1000), 0.02, 0.1)
    rates = [(ordinary[name] >= high).mean() for name in ("large", "small")]
    assert np.mean(rates) <= 0.02
    assert np.mean(rates) > 0.01
    assert low == pytest.approx(0.1, abs=0.03)


def test_reference_knows_sections_that_look_sold():
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.beta(1, 12, 4000), rng.beta(1, 6, 1000), rng.beta(8, 2, 1500)])
    sold = np.arange(len(p)) >= 5000
    section = np.array([f"set/{i // 500}" for i in range(len(p))])
    weight = np.where(sold, 1 / 1500, 1 / 5000)
    made = bag_reference(p, sold, weight, section)
    assert made.ratio[0] < 0.3 < 10 < made.ratio[-1]
    # The last two organic sections score higher: the spread must hold them.
    assert made.organic_shares[-1] > made.organic_shares[0]
    assert len(made.organic_shares) == 20


def reference_of(shares, seed=0):
    """Return a reference of sections of 200 comments, of which these shares read as sold."""
    rng = np.random.default_rng(seed)
    p = np.concatenate([np.where(np.arange(200) < round(200 * s), 0.85, rng.beta(1, 12, 200)) for s in shares])
    sold = np.repeat([False, True], [len(p), 400])
    p = np.concatenate([p, rng.beta(8, 2, 400)])
    section = np.array([f"set/{i // 200}" for i in range(len(p))])
    return bag_reference(p, sold, np.where(sold, 1 / 400, 1 / (~sold).sum()), section)


def test_audiences_of_other_sets_differ_more_than_sections_of_one():
    made = reference_of([0.02] * 30)
    odds = made.organic_shares / (1 - made.organic_shares)
    middle = np.sqrt(odds[9] * odds[10])
    # One standard deviation is 1 in log odds, on either side.
    assert np.log(odds[-4:-2].mean() / middle) == pytest.approx(1.0, abs=0.25)
    assert np.log(odds[2:4].mean() / middle) == pytest.approx(-1.0, abs=0.25)


def test_uppermost_sections_do_not_excuse():
    # Two of a hundred sections hold a sold part that nobody labelled.
    few, none = reference_of([0.02] * 98 + [0.6] * 2), reference_of([0.02] * 100)
    assert few.organic_shares[-1] < 1.6 * none.organic_shares[-1]
    assert reference_of([0.02] * 80 + [0.6] * 20).organic_shares[-1] > 0.4


# --- public sets -----------------------------------------------------------------------------------------------------


def write_set(folder, name):
    """Write a tiny set of invented comments in the form of a public one."""
    place = folder / name
    place.mkdir(parents=True)
    if name == "comments_judol_id":
        texts = [(f"menang {i} juta di NAGA{i}8 gampang", 1) for i in range(40)] + [
            (f"hujan lagi di {p}", 0) for p in PLACES
        ]
        pd.DataFrame(
            [*texts, ("hujan lagi di kota", 0), ("sama saja", 1), ("Sama  saja", 0)], columns=["text", "label"]
        ).to_csv(place / "judol_balanced.csv", index=False)
    elif name == "comments_x_ai_replies_en":
        posts = [(f"clean post about {p}", "clean|topic_news") for p in PLACES] + [
            (f"buy {p} coin now", "scam") for p in PLACES
        ]
        pd.DataFrame([*posts, ("unclear", "topic_crypto")], columns=["text", "labels"]).to_csv(
            place / "posts_labelled.csv", index=False
        )
        pd.DataFrame({"thread": ["1", "1", "1"], "role": ["ai_reply", "original_post", "evidence"],
                      "text": ["@a_b @c That is a thoughtful point.", "my post", "blocked"]}).to_csv(
            place / "ai_reply_threads.csv", index=False)  # fmt: skip
    elif name == "comments_bot_templates":
        slots = [["one", "two"], ["shot", "pic", "view"], ["is"], ["fine", "neat", "rare"], ["!", "."]]
        (place / "templates.json").write_text(json.dumps({"instabot_py_default": slots, "other": ["So neat @{}"]}))


@pytest.fixture
def sets(tmp_path):
    for name in ("comments_judol_id", "comments_x_ai_replies_en", "comments_bot_templates"):
        write_set(tmp_path / "sets", name)
    return tmp_path / "sets"


def test_labels_become_kinds(sets):
    rows = read_comment_set("comments_x_ai_replies_en", sets / "comments_x_ai_replies_en")
    assert rows.groupby(["part", "kind"]).size().to_dict() == {
        ("x_posts", "ordinary"): 10,
        ("x_posts", "promotion"): 10,
        ("x_replies", "machine_written"): 1,
        ("x_replies", "ordinary"): 1,
    }
    assert "That is a thoughtful point." in set(rows["text"])
    assert "unclear" not in set(rows["text"])


def test_repeats_and_texts_of_two_labels_are_left_out(sets):
    folder = sets / "comments_judol_id"
    rows = read_comment_set("comments_judol_id", folder)
    assert not rows["text"].str.lower().str.split().str.join(" ").duplicated().any()
    assert not rows["text"].str.contains("(?i)sama").any()
    repeated = read_comment_set("comments_judol_id", folder, repeats=True)
    assert len(repeated) == len(rows) + 1


def test_only_the_licensed_part_of_a_set_is_read(sets):
    folder = sets / "comments_bot_templates"
    assert len(read_comment_set("comments_bot_templates", folder)) == 5
    assert len(read_comment_set("comments_bot_templates", folder, only_licensed=True)) == 4
    assert set(read_comment_sets(sets, only_licensed=True)) == set(LICENSED)


def test_known_campaigns_are_not_taken_for_organic_comments(tmp_path):
    folder = tmp_path / "comments_youtube_id_2025"
    folder.mkdir()
    frame = pd.DataFrame({"video_id": "v", "text": ["biasa saja", "makasih Mbak4D2 cair", "𝐑𝐀𝐉𝐀 gacor", "tanpa judi"]})
    frame.to_csv(folder / "gambling_topic.csv", index=False)
    frame.to_parquet(folder / "trending.parquet")
    pd.DataFrame({"video_id": ["v"], "text": ["depo di sini"], "label": [1]}).to_csv(
        folder / "candidates_labelled.csv", index=False
    )
    rows = read_comment_set("comments_youtube_id_2025", folder)
    left = {part: group["text"].tolist() for part, group in rows.groupby("part")}
    assert left["youtube_id_gambling_topic"] == ["biasa saja", "𝐑𝐀𝐉𝐀 gacor", "tanpa judi"]
    assert left["youtube_id_trending"] == ["biasa saja", "makasih Mbak4D2 cair", "tanpa judi"]


@pytest.mark.parametrize("name", COMMENT_SETS)
def test_missing_files_are_named(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(DatasetError, match=rf"(?s){name}.*(is missing|cannot be read)"):
        read_comment_set(name, tmp_path / name)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("text,other\na,1\n", "lacks column `label`"),
        ("text,label\na,yes\n", "holds no number"),
        ("text,label\na,2\n", "neither 0 nor 1"),
        ("text,label\n", "has no rows"),
    ],
)
def test_wrong_file_is_refused(tmp_path, content, match):
    (tmp_path / "judol_balanced.csv").write_text(content)
    with pytest.raises(DatasetError, match=match):
        read_comment_set("comments_judol_id", tmp_path)


def test_wrong_template_file_is_refused(tmp_path):
    (tmp_path / "templates.json").write_text("[1]")
    with pytest.raises(DatasetError, match="holds something else"):
        read_comment_set("comments_bot_templates", tmp_path)


def test_unknown_set_and_empty_folder(tmp_path):
    with pytest.raises(UsageError, match="no comment set is called 'x'"):
        read_comment_set("x", tmp_path)
    with pytest.raises(InputError, match="holds none of the comment sets"):
        read_comment_sets(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_comment_sets(tmp_path / "none")


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def quick_recipe(monkeypatch):
    import realreach.learning.comments as module

    def recipe(**given):
        return replace(TINY, **given)

    monkeypatch.setattr(module, "Recipe", recipe)


@pytest.mark.usefixtures("quick_recipe")
def test_command_writes_a_model_that_can_be_read_and_holds_no_text(sets, tmp_path, capsys):
    out = tmp_path / "mine"
    assert main(["train-comments", "--datasets", str(sets), "--out", str(out), "-q"]) == 0
    assert "| judol |" in capsys.readouterr().out
    assert sorted(p.name for p in out.iterdir()) == ["card.md", "manifest.json", "model.json"]
    content = (out / "model.json").read_bytes()
    digests = json.loads((out / "manifest.json").read_text())["sha256"]
    model = read_comment_model(content, sha256=digests["model.json"])
    assert model.bags is not None
    words = {
        w for frame in read_comment_sets(sets).values() for t in frame["text"] for w in re.findall(r"[^\W\d]{4,}", t)
    }
    facts = {"generated", "ordinary", "promotion", "clean", "bias", "high", "seed", "posts", "post"}
    assert not [w for w in words - facts if w.lower() in content.decode().lower()]
    card = (out / "card.md").read_text()
    assert "keep this model to yourself" in card
    assert main(["train-comments", "--datasets", str(sets), "--out", str(out), "-q"]) == 5


@pytest.mark.usefixtures("quick_recipe")
def test_only_licensed_sets_may_be_passed_on(sets, tmp_path):
    out = tmp_path / "mine"
    assert main(["train-comments", "--datasets", str(sets), "--only-licensed", "--out", str(out), "-q"]) == 0
    card = (out / "card.md").read_text()
    assert "judol" not in card
    assert "MIT License, Copyright (c) 2026 Janitr" in card
    assert "keep this model to yourself" not in card


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--datasets", "nowhere"], 3, "no such folder"),
        (["--only-licensed"], 2, "--datasets DIR"),
        (["--alarm-rate", "0.7"], 2, "--alarm-rate must be above 0"),
    ],
)
def test_mistakes_are_told(tmp_path, capsys, flags, code, words):
    assert main(["train-comments", "--out", str(tmp_path / "m"), *flags]) == code
    assert words in capsys.readouterr().err


def test_foreign_folder_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(OutputError, match="no part of a comment model"):
        check_overwrite(tmp_path)


# --- the shipped model -----------------------------------------------------------------------------------------------


def test_shipped_model_holds_no_text_and_says_its_origin():
    folder = Path("src/realreach/comment_text/default")
    content = (folder / "model.json").read_text("utf-8")
    assert content.isascii()
    words = set(re.findall(r"[A-Za-z_]{3,}", content))
    made = generate_comments({"ordinary": 3000, "promotion": 2000}, Recipe().seed).text
    vocabulary = {w.lower() for t in made for w in re.findall(r"[a-z]{4,}", t.lower())}
    facts = default_comment_model().facts
    told = {w.lower() for w in re.findall(r"[A-Za-z_]{3,}", json.dumps(dict(facts)))}
    keys = {
        "high",
        "sets",
        "bits",
        "bias",
        "style",
        "scale",
        "bags",
        "slope",
        "ratio",
        "edges",
        "offset",
        "format",
        "facts",
    }
    assert not {w.lower() for w in words} & vocabulary - told - keys
    assert set(facts["sets"]) == set(LICENSED)
    assert facts["may_be_passed_on"]
    card = (folder / "card.md").read_text("utf-8")
    assert all(notice in card for notice in LICENSED.values())


@pytest.mark.skipif(not REAL, reason="REALREACH_DATASETS is not set: the public sets are not here")
def test_shipped_model_on_real_sets():
    from sklearn.metrics import roc_auc_score

    if not (Path(REAL) / "comments_judol_id").is_dir() or not (Path(REAL) / "comments_youtube_id_2025").is_dir():
        pytest.skip("comments_judol_id or comments_youtube_id_2025 is not in REALREACH_DATASETS")
    model = default_comment_model()
    judol = read_comment_set("comments_judol_id", Path(REAL) / "comments_judol_id").iloc[::20]
    p = model.sold(normalise(pa.array(judol["text"].tolist())))
    assert roc_auc_score(judol["kind"] != "ordinary", p) > 0.9
    organic = read_comment_set("comments_youtube_id_2025", Path(REAL) / "comments_youtube_id_2025")
    organic = organic[organic["part"] == "youtube_id_trending"].iloc[::5]
    assert (model.sold(normalise(pa.array(organic["text"].tolist()))) >= model.high).mean() < 0.03
