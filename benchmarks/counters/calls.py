"""How each counter is asked for its number, with its documented call, and what it answers."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor, nn

from benchmarks.counters.tricky_models import MODELS, Inputs


class Answer(NamedTuple):
    """What a counter says: a number of parameters, bytes, how it prints its number, or why it gives none."""

    params: int | None = None
    nbytes: int | None = None
    printed: str = ""
    error: str = ""


Call: TypeAlias = Callable[[nn.Module, Inputs], Answer]
COUNTERS: dict[str, Call] = {}


def counter(name: str) -> Callable[[Call], Call]:
    """Put a counter into the registry; a name that stands there already is an error."""

    def enter(call: Call) -> Call:
        if name in COUNTERS:
            raise ValueError(f"the counter {name} stands in the registry already")
        COUNTERS[name] = call
        return call

    return enter


def answer(model: str, name: str) -> Answer:
    """Build a model and ask one counter; whatever goes wrong is the answer, by its first line."""
    tricky = MODELS[model]
    silent = io.StringIO()
    try:
        with contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return COUNTERS[name](tricky.build(), tricky.inputs())
    except Exception as error:
        first = (str(error).splitlines() or [""])[0].split(". ")[0]
        return Answer(error=f"{type(error).__name__}: {first}")


def elements(tensors: Iterable[Tensor]) -> int:
    """The elements of some tensors."""
    return sum(tensor.numel() for tensor in tensors)


def size(tensors: Iterable[Tensor]) -> int:
    """The bytes of some tensors."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@counter("truth")
def truth(model: nn.Module, inputs: Inputs) -> Answer:
    """Return what torch's own `model.parameters()` holds, after a forward where a layer is lazy."""
    if any(nn.parameter.is_lazy(parameter) for parameter in model.parameters()):
        model(**inputs)
    count = elements(model.parameters())
    return Answer(count, size(model.parameters()), f"{count:,}")


@counter("all tensors")
def all_tensors(model: nn.Module, inputs: Inputs) -> Answer:
    """Return the bytes of parameters and buffers, and of what quantisation packed away."""
    known = truth(model, inputs).nbytes or 0
    holders: list[Any] = [module for module in model.modules() if type(module).__name__ == "LinearPackedParams"]
    packed = [size(holder._weight_bias()) for holder in holders]
    return Answer(nbytes=known + size(model.buffers()) + sum(packed))


@counter("paramcalc")
def paramcalc(model: nn.Module, _: Inputs) -> Answer:
    """`pc.from_module(model).params`; it is an expression where a size is unknown."""
    tree = importlib.import_module("paramcalc").from_module(model)
    if isinstance(tree.params, int):
        return Answer(tree.params, tree.nbytes, f"{tree.params:,}")
    return Answer(printed=str(tree.params))


@counter("torchinfo")
def torchinfo(model: nn.Module, inputs: Inputs) -> Answer:
    """`summary(model, input_data=...)`: Total params, Params size."""
    return _torchinfo(model, input_data=inputs)


@counter("torchinfo, no input")
def torchinfo_alone(model: nn.Module, _: Inputs) -> Answer:
    """`summary(model)`: Total params; it prints no bytes then."""
    return _torchinfo(model)._replace(nbytes=None)


def _torchinfo(model: nn.Module, **options: Any) -> Answer:
    result = importlib.import_module("torchinfo").summary(model, verbose=0, **options)
    return Answer(result.total_params, result.total_param_bytes, f"{result.total_params:,}")


@counter("fvcore")
def fvcore(model: nn.Module, _: Inputs) -> Answer:
    """`parameter_count(model)[""]`; printed by `parameter_count_table`."""
    module = importlib.import_module("fvcore.nn")
    row = module.parameter_count_table(model, max_depth=1).splitlines()[2]
    return Answer(module.parameter_count(model)[""], printed=row.split("|")[2].strip())


@counter("ptflops")
def ptflops(model: nn.Module, inputs: Inputs) -> Answer:
    """`get_model_complexity_info(model, ...)`, which prints its errors and returns None."""
    module = importlib.import_module("ptflops")
    given = inputs if len(inputs) > 1 else next(iter(inputs.values()))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        _, count = module.get_model_complexity_info(
            model, (1,), as_strings=False, print_per_layer_stat=False, input_constructor=lambda _: given
        )
    if count is None:
        reason = next(line for line in told.getvalue().splitlines() if line.startswith("<class "))
        return Answer(error=reason.replace("<class '", "").replace("'>", ""))
    return Answer(count, printed=importlib.import_module("ptflops.utils").params_to_string(count))


@counter("thop")
def thop(model: nn.Module, inputs: Inputs) -> Answer:
    """`profile(model, inputs=...)`, inputs by position; printed by `clever_format`."""
    module = importlib.import_module("thop")
    names = list(inspect.signature(model.forward).parameters)
    last = max(names.index(name) for name in inputs)
    _, count = module.profile(model, tuple(inputs.get(name) for name in names[: last + 1]), verbose=False)
    return Answer(int(count), printed=module.clever_format([count]))


@counter("calflops")
def calflops(model: nn.Module, inputs: Inputs) -> Answer:
    """`calculate_flops(model, kwargs=...)`."""
    module = importlib.import_module("calflops")
    *_, count = module.calculate_flops(model, kwargs=inputs, print_results=False, output_as_string=False)
    return Answer(count, printed=module.params_to_string(count))


@counter("accelerate")
def accelerate(model: nn.Module, _: Inputs) -> Answer:
    """`calculate_maximum_sizes(model)`, of which `accelerate estimate-memory` prints the first."""
    module = importlib.import_module("accelerate.utils")
    nbytes, _largest = module.calculate_maximum_sizes(model)
    return Answer(nbytes=int(nbytes), printed=module.convert_bytes(nbytes))


@counter("leaf walk")
def leaf_walk(model: nn.Module, _: Inputs) -> Answer:
    """The parameters of all modules without children."""
    leaves = [module for module in model.modules() if not list(module.children())]
    return Answer(sum(elements(leaf.parameters()) for leaf in leaves))


@counter("requires_grad")
def trainable(model: nn.Module, _: Inputs) -> Answer:
    """The parameters that require grad."""
    return Answer(elements(each for each in model.parameters() if each.requires_grad))


@counter("state_dict")
def state_dict(model: nn.Module, _: Inputs) -> Answer:
    """All values of the state_dict."""
    return Answer(elements(model.state_dict().values()))
