"""Training of `llm`: it learns from a log, and what is served is what was trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from greensched.core.errors import ConfigError, DataError  # noqa: E402
from greensched.feedback.outcomes import outcomes  # noqa: E402
from greensched.learning.llm import fit, judging, losses  # noqa: E402
from greensched.learning.llm.batches import Batches, Less  # noqa: E402
from greensched.learning.llm.examples import joined, read, table  # noqa: E402
from greensched.learning.llm.needs_torch import network_of  # noqa: E402
from greensched.learning.llm.presets import PRESETS  # noqa: E402
from greensched.learning.llm.trainer import LLMTrainer, train  # noqa: E402
from greensched.predictors.llm.head import POWERS, Head  # noqa: E402
from greensched.predictors.llm.inputs import JOB, Hosts, job_numbers  # noqa: E402
from greensched.predictors.llm.lexicon import Vocabulary  # noqa: E402
from greensched.predictors.llm.predictor import LLMPredictor  # noqa: E402
from greensched.predictors.llm.reader import Reader, said  # noqa: E402
from greensched.prompts import PromptRenderer  # noqa: E402
from greensched.testing.worlds import tasks  # noqa: E402
from tests.mind.models import write_log  # noqa: E402

NAMES = ("A100", "T4")


def test_it_learns_from_a_log_and_is_saved_as_it_is(shipped, log, tmp_path):
    trainer = LLMTrainer(threads=1)
    metrics = trainer.fit(log, seed=0)
    assert trainer.version != shipped.version
    for target in ("energy", "run_time"):
        assert metrics[f"{target}_rmspe_frac"] < 0.7 * metrics[f"before_{target}_rmspe_frac"]
    trainer.save(tmp_path / "model")
    again = LLMPredictor(str(tmp_path / "model"), threads=1)
    assert again.version == trainer.version
    assert again.artefact.trained["command"] == shipped.artefact.trained["command"]  # where it began
    [tuned] = again.artefact.trained["fine_tuned"]
    assert tuned["logs"] == [str(log)] and tuned["preset"] == "renew"  # nothing is as it was


def test_equal_seeds_give_equal_models(shipped, log):
    versions = set()
    for _ in range(2):
        trainer = LLMTrainer(threads=1, preset="renew")
        trainer.fit(log, seed=3)
        versions.add(trainer.version)
    assert len(versions) == 1


def test_served_answers_are_the_trained_ones(shipped, log):
    examples = table([log], shipped.artefact.gpu_names, shipped.artefact.level)
    texts = read(shipped.encoder, examples.said)
    batches = Batches(examples, texts, shipped.artefact.vocabulary)
    trained = fit.predictions(network_of(shipped.artefact), batches)
    head = Head(shipped.artefact.weights, shipped.artefact.sizes)
    reader = Reader(shipped.encoder, head, shipped.artefact.vocabulary)
    served = []
    for part in outcomes(log):
        world = part.observation.world
        pairs = Hosts(world, shipped.artefact.gpu_names).pairs(part.observation, part.tasks)
        pooled, _ = reader.pooled(said(PromptRenderer(world, shipped.artefact.level), part.tasks))
        job = job_numbers(part.tasks)
        told = (*head.predict(pooled, job, pairs), *head.second(job, pairs))
        served.append(np.stack([column[part.row, part.dc] for column in told]))
    # training keeps states in half precision, which moves them by 5e-4; hence not closer (tests/llm/test_head.py is)
    found = np.concatenate(served, axis=1)
    np.testing.assert_allclose(found[:2], np.stack(trained[:2]), atol=1e-2)
    np.testing.assert_allclose(found[4:], np.stack(trained[4:]), rtol=1e-4)  # the second opinion reads nothing


def test_a_model_that_is_right_is_left_alone(shipped, log):
    """Of the ways to update, none is one: on what it predicts itself, nothing can be better."""
    trainer = LLMTrainer(threads=1)
    told = trainer.artefact
    jobs = table([log], told.gpu_names, told.level)
    batches = Batches(jobs, read(trainer.encoder, jobs.said, descriptions=told.reads), told.vocabulary)
    answer = judging.joint(jobs, batches, fit.predictions(network_of(told), batches), told)
    true = dataclasses.replace(jobs, run_s=np.exp(answer.log_run), energy_kwh=np.exp(answer.log_energy))
    metrics = trainer.learn_tables([true], ["itself"], seed=0)
    assert trainer.artefact.trained["fine_tuned"][-1]["preset"] == "keep"
    assert trainer.artefact.vocabulary.grams == told.vocabulary.grams
    for name, weight in told.weights.items():
        np.testing.assert_array_equal(trainer.artefact.weights[name], weight)
    assert metrics["before_log_error"] < 0.01


def test_logs_that_hold_nothing_are_left_out(shipped, log):
    jobs = table([log], NAMES, "full")
    trainer = LLMTrainer(threads=1, preset="keep")
    trainer.learn_tables([jobs.take(np.arange(0)), jobs.take(np.arange(1)), jobs], ["a", "b", "c"], seed=0)
    with pytest.raises(DataError, match="a: at least one of the logs"):
        trainer.learn_tables([jobs.take(np.arange(0))], ["a"], seed=0)


def test_four_bits_without_lora_are_refused():
    with pytest.raises(ValueError, match=r"'four_bit'.* needs 'lora'"):
        LLMTrainer(threads=1, four_bit=True)


def test_a_table_of_parts_is_the_table_of_the_whole(log):
    whole = table([log], NAMES, "full")
    halves = [whole.take(np.arange(0, 40)), whole.take(np.arange(40, len(whole)))]
    again = joined(halves)
    np.testing.assert_array_equal(again.first, whole.first)
    np.testing.assert_array_equal(again.run_s, whole.run_s)
    assert again.said == whole.said
    swapped = whole.take(np.array([5, 2]))
    assert swapped.said == [whole.said[5], whole.said[2]]
    np.testing.assert_array_equal(swapped.energy_kwh, whole.energy_kwh[[whole.first[5], whole.first[2]]])


def test_only_what_had_ended_is_learned(log):
    whole = table([log], NAMES, "full")
    until_s = float(np.median(whole.finished_s))
    early = table([log], NAMES, "full", until_s)
    assert 0 < len(early) < len(whole)
    assert early.finished_s.max() <= until_s


def test_too_little_is_refused(tmp_path):
    path = tmp_path / "feedback.sqlite"
    write_log(path, answers=1)
    with pytest.raises(DataError, match="at least 50"):
        LLMTrainer(threads=1).fit(path, seed=0)


def test_an_unknown_preset_is_named(log):
    with pytest.raises(ConfigError, match="preset 'fast': expected one of default, gentle, keep, paper, renew, update"):
        LLMTrainer(threads=1, preset="fast").fit(log, seed=0)


def test_new_words_of_a_log_get_effects_and_old_ones_keep_their_numbers(shipped, log):
    trainer = LLMTrainer(threads=1)
    examples = table([log], NAMES, "full")
    told = [text._replace(description=f"{text.description} zorblax") for text in examples.said]
    before = trainer.artefact.vocabulary.grams
    trained, _ = train(
        dataclasses.replace(examples, said=told), examples, trainer.encoder, trainer.artefact, "update", 0
    )
    assert trained.vocabulary.grams[: len(before)] == before
    assert "zorblax" in trained.vocabulary.grams[len(before) :]
    effects = trained.weights["effects.weight"]
    assert len(effects) == len(trained.vocabulary)
    assert np.abs(effects[1 + trained.vocabulary.grams.index("zorblax")]).max() > 0


def all_described(shipped: LLMPredictor, log: Path, text: str) -> Batches:
    """The jobs of the log, all in the same words."""
    examples = table([log], NAMES, "full")
    told = [said_._replace(description=text) for said_ in examples.said]
    return Batches(dataclasses.replace(examples, said=told), read(shipped.encoder, told), shipped.artefact.vocabulary)


def test_forgotten_words_are_read_by_the_base_model_instead(shipped, log):
    batches = all_described(shipped, log, "Train BERT-base on SQuAD, 3 epochs, zorblax")
    jobs = np.arange(2)
    usual, _, _ = batches.batch(jobs)
    assert len(usual.grams) >= 8 and 0 < len(usual.states) < 10  # of zorblax alone
    assert usual.token.tolist() == [-1, -1] and (usual.following > 0).all()  # epochs is familiar
    lost, _, _ = batches.batch(jobs, Less(np.random.default_rng(0), words=1.0))
    assert len(lost.grams) == 0 and (lost.following == 0).all() and (lost.before == 0).all()
    assert len(lost.states) > len(usual.states) + 8
    assert (lost.token >= 0).all() and lost.token[1] > lost.token[0]


def test_a_step_may_forget_pairs_of_words_and_look_at_few_datacenters(shipped, log):
    batches = all_described(shipped, log, "Train BERT-base on SQuAD, 3 epochs")
    jobs = np.arange(20)
    whole, log_run, _ = batches.batch(jobs)
    paired = np.array([" " in shipped.artefact.vocabulary.grams[gram - 1] for gram in whole.grams.tolist()])
    assert 0 < paired.sum() < len(paired)
    less, fewer_run, _ = batches.batch(jobs, Less(np.random.default_rng(0), pairs=1.0, datacenters=1))
    assert less.grams.tolist() == whole.grams[~torch.from_numpy(paired)].tolist()
    assert less.row.tolist() == jobs.tolist()  # one of each
    of = {int(row): set(log_run[whole.row == row].tolist()) for row in whole.row.unique()}
    assert all(value in of[job] for job, value in enumerate(fewer_run.tolist()))


def test_shrinking_moves_a_word_by_so_much_and_no_further_than_nothing(shipped):
    network = network_of(shipped.artefact)
    demands = slice(0, network.sizes.blocks[0])
    before = network.effects.weight[:, demands].detach().clone()
    network.shrink(0.01)
    after = network.effects.weight[:, demands].detach()
    moved, length = (before - after).norm(dim=1), before.norm(dim=1)
    assert torch.allclose(moved, torch.minimum(length, 0.01 * 0.2 / (length + 0.2)), atol=1e-5)
    network.shrink(1e3)
    assert not network.effects.weight.any() and not network.following.weight.any()


def test_what_a_word_says_of_a_number_is_shrunk_demand_by_demand(shipped):
    """A number that counts the work does not have to mean something to every resource."""
    network = network_of(shipped.artefact)
    with torch.no_grad():
        network.following.weight.fill_(0.001)
        network.following.weight[:, -POWERS:] = 1.0  # of the work
    network.shrink(0.5)
    assert not network.following.weight[:, :-POWERS].any()
    assert torch.allclose(network.following.weight[:, -POWERS:].norm(dim=1), torch.tensor(2.0 - 0.5 * 0.2 / 2.2))


def test_only_of_a_percentage_is_there_a_rest(shipped, log):
    """Whatever is said of the rest to 100 %, it decides nothing about other numbers."""
    batches = all_described(shipped, log, "Train BERT-base on SQuAD, 3 epochs, resume from checkpoint at 60%")
    batch, _, _ = batches.batch(np.arange(1))
    network = network_of(shipped.artefact)
    before = network.pool(batch).detach()
    with torch.no_grad():
        network.power.view(-1, POWERS)[:, -1] += 50.0
    after = network.pool(batch).detach()
    assert not torch.allclose(before, after)
    nothing_left = batch._replace(left=torch.zeros_like(batch.left))
    with torch.no_grad():
        counted = network.pool(nothing_left)
        network.power.view(-1, POWERS)[:, -1] -= 50.0
        assert torch.equal(counted, network.pool(nothing_left))


def test_deadlines_and_estimates_are_forgotten_as_serving_tells_them(shipped, log):
    """Jobs whose estimate or deadline is hidden look like jobs that have none."""
    network = network_of(shipped.artefact)
    examples = table([log], NAMES, "full")
    batches = Batches(examples, read(shipped.encoder, examples.said), Vocabulary(()))
    how = dataclasses.replace(PRESETS["default"], forget_estimate=0.5, forget_deadline=0.5, vary_deadline=0.5)
    usual = batches.batch(np.arange(60))[0].job.clone()
    torch.manual_seed(0)
    job = fit._forgetful(batches.batch(np.arange(60))[0], network, how).job
    names = ("log_expected_s", "no_estimate", "log_allowed_s", "no_deadline")
    estimate, untold, allowed, free = map(JOB.index, names)
    hidden, loose = job[:, untold] > usual[:, untold], job[:, free] > usual[:, free]
    assert 10 < hidden.sum() < 50 and 10 < loose.sum() < 50
    assert not job[hidden, estimate].any()
    told = tasks(3, expected_s=np.array([np.nan, 9_000.0, 50.0]), deadline_s=np.inf)
    expected = torch.from_numpy(job_numbers(told)).float()
    both = loose & (job[:, untold] > 0)
    assert both.any() and torch.allclose(job[both, allowed], expected[0, allowed])  # what an estimate said is gone, too
    one = loose & (job[:, untold] == 0)
    again = (3.0 * job[one, estimate] + np.log(3.0)).clamp_min(np.log(600.0)) / 3.0
    assert torch.allclose(job[one, allowed], again, atol=1e-5)
    moved = ~loose & (job[:, allowed] != usual[:, allowed])
    assert 5 < moved.sum() and (job[moved, allowed] - usual[moved, allowed]).abs().max() < 2.5


def test_imitating_the_oracle_rewards_its_choice_and_changes_nothing_unasked(shipped, log):
    row = torch.tensor([0, 0, 0, 1, 1, 2])
    true = torch.tensor([0.0, 5.0, 9.0, 7.0, 0.0, 3.0])  # further apart than drawn intensities move them
    torch.manual_seed(0)
    assert losses.action_loss(true + 4.0, true, row) < 1e-6  # of all pairs of a job alike: the same choice
    told = torch.tensor([0.0, 0.0, 9.0, 7.0, 7.0, 3.0], requires_grad=True)
    losses.action_loss(told, true, row).backward()
    pull = told.grad.tolist()
    assert pull[5] == 0.0  # one datacenter is no choice
    assert pull[4] > 0 > pull[3] and pull[3] == pytest.approx(-pull[4])  # down with the oracle's energy

    pairs = table([log], NAMES, "full").take(np.arange(32))
    examples = dataclasses.replace(
        pairs, said=pairs.said[:16], job=pairs.job[:16], first=np.arange(0, 33, 2), decided_s=pairs.decided_s[:16]
    )  # a choice between two
    batches = Batches(examples, read(shipped.encoder, examples.said), shipped.artefact.vocabulary)
    lines: list[str] = []
    for weight in (0.0, 0.0, 1.0):
        how = dataclasses.replace(PRESETS["update"], epochs=1, fewest_steps=0, batch=16, action_weight=weight)
        fit.fit(network_of(shipped.artefact), [batches], how, lines.append)
    usual, again, imitating = (line.split(",")[0] for line in lines)
    assert usual == again != imitating
