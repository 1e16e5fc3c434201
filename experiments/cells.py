"""Do gates help CTC, and does a layer gain by reading both directions? Three cells in two stacks.

python -m experiments.cells --workdir=runs/cells

Simple recurrent units (Elman 1990), gated recurrent units (Cho et al. 2014) and LSTMs, in two layers:
deep, where the second layer reads both directions of the first, and separate, where a forward and a
backward stack meet at the top. Lines, encoder and steps are the quickstart's, and need no files. The
report first says whether the LSTM's gain over the simple unit is another in a deep stack; of the same
units, cells have unequal numbers of weights, which the report's costs list.

Cost: six conditions, so six runs for each seed.
Result: not measured yet.
"""

from ocr_tf import options
from ocr_tf.rnn import CELLS, STACKS
from ocr_tf.study import command
from ocr_tf.study.config import Study

from .quickstart_ctc import EXPERIMENT, TEST

STUDY = Study.of(
    "cells",
    {
        f"{cell}-{stack}": options.replace(
            EXPERIMENT, {"sequence.cell": cell, "sequence.stack": stack}
        )
        for stack in STACKS
        for cell in reversed(CELLS)
    },
    contrasts={
        f"gain of {cell} over {simpler}, from separate stacks to a deep one": (
            (f"{simpler}-separate", f"{cell}-separate"),
            (f"{simpler}-deep", f"{cell}-deep"),
        )
        for cell, simpler in (("lstm", "rnn"), ("lstm", "gru"))
    },
    test=(TEST,),
)

if __name__ == "__main__":
    command.main(STUDY, __doc__)
