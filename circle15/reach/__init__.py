"""Exact walking times on the network, by the compiled core."""
