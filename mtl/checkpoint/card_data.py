"""The front matter of a model card: what the Hub searches, and the measured figures as its `model-index`."""

from collections.abc import Iterator, Sequence

from huggingface_hub import EvalResult, ModelCardData

from mtl.checkpoint.config import CheckpointConfig, TaskRecord
from mtl.recipe.choices import HUB_PREFIX, TaskKind

_TASK_TYPES = {
    TaskKind.CLASSIFICATION: "text-classification",
    TaskKind.TAGGING: "token-classification",
    TaskKind.SIMILARITY: "sentence-similarity",
}
_FIGURES = {
    "accuracy": ("accuracy", "Accuracy"),
    "macro_f1": ("f1", "Macro F1"),
    "micro_f1": ("f1", "Micro F1"),
    "subset_accuracy": ("accuracy", "Subset accuracy"),
    "mean_average_precision": ("mean_average_precision", "Mean average precision"),
    "f1": ("f1", "Entity F1"),
    "precision": ("precision", "Entity precision"),
    "recall": ("recall", "Entity recall"),
    "token_accuracy": ("accuracy", "Token accuracy"),
    "accuracy@1": ("cosine_accuracy@1", "Accuracy@1 of cosines"),
    "mrr": ("cosine_mrr", "Mean reciprocal rank of cosines"),
    "average_precision": ("cosine_ap", "Average precision of cosines"),
    "spearman_cosine": ("spearmanr", "Spearman of cosines"),
    "pearson_cosine": ("pearsonr", "Pearson of cosines"),
}
"""By our name of a metric, its identifier on the Hub and a title."""


def card_data(config: CheckpointConfig, name: str) -> ModelCardData:
    """What is known from a checkpoint alone.

    Args:
        config: the checkpoint's.
        name: of the model in its `model-index`.
    """
    return ModelCardData(
        base_model=None if config.backbone.is_of_this_machine else config.backbone.name,
        model_name=name,
        library_name="polyhead",
        pipeline_tag="feature-extraction",
        tags=sorted({"polyhead", "multi-task", *(_TASK_TYPES[task.kind] for task in config.tasks.values())}),
        datasets=_hub_data_sets(config) or None,
        eval_results=list(_figures(config)) or None,
    )


def _hub_data_sets(config: CheckpointConfig) -> list[str]:
    """The Hub ids of the data sets that it was trained on, each once."""
    files = [file for name in config.tasks for file in _files(config, name, "train")]
    named = ["/".join(file.removeprefix(HUB_PREFIX).split(":")[0].split("/")[:2]) for file in files if _is_hub(file)]
    return list(dict.fromkeys(named))


def _figures(config: CheckpointConfig) -> Iterator[EvalResult]:
    for name, task in config.tasks.items():
        for metric, (identifier, title) in _FIGURES.items():
            value = config.metrics.get(f"eval/{name}/{metric}")
            if value is not None:
                yield _figure(config, name, task, metric=(identifier, title, round(value, 4)))


def _figure(config: CheckpointConfig, name: str, task: TaskRecord, *, metric: tuple[str, str, float]) -> EvalResult:
    identifier, title, value = metric
    dev = _files(config, name, "dev")
    of_hub = [file.removeprefix(HUB_PREFIX) for file in dev if _is_hub(file)]
    return EvalResult(
        task_type=_TASK_TYPES[task.kind],
        task_name=name,
        dataset_type=of_hub[0].split(":")[0] if of_hub else name,
        dataset_name=f"dev data of {name}",
        metric_type=identifier,
        metric_name=title,
        metric_value=value,
    )


def _files(config: CheckpointConfig, task: str, role: str) -> Sequence[str]:
    found = ((config.recipe.get("tasks") or {}).get(task) or {}).get(role) or ()
    return [found] if isinstance(found, str) else found


def _is_hub(file: str) -> bool:
    return file.startswith(HUB_PREFIX)
