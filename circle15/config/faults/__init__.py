"""What is wrong with a config, in the words of its own keys, and what of it can be read all the same."""
