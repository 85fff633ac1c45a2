"""Errors that a user can mend: each message is one sentence that says what came, where, and what was expected."""


class MtlError(Exception):
    """Base of every error that is the input's fault and not a bug."""


class DataError(MtlError):
    """A data file cannot be read as its task's format."""


class RecipeError(MtlError):
    """A recipe has an unknown key, a wrong value or points to a missing file."""


class BackboneError(MtlError):
    """A backbone cannot be found, loaded or verified."""


class CheckpointError(MtlError):
    """A checkpoint is damaged or does not fit its backbone."""


class RunError(MtlError):
    """A run folder is missing, damaged or in use."""


class TrainingError(MtlError):
    """A training run cannot go on."""


class InputError(MtlError):
    """Text or a file handed to inference cannot be used."""


class BackendError(MtlError):
    """A backend cannot run a model."""
