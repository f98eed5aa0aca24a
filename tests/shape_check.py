"""The type checker that jaxtyping's hook puts on every function of pathgnn in the tests."""

from __future__ import annotations

from beartype import BeartypeConf, beartype

# An int is a fine float, as PEP 484 says.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
