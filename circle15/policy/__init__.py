"""Published plans as registers: what they ask of a layer, their targets and unit rules."""
