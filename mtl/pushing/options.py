"""What a push adds to a checkpoint."""

import re
from dataclasses import dataclass

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from mtl.errors import InputError

_LICENCE = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What the checkpoint does not say itself."""

    licence: str | None = None
    """An identifier of the Hub, such as `apache-2.0`; the Hub refuses unknown ones."""
    data_sets: tuple[str, ...] = ()
    """Hub ids, beside those that the recipe names."""
    private: bool = False
    """Whether only its owner sees a repository that is made; one that is there stays as it is."""
    sample: bool = True
    """Whether the evaluation sample, a few of the dev examples, is uploaded."""

    def need_valid(self) -> None:
        """Refuse what the Hub cannot hold, before anything is sent.

        Raises:
            InputError: the licence or a data set has no valid identifier. Which licences there are is known to the Hub
                alone, which then refuses the upload.
        """
        if self.licence is not None and not _LICENCE.fullmatch(self.licence):
            expected = "an identifier of the Hub such as apache-2.0, cc-by-4.0 or other was expected"
            raise InputError(f"{expected}, was {self.licence!r}", key="--license")
        for name in self.data_sets:
            try:
                validate_repo_id(name)
            except HFValidationError as error:
                message = f"OWNER/NAME or NAME of a data set was expected, was {name!r}"
                raise InputError(message, key="--dataset") from error
