"""What jobs of a split may say: its own words, combinations that it may show, and its own sentence forms."""

from __future__ import annotations

import re

import pytest

from greensched.traces.table import Jobs
from greensched.truths import facts
from greensched.truths.described import Meanings
from greensched.truths.kinds_of_work import Network, networks, programs
from greensched.truths.splits import LATECOMERS, SPLITS
from greensched.truths.wording import forms, words
from tests.truths import worked

Combination = tuple[str, str, str]


def combinations(split: str, late: bool = False) -> set[Combination]:
    found = {(n.model.name, n.mode.name, n.dataset.name) for n in networks(split, late)}
    return found | {(p.tool.name, p.task, p.dataset.name if p.dataset else "") for p in programs(split, late)}


def described(split: str, seed: int = 2, n: int = 4000) -> tuple[Jobs, Meanings, list[str]]:
    jobs, meanings = worked.jobs(seed, n, split)
    assert jobs.description is not None
    return jobs, meanings, jobs.description.decode()


@pytest.mark.parametrize("split", SPLITS)
def test_every_part_of_a_job_is_of_the_splits_own_words(split: str) -> None:
    own = SPLITS[split].words
    for late in (False, True):
        for network in networks(split, late):
            assert {network.model.words, network.dataset.words} == {own}
        for program in programs(split, late):
            assert {program.tool.words} | ({program.dataset.words} if program.dataset else set()) == {own}


@pytest.mark.parametrize("split", SPLITS)
def test_no_text_of_a_split_holds_a_word_of_another(split: str) -> None:
    jobs, _, texts = described(split)
    assert jobs.name is not None and jobs.labels is not None
    said = " ".join({*texts, *jobs.name.pool, *jobs.labels.pool}).lower()
    other = [
        name.lower()
        for row in (*facts.models(), *facts.datasets(), *facts.tools())
        if row.words != SPLITS[split].words
        for name in (row.name, *row.aliases)
    ]
    if SPLITS[split].words == "known":  # held-out rows may borrow a known word, not the other way round
        assert [n for n in other if re.search(rf"(?<![a-z0-9]){re.escape(n)}(?![a-z0-9])", said)] == []


def test_training_and_test_share_words_and_no_combination() -> None:
    train, test = combinations("train"), combinations("test")
    assert not train & test
    assert 0.15 < len(test) / len(train | test) < 0.25
    for part in (0, 2):
        assert {c[part] for c in test} <= {c[part] for c in train}
    assert combinations("new-phrasing") == combinations("drift") == train


def test_latecomers_are_nowhere_but_in_the_second_half_of_drift() -> None:
    for split in ("train", "test", "new-phrasing"):
        _, meanings, _ = described(split)
        assert not {row.kind.family for row in meanings.apps.rows} & LATECOMERS
    _, meanings, _ = described("drift")
    late = {row.kind.family for row, is_late in zip(meanings.apps.rows, meanings.apps.late, strict=True) if is_late}
    assert late == LATECOMERS


def pattern(phrase: str) -> re.Pattern[str]:
    """A phrase with any share in it."""
    return re.compile(re.escape(phrase).replace(r"\{\}", r"[\d.]+( ?%| percent|pct)") + r"(?!\w)")


@pytest.mark.parametrize("split", SPLITS)
def test_phrases_are_of_the_splits_own_forms(split: str) -> None:
    own = SPLITS[split].forms
    other = {"known": "held-out", "held-out": "known"}[own]
    _, meanings, texts = described(split)
    done = meanings.amounts
    for phrases, shortened in (
        (words.RESUME, done.resumed_frac > 0),
        (words.SAMPLE, done.sample_frac < 1),
        (words.DRY, done.dry),
    ):
        mine, theirs = ([pattern(p) for p in phrases[form]] for form in (own, other))
        some = [text for text, so in zip(texts, shortened, strict=True) if so]
        assert len(some) > 20
        for text in some:
            assert any(p.search(text) for p in mine), text
        assert all(any(p.search(text) for text in some) for p in mine)  # each is in use
        assert not any(p.search(text) for text in texts for p in theirs)


def test_sentence_forms_are_of_the_splits_own_sort() -> None:
    """By what only they have: a held-out form is recognised by its frame."""
    known, held_out = (described(split)[2] for split in ("train", "new-phrasing"))
    assert len(forms.KNOWN) == 12 and len(forms.HELD_OUT) == 6
    sure = re.compile(  # four of six
        r"^We would like to see |^What\? |^The machine should be | -> "
    )
    assert not any(sure.search(text) for text in known)
    assert sum(bool(sure.search(text)) for text in held_out) > 0.4 * len(held_out)


def test_what_a_network_reads_is_of_its_split_whatever_the_seed() -> None:
    for seed in range(3):
        for split in SPLITS:
            _, meanings, _ = described(split, seed, 200)
            shown = combinations(split) | combinations(split, late=SPLITS[split].drifts)
            for row in meanings.apps.rows:
                what = row.kind.mode.name if isinstance(row.kind, Network) else row.kind.task
                name = row.kind.model.name if isinstance(row.kind, Network) else row.kind.tool.name
                assert (name, what, row.kind.dataset.name if row.kind.dataset else "") in shown
