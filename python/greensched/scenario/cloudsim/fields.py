"""The fields of CloudSim Plus Automation's files: their names old and new, types, bounds and defaults.

Old names are those of the tool up to 0.4 (``numOfPes``, ``schedulingPolicyAlias``, ...). Its models come from
CloudReports, whose defaults are used where a file leaves something out: the old tool did so, the new one takes 0 and
cannot run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greensched.core import limits

MOST = 10_000_000
"""Greatest ``amount`` of one entry, and most VMs or cloudlets of a file."""
MOST_CUSTOMERS = 1_000_000
MOST_DATACENTERS = 1000
"""Of a file, copies counted."""
_MOST_PES = int(limits.CORES)
_MOST_MB = 1e12


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: the present name.
        old: other names that it had.
        read: from text to value; raises ValueError with what was expected.
        default: the value where it is not given; CloudReports' where ``assumed``.
        required: without it the present tool cannot run; files with old names have the default instead.
        assumed: taking the default is worth telling.
    """

    name: str
    old: tuple[str, ...]
    read: Callable[[str], Any]
    default: Any = None
    required: bool = False
    assumed: bool = False


def number(low: float, high: float, *, hint: str = "") -> Callable[[str], float]:
    """A reader of numbers within bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("a number") from None
        if "_" in text or not math.isfinite(value):
            raise ValueError("a finite number")
        if not low <= value <= high:
            raise ValueError(f"a number from {low:g} to {high:g}{hint}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers within bounds."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("a whole number") from None
        if "_" in text:
            raise ValueError("a whole number")
        if not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return read


def choice(**values: Any) -> Callable[[str], Any]:
    """A reader of the suffix of a class name of CloudSim Plus; case and spaces do not matter (``Time shared``)."""
    known = {name.lower(): value for name, value in values.items()}

    def read(text: str) -> Any:
        key = text.replace(" ", "").replace("-", "").lower()
        if key not in known:
            raise ValueError(f"one of {', '.join(values)}")
        return known[key]

    return read


FULL, DYNAMIC, STOCHASTIC, NULL = range(4)
SPACE_SHARED, TIME_SHARED, COMPLETELY_FAIR = range(3)
LINEAR = "Linear"

_ID = Field("id", (), whole(0, 2**53), -1)
_AMOUNT = Field("amount", (), whole(0, MOST), 1)
_NAME = Field("name", (), lambda text: text[:200], "")
_TIME_ZONE = Field("timeZone", (), number(-14, 14), None)
_MIPS = number(1e-6, 1e12)

DATACENTER = (
    _NAME,
    Field("amount", (), whole(0, MOST_DATACENTERS), 1),
    _TIME_ZONE,
)
HOST = (
    Field("amount", (), whole(0, 1_000_000), 1),
    Field("pes", ("numOfPes",), whole(1, _MOST_PES), 4, required=True),
    Field("mips", ("mipsPerPe",), _MIPS, 2400.0, required=True),
    Field("ram", (), number(1, _MOST_MB), 40_000.0, assumed=True),
    Field("bw", (), number(0, 1e15), math.inf),
    Field("storage", (), number(0, 1e15), math.inf),
    Field(
        "vmScheduler",
        ("schedulingPolicyAlias",),
        choice(SpaceShared="space", TimeShared="time", TimeSharedOverSubscription="oversubscribe"),
        "time",
        assumed=True,
    ),
    Field("maxPower", (), number(0, 1e6), 250.0, assumed=True),
    Field("staticPowerPercent", (), number(0, 1, hint=" (0.7 is 70 %)"), 0.7, assumed=True),
    Field("powerModel", ("powerModelAlias",), lambda text: text, LINEAR),
)
CUSTOMER = (_NAME, _AMOUNT)
VM = (
    _ID,
    _AMOUNT,
    Field("pes", ("pesNumber",), whole(1, _MOST_PES), 1, required=True),
    Field("mips", (), _MIPS, 1000.0, required=True),
    Field("ram", (), number(0, _MOST_MB), 512.0, assumed=True),
    Field("bw", (), number(0, 1e15), 0.0),
    Field("size", (), number(0, 1e15), 0.0),
    Field("priority", (), whole(-(2**31) + 1, 2**31 - 1), 0),
    Field(
        "cloudletScheduler",
        ("schedulingPolicyAlias",),
        choice(
            SpaceShared=SPACE_SHARED,
            TimeShared=TIME_SHARED,
            CompletelyFair=COMPLETELY_FAIR,
            DynamicWorkload=TIME_SHARED,
        ),
        TIME_SHARED,
        assumed=True,
    ),
)
_UTILISATION = choice(Full=FULL, Dynamic=DYNAMIC, Stochastic=STOCHASTIC, Null=NULL)
CLOUDLET = (
    _ID,
    Field("amount", ("numOfCloudlets",), whole(0, MOST), 1),
    Field("length", (), number(-1e15, 1e15), 50_000.0, required=True),
    Field("pes", ("cloudletsPesNumber",), whole(1, _MOST_PES), 1, required=True),
    Field("submissionDelay", ("timeToSend",), number(0, limits.LONGEST_S), 0.0),
    _TIME_ZONE,
    Field("utilizationModelCpu", ("utilizationModelCpuAlias",), _UTILISATION, FULL),
)
OLD_AMOUNT = 50
"""Cloudlets of an old ``!profile`` that does not say how many."""

# Fields that the tool knows and that mean nothing here: read over, and named once in a warning.
UNUSED = {
    "datacenter": (
        "id", "architecture", "os", "vmm", "vmAllocationPolicy", "allocationPolicyAlias", "vmMigration",
        "upperUtilizationThreshold", "lowerUtilizationThreshold", "schedulingInterval", "monitoringInterval",
        "costPerSec", "costPerMem", "costPerStorage", "costPerBw", "sans", "sanList",
    ),
    "host": (
        "id", "ramProvisioner", "bwProvisioner", "peProvisioner", "ramProvisionerAlias", "bwProvisionerAlias",
        "peProvisionerAlias",
    ),
    "customer": ("id", "ramCpuFactor", "cloudletLengthMean"),
    "vm": ("vmm", "interArrivalTimeMean"),
    "cloudlet": (
        "fileSize", "outputSize", "utilizationModelRam", "utilizationModelBw", "utilizationModelRamAlias",
        "utilizationModelBwAlias", "brokerPolicyAlias",
    ),
}  # fmt: skip
# Keys of our own that a datacenter may have beside those of the tool.
OURS = ("zone", "region", "lat", "lon", "pue", "utilisation_cap", "price_per_kwh", "vm_migration")
LISTS = {
    "datacenter": {"hosts": "host", "hostList": "host"},
    "customer": {"vms": "vm", "vmList": "vm", "cloudlets": "cloudlet", "utilizationProfile": "cloudlet"},
}
"""Lists of entries: by kind of the owner, name of the key and kind of what it holds."""
TAGS = {
    "datacenter": ("!datacenter",),
    "host": ("!host",),
    "customer": ("!customer",),
    "vm": ("!vm",),
    "cloudlet": ("!cloudlet", "!profile"),
}
FIELDS = {"datacenter": DATACENTER, "host": HOST, "customer": CUSTOMER, "vm": VM, "cloudlet": CLOUDLET}
