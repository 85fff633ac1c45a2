import pytest

from mtl.errors import BackboneError, CheckpointError
from mtl.inference.source import find_model


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (("model.onnx", "config.json", "run.py"), "ONNX export"),
        (("best/config.json", "best/model.safetensors", "status.json"), "folder of a run; its model is best"),
        (("topic/config.json", "topic/model.safetensors"), "one in each of: topic; name one"),
        (("b/config.json", "b/model.safetensors", "a/config.json", "a/model.safetensors"), "each of: a, b;"),
    ],
)
def test_what_is_no_model_is_told_with_what_to_do(tmp_path, files, sentence):
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("{}")
    with pytest.raises(CheckpointError, match=sentence):
        find_model(str(tmp_path))


def test_any_other_folder_is_looked_at_as_a_backbone(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BackboneError, match="weights in model.safetensors"):
        find_model(str(tmp_path))
