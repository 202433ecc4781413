"""Closed forms as text and LaTeX, and the sheet of one catalogue entry."""

from __future__ import annotations

from collections.abc import Mapping

from paramcalc.analysis.breakdown import tensor_rows
from paramcalc.analysis.formula import Formula, formula
from paramcalc.layers import Layer
from paramcalc.rendering.table import printable
from paramcalc.sizes.write import condition_text
from paramcalc.tree.shapes import shape_text


def formula_text(form: Formula) -> str:
    """Return a closed form as text: a line for each part, then how far it goes, where it holds, and what is held."""
    notes = [form.remark, f"for {form.domain}" if form.domain else "", form.rounding and f"where {form.rounding}"]
    notes += [printable(f"{title}: {text}") for title, text in form.scope.texts(form.notation).items()]
    return "\n".join([form.lines(), *(note for note in notes if note)])


def layer_sheet(layer: Layer, arguments: Mapping[str, object], notation: Mapping[str, str]) -> str:
    """Return what is known of a catalogue entry: its formula, its tensors with their shapes, variants and source."""
    from tabulate import tabulate

    block = layer.block(**arguments)
    general = formula(block, form="collected", notation=notation)
    sections = [f"{block.title}: {layer.summary}", f"Parameters: {general}"]
    if general.domain:
        sections[-1] += f"\nfor {general.domain}"
    shapes = [[row.path, shape_text(row.terms[0].shape) if row.terms else "", row.layer] for row in tensor_rows(block)]
    if shapes:
        sections.append(tabulate(shapes, headers=["Tensor", "Shape", "Role"], disable_numparse=True))
    if layer.variants and not arguments:
        headers = ["With", "Parameters", "Holds for"]
        sections.append(tabulate(variants(layer, notation), headers=headers, disable_numparse=True))
    return "\n\n".join([*sections, f"Source: {layer.source}"])


def variants(layer: Layer, notation: Mapping[str, str]) -> list[list[str]]:
    """Return, for each notable choice of arguments, the choice, its formula, and what it asks beyond the rest."""
    always = set(layer.block().preconditions)
    rows = []
    for variant in layer.variants:
        given = layer.symbols(variant)
        closed = formula(layer.block(**given), form="collected", notation=notation)
        more = [condition_text(each, notation) for each in closed.conditions if each not in always]
        rows.append([", ".join(f"{name}={value}" for name, value in given.items()), str(closed), "; ".join(more)])
    return rows
