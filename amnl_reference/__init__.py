"""AMNL as a real torch model, to check specifications of it against."""

from amnl_reference.config import PRESETS, AMNLConfig
from amnl_reference.loss import dual_task_loss
from amnl_reference.model import AMNL, build

__all__ = ["AMNL", "PRESETS", "AMNLConfig", "build", "dual_task_loss"]
