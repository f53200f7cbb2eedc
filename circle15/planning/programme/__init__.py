"""Which project in which year: one programme over all services and years, its greedy rival, and what goals lack."""
