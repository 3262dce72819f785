"""mailsync: declarative e-mail hosting."""

__version__ = "0.1.0"
