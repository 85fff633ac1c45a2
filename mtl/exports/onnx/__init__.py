"""`onnx`: one graph with the encoder and every head, in float32 and in int8, and a program that runs it."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from mtl.checkpoint.sample import read_sample
from mtl.checkpoint.store import LoadedModel
from mtl.errors import InputError
from mtl.exports.card import write_card
from mtl.exports.onnx.config import config_json
from mtl.exports.onnx.graph import OnnxGraph
from mtl.exports.onnx.quantising import quantize
from mtl.exports.onnx.session import open_session, spec_of_outputs
from mtl.exports.onnx.writing import write_graph
from mtl.exports.plain_tokenizer import plain_tokenizer
from mtl.exports.quality import cost
from mtl.exports.report import ExportLog
from mtl.inference.backends import DEFAULT_BATCH_TOKENS
from mtl.inference.backends.interface import BatchRunner
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import EngineSpec, spec_of
from mtl.recipe.choices import LongTexts, TaskKind, WordSplitting

GRAPH_FILE, INT8_FILE = "model.onnx", "model_int8.onnx"
RUNNER = Path(__file__).with_name("run.py")
_PACKAGES = ("onnx", "onnxruntime", "onnxscript")
_USAGE = """from run import Model

model = Model()  # or Model(graph="model_int8.onnx")
model("A sentence.")"""


def write(loaded: LoadedModel, folder: Path, log: ExportLog) -> None:
    """Write both graphs, their configuration, the tokenizer and the runner.

    Raises:
        InputError: a library is not installed.
        BackendError: the model has an operation that cannot be exported.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(f"an export to ONNX needs {', '.join(missing)}: pip install 'polyhead[onnx]'")
    graph, spec = OnnxGraph(loaded.model), spec_of(loaded)
    write_graph(graph, folder / GRAPH_FILE, max_length=spec.window.max_length)
    quantize(folder / GRAPH_FILE, folder / INT8_FILE)
    config = config_json(spec, graph.input_names, graph.output_names)
    (folder / "config.json").write_text(config, encoding="utf-8")
    plain_tokenizer(loaded.tokenizer).save(str(folder / "tokenizer.json"))
    shutil.copyfile(RUNNER, folder / RUNNER.name)
    write_card(loaded, folder, library="onnx", pipeline="feature-extraction", usage=_USAGE)
    log.note(f"{INT8_FILE} beside {GRAPH_FILE}: {_cost_of_int8(loaded, spec, folder / INT8_FILE)}")
    _note_differences(spec, log)
    with (folder / "README.md").open("a", encoding="utf-8") as card:
        card.write("\n" + "".join(f"- {note}\n" for note in log.notes))


def _cost_of_int8(loaded: LoadedModel, spec: EngineSpec, file: Path) -> str:
    tokenizer = loaded.tokenizer.with_long_texts(LongTexts.CUT)

    def runner(spec: EngineSpec, backend: BatchRunner) -> Runner:
        return Runner(spec, tokenizer, backend, batch_tokens=DEFAULT_BATCH_TOKENS)

    sample = read_sample(loaded.folder, loaded.model.tasks) if loaded.folder else {}
    int8 = runner(spec_of_outputs(spec), open_session(file, OnnxGraph(loaded.model)))
    model = runner(spec, TorchBackend(loaded.model))
    return cost(loaded.model.tasks, sample, model=model, form=int8).sentence()


def _note_differences(spec: EngineSpec, log: ExportLog) -> None:
    if spec.recipe.get("long_texts", LongTexts.WINDOWS) == LongTexts.WINDOWS:
        log.note(f"{RUNNER.name} reads the first {spec.window.max_length} tokens of a text, Polyhead reads all of it")
    if not spec.names(TaskKind.TAGGING):
        return
    if spec.has_pipeline_words:
        log.note(f"{RUNNER.name} tells words by spaces and signs, this model by its tokens")
    elif spec.splitting is WordSplitting.ICU:
        log.note(f"{RUNNER.name} splits Chinese, Japanese and the like into characters, this model by dictionary")
