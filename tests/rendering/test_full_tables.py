"""Tables in full: what stands in each cell and in each line below them."""

from __future__ import annotations

from typing import Any

import pytest

from paramcalc import Block, render
from tests.rendering.sample_trees import NUMBERS, SYMBOLS

AT = {"n": 2, "d": 8}

MARKDOWN_BYTES = """\
| Path          | Layer              | Shape                                     |   Parameters |      Share |   Bytes |
|:--------------|:-------------------|:------------------------------------------|-------------:|-----------:|--------:|
| `scale`       | `Parameter`        | 3                                         |            3 |       2.5% |      12 |
| `mask`        | `Buffer`           |                                           |            0 |       0.0% |      16 |
| `wte`         | `Embedding(10, 4)` | 10×4                                      |           40 |      33.1% |     160 |
| `h`           | **Layers**         |                                           |       **60** |  **49.6%** | **240** |
| `h.[0..2]`    | `3 × Layer`        |                                           |       **60** |  **49.6%** | **240** |
| `h.[0..2].fc` | `3 × Linear(4, 4)` | 4×4 + 4                                   |           60 |      49.6% |     240 |
| `bn`          | `BatchNorm1d(4)`   | 2·4                                       |            8 |       6.6% |      72 |
| `head`        | `Linear`           | 10×4 (tied to wte.weight) + 10 (frozen)   |           10 |       8.3% |      40 |
| `q`           | `Packed`           | (packed outside parameters(): int8 w 2×3) |            0 |       0.0% |       6 |
| **Total**     | A net              |                                           |      **121** | **100.0%** | **546** |

- Trainable: 111
- Frozen: 10
- Buffers: 13 elements
- Packed: 6 elements outside parameters()
- Bytes of parameters: 484 B in float32
- Bytes of buffers: 48 B in float32 + 8 B in int64
- Bytes of packed tensors: 6 B in int8
- Not shown: 4 modules without tensors
- Note: a remark"""

MARKDOWN_DEPTH = """\
| Path      | Layer              | Shape                                     |   Parameters |      Share |
|:----------|:-------------------|:------------------------------------------|-------------:|-----------:|
| `scale`   | `Parameter`        | 3                                         |            3 |       2.5% |
| `mask`    | `Buffer`           |                                           |            0 |       0.0% |
| `wte`     | `Embedding(10, 4)` | 10×4                                      |           40 |      33.1% |
| `h`       | **Layers**         |                                           |           60 |      49.6% |
| `bn`      | `BatchNorm1d(4)`   | 2·4                                       |            8 |       6.6% |
| `head`    | `Linear`           | 10×4 (tied to wte.weight) + 10 (frozen)   |           10 |       8.3% |
| `q`       | `Packed`           | (packed outside parameters(): int8 w 2×3) |            0 |       0.0% |
| **Total** | A net              |                                           |      **121** | **100.0%** |

- Trainable: 111
- Frozen: 10
- Buffers: 13 elements
- Packed: 6 elements outside parameters()
- Size of the parameters: 484 B in float32, 242 B in float16
- Not shown: 1 module without tensors
- Note: a remark"""

MARKDOWN_SYMBOLS = """\
| Path         | Layer                           | Shape       |              Parameters |   Share |
|:-------------|:--------------------------------|:------------|------------------------:|--------:|
| `f`          | `Parameter (frozen)`            | n×2         |                     2*n |         |
| `half`       | `Parameter`                     | 2×(n - 1)×1 |                 2*n - 2 |         |
| `b`          | `Buffer`                        |             |                       0 |         |
| `p`          | `Packed (outside parameters())` |             |                       0 |         |
| `[0..n - 1]` | `n × Linear(d, 4)`              | 4×d + 4     |             4*d*n + 4*n |         |
| `qs`         | `Norms`                         |             |             **d*n + d** |         |
| `qs.[0..n]`  | `(n + 1) × Norm`                | d           |                 d*n + d |         |
| **Total**    | Net                             |             | **5*d*n + d + 8*n - 2** |         |

- Trainable: 5*d*n + d + 6*n - 2
- Frozen: 2*n
- Buffers: d elements
- Packed: n elements outside parameters()
- Holds for: `d divisible by 4 and n >= 2`
- Not shown: n + 2 modules without tensors"""

MARKDOWN_FORMULAS = """\
| Path         | Layer                           | Shape       | Formula               |   Parameters |      Share |
|:-------------|:--------------------------------|:------------|:----------------------|-------------:|-----------:|
| `f`          | `Parameter (frozen)`            | n×2         | `2*n`                 |            4 |       3.9% |
| `half`       | `Parameter`                     | 2×(n - 1)×1 | `2*n - 2`             |            2 |       2.0% |
| `b`          | `Buffer`                        |             | `0`                   |            0 |       0.0% |
| `p`          | `Packed (outside parameters())` |             | `0`                   |            0 |       0.0% |
| `[0..n - 1]` | `n × Linear(d, 4)`              | 4×d + 4     | `4*d*n + 4*n`         |           72 |      70.6% |
| `qs`         | `Norms`                         |             | `d*n + d`             |       **24** |  **23.5%** |
| `qs.[0..n]`  | `(n + 1) × Norm`                | d           | `d*n + d`             |           24 |      23.5% |
| **Total**    | Net                             |             | `5*d*n + d + 8*n - 2` |      **102** | **100.0%** |

- Trainable: 98
- Frozen: 4
- Buffers: 8 elements
- Packed: 2 elements outside parameters()
- Size of the parameters: 4 B in float16 + 400 B in float32
- Holds for: `d divisible by 4 and n >= 2`
- Not shown: n + 2 modules without tensors"""

TEXT = """\
A net                                                           121  100.0%  ████████████████████████
├─ scale      Parameter                                           3    2.5%  ▋
├─ mask       Buffer                                              0    0.0%
├─ wte        Embedding(10, 4)                                   40   33.1%  ███████▉
├─ h          Layers                                             60   49.6%  ███████████▉
│  └─ [0..2]  A layer                                            60   49.6%  ███████████▉
│     └─ fc   3 × Linear(4, 4)                                   60   49.6%  ███████████▉
├─ bn         BatchNorm1d(4)                                      8    6.6%  █▋
├─ head       Linear (tied to wte.weight, frozen)                10    8.3%  ██
└─ q          Packed (packed outside parameters(): int8 w 2×3)    0    0.0%

Trainable: 111
Frozen: 10
Buffers: 13 elements
Packed: 6 elements outside parameters()
Size of the parameters: 484 B in float32, 242 B in float16
Not shown: 4 modules without tensors
Note: a remark"""

TEXT_BYTES = """\
Net                                           5*d*n + d + 8*n - 2    20*d*n + 8*d + 29*n - 4 B
├─ f           Parameter (frozen)                             2*n                        8*n B
├─ half        Parameter                                  2*n - 2                    4*n - 4 B
├─ b           Buffer                                           0                        4*d B
├─ p           Packed (outside parameters())                    0                          n B
├─ [0..n - 1]  n × Linear(d, 4)                       4*d*n + 4*n              16*d*n + 16*n B
└─ qs          Norms                                      d*n + d                4*d*n + 4*d B
   └─ [0..n]   (n + 1) × Norm                             d*n + d                4*d*n + 4*d B

Trainable: 5*d*n + d + 6*n - 2
Frozen: 2*n
Buffers: d elements
Packed: n elements outside parameters()
Bytes of parameters: 4*n - 4 B in float16 + 20*d*n + 4*d + 24*n B in float32
Bytes of buffers: 4*d B in float32
Bytes of packed tensors: n B in int8
Holds for: d divisible by 4 and n >= 2
Not shown: n + 2 modules without tensors"""

TEXT_FORMULAS = """\
Net            5*d*n + d + 8*n - 2  102  100.0%  438 B  ████████████████████████
├─ f           2*n                    4    3.9%   16 B  █
├─ half        2*n - 2                2    2.0%    4 B  ▌
├─ b           0                      0    0.0%   32 B
├─ p           0                      0    0.0%    2 B
├─ [0..n - 1]  4*d*n + 4*n           72   70.6%  288 B  █████████████████
└─ qs          d*n + d               24   23.5%   96 B  █████▋
   └─ [0..n]   d*n + d               24   23.5%   96 B  █████▋

Trainable: 98
Frozen: 4
Buffers: 8 elements
Packed: 2 elements outside parameters()
Bytes of parameters: 4 B in float16 + 400 B in float32
Bytes of buffers: 32 B in float32
Bytes of packed tensors: 2 B in int8
Holds for: d divisible by 4 and n >= 2
Not shown: n + 2 modules without tensors"""

TEXT_VALUES = """\
Net                                          102  100.0%  ████████████████████████
├─ f          Parameter (frozen)               4    3.9%  █
├─ half       Parameter                        2    2.0%  ▌
├─ b          Buffer                           0    0.0%
├─ p          Packed (outside parameters())    0    0.0%
├─ [0..1]     2 × Linear(8, 4)                72   70.6%  █████████████████
└─ qs         Norms                           24   23.5%  █████▋
   └─ [0..2]  3 × Norm                        24   23.5%  █████▋

Trainable: 98
Frozen: 4
Buffers: 8 elements
Packed: 2 elements outside parameters()
Size of the parameters: 4 B in float16 + 400 B in float32
Not shown: 4 modules without tensors"""

TEXT_SOME_VALUES = """\
Net            5*d*n + d + 8*n - 2
├─ f           2*n
├─ half        2*n - 2
├─ b           0
├─ p           0
├─ [0..n - 1]  4*d*n + 4*n
└─ qs          d*n + d
   └─ [0..n]   d*n + d

Trainable: 11*d + 10
Frozen: 4
Buffers: d elements
Packed: 2 elements outside parameters()
Holds for: d divisible by 4 and n >= 2
Not shown: n + 2 modules without tensors"""

CSV = """\
path,level,layer,label,shape,params,share,trainable,frozen,buffers,packed,bytes,counted,remark
,0,Net,A net,,121,100.0%,111,10,13,6,546,no,
scale,1,Parameter,,3,3,2.5%,3,0,0,0,12,yes,
mask,1,Buffer,,,0,0.0%,0,0,4,0,16,yes,
wte,1,"Embedding(10, 4)",,10×4,40,33.1%,40,0,0,0,160,yes,
h,1,ModuleList,Layers,,60,49.6%,60,0,0,0,240,no,
h.[0..2],2,3 × Layer,A layer,,60,49.6%,60,0,0,0,240,no,
h.[0..2].fc,3,"3 × Linear(4, 4)",,4×4 + 4,60,49.6%,60,0,0,0,240,yes,
h.[0..2].act,3,3 × Identity,,,0,0.0%,0,0,0,0,0,yes,
bn,1,BatchNorm1d(4),,2·4,8,6.6%,8,0,9,0,72,yes,
head,1,Linear,,10×4 (tied to wte.weight) + 10 (frozen),10,8.3%,0,10,0,0,40,yes,"tied to wte.weight, frozen"
act,1,ReLU,,,0,0.0%,0,0,0,0,0,yes,
q,1,Packed,,,0,0.0%,0,0,0,6,6,yes,packed outside parameters(): int8 w 2×3"""

CSV_SYMBOLS = """\
path,level,layer,label,shape,params,share,trainable,frozen,buffers,packed,bytes,counted,remark
,0,Net,,,5*d*n + d + 8*n - 2,,5*d*n + d + 6*n - 2,2*n,d,n,20*d*n + 8*d + 29*n - 4,no,
f,1,Parameter (frozen),,n×2,2*n,,0,2*n,0,0,8*n,yes,
half,1,Parameter,,2×(n - 1)×1,2*n - 2,,2*n - 2,0,0,0,4*n - 4,yes,
b,1,Buffer,,,0,,0,0,d,0,4*d,yes,
p,1,Packed (outside parameters()),,,0,,0,0,0,n,n,yes,
[0..n - 1],1,"n × Linear(d, 4)",,4×d + 4,4*d*n + 4*n,,4*d*n + 4*n,0,0,0,16*d*n + 16*n,yes,
acts,1,,,,0,,0,0,0,0,0,no,
acts.[0..n],2,(n + 1) × Identity,,,0,,0,0,0,0,0,yes,
qs,1,Norms,,,d*n + d,,d*n + d,0,0,0,4*d*n + 4*d,no,
qs.[0..n],2,(n + 1) × Norm,,d,d*n + d,,d*n + d,0,0,0,4*d*n + 4*d,yes,"""

CSV_FORMULAS = """\
path,level,layer,label,shape,params,share,trainable,frozen,buffers,packed,bytes,counted,remark,formula
,0,Net,,,102,100.0%,98,4,8,2,438,no,,5*d*n + d + 8*n - 2
f,1,Parameter (frozen),,n×2,4,3.9%,0,4,0,0,16,yes,,2*n
half,1,Parameter,,2×(n - 1)×1,2,2.0%,2,0,0,0,4,yes,,2*n - 2
b,1,Buffer,,,0,0.0%,0,0,8,0,32,yes,,0
p,1,Packed (outside parameters()),,,0,0.0%,0,0,0,2,2,yes,,0
[0..n - 1],1,"n × Linear(d, 4)",,4×d + 4,72,70.6%,72,0,0,0,288,yes,,4*d*n + 4*n
acts,1,,,,0,0.0%,0,0,0,0,0,no,,0
acts.[0..n],2,(n + 1) × Identity,,,0,0.0%,0,0,0,0,0,yes,,0
qs,1,Norms,,,24,23.5%,24,0,0,0,96,no,,d*n + d
qs.[0..n],2,(n + 1) × Norm,,d,24,23.5%,24,0,0,0,96,yes,,d*n + d"""

TABLES: dict[str, tuple[Block, str, dict[str, Any], str]] = {
    "markdown bytes": (NUMBERS, "markdown", {"nbytes": True}, MARKDOWN_BYTES),
    "markdown depth": (NUMBERS, "markdown", {"depth": 1}, MARKDOWN_DEPTH),
    "markdown symbols": (SYMBOLS, "markdown", {}, MARKDOWN_SYMBOLS),
    "markdown formulas": (SYMBOLS, "markdown", {"symbolic": True, "at": AT}, MARKDOWN_FORMULAS),
    "text": (NUMBERS, "text", {}, TEXT),
    "text bytes": (SYMBOLS, "text", {"nbytes": True}, TEXT_BYTES),
    "text formulas": (SYMBOLS, "text", {"symbolic": True, "nbytes": True, "at": AT}, TEXT_FORMULAS),
    "text values": (SYMBOLS, "text", {"at": AT}, TEXT_VALUES),
    "text some values": (SYMBOLS, "text", {"symbolic": True, "at": {"n": 2}}, TEXT_SOME_VALUES),
    "csv": (NUMBERS, "csv", {}, CSV),
    "csv symbols": (SYMBOLS, "csv", {}, CSV_SYMBOLS),
    "csv formulas": (SYMBOLS, "csv", {"symbolic": True, "at": AT}, CSV_FORMULAS),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_in_full(name: str) -> None:
    tree, form, options, expected = TABLES[name]
    assert render(tree, form, **options).splitlines() == expected.splitlines()
    assert not render(tree, form, **options).endswith("\n")


def test_a_table_is_in_markdown_of_numbers_and_of_every_level_unless_said() -> None:
    assert render(SYMBOLS) == MARKDOWN_SYMBOLS
    assert render(NUMBERS, depth=2) != render(NUMBERS, depth=3) == render(NUMBERS)
