"""What a planner must know of how a study's parts fit each other."""
