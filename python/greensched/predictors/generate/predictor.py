"""``llm-generate``: energies and times that a language model writes as text, read strictly, within physics.

One question per task, the whole prompt. Whatever is not answered in time, or not in a number that physics allows, is
predicted by ``analytic``, pair by pair, counted, and told once for each kind of failure.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from greensched.core.errors import ConfigError
from greensched.core.options import at_least, read_options
from greensched.core.permute import permute, permute_world
from greensched.core.types import F64, Observation, Options, Predictions, TaskTable, World
from greensched.predictors.analytic import AnalyticPredictor
from greensched.predictors.envelope import Envelope
from greensched.predictors.generate import bounds
from greensched.predictors.generate.address import endpoint_of
from greensched.predictors.generate.asking import Breaker
from greensched.predictors.generate.backend import SYSTEM, Backend, Question
from greensched.predictors.generate.dialects import Structured
from greensched.predictors.generate.endpoint import Endpoint, Sampling
from greensched.predictors.generate.local import Local
from greensched.predictors.generate.memory import PROCESS, Memory
from greensched.predictors.generate.reading import read
from greensched.predictors.generate.writing import BaseWriter, Precision, is_path
from greensched.prompts import PromptRenderer
from greensched.prompts.levels import Level

OWNER = "predictor 'llm-generate'"
_log = logging.getLogger("greensched.llm-generate")


@dataclass(frozen=True)
class GenerateOptions:
    """Options of the predictor.

    Attributes:
        endpoint: base address of an OpenAI-compatible endpoint, such as `http://127.0.0.1:8000/v1`; without one, a
            model in this process writes.
        model: name of the model at the endpoint. In this process: a base model, that is a GGUF file, a folder
            (`./name`, relative to the scenario's), or the name of one in the cache of Hugging Face; empty or `local`:
            the one that comes with GreenSched.
        api_key_env: environment variable that holds the endpoint's key, if it wants one; never the key itself.
        allow_remote: whether the endpoint may be another machine, which then reads the prompts.
        level: how much of what an operator knows the prompt tells (docs/prompts.md).
        order: of the prompt: `paper`, or `shared`, which begins with what all jobs of a slot share, so that a reader
            with a memory reads that once; `auto` is `shared` in this process, `paper` at an endpoint.
        structured: how the endpoint is asked for JSON of a fixed form; `auto` finds out what it accepts.
        temperature: 0: the likeliest answer.
        seed: for endpoints that sample.
        max_tokens: longest answer, in tokens.
        timeout_s: for one try of a request, in s of wall time.
        retries: further tries after a failure that may pass.
        concurrency: most requests under way at a time.
        budget_s: for all requests of a decision together, in s of wall time; what is not answered by then is predicted
            by `analytic`. Less than `decide_timeout_s` of the scenario, after which the world decides without the mind.
        breaker_failures: requests that fail in a row, after which the endpoint is left alone.
        breaker_decisions: for so many decisions.
        precision: of a model in this process: `int8` is half as fast again; `auto`: `int8` where the processor can.
        threads: of a model in this process; 0: as many as there are cores.
        budget_tokens: of a model in this process: tokens read and written for a decision, after which no further is
            begun; unlike `budget_s` the same on every machine. 0: no limit.
        most_off: by which factor an answer may differ from `analytic` before it counts as absurd.
    """

    endpoint: str | None = None
    model: str = ""
    api_key_env: str | None = None
    allow_remote: bool = False
    level: str = "full"
    order: Literal["auto", "paper", "shared"] = "auto"
    structured: Structured = "auto"
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 1024
    timeout_s: float = 10.0
    retries: int = 1
    concurrency: int = 4
    budget_s: float = 20.0
    breaker_failures: int = 5
    breaker_decisions: int = 10
    precision: Precision = "auto"
    threads: int = 0
    budget_tokens: int = 0
    most_off: float = 100.0

    def __post_init__(self) -> None:
        if self.endpoint is not None and not self.model:
            raise ValueError("option 'model': missing; expected the name of a model at the endpoint")
        if self.endpoint is None and self.api_key_env is not None:
            raise ValueError("option 'api_key_env': a model in this process wants no key; is 'endpoint' missing?")
        at_least(0, threads=self.threads, budget_tokens=self.budget_tokens)
        at_least(0, temperature=self.temperature, retries=self.retries)
        at_least(1, max_tokens=self.max_tokens, concurrency=self.concurrency)
        at_least(1, breaker_failures=self.breaker_failures, breaker_decisions=self.breaker_decisions)
        at_least(0.001, timeout_s=self.timeout_s, budget_s=self.budget_s)
        at_least(2.0, most_off=self.most_off)
        name = self.api_key_env
        if name is not None and not (name.isascii() and name.isidentifier() and name == name.upper()):
            # not shown: whoever mistakes it for the key has written the key here
            raise ValueError("option 'api_key_env': expected the name of an environment variable, such as LLM_API_KEY")


class GeneratePredictor:
    """Asks a language model, at an endpoint or in this process, for numbers; what it does not say, `analytic` does.

    Args:
        given: see :class:`GenerateOptions`.
    """

    name = "llm-generate"

    @staticmethod
    def model_is_path(given: Mapping[str, Any]) -> bool:
        """Whether the option ``model`` is a path: that of a base model."""
        return given.get("endpoint") is None and is_path(str(given.get("model", "")))

    def __init__(self, **given: Any) -> None:
        self.options = read_options(GenerateOptions, given, OWNER)
        Level.of(self.options.level)
        self._physics = AnalyticPredictor()
        # a model in this process can be asked again: its answers are forgotten with it, so that a rerun is the same
        self._memory = PROCESS if self.options.endpoint is not None else Memory()
        self._use(_endpoint(self.options) if self.options.endpoint is not None else _local(self.options))

    @staticmethod
    def of(backend: Backend, level: str = "full", memory: Memory | None = None, **given: Any) -> GeneratePredictor:
        """One with another backend, such as a model in this process."""
        made = GeneratePredictor(endpoint="http://127.0.0.1", model="given", level=level, **given)
        made._memory = Memory() if memory is None else memory
        made._use(backend)
        return made

    def _use(self, backend: Backend) -> None:
        self._backend: Backend = backend
        self._shared_first = self._order_of(backend) == "shared"
        asked = f"{SYSTEM}\0{backend.version}\0{self.options.level}\0{self.options.most_off}\0{self._physics.version}"
        asked += "\0shared first" if self._shared_first else ""
        self.version = f"1-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"

    def _order_of(self, backend: Backend) -> str:
        if self.options.order != "auto":
            return self.options.order
        return "shared" if isinstance(backend, Local) else "paper"

    def start(self, world: World) -> None:
        """Compute what does not change.

        Raises:
            ConfigError: the key's environment variable is not set, the model in this process cannot be had, or the
                world has two datacenters of one name.
        """
        self._physics.start(world)
        self._envelope = Envelope(world)
        names = [d.name for d in world.datacenters]
        if len(set(names)) != len(names):
            raise ConfigError(f"{OWNER}: two datacenters have the same name; an answer could not tell them apart")
        # a prompt names datacenters in one order, whatever the world's: no answer may depend on it
        self._order = sorted(range(len(names)), key=names.__getitem__)
        self._names = tuple(names[d] for d in self._order)
        self._renderer = PromptRenderer(permute_world(world, self._order), self.options.level)
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()
        self._backend.start()

    @property
    def metadata(self) -> dict[str, Any]:
        """What was asked, what came of it, and how many pairs of task and datacenter the analytic predictor filled."""
        counts = dict(sorted(getattr(self, "_counts", Counter()).items()))
        return {"model": self.options.model, "level": self.options.level, **counts, "backend": self._backend.metadata}

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """Predict every (task, option) pair; a later start changes the wait, the run is as it was told for now."""
        here = Options.now_everywhere(observation.world.n_datacenters, observation.t_s)
        prior = self._physics.predict(observation, tasks, here)
        energy_kwh, service_s = self._asked(observation, tasks, prior)
        wait_s = bounds.shared(service_s, prior)
        dc = options.dc
        if len(options) == len(here) and (options.start_s == here.start_s).all() and (dc == here.dc).all():
            return Predictions(energy_kwh, service_s, wait_s)
        later = self._physics.predict(observation, tasks, options)
        share = np.divide(wait_s, prior.wait_s, out=np.ones_like(wait_s), where=prior.wait_s > 0)
        waits = later.wait_s * share[:, dc]
        return Predictions(energy_kwh[:, dc], waits + (service_s - wait_s)[:, dc], waits)

    def _asked(self, seen: Observation, tasks: TaskTable, prior: Predictions) -> tuple[F64, F64]:
        """Energy (kWh) and service time (s) of every (task, datacenter) now; the prior's where none was told."""
        energy_kwh, service_s = prior.energy_kwh.copy(), prior.service_time_s.copy()
        rows = np.flatnonzero(np.isfinite(energy_kwh).any(axis=1))
        if len(rows) == 0:
            return energy_kwh, service_s
        asked = tasks.take(rows)
        there = Predictions(prior.energy_kwh[rows], prior.service_time_s[rows], prior.wait_s[rows])
        most = self._envelope.most_kwh_per_s(seen.state, asked)
        told_kwh, told_s = self._answers(seen, asked, there, most)
        good = bounds.plausible(told_kwh, told_s, there, most, self.options.most_off)
        possible = np.isfinite(there.energy_kwh)
        absurd = int((possible & np.isfinite(told_kwh) & ~good).sum())
        self._count(pairs=int(possible.sum()), pairs_analytic=int((possible & ~good).sum()), pairs_absurd=absurd)
        if absurd:
            self._tell("absurd", f"an answer is more than {self.options.most_off:g} times off the analytic prediction")
        energy_kwh[rows] = np.where(good, told_kwh, there.energy_kwh)
        service_s[rows] = np.where(good, told_s, there.service_time_s)
        return energy_kwh, service_s

    def _answers(self, seen: Observation, tasks: TaskTable, prior: Predictions, most: F64) -> tuple[F64, F64]:
        """What was told of every (task, datacenter), NaN where nothing usable was."""
        questions = self._questions(seen, tasks, prior, most)
        texts = self._texts(questions)
        told_kwh, told_s = np.full(most.shape, np.nan), np.full(most.shape, np.nan)
        self._count(decisions=1, tasks=len(tasks))
        for row, (question, text) in enumerate(zip(questions, texts, strict=True)):
            if text is None:
                self._count(tasks_without_answer=1)
                continue
            found = read(text, question.form.regions)
            columns = [self._order[self._names.index(name)] for name in question.form.regions]
            told_kwh[row, columns], told_s[row, columns] = found.energy_kwh, found.service_time_s
            self._judge(found.unreadable, found.missing, found.invalid)
        return told_kwh, told_s

    def _questions(self, seen: Observation, tasks: TaskTable, prior: Predictions, most: F64) -> list[Question]:
        questions = []
        order = np.array(self._order, dtype=np.intp)
        write = self._renderer.shared_first if self._shared_first else self._renderer.whole
        for row, prompt in enumerate(write(permute(seen, self._order), tasks)):
            possible = order[np.isfinite(prior.energy_kwh[row, order])]
            regions = tuple(seen.world.datacenters[d].name for d in possible.tolist())
            of_row = (a[row, possible] for a in (prior.energy_kwh, prior.service_time_s, prior.wait_s))
            form = bounds.form_of(regions, Predictions(*of_row), most[row, possible], self.options.most_off)
            questions.append(Question(prompt, form, isinstance(self._backend, Local)))
        return questions

    def _texts(self, questions: list[Question]) -> list[str | None]:
        """An answer to each question, each asked once and only if it never was."""
        version = self._backend.version
        keys = [q.key for q in questions]
        found = {key: self._memory.find(version, q) for key, q in zip(keys, questions, strict=True)}
        new = {key: q for key, q in zip(keys, questions, strict=True) if found[key] is None}
        self._count(asked=len(new), remembered=len(found) - len(new))
        replies = self._backend.answer(list(new.values()), self.options.budget_s)
        for (key, question), reply in zip(new.items(), replies, strict=True):
            if reply.text is None:
                self._tell(reply.failure, f"no answer: {reply.failure}")
            else:
                self._memory.keep(version, question, reply.text)
                found[key] = reply.text
        return [found[key] for key in keys]

    def _judge(self, unreadable: str, missing: int, invalid: int) -> None:
        self._count(answers=1, answers_unreadable=bool(unreadable), pairs_missing=missing, pairs_invalid=invalid)
        if unreadable:
            self._tell("unreadable", f"an answer cannot be read: {unreadable}")
        elif missing or invalid:
            self._tell("pairs", "an answer leaves out a region, or has something else than two numbers >= 0 for it")

    def _count(self, **more: int) -> None:
        self._counts.update(more)

    def _tell(self, kind: str, what: str) -> None:
        """A warning, once for each kind of failure; the counts stand in the run's metadata."""
        if kind not in self._told and len(self._told) < 20:
            self._told.add(kind)
            _log.warning("%s: %s; analytic predicts instead (counted in the metadata, not told again)", OWNER, what)


def _local(options: GenerateOptions) -> Local:
    return Local(BaseWriter(options.model, options.precision, options.threads), options.budget_tokens)


def _endpoint(options: GenerateOptions) -> Endpoint:
    assert options.endpoint is not None
    fields = dataclasses.asdict(options)
    address = endpoint_of(
        options.endpoint, allow_remote=options.allow_remote, with_key=options.api_key_env is not None, owner=OWNER
    )
    sampling = Sampling(**{f.name: fields[f.name] for f in dataclasses.fields(Sampling)})
    return Endpoint(
        address=address, sampling=sampling, structured=options.structured, api_key_env=options.api_key_env,
        timeout_s=options.timeout_s, retries=options.retries, concurrency=options.concurrency,
        breaker=Breaker(options.breaker_failures, options.breaker_decisions),
    )  # fmt: skip
