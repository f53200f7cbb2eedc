"""A district's programme over the years: what may be built, what is asked for, and what is chosen, as tables."""
