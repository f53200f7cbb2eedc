"""Inputs drawn anew: how sure shares and choices are."""
