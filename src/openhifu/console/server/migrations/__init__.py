"""Steps from one version of the console's tables to the next."""
