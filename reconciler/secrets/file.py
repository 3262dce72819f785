"""`${file:PATH}`: the content of a file, as secret mounts of containers and CI systems give it."""

import errno
import os
import stat
from collections.abc import Mapping

from reconciler.errors import SecretUnavailable
from reconciler.model.secret import SecretRef

LIMIT = 1024 * 1024


def resolve(ref: SecretRef, environment: Mapping[str, str]) -> str:
    """The file's text without one newline at its end. A relative path starts from *ref.base*.

    Raises SecretUnavailable when it is no regular file, cannot be read, is not UTF-8 or has over 1 MiB."""
    data = _read(ref)
    if len(data) > LIMIT:
        raise SecretUnavailable(f"{ref}: the file is over 1 MiB, which is no secret")
    # The decoding error would quote the bytes, so it is neither chained nor told.
    text = data.decode("utf-8", errors="replace")
    if text.encode() != data:
        raise SecretUnavailable(f"{ref}: the file is not UTF-8 text")
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _read(ref: SecretRef) -> bytes:
    try:
        # O_NONBLOCK: opening a named pipe would else wait for a writer for ever.
        descriptor = os.open(os.path.join(ref.base, ref.path), os.O_RDONLY | os.O_NONBLOCK)
        try:
            return _content(descriptor)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
    raise SecretUnavailable(
        f"{ref}: the file cannot be read: {reason}", hint="a relative path starts from the manifest file that names it"
    )


def _content(descriptor: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    with open(descriptor, "rb", closefd=False) as file:
        return file.read(LIMIT + 1)
