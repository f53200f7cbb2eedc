"""The one door to tables: encodings, layout, headings, numbers, and the report of what was changed."""
