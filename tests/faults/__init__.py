"""Every call of the system that changes files, failed or killed once in turn."""
