"""What a walk costs a profile: speed, steps, surfaces, slopes, waits."""
