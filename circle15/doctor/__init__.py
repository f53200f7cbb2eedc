"""What is wrong with a config and its inputs, and a first config drafted from a folder."""
