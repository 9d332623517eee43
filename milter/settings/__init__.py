"""From TOML to values that are finished and checked, or a list of problems."""

from milter.settings.load import Loaded, OwnerProblem, load
from milter.settings.surroundings import problems_here
from milter.settings.watch import Fingerprint, Watch, fingerprint

__all__ = ["Fingerprint", "Loaded", "OwnerProblem", "Watch", "fingerprint", "load", "problems_here"]
