"""`${env:NAME}`: a variable of the environment."""

from collections.abc import Mapping

from reconciler.errors import SecretUnavailable
from reconciler.model.secret import SecretRef


def resolve(ref: SecretRef, environment: Mapping[str, str]) -> str:
    """The variable's value. Raises SecretUnavailable when it is not set."""
    value = environment.get(ref.path)
    if value is None:
        raise SecretUnavailable(
            f"{ref}: the environment variable {ref.path!r} is not set",
            hint="set it where mailsync runs; in a pipeline, map a secret of the repository to it",
        )
    return value
