"""The comment suite: single comments within and across public sets, alarms on organic ones, and mixed sections."""

from __future__ import annotations

from pathlib import Path

from realreach.benchmark import comment_bursts
from realreach.benchmark.comment_as_measured import as_measured_lines
from realreach.benchmark.comment_bags import bag_lines, rank_lines, section_lines
from realreach.benchmark.comment_echoes import campaign_lines
from realreach.benchmark.comment_sets import read_material
from realreach.benchmark.comment_transfer import organic_lines, transfer_lines
from realreach.benchmark.comment_within import within_lines
from realreach.benchmark.result import Result
from realreach.benchmark.suites import Options

__all__ = ["PROTOCOL", "run"]

PROTOCOL = (
    """
Inner choices are nested. Not everything is: these settings were changed after a look at figures of the judged sets, so the
lines they touch are a little optimistic.

- Within a set: which candidates there are (means of linear models; with and without other sets; contrast, rarity), how many
  comments of other sets help, and the form of the threshold, after about ninety variants had been seen and errors of both sets
  read (F1 of earlier versions: `youtube_spam` .938 to .950, `instagram_ads` .732 to .887, `judol` .984 to .985). The candidate
  of the set's own comments has the highest mean F1 *inside* the training parts of `youtube_spam` of all that were seen (.950;
  the one before it .943), but its F1 on the judged videos was seen beside it. The Instagram set holds two accounts, so that a
  model learns from one alone; figures quoted elsewhere (F1 .886, ROC-AUC .967) do not reproduce on it, by any model tried, and
  may come from more accounts.
- Leave one data set out: how much organic comments count (0.3), the range of penalties and the contrast, after some fifteen
  variants had been seen (means .859 to .890). Copies in an invented language (letters exchanged) raised `bot_praise_de` to .94-.95
  and lowered the others; they were left out.
- Shipped model: that sold comments count less in languages where they outweigh ordinary ones was decided when English comments
  were called sold 2.4 times as often as Indonesian ones; of five forms of it, the one that changed Indonesian least was kept.
- Shipped model and thresholds: with fewer than three real sets these are held out by template, not whole, after the first version had
  called next to nothing sold; the threshold follows the mean of the sets' alarm rates, no longer the worst set's.

- **Rows.** Texts as the sets give them (HTML escapes and tags of the YouTube collection undone). Texts that carry both labels are
  left out. Split within a set: repeats stay, as in published figures; *f1 of texts not in training* leaves out every test
  row whose text also stands in another fold. Across sets: exact repeats of labelled comments are left out.
- **Within a set** (`youtube_spam` other video, `instagram_ads` other account, `judol` other template: MinHash groups of
  near twins): our model is fitted to the training folds with a little of the other sets and generated comments. Own
  comments alone or with those of others is chosen by an inner split of the training part (other videos, else other templates); so is the
  threshold with comments of others: it calls as many held-out training comments sold as are sold. Own comments alone, both
  kinds of which weigh the same, are called at margin 0.
- **What more accounts would bring** (our model of own comments alone): trained on 1 / 2 / 3 / 4 videos of `youtube_spam`, mean F1 on
  the others is .918 / .939 / .949 / .955. On posts of `instagram_ads`, the other account alone reaches .75, with one, two and all
  other posts of the judged account .87, .92 and .95. The labels are not the limit: of groups of near twins there, 2 of 93 carry both.
- **As commonly measured**: the same models, with rows as in the file (tags and escapes not undone, texts with both labels and
  repeats kept) and figures as means over the folds, as they are mostly quoted. For TF-IDF with a linear model we have seen F1 .942
  (ROC-AUC .989) quoted for `youtube_spam`, which reproduces within .003, and .886 (.967) for `instagram_ads`, which does not: fifteen plain
  variants reach .78 to .85 (.88 to .90) on other accounts, and .92 to .95 (.98) on other posts of the same accounts.
- **Leave one data set out**: fitted to all other sets, organic comments and generated ones; the penalty is chosen by holding
  out, in turn, each of the *other* labelled parts (below, for organic comments and bags, it is the recipe's own). `bot_praise_de` is the only German set: no German is trained on.
- **Seen together, without labels**: lines of their own beside those above. The judged comments are scored as one section, as
  a creator's are: what they share with those that the model suspects most (naive Bayes of their pieces, each comment without
  itself) joins the model's margin, and the same margins are given out anew in that order, so that as many are called sold as
  before (`realreach.comment_text.echoes`). No label of the judged comments is used, but which other comments stand beside one
  matters: half of those of a labelled set are sold, which no real section comes near. *Which of 100 comments are sold* therefore
  repeats it on sections of 100 comments of a set with 5, 10 and 20 sold ones (mean ROC-AUC within a section), and *a known
  campaign* on real videos: the three with bursts (told by mathematical letters) and the two with the campaign named below, which
  nothing was chosen on (*found among as many*: of the known comments, the share that is among as many of the highest scores). Whom to suspect
  (the upper tenth against the lower half), the smoothing and how the echo's weight grows with a section were chosen on
  `youtube_spam`, `instagram_ads`, `judol` and `x_posts` left out as sets; `bot_praise_de` had no part in it (.952 when first looked
  at, .950 since the campaign named below is out of the organic comments). Within a set (what is called sold against the rest, half
  the weight of the model) it was chosen on `youtube_spam` and `judol`; `instagram_ads` had no part in it. Tried on the same sets, without use: near twins that share a score, logistic regression on the
  surest (half the gain), importance weights, the judged comments' document frequencies in the fit, a second model on the shape of
  words or on vowels and consonants, boosted trees on margin and style.
- **Organic called sold**: the threshold is what lets 1 % of organic comments through, as a mean over the *other* organic
  sets, each judged by a model that had not seen it. The known bursts of bot comments are out of `youtube_id_trending`, a campaign
  out of `youtube_id_gambling_topic`: 35 comments by 34 accounts that praise one gambling site under two videos within 81 minutes.
  They were read because both pieces of the video that holds 24 of them had p-values below 5 % by the shipped model: what earlier
  reports counted as false alarms. Of 60 comments read at random among those of `youtube_en_2013` that our model calls sold, 45
  are plainly promotion or giveaway bots: about one in four is a false alarm. *Recall on held
  out sets* is what the same threshold finds of sold comments of sets held out one by one.
- **Bags**: 100 organic comments, of which 5, 10 or 20 are replaced by sold ones; ROC-AUC against bags without. Neither the set
  of the sold nor that of the organic comments was trained on or used for the bag reference. `youtube_en_2013` is not free of
  spam: of 40 comments read evenly from the 480 (of 3,000) that a model of the labelled YouTube collection ranks highest, 27 are
  plainly promotion, which makes about one comment in ten. With a base of 7 / 10 / 16 % of the same kind even a detector without error reaches
  ROC-AUC .91 / .86 / .79 at 5 %. So the same bags are also drawn from the comments that the set's own makers labelled
  ordinary (no aim was set for these lines). What such bags allow at best, with 2013 not trained on: a model that learned half of
  the set's own comments, ranked by likelihood ratios that are known exactly, reaches .84 / .97 / 1.00 for `youtube_spam` and
  .82 / .97 / 1.00 for `x_posts`. The mean margin of a bag's upper tenth beside the apparent share raised the bags of `judol` and
  `bot_praise_de` (at 5 %, mean of their four lines .87 to .92) and lowered those in `youtube_en_2013` (.67 to .63, .73 to .65), whose
  own promotion fills that tenth: left out. The rank of a bag is the mean of its apparent share; it was chosen among a log Bayes
  factor and the sum of median and quantiles used before on `instagram_ads`, `judol` and `bot_praise_de` alone.
- **Clean sections**: share of ordinary sections with a p-value below 1 and 5 %: videos, posts and threads with 20 comments or more
  (in pieces of 100 to 199), or random bags of 100 ordinary comments where a set has no sections. The set is neither trained on nor
  in the reference. One constant of the recipe was set with these sets at hand: how much audiences of two sets differ
  (1.0 in log odds; root mean square 0.9, 0.8 to 1.0 with any one part left out).
- **Zero-shot**: the shipped comment model, which was trained on generated comments and sets under an MIT licence alone
  (`x_posts`, `x_replies`, `bot_templates`: no zero-shot line for these).
- **Baseline**: TF-IDF of words and characters with logistic regression, untuned, under the same splits; called at 0.5.
- Large parts are sampled (fixed seed) to keep the suite within minutes.

"""
    + comment_bursts.PROTOCOL
)


def run(datasets: Path, options: Options) -> list[Result]:
    """Return the lines of the suite for the sets that are there."""
    material = read_material(datasets, options)
    lines = list(within_lines(datasets, material, quick=options.quick, seed=options.seed))
    lines += as_measured_lines(datasets, material, seed=options.seed)
    lines += transfer_lines(material)
    lines += organic_lines(material)
    lines += bag_lines(material, 60 if options.quick else 300, options.seed)
    lines += rank_lines(material, 10 if options.quick else 60, options.seed)
    lines += section_lines(material, options.seed)
    lines += campaign_lines(datasets)
    return lines + comment_bursts.lines(datasets, options)
