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
    """A replacement in one file of the package, and the tests that must notice it."""

    title: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


LAYERS = ("tests/test_layers.py",)
MODULES = ("tests/test_torch_module.py",)
VERIFY = ("tests/test_verify.py",)
DERIVE = ("tests/test_derive.py",)
KIT = ("tests/test_testing.py",)
BUDGET = ("tests/test_parameter_budget.py",)
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
        ("tests/test_layers.py", "tests/test_tree.py"),
    ),
    Mistake("a tied tensor counts", "totals.py", "if tensor.tied_to is None:", "if True:", ("tests/test_tree.py",)),
    Mistake("copies count once", "totals.py", "canonical(repeat * size)", "size", ("tests/test_tree.py",)),
    Mistake(
        "symbols are replaced one by one",
        "symbols.py",
        "expr.xreplace(values)",
        "expr.subs(list(values.items()))",
        ("tests/test_tree.py",),
    ),
    Mistake(
        "conditions are not checked", "binding.py", "if checked.holds is False:", "if False:", ("tests/test_tree.py",)
    ),
    Mistake(
        "unequal neighbours are folded",
        "fold.py",
        "(child.content(), child.children)",
        "child.kind",
        ("tests/test_tree.py",),
    ),
    Mistake(
        "rows of a block's own tensors are lost",
        "breakdown.py",
        "yield from _own_rows(block, path, shown, level + 1, times)",
        "pass",
        ("tests/test_render.py",),
    ),
    Mistake(
        "buffers are part of the formula",
        "closed_form.py",
        "if tensor.is_parameter))",
        "))",
        ("tests/test_formula.py",),
    ),
    Mistake(
        "the solver forgets the divisions",
        "budget.py",
        "if all(left(candidate)",
        "if True or all(left(candidate)",
        ("tests/test_solve.py",),
    ),
    Mistake("narrow integers wrap", "evaluation.py", "_as(array, dtype) for", "array for", ("tests/test_evaluate.py",)),
    Mistake(
        "bits show a division that is not there",
        "evaluation.py",
        "bits.get(left.name, 1) & (right - 1) == 0",
        "bits.get(left.name, 1) & (right // 2 - 1) == 0",
        ("tests/test_evaluate.py",),
    ),
    Mistake(
        "large counts wrap",
        "evaluation.py",
        "<= LARGEST_DIMENSION for program",
        "<= 2**80 for program",
        ("tests/test_evaluate.py",),
    ),
    Mistake(
        "JSON loses frozen and buffer",
        "tree_json.py",
        '("role", "parameter"), ',
        "",
        ("tests/test_tree.py", "tests/test_json.py"),
    ),
    Mistake(
        "the flag for a LayerNorm is ignored",
        "architectures/amnl.py",
        "if config.lstm_norm else {}",
        "",
        ("tests/test_amnl.py",),
    ),
    Mistake(
        "a shared module counts again",
        "sources/torch_module.py",
        "tied_to=relative(self.path(number), self.path(first))",
        "tied_to=None",
        MODULES,
    ),
    Mistake(
        "a tied parameter counts again",
        "sources/torch_module.py",
        "tied_to = None if first == place else",
        "tied_to = None if True else",
        MODULES,
    ),
    Mistake("packed weights are overlooked", "sources/torch_module.py", "if reader.packs:", "if False:", MODULES),
    Mistake("frozen is trainable", "sources/tensors.py", 'False: "frozen"', 'False: "parameter"', MODULES),
    Mistake("unknown is one", "sources/tensors.py", "(symbol(size[0]),)", "(1,)", MODULES),
    Mistake("views are not noticed", "sources/tensors.py", "if start < each[1] and each[0] < end", "if False", MODULES),
    Mistake("stale titles", "sources/titles.py", "return args if expected == shapes else ()", "return args", MODULES),
    Mistake(
        "names stand twice",
        "sources/safetensors_file.py",
        "object_pairs_hook=_unique, ",
        "",
        ("tests/test_checkpoint.py",),
    ),
    Mistake(
        "layer 10 comes before layer 2",
        "sources/state_names.py",
        'sorted(numbers, key=lambda word: (len(word.lstrip("0")), word.lstrip("0")))',
        "numbers",
        ("tests/test_checkpoint.py",),
    ),
    Mistake(
        "configs may download",
        "sources/huggingface.py",
        "constants.HF_HUB_OFFLINE = True",
        "pass",
        ("tests/test_huggingface.py",),
    ),
    Mistake(
        "factories allocate",
        "sources/factory.py",
        "torch.device(device):",
        "torch.device('cpu'):",
        ("tests/test_factory.py",),
    ),
    Mistake("no proof is asked for", "derivation.py", "if not predicts(tree, point, actual):", "if False:", DERIVE),
    Mistake(
        "one side of comparisons is enough",
        "derivation.py",
        "for condition in self.domain.branches:",
        "for condition in ():",
        DERIVE,
    ),
    Mistake(
        "the rhythm is off by one",
        "unify.py",
        "count - after - number + period - 1",
        "count - after - number + period",
        DERIVE,
    ),
    Mistake("what is not fitted is left out", "derivation.py", "        if odd:\n", "        if False:\n", DERIVE),
    Mistake("roles agree", "verification.py", "if left.role != right.role:", "if False:", VERIFY),
    Mistake("the first value wins", "matching.py", "counts.most_common(1)[0][0]", "next(iter(counts))", VERIFY),
    Mistake("no copies are one", "matching.py", "default=0)", "default=1)", VERIFY),
    Mistake("every counter is right", "testing/counter.py", "return number != true", "return False", KIT),
    Mistake(
        "frozen is counted as trainable", "testing/counter.py", "each.requires_grad or not self.trainable", "True", KIT
    ),
    Mistake("a refusal of everything passes", "testing/counter.py", "if check.compared == 0:", "if False:", KIT),
    Mistake(
        "any wrong module is the smallest",
        "testing/counter.py",
        "min(self.smallest, wrong, key=_Wrong.size)",
        "self.smallest",
        KIT,
    ),
    Mistake("lines are left in", "testing/module_trees.py", "range(len(self.steps) - 1, -1, -1)", "range(0)", KIT),
    Mistake(
        "modules are never shared", "testing/module_trees.py", "shared_module shared_module no_module", "no_module", KIT
    ),
    Mistake("layers are never tied", "testing/module_trees.py", "        building.tie()\n", "        pass\n", KIT),
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
]


def survives(mistake: Mistake) -> str:
    """Return why a mistake lives, or an empty text where a test died of it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("paramcalc", "amnl_reference", "tests"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        path = copy / "paramcalc" / mistake.file
        text = path.read_text(encoding="utf-8")
        if text.count(mistake.before) != 1:
            return f"{mistake.before!r} stands {text.count(mistake.before)} times in {mistake.file}"
        path.write_text(text.replace(mistake.before, mistake.after), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mistake.tests]
        environment = {**os.environ, "CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
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
