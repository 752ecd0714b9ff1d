"""``oracle``: the truth, for offline bounds. Works only in runs marked ``privileged``."""

from __future__ import annotations

from greensched.core.errors import ConfigError, PredictorError
from greensched.core.types import Observation, Options, Predictions, TaskTable, World


class OraclePredictor:
    """Asks the world what would happen if each option alone were executed from its present state."""

    name = "oracle"
    version = "1"
    requires = frozenset({"truth"})

    def start(self, world: World) -> None:
        """Refuse a run in which the truth is not told."""
        if not world.privileged:
            raise ConfigError("predictor 'oracle' needs the truth; set `privileged: true` in the scenario")

    def predict(self, observation: Observation, tasks: TaskTable, options: Options) -> Predictions:
        """The truth about every (task, option) pair."""
        if observation.truth is None:
            raise PredictorError("predictor 'oracle': the world told no truth for this observation")
        return observation.truth(tasks.task, options)
