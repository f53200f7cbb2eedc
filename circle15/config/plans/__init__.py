"""What is planned over years: the config's table of the programme."""
