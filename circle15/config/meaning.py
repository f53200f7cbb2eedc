"""What a config means, as plain values and as a digest of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from circle15.config.types import Table


def config_digest(config: Table) -> str:
    """Give the SHA-256 of a config's meaning: the same for other comments, key orders or stated defaults.

    With [policy] a default that is stated is no default: it keeps the register's value out.
    """
    meaning = (
        [plain_config(config)]
        if getattr(config, "policy", None) is None
        else [plain_config(config), stated_config(config)]
    )
    return hashlib.sha256(json.dumps(meaning, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def stated_config(config: Table) -> dict[str, Any]:
    """Give the keys that the config's author stated, as `circle15.config.model.parse_config` takes them."""
    return config.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def plain_config(config: Table) -> dict[str, Any]:
    """Give every key that has a value, stated or by default."""
    return config.model_dump(mode="json", by_alias=True, exclude_none=True)
