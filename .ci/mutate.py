"""Plant mistakes in a copy of the package, one at a time; fail if the tests let one live."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mistake:
    """A replacement in one file, named from the package, and the tests that must notice it."""

    title: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


LAYERS = (
    "tests/layers/test_completeness.py",
    "tests/layers/test_conditions.py",
    "tests/layers/test_refused.py",
    "tests/layers/test_tensors.py",
)
MODULES = (
    "tests/sources/modules/test_lazy.py",
    "tests/sources/modules/test_packed.py",
    "tests/sources/modules/test_refused.py",
    "tests/sources/modules/test_sharing.py",
    "tests/sources/modules/test_tensors.py",
    "tests/sources/modules/test_titles.py",
    "tests/sources/modules/test_views.py",
    "tests/sources/modules/test_wrappers.py",
)
VERIFY = (
    "tests/verification/test_bindings.py",
    "tests/verification/test_checkpoints.py",
    "tests/verification/test_sharing.py",
    "tests/verification/test_verify.py",
)
DERIVE = (
    "tests/cli/test_derive.py",
    "tests/derivation/test_bounds.py",
    "tests/derivation/test_clues.py",
    "tests/derivation/test_engine.py",
    "tests/derivation/test_fitting.py",
    "tests/derivation/test_fixed_sizes.py",
    "tests/derivation/test_layers_in_turns.py",
    "tests/derivation/test_roundings.py",
    "tests/tracing/test_integers.py",
)
DOMAIN = (
    "tests/derivation/test_bounds.py",
    "tests/derivation/test_ends.py",
    "tests/derivation/test_fixed_sizes.py",
    "tests/derivation/test_floats.py",
    "tests/derivation/test_kinds_by_place.py",
    "tests/derivation/test_layers_in_turns.py",
    "tests/derivation/test_logarithms.py",
    "tests/derivation/test_refusals.py",
    "tests/derivation/test_roundings.py",
)
SEARCH = ("tests/derivation/test_search.py",)
EXPLAINING = ("tests/derivation/test_explanations.py",)
ARGUMENTS = ("tests/tracing/test_arguments.py",)
REFUSED = ("tests/tracing/test_refused.py",)
LISTS = (
    "tests/derivation/test_absent_parts.py",
    "tests/derivation/test_clues.py",
    "tests/derivation/test_kinds_by_place.py",
    "tests/derivation/test_layers_in_turns.py",
    "tests/derivation/test_roundings.py",
)
LOGARITHM = (
    "tests/derivation/test_logarithms.py",
    "tests/sizes/test_logarithm.py",
)
PARTIAL = ("tests/derivation/test_proven_part.py",)
KIT = (
    "tests/testing/test_counters.py",
    "tests/testing/test_counts.py",
    "tests/testing/test_formulas.py",
    "tests/testing/test_names.py",
    "tests/testing/test_same_tensors.py",
    "tests/testing/test_strategies.py",
)
BUDGET = ("tests/testing/test_parameter_budget.py",)
ATLAS_LATEX = ("tests/benchmarks/test_atlas_latex.py",)
ATLAS_PAGES = ("tests/benchmarks/test_atlas_pages.py",)
ATLAS_PARTS = ("tests/benchmarks/test_atlas_parts.py",)
ATLAS_RUN = ("tests/benchmarks/test_atlas_run.py", "-k", "not cluster")
MISTAKES = [
    Mistake(
        "Linear loses its bias",
        "layers/linear.py",
        "weight=(outputs, inputs), bias=(outputs,) if bias else None",
        "weight=(outputs, inputs)",
        LAYERS,
    ),
    Mistake(
        "an LSTM has one bias", "layers/recurrent.py", '            "bias_hh": (rows,) if bias else None,\n', "", LAYERS
    ),
    Mistake("directions count once", "layers/recurrent.py", "2 if bidirectional else 1", "1", LAYERS),
    Mistake(
        "groups divide nothing", "layers/conv.py", "(outputs, divided(inputs, parts))", "(outputs, inputs)", LAYERS
    ),
    Mistake(
        "positional arguments change places",
        "layers/conv.py",
        "groups: Size = 1,\n        bias: bool = True,\n        padding_mode",
        "bias: bool = True,\n        groups: Size = 1,\n        padding_mode",
        LAYERS,
    ),
    Mistake(
        "heads need not divide the width",
        "layers/attention.py",
        "conditions += require(width",
        "require(width",
        (
            "tests/layers/test_completeness.py",
            "tests/layers/test_conditions.py",
            "tests/layers/test_refused.py",
            "tests/layers/test_tensors.py",
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "a tied tensor counts",
        "tree/totals.py",
        "if tensor.tied_to is None:",
        "if True:",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "copies count once",
        "tree/totals.py",
        "canonical(repeat * size)",
        "size",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "symbols are replaced one by one",
        "sizes/symbols.py",
        "expr.xreplace(values)",
        "expr.subs(list(values.items()))",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "conditions are not checked",
        "tree/bind.py",
        "if checked.holds is False:",
        "if False:",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "unequal neighbours are folded",
        "tree/fold.py",
        "(child.content(), child.children)",
        "child.kind",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "rows of a block's own tensors are lost",
        "analysis/breakdown.py",
        "yield from _own_rows(block, path, shown, level + 1, times)",
        "pass",
        (
            "tests/rendering/test_numbers.py",
            "tests/rendering/test_render.py",
            "tests/rendering/test_symbolic_tables.py",
        ),
    ),
    Mistake(
        "buffers are part of the formula",
        "analysis/formula.py",
        "if tensor.is_parameter))",
        "))",
        ("tests/analysis/test_formula.py",),
    ),
    Mistake(
        "the solver forgets the divisions",
        "analysis/solve.py",
        "if all(left(candidate)",
        "if True or all(left(candidate)",
        ("tests/analysis/test_solve.py",),
    ),
    Mistake(
        "narrow integers wrap",
        "analysis/evaluate.py",
        "_as(array, dtype) for",
        "array for",
        (
            "tests/analysis/test_admissible.py",
            "tests/analysis/test_evaluate.py",
        ),
    ),
    Mistake(
        "bits show a division that is not there",
        "analysis/evaluate.py",
        "bits.get(left.name, 1) & (right - 1) == 0",
        "bits.get(left.name, 1) & (right // 2 - 1) == 0",
        (
            "tests/analysis/test_admissible.py",
            "tests/analysis/test_evaluate.py",
        ),
    ),
    Mistake(
        "large counts wrap",
        "analysis/evaluate.py",
        "<= LARGEST_DIMENSION for program",
        "<= 2**80 for program",
        (
            "tests/analysis/test_admissible.py",
            "tests/analysis/test_evaluate.py",
        ),
    ),
    Mistake(
        "JSON loses frozen and buffer",
        "tree/json/trees.py",
        '("role", "parameter"), ',
        "",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
            "tests/tree/test_json.py",
            "tests/tree/test_json_evidence.py",
            "tests/tree/test_json_refused.py",
            "tests/tree/test_json_versions.py",
        ),
    ),
    Mistake(
        "the flag for a LayerNorm is ignored",
        "architectures/amnl.py",
        "if config.lstm_norm else {}",
        "",
        ("tests/architectures/test_amnl.py",),
    ),
    Mistake(
        "a shared module counts again",
        "sources/modules/torch_module.py",
        "tied_to=relative(self.path(number), self.path(first))",
        "tied_to=None",
        MODULES,
    ),
    Mistake(
        "a tied parameter counts again",
        "sources/modules/torch_module.py",
        "tied_to = None if first == place else",
        "tied_to = None if True else",
        MODULES,
    ),
    Mistake(
        "packed weights are overlooked", "sources/modules/torch_module.py", "if reader.packs:", "if False:", MODULES
    ),
    Mistake("frozen is trainable", "sources/modules/tensors.py", 'False: "frozen"', 'False: "parameter"', MODULES),
    Mistake("unknown is one", "sources/modules/tensors.py", "(symbol(size[0]),)", "(1,)", MODULES),
    Mistake(
        "views are not noticed",
        "sources/modules/tensors.py",
        "if start < each[1] and each[0] < end",
        "if False",
        MODULES,
    ),
    Mistake(
        "stale titles", "sources/modules/titles.py", "return args if expected == shapes else ()", "return args", MODULES
    ),
    Mistake(
        "names stand twice",
        "sources/files/safetensors.py",
        "object_pairs_hook=_unique, ",
        "",
        (
            "tests/sources/files/test_damaged_files.py",
            "tests/sources/files/test_names_and_order.py",
            "tests/sources/files/test_nothing_is_read_or_run.py",
            "tests/sources/files/test_paths.py",
            "tests/sources/files/test_round_trip.py",
            "tests/sources/files/test_shards.py",
            "tests/sources/files/test_shared_memory.py",
            "tests/sources/files/test_training_files.py",
        ),
    ),
    Mistake(
        "layer 10 comes before layer 2",
        "sources/files/state_names.py",
        'sorted(numbers, key=lambda word: (len(word.lstrip("0")), word.lstrip("0")))',
        "numbers",
        (
            "tests/sources/files/test_damaged_files.py",
            "tests/sources/files/test_names_and_order.py",
            "tests/sources/files/test_nothing_is_read_or_run.py",
            "tests/sources/files/test_paths.py",
            "tests/sources/files/test_round_trip.py",
            "tests/sources/files/test_shards.py",
            "tests/sources/files/test_shared_memory.py",
            "tests/sources/files/test_training_files.py",
        ),
    ),
    Mistake(
        "configs may download",
        "sources/modules/config.py",
        "constants.HF_HUB_OFFLINE = True",
        "pass",
        ("tests/sources/modules/test_config.py",),
    ),
    Mistake(
        "configs are not written out any more",
        "sources/modules/config.py",
        "config.__repr__ = written",
        "pass",
        ("tests/sources/modules/test_config.py", "-k", "as_it_was"),
    ),
    Mistake(
        "factories allocate",
        "sources/modules/factory.py",
        "torch.device(device):",
        "torch.device('cpu'):",
        ("tests/sources/modules/test_factory.py",),
    ),
    Mistake(
        "no proof is asked for",
        "derivation/engine.py",
        "if not predicts(tree, point, actual):",
        "if False:",
        (*DOMAIN, "-k", "twice_unseen"),
    ),
    Mistake(
        "one side of comparisons is enough",
        "derivation/boundaries.py",
        "for condition in (*self.survey.domain.branches, *starts(tree)):",
        "for condition in ():",
        (*DERIVE, "-k", "both_sides_of_a_comparison"),
    ),
    Mistake(
        "few layers in turns are not tried",
        "derivation/boundaries.py",
        ", *starts(tree)):",
        ",):",
        (*DOMAIN, "-k", "two_turns"),
    ),
    Mistake(
        "odd sizes are refused for no reason",
        "derivation/domain/explanations.py",
        "if few <= caught:",
        "if False:",
        EXPLAINING,
    ),
    Mistake("any division tells why", "derivation/domain/explanations.py", "if few <= caught:", "if True:", EXPLAINING),
    Mistake(
        "a rounding that was guessed needs no more proof",
        "derivation/engine.py",
        "8 * PROOFS if self.guessed(rounded) else 3 * PROOFS",
        "3 * PROOFS",
        (*DOMAIN, "-k", "twice_unseen"),
    ),
    Mistake(
        "points to predict tell what they happen to tell",
        "derivation/engine.py",
        "telling.best(points) if points else None",
        "points[0] if points else None",
        (*DOMAIN, "-k", "twice_unseen"),
    ),
    Mistake(
        "a size within comparisons is fixed",
        "derivation/models/observations.py",
        "known = (*self.domain.conditions, *self.domain.needs)",
        "known = self.domain.known",
        ("tests/derivation/test_known.py", "-k", "AdaptiveLogSoftmaxWithLoss"),
    ),
    Mistake(
        "several guesses are preferred to one division",
        "derivation/domain/domain.py",
        "return found or self.rather(conditions)",
        "return found",
        (*DOMAIN, "-k", "tiny_models"),
    ),
    Mistake(
        "a size is to blame where a form has no meaning",
        "derivation/models/observations.py",
        "known = (*self.domain.conditions, *self.domain.needs)",
        "known = self.domain.conditions",
        (*DOMAIN, "-k", "no_meaning"),
    ),
    Mistake(
        "any number of copies is listed",
        "derivation/models/prediction.py",
        "return same and said(there)",
        "return said(there)",
        (*DOMAIN, "-k", "could_be_listed"),
    ),
    Mistake(
        "the next smaller number is not tried for certain",
        "derivation/boundaries.py",
        "near=number)",
        "near=False)",
        (*DOMAIN, "-k", "two_turns"),
    ),
    Mistake(
        "a guess outlives a model that breaks it",
        "derivation/domain/explanations.py",
        "left.difference_update([each for each in doubted if not _holds(*_sides(each, point))])",
        "pass",
        EXPLAINING,
    ),
    Mistake(
        "guesses know what is forgotten",
        "derivation/domain/explanations.py",
        "            self.left.clear()\n",
        "            pass\n",
        EXPLAINING,
    ),
    Mistake(
        "arithmetic is traced without end",
        "tracing/integers.py",
        "if trace.steps > MOST_STEPS:",
        "if False:",
        (*DERIVE, "-k", "without_end"),
    ),
    Mistake(
        "a trace that ends told nothing",
        "tracing/derive.py",
        "        found = {}\n",
        "        return Hints(), []\n",
        (*DERIVE, "-k", "without_end"),
    ),
    Mistake(
        "models that take long are larger",
        "derivation/models/observations.py",
        "1 if self.prober.slow else TIMES",
        "TIMES",
        (*DOMAIN, "-k", "take_long"),
    ),
    Mistake(
        "a list gives way entry by entry",
        "derivation/fallbacks.py",
        "if fixed[each] >= SEVERAL}",
        "if False}",
        (*DOMAIN, "-k", "again_and_again"),
    ),
    Mistake(
        "a refusal blames all sizes",
        "derivation/models/observations.py",
        "        while part:\n",
        "        while False:\n",
        (*DOMAIN, "-k", "must_divide_others"),
    ),
    Mistake(
        "a refusal is never final",
        "derivation/models/observations.py",
        "if times >= UNRULY",
        "if times >= 10**6",
        (*DOMAIN, "-k", "some_values_are_refused"),
    ),
    Mistake(
        "a fixed size stays a symbol",
        "derivation/engine.py",
        "for name in tree.symbols if",
        "for name in () if",
        (*DOMAIN, "-k", "no_reason_that_can_be_said"),
    ),
    Mistake(
        "floats are exact",
        "tracing/shapes.py",
        "self.inexact = self.inexact.union(*found)",
        "pass",
        (*DOMAIN, "-k", "floating_point_have_no_form"),
    ),
    Mistake(
        "no number of copies is too small",
        "derivation/fallbacks.py",
        "problem.bounds:",
        "False:",
        (*DOMAIN, "-k", "copies_would_be_negative"),
    ),
    Mistake(
        "the rhythm is off by one",
        "derivation/trees/lists.py",
        "count - after - number + period - 1",
        "count - after - number + period",
        (*DERIVE, "-k", "take_turns"),
    ),
    Mistake(
        "what is not fitted is left out",
        "derivation/candidate.py",
        "        if odd:\n",
        "        if False:\n",
        (*DERIVE, "-k", "both_sides_of_a_comparison"),
    ),
    Mistake(
        "tuples come as lists",
        "tracing/fields.py",
        'getattr(type(data), "_make", type(data))(_with(list(data), values, path))',
        "_with(list(data), values, path)",
        ARGUMENTS,
    ),
    Mistake(
        "what a config leaves to the library stays",
        "tracing/fields.py",
        "if each[:-1] == path)",
        "if each[:-1] == path and each[-1] in data)",
        ("tests/derivation/test_known.py",),
    ),
    Mistake(
        "chance is no matter", "derivation/models/repeatable.py", "        if change:\n", "        if False:\n", REFUSED
    ),
    Mistake(
        "a build may take for ever",
        "tracing/deadline.py",
        "time.monotonic() > _END.get()",
        "False",
        (*REFUSED, "-k", "next_tensor"),
    ),
    Mistake(
        "what is tied to nothing stays",
        "derivation/proven_part.py",
        " and not (each.tied_to and gone(absolute(path, each.tied_to)))",
        "",
        PARTIAL,
    ),
    Mistake(
        "evidence is lost in files",
        "tree/json/trees.py",
        'evidence_in(data["evidence"]) if "evidence" in data else None',
        "None",
        (
            "tests/tree/test_json.py",
            "tests/tree/test_json_evidence.py",
            "tests/tree/test_json_refused.py",
            "tests/tree/test_json_versions.py",
        ),
    ),
    Mistake("roles agree", "verification/verify.py", "if left.role != right.role:", "if False:", VERIFY),
    Mistake(
        "the first value wins", "verification/bindings.py", "counts.most_common(1)[0][0]", "next(iter(counts))", VERIFY
    ),
    Mistake("no copies are one", "verification/bindings.py", "default=0)", "default=1)", VERIFY),
    Mistake(
        "every counter is right",
        "testing/counter.py",
        "return number != true",
        "return False",
        (*KIT, "-k", "smallest_module"),
    ),
    Mistake(
        "frozen is counted as trainable",
        "testing/counter.py",
        "each.requires_grad or not self.trainable",
        "True",
        (*KIT, "-k", "thousand_modules"),
    ),
    Mistake(
        "a refusal of everything passes",
        "testing/counter.py",
        "if check.compared == 0:",
        "if False:",
        (*KIT, "-k", "refuses_everything"),
    ),
    Mistake(
        "any wrong module is the smallest",
        "testing/counter.py",
        "min(self.smallest, wrong, key=_Wrong.size)",
        "self.smallest",
        (*KIT, "-k", "shown_the_smallest"),
    ),
    Mistake(
        "lines are left in",
        "testing/module_trees.py",
        "range(len(self.steps) - 1, -1, -1)",
        "range(0)",
        (*KIT, "-k", "left_without_a_step"),
    ),
    Mistake(
        "modules are never shared",
        "testing/module_trees.py",
        "shared_module shared_module no_module",
        "no_module",
        (*KIT, "-k", "what_counters_get_wrong"),
    ),
    Mistake(
        "layers are never tied",
        "testing/module_trees.py",
        "        building.tie()\n",
        "        pass\n",
        (*KIT, "-k", "what_counters_get_wrong"),
    ),
    Mistake(
        "the code forgets what is frozen",
        "testing/module_trees.py",
        'flag = ", requires_grad=False" if frozen',
        'flag = "" if frozen',
        KIT,
    ),
    Mistake(
        "the highest size is left out", "testing/formula.py", "(high - low) // step)", "(high - low - 1) // step)", KIT
    ),
    Mistake(
        "the errors of a factory are passed over",
        "testing/formula.py",
        ", error\n            return True",
        ", error\n            return False",
        KIT,
    ),
    Mistake(
        "state dicts are held to roles",
        "testing/same_tensors.py",
        'words.get((first.file, second.file), "")',
        '""',
        KIT,
    ),
    Mistake(
        "shared modules count again",
        "testing/counts.py",
        "            return 0\n",
        "            return _count_at(tree, first)\n",
        KIT,
    ),
    Mistake("the limit is not held", "testing/budget.py", "if size <= most", "if True", BUDGET),
    Mistake("changes pass", "testing/budget.py", "if changes.differs else []", "if False else []", BUDGET),
    Mistake("two models take one record", "testing/budget.py", "self.used.add(name)", "pass", BUDGET),
    Mistake(
        "a row that was cut short stops a run",
        "../benchmarks/atlas/rows.py",
        "suppress(ValueError)",
        "nullcontext()",
        ATLAS_RUN,
    ),
    Mistake("a lost worker is a row", "../benchmarks/atlas/run.py", "if lost:", "if False:", ATLAS_RUN),
    Mistake(
        "a process that takes its time is awaited",
        "../benchmarks/atlas/row.py",
        "poll(ask.patience)",
        "poll(None)",
        ATLAS_RUN,
    ),
    Mistake(
        "no condition is ever broken",
        "derivation/models/sampler.py",
        "mended = self._mended(point, others, 0.15, wide=False)",
        "mended = False",
        (*DERIVE, "-k", "both_sides"),
    ),
    Mistake(
        "the last conditions are not tried",
        "derivation/engine.py",
        "return self.proven[1] <= conditions <= self.survey.domain.confirmed and",
        "return self.proven[1] <= conditions and",
        SEARCH,
    ),
    Mistake(
        "no size is tried close to one that is refused",
        "derivation/models/observations.py",
        "        self.look_around()\n",
        "        pass\n",
        SEARCH,
    ),
    Mistake(
        "what an earlier form needed stays",
        "derivation/engine.py",
        "if self.simplified(tree) or self.relaxed(tree):",
        "if self.simplified(tree):",
        SEARCH,
    ),
    Mistake(
        "any comparison bounds a form",
        "derivation/boundaries.py",
        "blameless = alone is not None and predicts(tree, *alone)",
        "blameless = False",
        SEARCH,
    ),
    Mistake(
        "no place has its kind", "derivation/trees/patterns.py", "return len(set(usual)) > 1", "return False", SEARCH
    ),
    Mistake(
        "halves are rounded up",
        "tracing/integers.py",
        "    if below.is_odd:  #",
        "    if True:  #",
        (*DERIVE, "-k", "nearest"),
    ),
    Mistake(
        "a constant keeps a quotient rounded",
        "derivation/trees/exact_quotients.py",
        "constant, quotient = rounded.args[0].as_coeff_Add()",
        "constant, quotient = sympy.S.Zero, rounded.args[0]",
        (*DERIVE, "-k", "nearest"),
    ),
    Mistake(
        "a negative floor may be negative",
        "sizes/conditions.py",
        "return bool(constant < 1 and _is_nonnegative(-rest))",
        "return _is_nonnegative(-expr.args[1].args[0])",
        (*DERIVE, "-k", "nearest"),
    ),
    Mistake(
        "the last size within a bound is not tried",
        "derivation/boundaries.py",
        "if last is not None and not predicts(tree, *last):",
        "if False:",
        SEARCH,
    ),
    Mistake(
        "a bound from below is where it was guessed",
        "derivation/boundaries.py",
        "left, right = (inside, condition.right) if step < 0 else (condition.left, inside)",
        "left, right = (inside, condition.right) if step < 0 else (condition.left, condition.right)",
        SEARCH,
    ),
    Mistake(
        "a negative power divides by nothing",
        "tracing/integers.py",
        "if isinstance(exponent, int | float) and exponent < 0:",
        "if False:",
        (*DOMAIN, "-k", "divides_by"),
    ),
    Mistake(
        "a quotient may be divided by where it is zero",
        "tracing/integers.py",
        'if sign in ("/", "//", "%"):',
        "if False:",
        (*DOMAIN, "-k", "divides_by"),
    ),
    Mistake(
        "no size has to be even",
        "derivation/fallbacks.py",
        "step = None if problem.where in self.stepped else self.step(problem)",
        "step = None",
        (*DOMAIN, "-k", "floating_point"),
    ),
    Mistake(
        "all paths through the code are one",
        "derivation/fallbacks.py",
        "path = self.path(problem)",
        "path: list[Condition] = []",
        (*DOMAIN, "-k", "larger_of_two"),
    ),
    Mistake(
        "a rounded size needs no more proof",
        "derivation/engine.py",
        "if roundings(tree) else []",
        "if False else []",
        (*DOMAIN, "-k", "length_that_was_traced"),
    ),
    Mistake(
        "what is whole counts as rounded",
        "derivation/engine.py",
        "roundings(without_rounding(tree, conditions)) if",
        "roundings(tree) if",
        (*DOMAIN, "-k", "larger_of_two"),
    ),
    Mistake(
        "small sizes together prove what they do not say",
        "derivation/boundaries.py",
        "if isinstance(actual, Block) and predicts(tree, point, actual):\n                self.survey.domain.confirmed",
        "if isinstance(actual, Block):\n                self.survey.domain.confirmed",
        (*DOMAIN, "-k", "end_of_its_own"),
    ),
    Mistake(
        "small sizes are tried one by one only",
        "derivation/boundaries.py",
        "        self.together(tree)\n",
        "",
        (*DOMAIN, "-k", "at_their_ends"),
    ),
    Mistake(
        "a bound is not tried right behind it",
        "derivation/boundaries.py",
        "breaking(condition, others, near=True)",
        "breaking(condition, others)",
        (*DOMAIN, "-k", "copies_would_be_negative"),
    ),
    Mistake(
        "a size of 0 is tried",
        "derivation/models/observations.py",
        "each[name] >= 1 and ",
        "",
        (*DOMAIN, "-k", "below_one"),
    ),
    Mistake(
        "what follows from a later condition is listed",
        "sizes/implication.py",
        "if implied(each, left):",
        "if implied(each, left[: left.index(each)]):",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
            "-k",
            "follows_from",
        ),
    ),
    Mistake(
        "a multiple may be smaller than what it is a multiple of",
        "sizes/implication.py",
        "each.right >= least",
        "False",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
            "-k",
            "follows_from",
        ),
    ),
    Mistake(
        "one division of a size hides another",
        "sizes/implication.py",
        "whole(dict([*multiples, each]))",
        "whole(dict(multiples))",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
            "-k",
            "follows_from",
        ),
    ),
    Mistake(
        "sizes are not tried far above",
        "derivation/domain/domain.py",
        'symbol(name), "another model is built above") for name in small]',
        'symbol(name), "another model is built above") for name in ()]',
        (*DOMAIN, "-k", "many_more_layers"),
    ),
    Mistake(
        "int loses the trace",
        "tracing/integers.py",
        "if type(other) is int and other in self.trace.lost:",
        "if False:",
        (*DOMAIN, "-k", "int_of_a_quotient"),
    ),
    Mistake(
        "places of layers are sizes",
        "tracing/layout.py",
        "return same and _built(moved) != _built(base)",
        "return False",
        (*DOMAIN, "-k", "lengths_of_lists"),
    ),
    Mistake(
        "lengths of lists are sizes",
        "tracing/layout.py",
        "return bool(lists) and attempt(more) is None",
        "return False and attempt(more) is None",
        (*DOMAIN, "-k", "lengths_of_lists"),
    ),
    Mistake(
        "any number is a power of two",
        "sizes/conditions.py",
        "return (number > 0) & (number & (number - 1) == 0)",
        "return number > 0",
        (*DOMAIN, "-k", "power_of_two"),
    ),
    Mistake(
        "a budget forgets powers of two",
        "analysis/solve.py",
        "runs = intersect(runs, _powers(each, x, question))",
        "pass",
        (*DOMAIN, "-k", "power_of_two"),
    ),
    Mistake(
        "every so many-th is one off",
        "derivation/trees/patterns.py",
        "start = period - 1 if self.place < 0 else 0",
        "start = 0",
        (*LISTS, "-k", "every_so_many or no_turns"),
    ),
    Mistake(
        "equal layers take turns",
        "derivation/trees/patterns.py",
        " and some[0] != rest[0] for",
        " for",
        (*LISTS, "-k", "no_turns"),
    ),
    Mistake(
        "no part is there at some sizes",
        "derivation/trees/merge.py",
        "if more == there:",
        "if False:",
        (*LISTS, "-k", "parts_that"),
    ),
    Mistake(
        "no part is gone at some sizes",
        "derivation/trees/merge.py",
        "if all(more[point] != there[point]",
        "if all(False",
        (*LISTS, "-k", "parts_that"),
    ),
    Mistake(
        "copies are never none",
        "derivation/fitting/fitter.py",
        "                    yield cut\n",
        "                    pass\n",
        (*LISTS, "-k", "larger_of_0"),
    ),
    Mistake("numpy loses the trace", "tracing/integers.py", "numpy.prod = prod\n", "pass\n", (*LISTS, "-k", "numpy")),
    Mistake("numpy stays changed", "tracing/integers.py", "numpy.prod = plain[1]", "pass", (*LISTS, "-k", "numpy")),
    Mistake(
        "what is squared is unknown",
        "derivation/fitting/dimensions.py",
        "each in self.hints.pool(root)]",
        "each in ()]",
        (*LISTS, "-k", "squares"),
    ),
    Mistake(
        "what is doubled is unknown",
        "derivation/fitting/dimensions.py",
        "if not (numbers[0] - more) % by\n",
        "if False\n",
        (*LISTS, "-k", "small_multiples"),
    ),
    Mistake(
        "plain numbers have no multiples",
        "tracing/integers.py",
        "for step in MULTIPLES if",
        "for step in () if",
        (*LISTS, "-k", "plain_numbers"),
    ),
    Mistake(
        "all places are sizes",
        "tracing/layout.py",
        "return _built(turned) == _built(base) != _built(less)",
        "return False",
        (*LISTS, "-k", "all_places"),
    ),
    Mistake(
        "maxima hold quotients",
        "derivation/trees/exact_quotients.py",
        "size.atoms(sympy.Max, sympy.Min, sympy.Mod, ",
        "size.atoms(",
        (*LISTS, "-k", "maxima"),
    ),
    Mistake(
        "copies of a shared module are one",
        "derivation/models/prediction.py",
        "in unfold(tree).walk() if block",
        "in tree.walk() if block",
        (*LISTS, "-k", "share_modules"),
    ),
    Mistake(
        "any fraction is believed",
        "derivation/fitting/exact_linear.py",
        "if below in USUAL or (most - least) * below**2 <= 1 else None",
        "",
        (*DOMAIN, "-k", "above_a_size or odd_fraction"),
    ),
    Mistake(
        "ties are not compared",
        "derivation/models/prediction.py",
        "if None in below or any(each.tied_to is not None for each in block.own):",
        "if None in below:",
        (*LISTS, "-k", "what_it_lists"),
    ),
    Mistake(
        "the last kinds must be there",
        "derivation/trees/lists.py",
        "else sympy.Max(0, count - start)",
        "else count - start",
        (*LISTS, "-k", "last_kinds"),
    ),
    Mistake(
        "what goes with others is fixed",
        "derivation/models/observations.py",
        "if not self.goes_with_others(name)]",
        "]",
        (*DOMAIN, "-k", "another_one_only"),
    ),
    Mistake(
        "the smaller of two is never negative",
        "sizes/conditions.py",
        "return all(map(_never_negative, size.args))",
        "return any(map(_never_negative, size.args))",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "minima are polynomials",
        "sizes/conditions.py",
        "if not all(side.is_polynomial(*symbols) for side in sides):",
        "if False:",
        (
            "tests/sizes/test_conditions.py",
            "tests/sizes/test_soundness.py",
            "tests/tree/test_bind.py",
            "tests/tree/test_block.py",
            "tests/tree/test_fold.py",
            "tests/tree/test_json_round_trip.py",
            "tests/tree/test_large_trees.py",
            "tests/tree/test_ties.py",
            "tests/tree/test_totals.py",
        ),
    ),
    Mistake(
        "what is read elsewhere is no size",
        "sources/modules/config.py",
        "if not elsewhere:",
        "if True:",
        (*LISTS, "-k", "read_elsewhere"),
    ),
    Mistake(
        "tracing tells nothing",
        "tracing/derive.py",
        "found = shapes.of_module(model)",
        "found = {}",
        (*DOMAIN, "-k", "length_that_was_traced"),
    ),
    Mistake(
        "steps have a form for ever",
        "tracing/shapes.py",
        "self.within.append((x, most))",
        "pass",
        (*DOMAIN, "-k", "floating_point"),
    ),
    Mistake(
        "steps have a form beyond",
        "tracing/shapes.py",
        "if round(above[1] / float(numbers[2])) > most:",
        "if False:",
        (*DOMAIN, "-k", "floating_point"),
    ),
    Mistake(
        "no size is a multiple of 64",
        "derivation/domain/explanations.py",
        "STEPS = (2, 4, 8, 16, 32, 64)",
        "STEPS = (2, 4, 8, 16, 32)",
        (*DOMAIN, "-k", "of_64"),
    ),
    Mistake(
        "no size is a multiple of twice another",
        "derivation/domain/explanations.py",
        '"divisible by", 2 * b',
        '"divisible by", 3 * b',
        (*DOMAIN, "-k", "multiple_of_twice"),
    ),
    Mistake(
        "no size is twice another",
        "derivation/domain/explanations.py",
        '">=", 2 * b',
        '">=", 3 * b',
        (*DOMAIN, "-k", "twice_another"),
    ),
    Mistake(
        "one refusal is all",
        "derivation/models/observations.py",
        "[: max(0, FEW - len(refused))]",
        "[:0]",
        (*DOMAIN, "-k", "to_have_one_only"),
    ),
    Mistake(
        "a logarithm misses exact powers", "sizes/logarithm.py", "more = rest >= base", "more = rest > base", LOGARITHM
    ),
    Mistake(
        "a logarithm is of anything", "sizes/conditions.py", '(x, ">=", 1, "a log', '(x, ">=", 0, "a log', LOGARITHM
    ),
    Mistake(
        "a budget takes logarithms", "analysis/solve.py", "if isinstance(expr, ilog) and", "if False and", LOGARITHM
    ),
    Mistake(
        "a power is without brackets",
        "sizes/logarithm.py",
        "{printer.parenthesize(base, PRECEDENCE['Pow'])}**",
        "{printer._print(base)}**",
        LOGARITHM,
    ),
    Mistake("a minus is lost in print", "../benchmarks/atlas/latex.py", "sign * less", "sign", ATLAS_LATEX),
    Mistake(
        "brackets are lost in print",
        "../benchmarks/atlas/latex.py",
        'return f"({latex(node, letters)})"',
        "return latex(node, letters)",
        ATLAS_LATEX,
    ),
    Mistake(
        "one letter for two sizes",
        "../benchmarks/atlas/letters.py",
        " if each not in found.values())",
        ")",
        ATLAS_PAGES,
    ),
    Mistake(
        "layers of the second kind are left out",
        "../benchmarks/atlas/parts.py",
        "canonical(one.times + other.times)",
        "one.times",
        ATLAS_PARTS,
    ),
]


def survives(mistake: Mistake) -> str:
    """Return why a mistake lives, or an empty text where a test died of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("paramcalc", "amnl_reference", "tests", "benchmarks", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        path = copy / "paramcalc" / mistake.file
        text = path.read_text(encoding="utf-8")
        if text.count(mistake.before) != 1:
            return f"{mistake.before!r} stands {text.count(mistake.before)} times in {mistake.file}"
        path.write_text(text.replace(mistake.before, mistake.after), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mistake.tests]
        environment = {**os.environ, "CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
        if not {*KIT, *BUDGET} & {*mistake.tests}:  # which are about the smallest example
            environment["FIRST_FAILURE"] = "1"
        result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if result.returncode == 1:
            return ""
        return f"pytest ended with {result.returncode}: {result.stdout.strip().splitlines()[-1:]}"


def main() -> None:
    """Try every mistake, a few at a time, and exit with 1 where one lives."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = list(pool.map(survives, MISTAKES))
    for mistake, reason in zip(MISTAKES, reasons, strict=True):
        print(f"{'LIVES' if reason else 'dies '}  {mistake.title}{': ' + reason if reason else ''}")
    living = sum(1 for reason in reasons if reason)
    print(f"{len(MISTAKES) - living} passed, {living} failed")
    sys.exit(1 if living else 0)


if __name__ == "__main__":
    main()
