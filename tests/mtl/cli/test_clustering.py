"""`--engine ray` on the command line: what cannot work is one line."""

from pathlib import Path

import pytest

from tests.mtl.cli.calling import complaint


@pytest.mark.parametrize(
    ("command", "target", "options", "gist"),
    [
        ("predict", "out.jsonl", ["--engine", "spark"], "--engine: local or ray was expected, was 'spark'"),
        ("predict", "out.jsonl", ["--workers", "2"], "--workers: --engine ray was expected beside it"),
        ("encode", "out.npy", ["--engine", "ray"], "an output ending in .jsonl or .parquet was expected with"),
        ("predict", "out.csv", ["--engine", "ray"], "an output ending in .jsonl or .parquet was expected, was '.csv'"),
        ("predict", "s3://bucket/out.jsonl", [], "a path was expected; --engine ray takes a URL too"),
        ("predict", "out.jsonl", ["--engine", "ray", "--partition-rows", "0"], "--partition-rows: a whole number"),
        ("predict", "out.jsonl", ["--engine", "ray", "--address", "127.0.0.1:1"], "a Ray cluster was expected there"),
        ("predict", "none/out.jsonl", ["--engine", "ray"], "none does not exist"),
        ("predict", "out.jsonl", ["--engine", "ray", "--worker-gpus", "1"], "--precision: fp32 or bf16 was expected"),
    ],
)
def test_what_a_cluster_cannot_do_is_one_line(
    tiny_bert: Path, texts: Path, tmp_path: Path, command: str, target: str, options: list[str], gist: str
):
    place = target if "://" in target else tmp_path / target
    assert gist in complaint(command, tiny_bert, texts, place, *options)
