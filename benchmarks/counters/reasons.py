"""Why counters are wrong, as their sources show: each reason names the cells that it explains."""

from __future__ import annotations

from typing import NamedTuple

TORCHINFO = ("torchinfo", "torchinfo, no input")
LINEAR_PARTS = ("Attention", "Encoder", "weight_norm")


class Reason(NamedTuple):
    """Why these counters are wrong on these models, in the table of counts or that of bytes."""

    counters: tuple[str, ...]
    models: tuple[str, ...]
    text: str
    table: str = "count"


REASONS = (
    Reason(
        TORCHINFO,
        ("GPT-2 small", "T5-small"),
        "it adds up layers and knows the modules that it has seen, not the tensors: a tensor that several layers use "
        "counts once for each of them. With an input it leaves out layers that the forward never calls, so T5-small "
        "has two numbers.",
    ),
    Reason(
        TORCHINFO,
        ("Shared block",),
        "a module that was seen before is taken out of the sum, but not out of the parameters that its parent has "
        "left over (`leftover_params`), so the second parent counts the block again. With an input the hook of a "
        "shared module belongs to its last place, and the first parent counts it too.",
    ),
    Reason(
        TORCHINFO,
        ("Pruned layer",),
        "by design: of a weight with a mask it counts the ones of the mask (`get_param_count`). The weight itself "
        "keeps its size.",
    ),
    Reason(
        ("torchinfo, no input",),
        ("Lazy layer",),
        "without an input it passes over parameters that have no size yet, and does not say so.",
    ),
    Reason(
        ("ptflops", "calflops"),
        ("Frozen layers",),
        "both count only what requires grad; ptflops calls the result the number of parameters "
        "(`get_model_parameters_number`), calflops the training parameters in its printed report.",
    ),
    Reason(
        ("thop",),
        (
            "AMNL",
            "GPT-2 small",
            "T5-small",
            "Encoder",
            "Class token",
            "ParameterList",
            "Embedding",
            "weight_norm",
            "Complex weights",
            "Lazy layer",
        ),
        "it counts a layer only where it has a rule for its operations (`register_hooks`). There is none for "
        "attention, embeddings, parametrized and lazy layers, the `Conv1D` of GPT-2 or the norm of T5, and parameters "
        "that stand beside layers belong to none. The head of T5-small stands in for the embedding, so that number is "
        "nearly right.",
    ),
    Reason(("thop",), ("Attention",), "it adds up the children of the model, never the model itself."),
    Reason(("thop",), ("Shared block",), "it adds up by places, so a module with two parents counts twice."),
    Reason(
        ("leaf walk",),
        ("AMNL", *LINEAR_PARTS, "Class token", "Complex weights"),
        "a module that has children can own parameters too: the input projection of an attention, a class token, all "
        "of a parametrized layer.",
    ),
    Reason(
        ("leaf walk",),
        ("GPT-2 small", "T5-small"),
        "each module is visited once, but a tensor that two of them own counts twice.",
    ),
    Reason(("requires_grad",), ("Frozen layers",), "frozen parameters are left out, as the name says."),
    Reason(
        ("state_dict",),
        ("AMNL", "Pruned layer"),
        "it holds buffers as well: statistics of BatchNorm, masks.",
    ),
    Reason(
        ("state_dict",),
        ("GPT-2 small", "T5-small", "Shared block"),
        "it holds a shared tensor under every one of its names.",
    ),
    Reason(
        ("torchinfo",),
        ("AMNL", *LINEAR_PARTS, "Class token", "ParameterList", "Complex weights"),
        "bytes are added for layers without children that the forward calls, and for nothing else, whereas its count "
        "has what containers own. An attention calls none of its parts.",
        table="bytes",
    ),
    Reason(
        ("torchinfo",),
        ("GPT-2 small", "T5-small", "Pruned layer"),
        "as for its counts.",
        table="bytes",
    ),
    Reason(
        ("accelerate",),
        ("Quantised",),
        "packed weights are neither parameters nor buffers.",
        table="bytes",
    ),
)
