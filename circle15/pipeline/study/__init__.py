"""One district's inputs read and put on its network: the study."""
