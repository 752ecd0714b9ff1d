"""Trace formats by name: those of this package, and those that installed plug-ins register.

A plug-in is one class after :class:`~greensched.traces.importing.contract.TraceFormat`, registered as an entry point
in the group ``greensched.traces``.
"""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points

from greensched.core.errors import ConfigError, UnknownNameError
from greensched.traces.importing.contract import TraceFormat

GROUP = "greensched.traces"
_BUILT_IN = {
    "alibaba2018": "greensched.traces.formats.alibaba2018:Alibaba2018",
    "alibaba-gpu2020": "greensched.traces.formats.alibaba_gpu2020:AlibabaGpu2020",
    "alibaba-gpu2023": "greensched.traces.formats.alibaba_gpu2023:AlibabaGpu2023",
    "azure-llm2023": "greensched.traces.formats.azure_llm:AzureLlm2023",
    "azure-packing2020": "greensched.traces.formats.azure_packing:AzurePacking2020",
    "azure-v1": "greensched.traces.formats.azure_vm:AzureV1",
    "azure-v2": "greensched.traces.formats.azure_vm:AzureV2",
    "google2011": "greensched.traces.formats.google2011:Google2011",
    "google2019": "greensched.traces.formats.google2019:Google2019",
    "philly": "greensched.traces.formats.philly:Philly",
    "swf": "greensched.traces.formats.swf:Swf",
}


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """All registered formats, sorted."""
    return sorted({*_BUILT_IN, *_installed()})


def load(name: str) -> TraceFormat:
    """The format called ``name``.

    Raises:
        UnknownNameError: no such name; the message suggests the nearest.
        ConfigError: a plug-in cannot be loaded or is no format.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
    elif name in (installed := _installed()):
        try:
            found = installed[name].load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"trace format '{name}' ({installed[name].value}) cannot be loaded: {error}") from error
    else:
        raise UnknownNameError("trace format", name, names())
    if not (isinstance(found, type) and issubclass(found, TraceFormat)):
        raise ConfigError(f"trace format '{name}': {found!r} is no class after TraceFormat (docs/traces.md)")
    return found()
