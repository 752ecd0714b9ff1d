"""Azure LLM inference traces: ``TIMESTAMP,ContextTokens,GeneratedTokens``; requests have no id, demand or run time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from greensched.traces.importing.columns import constant, real
from greensched.traces.importing.contract import Part, Piece, TraceFormat
from greensched.traces.importing.fields import INT, TEXT, Field, Layout
from greensched.traces.importing.rows import read

_ZERO = datetime(2023, 11, 16, tzinfo=UTC)
_LAYOUT = Layout(
    "AzureLLMInferenceTrace",
    (
        Field("TIMESTAMP", TEXT, empty=False),
        Field("ContextTokens", INT, low=0),
        Field("GeneratedTokens", INT, low=0),
    ),
    header=True,
)


class AzureLlm2023(TraceFormat):
    """Requests to two LLM services of Azure, with the lengths of prompts and answers."""

    name = "azure-llm2023"
    title = "Azure LLM inference 2023 (and 2024): arrivals with prompt and answer lengths"
    files = "AzureLLMInferenceTrace_code.csv and AzureLLMInferenceTrace_conv.csv"
    source = "Azure Public Dataset, LLM inference traces, CC BY 4.0"
    time_zero = _ZERO.isoformat()

    def pieces(self, part: Part) -> Iterator[Piece]:
        """See :class:`TraceFormat`."""
        service = next((s for s in ("code", "conv") if s in part.path.name.lower()), None)
        for rows in read(part, _LAYOUT):
            stamps = pd.to_datetime(pd.Series(rows.numbers("TIMESTAMP")), format="ISO8601", utc=True, errors="coerce")
            # seconds from whole nanoseconds: a float of the instant itself would lose the tenths of a microsecond
            ns = stamps.dt.as_unit("ns").to_numpy(dtype="datetime64[ns]")
            since_s = (ns - np.datetime64(_ZERO.replace(tzinfo=None), "ns")) / np.timedelta64(1, "s")
            good = ~np.isnat(ns) & (since_s >= 0)
            rows = rows.must(good, "TIMESTAMP is no time of the trace", "such as 2023-11-16 18:17:03.9799600, UTC")
            table = {
                "arrival_s": real(since_s[good]),
                "tokens_in": rows.column("ContextTokens"),
                "tokens_out": rows.column("GeneratedTokens"),
                "group": constant(service, len(rows.lines)),
            }
            yield Piece(pa.table(table))

    @classmethod
    def example(cls) -> dict[str, bytes]:
        """See :class:`TraceFormat`."""
        rows = ("2023-11-16 18:17:03.9799600,4808,10", "2023-11-16 18:17:04.0319600,3180,8")
        text = "\n".join(("TIMESTAMP,ContextTokens,GeneratedTokens", *rows)) + "\n"
        return {"AzureLLMInferenceTrace_code.csv": text.encode()}
