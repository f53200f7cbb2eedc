"""Results to files; computes no measure."""
