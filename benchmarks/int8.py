"""What the int8 graph of an ONNX export of the starter costs, on the test sets.

Run `python benchmarks/int8.py --data FOLDER`, the folder with a folder for each data set; it prints the main metric of
each task in fp32 and in int8, and how equal the answers to the probe sentences are.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import read_files  # noqa: E402
from mtl.exports import export  # noqa: E402
from mtl.exports.onnx import GRAPH_FILE, INT8_FILE  # noqa: E402
from mtl.exports.onnx.graph import OnnxGraph  # noqa: E402
from mtl.exports.onnx.session import open_session, spec_of_outputs  # noqa: E402
from mtl.exports.quality import cost  # noqa: E402
from mtl.inference.backends import DEFAULT_BATCH_TOKENS  # noqa: E402
from mtl.inference.runner import Runner  # noqa: E402
from mtl.inference.source import find_model, load_model  # noqa: E402
from mtl.inference.spec import spec_of  # noqa: E402
from mtl.recipe import TaskConfig  # noqa: E402

TESTS = {"topic": "sib200_en/test.csv", "sentiment": "review_sentiment/test.csv", "entities": "uner_pud/test.conll"}


def main() -> None:
    """Export, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    loaded = load_model(find_model("starter"))
    tasks, graph, spec = loaded.model.tasks, OnnxGraph(loaded.model), spec_of_outputs(spec_of(loaded))
    examples = {
        name: read_files(TaskConfig(kind=tasks[name].kind, map_labels={"MISC": "O"}), [str(args.data / file)])
        for name, file in TESTS.items()
    }
    with tempfile.TemporaryDirectory() as place:
        folder = export("starter", Path(place) / "onnx", format="onnx").folder
        fp32, int8 = (
            Runner(spec, loaded.tokenizer, open_session(folder / file, graph), batch_tokens=DEFAULT_BATCH_TOKENS)
            for file in (GRAPH_FILE, INT8_FILE)
        )
        print(cost(tasks, examples, model=fp32, form=int8).sentence().replace("evaluation sample", "test sets"))


if __name__ == "__main__":
    main()
