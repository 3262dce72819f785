"""What `reconciler` exports."""

import subprocess
import sys

import reconciler


def test_every_exported_name_exists_and_none_is_missing() -> None:
    """__all__, the homes of the names and what can be imported are the same."""
    assert set(reconciler.__all__) == set(reconciler._HOME_OF) | {"__version__"}
    for name in reconciler.__all__:
        assert getattr(reconciler, name) is not None


def test_the_package_itself_imports_nothing() -> None:
    """A program that needs one name does not pay for the others."""
    script = "import sys, reconciler; print([m for m in sys.modules if m.startswith('reconciler.') or m == 'httpx'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in any module."""
    assert not hasattr(reconciler, "nonsense")
