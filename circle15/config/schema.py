"""The config's JSON schema, for editors; what it says of each key is what the models say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from circle15.config.model import Config

if TYPE_CHECKING:
    from pydantic_core import core_schema


class _WithoutNull(GenerateJsonSchema):
    """TOML knows no null: a key that may be left out is left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        found = super().default_schema(schema)
        return {key: value for key, value in found.items() if (key, value) != ("default", None)}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (pydantic's signature)
        return False


def config_schema() -> dict[str, Any]:
    """Give the JSON schema (draft 2020-12) of a district's config and of a scenario.

    A scenario names its `base`, and its tables may leave out what they take over from there.
    """
    schema = Config.model_json_schema(schema_generator=_WithoutNull)
    tables = schema["$defs"]
    whole: dict[str, Any] = {}
    for key, of in schema["properties"].items():
        of.pop("default", None)  # a whole table says nothing that its keys do not say
        table = tables[of["$ref"].rpartition("/")[2]] if "$ref" in of else {}
        if "required" in table:
            whole[key] = {"required": table.pop("required")}
    speed = [{"required": tables["WalkTable"].pop("required")}, {"required": ["like"]}]
    whole["walk"] = {"additionalProperties": {"anyOf": speed}}
    schema["anyOf"] = [{"required": schema.pop("required"), "properties": whole}, {"required": ["base"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "circle15"}
