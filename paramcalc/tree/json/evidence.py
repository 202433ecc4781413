"""What a derived tree rests on as JSON, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.tree.evidence import Evidence, as_kept
from paramcalc.tree.json.values import as_text, checked_keys, listed, size_in, size_out

KEYS = {each.name for each in fields(Evidence)}
NEEDED = ("built", "predicted", "refused")


def evidence_out(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as JSON holds it; values that JSON has no word for as text."""
    return {
        "built": [_values_out(point) for point in evidence.built],
        "predicted": [_values_out(point) for point in evidence.predicted],
        "refused": [[_values_out(point), reason] for point, reason in evidence.refused],
        "fixed": _values_out(evidence.fixed),
        "only": list(evidence.only),
        "layout": dict(evidence.layout),
        "follows": {name: size_out(size) for name, size in evidence.follows.items()},
        "no_effect": list(evidence.no_effect),
        "left_out": list(evidence.left_out),
        "unmet": list(evidence.unmet),
        "untraced": list(evidence.untraced),
        "lost": list(evidence.lost),
        "builds": evidence.builds,
    }


def evidence_in(data: Any) -> Evidence:
    """Return the evidence that JSON holds.

    Raises ValueError or TypeError where it is none, naming the part.
    """
    parts = checked_keys(data, KEYS, "evidence")
    missing = [name for name in NEEDED if name not in parts]
    if missing:
        raise ValueError(f"evidence has no {missing[0]!r}")
    follows = _object(parts.get("follows", {}), "follows")
    return Evidence(
        built=tuple(_values_in(point, "built") for point in listed(parts["built"], "built")),
        predicted=tuple(_values_in(point, "predicted") for point in listed(parts["predicted"], "predicted")),
        refused=tuple(_refusal_in(each) for each in listed(parts["refused"], "refused")),
        fixed=_values_in(parts.get("fixed", {}), "fixed"),
        only=_names_in(parts, "only"),
        layout=_values_in(parts.get("layout", {}), "layout"),
        follows={name: _size_in(size, name) for name, size in follows.items()},
        no_effect=_names_in(parts, "no_effect"),
        left_out=_names_in(parts, "left_out"),
        unmet=_names_in(parts, "unmet"),
        untraced=_names_in(parts, "untraced"),
        lost=_names_in(parts, "lost"),
        builds=_build_count(parts.get("builds", 0)),
    )


def _names_in(parts: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(as_text(name) for name in listed(parts.get(key, []), key))


def _values_out(values: Any) -> dict[str, Any]:
    return {name: as_kept(value) for name, value in values.items()}


def _values_in(data: Any, where: str) -> dict[str, Any]:
    for name, value in _object(data, where).items():
        if isinstance(value, dict | list):
            raise TypeError(f"{name} in {where} is neither a number nor a text")
    return dict(data)


def _refusal_in(data: Any) -> tuple[dict[str, Any], str]:
    if not isinstance(data, list) or len(data) != 2:
        raise TypeError(f"{str(data)[:60]} in refused is no pair of sizes and a reason")
    return _values_in(data[0], "refused"), as_text(data[1])


def _size_in(data: Any, name: str) -> Any:
    try:
        return size_in(data)
    except ParamcalcError as error:
        raise ValueError(f"{name} in follows: {error}") from None


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError(f"{str(data)[:60]} in {where} is no object")
    return data


def _build_count(data: Any) -> int:
    if type(data) is not int or data < 0:
        raise ValueError(f"builds is {str(data)[:60]}, no number of models")
    return data
