"""One district's config: TOML to a validated model, every key described."""
