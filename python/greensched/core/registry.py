"""Names of predictors, policies and sources of signals, and what they stand for.

Three spellings are accepted wherever a scenario names a plug-in:

* a built-in name (``analytic``), imported only when it is used;
* a name that an installed distribution registers under the entry-point group ``greensched.predictors``,
  ``greensched.policies`` or ``greensched.sources``;
* ``module:attribute``, where ``module`` is importable or is the file ``module.py`` beside the scenario.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast

from greensched.core.contracts import Policy, PolicyContext, Predictor, model_is_path, predictor_for
from greensched.core.errors import ConfigError, GreenSchedError, UnknownNameError
from greensched.core.options import construct

Kind = Literal["predictor", "policy", "source"]

_BUILT_IN: dict[Kind, dict[str, str]] = {
    "predictor": {
        "analytic": "greensched.predictors.analytic:AnalyticPredictor",
        "llm": "greensched.predictors.llm.predictor:LLMPredictor",
        "llm-generate": "greensched.predictors.generate.predictor:GeneratePredictor",
        "llm-prompt": "greensched.predictors.prompted.predictor:PromptPredictor",
        "oracle": "greensched.predictors.oracle:OraclePredictor",
        "xgboost": "greensched.predictors.xgboost:XGBoostPredictor",
    },
    "policy": {
        "greensched": "greensched.policies.greensched:GreenSchedPolicy",
        "local-only": "greensched.policies.local_only:LocalOnlyPolicy",
        "lowest-carbon": "greensched.policies.lowest_carbon:LowestCarbonPolicy",
        "performance": "greensched.policies.performance:PerformancePolicy",
        "random": "greensched.policies.random:RandomPolicy",
    },
    "source": {  # of signals; prices and air quality come by entry point (pyproject.toml), to show that others can
        "eia": "greensched.signals.live.eia:Eia",
        "electricitymaps": "greensched.signals.live.electricitymaps:ElectricityMaps",
        "entsoe": "greensched.signals.live.entsoe:Entsoe",
        "open-meteo": "greensched.signals.live.open_meteo:OpenMeteo",
        "uk-carbon-intensity": "greensched.signals.live.uk:UkCarbonIntensity",
        "watttime": "greensched.signals.live.watttime:WattTime",
    },
}
_GROUPS: dict[Kind, str] = {
    "predictor": "greensched.predictors",
    "policy": "greensched.policies",
    "source": "greensched.sources",
}
LEARNING_KEY = "learning"  # how the predictor of a policy block learns (learning/settings.py)
FOLDER_KEY = "plugin_folder"  # prepare writes the scenario's folder here; the mind takes it out again


def _installed(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=_GROUPS[kind])}


def built_in(kind: Kind) -> list[str]:
    """The names of ``kind`` that every installation has, sorted."""
    return sorted(_BUILT_IN[kind])


def names(kind: Kind) -> list[str]:
    """All registered names of ``kind``, sorted."""
    return sorted({*_BUILT_IN[kind], *_installed(kind)})


def load(kind: Kind, name: str, folder: Path | None = None) -> Any:
    """The class or factory called ``name``.

    Args:
        kind: ``predictor``, ``policy`` or ``source``.
        name: a registered name, or ``module:attribute``.
        folder: where ``module.py`` may lie, usually the scenario's folder.

    Raises:
        UnknownNameError: no such name; the message suggests the nearest.
        ConfigError: the module or attribute cannot be loaded.
    """
    if not isinstance(name, str) or not name:
        raise ConfigError(f"name of a {kind}: expected text, got {name!r}")
    if ":" in name:
        return _attribute(name, folder, kind)
    if name in _BUILT_IN[kind]:
        return _attribute(_BUILT_IN[kind][name], None, kind)
    installed = _installed(kind)
    if name in installed:
        try:
            return installed[name].load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"{kind} '{name}' ({installed[name].value}) cannot be loaded: {error}") from error
    raise UnknownNameError(kind, name, names(kind))


def _attribute(target: str, folder: Path | None, kind: Kind) -> Any:
    module_name, _, attribute = target.partition(":")
    module = _module(module_name, folder, target, kind)
    try:
        return getattr(module, attribute)
    except AttributeError:
        known = [n for n in vars(module) if not n.startswith("_")]
        raise UnknownNameError(f"{kind} in module {module_name}", attribute, known) from None


def _module(name: str, folder: Path | None, target: str, kind: Kind) -> ModuleType:
    file = None if folder is None else folder / f"{name.removesuffix('.py')}.py"
    if file is not None and name.removesuffix(".py").isidentifier() and file.is_file():
        return _module_from_file(file.resolve(), target, kind)
    try:
        return importlib.import_module(name)
    except ImportError as error:
        looked = "" if file is None else f" (looked for {file}, then for an installed module)"
        raise ConfigError(f"{kind} '{target}': cannot import '{name}'{looked}: {error}") from error


def _module_from_file(file: Path, target: str, kind: Kind) -> ModuleType:
    # a private name: a user's `random.py` beside a scenario must not shadow the standard library's
    name = f"greensched_plugin_{sha256(str(file).encode()).hexdigest()[:12]}_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{kind} '{target}': {file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own code: say where it failed, whatever it raised
        del sys.modules[name]
        raise ConfigError(f"{kind} '{target}': {file} failed to load: {type(error).__name__}: {error}") from error
    return module


def make_predictor(name: str, options: Mapping[str, Any] | None = None, folder: Path | None = None) -> Predictor:
    """A new predictor; ``options`` are the keyword arguments of its class.

    Raises:
        UnknownNameError: unknown name or option.
        ConfigError: it cannot be loaded or built, is no predictor, or its ``model`` is a path and lies outside of
            ``folder`` (where there is one) and of the current directory.
    """
    given = dict(options or {})
    factory = load("predictor", name, folder)
    if folder is not None and isinstance(given.get("model"), str) and model_is_path(factory, given):
        given["model"] = str(inside(given["model"], [folder, Path.cwd()], f"predictor '{name}': option 'model'"))
    predictor = construct(factory, given, f"predictor '{name}'")
    _require_predictor(predictor, f"predictor '{name}'")
    return cast(Predictor, predictor)


def _require_predictor(thing: object, what: str) -> None:
    _require(thing, ("name", "version", "start", "predict"), what)


def inside(name: str, roots: list[Path], what: str) -> Path:
    """What a scenario calls ``name``, links resolved: the first of ``roots`` that has it, or would have it.

    Raises:
        ConfigError: it leads out of them; the message begins with ``what``.
    """
    candidates = [(root.resolve(), (root / name).resolve()) for root in roots] if name and "\0" not in name else []
    if not Path(name).is_absolute():  # an absolute one may lie in the second root as well as in the first
        candidates = [(root, path) for root, path in candidates if path.exists()][:1] or candidates
    within = [path for root, path in candidates if path.is_relative_to(root)]
    if not within:
        raise ConfigError(f"{what}: '{name}' leads out of {' and '.join(str(root.resolve()) for root in roots)}")
    return within[0]


def make_policy(name: str, context: PolicyContext, folder: Path | None = None) -> Policy:
    """A new policy built from its context.

    Raises:
        UnknownNameError: unknown name or option.
        ConfigError: it cannot be loaded or built, or is no policy.
    """
    factory = load("policy", name, folder)
    try:
        policy = factory(context)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"policy '{name}': {error}") from error
    _require(policy, ("name", "start", "decide", "learn"), f"policy '{name}'")
    return cast(Policy, policy)


def _require(thing: object, attributes: tuple[str, ...], what: str) -> None:
    missing = [a for a in attributes if not hasattr(thing, a)]
    if missing:
        raise ConfigError(f"{what}: {type(thing).__name__} has no {', '.join(missing)} (docs/swap-a-predictor.md)")


def predictor_from_block(block: Any, folder: Path | None = None) -> Predictor | None:
    """The predictor of a scenario's ``policy.predictor``: a name, or a mapping with ``name`` and its options."""
    if block is None:
        return None
    if isinstance(block, str):
        return make_predictor(block, {}, folder)
    if not isinstance(block, Mapping) or "name" not in block:
        raise ConfigError(f"policy.predictor: expected a name or a mapping with 'name', got {block!r}")
    return make_predictor(block["name"], {k: v for k, v in block.items() if k != "name"}, folder)


def policy_from_block(
    block: Mapping[str, Any],
    folder: Path | None = None,
    wrap: Callable[[Predictor], Predictor] | None = None,
    predictor: Predictor | None = None,
) -> tuple[Policy, Predictor | None]:
    """Policy and predictor of a scenario's ``policy`` block.

    Args:
        block: ``{"name": ..., "predictor": ..., other options}``; ``plugin_folder``, if there, stands for ``folder``.
        folder: the scenario's folder.
        wrap: put around the predictor before the policy gets it.
        predictor: an object to use instead of the one that the block names.

    Raises:
        ConfigError: anything in the block is wrong.
    """
    options = dict(block)
    folder = Path(options.pop(FOLDER_KEY)) if FOLDER_KEY in options else folder
    if "name" not in options:
        raise ConfigError(f"policy: no 'name'. Known: {', '.join(names('policy'))}.")
    options.pop(LEARNING_KEY, None)  # for the mind as a whole
    name, wanted = options.pop("name"), options.pop("predictor", None)
    if predictor is None:
        predictor = predictor_from_block(predictor_for(load("policy", name, folder), wanted), folder)
    else:
        _require_predictor(predictor, f"predictor {type(predictor).__name__}")
    if predictor is not None and wrap is not None:
        predictor = wrap(predictor)
    return make_policy(name, PolicyContext(options, predictor), folder), predictor


def problems(block: Mapping[str, Any], folder: Path | None = None) -> list[str]:
    """What is wrong with a ``policy`` block, for validation before a run; empty when it can be built."""
    found = []
    for part in ({k: v for k, v in block.items() if k != "predictor"}, dict(block)):
        try:
            policy_from_block(part, folder)
        except GreenSchedError as error:
            if str(error) not in found:
                found.append(str(error))
    return found
