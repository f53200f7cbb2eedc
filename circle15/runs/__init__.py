"""Finished runs read again: compared, verified, resumed, summed up."""
