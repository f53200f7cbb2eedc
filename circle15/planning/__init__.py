"""Which project first: ranking and siting of new facilities."""
