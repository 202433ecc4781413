"""A file that torch.save wrote: its state dict, by names, shapes and element types; nothing in it is run."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramcalc.errors import BadFile, InvalidValue, UnknownName
from paramcalc.sources.files.state_names import ASSUMED, Entry, one_line, role_of, shown
from paramcalc.tree.dtypes import dtype_name
from paramcalc.tree.tensor import Role

if TYPE_CHECKING:
    import torch

USUAL_KEYS = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "params", "ema")
# Before it, a file could run code even with weights_only: CVE-2025-32434 and CVE-2026-24747.
SAFE_SINCE = "2.10"
MOST_LISTED = 10
# Words in the names of what a training run keeps beside a model: its tensors are no part of the model, or an average.
_TRAINING = re.compile(
    r"(?<![a-z])(optim\w*|opt|(lr_?)?sched\w*|(grad_?)?scaler|amp|rng|random|ema|callbacks|loops|hyper_parameters)"
    r"(?![a-z])"
)
_STATE = "a state dict: tensors by name, at the top or under a key such as 'state_dict' or 'model'"
_SAVE = "save model.state_dict() with torch.save instead"


def torch_entries(path: Path) -> tuple[list[Entry], list[str]]:
    """Return the tensors of the state dict in a file of torch.save, and remarks on where it was and what was left out.

    Raises BadFile where the file is damaged, holds no state dict or tensors outside of it, or wants code to be run;
    InvalidValue where torch is not installed or too old to read such files safely.
    """
    where = one_line(str(path))
    _check_torch(where)
    loaded = _loaded(path, where)
    key, state = _state_dict(loaded, where)
    beside = (
        {} if key is None else {each: loaded[each] for each in loaded if not (isinstance(each, str) and each == key)}
    )
    inside = {name: value for name, value in state.items() if not _is_tensor(value)}
    _check_left_out(beside, inside, state, where)
    left_out = [*beside, *inside]
    remarks = [] if key is None else [f"under {key!r}"]
    if left_out:
        remarks.append(f"left out: {_listed(left_out)}")
    tensors = {name: value for name, value in state.items() if _is_tensor(value)}
    if not all(map(_is_parameter, tensors.values())):
        remarks.append(ASSUMED)
    return list(_entries(tensors, where)), remarks


def _check_torch(where: str) -> None:
    try:
        import torch
    except ImportError:
        raise InvalidValue("torch is not installed", where=where, advice="pip install 'paramcalc[torch]'") from None
    if torch.__version__ < SAFE_SINCE:
        raise InvalidValue(
            f"torch {torch.__version__} can be made to run code by such a file",
            where=where,
            expected=f"torch {SAFE_SINCE} or newer",
            advice="pip install --upgrade torch",
        )


def _loaded(path: Path, where: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # on how the file was written, nothing about its tensors
            return _load(path)
    except Exception as error:  # whatever a damaged pickle leads to
        raise _refusal(error, where) from None


def _load(path: Path) -> Any:
    """The saved object, its tensors mapped from the file and not read, so that tensors that share memory still do.

    On the meta device they would not: torch 2.13 gives each tensor a storage of its own there.
    """
    import torch

    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if not zipped:  # the format before torch 1.6 cannot be mapped
        return torch.load(path, map_location="cpu", weights_only=True)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        if "unable to mmap" not in str(error):
            raise
    with torch.serialization.skip_data():  # Linux maps no file that is larger than the memory
        return torch.load(path, map_location="cpu", weights_only=True)


def _refusal(error: Exception, where: str) -> BadFile:
    text = str(error)
    code = re.search(r"GLOBAL (\S+)", text)
    if code is not None:
        problem = f"it holds more than tensors: reading it would run code, {one_line(code[1], 80)}"
        return BadFile(problem, where=where, expected=_STATE, advice=_SAVE)
    if "TorchScript" in text:
        return BadFile("it is a TorchScript archive, a program", where=where, expected=_STATE, advice=_SAVE)
    # Of weights_only's advice the paragraph that says what went wrong.
    reason = text.split("\n\n")[1 if text.startswith("Weights only") and "\n\n" in text else 0]
    reason = f"{type(error).__name__}: {one_line(' '.join(reason.split()))}".removesuffix(": ")
    return BadFile(
        f"torch cannot read it ({reason})",
        where=where,
        expected="a file that torch.save wrote",
        advice="if its download was cut off, fetch it again",
    )


def _state_dict(loaded: Any, where: str) -> tuple[str | None, Mapping[Any, Any]]:
    """The state dict and its key: a usual key that leads to tensors goes before tensors beside it, such as a loss."""
    if not isinstance(loaded, Mapping):
        raise BadFile(f"it holds a {type(loaded).__name__}", where=where, expected=_STATE, advice=_SAVE)
    places: list[tuple[str | None, Any]] = [(key, loaded[key]) for key in USUAL_KEYS if key in loaded]
    places = [(key, each) for key, each in [*places, (None, loaded)] if isinstance(each, Mapping)]
    for key, each in places:
        if any(map(_is_tensor, each.values())):
            return key, each
    for key, each in places:
        if not each:
            return key, each
    keys = ", ".join(shown(key) for key in list(loaded)[:MOST_LISTED])
    raise BadFile(f"it holds no tensors by name, only {keys}", where=where, expected=_STATE, advice=_SAVE)


def _check_left_out(beside: Mapping[Any, Any], inside: Mapping[Any, Any], state: Mapping[Any, Any], where: str) -> None:
    """Raise BadFile where what is left out holds tensors that may be part of the model."""
    held = [name for name, value in beside.items() if _holds_tensors(value) and not _is_copy(name, value, state)]
    held += [name for name, value in inside.items() if _holds_tensors(value)]
    held = [name for name in held if not _of_training(name)]
    if held:
        problem = f"it holds tensors in {_listed(held)}, which are not counted"
        raise BadFile(problem, where=where, expected=_STATE, advice=_SAVE)


def _listed(names: Sequence[object]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return f"{', '.join(map(shown, names[:MOST_LISTED]))}{more}"


def _of_training(name: object) -> bool:
    return isinstance(name, str) and "." not in name and _TRAINING.search(name.lower()) is not None


def _is_copy(name: object, value: Any, state: Mapping[Any, Any]) -> bool:
    """Whether another usual key holds the tensors of a state dict once more, such as their average."""
    if not (isinstance(name, str) and name in USUAL_KEYS and isinstance(value, Mapping)):
        return False
    held = [{name: each.shape for name, each in part.items() if _is_tensor(each)} for part in (value, state)]
    return held[0] == held[1]


def _holds_tensors(value: Any) -> bool:
    """Whether a value is a tensor, or a container that leads to one; a single number, such as a loss, is none."""
    waiting, seen = [value], set()
    while waiting:
        each = waiting.pop()
        if _is_tensor(each) and each.dim():
            return True
        if isinstance(each, Mapping | list | tuple | set | frozenset) and id(each) not in seen:
            seen.add(id(each))
            waiting += each.values() if isinstance(each, Mapping) else each
    return False


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _is_parameter(value: object) -> bool:
    from torch.nn import Parameter

    return isinstance(value, Parameter)


def _entries(tensors: Mapping[Any, torch.Tensor], where: str) -> Iterator[Entry]:
    """The tensors; of those that share their memory the later name the first."""
    places: dict[tuple[object, ...], str] = {}
    storages: dict[object, str] = {}
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise BadFile(f"a tensor is named {shown(name)}", where=where, expected="text")
        try:
            shape, view, dtype, first = tuple(tensor.shape), _view(tensor), dtype_name(tensor.dtype), None
        except (RuntimeError, UnknownName) as error:
            problem = f"the tensor {shown(name)} has no plain shape and element type: {one_line(str(error))}"
            raise BadFile(problem, where=where, expected="plain tensors, not nested ones") from None
        note = "" if view else f"{str(tensor.layout).removeprefix('torch.')}: counted with its whole shape"
        if view:
            first = places.setdefault(view, name)
            holder = storages.setdefault(view[0], name)
            note = f"shares storage with {holder}" if first == name != holder else ""
        yield Entry(name, shape, dtype, _role(name, tensor, dtype), first if first != name else None, note)


def _view(tensor: torch.Tensor) -> tuple[object, ...]:
    """What a tensor sees of which storage, and () where its elements do not lie in one."""
    import torch

    if tensor.layout is not torch.strided:
        return ()
    storage = tensor.untyped_storage()
    # An empty tensor holds no memory, nor does one of the meta device: nothing to share.
    at = storage.data_ptr() if tensor.numel() and storage.device.type != "meta" else id(tensor)
    return (at, tensor.dtype, tensor.storage_offset(), tensor.shape, tensor.stride())


def _role(name: str, tensor: torch.Tensor, dtype: str) -> Role:
    if _is_parameter(tensor):
        return "parameter" if tensor.requires_grad else "frozen"
    return role_of(name, dtype)
