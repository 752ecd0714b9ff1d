"""How every sentence of a prompt begins. Free text may not look like one of these (see ``untrusted``)."""

from __future__ import annotations

from typing import Final

# the paper's own
TIME: Final = "Time"
JOB: Final = "Job"
CARBON: Final = "Grid carbon"
RENEWABLES: Final = "Renewables"
PUE: Final = "PUE"
# of the job
DECLARED: Final = "Declared"
SO_FAR: Final = "So far"
USER: Final = "User"
NAME: Final = "Name"
LABELS: Final = "Labels"
DESCRIPTION: Final = "Description"
# of the datacenters
HARDWARE: Final = "Hardware"
NETWORK: Final = "Network"
UTILISATION: Final = "Utilisation"
POWER: Final = "IT power"
FREE: Final = "Free"
QUEUE: Final = "Queue"
OUT: Final = "Out of service"
TEMPERATURE: Final = "Temperature"
PRICE: Final = "Price"
SHARE: Final = "Renewable share"
MARGINAL: Final = "Marginal carbon"
ADVISORIES: Final = "Advisories"
FORECASTS: Final = {
    "carbon_gpkwh": "Carbon forecast",
    "marginal_gpkwh": "Marginal carbon forecast",
    "wind_frac": "Wind forecast",
    "solar_frac": "Solar forecast",
    "renewable_frac": "Renewable share forecast",
    "price_per_kwh": "Price forecast",
    "temperature_c": "Temperature forecast",
}

ALL: Final = (
    TIME, JOB, CARBON, RENEWABLES, PUE, DECLARED, SO_FAR, USER, NAME, LABELS, DESCRIPTION, HARDWARE, NETWORK,
    UTILISATION, POWER, FREE, QUEUE, OUT, TEMPERATURE, PRICE, SHARE, MARGINAL, ADVISORIES, *FORECASTS.values(),
)  # fmt: skip

QUESTION: Final = (
    "Where should this job run? Please predict for each region: energy_kWh and service_time_min."  # the paper's own
)
PHRASES: Final = ("Where should this job run", "Please predict")
"""What in the question is no header, and must not be said by free text either."""
