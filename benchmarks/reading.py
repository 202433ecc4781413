"""What reading a live module costs: over summing its parameters, and with its table over torchinfo's summary."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torchinfo
from torch import nn

import paramcalc as pc
from benchmarks.common import Ratio, collector_off, in_turn, machine, ratio, show

ROUNDS = 15
LAYERS = (12, 48, 192, 768)
NESTED = (16, 20, 22)
CHAINS = (500, 1000, 2000)
WIDTH = 512
LLAMA_70B = (
    "pc.from_config({'model_type': 'llama', 'architectures': ['LlamaForCausalLM'], 'hidden_size': 8192, "
    "'num_hidden_layers': 80, 'num_attention_heads': 64, 'num_key_value_heads': 8, 'intermediate_size': 28672})"
)


def encoder(layers: int) -> nn.Module:
    """A Transformer encoder on the meta device."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, 8), layers)


def nested(depth: int) -> nn.Module:
    """A linear layer inside so many modules."""
    model: nn.Module = nn.Linear(8, 8, device="meta")
    for _ in range(depth):
        model = nn.Sequential(model)
    return model


def summed(model: nn.Module) -> int:
    """The count of every script."""
    return sum(each.numel() for each in model.parameters())


def several(call: Callable[[], object], times: int) -> Callable[[], None]:
    """The call, so many times over: short ones are measured together."""

    def calls() -> None:
        for _ in range(times):
            call()

    return calls


def over_sum(layers: int) -> list[str]:
    """from_module, alone and with the total of its tree, over the sum of the parameters."""
    model = encoder(layers)
    if pc.from_module(model).params != summed(model):
        raise SystemExit("reading: the counts differ")
    times = max(1, 96 // layers)
    cases = {
        "sum": several(lambda: summed(model), times),
        "read": several(lambda: pc.from_module(model), times),
        "total": several(lambda: pc.from_module(model).params, times),
    }
    with collector_off():
        samples = in_turn(cases, ROUNDS, time.process_time)
    return [str(ratio(samples[name], samples["sum"])) for name in ("read", "total")]


def over_torchinfo(model: nn.Module, rounds: int, shape: tuple[int, ...] | None = None) -> list[str]:
    """torchinfo's summary as text over the table of every level, folded as the command line shows it and unfolded."""
    data = None if shape is None else torch.empty(shape, device="meta")
    device = None if shape is None else "meta"
    cases = {
        "torchinfo": lambda: str(torchinfo.summary(model, input_data=data, device=device, depth=10_000, verbose=0)),
        "folded": lambda: pc.render(pc.from_module(model, fold=True)),
        "whole": lambda: pc.render(pc.from_module(model)),
    }
    with collector_off(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = in_turn(cases, rounds, time.process_time)
    found: list[Ratio] = [ratio(samples["torchinfo"], samples[name]) for name in ("folded", "whole")]
    return [f"{each.median:.1f} ({each.low:.1f} to {each.high:.1f})" for each in found]


def growth() -> list[list[str]]:
    """The time per level of ever deeper chains, over that of the shallowest."""
    models = {depth: nested(depth) for depth in CHAINS}
    cases = {str(depth): several(lambda model=models[depth]: pc.from_module(model), 10) for depth in CHAINS}  # type: ignore[misc]
    with collector_off():
        samples = in_turn(cases, ROUNDS, time.process_time)
    per = {depth: [each / depth for each in samples[str(depth)]] for depth in CHAINS}
    return [[f"{depth:,} levels", *ratio(per[depth], per[CHAINS[0]]).cells] for depth in CHAINS[1:]]


def peak(imports: str, code: str) -> str:
    """The megabytes that code adds to the peak memory of a process of its own, after its imports."""
    usage = "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss"
    script = f"import resource\n{imports}\nbefore = {usage}\n{code}\nprint({usage} - before)"
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    return f"{int(result.stdout) / 1000:,.0f} MB"


def memory() -> list[list[str]]:
    """The peak memory over the imports, for a config of 70 B parameters and for a sparse file of 5 GB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        header = b'{"weight":{"dtype":"F32","shape":[50000,25000],"data_offsets":[0,5000000000]}}'
        with path.open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            file.truncate(8 + len(header) + 5_000_000_000)
        config = peak("import paramcalc as pc\nfrom transformers import LlamaForCausalLM", LLAMA_70B)
        sparse = peak("import paramcalc as pc\nimport numpy, safetensors", f"pc.from_checkpoint({str(path)!r})")
    return [["a Llama config of 70 B parameters", config], ["a safetensors file of 5 GB", sparse]]


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    print(f"{machine('paramcalc', 'torch', 'torchinfo', 'tabulate')}.\n")
    rows = [[f"TransformerEncoder, {layers} layers", *over_sum(layers)] for layers in LAYERS]
    show(rows, ["Over the sum of the parameters", "from_module", "from_module and its total"], texts=1)
    rows = []
    for layers in LAYERS[:3]:
        rows.append([f"{layers} layers, no input", *over_torchinfo(encoder(layers), max(3, 45 // layers))])
        rows.append([f"{layers} layers, with an input", *over_torchinfo(encoder(layers), 3, (4, 16, WIDTH))])
    rows += [[f"{depth} levels, no input", *over_torchinfo(nested(depth), 3)] for depth in NESTED]
    show(rows, ["torchinfo over paramcalc", "Folded table", "Table of every module"], texts=1)
    show(growth(), ["Per level, over 500 levels", "Ratio", "Lowest", "Highest"], texts=1)
    show(memory(), ["Peak memory over the imports", "At most"], texts=1)


if __name__ == "__main__":
    main()
